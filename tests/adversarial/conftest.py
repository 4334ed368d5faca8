"""A pair of servers, running, without noise: what is released is what was sent."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pair import WINDOW, NoNoise, Pair


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Both servers, with verify keys exchanged; workers move when they are stepped."""
    made = Pair.make(tmp_path, lambda terms: dataclasses.replace(terms, first_window=WINDOW))
    made.noise = NoNoise()
    made.start()
    made.step()
    yield made
    made.stop()
