"""An old copy of the council's database: nothing is released, signed or written (protocol §6).

A helper that goes on from an old copy would draw noise a second time for batches that it has
forgotten, and whoever has both shares could average it away.
"""

import dataclasses
import logging
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.model import BatchState
from privacy.agreement.model import Party
from privacy.errors import LedgerBehind
from privacy.ledger.entries import BatchReleased
from privacy.release import TIME_TO_ASK, Ask
from privacy.window import Window
from protos.errors import RemoteFault
from tests.adversarial.dishonest import device, entries_of, leader_of, note_of
from tests.adversarial.test_clients import send_honest
from tests.adversarial.test_release import Counting, ask_for, counted, opening_for
from tests.pair import Pair

pytestmark = pytest.mark.threat("restored-backup")

DATABASE = ("aggregator.db", "aggregator.db-wal", "aggregator.db-shm")
MARK = "ledger.mark"
LATER = Window(2026, 6)


def back_up(pair: Pair, to: Path, *names: str) -> None:
    """Copy files of the council's directory while its server stands still."""
    pair.stop(Party.COUNCIL)
    to.mkdir()
    for name in names:
        with suppress(FileNotFoundError):
            shutil.copy(pair.homes[Party.COUNCIL].path / name, to / name)
    pair.start(Party.COUNCIL)


def restore(pair: Pair, source: Path, *names: str) -> Counting:
    """Put them back; the noise that the council's server draws from now on."""
    pair.stop(Party.COUNCIL)
    for name in names:
        (pair.homes[Party.COUNCIL].path / name).unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            shutil.copy(source / name, pair.homes[Party.COUNCIL].path / name)
    noise = Counting()
    pair.noise = noise
    pair.start(Party.COUNCIL)
    return noise


@dataclasses.dataclass
class Forgotten:
    """A batch was released after the copy was made that is put back later."""

    pair: Pair
    old: Path
    new: Path
    ask: Ask
    answer: bytes


@pytest.fixture
def forgotten(pair: Pair, tmp_path: Path) -> Forgotten:
    """The helper has drawn its noise for a batch; an old copy and the newest one are at hand."""
    batch, _ = counted(pair)
    old, new = tmp_path / "old", tmp_path / "new"
    back_up(pair, old, *DATABASE, MARK)
    noise = restore(pair, old, *DATABASE)
    pair.close_batch()
    ask = ask_for(pair, batch)
    with pair.as_leader() as helper:
        answer = helper.ask(ask, note_of(pair, Party.EMPLOYER))
        assert isinstance(answer, bytes)
    assert noise.draws == 1
    back_up(pair, new, *DATABASE, MARK)
    return Forgotten(pair, old, new, ask, answer)


def asked_again(case: Forgotten, witnessed: str) -> None:
    """The same question, and a made-up one, are refused with the way out."""
    other = dataclasses.replace(case.ask, commitment=bytes(32))
    with case.pair.as_leader() as helper:
        for ask in (case.ask, other):
            with pytest.raises(LedgerBehind, match="old copy") as refused:
                helper.ask(ask, witnessed)
            assert "restore" in str(refused.value)


def test_a_database_behind_its_mark_draws_no_second_noise(forgotten: Forgotten) -> None:
    pair = forgotten.pair
    noise = restore(pair, forgotten.old, *DATABASE)
    # Whatever the employer shows, or hides.
    asked_again(forgotten, "")
    asked_again(forgotten, note_of(pair, Party.EMPLOYER))
    assert noise.draws == 0
    assert pair.kept(Party.COUNCIL, forgotten.ask.batch).state is BatchState.OPEN
    again = restore(pair, forgotten.new, *DATABASE)
    with pair.as_leader() as helper:
        assert helper.ask(forgotten.ask, note_of(pair, Party.EMPLOYER)) == forgotten.answer
        helper.open(opening_for(pair, forgotten.ask.batch))
    assert again.draws == 0
    assert len(pair.bodies(BatchReleased)) == 1


