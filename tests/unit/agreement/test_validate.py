"""Each rule at its edge: accepted just inside, refused just outside, and the sentence names it."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, time
from fractions import Fraction
from typing import Any

import pytest

from privacy.agreement.model import Agreement, MailRules, PrivacyTerms
from privacy.errors import InvalidAgreement
from privacy.groups import Group, GroupId, Level, Thresholds
from privacy.metrics import Histogram, Task, TaskId
from privacy.window import Window
from tests.agreements import breadth, headline, make_agreement, sales_groups, scalar, working_time

Changes = dict[str, Any]


def groups(*teams: int, department: int = 62) -> Changes:
    """A department with teams of these sizes."""
    named = [
        Group(GroupId(f"team{n}"), Level.TEAM, size, GroupId("sales"))
        for n, size in enumerate(teams)
    ]
    return {"groups": (Group(GroupId("sales"), Level.DEPARTMENT, department), *named)}


def with_team(**changes: Any) -> Changes:
    """The default groups with the first team changed."""
    department, north, *rest = sales_groups()
    return {"groups": (department, dataclasses.replace(north, **changes), *rest)}


def with_bins(numbers: int) -> Changes:
    """One department task whose report has this many numbers."""
    edges = tuple(Fraction(n) for n in range(1, numbers))
    task = Task(
        TaskId("bins"),
        Level.DEPARTMENT,
        Fraction(1),
        (Histogram("mail_response_hours", edges, Fraction(1)),),
    )
    return {"tasks": (task,)}


def rho(value: Fraction, client_share: Fraction = Fraction(1, 2)) -> Changes:
    """Only a team of twelve, one metric with the whole budget ρ_Q."""
    return {
        "groups": (Group(GroupId("north"), Level.TEAM, 12),),
        "tasks": (headline(share=Fraction(1)),),
        "privacy": PrivacyTerms(value, client_share=client_share),
    }


# q = θ / (2 ρ h): C is the largest integer with 36 q C² <= (1023 - C)², and C √q must reach 8.
# At C = 975 both hold with equality for √q = 8/975, since 975 + 6 · 8 = 1023.
WIDEST = Fraction(975, 8) ** 2 * Fraction(1, 2) / (2 * 8) * 13
# C = 1 exactly: 36 q = 1022².
NARROWEST = Fraction(36, 1022**2) * Fraction(1, 2) / (2 * 8) * 13

EDGES: list[tuple[str, Changes, Changes, str]] = [
    ("version", {"version": 1}, {"version": 0}, "The version is 0"),
    (
        "windows in order",
        {"last_window": Window(2026, 1)},
        {"last_window": Window(2025, 52)},
        "The first window 2026-W01 is after the last window 2025-W52",
    ),
    (
        "week 53 at the end",
        {"last_window": Window(2026, 52)},
        {"last_window": Window(2026, 53)},
        "The last window 2026-W53 is a week 53",
    ),
    (
        "week 53 at the start",
        {"first_window": Window(2026, 52), "last_window": Window(2027, 1)},
        {"first_window": Window(2026, 53), "last_window": Window(2027, 1)},
        "The first window 2026-W53 is a week 53",
    ),
    ("purpose", {"purpose": "Why\nnot"}, {"purpose": "\n "}, "purpose is empty"),
    ("contact", {"contact": "c"}, {"contact": "a\x1b[1m"}, "contact contains a character"),
    (
        "one line",
        {"organisation": "Büro – „A“"},
        {"organisation": "a\nb"},
        "organisation contains a character",
    ),
    (
        "length of an id",
        {"tasks": (headline(id="x" * 64), breadth())},
        {"tasks": (headline(id="x" * 65), breadth())},
        "tasks[0].id is longer than 64 characters",
    ),
    (
        "domains",
        {"mail": MailRules(("example.com",), 8)},
        {"mail": MailRules(("example.com\x00",), 8)},
        "mail.internal_domains[0] contains a character",
    ),
    (
        "whole minutes",
        {"working_time": working_time(start=time(9, 1))},
        {"working_time": working_time(start=time(9, 0, 1))},
        "working_time.start is 09:00:01",
    ),
    (
        "local hours",
        {"working_time": working_time()},
        {
            "working_time": working_time(
                **{
                    name: time(hour, tzinfo=UTC)
                    for name, hour in (
                        ("start", 9),
                        ("core_start", 10),
                        ("core_end", 15),
                        ("end", 17),
                    )
                }
            )
        },
        "working_time.start is 09:00:00+00:00",
    ),
    (
        "country",
        {"working_time": working_time(country="AT", region=None)},
        {"working_time": working_time(country="Germany")},
        "working_time.country 'Germany' is not known",
    ),
    (
        "region",
        {"working_time": working_time(region="BY")},
        {"working_time": working_time(region="Bavaria-North")},
        "working_time.region 'Bavaria-North' is not in DE: choose from BB, BE",
    ),
    (
        "group ids",
        with_team(id="north2"),
        with_team(id="south"),
        "Group south is named 2 times",
    ),
    (
        "release threshold of the floor",
        groups(10),
        groups(9),
        "Group team0 has 9 members, but nothing is released for fewer than 10",
    ),
    (
        "release threshold of another floor",
        {"privacy": PrivacyTerms(thresholds=Thresholds(12))},
        {"privacy": PrivacyTerms(thresholds=Thresholds(13))},
        "Group north has 12 members, but nothing is released for fewer than 13",
    ),
    (
        "parent exists",
        with_team(parent=None),
        with_team(parent="sails"),
        "Group north: its parent sails is not a group",
    ),
    (
        "parent is a department",
        with_team(parent="sales"),
        with_team(parent="south"),
        "Group north: its parent south is a team",
    ),
    (
        "teams do not overlap",
        groups(31, 31),
        groups(31, 32),
        "The teams of sales have 63 members together, but the department has 62",
    ),
    (
        "a team within its department",
        groups(62),
        groups(63),
        "Group team0 has 63 members, more than its department sales (62)",
    ),
    (
        "task ids",
        {"tasks": (headline(), breadth())},
        {"tasks": (headline(), breadth(id="headline"))},
        "Task headline is named 2 times",
    ),
    ("tasks", {"tasks": (headline(),)}, {"tasks": ()}, "The agreement collects nothing"),
    (
        "groups of a task",
        {"groups": sales_groups()[:2]},
        {"groups": sales_groups()[:1]},
        "Task headline is collected by team, but there is no such group",
    ),
    (
        "length of a report",
        with_bins(256),
        with_bins(257),
        "Task bins has 257 numbers in a report, more than 256",
    ),
    (
        "budget",
        {"tasks": (headline(), breadth(share=Fraction(1, 2)))},
        {"tasks": (headline(), breadth(share=Fraction(1, 2) + Fraction(1, 10**9)))},
        "The shares of all tasks sum to 1000000001/1000000000 of rho_quarter",
    ),
    (
        "client noise of 8 units",
        rho(WIDEST),
        rho(WIDEST * Fraction(10**9 + 1, 10**9)),
        "Task headline, group north, metric mail_answered_in_time: the noise scale is 8.0",
    ),
    (
        "budget too small",
        rho(NARROWEST),
        rho(NARROWEST * Fraction(10**9 - 1, 10**9)),
        "Task headline, group north, metric mail_answered_in_time: a budget of",
    ),
    ("idle time", {"idle_minutes": 1}, {"idle_minutes": 0}, "idle_minutes is 0"),
    ("long idle time", {"idle_minutes": 60}, {"idle_minutes": 61}, "idle_minutes is 61"),
    ("upload", {"upload_days": 3}, {"upload_days": 2}, "upload_days is 2: choose from 3 to 28; a"),
    ("long upload", {"upload_days": 28}, {"upload_days": 29}, "upload_days is 29"),
    ("retention", {"retention_weeks": 13}, {"retention_weeks": 12}, "retention_weeks is 12"),
    (
        "long retention",
        {"retention_weeks": 520},
        {"retention_weeks": 521},
        "retention_weeks is 521",
    ),
]


@pytest.mark.parametrize(
    ("inside", "outside", "sentence"), [edge[1:] for edge in EDGES], ids=[edge[0] for edge in EDGES]
)
def test_a_rule_accepts_its_edge_and_refuses_what_lies_beyond(
    inside: Changes, outside: Changes, sentence: str
) -> None:
    assert isinstance(make_agreement(**inside), Agreement)
    with pytest.raises(InvalidAgreement) as caught:
        make_agreement(**outside)
    assert any(problem.startswith(sentence) for problem in caught.value.problems)
    assert all(problem.endswith(".") for problem in caught.value.problems)


@pytest.mark.parametrize(
    "outside",
    [edge[2] for edge in EDGES if edge[0] not in ("local hours",)],
    ids=[edge[0] for edge in EDGES if edge[0] not in ("local hours",)],
)
def test_one_slip_breaks_one_rule(outside: Changes) -> None:
    with pytest.raises(InvalidAgreement) as caught:
        make_agreement(**outside)
    assert len(caught.value.problems) == 1


def test_every_broken_rule_is_told_at_once() -> None:
    with pytest.raises(InvalidAgreement) as caught:
        make_agreement(version=0, upload_days=0, idle_minutes=0)
    assert len(caught.value.problems) == 3


def test_the_widest_noise_is_judged_per_group() -> None:
    """A larger group spreads the clients' noise thinner: it may fail where a smaller one holds."""
    changes = rho(WIDEST)
    larger = Group(GroupId("large"), Level.TEAM, 60)
    with pytest.raises(InvalidAgreement) as caught:
        make_agreement(**(changes | {"groups": (*changes["groups"], larger)}))
    (problem,) = caught.value.problems
    assert problem.startswith("Task headline, group large,")


@pytest.mark.parametrize("build", [headline, breadth])
def test_a_task_alone_may_use_the_whole_budget(build: Callable[..., Task]) -> None:
    assert make_agreement(tasks=(build(share=Fraction(1)),)).tasks[0].share == 1


def test_metric_shares_divide_the_budget_of_a_task() -> None:
    halves = (scalar(share=Fraction(1, 2)), scalar("active_hours", share=Fraction(1, 2)))
    doubled = rho(2 * WIDEST) | {"tasks": (headline(share=Fraction(1), metrics=halves),)}
    assert make_agreement(**doubled).tasks[0].metrics == halves
