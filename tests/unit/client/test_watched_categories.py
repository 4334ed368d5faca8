"""What the watcher tells apart: what was agreed to, if a report of the person says it."""

from dataclasses import replace
from datetime import UTC, datetime

from client.acceptance import Acceptance
from client.enrolment import Enrolment
from client.sources.categories import Category
from privacy.agreement.model import Agreement
from privacy.groups import GroupId
from privacy.window import Window
from tests.agreements import make_agreement, two_categories, with_categories
from tests.unit.privacy.parties import both_sign

CONSENT = datetime(2025, 12, 1, tzinfo=UTC)


def watched(*agreements: Agreement, group: str = "north") -> list[tuple[Category, ...]]:
    accepted = [Acceptance(both_sign(each), GroupId(group), CONSENT) for each in agreements]
    return [rule.categories for rule in Enrolment(tuple(accepted)).watch_rules().rules]


def test_the_watcher_gets_the_words_of_the_agreement_without_the_titles_for_people() -> None:
    agreed = two_categories()
    (categories,) = watched(with_categories())
    assert categories == tuple(Category(c.id, c.applications, c.titles) for c in agreed)


def test_each_version_has_its_own_categories() -> None:
    second = make_agreement(version=2, first_window=Window(2026, 10))
    with_some, without = watched(with_categories(), second)
    assert len(with_some) == 2
    assert without == ()


def test_nothing_is_told_apart_for_somebody_whose_reports_would_not_say_it() -> None:
    alone = tuple(
        replace(group, parent=None) if group.id == "north" else group
        for group in make_agreement().groups
    )
    assert watched(with_categories(groups=alone)) == [()]