def test_a_database_behind_its_mark_signs_and_writes_nothing(
    forgotten: Forgotten, caplog: pytest.LogCaptureFixture
) -> None:
    pair = forgotten.pair
    restore(pair, forgotten.old, *DATABASE)
    before = entries_of(pair, Party.COUNCIL)
    size = len(before)
    with pair.as_leader() as helper:
        for first in (0, size, size + 1):
            with pytest.raises(LedgerBehind, match="old copy"):
                helper.follow(first)
        with pytest.raises(LedgerBehind, match="old copy"):
            helper.offer_key(Window(2026, 12), bytes(1216))
        with pytest.raises(LedgerBehind, match="old copy"):
            helper.retire(pair.signed.digest)
        with pytest.raises(LedgerBehind, match="old copy"):
            helper.cosign(note_of(pair, Party.EMPLOYER))
    pair.clock.now += TIME_TO_ASK
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            pair.running[Party.COUNCIL].worker.step()
    told = [each.getMessage() for each in caplog.records]
    assert len(told) == 1, told
    assert f"the ledger has {size} entries and once had {size + 1}" in told[0]
    assert "plurale-aggregator ledger restore" in told[0]
    assert entries_of(pair, Party.COUNCIL) == before
    assert pair.kept(Party.COUNCIL, forgotten.ask.batch).state is BatchState.OPEN


def test_an_old_copy_that_went_on_by_itself_is_noticed_at_the_same_length(
    forgotten: Forgotten,
) -> None:
    """As many entries as before, but others."""
    pair = forgotten.pair
    pair.stop(Party.COUNCIL)
    mark = pair.homes[Party.COUNCIL].path / MARK
    mark.rename(mark.with_suffix(".away"))
    pair.start(Party.COUNCIL)
    noise = restore(pair, forgotten.old, *DATABASE)
    with pair.as_leader() as helper:
        helper.ask(dataclasses.replace(forgotten.ask, commitment=bytes(32)), "")
    assert noise.draws == 1, "without a mark and a witness nothing shows"
    pair.stop(Party.COUNCIL)
    mark.with_suffix(".away").replace(mark)
    pair.start(Party.COUNCIL)
    with pair.as_leader() as helper, pytest.raises(LedgerBehind, match="went on by itself"):
        helper.ask(forgotten.ask, "")


@pytest.fixture
def two_weeks(pair: Pair, tmp_path: Path) -> Forgotten:
    """Week 5 was released after the old copy; week 6 is counted at both sides and not yet asked."""
    batch, later = counted(pair)[0], pair.batch(window=LATER)
    old, new = tmp_path / "old", tmp_path / "new"
    back_up(pair, old, *DATABASE, MARK)
    pair.close_batch()
    pair.step()
    assert pair.kept(Party.COUNCIL, batch).state is BatchState.OPENED
    record = pair.kept(Party.EMPLOYER, batch).record
    assert record is not None
    assert record.noised_share is not None
    send_honest(pair, later)
    pair.step()
    back_up(pair, new, *DATABASE, MARK)
    ask = Ask(batch, record.count, record.id_root, record.commitment)
    return Forgotten(pair, old, new, ask, record.noised_share)


def test_a_whole_directory_that_is_old_is_noticed_by_the_employers_checkpoint(
    two_weeks: Forgotten,
) -> None:
    """The mark is old too: only what the employer shows can tell."""
    pair, later = two_weeks.pair, two_weeks.pair.batch(window=LATER)
    noise = restore(pair, two_weeks.old, *DATABASE, MARK)
    before, note = entries_of(pair, Party.COUNCIL), note_of(pair, Party.EMPLOYER)
    pair.close_batch(LATER)
    asked_again(two_weeks, note)
    with pytest.raises(LedgerBehind, match="old copy"):
        leader_of(pair).release.run(later)
    assert pair.kept(Party.EMPLOYER, later).state is BatchState.ASKED
    assert entries_of(pair, Party.COUNCIL) == before
    assert noise.draws == 0
    # The batch is not lost: with the newest database it is asked for again.
    again = restore(pair, two_weeks.new, *DATABASE, MARK)
    pair.step()
    assert [pair.kept(party, later).state for party in Party] == [BatchState.OPENED] * 2
    assert again.draws == 1
    with pair.as_leader() as helper:
        assert helper.ask(two_weeks.ask, note) == two_weeks.answer
    assert again.draws == 1


