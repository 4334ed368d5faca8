"""A council that marks one member's token, refuses it, or says nothing: devices find out."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from client.concern import Concern
from client.happened import Happened
from client.parcel import Parcel, State
from privacy import checkpoint
from privacy.agreement.model import Party
from privacy.errors import (
    PASSING,
    BadCheckpoint,
    BadToken,
    BrokenLedger,
    KeysNotExchanged,
    NotAMember,
    PluraleError,
    Rejection,
    ReportRejected,
    TokenSpent,
    UnknownCode,
)
from privacy.ledger.answers import FollowAnswer
from privacy.ledger.entries import BatchKeyPublished, WindowKeysPublished, decode
from privacy.ledger.proven import ProvenEntry
from privacy.membership import BatchKey, blind_sign, load_public, verify
from privacy.merkle import tree_hash
from tests.adversarial.dishonest import append, chained, entries_of, helper_of, lie, note_of
from tests.adversarial.test_clients import send_honest
from tests.adversarial.test_dishonest_council import signed, stands_still
from tests.agreements import party_keys
from tests.batch_keys import pooled
from tests.desk import WINDOW, Desk, after, at_a_desk, due, fetch
from tests.ledgers import Story
from tests.members import refusing
from tests.pair import Pair

pytestmark = pytest.mark.threat("council-tags-keys", "council-refuses")


def tag(number: int = 0) -> BatchKey:
    """A key that is in no ledger: what it signs tells whose it is."""
    return pooled(900 + number)


# --- a second key in the ledger -------------------------------------------------------------------


@pytest.fixture
def closed(pair: Pair) -> Pair:
    """A batch that is about to be asked for, and a ledger that is witnessed."""
    send_honest(pair, pair.batch(), 11)
    pair.step()
    pair.close_batch()
    assert entries_of(pair, Party.EMPLOYER) == entries_of(pair, Party.COUNCIL)
    return pair


def second_key(pair: Pair) -> BatchKeyPublished:
    """For a batch whose key is published already, and whose reports are not sent yet."""
    batch = pair.batch(window=WINDOW.plus(4))
    assert batch in {each.batch for each in pair.bodies(BatchKeyPublished)}
    return BatchKeyPublished(batch, tag().modulus)


def in_its_database(pair: Pair) -> None:
    """The entry is there, and its own server notices."""
    append(pair, second_key(pair))


def in_what_it_signs(pair: Pair) -> None:
    """Its own server is made to keep quiet: entry and checkpoint are as any other."""
    second = second_key(pair)

    def show(answer: FollowAnswer) -> FollowAnswer:
        honest = map(decode, entries_of(pair, Party.COUNCIL))
        told = [(entry.at, entry.body) for entry in honest]
        other = [entry.data for entry in chained([*told, (pair.clock.now, second)])]
        shown = checkpoint.decode(answer.note).checkpoint
        note = dataclasses.replace(shown, size=len(other), root=tree_hash(other))
        return FollowAnswer(signed(pair, note), (*answer.entries, other[-1]), answer.witnessed)

    lie(pair, show)


@pytest.mark.parametrize("written", [in_its_database, in_what_it_signs])
def test_a_second_key_for_a_batch_is_not_witnessed(
    closed: Pair, caplog: pytest.LogCaptureFixture, written: Callable[[Pair], None]
) -> None:
    before = note_of(closed, Party.COUNCIL)
    written(closed)
    named = f"a key for north's headline for {WINDOW.plus(4)}"
    stands_still(closed, caplog, f"{named} is published twice: ")
    assert note_of(closed, Party.COUNCIL) == before  # what devices are shown


def test_the_councils_own_server_writes_no_second_key(pair: Pair) -> None:
    ledger, before = helper_of(pair).ledger, entries_of(pair, Party.COUNCIL)
    with pytest.raises(BrokenLedger, match="is published twice"), ledger.store.write() as tx:
        ledger.append(tx, second_key(pair))
    assert entries_of(pair, Party.COUNCIL) == before
    pair.clock.now += timedelta(days=7)
    for _ in range(3):
        pair.step()
    keys = Counter(each.batch for each in pair.bodies(BatchKeyPublished))
    assert WINDOW.plus(5) in {batch.window for batch in keys}
    assert set(keys.values()) == {1}


# --- a key for one device -------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with at_a_desk(tmp_path) as there:
        yield there


def reports(desk: Desk) -> list[Parcel]:
    """What the device keeps of its two reports for WINDOW."""
    with desk.device() as device:
        return [each for each in device.outbox.all() if each.batch.window == WINDOW]


def asked(desk: Desk) -> Happened:
    """The run in which both tokens are asked for."""
    return desk.run(at=fetch(desk.run(at=after()).made))


def all_is_well(desk: Desk) -> None:
    """The council is honest again: both reports are sent, and nothing has to be looked at."""
    desk.council.change.clear()
    happened = desk.run()
    assert (len(happened.approved), happened.alarms, happened.trouble) == (2, (), ())
    for parcel in happened.approved:
        assert parcel.token is not None
        modulus = desk.story.batch_keys[parcel.batch].modulus
        verify(load_public(modulus), parcel.digest, parcel.token)
    assert len(desk.run(at=due(happened.approved)).sent) == 2
    assert len(desk.employer.received) == 2


def alarming(desk: Desk, happened: Happened, concern: Concern) -> None:
    """Both reports are an alarm that names a next step, and neither has a token."""
    assert len(happened.alarms) == 2
    for alarm in happened.alarms:
        assert alarm.startswith(("the key that the works", "what the works", "the works council's"))
        assert f"the agreement names: {desk.signed.agreement.contact}" in alarm
    assert {(each.concern, each.token) for each in reports(desk)} == {(concern, None)}
    assert desk.employer.uploads == []


def fork(desk: Desk) -> Story:
    """The council's ledger, to go on in another way."""
    story = desk.story
    return dataclasses.replace(story, entries=[*story.entries], batch_keys={**story.batch_keys})


