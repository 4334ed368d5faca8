"""The arithmetic of a release: roots, commitments, noise on one share, and what the sum says."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.errors import InvalidValue
from privacy.groups import GroupId
from privacy.merkle import tree_hash
from privacy.metrics import Histogram, Scalar
from privacy.release import (
    Z95,
    BatchResult,
    HistogramResult,
    Interval,
    ScalarResult,
    add_noise,
    commitment,
    id_root,
    unshard,
)
from privacy.report import ReportId
from privacy.scales import HALF_RANGE
from privacy.vdaf.field import MODULUS
from privacy.vdaf.messages import AggregateShare
from tests.unit.privacy.parties import Parties

TEAM = Parties.of()
SALES = Parties.of("breadth", "sales")
ids = st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=20, unique=True)


def shares_of(parties: Parties, sums: Sequence[int]) -> tuple[bytes, bytes]:
    """Two encoded aggregate shares of these sums."""
    vdaf = parties.collection.vdaf
    mask = tuple(secrets.randbelow(MODULUS) for _ in sums)
    rest = tuple((total - value) % MODULUS for total, value in zip(sums, mask, strict=True))
    return (
        vdaf.encode_aggregate_share(AggregateShare(mask)),
        vdaf.encode_aggregate_share(AggregateShare(rest)),
    )


# --- roots and commitments ------------------------------------------------------------------------


@given(ids.flatmap(st.permutations))
def test_an_id_root_does_not_depend_on_the_order(names: list[bytes]) -> None:
    in_order = [ReportId(name) for name in sorted(names)]
    assert id_root(ReportId(name) for name in names) == id_root(in_order) == tree_hash(in_order)


@given(ids, st.binary(min_size=16, max_size=16))
def test_one_report_more_is_another_root(names: list[bytes], one: bytes) -> None:
    if one not in names:
        more = [ReportId(name) for name in [*names, one]]
        assert id_root(more) != id_root(more[:-1])


def test_a_commitment_binds_salt_and_share_and_where_one_ends() -> None:
    made = {
        commitment(b"salt", b"share"),
        commitment(b"salT", b"share"),
        commitment(b"salt", b"sharE"),
        commitment(b"salts", b"hare"),
    }
    assert len(made) == 4
    assert {len(name) for name in made} == {32}


def test_the_hash_of_a_result_binds_salt_batch_count_and_every_total() -> None:
    result = BatchResult(TEAM.batch, 12, (3, -4))
    others = [
        replace(result, batch=replace(TEAM.batch, group=GroupId("south"))),
        replace(result, batch=replace(TEAM.batch, window=TEAM.batch.window.plus(1))),
        replace(result, count=11),
        replace(result, totals=(3, 4)),
        replace(result, totals=(-4, 3)),
        replace(result, totals=(3, -4, 0)),
        replace(result, totals=(34,)),
    ]
    hashes = {result.hash(b"s"), result.hash(b"t"), *(other.hash(b"s") for other in others)}
    assert len(hashes) == 2 + len(others)
    assert result.hash(b"s") == BatchResult(TEAM.batch, 12, (3, -4)).hash(b"s")


# --- shares and sums ------------------------------------------------------------------------------


@given(st.integers(1, 5000), st.integers(-(10**9), 10**9))
def test_offsets_are_removed_and_signs_restored(count: int, total: int) -> None:
    leader, helper = shares_of(TEAM, [count * HALF_RANGE + total])
    assert unshard(TEAM.batch, TEAM.collection, count, leader, helper).totals == (total,)


@given(st.integers(0, 2046 * 12), st.integers(-(10**6), 10**6))
def test_noise_may_take_a_sum_below_zero(total: int, noise: int) -> None:
    leader, helper = shares_of(TEAM, [total])
    noised = add_noise(TEAM.collection, helper, [noise])
    assert len(noised) == len(helper)
    result = unshard(TEAM.batch, TEAM.collection, 12, leader, noised)
    assert result.totals == (total - 12 * HALF_RANGE + noise,)


def test_the_two_ends_of_the_field_are_one_below_and_one_above_zero() -> None:
    for total in (-(MODULUS // 2), -1, 0, 1, MODULUS // 2):
        leader, helper = shares_of(TEAM, [HALF_RANGE + total])
        assert unshard(TEAM.batch, TEAM.collection, 1, leader, helper).totals == (total,)


def test_noise_goes_to_its_own_coordinate() -> None:
    length = SALES.collection.task.coordinates
    noise = [(-1) ** place * (1 + place) for place in range(length)]
    leader, helper = shares_of(SALES, [50 * HALF_RANGE] * length)
    noised = add_noise(SALES.collection, helper, noise)
    assert unshard(SALES.batch, SALES.collection, 50, leader, noised).totals == tuple(noise)


@pytest.mark.parametrize("length", [0, 2])
def test_noise_of_another_length_is_refused(length: int) -> None:
    _, helper = shares_of(TEAM, [0])
    with pytest.raises(ValueError, match="zip"):
        add_noise(TEAM.collection, helper, [1] * length)


@pytest.mark.parametrize(
    "share",
    [b"", bytes(15), bytes(17), bytes(32), MODULUS.to_bytes(16, "little"), b"\xff" * 16],
    ids=["empty", "short", "long", "two", "the prime", "largest"],
)
def test_what_is_no_aggregate_share_is_refused_at_either_side(share: bytes) -> None:
    good, _ = shares_of(TEAM, [5])
    for leader, helper in ((share, good), (good, share)):
        with pytest.raises(InvalidValue, match="headline / north / 2026-W05: an aggregate share"):
            unshard(TEAM.batch, TEAM.collection, 12, leader, helper)


def test_a_result_over_no_reports_is_refused() -> None:
    with pytest.raises(InvalidValue, match="at least one report"):
        BatchResult(TEAM.batch, 0, (0,))


# --- what the sum says ----------------------------------------------------------------------------


def test_a_scalar_is_the_target_and_the_sum_over_n() -> None:
    (scale,) = TEAM.collection.scales
    (result,) = BatchResult(TEAM.batch, 12, (3 * scale.sensitivity,)).metrics(TEAM.collection)
    assert isinstance(result, ScalarResult)
    # Three times the clip of a quarter, over twelve people.
    assert result.total == Fraction(3, 4)
    assert result.mean == Fraction(4, 5) + Fraction(1, 16)


@pytest.mark.parametrize("count", [10, 11, 12])
def test_the_variance_is_that_of_the_protocol(count: int) -> None:
    """θ σ² n / h + (1 − θ) σ² with σ² = c² / (2 ρ_w s), in exact fractions."""
    assert (TEAM.collection.threshold, TEAM.collection.honest) == (10, 8)
    (result,) = BatchResult(TEAM.batch, count, (0,)).metrics(TEAM.collection)
    wanted = Fraction(1, 4) ** 2 / (2 * Fraction(1, 2) / 13)
    assert result.variance == wanted / 2 * count / 8 + wanted / 2


def test_every_metric_of_a_task_gets_its_own_coordinates() -> None:
    totals = tuple(100 * (place + 1) for place in range(SALES.collection.task.coordinates))
    results = BatchResult(SALES.batch, 50, totals).metrics(SALES.collection)
    assert [result.metric for result in results] == list(SALES.collection.task.metrics)
    seen: list[Fraction] = []
    for result, scale in zip(results, SALES.collection.scales, strict=True):
        amounts = result.bins if isinstance(result, HistogramResult) else (result.total,)
        seen += [amount * scale.units for amount in amounts]
        assert result.count == 50
        assert result.variance == scale.sum_variance(50)
    assert seen == list(totals)


def test_the_interval_of_a_mean() -> None:
    (metric,) = TEAM.collection.task.metrics
    assert isinstance(metric, Scalar)
    interval = ScalarResult(metric, 10, Fraction(1), Fraction(4)).interval()
    assert interval.estimate == pytest.approx(0.9)
    assert interval.high - 0.9 == pytest.approx(Z95 * 2 / 10)
    assert 0.9 - interval.low == pytest.approx(Z95 * 2 / 10)


def test_the_bins_of_a_histogram_count_people_and_add_up_to_those_with_data() -> None:
    metric = SALES.collection.task.metrics[-1]
    assert isinstance(metric, Histogram)
    result = HistogramResult(metric, 50, (Fraction(20), Fraction(-1), Fraction(25)), Fraction(9))
    assert result.with_data == 44
    assert [interval.estimate for interval in result.intervals()] == [20, -1, 25]
    assert result.intervals(2)[1] == Interval(-1, -7, 5)
