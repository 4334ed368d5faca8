"""The demonstration's quarter, after set-up: ``python -m tests.bench demonstration``"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from deploy.local import demonstrate
from tests.bench.figure import Figure


def figures() -> Iterator[Figure]:
    """Seconds for thirteen weeks of 62 people, and reports a second while they last."""
    with tempfile.TemporaryDirectory() as directory:
        shown = demonstrate(Path(directory))
    yield Figure("demonstration: 13 weeks after set-up (s)", shown.seconds, target=90)
    yield Figure(
        "demonstration: reports a second", len(shown.sent) / shown.seconds, more_is_better=True
    )
