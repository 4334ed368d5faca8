"""No text that a domain object makes of itself carries a share, a key or a value."""

import base64
import dataclasses
import importlib
import pkgutil
import secrets
import typing
from collections.abc import Iterator
from types import ModuleType

import pytest

import privacy
from privacy.aggregation import JOB_ID_SIZE, Job, add_up
from privacy.agreement.model import Role
from privacy.errors import PluraleError
from privacy.release import Ask, Opening, OpeningAnswer, commitment, id_root, unshard
from privacy.vdaf.errors import VdafError
from privacy.vdaf.messages import LeaderShare
from tests.unit.privacy.parties import VERIFY_KEY, Parties, new_id, with_token

pytestmark = pytest.mark.threat("logs-tell")

PARTIES = Parties.of()
VDAF = PARTIES.collection.vdaf

SHOWN = {
    # Names and hashes, which identify and say nothing else.
    "Ask.commitment",
    "Ask.id_root",
    "BatchId.agreement",
    "Checkpoint.root",
    "Job.id",
    "OpeningAnswer.result_hash",
    "NoteSignature.key_id",
    "NoteSignature.value",
    "Receipt.report_digest",
    "Receipt.signature",
    "Report.id",
    "ReportShare.id",
    "ReportShare.leader_share_hash",
    "Signed.device",
    "SignedAgreement.digest",
    # The ledger, which everybody may see: names, hashes, public keys, and proofs made of hashes.
    "AgreementActivated.agreement",
    "AgreementRetired.agreement",
    "BatchKeyPublished.modulus",
    "BatchReleased.commitment",
    "BatchReleased.id_root",
    "BatchReleased.noised_share_hash",
    "CheckpointAnswer.consistency",
    "Entry.previous",
    "Export.entries",
    "FollowAnswer.entries",
    "Frontier.roots",
    "Inclusion.proof",
    "Keys.council",
    "Keys.employer",
    "Lines.entries",
    "OutcomeAnswer.report_ids",
    "ProvenEntry.data",
    "ProvenEntry.proof",
    "ResultOpened.hash",
    "VerifyKeysCommitted.helper",
    "VerifyKeysCommitted.leader",
    "VerifyKeysCommitted.task",
    "WindowKeysPublished.council",
    "WindowKeysPublished.employer",
    # Public by their nature: public keys, and what every party receives.
    "BatchKey.modulus",
    "PartyTerms.server_key",
    "PartyTerms.signing_key",
    "PublicShare.joint_rand_parts",
    "Report.public_share",
    "ReportShare.public_share",
    "SignedAgreement.envelope",
    "Token.randomizer",
    "Token.signature",
    "VerifierMessage.joint_rand_seed",
    "VerifierShare.joint_rand_part",
    "VerifyState.joint_rand_seed",
    # Sealed, or blinded.
    "Blinding.request",
    "Report.helper_share",
    "Report.leader_share",
    "ReportShare.helper_share",
    # A team's released result is for people to read.
    "BatchResult.totals",
    "Opened.totals",
}
"""Every field with bytes or vectors of integers that its class shows, and why it may."""


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(privacy.__path__, "privacy."):
        # The vectors in these are published.
        if found.name not in {"privacy.vdaf.vector_file", "privacy.vdaf.known_answers"}:
            yield importlib.import_module(found.name)


def is_raw(hint: object) -> bool:
    """Whether a type holds bytes or a sequence of integers."""
    hint = getattr(hint, "__supertype__", hint)
    if hint is bytes:
        return True
    return typing.get_origin(hint) is tuple and any(
        part is int or is_raw(part) for part in typing.get_args(hint)
    )


def shown_fields() -> set[str]:
    shown = set()
    for module in modules():
        for kind in vars(module).values():
            if not isinstance(kind, type) or not dataclasses.is_dataclass(kind):
                continue
            hints = typing.get_type_hints(kind)
            shown |= {
                f"{kind.__name__}.{field.name}"
                for field in dataclasses.fields(kind)
                if field.repr and is_raw(hints[field.name])
            }
    return shown


def test_every_field_that_is_shown_has_a_reason() -> None:
    """A new one with bytes in it is hidden with ``field(repr=False)``, or gets its reason above."""
    assert shown_fields() == SHOWN


def spellings(secret: bytes) -> Iterator[str]:
    """How a text could carry bytes: hex, base64, escaped, or as numbers."""
    for start in range(0, len(secret) - 15, 16):
        piece = secret[start : start + 16]
        yield piece.hex()
        yield base64.b64encode(piece)[:20].decode()
        yield str(list(piece))[1:-1]
        # Escapes differ with the quotes around them.
        yield max(repr(piece)[2:-1].replace('"', "'").split("'"), key=len)
        yield str(int.from_bytes(piece, "little"))
        yield str(int.from_bytes(piece, "big"))


def texts(thing: object) -> str:
    return f"{thing!r}\n{thing}"


def test_no_object_on_the_whole_path_shows_a_secret() -> None:
    report_id, rand = new_id(), secrets.token_bytes(VDAF.RAND_SIZE)
    public, shares = VDAF.shard(PARTIES.batch.context, [1511], report_id, rand)
    report = PARTIES.encoded(public, shares, report_id)
    leader, helper = PARTIES.verifier(Role.LEADER), PARTIES.verifier(Role.HELPER)
    submission = with_token(report)
    request, state = leader.start(submission)
    message, helper_out = helper.answer(request)
    leader_out = leader.finish(state, message)
    sums = [add_up(PARTIES.collection, None, [out]) for out in (leader_out, helper_out)]
    salt, result_salt = secrets.token_bytes(32), secrets.token_bytes(32)
    result = unshard(PARTIES.batch, PARTIES.collection, 1, sums[0], sums[1])
    encoded = [VDAF.encode_input_share(share) for share in shares]
    objects = [
        *(public, *shares, submission, leader, helper, request, state, leader_out, helper_out),
        *(PARTIES.batch, PARTIES.collection, VDAF, VDAF.flp, VDAF.circuit),
        Job(bytes(JOB_ID_SIZE), PARTIES.batch, (request,)),
        *(VDAF.decode_aggregate_share(total) for total in sums),
        VDAF.decode_verifier_share(request.leader_verifier_share),
        VDAF.decode_verifier_message(message),
        Ask(PARTIES.batch, 1, id_root([report_id]), commitment(salt, sums[0])),
        Opening(PARTIES.batch, salt, sums[0]),
        OpeningAnswer(result_salt, result.hash(result_salt)),
    ]
    # Without the joint randomness part at its end, which is public.
    verifier = request.leader_verifier_share[: -len(message)]
    secret = [rand, *encoded, *sums, verifier, salt, result_salt, VERIFY_KEY]
    for thing in objects:
        shown = texts(thing)
        for piece in (spelling for one in secret for spelling in spellings(one)):
            assert piece not in shown, type(thing).__name__


def test_a_shown_secret_would_be_noticed() -> None:
    secret = secrets.token_bytes(32)
    for shown in (repr({"key": b"before" + secret}), secret.hex(), str(list(secret))):
        assert any(piece in shown for piece in spellings(secret))
    share = LeaderShare((int.from_bytes(secret[:15], "little"),), (), bytes(32))
    assert any(p in str(share.measurement_share) for p in spellings(secret[:15] + b"\0"))


@pytest.mark.parametrize("measurement", [[31337], [-31337], [31337, 31337]])
def test_no_error_tells_a_value(measurement: list[int]) -> None:
    with pytest.raises((PluraleError, VdafError)) as raised:
        PARTIES.report(measurement)
    assert "31337" not in str(raised.value)
