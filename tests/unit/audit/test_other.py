"""Copies that others kept: the same ledger, a fork, or no copy at all."""

import json

import pytest

from privacy import checkpoint
from privacy.agreement.model import Party
from privacy.audit.verify import Given
from privacy.checkpoint import Checkpoint
from privacy.ledger.entries import BatchWithheld
from privacy.ledger.export import encode
from privacy.merkle import tree_hash
from tests import ledgers
from tests.agreements import new_keys, party_keys
from tests.ledgers import Story
from tests.unit.audit.exports import audit, export_of, file, index_of, named, said, whole

PARTED = index_of(BatchWithheld, "north", "2026-W02")


def fork() -> Story:
    """The same council, but what whole() says is withheld was stopped, and nothing after it."""
    story = ledgers.started()
    for entry in whole().entries[3:PARTED]:
        story.at = entry.at
        story.write(entry.body)
    story.signed = whole().signed
    story.stop(story.batch("headline", "north", "2026-W02"))
    return story


def test_a_checkpoint_kept_earlier_is_of_the_same_ledger() -> None:
    early = ledgers.whole()
    del early.entries[25:]
    assert audit(whole(), Given(other=early.note.encode())).held


def test_an_earlier_or_later_export_is_of_the_same_ledger() -> None:
    early = ledgers.whole()
    del early.entries[25:]
    early.openings = [each for each in early.openings if each.index < 25]
    assert audit(whole(), Given(other=encode(export_of(early)))).held
    assert audit(early, Given(other=file())).held


def test_a_fork_is_named_by_its_first_entry_and_is_proof() -> None:
    found = audit(whole(), Given(other=encode(export_of(fork()))))
    assert named(found) == {PARTED}
    assert "that alone proves" in said(found)
    found = audit(fork(), Given(other=file()))
    assert PARTED in named(found)
    assert "that alone proves" in said(found)


def test_a_kept_checkpoint_of_a_fork_is_proof() -> None:
    found = audit(whole(), Given(other=fork().note.encode()))
    assert not found.held
    assert f"the ledger of {PARTED + 1} entries" in said(found)
    assert "that alone proves" in said(found)


def test_a_copy_that_the_council_did_not_sign_proves_nothing() -> None:
    stranger = checkpoint.sign(fork().checkpoint, new_keys().server).encode()
    found = audit(whole(), Given(other=stranger.encode()))
    assert "proves nothing" in said(found)
    assert "that alone" not in said(found)


def test_a_changed_export_is_no_proof_against_the_council() -> None:
    data = file().replace(b'"count":10', b'"count":11', 1)
    found = audit(whole(), Given(other=data))
    assert "that alone" not in said(found)
    assert "another entry here than was shown to it" in said(found)


def test_a_checkpoint_of_more_entries_asks_for_a_whole_export() -> None:
    early = ledgers.whole()
    del early.entries[25:]
    early.openings = [each for each in early.openings if each.index < 25]
    found = audit(early, Given(other=whole().note.encode()))
    assert named(found) == {25}
    assert f"{len(whole().entries)} entries to the other copy" in said(found)


@pytest.mark.parametrize("other", [b"", b"\xff", b"hello", b'{"a":1}', b"{", b"{" * 9999])
def test_what_is_no_copy_is_told(other: bytes) -> None:
    assert "neither" in said(audit(whole(), Given(other=other)))


def of_device(note: str | None) -> bytes:
    """What a device prints, as far as it matters here."""
    record: dict[str, object] = {
        "server_keys": {},
        "checkpoint": note,
        "reports": [{"digest": "00"}],
    }
    return json.dumps(record, indent=2).encode() + b"\n"


def test_a_devices_record_is_a_copy() -> None:
    early = ledgers.whole()
    del early.entries[25:]
    found = audit(whole(), Given(other=of_device(early.note)))
    assert found.held
    assert "both begin with the same 25 entries" in found.checks[-1].told
    assert "that alone proves" in said(audit(whole(), Given(other=of_device(fork().note))))


def test_a_devices_record_without_a_checkpoint_is_told() -> None:
    assert "has no checkpoint" in said(audit(whole(), Given(other=of_device(None))))


def test_a_copy_without_an_entry_is_not_compared() -> None:
    empty = Checkpoint(whole().checkpoint.origin, 0, tree_hash(()))
    note = checkpoint.sign(empty, party_keys(Party.COUNCIL).server).encode()
    check = audit(whole(), Given(other=note.encode())).checks[-1]
    assert (check.done, check.findings) == (False, ())