def outside_the_ledger(desk: Desk, honest: ProvenEntry) -> ProvenEntry:
    """Proven against a ledger that nobody else is shown."""
    other, body = fork(desk), decode(honest.data).body
    assert isinstance(body, BatchKeyPublished)
    return other.proven(other.write(dataclasses.replace(body, modulus=tag().modulus)).index)


def with_another_modulus(desk: Desk, honest: ProvenEntry) -> ProvenEntry:
    """The right place and proof."""
    entry = decode(honest.data)
    assert isinstance(entry.body, BatchKeyPublished)
    body = dataclasses.replace(entry.body, modulus=tag().modulus)
    return dataclasses.replace(honest, data=dataclasses.replace(entry, body=body).data)


def with_the_proof_of_another(desk: Desk, honest: ProvenEntry) -> ProvenEntry:
    other = outside_the_ledger(desk, honest)
    return dataclasses.replace(other, proof=honest.proof, index=honest.index)


def without_a_proof(desk: Desk, honest: ProvenEntry) -> ProvenEntry:
    return dataclasses.replace(honest, proof=())


def of_another_kind(desk: Desk, honest: ProvenEntry) -> ProvenEntry:
    return desk.story.proven(desk.story.of(WindowKeysPublished)[0].index)


def of_another_batch(desk: Desk, honest: ProvenEntry, **changes: object) -> ProvenEntry:
    """By the same rules, and everybody can see it."""
    body = decode(honest.data).body
    assert isinstance(body, BatchKeyPublished)
    batch = dataclasses.replace(body.batch, **changes)  # type: ignore[arg-type]
    for entry in desk.story.of(BatchKeyPublished):
        if isinstance(entry.body, BatchKeyPublished) and entry.body.batch == batch:
            return desk.story.proven(entry.index)
    raise LookupError(batch)


def of_another_week(desk: Desk, honest: ProvenEntry) -> ProvenEntry:
    return of_another_batch(desk, honest, window=WINDOW.plus(1))


