"""A council's database put back between two entries of the ledger: nobody gets a second token."""

from pathlib import Path

import pytest

from aggregator import restoring
from aggregator.exporting import export
from privacy.agreement.model import Party
from privacy.errors import KeysNotExchanged, LedgerBehind
from tests.adversarial.enrolled import Member, enrolled
from tests.adversarial.test_restored import DATABASE, back_up, restore
from tests.pair import Pair

pytestmark = pytest.mark.threat("restored-backup")

MARK = "tokens.mark"


def settled(pair: Pair) -> None:
    """Everything that is due is in the ledger, and witnessed."""
    for _ in range(3):
        pair.step()


def put_back(pair: Pair, tmp_path: Path, member: Member) -> int:
    """A copy is made, a token given, and the copy put back; gives the size of the ledger."""
    settled(pair)
    back_up(pair, tmp_path / "copy", *DATABASE)
    size = len(pair.entries())
    member.token(pair.report(pair.batch()))
    assert len(pair.entries()) == size, "the ledger's own mark shows nothing"
    restore(pair, tmp_path / "copy", *DATABASE)
    return size


def test_a_database_put_back_within_the_week_gives_no_second_token(
    pair: Pair, tmp_path: Path
) -> None:
    member = enrolled(pair)
    put_back(pair, tmp_path, member)
    for _ in range(2):
        with pytest.raises(LedgerBehind, match="old copy, and gives none"):
            member.token(pair.report(pair.batch()))


def test_the_employers_copy_puts_it_right_and_gives_up_the_week(pair: Pair, tmp_path: Path) -> None:
    member = enrolled(pair)
    size = put_back(pair, tmp_path, member)
    home = pair.homes[Party.COUNCIL]
    pair.stop(Party.COUNCIL)
    witnessed = export(pair.running[Party.EMPLOYER].store)
    assert restoring.restore(home, witnessed, pair.clock.now).added == 0
    assert len(pair.entries()) == size
    pair.start(Party.COUNCIL)
    with pytest.raises(KeysNotExchanged):
        member.token(pair.report(pair.batch()))


def test_a_member_asks_again_after_the_server_died_before_the_mark(pair: Pair) -> None:
    member, report = enrolled(pair), pair.report(pair.batch())
    blinding = member.blinding(report)
    before = member.ask(report.batch, blinding)
    mark = pair.homes[Party.COUNCIL].path / MARK
    written = mark.read_bytes()
    mark.write_bytes(b"0" * 15 + b"\n")
    assert member.ask(report.batch, blinding) == before
    assert mark.read_bytes() == written


@pytest.mark.parametrize("damage", [b"", b"x" * 16, b"12\n"])
def test_a_damaged_mark_is_said_in_one_sentence(pair: Pair, damage: bytes) -> None:
    (pair.homes[Party.COUNCIL].path / MARK).write_bytes(damage)
    with pytest.raises(Exception, match=r"tokens\.mark is damaged"):
        enrolled(pair).token(pair.report(pair.batch()))
