"""After an old copy of the council's files: what the employer's copy brings back, and what shows.

Limit (docs/protocol.md, "An old copy of the council's database"): an old mark beside the old
database and an employer's server that hides its newer checkpoint get a second noise. The test of it
shows who notices.
"""

import dataclasses
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator import restoring
from aggregator.exporting import export
from aggregator.model import BatchState
from aggregator.store.sql import Store
from client import proofs
from privacy import checkpoint
from privacy.agreement.model import Party
from privacy.audit.verify import Given, verify
from privacy.batch import BatchId
from privacy.errors import (
    AlreadyReleased,
    BadConsistency,
    BatchDisagreement,
    KeysNotExchanged,
    LedgerError,
)
from privacy.ledger.answers import CheckpointAnswer
from privacy.ledger.entries import BatchReleased
from privacy.ledger.export import Export, encode
from privacy.merkle import consistency_proof
from privacy.release import Ask
from privacy.window import Window
from tests.adversarial.dishonest import entries_of, helper_of, leader_of, note_of, settle
from tests.adversarial.enrolled import enrolled
from tests.adversarial.test_clients import send_honest
from tests.adversarial.test_release import Counting, ask_for, counted, with_noise
from tests.adversarial.test_restored import DATABASE, LATER, MARK, back_up, restore
from tests.adversarial.unasked import folded
from tests.pair import Pair

pytestmark = pytest.mark.threat("restored-backup")

NOT_OVER = Window(2026, 8)
"""When the copy is restored; what was over by then is lost with the copy's sums and keys."""


@dataclasses.dataclass
class Lived:
    """Week 5 was released, opened and witnessed after the old copy was made."""

    pair: Pair
    old: Path
    batch: BatchId
    ask: Ask
    answer: bytes


@pytest.fixture
def lived(pair: Pair, tmp_path: Path) -> Lived:
    """With real noise."""
    batch, _ = counted(pair)
    with_noise(pair)
    back_up(pair, tmp_path / "old", *DATABASE, MARK)
    pair.close_batch()
    pair.step()
    record = pair.kept(Party.EMPLOYER, batch).record
    assert record is not None
    assert record.noised_share is not None
    ask = Ask(batch, record.count, record.id_root, record.commitment)
    return Lived(pair, tmp_path / "old", batch, ask, record.noised_share)


def export_of(pair: Pair, party: Party) -> Export:
    """What a party's command exports."""
    with closing(Store(pair.homes[party].database)) as store:
        return export(store)


def restored_from_the_employer(case: Lived, *names: str) -> Counting:
    """The old files come back, then the employer's export; the noise drawn from then on."""
    pair = case.pair
    restore(pair, case.old, *names)
    pair.stop(Party.COUNCIL)
    home = pair.homes[Party.COUNCIL]
    restored = restoring.restore(home, export_of(pair, Party.EMPLOYER), pair.clock.now)
    assert restored.added > 1
    noise = Counting()
    pair.noise = noise
    pair.start(Party.COUNCIL)
    return noise


@pytest.mark.parametrize("mark", ["of now", "old", "lost"])
def test_with_the_employers_copy_everything_goes_on_and_nothing_is_repeated(
    lived: Lived, mark: str
) -> None:
    pair, ahead = lived.pair, lived.pair.batch(window=NOT_OVER)
    home = pair.homes[Party.COUNCIL]
    if mark == "lost":
        home.mark.path.unlink()
    noise = restored_from_the_employer(lived, *DATABASE, *([MARK] if mark == "old" else []))
    assert entries_of(pair, Party.COUNCIL) == entries_of(pair, Party.EMPLOYER)
    assert note_of(pair, Party.COUNCIL) == note_of(pair, Party.EMPLOYER)
    size = len(entries_of(pair, Party.COUNCIL))
    assert home.mark.path.read_text().startswith(f"{size} ")
    kept = pair.kept(Party.COUNCIL, lived.batch)
    assert (kept.state, kept.aggregate_share) == (BatchState.OPENED, None)
    assert kept.totals == pair.kept(Party.EMPLOYER, lived.batch).totals
    with pair.as_leader() as helper:
        for note in ("", note_of(pair, Party.EMPLOYER)):
            with pytest.raises(BatchDisagreement):
                helper.ask(lived.ask, note)
            with pytest.raises(AlreadyReleased):
                helper.ask(dataclasses.replace(lived.ask, commitment=bytes(32)), note)
    assert noise.draws == 0
    pair.clock.now = pair.signed.agreement.upload_opens(NOT_OVER)
    send_honest(pair, ahead)
    pair.step()
    pair.close_batch(NOT_OVER)
    settle(pair)
    assert [pair.kept(party, ahead).state for party in Party] == [BatchState.OPENED] * 2
    assert noise.draws == 1
    assert [each.batch for each in pair.bodies(BatchReleased)] == [lived.batch, ahead]
    assert entries_of(pair, Party.COUNCIL) == entries_of(pair, Party.EMPLOYER)
    assert verify(encode(export_of(pair, Party.COUNCIL))).held


