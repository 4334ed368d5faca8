"""A council that changes, drops, adds or forks its ledger is not witnessed, and not asked."""

import dataclasses
import logging
import secrets
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction

import pytest

from aggregator.asking import HelperReleases
from aggregator.model import BatchState
from aggregator.peer import Helper
from privacy import checkpoint, sealing
from privacy.agreement import envelope
from privacy.agreement.model import Party
from privacy.checkpoint import Checkpoint
from privacy.errors import BadConsistency, BatchDisagreement, BrokenLedger
from privacy.ledger.answers import FollowAnswer
from privacy.ledger.entries import (
    AgreementActivated,
    AgreementRetired,
    BatchReleased,
    BatchStopped,
    BatchWithheld,
    Body,
    ResultOpened,
    StopReason,
    WindowKeysPublished,
    decode,
)
from privacy.merkle import tree_hash
from privacy.release import Ask, Opening, OpeningAnswer, Withheld, id_root
from privacy.report import ReportId
from privacy.window import Window
from protos.errors import Unreachable
from tests.adversarial.dishonest import (
    Told,
    append,
    chained,
    change_bytes,
    drop,
    entries_of,
    forget_witnessed,
    leader_of,
    lie,
    note_of,
    rewrite,
)
from tests.adversarial.test_clients import send_honest
from tests.agreements import make_agreement, party_keys, party_terms, sign
from tests.pair import Pair

pytestmark = pytest.mark.threat("council-rewrites")

_STANDS = "the ledger is not witnessed and needs a person: "


@pytest.fixture
def closed(pair: Pair) -> Pair:
    """A batch that is about to be asked for, and a ledger that is witnessed."""
    send_honest(pair, pair.batch(), 11)
    pair.step()
    pair.close_batch()
    assert entries_of(pair, Party.EMPLOYER) == entries_of(pair, Party.COUNCIL)
    return pair


def stands_still(pair: Pair, caplog: pytest.LogCaptureFixture, sentence: str) -> None:
    """The employer witnesses nothing, asks for nothing, publishes nothing, and says why."""
    copy, note = entries_of(pair, Party.EMPLOYER), note_of(pair, Party.EMPLOYER)
    before = pair.kept(Party.EMPLOYER, pair.batch())
    written = len(entries_of(pair, Party.COUNCIL))
    # New keys are due, and so is the question.
    pair.clock.now += timedelta(days=1)
    caplog.clear()
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            pair.running[Party.EMPLOYER].worker.step()
    told = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    mine = [each for each in told if each.startswith(_STANDS)]
    # Told once; and once more when the council's own server has learned what it forgot.
    assert len(mine) in (1, 2), told
    assert sentence in mine[0]
    assert (entries_of(pair, Party.EMPLOYER), note_of(pair, Party.EMPLOYER)) == (copy, note)
    assert note_of(pair, Party.COUNCIL) == note
    assert pair.kept(Party.EMPLOYER, pair.batch()) == before
    assert before.state is BatchState.OPEN
    assert len(entries_of(pair, Party.COUNCIL)) == written


def placed(pair: Pair, kind: type[Body]) -> int:
    """Where the last entry of a kind stands."""
    return pair.entries(kind)[-1].index


@pytest.mark.parametrize("kind", [AgreementActivated, WindowKeysPublished])
def test_an_entry_whose_bytes_were_changed(
    closed: Pair, caplog: pytest.LogCaptureFixture, kind: type[Body]
) -> None:
    place = placed(closed, kind)

    def later(data: bytes) -> bytes:
        entry = decode(data)
        return dataclasses.replace(entry, at=entry.at + timedelta(seconds=1)).data

    change_bytes(closed, place, later)
    stands_still(closed, caplog, "one of the two was changed")


def test_an_entry_that_is_none(closed: Pair, caplog: pytest.LogCaptureFixture) -> None:
    change_bytes(closed, 1, lambda data: data[:-1])
    stands_still(closed, caplog, "entry 1: it is not an entry")


def test_an_entry_that_is_missing(closed: Pair, caplog: pytest.LogCaptureFixture) -> None:
    drop(closed, 1)
    stands_still(closed, caplog, "entries are missing, doubled or in another order")


def test_the_last_entries_are_taken_back(closed: Pair, caplog: pytest.LogCaptureFixture) -> None:
    rewrite(closed, lambda told: told[:-1])
    stands_still(closed, caplog, "old copy")


