"""A report: one person's noised numbers for one window, in two shares sealed to two parties.

Protocol §4.4 to 4.6. `prepare` is what a device does with values; `open_input_share` is what an
aggregator does with its half. Neither half says anything without the other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NewType

from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from privacy import fields, sealing
from privacy.agreement.model import Role
from privacy.batch import BatchId, Collection
from privacy.errors import InvalidValue, Rejection, ReportRejected
from privacy.membership import Token
from privacy.vdaf.errors import DecodeError
from privacy.vdaf.messages import InputShare

ReportId = NewType("ReportId", bytes)

REPORT_ID_SIZE: Final = 16
SEALED_FOR: Final = (Role.LEADER, Role.HELPER)
"""Input shares in the order of their VDAF aggregator ids."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a device sends. `id` is random and also the VDAF nonce."""

    batch: BatchId
    id: ReportId
    public_share: bytes
    leader_share: bytes
    helper_share: bytes

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an id of the wrong size."""
        if len(self.id) != REPORT_ID_SIZE:
            raise InvalidValue(f"a report id has {REPORT_ID_SIZE} bytes, not {len(self.id)}")

    @property
    def digest(self) -> bytes:
        """The report's one name, which tokens and receipts sign (protocol §4.6)."""
        return report_digest(
            self.batch,
            self.id,
            self.public_share,
            leader_hash=fields.sha256(self.leader_share),
            helper_hash=fields.sha256(self.helper_share),
        )


@dataclass(frozen=True, slots=True)
class Submission:
    """What a device uploads: a report, and the token that says that a member made it."""

    report: Report
    token: Token


def report_digest(
    batch: BatchId,
    report_id: ReportId,
    public_share: bytes,
    *,
    leader_hash: bytes,
    helper_hash: bytes,
) -> bytes:
    """SHA-256 over the parts of a report; the helper has only a hash of the leader's share."""
    return fields.digest(
        "plurale-1 report",
        batch.context,
        report_id,
        fields.sha256(public_share),
        leader_hash,
        helper_hash,
    )


def prepare(
    batch: BatchId,
    collection: Collection,
    measurement: Sequence[int],
    hpke_keys: Mapping[Role, bytes],
    random: Callable[[int], bytes],
) -> Report:
    """Shard a noised measurement and seal one input share to each party.

    `measurement`: the task's coordinates, each in [0, 2046]. `hpke_keys`: raw public keys.
    `random(n)` returns n fresh secret bytes. Called once per report: a retry sends the same bytes.
    """
    vdaf = collection.vdaf
    report_id = ReportId(random(REPORT_ID_SIZE))
    public, shares = vdaf.shard(batch.context, measurement, report_id, random(vdaf.RAND_SIZE))
    public_share = vdaf.encode_public_share(public)
    sealed = {
        role: seal(
            vdaf.encode_input_share(share), hpke_keys[role], role, batch, report_id, public_share
        )
        for role, share in zip(SEALED_FOR, shares, strict=True)
    }
    return Report(batch, report_id, public_share, sealed[Role.LEADER], sealed[Role.HELPER])


def seal(
    share: bytes,
    public_key: bytes,
    role: Role,
    batch: BatchId,
    report_id: ReportId,
    public_share: bytes,
) -> bytes:
    """Seal one encoded input share to one party, bound to its place by HPKE's info."""
    return sealing.seal(share, public_key, _info(role, batch, report_id, public_share))


def open_input_share(
    collection: Collection,
    private_key: MLKEM768X25519PrivateKey,
    role: Role,
    batch: BatchId,
    report_id: ReportId,
    public_share: bytes,
    sealed: bytes,
) -> InputShare:
    """Decrypt and decode one's own input share.

    Raises `ReportRejected`: CANNOT_OPEN for anything altered or made for another place,
    MALFORMED_SHARE for a plaintext that is no input share.
    """
    try:
        encoded = sealing.unseal(sealed, private_key, _info(role, batch, report_id, public_share))
    except sealing.CannotOpen as error:
        raise ReportRejected(Rejection.CANNOT_OPEN) from error
    try:
        return collection.vdaf.decode_input_share(SEALED_FOR.index(role), encoded)
    except DecodeError as error:
        raise ReportRejected(Rejection.MALFORMED_SHARE) from error


def sizes(collection: Collection) -> tuple[int, int, int]:
    """Bytes of the public share and of the two sealed shares of every report of a task."""
    vdaf = collection.vdaf
    return (
        vdaf.public_share_size,
        vdaf.input_share_size(0) + sealing.OVERHEAD,
        vdaf.input_share_size(1) + sealing.OVERHEAD,
    )


def check_sizes(collection: Collection, report: Report) -> None:
    """Raise `ReportRejected` (WRONG_SIZE) unless every part has exactly the size of the task's."""
    parts = report.public_share, report.leader_share, report.helper_share
    if tuple(map(len, parts)) != sizes(collection):
        raise ReportRejected(Rejection.WRONG_SIZE)


def _info(role: Role, batch: BatchId, report_id: ReportId, public_share: bytes) -> bytes:
    # HPKE in `cryptography` takes no associated data, so `info` binds the share to its place.
    return fields.concat(
        "plurale-1 input share", role, batch.context, report_id, fields.sha256(public_share)
    )
