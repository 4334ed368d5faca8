"""The guarantee that people are shown, checked from outside with privacy-loss distributions.

What is checked is what an agreement promises: noise from the helper and from h = threshold −
assumed_colluders clients, none from anybody else, each client's cut off at B − C, over 13 windows
and all metrics of both tasks that a person reports to.

Two limits. The ε that is shown is an upper bound, 6 % above that of a Gaussian that spends the same
ρ; staying below it is the promise. Noise that spends exactly the ρ it should stays below the exact
ε of that Gaussian plus MARGIN; a fault too small to break the promise is found there. MARGIN holds
78 roundings of 1e-5 (13 windows of six moved coordinates) and the lost tails.

Nothing here is random.
"""

import dataclasses
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Final, TypeAlias

import pytest
from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

from privacy.agreement.model import DELTA, PrivacyTerms
from privacy.agreement.words import guess_rates
from privacy.batch import Collection
from privacy.groups import MIN_HONEST, Group, GroupId, Level, Thresholds
from privacy.noise import epsilon
from privacy.scales import Scales
from privacy.window import WINDOWS_PER_QUARTER
from tests.agreements import breadth, headline, make_agreement, sales_groups
from tests.statistical.losses import (
    Law,
    Move,
    client_noise,
    compose,
    gaussian_epsilon,
    moves,
    released_noise,
)
from tests.unit.privacy.parties import agreed, both_sign

MARGIN: Final = 0.001
ONE: Final = Fraction(1)

Fault: TypeAlias = Callable[[Move, int], tuple[Move, int]]
"""Changes one coordinate's move or noise, or how many clients send theirs."""


def as_promised(move: Move, honest: int) -> tuple[Move, int]:
    return move, honest


def scale_at_nine_tenths(move: Move, honest: int) -> tuple[Move, int]:
    scales, less = move.scales, Fraction(81, 100)
    narrow = dataclasses.replace(
        scales,
        client_variance=scales.client_variance * less,
        helper_variance=scales.helper_variance * less,
    )
    return Move(narrow, move.by), honest


def one_share_missing(move: Move, honest: int) -> tuple[Move, int]:
    return move, honest - 1