def of_another_team(desk: Desk, honest: ProvenEntry) -> ProvenEntry:
    south = desk.story.batch("headline", "south", str(WINDOW))
    return of_another_batch(desk, honest, task=south.task, group=south.group)


@pytest.mark.parametrize(
    "shown",
    [
        outside_the_ledger,
        with_another_modulus,
        with_the_proof_of_another,
        without_a_proof,
        of_another_kind,
        of_another_week,
        of_another_team,
    ],
)
def test_a_device_uses_no_key_that_is_not_in_the_witnessed_ledger(
    desk: Desk, shown: Callable[[Desk, ProvenEntry], ProvenEntry]
) -> None:
    desk.council.change["batch key"] = lambda honest: shown(desk, honest)
    for happened in (asked(desk), desk.run(at=due(reports(desk)))):
        alarming(desk, happened, Concern.UNPROVEN)
        assert "is not the one that everybody has" in happened.alarms[0]
    # What is blinded under a key for one member would tell that member's report from all others.
    assert desk.council.token_requests == []
    all_is_well(desk)


def test_a_device_uses_no_key_of_a_checkpoint_that_the_employer_did_not_witness(
    desk: Desk,
) -> None:
    desk.run(at=after())
    others: list[Story] = []

    def own_ledger(honest: ProvenEntry) -> ProvenEntry:
        raise AssertionError("it is not even asked for a key")

    def unwitnessed(answer: object) -> object:
        other = fork(desk)
        for parcel in reports(desk):
            other.write(BatchKeyPublished(parcel.batch, tag(len(others)).modulus))
            others.append(other)
        note = checkpoint.sign(other.checkpoint, party_keys(Party.COUNCIL).server).encode()
        return dataclasses.replace(answer, note=note)  # type: ignore[type-var]

    desk.council.change |= {"checkpoint": unwitnessed, "batch key": own_ledger}
    happened = desk.run(at=fetch(reports(desk)))
    assert others
    assert {type(each.error) for each in happened.trouble} == {BadCheckpoint}
    assert desk.council.token_requests == []
    happened = desk.run(at=desk.signed.agreement.upload_closes(WINDOW))
    alarming(desk, happened, Concern.REFUSED)


# --- a token with a mark --------------------------------------------------------------------------


def tagging(desk: Desk) -> Callable[[bytes], bytes]:
    """Every answer is signed with a key for this member alone."""

    def answer(_: bytes) -> bytes:
        blinded = desk.council.token_requests[-1][1]
        number = len(desk.council.token_requests)
        # About every other key is too small for what was blinded under another one.
        key = next(key for key in map(tag, range(number, 99)) if key.modulus > blinded)
        return blind_sign(key, blinded, desk.random)

    return answer


def test_a_token_signed_with_a_key_for_one_member_is_not_used(desk: Desk) -> None:
    desk.council.change["issue"] = tagging(desk)
    alarming(desk, asked(desk), Concern.ALTERED)
    for _ in range(2):
        desk.clock.now += timedelta(hours=1)
        alarming(desk, desk.run(), Concern.ALTERED)
    # Tried three times with other keys, the council has one and the same number of each report.
    assert len(desk.council.token_requests) == 6
    assert len(set(desk.council.token_requests)) == 2
    alarming(desk, desk.run(at=due(reports(desk))), Concern.ALTERED)
    all_is_well(desk)
    assert len(set(desk.council.token_requests)) == 2


ALTERED: dict[str, Callable[[Desk, bytes], bytes]] = {
    "nothing": lambda desk, answer: b"",
    "zeros": lambda desk, answer: bytes(256),
    "too short": lambda desk, answer: answer[1:],
    "too long": lambda desk, answer: b"\0" + answer,
    "one bit": lambda desk, answer: answer[:100] + bytes([answer[100] ^ 4]) + answer[101:],
    "the request": lambda desk, answer: desk.council.token_requests[-1][1],
    "of another batch": lambda desk, answer: next(
        (known[2] for known in desk.council.tokens.values() if known[2] != answer), bytes(256)
    ),
}


