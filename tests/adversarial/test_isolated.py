"""The limit: nine reports of a batch are somebody's own, so the result is the tenth and noise.

An employer would need tokens for the nine, which the council alone gives. A council that enters
nine members who do not exist has them, and knows its own server's noise on top.
"""

import pytest

from privacy.agreement.model import Party
from privacy.scales import HALF_RANGE
from tests.adversarial.guessing import SCALES, best_rate, margin, percent, rate_of, seen
from tests.adversarial.guessing import at_the_limits as at_the_limits_of
from tests.pair import Pair
from tests.threat_model import threats

pytestmark = pytest.mark.threat("employer-forges", "council-refuses", "council-adds-members")

CASES = 13_000


def test_a_result_over_nine_known_reports_and_one_is_that_one_with_its_noise(pair: Pair) -> None:
    """The council's noise is off here, as it is for a council that knows it."""
    batch = pair.batch()
    known, person = [HALF_RANGE], pair.measurement(batch)
    for _ in range(9):
        pair.upload(pair.report(batch, known))
    pair.upload(pair.report(batch, person))
    pair.step()
    pair.close_batch()
    pair.step()
    totals = pair.kept(Party.COUNCIL, batch).totals
    assert totals == [person[0] - HALF_RANGE]


def test_with_nine_of_ten_reports_known_the_employer_still_has_the_councils_noise() -> None:
    units = at_the_limits_of(SCALES, CASES)
    rate = rate_of(seen(SCALES, units, 1), units)
    variance = SCALES.client_variance + SCALES.helper_variance
    expected = best_rate(SCALES.sensitivity, variance)
    assert rate == pytest.approx(expected, abs=margin(expected, CASES))
    quarter = best_rate(13 * SCALES.sensitivity, 13 * variance)
    assert threats()["employer-forges"].says(percent(expected), percent(quarter))


def test_a_council_that_knows_nine_of_ten_reports_reads_as_much_as_both_together() -> None:
    week = best_rate(SCALES.sensitivity, SCALES.client_variance)
    assert threats()["council-adds-members"].says(percent(week))
    assert threats()["council-refuses"].says(percent(week))
