"""The number of tokens given, beside the database: never lowered, and no false alarm."""

import threading
from pathlib import Path

import pytest

from aggregator.errors import SetupError
from aggregator.token_mark import TokenMark
from privacy.errors import LedgerBehind


def test_it_rises_and_never_falls(tmp_path: Path) -> None:
    mark = TokenMark(tmp_path / "tokens.mark")
    mark.check(0)
    for given in (3, 1, 12, 7):
        mark.raise_to(given)
    mark.check(12)
    mark.check(13)
    with pytest.raises(LedgerBehind, match="knows of 11 tokens and 12 were given"):
        mark.check(11)
    mark.replace(5)
    mark.check(5)
    assert (tmp_path / "tokens.mark").stat().st_mode & 0o777 == 0o600


def test_threads_that_note_at_once_leave_the_highest(tmp_path: Path) -> None:
    mark = TokenMark(tmp_path / "tokens.mark")

    def note(start: int) -> None:
        for given in range(start, 400, 4):
            mark.raise_to(given)

    threads = [threading.Thread(target=note, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(LedgerBehind):
        mark.check(398)
    mark.check(399)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"tokens\.mark cannot be written .*: no token is given"):
        TokenMark(tmp_path / "missing" / "tokens.mark").raise_to(1)
