"""The ledger is open to whoever reaches the council's port: what it tells them, and what not."""

import base64
from pathlib import Path

import pytest

from privacy.agreement.model import Party
from privacy.ledger.entries import BatchReleased, ResultOpened
from tests.adversarial.dishonest import entries_of
from tests.adversarial.test_shifted import Chosen, servers
from tests.pair import Pair

pytestmark = pytest.mark.threat("ledger-readers")

FAR = 7_300_000_019
"""Added to the result, so that its number stands for nothing else in the ledger."""


def spellings(number: int) -> list[bytes]:
    """The ways in which an entry could hold a number."""
    raw = number.to_bytes(16, "little")
    kept = [raw, raw[::-1], raw.rstrip(b"\0")]
    return [
        str(number).encode(),
        *(each.hex().encode() for each in kept),
        *(base64.b64encode(each) for each in kept),
    ]


def has(pair: Pair, pieces: list[bytes]) -> bool:
    """Whether an entry holds one of these."""
    return any(piece in data for data in entries_of(pair, Party.COUNCIL) for piece in pieces)


def test_the_ledger_holds_no_result_and_says_how_many_reported(tmp_path: Path) -> None:
    with servers(tmp_path, Chosen(FAR)) as (pair, batch, true):
        pair.step()
        pair.step()
        (release,) = [each for each in pair.bodies(BatchReleased) if each.batch == batch]
        assert release.count == 11
        assert [each.batch for each in pair.bodies(ResultOpened)] == [batch]
        assert pair.kept(Party.EMPLOYER, batch).totals == [true[0] + FAR]
        assert not has(pair, spellings(true[0] + FAR))
        for party in Party:
            record = pair.kept(party, batch).record
            assert record is not None
            # Without the salt nobody can try every number against the hash.
            assert record.result_salt is not None
            salt = record.result_salt
            assert not has(pair, [salt, salt.hex().encode(), base64.b64encode(salt)])


def test_a_number_in_the_ledger_would_be_noticed(tmp_path: Path) -> None:
    with servers(tmp_path, Chosen(FAR)) as (pair, batch, _):
        pair.step()
        (release,) = [each for each in pair.bodies(BatchReleased) if each.batch == batch]
        assert has(pair, [release.id_root.hex().encode()])
