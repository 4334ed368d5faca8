"""Whatever comes in at a port: a clear status, and the server goes on serving."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import grpc
import pytest

from aggregator import certificates
from aggregator.certificates import KeyPair
from privacy.agreement.model import Endpoint, Party, PartyTerms
from privacy.errors import PluraleError
from protos.convert.report import batch_to_wire, upload_to_wire
from protos.errors import RemoteFault, Unreachable
from protos.status import from_rpc
from protos.v1 import aggregation_pb2, release_pb2, report_pb2
from tests.pair import Pair

pytestmark = pytest.mark.threat("junk-flood", "false-server")

UPLOAD = "/plurale.v1.Intake/Upload"
LEADER_TO_HELPER = (
    "/plurale.v1.Activation/Commit",
    "/plurale.v1.Activation/Reveal",
    "/plurale.v1.Aggregation/RunJob",
    "/plurale.v1.Release/Ask",
    "/plurale.v1.Release/Open",
)
WITNESS = (
    "/plurale.v1.Witness/Cosign",
    "/plurale.v1.Witness/OfferKey",
    "/plurale.v1.Witness/Retire",
)
FOLLOW = "/plurale.v1.Witness/Follow"
LEDGER = (
    "/plurale.v1.Ledger/Checkpoint",
    "/plurale.v1.Ledger/Window",
    "/plurale.v1.Ledger/BatchKey",
    "/plurale.v1.Ledger/Outcome",
)
MEMBERSHIP = (
    "/plurale.v1.Membership/Register",
    "/plurale.v1.Membership/Issue",
    "/plurale.v1.Membership/Leave",
)
FOR_DEVICES = (*LEDGER, *MEMBERSHIP)
LEADER_ONLY = (*LEADER_TO_HELPER, *WITNESS, FOLLOW)
_CODE = grpc.StatusCode


@pytest.fixture(autouse=True)
def still_serving(pair: Pair) -> Iterator[None]:
    """After every test both servers still do their work."""
    yield
    report = pair.report(pair.batch())
    pair.upload(report).verify(pair.signed.agreement.employer.server_key, report.digest)
    pair.step()
    assert pair.kept(Party.COUNCIL, report.batch).counted == {report.id}


def call(
    terms: PartyTerms,
    method: str,
    message: bytes,
    *,
    ca_certificate: str | None = None,
    pair_of_keys: KeyPair | None = None,
    as_device: bool = False,
) -> tuple[grpc.StatusCode, str]:
    """Send raw bytes, with no limits of one's own; the status and its sentence.

    To the council's port for the employer's server, if there is one, unless `as_device`.
    """
    credentials = grpc.ssl_channel_credentials(
        (ca_certificate or terms.ca_certificate).encode(),
        None if pair_of_keys is None else pair_of_keys.key,
        None if pair_of_keys is None else pair_of_keys.certificate,
    )
    options = (("grpc.max_send_message_length", -1), ("grpc.enable_retries", 0))
    endpoint = terms.endpoint if as_device else terms.peer_endpoint or terms.endpoint
    with grpc.secure_channel(str(endpoint), credentials, options=options) as channel:
        send: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
        try:
            send(message, timeout=20)
        except grpc.RpcError as error:
            return error.code(), error.details() or ""
    return _CODE.OK, ""


def employer(pair: Pair) -> PartyTerms:
    return pair.signed.agreement.employer


def council(pair: Pair) -> PartyTerms:
    return pair.signed.agreement.council


@pytest.mark.parametrize(
    "noise", [b"\xff" * 40, b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x05hello"], ids=repr
)
def test_bytes_that_are_no_message_get_a_sentence(pair: Pair, noise: bytes) -> None:
    code, details = call(employer(pair), UPLOAD, noise)
    assert code is _CODE.INVALID_ARGUMENT
    assert details == "the bytes received are not a UploadRequest message"


@pytest.mark.parametrize("method", LEADER_ONLY)
def test_bytes_that_are_no_message_get_a_sentence_from_the_helper_too(
    pair: Pair, method: str
) -> None:
    tls = pair.homes[Party.EMPLOYER].tls()
    code, details = call(council(pair), method, b"\xff" * 40, pair_of_keys=tls)
    assert code is _CODE.INVALID_ARGUMENT
    assert details.startswith("the bytes received are not a ")


@pytest.mark.parametrize("method", FOR_DEVICES)
def test_bytes_that_are_no_message_get_a_sentence_at_the_councils_port_for_devices(
    pair: Pair, method: str
) -> None:
    for noise in (b"\xff" * 40, b"\x0a\xff\xff\xff\xff\x0f"):
        code, details = call(council(pair), method, noise, as_device=True)
        assert code is _CODE.INVALID_ARGUMENT
        assert details.startswith("the bytes received are not a ")
    code, details = call(council(pair), method, bytes(100_000), as_device=True)
    assert code is _CODE.RESOURCE_EXHAUSTED
    assert "larger than max" in details


@pytest.mark.parametrize("method", [*LEADER_TO_HELPER, *WITNESS])
def test_an_empty_message_gets_a_sentence(pair: Pair, method: str) -> None:
    tls = pair.homes[Party.EMPLOYER].tls()
    code, details = call(council(pair), method, b"", pair_of_keys=tls)
    assert code in (_CODE.INVALID_ARGUMENT, _CODE.FAILED_PRECONDITION)
    assert details


@pytest.mark.parametrize("method", MEMBERSHIP)
def test_an_empty_message_about_membership_gets_a_sentence(pair: Pair, method: str) -> None:
    code, details = call(council(pair), method, b"", as_device=True)
    assert code is _CODE.INVALID_ARGUMENT
    assert details


def _upload(pair: Pair, **batch: object) -> bytes:
    message = upload_to_wire(pair.submission(pair.report(pair.batch())))
    for name, value in batch.items():
        setattr(message.report.batch, name, value)
    return message.SerializeToString()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda pair: b"", "an agreement digest has 32 bytes"),
        (lambda pair: _upload(pair, agreement_digest=b"x"), "an agreement digest has 32 bytes"),
        (lambda pair: _upload(pair, window="2026-W54"), "2026-W54 is not an ISO week"),
        (lambda pair: _upload(pair, window="9999-W52"), "9999 is out of the calendar"),
        (lambda pair: _upload(pair, window="2026-5"), "the window is not an ISO week"),
        (lambda pair: _upload(pair, window="W" * 500), "the window is not an ISO week"),
        (lambda pair: _upload(pair, task="t" * 500), "no such task"),
        (lambda pair: _upload(pair, group="\0" * 100), "such a group"),
    ],
)
def test_a_message_that_names_no_batch_gets_a_sentence(
    pair: Pair, make: Callable[[Pair], bytes], sentence: str
) -> None:
    code, details = call(employer(pair), UPLOAD, make(pair))
    assert code in (_CODE.INVALID_ARGUMENT, _CODE.NOT_FOUND)
    assert sentence in details or sentence in details.replace("'", "")
    assert len(details) < 200


def test_a_report_without_an_id_gets_a_sentence(pair: Pair) -> None:
    message = report_pb2.UploadRequest.FromString(_upload(pair))
    message.report.report_id = b""
    code, details = call(employer(pair), UPLOAD, message.SerializeToString())
    assert (code, details) == (_CODE.INVALID_ARGUMENT, "a report id has 16 bytes, not 0")


NO_TOKEN = "a membership token has a part of the wrong size"


@pytest.mark.parametrize(
    "token",
    [
        report_pb2.Token(),
        report_pb2.Token(randomizer=bytes(32)),
        report_pb2.Token(signature=bytes(256)),
        report_pb2.Token(randomizer=bytes(32), signature=bytes(257)),
        report_pb2.Token(randomizer=bytes(31), signature=bytes(256)),
    ],
    ids=["empty", "no signature", "no randomizer", "long signature", "short randomizer"],
)
def test_a_report_without_a_whole_token_gets_a_sentence(
    pair: Pair, token: report_pb2.Token
) -> None:
    message = report_pb2.UploadRequest.FromString(_upload(pair))
    message.token.CopyFrom(token)
    code, details = call(employer(pair), UPLOAD, message.SerializeToString())
    assert (code, details) == (_CODE.INVALID_ARGUMENT, NO_TOKEN)
    message.ClearField("token")
    code, details = call(employer(pair), UPLOAD, message.SerializeToString())
    assert (code, details) == (_CODE.INVALID_ARGUMENT, NO_TOKEN)


def test_a_message_of_100_megabytes_is_refused_unread(pair: Pair) -> None:
    code, details = call(employer(pair), UPLOAD, bytes(100_000_000))
    assert code is _CODE.RESOURCE_EXHAUSTED
    assert "larger than max" in details


def test_a_job_of_too_many_reports_is_refused(pair: Pair) -> None:
    token = report_pb2.Token(randomizer=bytes(32), signature=bytes(256))
    assert _job(pair, _share(token=token), 257) == "a job has 1 to 256 reports, not 257"


def test_a_job_with_a_report_without_a_token_is_refused(pair: Pair) -> None:
    assert _job(pair, _share(), 1) == NO_TOKEN


def _share(token: report_pb2.Token | None = None) -> aggregation_pb2.ReportShare:
    return aggregation_pb2.ReportShare(
        report_id=bytes(16), leader_input_share_hash=bytes(32), token=token
    )


def _job(pair: Pair, share: aggregation_pb2.ReportShare, number: int) -> str:
    """What the helper says about a job that it does not take."""
    tls = pair.homes[Party.EMPLOYER].tls()
    message = aggregation_pb2.AggregationJobRequest(
        job_id=bytes(16), batch=batch_to_wire(pair.batch()), reports=[share] * number
    )
    code, details = call(
        council(pair), LEADER_TO_HELPER[2], message.SerializeToString(), pair_of_keys=tls
    )
    assert code is _CODE.INVALID_ARGUMENT
    return details


def test_an_unknown_method_is_unimplemented(pair: Pair) -> None:
    assert call(employer(pair), "/plurale.v1.Intake/Delete", b"")[0] is _CODE.UNIMPLEMENTED


@pytest.mark.parametrize("method", [*LEADER_ONLY, *FOR_DEVICES])
def test_devices_find_nothing_of_the_helper_at_the_leader(pair: Pair, method: str) -> None:
    assert call(employer(pair), method, b"")[0] is _CODE.UNIMPLEMENTED


@pytest.mark.parametrize("method", [*LEADER_ONLY, UPLOAD])
@pytest.mark.parametrize("who", [None, Party.EMPLOYER])
def test_the_councils_port_for_devices_serves_the_ledger_and_membership_alone(
    pair: Pair, method: str, who: Party | None
) -> None:
    tls = None if who is None else pair.homes[who].tls()
    answer = call(council(pair), method, b"", pair_of_keys=tls, as_device=True)
    assert answer[0] is _CODE.UNIMPLEMENTED
    assert call(council(pair), LEDGER[0], b"", as_device=True)[0] is _CODE.OK


def test_the_employers_port_at_the_council_serves_no_device(pair: Pair) -> None:
    tls = pair.homes[Party.EMPLOYER].tls()
    for method in FOR_DEVICES:
        assert call(council(pair), method, b"", pair_of_keys=tls)[0] is _CODE.UNIMPLEMENTED


def test_the_helper_takes_no_uploads(pair: Pair) -> None:
    tls = pair.homes[Party.EMPLOYER].tls()
    assert call(council(pair), UPLOAD, b"", pair_of_keys=tls)[0] is _CODE.UNIMPLEMENTED


def _nobody(pair: Pair) -> None:
    return None


def _the_council(pair: Pair) -> KeyPair:
    return pair.homes[Party.COUNCIL].tls()


def _somebody(pair: Pair) -> KeyPair:
    now = datetime.now(UTC)
    return certificates.server(certificates.authority("Somebody", now), ["127.0.0.1"], now)


@pytest.mark.parametrize("who", [_nobody, _the_council, _somebody])
def test_the_helper_speaks_to_nobody_but_the_leader(
    pair: Pair, who: Callable[[Pair], KeyPair | None]
) -> None:
    message = release_pb2.ReleaseRequest().SerializeToString()
    code, _ = call(council(pair), LEADER_TO_HELPER[3], message, pair_of_keys=who(pair))
    assert code is _CODE.UNAVAILABLE
    assert call(council(pair), FOLLOW, b"", pair_of_keys=who(pair))[0] is _CODE.UNAVAILABLE


@pytest.mark.parametrize("party", list(Party))
def test_a_server_of_another_authority_gets_nothing(pair: Pair, party: Party) -> None:
    """Each party has its own authority: the other one's server cannot pose as it."""
    terms = pair.signed.agreement.party(party)
    other = pair.signed.agreement.party(
        Party.COUNCIL if party is Party.EMPLOYER else Party.EMPLOYER
    )
    endpoint = terms.peer_endpoint or terms.endpoint
    error = _failure(endpoint, other.ca_certificate, pair.homes[Party.EMPLOYER].tls())
    assert isinstance(error, Unreachable)
    assert "certificate of another authority" in str(error)


