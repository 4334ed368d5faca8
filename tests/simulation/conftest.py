"""A person at a device, or at its terminal, with both servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import Desk, at_a_desk
from tests.person import Person, at_a_terminal


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with at_a_desk(tmp_path) as there:
        yield there


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    with at_a_terminal(tmp_path) as there:
        yield there
