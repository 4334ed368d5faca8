"""Wire and domain: the same thing there and back, and nothing else gets in."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.aggregation import Job, Outcome, ReportShare
from privacy.agreement.model import AgreementDigest
from privacy.batch import BatchId
from privacy.device_key import Signed
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import InvalidValue, Rejection
from privacy.groups import GroupId
from privacy.ledger.answers import CheckpointAnswer, OutcomeAnswer, WindowAnswer
from privacy.ledger.proven import ProvenEntry
from privacy.membership import MODULUS_SIZE, RANDOMIZER_SIZE, Token
from privacy.metrics import TaskId
from privacy.receipt import Receipt
from privacy.release import Ask, Opening, OpeningAnswer, Withheld
from privacy.report import Report, ReportId, Submission
from privacy.window import Window
from protos.convert import aggregation, ledger, membership, release, report, stored
from protos.v1 import aggregation_pb2, ledger_pb2, release_pb2, report_pb2

BATCH = BatchId(
    AgreementDigest(bytes(range(32))), TaskId("Überblick"), GroupId("Süd / 1"), Window(2026, 5)
)
TOKEN = Token(b"r" * RANDOMIZER_SIZE, b"s" * MODULUS_SIZE)
SUBMISSION = Submission(Report(BATCH, ReportId(b"i" * 16), b"public", b"leader", b"helper"), TOKEN)
SHARE = ReportShare(ReportId(b"i" * 16), b"public", b"h" * 32, b"helper", b"verifier", TOKEN)
JOB = Job(b"j" * 16, BATCH, (SHARE, SHARE))


def test_batches_go_there_and_back() -> None:
    message = report.batch_to_wire(BATCH)
    again = report_pb2.BatchId.FromString(message.SerializeToString())
    assert report.batch_from_wire(again) == BATCH


@pytest.mark.parametrize(
    "change",
    [
        {"agreement_digest": b"short"},
        {"window": ""},
        {"window": "2026-W5"},
        {"window": "2026-W54"},
        {"window": "2026-W٠٥"},
        {"window": "0000-W01"},
    ],
    ids=str,
)
def test_a_batch_that_is_none_is_refused(change: dict[str, object]) -> None:
    message = report.batch_to_wire(BATCH)
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(InvalidValue):
        report.batch_from_wire(message)


def test_reports_and_receipts_go_there_and_back() -> None:
    assert report.upload_from_wire(report.upload_to_wire(SUBMISSION)) == SUBMISSION
    receipt = Receipt(bytes(32), bytes(64))
    assert report.receipt_from_wire(report.receipt_to_wire(receipt)) == receipt


def test_a_report_with_an_id_of_another_size_is_refused() -> None:
    message = report.upload_to_wire(SUBMISSION)
    message.report.report_id = b"short"
    with pytest.raises(InvalidValue, match="16 bytes"):
        report.upload_from_wire(message)


@pytest.mark.parametrize("part", ["randomizer", "signature"])
@pytest.mark.parametrize("size", [0, 31, 255, 257])
def test_a_token_with_a_part_of_another_size_is_refused(part: str, size: int) -> None:
    uploaded, job = report.upload_to_wire(SUBMISSION), aggregation.job_to_wire(JOB)
    setattr(uploaded.token, part, bytes(size))
    setattr(job.reports[1].token, part, bytes(size))
    with pytest.raises(InvalidValue, match="a membership token has a part of the wrong size"):
        report.upload_from_wire(uploaded)
    with pytest.raises(InvalidValue, match="a membership token has a part of the wrong size"):
        aggregation.job_from_wire(job)


def test_what_devices_ask_of_the_roster_goes_there_and_back() -> None:
    signed = Signed(b"d" * 32, b"s" * 64)
    code = EnrolmentCode(BATCH.group, "K7QF9-XPR2M-4TCBH-W6NE3")
    registration = membership.registration_to_wire(code, signed)
    assert membership.registration_from_wire(registration) == (code, signed)
    request = membership.request_to_wire(BATCH, b"blinded", signed)
    assert membership.request_from_wire(request) == (BATCH, signed)
    assert request.blinded_message == b"blinded"


def test_a_device_key_of_another_size_is_refused() -> None:
    request = membership.request_to_wire(BATCH, b"blinded", Signed(b"d" * 32, b"s" * 64))
    request.device_key = b"short"
    with pytest.raises(InvalidValue, match="a device key has 32 bytes"):
        membership.request_from_wire(request)


def test_jobs_go_there_and_back_and_always_as_the_same_bytes() -> None:
    assert aggregation.job_from_wire(aggregation.job_to_wire(JOB)) == JOB
    assert stored.decode_job(stored.encode_job(JOB)) == JOB
    assert stored.encode_job(stored.decode_job(stored.encode_job(JOB))) == stored.encode_job(JOB)


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from(Rejection)), max_size=5))
def test_outcomes_go_there_and_back(outcomes: list[Outcome]) -> None:
    assert stored.decode_outcomes(stored.encode_outcomes(tuple(outcomes))) == tuple(outcomes)


@pytest.mark.parametrize(
    "outcome",
    [
        aggregation_pb2.ReportOutcome(),
        aggregation_pb2.ReportOutcome(rejection=aggregation_pb2.REJECTION_UNSPECIFIED),
        aggregation_pb2.ReportOutcome(rejection=99),  # type: ignore[arg-type] # an open enum
    ],
    ids=["nothing", "unspecified", "unknown"],
)
def test_an_outcome_without_a_meaning_is_refused(
    outcome: aggregation_pb2.ReportOutcome,
) -> None:
    with pytest.raises(InvalidValue, match="without a meaning"):
        aggregation.outcomes_from_wire(aggregation_pb2.AggregationJobResponse(outcomes=[outcome]))


@pytest.mark.parametrize("decode", [stored.decode_job, stored.decode_outcomes])
def test_stored_bytes_that_do_not_decode_are_named(decode: object) -> None:
    assert callable(decode)
    with pytest.raises(InvalidValue, match="does not decode"):
        decode(b"\xff" * 9)


def test_questions_go_there_and_back() -> None:
    ask = Ask(BATCH, 12, secrets.token_bytes(32), secrets.token_bytes(32))
    message = release.ask_to_wire(ask, "a note")
    assert release.ask_from_wire(message) == ask
    assert message.checkpoint == "a note"


@pytest.mark.parametrize("name", ["id_root", "commitment"])
@pytest.mark.parametrize("value", [b"", bytes(31), bytes(33)], ids=len)
def test_a_question_with_a_hash_of_another_size_is_refused(name: str, value: bytes) -> None:
    message = release.ask_to_wire(Ask(BATCH, 12, bytes(32), bytes(32)), "")
    setattr(message, name, value)
    with pytest.raises(InvalidValue, match="32 bytes"):
        release.ask_from_wire(message)


@pytest.mark.parametrize(
    "answer", [b"share", b"", Withheld.BATCH_TOO_SMALL, Withheld.BUDGET_EXHAUSTED]
)
def test_answers_go_there_and_back(answer: bytes | Withheld) -> None:
    message = release.answer_to_wire(answer)
    again = release_pb2.ReleaseResponse.FromString(message.SerializeToString())
    assert release.answer_from_wire(again) == answer


def test_an_answer_without_a_meaning_is_refused() -> None:
    with pytest.raises(InvalidValue, match="without a meaning"):
        release.answer_from_wire(release_pb2.ReleaseResponse())


def test_openings_go_there_and_back() -> None:
    opening = Opening(BATCH, b"salt", b"share")
    assert release.opening_from_wire(release.opening_to_wire(opening)) == opening
    answer = OpeningAnswer(b"salt", b"hash")
    assert release.opened_from_wire(release.opened_to_wire(answer)) == answer


PROVEN = ProvenEntry(3, b"data", (bytes(32), bytes([1]) * 32))


def test_a_checkpoint_goes_there_and_back() -> None:
    answer = CheckpointAnswer("a note", (bytes(32),))
    assert ledger.checkpoint_from_wire(ledger.checkpoint_to_wire(answer)) == answer


@pytest.mark.parametrize(
    "answer",
    [WindowAnswer(AgreementDigest(bytes(32)), 2, PROVEN), WindowAnswer(None, 0, None)],
    ids=["in force", "none"],
)
def test_what_holds_for_a_window_goes_there_and_back(answer: WindowAnswer) -> None:
    assert ledger.window_from_wire(ledger.window_to_wire(answer)) == answer


@pytest.mark.parametrize("key", [PROVEN, None], ids=["there", "none"])
def test_a_batch_key_goes_there_and_back(key: ProvenEntry | None) -> None:
    assert ledger.batch_key_from_wire(ledger.batch_key_to_wire(key)) == key


def test_an_outcome_goes_there_and_back() -> None:
    answer = OutcomeAnswer((PROVEN, PROVEN), (ReportId(bytes(16)), ReportId(b"x" * 16)))
    assert ledger.outcome_from_wire(ledger.outcome_to_wire(answer)) == answer


def test_an_answer_with_a_part_of_another_size_is_refused() -> None:
    with pytest.raises(InvalidValue, match="32 bytes"):
        ledger.window_from_wire(ledger_pb2.WindowResponse(agreement_digest=b"short"))
    with pytest.raises(InvalidValue, match="16 bytes"):
        ledger.outcome_from_wire(ledger_pb2.OutcomeResponse(report_ids=[bytes(17)]))