def a_tenth_more_sensitive(move: Move, honest: int) -> tuple[Move, int]:
    return Move(move.scales, -(-11 * move.by // 10)), honest


def quarter(
    *collections: Collection,
    fault: Fault = as_promised,
    law: Callable[..., Law] = released_noise,
    times: int = 1,
) -> PrivacyLossDistribution:
    """What a person's quarter gives away; `times` 2 is one limit against the other."""
    parts: dict[Move, tuple[Law, int]] = {}
    for collection in collections:
        for move, coordinates in moves(collection).items():
            changed, clients = fault(Move(move.scales, times * move.by), collection.honest)
            noise = law(changed.scales, clients)
            parts[changed] = noise, WINDOWS_PER_QUARTER * coordinates
    return compose(parts)


def of_team(team: str) -> tuple[Collection, Collection]:
    pair = Collection.of(agreed(), "headline", team), Collection.of(agreed(), "breadth", "sales")
    assert all(each.honest == each.threshold - Thresholds().assumed_colluders for each in pair)
    return pair


@cache
def large() -> tuple[Collection, Collection]:
    """Somebody in a team of 12 in a department of 1,000: h = 8 and 665."""
    department, *teams = sales_groups()
    groups = (dataclasses.replace(department, roster=1000), *teams)
    signed = both_sign(make_agreement(groups=groups))
    pair = Collection.of(signed, "headline", "north"), Collection.of(signed, "breadth", "sales")
    assert [collection.honest for collection in pair] == [8, 665]
    return pair


def one_metric(rho: int, thresholds: Thresholds, roster: int) -> Collection:
    """The whole budget in one metric, so that a person moves one sum as far as can be."""
    agreement = make_agreement(
        groups=(Group(GroupId("north"), Level.TEAM, roster),),
        tasks=(headline(share=ONE),),
        privacy=PrivacyTerms(Fraction(rho), thresholds),
    )
    return Collection.of(both_sign(agreement), "headline", "north")


# --- what is agreed on ----------------------------------------------------------------------------


def test_a_person_moves_every_scalar_and_one_bin_by_the_sensitivity() -> None:
    """The move that all tests below are about, as production encodes it."""
    team, department = of_team("north")
    assert [(move.by, count) for move, count in moves(team).items()] == [
        (team.scales[0].sensitivity, 1)
    ]
    assert sum(moves(department).values()) == len(breadth().metrics)
    assert {move.by for move in moves(department)} == {
        scales.sensitivity for scales in department.scales
    }


@pytest.mark.parametrize("team", ["north", "south", "west", "in a large department"])
def test_a_quarter_of_every_group_stays_below_the_epsilon_shown(team: str) -> None:
    collections = large() if team == "in a large department" else of_team(team)
    found = quarter(*collections).get_epsilon_for_delta(DELTA)
    assert found <= epsilon(ONE, DELTA)
    assert found <= gaussian_epsilon(1, DELTA) + MARGIN


@pytest.mark.parametrize(
    ("fault", "breaks_the_promise"),
    [(scale_at_nine_tenths, True), (a_tenth_more_sensitive, True), (one_share_missing, False)],
)
@pytest.mark.parametrize("group", ["team of 12", "in a large department"])
def test_a_fault_is_found(fault: Fault, breaks_the_promise: bool, group: str) -> None:
    """One of 8 shares missing costs ρ = 16/15 in its task: found, though still as good as shown."""
    collections = large() if group == "in a large department" else of_team("north")
    found = quarter(*collections, fault=fault).get_epsilon_for_delta(DELTA)
    assert found > gaussian_epsilon(1, DELTA) + MARGIN
    assert (found > epsilon(ONE, DELTA)) is breaks_the_promise


def test_cutting_the_noise_off_makes_no_difference_to_three_digits() -> None:
    def whole(scales: Scales, clients: int) -> Law:
        return released_noise(scales, clients, truncated=False)

    cut, uncut = quarter(*of_team("north")), quarter(*of_team("north"), law=whole)
    assert cut.get_epsilon_for_delta(DELTA) == pytest.approx(
        uncut.get_epsilon_for_delta(DELTA), abs=5e-4
    )


# --- at the edges of what an agreement may say ----------------------------------------------------


def test_ten_times_the_budget_that_rests_on_two_honest_clients_stays_below() -> None:
    """Seven reports, five of them without noise, ρ_Q = 10: six deviations are still enough."""
    few = one_metric(10, Thresholds(7, 5), 10)
    assert few.honest == MIN_HONEST
    assert quarter(few).get_epsilon_for_delta(DELTA) <= epsilon(Fraction(10), DELTA)


@pytest.mark.parametrize("thresholds", [Thresholds(7, 5), Thresholds()], ids=["h = 2", "h = 8"])
@pytest.mark.parametrize("rho", [1, 5])
def test_the_council_that_knows_its_own_noise_learns_what_is_stated(
    thresholds: Thresholds, rho: int
) -> None:
    """ρ / θ: only the clients' noise is left, and that is cut off (protocol §7).

    With one honest client and ρ_Q = 2 the cut alone gives a person away more often than δ, which
    is why an agreement needs two.
    """
    team = one_metric(rho, thresholds, 10)
    found = quarter(team, law=client_noise).get_epsilon_for_delta(DELTA)
    assert found <= epsilon(rho / team.client_share, DELTA)
    assert found > epsilon(Fraction(rho), DELTA)


# --- one limit against the other, and guessing ----------------------------------------------------


def test_one_limit_against_the_other_spends_four_times_as_much() -> None:
    """At most: in a histogram it is two bins by C, which is twice."""
    (team, _) = of_team("north")
    rho = 4 * team.rho * WINDOWS_PER_QUARTER
    found = quarter(team, times=2)
    assert found.get_epsilon_for_delta(DELTA) <= epsilon(rho, DELTA)
    exact = gaussian_epsilon(float(rho), DELTA)
    assert exact - MARGIN <= found.get_epsilon_for_delta(DELTA) <= exact + MARGIN
    assert found.get_delta_for_epsilon(epsilon(rho, DELTA)) <= DELTA


def test_nobody_guesses_right_more_often_than_shown() -> None:
    """The best test of two laws is right in (1 + their total variation) / 2 of the cases."""
    whole = one_metric(1, Thresholds(), 12)
    shown = guess_rates(1)
    for times, rate in zip((1, 2), shown, strict=True):
        best = (1 + quarter(whole, times=times).get_delta_for_epsilon(0)) / 2
        assert rate - MARGIN <= best <= rate + MARGIN / 10
    assert [round(rate, 2) for rate in shown] == [0.76, 0.92]
