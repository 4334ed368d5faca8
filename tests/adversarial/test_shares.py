"""No party learns a value: what each one opens and computes looks the same for any value.

Reports that are all at the lower limit and all at the upper limit are opened and expanded as each
party does it. Their bytes must be uniform, and must not differ between the two sets.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest

from privacy.agreement.model import Role
from privacy.batch import BatchId
from privacy.errors import Rejection, ReportRejected
from privacy.groups import GroupId
from privacy.metrics import TaskId
from privacy.noise import DiscreteGaussian, noisy_measurement
from privacy.report import Report, ReportId, open_input_share, seal
from privacy.vdaf import randomness
from privacy.vdaf.field import MODULUS, Vector, add, encode, subtract
from privacy.vdaf.messages import LeaderShare, VerifierShare
from privacy.vdaf.xof import SEED_SIZE
from tests.adversarial.indistinguishable import Matrix, findings, matrix
from tests.agreements import make_agreement, new_keys
from tests.unit.privacy.parties import VERIFY_KEY, Parties, both_sign

pytestmark = pytest.mark.threat("employer-reads", "council-reads", "employer-replays")

REPORTS = 500
PARTIES = Parties.of()
VDAF, CTX = PARTIES.collection.vdaf, PARTIES.batch.context
LOWEST, HIGHEST = 0, 2046

Split = Callable[[Sequence[int]], tuple[Vector, Vector]]


@dataclass(frozen=True)
class View:
    """What one party has of one report: shares of measurement and proof, and its verifier share."""

    measurement: Vector
    proof: Vector
    verifier: VerifierShare

    @property
    def parts(self) -> dict[str, bytes]:
        return {
            "measurement share": encode(self.measurement),
            "proof share": encode(self.proof),
            "verifier share": encode(self.verifier.verifier),
            "joint randomness part": self.verifier.joint_rand_part,
        }


def opened(report: Report, role: Role) -> View:
    """Open and expand a share, and compute the verifier share, as this party does."""
    verifier = PARTIES.verifier(role)
    sealed = report.leader_share if role is Role.LEADER else report.helper_share
    share = open_input_share(
        PARTIES.collection,
        verifier.private_key,
        role,
        report.batch,
        report.id,
        report.public_share,
        sealed,
    )
    agg_id = 0 if isinstance(share, LeaderShare) else 1
    public = VDAF.decode_public_share(report.public_share)
    _, said = VDAF.verify_init(verifier.verify_key, CTX, agg_id, report.id, public, share)
    if isinstance(share, LeaderShare):
        return View(share.measurement_share, share.proof_share, said)
    return View(
        randomness.helper_measurement_share(CTX, 1, share.seed, VDAF.circuit.encoded_length),
        randomness.helper_proof_share(CTX, 1, share.seed, VDAF.flp.proof_length),
        said,
    )


def seen(measurements: Sequence[Sequence[int]]) -> dict[Role, dict[str, Matrix]]:
    """By party and part: one row of bytes for each report."""
    reports = [PARTIES.report(measurement) for measurement in measurements]
    found: dict[Role, dict[str, Matrix]] = {}
    for role in Role:
        views = [opened(report, role).parts for report in reports]
        found[role] = {part: matrix([view[part] for view in views]) for part in views[0]}
    return found


def without_noise(value: int) -> list[list[int]]:
    return [[value]] * REPORTS


def with_noise(value: Fraction) -> list[list[int]]:
    collection = PARTIES.collection
    encoded = collection.encode({metric.id: value for metric in collection.task.metrics})
    assert abs(encoded[0]) == collection.scales[0].sensitivity
    source = DiscreteGaussian()
    return [
        noisy_measurement(encoded, collection.coordinate_scales, source) for _ in range(REPORTS)
    ]


# --- shares ---------------------------------------------------------------------------------------


def test_neither_party_can_tell_one_end_of_the_range_from_the_other() -> None:
    assert_alike(seen(without_noise(LOWEST)), seen(without_noise(HIGHEST)))


def test_neither_party_can_tell_the_lower_from_the_upper_limit_with_noise() -> None:
    assert_alike(seen(with_noise(Fraction(-9))), seen(with_noise(Fraction(9))))


def assert_alike(low: dict[Role, dict[str, Matrix]], high: dict[Role, dict[str, Matrix]]) -> None:
    for role in Role:
        for part, rows in low[role].items():
            assert findings(rows, high[role][part]) == [], f"{role}: {part}"


def verifier_sums(value: int, prover_seed: Callable[[], bytes]) -> list[Vector]:
    """Sums of both verifier shares of reports that are all read at one point.

    Under one nonce, since a query point of its own would make any report's verifier look random.
    The prover's seed is the last part of the sharding randomness.
    """
    nonce, sums = bytes(16), []
    for _ in range(REPORTS):
        rand = secrets.token_bytes(VDAF.RAND_SIZE - SEED_SIZE) + prover_seed()
        public, shares = VDAF.shard(CTX, [value], nonce, rand)
        said = [
            VDAF.verify_init(VERIFY_KEY, CTX, agg_id, nonce, public, share)[1].verifier
            for agg_id, share in enumerate(shares)
        ]
        sums.append(add(*said))
    return sums


def wires(sums: Sequence[Vector]) -> Matrix:
    """All wires at the query point: what a verifier is, between its output and the gadget."""
    return matrix([encode(verifier[1:-1]) for verifier in sums])


def test_both_verifier_shares_together_say_only_that_the_report_is_valid() -> None:
    """The helper has its own verifier share and the leader's: it sees their sum."""
    low, high = (
        verifier_sums(value, lambda: secrets.token_bytes(SEED_SIZE)) for value in (LOWEST, HIGHEST)
    )
    assert {verifier[0] for verifier in low + high} == {0}
    assert findings(wires(low), wires(high)) == []