def _failure(endpoint: Endpoint, ca_certificate: str, tls: KeyPair) -> PluraleError:
    credentials = grpc.ssl_channel_credentials(ca_certificate.encode(), tls.key, tls.certificate)
    with grpc.secure_channel(str(endpoint), credentials) as channel:
        send: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(UPLOAD)
        try:
            send(b"", timeout=20)
        except grpc.RpcError as error:
            return from_rpc(error, "the server")
    raise AssertionError("the server was believed")


def test_a_method_that_does_not_exist_is_a_fault_of_the_other_side(pair: Pair) -> None:
    tls = pair.homes[Party.EMPLOYER].tls()
    endpoint = council(pair).peer_endpoint
    assert endpoint is not None
    error = _failure(endpoint, council(pair).ca_certificate, tls)
    assert isinstance(error, RemoteFault)
    assert str(error).startswith("the server answered UNIMPLEMENTED")


def _client_hello(host: str) -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2"])
    tls = context.wrap_bio(incoming, outgoing, server_hostname=host)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize(
    "first_bytes",
    [
        lambda host: b"",
        lambda host: b"GET / HTTP/1.1\r\n\r\n",
        lambda host: b"\x16\x03\x01\xff\xff" + b"\0" * 500,
        lambda host: _client_hello(host)[:60],
        _client_hello,
    ],
    ids=["half open", "no TLS", "a broken record", "half a hello", "a hello and no more"],
)
@pytest.mark.parametrize("party", list(Party))
def test_connections_that_never_finish_their_handshake_hold_up_nobody(
    pair: Pair, party: Party, first_bytes: Callable[[str], bytes]
) -> None:
    terms = pair.signed.agreement.party(party)
    endpoint = terms.peer_endpoint or terms.endpoint
    sent = first_bytes(endpoint.host)
    with ExitStack() as stack:
        for _ in range(50):
            connection = socket.create_connection((endpoint.host, endpoint.port), timeout=10)
            stack.enter_context(connection)
            connection.sendall(sent)
        pair.upload(pair.report(pair.batch(group="west")))
        pair.step()
        assert pair.kept(Party.COUNCIL, pair.batch(group="west")).count == 1


def test_a_report_larger_than_any_of_the_agreement_is_refused_unread(pair: Pair) -> None:
    message = _upload(pair, task="t" * 100_000)
    code, details = call(employer(pair), UPLOAD, message)
    assert code is _CODE.RESOURCE_EXHAUSTED
    assert "larger than max" in details


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_a_compressed_message_is_refused_before_it_grows(
    pair: Pair, compression: grpc.Compression
) -> None:
    terms = employer(pair)
    credentials = grpc.ssl_channel_credentials(terms.ca_certificate.encode())
    with grpc.secure_channel(str(terms.endpoint), credentials, compression=compression) as channel:
        send: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(UPLOAD)
        with pytest.raises(grpc.RpcError) as refused:
            send(bytes(3000), timeout=20)
    assert refused.value.code() is _CODE.UNIMPLEMENTED
