from fractions import Fraction

import pytest
from hypothesis import given, settings

from privacy.agreement.envelope import key_id
from privacy.agreement.model import Agreement, ClockStart, MailRules, Party, PrivacyTerms
from privacy.agreement.quantities import amount, clip, decimal, in_100, target, weekdays
from privacy.agreement.words import WIDTH, fingerprint, guess_rates, in_plain_words
from privacy.catalogue import CATALOGUE, Kind
from privacy.errors import InvalidValue
from privacy.groups import GroupId
from privacy.metrics import Direction
from tests.agreements import announced, breadth, headline, make_agreement, scalar
from tests.unit.agreement.strategies import agreements

NORTH = GroupId("north")


def flat(agreement: Agreement, group: GroupId | None = None, epsilon: float | None = None) -> str:
    """The text on one line, every kind of space alike."""
    return " ".join(in_plain_words(agreement, group=group, epsilon=epsilon).split())


def test_a_member_reads_what_their_device_computes_and_for_whom() -> None:
    text = flat(make_agreement(), NORTH)
    assert "north, as a whole, when at least 10 of its 12 members report" in text
    assert "sales, as a whole, when at least 42 of its 62 members report" in text
    assert "south" not in text
    for metric in (*headline().metrics, *breadth().metrics):
        assert CATALOGUE[metric.id].sentence in text
        assert CATALOGUE[metric.id].missing in text


def test_without_a_group_every_group_is_shown() -> None:
    text = flat(make_agreement())
    assert all(f"{name}, as a whole" in text for name in ("north", "south", "west", "sales"))


def test_a_team_without_a_department_reads_only_about_its_own_task() -> None:
    groups = make_agreement().groups
    lone = (groups[0], type(groups[1])(NORTH, groups[1].level, 12), *groups[2:])
    text = flat(make_agreement(groups=lone), NORTH)
    assert "“headline”" in text
    assert "“breadth”" not in text
    assert "last input" not in text


def test_an_unknown_group_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        InvalidValue, match="no group 'east': choose from sales, north, south, west"
    ):
        in_plain_words(make_agreement(), group=GroupId("east"))


def test_it_says_who_why_when_and_whom_to_ask() -> None:
    text = flat(make_agreement(upload_days=3, retention_weeks=26))
    for part in (
        "Agreement of Example GmbH, version 1",
        "without watching anyone",
        "From Monday 29 December 2025 to Sunday 27 September 2026 (2026-W01 to 2026-W39)",
        "employer.plurale.example:8443, administered by IT operations",
        "council.plurale.example:8443, administered by the council's own provider. The employer "
        "reaches it at council.plurale.example:8444.",
        "council@example.com",
        "within 3 days after the week",
        "to delete results after 26 weeks",
        "Monday to Friday, 09:00 to 17:00; core hours are 10:00 to 15:00 (Europe/Berlin",
    ):
        assert part in text


def test_it_says_what_remains() -> None:
    text = flat(make_agreement())
    assert "If the employer and the council worked together against you, they could read" in text
    assert "A sent report cannot be withdrawn" in text


def test_both_fingerprints_are_shown_to_compare() -> None:
    agreement = make_agreement()
    text = in_plain_words(agreement).replace(" ", "").replace("\n", "")
    for terms in (agreement.employer, agreement.council):
        assert key_id(terms.signing_key) in text


def test_a_key_that_may_sign_next_is_told_with_its_fingerprint_for_its_party_alone() -> None:
    council = announced(Party.COUNCIL)
    assert council.successor_key is not None
    text = flat(make_agreement(council=council))
    lines = " ".join(fingerprint(council.successor_key))
    assert f"From the next version on the council may sign with another key: {lines}" in text
    assert "the employer may sign" not in text
    assert "may sign with another key" not in flat(make_agreement())


