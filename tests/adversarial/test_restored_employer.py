"""An old copy of the employer's database: it takes over what it had witnessed, and nothing more."""

import dataclasses
import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from aggregator.model import BatchState
from privacy import checkpoint
from privacy.agreement.model import Party
from privacy.ledger.answers import FollowAnswer
from privacy.ledger.entries import decode
from privacy.merkle import root_of_leaves
from privacy.window import Window
from tests.adversarial.dishonest import entries_of, leader_of, lie, note_of
from tests.adversarial.test_clients import send_honest
from tests.adversarial.test_release import counted
from tests.pair import Pair

pytestmark = pytest.mark.threat("restored-backup")

DATABASE = ("aggregator.db", "aggregator.db-wal", "aggregator.db-shm")
LATER = Window(2026, 6)


@pytest.fixture
def restored(pair: Pair, tmp_path: Path) -> Pair:
    """The employer's database is from before a release that it asked for, opened and witnessed."""
    employer = pair.homes[Party.EMPLOYER].path
    batch, _ = counted(pair)
    pair.stop(Party.EMPLOYER)
    for name in DATABASE:
        with suppress(FileNotFoundError):
            shutil.copy(employer / name, tmp_path / name)
    pair.start(Party.EMPLOYER)
    pair.close_batch()
    pair.step()
    pair.step()
    assert pair.kept(Party.EMPLOYER, batch).state is BatchState.OPENED
    assert len(entries_of(pair, Party.EMPLOYER)) == len(entries_of(pair, Party.COUNCIL))
    pair.stop(Party.EMPLOYER)
    for name in DATABASE:
        (employer / name).unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            shutil.copy(tmp_path / name, employer / name)
    pair.start(Party.EMPLOYER)
    return pair


def test_it_goes_on_from_what_it_had_witnessed_itself(
    restored: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(entries_of(restored, Party.EMPLOYER)) < len(entries_of(restored, Party.COUNCIL))
    restored.step()
    assert "not witnessed" not in caplog.text
    assert entries_of(restored, Party.EMPLOYER) == entries_of(restored, Party.COUNCIL)
    later = restored.batch(group="south", window=LATER)
    restored.clock.now = restored.signed.agreement.upload_opens(LATER)
    sent = send_honest(restored, later, 24)
    restored.close_batch(LATER)
    restored.step()
    assert len(sent) == 24
    assert restored.kept(Party.EMPLOYER, later).state is BatchState.OPENED


def unsigned(pair: Pair) -> Callable[[FollowAnswer], FollowAnswer]:
    """The council says that everything was witnessed, with its own signature alone."""
    return lambda answer: dataclasses.replace(answer, witnessed=answer.note)


def forged(pair: Pair) -> Callable[[FollowAnswer], FollowAnswer]:
    """Cosigned, but with another key than this server's."""

    def show(answer: FollowAnswer) -> FollowAnswer:
        key, signed = pair.homes[Party.COUNCIL].server_key(), checkpoint.decode(answer.note)
        note = checkpoint.cosign(signed, key, pair.clock.now).encode()
        return dataclasses.replace(answer, witnessed=note)

    return show


def hidden(pair: Pair) -> Callable[[FollowAnswer], FollowAnswer]:
    """The council shows nothing that was witnessed."""
    return lambda answer: dataclasses.replace(answer, witnessed="")


@pytest.mark.parametrize("show", [unsigned, forged, hidden])
def test_what_it_did_not_cosign_it_must_know_itself(
    restored: Pair,
    caplog: pytest.LogCaptureFixture,
    show: Callable[[Pair], Callable[[FollowAnswer], FollowAnswer]],
) -> None:
    lie(restored, show(restored))
    before = note_of(restored, Party.EMPLOYER)
    with caplog.at_level(logging.ERROR):
        leader_of(restored).step()
    assert "the ledger is not witnessed and needs a person: entry " in caplog.text
    assert note_of(restored, Party.EMPLOYER) == before


def test_other_entries_than_it_cosigned_are_a_fork(
    restored: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """A genuine cosignature, over entries that the council does not show any more."""
    size = len(entries_of(restored, Party.COUNCIL))
    own = restored.homes[Party.EMPLOYER].server_key()

    def show(answer: FollowAnswer) -> FollowAnswer:
        shown = checkpoint.decode(answer.note).checkpoint
        assert shown.size == size
        other = dataclasses.replace(shown, root=bytes(32))
        signed = checkpoint.sign(other, restored.homes[Party.COUNCIL].server_key())
        note = checkpoint.cosign(signed, own, restored.clock.now).encode()
        return dataclasses.replace(answer, witnessed=note)

    lie(restored, show)
    before = note_of(restored, Party.EMPLOYER)
    with caplog.at_level(logging.ERROR):
        leader_of(restored).step()
    assert "other entries than this server witnessed before" in caplog.text
    assert note_of(restored, Party.EMPLOYER) == before


def test_a_shorter_ledger_than_it_had_witnessed_is_not_taken_though_its_database_forgot(
    restored: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """A council that plays its own old copy could give the same week another key."""
    known = [decode(data).leaf for data in entries_of(restored, Party.EMPLOYER)]

    def show(answer: FollowAnswer) -> FollowAnswer:
        shown = checkpoint.decode(answer.note).checkpoint
        old = dataclasses.replace(shown, size=len(known), root=root_of_leaves(known))
        note = checkpoint.sign(old, restored.homes[Party.COUNCIL].server_key()).encode()
        return FollowAnswer(note, (), "")

    lie(restored, show)
    before = note_of(restored, Party.EMPLOYER)
    with caplog.at_level(logging.ERROR):
        leader_of(restored).step()
    assert "a shorter or another ledger than this server had witnessed (ledger.mark)" in caplog.text
    assert note_of(restored, Party.EMPLOYER) == before
