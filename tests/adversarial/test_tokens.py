"""Nobody but a member's device can have a report counted: tokens, at leader and helper alike."""

import dataclasses
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from aggregator.model import BatchState
from privacy.agreement.model import Party
from privacy.batch import BatchId
from privacy.errors import InvalidValue, Rejection, ReportRejected
from privacy.ledger.entries import BatchReleased, BatchStopped, StopReason
from privacy.membership import MODULUS_SIZE, RANDOMIZER_SIZE, Token, new_batch_key
from privacy.report import Submission
from protos.convert.report import upload_to_wire
from protos.v1.report_pb2 import UploadRequest
from tests import batch_keys
from tests.adversarial.liars import flipped, pass_on
from tests.pair import WINDOW, Pair

pytestmark = pytest.mark.threat(
    "employer-forges",
    "employer-replays",
    "restored-backup",
    "junk-flood",
    "early-full",
)

Forge = Callable[[Pair, Submission], Token]


def with_(**changes: Callable[[bytes], bytes]) -> Forge:
    def forge(_: Pair, honest: Submission) -> Token:
        parts = {name: change(getattr(honest.token, name)) for name, change in changes.items()}
        return dataclasses.replace(honest.token, **parts)

    return forge


def of_another_report(pair: Pair, honest: Submission) -> Token:
    return pair.submission(pair.report(honest.report.batch)).token


def of_another_batch(batch: Callable[[Pair], BatchId]) -> Forge:
    """A token for this very digest, with the real key of another batch."""
    return lambda pair, honest: batch_keys.sign(pair.batch_key(batch(pair)), honest.report.digest)


FORGERIES: dict[str, Forge] = {
    "random": lambda *_: Token(
        secrets.token_bytes(RANDOMIZER_SIZE), secrets.token_bytes(MODULUS_SIZE)
    ),
    "zeros": lambda *_: Token(bytes(RANDOMIZER_SIZE), bytes(MODULUS_SIZE)),
    "one": lambda *_: Token(bytes(RANDOMIZER_SIZE), bytes(MODULUS_SIZE - 1) + b"\1"),
    "another randomizer": with_(randomizer=flipped),
    "signature with a bit changed": with_(signature=flipped),
    "a key of one's own": lambda _, honest: batch_keys.sign(new_batch_key(), honest.report.digest),
    "of another report": of_another_report,
    "of another task's batch": of_another_batch(lambda pair: pair.batch("breadth", "sales")),
    "of another team's batch": of_another_batch(lambda pair: pair.batch(group="south")),
    "of the next week's batch": of_another_batch(lambda pair: pair.batch(window=WINDOW.plus(1))),
}
forged = pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)


@forged
def test_a_forged_token_is_turned_away_at_the_leader(pair: Pair, forge: Forge) -> None:
    honest = pair.submission(pair.report(pair.batch()))
    with pytest.raises(ReportRejected) as refused:
        pair.upload(dataclasses.replace(honest, token=forge(pair, honest)))
    assert refused.value.reason is Rejection.INVALID_TOKEN
    assert pair.rejections(Party.EMPLOYER, pair.batch()) == {Rejection.INVALID_TOKEN: 1}
    # It took no id and no place: the true report still counts.
    pair.upload(honest)
    pair.step()
    assert pair.kept(Party.COUNCIL, pair.batch()).counted == {honest.report.id}


@forged
def test_a_forged_token_is_turned_away_straight_at_the_helper(pair: Pair, forge: Forge) -> None:
    honest = pair.submission(pair.report(pair.batch()))
    assert pass_on(pair, dataclasses.replace(honest, token=forge(pair, honest))) == (
        Rejection.INVALID_TOKEN,
    )
    assert pair.kept(Party.COUNCIL, pair.batch()).count == 0


def test_an_upload_without_a_token_says_so(pair: Pair) -> None:
    request = upload_to_wire(pair.submission(pair.report(pair.batch())))
    request.ClearField("token")
    with pytest.raises(InvalidValue, match="token"):
        pair.send(UploadRequest.FromString(request.SerializeToString()))


def test_a_token_does_not_survive_a_change_of_the_report(pair: Pair) -> None:
    honest = pair.submission(pair.report(pair.batch()))
    for part in ("public_share", "leader_share", "helper_share"):
        altered: dict[str, Any] = {part: flipped(getattr(honest.report, part))}
        changed = dataclasses.replace(honest.report, **altered)
        with pytest.raises(ReportRejected) as refused:
            pair.upload(dataclasses.replace(honest, report=changed))
        assert refused.value.reason is Rejection.INVALID_TOKEN


def test_more_reports_than_tokens_stop_the_batch(pair: Pair) -> None:
    batch, stolen = pair.batch(), pair.batch_key(pair.batch())
    for _ in range(3):
        pair.upload(pair.report(batch))
    pair.step()
    # Whoever has the council's key makes tokens that nobody was given.
    for _ in range(2):
        report = pair.report(batch)
        pair.upload(Submission(report, batch_keys.sign(stolen, report.digest)))
    pair.step()
    for party in Party:
        assert pair.kept(party, batch).state is BatchState.STOPPED
    assert pair.kept(Party.COUNCIL, batch).aggregate_share is None
    assert pair.bodies(BatchStopped) == [BatchStopped(batch, 3, StopReason.MORE_THAN_TOKENS)]
    # The employer witnesses that, and nothing is released.
    pair.close_batch()
    pair.step()
    pair.step()
    assert not [each for each in pair.bodies(BatchReleased) if each.batch == batch]


def test_a_forged_report_hides_behind_a_member_who_did_not_report(pair: Pair) -> None:
    # The limit of counting: a stolen key is noticed only once there are more reports than tokens.
    batch, stolen = pair.batch(), pair.batch_key(pair.batch())
    pair.submission(pair.report(batch))  # its member got a token, and never sent the report
    report = pair.report(batch)
    pair.upload(Submission(report, batch_keys.sign(stolen, report.digest)))
    pair.step()
    assert pair.kept(Party.COUNCIL, batch).counted == {report.id}


def test_a_database_that_forgot_tokens_stops_its_batches_and_counts_nobody_twice(
    pair: Pair,
) -> None:
    batch = pair.batch()
    pair.upload(pair.report(batch))
    store = pair.running[Party.COUNCIL].store
    with store.write() as tx:  # as a copy of the database from before
        tx.tokens.erase(WINDOW, set())
    pair.step()
    assert pair.kept(Party.COUNCIL, batch).state is BatchState.STOPPED