def test_an_old_copy_that_learns_what_it_has_forgotten_writes_and_signs_no_more(
    two_weeks: Forgotten, caplog: pytest.LogCaptureFixture
) -> None:
    """By itself it would soon write down that week 5 was never asked for."""
    pair, later = two_weeks.pair, two_weeks.pair.batch(window=LATER)
    noise = restore(pair, two_weeks.old, *DATABASE, MARK)
    before = entries_of(pair, Party.COUNCIL)
    copy, note = entries_of(pair, Party.EMPLOYER), note_of(pair, Party.EMPLOYER)
    pair.close_batch(LATER)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            pair.step()
            pair.clock.now += timedelta(hours=2)
    told = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    size, known = len(before), len(copy)
    sentence = f"the council's ledger has {size} entries and the employer has witnessed {known}"
    assert [each for each in told if sentence in each] == told
    assert {each.partition(sentence)[0] for each in told} == {
        "the ledger is not witnessed and needs a person: ",
        "the ledger needs a person: ",
    }
    assert all("plurale-aggregator ledger restore" in each for each in told)
    assert entries_of(pair, Party.COUNCIL) == before
    assert (entries_of(pair, Party.EMPLOYER), note_of(pair, Party.EMPLOYER)) == (copy, note)
    assert pair.kept(Party.EMPLOYER, later).state is BatchState.OPEN
    assert noise.draws == 0
    with pair.as_leader() as helper, pytest.raises(LedgerBehind):
        helper.follow(0)


def test_an_old_copy_that_went_on_before_it_learned_is_never_signed_for(
    two_weeks: Forgotten, caplog: pytest.LogCaptureFixture
) -> None:
    """The employer was away meanwhile: the old copy wrote other entries in the same places."""
    pair = two_weeks.pair
    restore(pair, two_weeks.old, *DATABASE, MARK)
    copy, note = entries_of(pair, Party.EMPLOYER), note_of(pair, Party.EMPLOYER)
    pair.clock.now = pair.signed.agreement.upload_closes(LATER) + TIME_TO_ASK
    for _ in range(2):
        pair.running[Party.COUNCIL].worker.step()
        pair.clock.now += timedelta(hours=2)
    forked = entries_of(pair, Party.COUNCIL)
    assert len(forked) > len(copy) - 12
    assert forked[: len(copy)] != copy[: len(forked)]
    with caplog.at_level(logging.ERROR):
        pair.step()
    assert "the ledger is not witnessed and needs a person" in caplog.text
    assert (entries_of(pair, Party.EMPLOYER), note_of(pair, Party.EMPLOYER)) == (copy, note)
    assert entries_of(pair, Party.COUNCIL) == forked
    with pair.as_leader() as helper, pytest.raises(LedgerBehind, match="restore"):
        helper.follow(0)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("", "is damaged"), ("7\n", "is damaged"), ("9" * 40 + " 00\n", "is damaged")],
)
def test_a_mark_that_is_none_is_named(pair: Pair, content: str, sentence: str) -> None:
    batch, _ = counted(pair)
    pair.close_batch()
    mark = pair.homes[Party.COUNCIL].path / MARK
    mark.write_text(content)
    with pair.as_leader() as helper, pytest.raises(RemoteFault, match=sentence):
        helper.ask(ask_for(pair, batch), "")
    assert pair.kept(Party.COUNCIL, batch).state is BatchState.OPEN


def test_devices_are_served_from_what_is_witnessed_even_then(two_weeks: Forgotten) -> None:
    """An old copy still answers truthfully about what it has."""
    pair = two_weeks.pair
    restore(pair, two_weeks.old, *DATABASE, MARK)
    pair.step()
    with device(pair) as asked:
        assert asked.checkpoint().note == note_of(pair, Party.COUNCIL)