def test_another_ledger_of_the_same_length(closed: Pair, caplog: pytest.LogCaptureFixture) -> None:
    """Rewritten with right hashes, by every rule: only who kept the first one can tell."""

    def a_second_later(told: Told) -> Told:
        *first, (at, body) = told
        return [*first, (at + timedelta(seconds=1), body)]

    rewrite(closed, a_second_later)
    stands_still(closed, caplog, "the council signed another ledger than the entries it shows")


def test_a_longer_ledger_that_does_not_continue_the_first(
    closed: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    stopped = BatchStopped(closed.batch(group="west"), 0, StopReason.OTHER_COUNT)

    def other(told: Told) -> Told:
        *first, (at, body) = told
        return [*first, (at + timedelta(seconds=1), body), (closed.clock.now, stopped)]

    rewrite(closed, other)
    stands_still(closed, caplog, "one of the two was changed")


def forged_release(pair: Pair, group: str = "west") -> BatchReleased:
    """A release by every rule, that nobody asked for."""
    batch = pair.batch(group=group)
    collection = pair.collection(batch)
    cap = pair.signed.agreement.privacy.rho_quarter
    ids = [ReportId(secrets.token_bytes(16)) for _ in range(collection.threshold)]
    return BatchReleased(
        batch,
        collection.threshold,
        collection.rho,
        cap - collection.rho,
        id_root(ids),
        secrets.token_bytes(32),
        secrets.token_bytes(32),
    )


def test_a_release_that_was_never_asked_for(closed: Pair, caplog: pytest.LogCaptureFixture) -> None:
    append(closed, forged_release(closed))
    stands_still(closed, caplog, "this server did not ask for this release")


def test_a_batch_withheld_that_was_never_asked_for(
    closed: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    batch = closed.batch(group="west")
    append(closed, BatchWithheld(batch, 0, Withheld.BATCH_TOO_SMALL))
    stands_still(
        closed, caplog, "this server did not ask for headline / west / 2026-W05 with 0 rep"
    )


def test_an_entry_that_breaks_a_rule(closed: Pair, caplog: pytest.LogCaptureFixture) -> None:
    append(closed, dataclasses.replace(forged_release(closed), rho=Fraction(1, 1000)))
    stands_still(closed, caplog, "and the agreement says")


def test_a_window_key_that_is_not_the_employers(
    closed: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """With it the council alone could read what devices send."""
    far = Window(2026, 12)
    keys = (sealing.public_bytes(secrets.token_bytes(sealing.PRIVATE_KEY_SIZE)) for _ in range(2))
    append(closed, WindowKeysPublished(far, *keys))
    stands_still(closed, caplog, f"the employer's key for {far} is not the one that this server")


def test_a_ledger_that_begins_with_another_agreement(
    closed: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """The council's server signed it, but the parties to the agreement are made up."""
    employer, council = closed.signed.agreement.employer, closed.signed.agreement.council
    with closed.running[Party.EMPLOYER].store.write() as tx:
        tx.ledger.cut(0)
    for party in Party:
        forget_witnessed(closed, party)
    forged = sign(
        make_agreement(
            employer=party_terms(Party.EMPLOYER, server_key=employer.server_key),
            council=party_terms(Party.COUNCIL, server_key=council.server_key),
        )
    )
    digest = envelope.verify(
        forged,
        employer_key=party_keys(Party.EMPLOYER).signing.public_key().public_bytes_raw(),
        council_key=party_keys(Party.COUNCIL).signing.public_key().public_bytes_raw(),
    ).digest
    first = AgreementActivated(digest, 1, forged.decode())
    rewrite(closed, lambda told: [(told[0][0], first)])
    stands_still(closed, caplog, "begins with an agreement that is not activated here")


# --- a council that shows one ledger and signs another --------------------------------------------


def signed(pair: Pair, shown: Checkpoint, who: Party = Party.COUNCIL) -> str:
    """A note over any checkpoint at all."""
    return checkpoint.sign(shown, pair.homes[who].server_key()).encode()


def fork(pair: Pair) -> Callable[[FollowAnswer], FollowAnswer]:
    """The honest entries, and a signature over other ones."""

    def show(answer: FollowAnswer) -> FollowAnswer:
        told = [(entry.at, entry.body) for entry in map(decode, entries_of(pair, Party.COUNCIL))]
        *first, (at, body) = told
        other = chained([*first, (at + timedelta(seconds=1), body)])
        ledger = checkpoint.decode(answer.note).checkpoint
        root = tree_hash([entry.data for entry in other])
        return FollowAnswer(
            signed(pair, dataclasses.replace(ledger, root=root)), answer.entries, answer.witnessed
        )

    return show


def test_a_signature_over_another_tree(closed: Pair, caplog: pytest.LogCaptureFixture) -> None:
    lying = lie(closed, fork(closed))
    stands_still(closed, caplog, "the council signed another ledger than the entries it shows")
    assert set(lying.cosigned) == {note_of(closed, Party.EMPLOYER)}, "only what was before"


def test_a_note_that_the_council_did_not_sign(
    closed: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    def show(answer: FollowAnswer) -> FollowAnswer:
        shown = checkpoint.decode(answer.note).checkpoint
        return FollowAnswer(signed(closed, shown, Party.EMPLOYER), answer.entries, answer.witnessed)

    lying = lie(closed, show)
    stands_still(closed, caplog, "sign")
    assert set(lying.cosigned) == {note_of(closed, Party.EMPLOYER)}, "only what was before"


@pytest.mark.parametrize(
    "show",
    [
        lambda answer: FollowAnswer("", (), ""),
        lambda answer: FollowAnswer(answer.note.replace("\n", "\n1", 1), (), ""),
    ],
    ids=["an empty one", "a longer one that never comes"],
)
def test_a_ledger_that_is_not_shown(
    closed: Pair,
    caplog: pytest.LogCaptureFixture,
    show: Callable[[FollowAnswer], FollowAnswer],
) -> None:
    lying = lie(closed, show)
    stands_still(closed, caplog, "shorter than the entries that it showed")
    assert set(lying.cosigned) == {note_of(closed, Party.EMPLOYER)}, "only what was before"


def test_a_note_that_is_none(closed: Pair, caplog: pytest.LogCaptureFixture) -> None:
    lying = lie(closed, lambda answer: FollowAnswer("junk", answer.entries, ""))
    stands_still(closed, caplog, "")
    assert set(lying.cosigned) == {note_of(closed, Party.EMPLOYER)}, "only what was before"


def test_a_release_that_was_made_and_is_not_shown(
    closed: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """A council that answers and goes on showing yesterday's ledger is found out at once."""
    note, size = note_of(closed, Party.EMPLOYER), len(entries_of(closed, Party.EMPLOYER))
    lie(closed, lambda answer: FollowAnswer(note, (), ""))
    with caplog.at_level(logging.ERROR):
        closed.running[Party.EMPLOYER].worker.step()
    # It answered, and the employer keeps its half closed.
    assert closed.kept(Party.COUNCIL, closed.batch()).state is BatchState.RELEASED
    assert "needs a person: the council's ledger lacks what it answered about" in caplog.text
    assert len(entries_of(closed, Party.EMPLOYER)) == size
    # From the next step on nothing is asked.
    closed.clock.now = closed.signed.agreement.upload_closes(Window(2026, 6))
    closed.running[Party.EMPLOYER].worker.step()
    later = closed.batch(window=Window(2026, 6))
    assert closed.kept(Party.EMPLOYER, later).state is BatchState.OPEN


def altered(kind: type[Body]) -> Callable[[Told], Told]:
    """Another hash in the last entry of a kind: of another share, or of another result."""

    def change(told: Told) -> Told:
        bodies = [body for _, body in told]
        place = max(n for n, body in enumerate(bodies) if isinstance(body, kind))
        body = bodies[place]
        if isinstance(body, BatchReleased):
            body = dataclasses.replace(body, noised_share_hash=bytes(32))
        elif isinstance(body, ResultOpened):
            body = dataclasses.replace(body, hash=bytes(32))
        return [*told[:place], (told[place][0], body), *told[place + 1 :]]

    return change


def test_a_result_of_something_else_than_was_answered(
    closed: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    leader_of(closed).release.run(closed.batch())
    rewrite(closed, altered(ResultOpened))
    with caplog.at_level(logging.ERROR):
        closed.running[Party.EMPLOYER].worker.step()
    assert "is not witnessed and needs a person" in caplog.text
    assert "is another one than here" in caplog.text
    kinds = {type(decode(each).body) for each in entries_of(closed, Party.EMPLOYER)}
    assert ResultOpened not in kinds


def test_a_release_of_another_share_than_was_answered(closed: Pair) -> None:
    """The own half stays closed: the council could have answered with anything."""

    def show(answer: FollowAnswer) -> FollowAnswer:
        told = [(entry.at, entry.body) for entry in map(decode, entries_of(closed, Party.COUNCIL))]
        if not any(isinstance(body, BatchReleased) for _, body in told):
            return answer
        other = [entry.data for entry in chained(altered(BatchReleased)(told))]
        shown = checkpoint.decode(answer.note).checkpoint
        note = signed(closed, dataclasses.replace(shown, root=tree_hash(other)))
        return FollowAnswer(note, tuple(other[-len(answer.entries) :]), answer.witnessed)

    lie(closed, show)
    with pytest.raises(BrokenLedger, match="was released with another share than this"):
        leader_of(closed).release.run(closed.batch())
    assert closed.kept(Party.COUNCIL, closed.batch()).state is BatchState.RELEASED
    kinds = {type(decode(each).body) for each in entries_of(closed, Party.EMPLOYER)}
    assert BatchReleased not in kinds


class Lost(Helper):
    """The real council, whose answers of one kind never arrive."""

    def __init__(self, real: HelperReleases, kind: type[Body]) -> None:
        self._real, self._kind = real, kind

    def ask(self, ask: Ask, witnessed: str) -> bytes | Withheld:
        answer = self._real.ask(ask, witnessed)
        if self._kind is BatchReleased:
            raise Unreachable("the answer is lost")
        return answer

    def open(self, opening: Opening) -> OpeningAnswer:
        self._real.open(opening)
        raise Unreachable("the answer is lost")


@pytest.mark.parametrize("kind", [BatchReleased, ResultOpened])
def test_an_answer_that_is_something_else_than_is_in_the_ledger_already(
    closed: Pair, kind: type[Body]
) -> None:
    leader = leader_of(closed)
    with pytest.raises(Unreachable):
        dataclasses.replace(leader.release, helper=Lost(leader.release.helper, kind)).run(
            closed.batch()
        )
    rewrite(closed, altered(kind))
    leader.witness.run()
    assert kind in {type(decode(each).body) for each in entries_of(closed, Party.EMPLOYER)}
    with pytest.raises(BatchDisagreement, match="answered something else than entry"):
        leader.release.run(closed.batch())
    assert closed.kept(Party.EMPLOYER, closed.batch()).state is BatchState.STOPPED
    assert closed.kept(Party.EMPLOYER, closed.batch()).totals is None


def test_an_entry_from_the_future_is_not_witnessed_until_it_is_none(
    closed: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """Time in the ledger never runs back: one entry from a wrong year would end everything."""
    now, size = closed.clock.now, len(entries_of(closed, Party.EMPLOYER))
    closed.clock.now += timedelta(minutes=11)
    append(closed, AgreementRetired(closed.signed.digest, Window.of(now.date()).plus(4)))
    closed.clock.now = now
    with caplog.at_level(logging.ERROR):
        leader_of(closed).step()
    assert "UTC, which is still to come: set the clocks of both servers right" in caplog.text
    assert len(entries_of(closed, Party.EMPLOYER)) == size
    closed.clock.now += timedelta(minutes=1)
    leader_of(closed).step()
    assert len(entries_of(closed, Party.EMPLOYER)) > size


def test_a_release_that_is_answered_and_never_written_is_not_opened(
    closed: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """Opened to such a council, it could read any sum, whatever the budget says."""
    release = leader_of(closed).release
    batch, vdaf = closed.batch(), closed.collection(closed.batch()).vdaf
    opened: list[Opening] = []

    class Unwritten(Helper):
        def __init__(self) -> None:
            """There is nothing behind it."""

        def ask(self, ask: Ask, witnessed: str) -> bytes | Withheld:
            return vdaf.encode_aggregate_share(vdaf.aggregate_init())

        def open(self, opening: Opening) -> OpeningAnswer:
            opened.append(opening)
            raise AssertionError("it was opened")

    with pytest.raises(BadConsistency, match=r"lacks what it answered about"):
        dataclasses.replace(release, helper=Unwritten()).run(batch)
    assert opened == []
    assert closed.kept(Party.EMPLOYER, batch).state is BatchState.RELEASED
