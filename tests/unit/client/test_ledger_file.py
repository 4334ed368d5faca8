"""What a device keeps of the ledger: one checkpoint, put in place of the one it continues."""

from pathlib import Path

import pytest

from client.errors import LedgerFileUnusable
from client.ledger_file import LedgerFile
from privacy.window import Window


def test_a_checkpoint_takes_the_place_of_the_one_it_continues_and_of_no_other(
    tmp_path: Path,
) -> None:
    one, other = LedgerFile(tmp_path / "ledger.db"), LedgerFile(tmp_path / "ledger.db")
    assert one.seen() is None
    assert one.advance(None, "a")
    assert not other.advance(None, "b")
    assert other.seen() == "a"
    assert other.advance("a", "b")
    assert not one.advance("a", "c")
    assert one.seen() == "b"
    one.close()
    other.close()
    again = LedgerFile(tmp_path / "ledger.db")
    assert again.seen() == "b"
    again.close()


def test_a_window_is_told_about_once_by_any_run(tmp_path: Path) -> None:
    one, other = LedgerFile(tmp_path / "ledger.db"), LedgerFile(tmp_path / "ledger.db")
    assert one.tell_once(Window(2026, 5))
    assert not other.tell_once(Window(2026, 5))
    assert other.tell_once(Window(2026, 6))
    one.close()
    other.close()


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"no database, and long enough to tell" * 100)
    with pytest.raises(LedgerFileUnusable, match="move it away"):
        LedgerFile(path)