def test_a_prover_that_uses_its_seed_again_is_noticed() -> None:
    low, high = (verifier_sums(value, lambda: bytes(SEED_SIZE)) for value in (LOWEST, HIGHEST))
    assert any("tell low from high" in finding for finding in findings(wires(low), wires(high)))


def test_what_is_public_and_what_travels_sealed_says_nothing_either() -> None:
    rows: list[dict[str, Matrix]] = []
    for value in (LOWEST, HIGHEST):
        reports = [PARTIES.report(measurement) for measurement in without_noise(value)]
        rows.append(
            {
                "id": matrix([report.id for report in reports]),
                "public share": matrix([report.public_share for report in reports]),
                # Past the encapsulated key, which is no string of uniform bytes.
                "leader": matrix([report.leader_share[1120:] for report in reports]),
                "helper": matrix([report.helper_share[1120:] for report in reports]),
            }
        )
    for part, low in rows[0].items():
        assert findings(low, rows[1][part]) == [], part


# --- the test itself ------------------------------------------------------------------------------


def in_the_clear(encoded: Sequence[int]) -> tuple[Vector, Vector]:
    """One party gets the value, the other nothing."""
    return tuple(encoded), (0,) * len(encoded)


def small_shares(encoded: Sequence[int]) -> tuple[Vector, Vector]:
    """Random, and far from filling the field."""
    share = tuple(secrets.randbits(64) for _ in encoded)
    return subtract(encoded, share), share


def one_mask_for_all(encoded: Sequence[int]) -> tuple[Vector, Vector]:
    """A good mask, used again and again."""
    share = tuple((7**97 * (place + 1)) % MODULUS for place in range(len(encoded)))
    return subtract(encoded, share), share


def a_bit_that_tells(encoded: Sequence[int]) -> tuple[Vector, Vector]:
    """Uniform but for the last bit of one element."""
    share = [secrets.randbelow(MODULUS - 1) for _ in encoded]
    share[3] = share[3] & ~1 | encoded[3]
    return subtract(encoded, share), tuple(share)


def good_split(encoded: Sequence[int]) -> tuple[Vector, Vector]:
    share = tuple(secrets.randbelow(MODULUS) for _ in encoded)
    return subtract(encoded, share), share


