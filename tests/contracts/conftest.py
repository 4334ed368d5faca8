"""A store of one party."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.store.sql import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store, in the file aggregator.db."""
    made = Store(tmp_path / "aggregator.db")
    yield made
    made.close()
