"""A person at a device with both servers, for tests of what a device does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import Desk, at_a_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with at_a_desk(tmp_path) as there:
        yield there