def noticed(split: Split, place: int) -> list[str]:
    """What the test finds in one party's measurement shares of a split."""
    low, high = (
        matrix([encode(split(VDAF.circuit.encode([value]))[place]) for _ in range(REPORTS)])
        for value in (LOWEST, HIGHEST)
    )
    return findings(low, high)


@pytest.mark.parametrize("place", [0, 1], ids=["leader", "helper"])
@pytest.mark.parametrize("split", [in_the_clear, small_shares, one_mask_for_all, a_bit_that_tells])
def test_a_trivial_split_is_noticed(split: Split, place: int) -> None:
    if split is a_bit_that_tells and place == 0:
        # It tells the helper. What is left at the leader is a bit that is always the same.
        assert any("byte 48 are not uniform" in finding for finding in noticed(split, place))
        return
    assert noticed(split, place)


def test_a_value_in_the_clear_and_a_telling_bit_are_noticed_as_a_difference() -> None:
    assert any("tell low from high" in finding for finding in noticed(in_the_clear, 0))
    assert any("byte 48 tell low from high" in finding for finding in noticed(a_bit_that_tells, 1))


def test_a_good_split_is_not_noticed() -> None:
    assert noticed(good_split, 0) == noticed(good_split, 1) == []


# --- the other party's share ----------------------------------------------------------------------


def refused(
    report: Report, role: Role, *, as_role: Role | None = None, key_of: Role | None = None
) -> bool:
    """Whether `role`'s share does not open, as `as_role`, with the key of `key_of`."""
    sealed = report.leader_share if role is Role.LEADER else report.helper_share
    try:
        open_input_share(
            PARTIES.collection,
            PARTIES.verifier(key_of or role).private_key,
            as_role or role,
            report.batch,
            report.id,
            report.public_share,
            sealed,
        )
    except ReportRejected as rejected:
        return rejected.reason is Rejection.CANNOT_OPEN
    return False


@pytest.mark.parametrize(
    ("role", "other"), [(Role.LEADER, Role.HELPER), (Role.HELPER, Role.LEADER)]
)
def test_a_server_cannot_open_the_others_share(role: Role, other: Role) -> None:
    report = PARTIES.report([7])
    assert not refused(report, role)
    for as_role in Role:
        assert refused(report, role, as_role=as_role, key_of=other)


@pytest.mark.parametrize(
    ("role", "other"), [(Role.LEADER, Role.HELPER), (Role.HELPER, Role.LEADER)]
)
def test_a_share_for_one_role_opens_under_no_other(role: Role, other: Role) -> None:
    report = PARTIES.report([7])
    assert refused(report, role, as_role=other)


def another_batch() -> list[BatchId]:
    """Batches that differ from PARTIES' own in one thing each."""
    batch = PARTIES.batch
    return [
        replace(batch, agreement=both_sign(make_agreement(version=2)).digest),
        replace(batch, task=TaskId("breadth")),
        replace(batch, group=GroupId("south")),
        replace(batch, window=batch.window.plus(1)),
        replace(batch, window=batch.window.plus(-1)),
    ]


@pytest.mark.parametrize("role", list(Role))
def test_a_share_opens_in_its_own_batch_only(role: Role) -> None:
    report = PARTIES.report([7])
    for batch in another_batch():
        assert refused(replace(report, batch=batch), role), batch


@pytest.mark.parametrize("role", list(Role))
def test_a_share_opens_for_its_own_report_id_and_public_share_only(role: Role) -> None:
    report, other = PARTIES.report([7]), PARTIES.report([7])
    assert refused(replace(report, id=other.id), role)
    assert refused(replace(report, id=ReportId(bytes(16))), role)
    assert refused(replace(report, public_share=other.public_share), role)
    assert refused(replace(report, public_share=b""), role)
    assert refused(
        replace(report, leader_share=other.leader_share, helper_share=other.helper_share), role
    )


@pytest.mark.parametrize("role", list(Role))
def test_a_share_sealed_for_another_agreements_key_is_closed(role: Role) -> None:
    report = PARTIES.report([7])
    share, key = bytes(64), new_keys().hpke_public
    stranger = seal(share, key, role, report.batch, report.id, report.public_share)
    assert refused(replace(report, leader_share=stranger, helper_share=stranger), role)
