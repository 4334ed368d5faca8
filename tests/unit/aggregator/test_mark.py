"""The mark beside the database: never lowered, whole at any moment, and named when damaged."""

import stat
from pathlib import Path

import pytest

from aggregator.errors import SetupError
from aggregator.mark import Mark
from privacy.errors import LedgerBehind
from privacy.merkle import LeafHash

LEAVES = [LeafHash(bytes([n]) * 32) for n in range(9)]


@pytest.fixture
def mark(tmp_path: Path) -> Mark:
    """A mark that says that three entries were shown."""
    made = Mark(tmp_path / "ledger.mark")
    made.raise_to(3, LEAVES[2])
    return made


def test_before_the_first_mark_every_ledger_is_right(tmp_path: Path) -> None:
    for size in (0, 1, 9):
        Mark(tmp_path / "ledger.mark").check(size, LEAVES.__getitem__)


def test_a_ledger_that_goes_on_from_the_mark_is_right(mark: Mark) -> None:
    for size in (3, 4, 9):
        mark.check(size, LEAVES.__getitem__)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_shorter_ledger_is_an_old_copy(mark: Mark, size: int) -> None:
    with pytest.raises(LedgerBehind, match=f"has {size} entries and once had 3: .*ledger restore"):
        mark.check(size, LEAVES.__getitem__)


@pytest.mark.parametrize("size", [3, 4, 9])
def test_another_ledger_is_an_old_copy_that_went_on(mark: Mark, size: int) -> None:
    other = [*LEAVES[:2], LeafHash(b"o" * 32), *LEAVES[3:]]
    with pytest.raises(LedgerBehind, match="entry 2 of the ledger was another one before"):
        mark.check(size, other.__getitem__)


def test_a_mark_is_never_lowered(mark: Mark) -> None:
    for size in (1, 2, 3):
        mark.raise_to(size, LeafHash(b"o" * 32))
    mark.check(3, LEAVES.__getitem__)
    mark.raise_to(5, LEAVES[4])
    with pytest.raises(LedgerBehind):
        Mark(mark.path).check(4, LEAVES.__getitem__)
    Mark(mark.path).check(5, LEAVES.__getitem__)


def test_a_mark_is_readable_by_its_owner_alone_and_leaves_nothing_beside_it(mark: Mark) -> None:
    assert [path.name for path in mark.path.parent.iterdir()] == ["ledger.mark"]
    assert stat.S_IMODE(mark.path.stat().st_mode) == 0o600


def test_half_a_mark_from_a_crash_does_not_count(mark: Mark) -> None:
    mark.path.with_suffix(".new").write_text("9")
    mark.check(3, LEAVES.__getitem__)
    mark.raise_to(4, LEAVES[3])
    mark.check(4, LEAVES.__getitem__)


@pytest.mark.parametrize(
    "content", [b"", b"3\n", b"3 00\n", b"-1 " + b"0" * 64 + b"\n", b"3 " + b"0" * 64 + b"\n\n"]
)
def test_a_damaged_mark_is_named(mark: Mark, content: bytes) -> None:
    mark.path.write_bytes(content)
    with pytest.raises(SetupError, match=r"ledger\.mark is damaged"):
        mark.check(9, LEAVES.__getitem__)


def test_a_mark_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    folder = Mark(tmp_path)
    with pytest.raises(SetupError, match="cannot be read"):
        folder.check(9, LEAVES.__getitem__)
    nowhere = Mark(tmp_path / "nowhere" / "ledger.mark")
    with pytest.raises(SetupError, match=r"cannot be written .*: nothing is released"):
        nowhere.raise_to(1, LEAVES[0])