def test_the_strength_is_given_as_guesses_and_as_rho() -> None:
    text = flat(make_agreement())
    assert "at most 76 of 100 cases" in text
    assert "at most 92 of 100" in text
    assert "noise of its own server, it is 84 and 98" in text
    assert "Over a whole year of reports it is 92 and more than 99" in text
    assert "ρ = 1 (zCDP)" in text
    assert "ε" not in text
    assert "ε = 7.8 at δ = 0.000001" in flat(make_agreement(), epsilon=7.83)


def test_a_smaller_budget_reads_as_a_smaller_risk() -> None:
    text = flat(make_agreement(privacy=PrivacyTerms(Fraction(1, 4))))
    assert "at most 64 of 100 cases" in text
    assert "ρ = 0.25 (zCDP)" in text


def test_mail_rules_are_told_and_left_out_where_no_mail_is_read() -> None:
    rules = MailRules(("a.example", "b.example", "c.example"), 1, ClockStart.LAST)
    text = flat(make_agreement(mail=rules))
    assert "outside a.example, b.example and c.example." in text
    assert "within 1 business hour." in text
    assert "the last of these mails starts the clock" in text
    activity = headline(metrics=(scalar("core_hours_coverage"),))
    assert "Which mail counts" not in flat(make_agreement(tasks=(activity,)))


@settings(max_examples=60)
@given(agreements())
def test_every_agreement_fits_78_columns_and_hides_no_metric(agreement: Agreement) -> None:
    text = in_plain_words(agreement, epsilon=7.8)
    assert max(map(len, text.split("\n"))) <= WIDTH
    assert all(line == line.rstrip(" ") for line in text.split("\n"))
    for task in agreement.tasks:
        for metric in task.metrics:
            assert CATALOGUE[metric.id].sentence[:20] in text


def test_guess_rates_are_those_of_the_protocol() -> None:
    present, limits = guess_rates(1.0)
    assert present == pytest.approx(0.760, abs=0.001)
    assert limits == pytest.approx(0.921, abs=0.001)
    assert guess_rates(0.0) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("metric", "words", "ends"),
    [
        (scalar(), "at least 80 %", "Less than 55 % counts as 55 %."),
        (
            scalar(target=Fraction(1, 10), direction=Direction.AT_MOST, clip=Fraction(1, 10)),
            "at most 10 %",
            "More than 20 % counts as 20 %.",
        ),
        (scalar(clip=Fraction(1)), "at least 80 %", "Every value counts in full."),
        (
            scalar("active_hours", target=Fraction(30), clip=Fraction(10)),
            "at least 30 hours a week",
            "Less than 20 hours a week counts as 20 hours a week, and more than 40 hours a week "
            "counts as 40 hours a week.",
        ),
    ],
)
def test_target_and_clip_in_words(metric: object, words: str, ends: str) -> None:
    assert target(metric).replace("\u00a0", " ") == words  # type: ignore[arg-type]
    assert clip(metric).replace("\u00a0", " ") == ends  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(40), "40"),
        (Fraction(1, 8), "0.125"),
        (Fraction(1, 3), "about 0.3333"),
        (Fraction(-5, 2), "-2.5"),
        (Fraction(100), "100"),
    ],
)
def test_numbers_are_short_and_say_when_they_are_not_exact(value: Fraction, text: str) -> None:
    assert decimal(value).replace("\u00a0", " ") == text


def test_a_count_has_its_unit() -> None:
    assert amount(Fraction(40), Kind.COUNT) == "40 a week"


@pytest.mark.parametrize(
    ("days", "text"),
    [
        ({0, 1, 2, 3, 4}, "Monday to Friday"),
        ({0, 1}, "Monday, Tuesday"),
        ({0, 2, 4}, "Monday, Wednesday, Friday"),
        ({6}, "Sunday"),
    ],
)
def test_days_in_a_row_are_a_stretch(days: set[int], text: str) -> None:
    assert weekdays(frozenset(days)) == text


@pytest.mark.parametrize(
    ("probability", "cases"), [(0.5, "50"), (0.99, "99"), (0.994, "99"), (0.996, "more than 99")]
)
def test_a_guess_is_never_called_certain(probability: float, cases: str) -> None:
    assert in_100(probability) == cases