def test_a_batch_that_an_old_copy_released_by_itself_is_never_released_again(
    pair: Pair, tmp_path: Path
) -> None:
    """Its sum is gone, and nothing may be added up in its place: that would be one report alone."""
    batch, later = counted(pair)[0], pair.batch(window=LATER)
    pair.clock.now = pair.signed.agreement.upload_opens(LATER)
    send_honest(pair, later)
    pair.step()
    pair.upload(pair.report(later))
    back_up(pair, tmp_path / "old", *DATABASE, MARK)
    pair.close_batch()
    leader_of(pair).release.run(batch)
    leader_of(pair).witness.run()
    case = Lived(pair, tmp_path / "old", batch, ask_for(pair, later), b"")
    pair.close_batch(LATER)
    forked = restore(pair, case.old, *DATABASE, MARK)
    with pair.as_leader() as helper:
        answer = helper.ask(case.ask, "")
    assert (isinstance(answer, bytes), forked.draws) == (True, 1)
    pair.homes[Party.COUNCIL].mark.path.unlink()  # it is of the copy that goes
    noise = restored_from_the_employer(case)
    pair.step()
    kept = pair.kept(Party.COUNCIL, later)
    assert (kept.count, kept.aggregate_share) == (11, None)
    with pair.as_leader() as helper:
        for _ in range(2):
            with pytest.raises(BatchDisagreement, match="needs a person"):
                helper.ask(case.ask, "")
        with pytest.raises(AlreadyReleased):
            helper.ask(dataclasses.replace(case.ask, count=12), "")
    assert noise.draws == 0
    assert batch in {body.batch for body in pair.bodies(BatchReleased)}
    assert later not in {body.batch for body in pair.bodies(BatchReleased)}
    assert pair.kept(Party.COUNCIL, later).state is BatchState.STOPPED


def test_a_key_that_an_old_copy_made_by_itself_signs_nothing(pair: Pair, tmp_path: Path) -> None:
    """Tokens of it would not verify, and every member's device would tell of an altered one."""
    member, batch = enrolled(pair), pair.batch(window=LATER.plus(5))
    back_up(pair, tmp_path / "old", *DATABASE, MARK)
    pair.clock.now += timedelta(days=7)
    settle(pair)
    witnessed = pair.batch_key(batch)
    restore(pair, tmp_path / "old", *DATABASE, MARK)
    helper_of(pair).step()
    assert pair.batch_key(batch) != witnessed
    pair.stop(Party.COUNCIL)
    restoring.restore(pair.homes[Party.COUNCIL], export_of(pair, Party.EMPLOYER), pair.clock.now)
    pair.start(Party.COUNCIL)
    assert pair.batch_key(batch) == witnessed
    pair.clock.now = pair.signed.agreement.upload_opens(batch.window)
    with pytest.raises(KeysNotExchanged, match=r"no key for the tokens of .* old copy"):
        member.token(pair.report(batch))


@pytest.mark.parametrize("shown", ["no checkpoint", "an old checkpoint"])
def test_an_old_directory_and_a_hidden_checkpoint_are_noticed_by_everybody_else(
    lived: Lived, shown: str
) -> None:
    """The one way to a second noise needs both parties, and does not stay hidden."""
    pair = lived.pair
    honest = export_of(pair, Party.EMPLOYER)
    forked = restore(pair, lived.old, *DATABASE, MARK)
    with pair.as_leader() as helper:
        hidden = "" if shown == "no checkpoint" else note_of(pair, Party.COUNCIL)
        second = helper.ask(dataclasses.replace(lived.ask, commitment=bytes(32)), hidden)
    assert forked.draws == 1
    assert second != lived.answer, "a second noise: this is the limit"
    fork = entries_of(pair, Party.COUNCIL)
    # The employer's server, once it is an honest one again.
    with pytest.raises(LedgerError):
        leader_of(pair).witness.run()
    assert entries_of(pair, Party.EMPLOYER) == list(honest.entries)
    # Its witness has told the council, which writes no more.
    with pair.as_leader() as helper, pytest.raises(LedgerError):
        helper.follow(0)
    # A device that saw the checkpoint before is shown the other ledger, even cosigned.
    note = cosigned(pair, fork)
    answer = CheckpointAnswer(note, consistency_proof(fork, min(len(fork), len(honest.entries))))
    with pytest.raises(BadConsistency):
        proofs.follow(honest.checkpoint, answer, pair.signed.agreement)
    # And so is whoever holds both exports.
    audit = verify(encode(honest), Given(other=note.encode()))
    assert not audit.held
    assert verify(encode(honest)).held


def cosigned(pair: Pair, entries: list[bytes]) -> str:
    """A checkpoint over these entries, signed by the council and by a dishonest employer."""
    signed = checkpoint.sign(folded(entries).checkpoint(), pair.homes[Party.COUNCIL].server_key())
    key = pair.homes[Party.EMPLOYER].server_key()
    return checkpoint.cosign(signed, key, pair.clock.now).encode()