@pytest.mark.parametrize("altered", ALTERED)
def test_an_altered_token_is_an_alarm(desk: Desk, altered: str) -> None:
    desk.council.change["issue"] = lambda answer: ALTERED[altered](desk, answer)
    for happened in (asked(desk), desk.run()):
        alarming(desk, happened, Concern.ALTERED)
        assert "is none: " in happened.alarms[0]
    all_is_well(desk)
    assert len(set(desk.council.token_requests)) == 2


# --- no token -------------------------------------------------------------------------------------

REFUSALS: list[PluraleError] = [
    NotAMember("the roster has no such device"),
    TokenSpent("a token was given for another report"),
    BadToken("what is to be signed is not a blinded message"),
    UnknownCode("there is no such code"),
    *(ReportRejected(each) for each in Rejection if each not in PASSING),
]
LATER = [
    KeysNotExchanged("not yet"),
    *(ReportRejected(each) for each in Rejection if each in PASSING),
]


def test_a_refused_token_is_an_alarm(desk: Desk) -> None:
    waiting = desk.run(at=after()).made
    desk.clock.now = fetch(waiting)
    for refusal in REFUSALS:
        desk.council.change["issue"] = refusing(refusal)
        happened = desk.run()
        alarming(desk, happened, Concern.REFUSED)
        assert {alarm.partition(";")[0] for alarm in happened.alarms} == {
            f"the works council's server refuses a token for {each.batch}: {refusal}"
            for each in waiting
        }
    # It stays until it is seen, whatever the council says next.
    said = desk.run().alarms
    for later in LATER:
        desk.council.change["issue"] = refusing(later)
        assert desk.run().alarms == said
    all_is_well(desk)


def test_a_refusal_that_was_seen_is_not_said_again_and_another_lie_is(desk: Desk) -> None:
    desk.council.change["issue"] = refusing(REFUSALS[0])
    alarming(desk, asked(desk), Concern.REFUSED)
    with desk.device() as device:
        assert device.see_to_alarms() == 2
    assert desk.run().alarms == ()
    desk.council.change["issue"] = tagging(desk)
    alarming(desk, desk.run(), Concern.ALTERED)
    all_is_well(desk)


@pytest.mark.parametrize("later", LATER, ids=str)
def test_to_be_put_off_until_the_batch_closes_is_an_alarm(desk: Desk, later: PluraleError) -> None:
    desk.council.change["issue"] = refusing(later)
    assert asked(desk).alarms == ()
    closes = desk.signed.agreement.upload_closes(WINDOW)
    assert desk.run(at=closes - timedelta(seconds=1)).alarms == ()
    for moment in (closes, closes + timedelta(hours=1)):
        happened = desk.run(at=moment)
        alarming(desk, happened, Concern.REFUSED)
        assert (
            f"before the batch closed, so your report was not sent ({later})"
            in (happened.alarms[0])
        )
    assert {each.state for each in reports(desk)} == {State.MISSED}


def colleague(desk: Desk, number: int) -> Desk:
    """Another member of the team, with a device of their own."""
    other = dataclasses.replace(desk, folder=desk.folder.with_name(f"colleague {number}"))
    before = WINDOW.start(desk.signed.agreement.working_time.zone) - timedelta(hours=1)
    other.enrols(desk.signed, before, code=desk.council.new_code("north"))
    return other


def test_refusing_nearly_all_others_alarms_each_of_them_and_not_the_one(desk: Desk) -> None:
    """What remains: the one whose report then stands alone is not told."""
    others = [colleague(desk, number) for number in range(9)]
    one, *_ = desk.council.devices

    def but_for_one(answer: bytes) -> bytes:
        if answer in {told[2] for to, told in desk.council.tokens.items() if to[0] == one}:
            return answer
        raise NotAMember("the roster has no such device")

    desk.council.change["issue"] = but_for_one
    happened = asked(desk)
    assert (len(happened.approved), happened.alarms) == (2, ())
    for other in others:
        alarming(other, asked(other), Concern.REFUSED)
