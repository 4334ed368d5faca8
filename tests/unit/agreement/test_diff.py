"""What changes between two versions: nothing is left out, and looser limits come first."""

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from privacy.agreement.change import Change, Weight
from privacy.agreement.diff import changes
from privacy.agreement.document import agreement_digest, from_document, to_document
from privacy.agreement.model import Agreement, Party
from privacy.agreement.words import fingerprint
from privacy.errors import InvalidAgreement
from tests.agreements import make_agreement, new_keys, party_terms, with_every_key
from tests.unit.agreement.strategies import agreements
from tests.unit.agreement.test_categories import CHANGED as CATEGORY_KEYS
from tests.unit.agreement.test_reference import paths

LOOSENED, NEUTRAL, TIGHTENED = Weight.LOOSENED, Weight.NEUTRAL, Weight.TIGHTENED
OLD = make_agreement()
OTHER = {
    party: to_document(make_agreement(**{party.value: party_terms(party, new_keys())}))[party.value]
    for party in Party
}


EVERY = to_document(with_every_key())


def edited(edit: Callable[[dict[str, Any]], object], old: Agreement = OLD) -> Agreement:
    """The agreement after a change to its document."""
    document = copy.deepcopy(to_document(old))
    edit(document)
    return from_document(document)


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Set ``mail.answer_hours`` or ``groups.1.roster``; None removes the key."""

    def edit(document: dict[str, Any]) -> None:
        place: Any = document
        *steps, last = path.split(".")
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place[step]
        if value is None:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = value

    return edit


CASES = [
    ("organisation", "Other GmbH", NEUTRAL, "The organisation changes from “Example GmbH” to “Ot"),
    ("version", 2, NEUTRAL, "The version changes from 1 to 2."),
    ("first_window", "2025-W52", LOOSENED, "The first week moves from 2026-W01 to 2025-W52."),
    ("first_window", "2026-W02", NEUTRAL, "The first week moves from 2026-W01 to 2026-W02."),
    ("last_window", "2026-W40", LOOSENED, "The last week moves from 2026-W39 to 2026-W40."),
    ("last_window", "2026-W38", TIGHTENED, "The last week moves from 2026-W39 to 2026-W38."),
    ("purpose", "Curiosity.", NEUTRAL, "The purpose changes from “See whether"),
    ("contact", "Nobody", NEUTRAL, "Whom to ask changes from “The works council"),
    ("idle_minutes", 6, NEUTRAL, "no longer count as active rises from 5 minutes to 6 minutes."),
    ("upload_days", 3, NEUTRAL, "its reports may be sent falls from 14 days to 3 days."),
    ("retention_weeks", 105, LOOSENED, "results are kept rises from 104 weeks to 105 weeks."),
    ("retention_weeks", 52, TIGHTENED, "results are kept falls from 104 weeks to 52 weeks."),
    ("employer.name", "X", NEUTRAL, "The employer's name changes from “Example GmbH” to “X”."),
    ("council.name", "X", NEUTRAL, "The council's name changes from “Works council of Example"),
    ("employer.administrator", "X", NEUTRAL, "Who administers the employer's server changes from"),
    ("council.administrator", "X", NEUTRAL, "Who administers the council's server changes from"),
    ("employer.endpoint", "x:1", NEUTRAL, "The address of the employer's server changes from"),
    ("council.endpoint", "x:1", NEUTRAL, "The address of the council's server changes from"),
    *(
        (f"{party}.{key}", OTHER[party][key], weight, f"{what.format(party)} changes from")
        for party in Party
        for key, weight, what in (
            ("signing_key", LOOSENED, "Warning: the signing key of the {}"),
            ("server_key", NEUTRAL, "The key with which the {}'s server signs"),
            ("ca_certificate", NEUTRAL, "certificate under which the {}'s server is trusted"),
        )
    ),
    ("council.peer_endpoint", "x:1", NEUTRAL, "reached by the other one changes from council.plu"),
    *(
        (
            f"{party}.successor_key",
            EVERY[party]["successor_key"],
            LOOSENED,
            f"From the next version on the {party} may sign with another key: ",
        )
        for party in Party
    ),
    ("working_time.time_zone", "Europe/Paris", NEUTRAL, "from Europe/Berlin to Europe/Paris."),
    ("working_time.days", ["Mon", "Wed"], TIGHTENED, "from Monday to Friday to Monday, Wednesday."),
    ("working_time.days", ["Mon", "Sat"], LOOSENED, "from Monday to Friday to Monday, Saturday."),
    ("working_time.start", "08:00", LOOSENED, "The start of working time moves from 09:00 to 08"),
    ("working_time.start", "10:00", TIGHTENED, "The start of working time moves from 09:00 to 10"),
    ("working_time.end", "18:00", LOOSENED, "The end of working time moves from 17:00 to 18:00."),
    ("working_time.end", "16:00", TIGHTENED, "The end of working time moves from 17:00 to 16:00."),
    ("working_time.core_start", "09:00", LOOSENED, "start of the core hours moves from 10:00 to 0"),
    ("working_time.core_start", "11:00", TIGHTENED, "start of the core hours moves from 10:00 to"),
    ("working_time.core_end", "16:00", LOOSENED, "The end of the core hours moves from 15:00 to 1"),
    ("working_time.core_end", "14:00", TIGHTENED, "The end of the core hours moves from 15:00 to"),
    ("working_time.country", "CH", NEUTRAL, "The country whose public holidays count changes from"),
    ("working_time.region", None, NEUTRAL, "public holidays count changes from BE to none."),
    ("mail.internal_domains", ["example.com", "b.c"], TIGHTENED, "Mail from b.c is internal"),
    ("mail.answer_hours", 4, LOOSENED, "falls from 8 business hours to 4 business hours."),
    ("mail.answer_hours", 16, TIGHTENED, "rises from 8 business hours to 16 business hours."),
    ("mail.clock_start", "last", TIGHTENED, "starts the clock changes from the first to the last"),
    ("privacy.rho_quarter", "2", LOOSENED, "The privacy budget per quarter rises from ρ = 1 to ρ"),
    ("privacy.rho_quarter", "1/3", TIGHTENED, "per quarter falls from ρ = 1 to ρ = 1/3."),
    ("privacy.client_share", "2/5", LOOSENED, "falls from 0.5 to 0.4: less noise protects you fr"),
    ("privacy.min_contributors", 9, LOOSENED, "nothing is released falls from 10 to 9."),
    ("privacy.min_contributors", 11, TIGHTENED, "nothing is released rises from 10 to 11."),
    ("privacy.assumed_colluders", 1, LOOSENED, "without harm to you falls from 2 to 1."),
    ("privacy.assumed_colluders", 3, TIGHTENED, "without harm to you rises from 2 to 3."),
    ("groups.1.roster", 11, LOOSENED, "Group north shrinks from 12 members to 11 members."),
    ("groups.0.roster", 63, TIGHTENED, "Group sales grows from 62 members to 63 members."),
    ("groups.1.parent", None, TIGHTENED, "The department of group north changes from sales to no"),
    ("tasks.0.share", "1/4", TIGHTENED, "of task headline in the privacy budget falls from 0.5 to"),
    ("tasks.0.level", "department", TIGHTENED, "The level of task headline changes from team to d"),
    ("tasks.1.level", "team", LOOSENED, "The level of task breadth changes from department to te"),
    ("tasks.0.metrics.0.target", "9/10", LOOSENED, "from at least 80 % to at least 90 %."),
    ("tasks.0.metrics.0.target", "2/3", TIGHTENED, "from at least 80 % to at least 2/3."),
    ("tasks.1.metrics.2.target", "1/5", TIGHTENED, "from at most 10 % to at most 20 %."),
    ("tasks.0.metrics.0.direction", "at_most", NEUTRAL, "from at least 80 % to at most 80 %."),
    ("tasks.0.metrics.0.clip", "1/2", NEUTRAL, "stops counting rises from 25 % to 50 %."),
    ("tasks.1.metrics.4.edges", ["1", "2"], TIGHTENED, "change from 1, 2, 4, 8, 16, 24 to 1, 2."),
    ("tasks.1.metrics.4.edges", ["1", "2", "3", "4", "5", "6", "7"], LOOSENED, "to 1, 2, 3, 4, 5"),
]  # fmt: skip


# Values hold fresh keys; a test's name must be the same in every process.
NAMES = [f"{number}-{path}" for number, (path, _, _, _) in enumerate(CASES)]


@pytest.mark.parametrize(("path", "value", "weight", "words"), CASES, ids=NAMES)
def test_one_key_changes(path: str, value: Any, weight: Weight, words: str) -> None:
    (change,) = changes(OLD, edited(put(path, value)))
    assert change.weight is weight
    assert words in change.sentence.replace("\u00a0", " ")
    assert change.sentence.endswith(".")


def test_a_change_taken_back_weighs_the_reverse() -> None:
    # These are looser either way, or neutral one way.
    both_ways = {"signing_key", "client_share", "days", "first_window"}
    for path, value, weight, _ in CASES:
        if not both_ways & set(path.split(".")):
            (change,) = changes(edited(put(path, value)), OLD)
            assert change.weight is weight.reverse, path


def renamed(which: str, place: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    return lambda document: place(document).update({"id": which})


def share_moved(document: dict[str, Any]) -> None:
    one, two, *_ = document["tasks"][1]["metrics"]
    one["share"], two["share"] = "1/10", "3/10"


SEVERAL: dict[str, tuple[Any, list[tuple[Weight, str]]]] = {
    "groups.id": (
        renamed("nord", lambda d: d["groups"][1]),
        [
            (LOOSENED, "Group nord is new: a team of 12 members, in sales."),
            (TIGHTENED, "Group north is gone: a team of 12 members, in sales."),
        ],
    ),
    "tasks.id": (
        renamed("top", lambda d: d["tasks"][0]),
        [
            (
                LOOSENED,
                "Task top is new: for each team, “Client mails answered in time” (target at least "
                "80 %), with 0.5 of the privacy budget.",
            ),
            (
                TIGHTENED,
                "Task headline is gone: for each team, “Client mails answered in time” (target at "
                "least 80 %), with 0.5 of the privacy budget.",
            ),
        ],
    ),
    "tasks.metrics.id": (
        renamed("core_hours_coverage", lambda d: d["tasks"][0]["metrics"][0]),
        [
            (
                LOOSENED,
                "Task headline also collects “Core hours with activity” (target at least 80 %).",
            ),
            (
                TIGHTENED,
                "Task headline no longer collects “Client mails answered in time” (target at least "
                "80 %).",
            ),
        ],
    ),
    "tasks.metrics.share": (
        share_moved,
        [
            (
                LOOSENED,
                "The part of “Active hours” (task breadth) in the budget of its task rises from "
                "0.2 to 0.3.",
            ),
            (
                TIGHTENED,
                "The part of “Client mails answered” (task breadth) in the budget of its task "
                "falls from 0.2 to 0.1.",
            ),
        ],
    ),
}


@pytest.mark.parametrize("key", SEVERAL)
def test_changes_that_come_together(key: str) -> None:
    edit, expected = SEVERAL[key]
    found = [(c.weight, c.sentence.replace("\u00a0", " ")) for c in changes(OLD, edited(edit))]
    assert found == expected


def test_a_department_cut_down_to_a_team_is_looser() -> None:
    document = to_document(make_agreement())
    document["groups"] = [{"id": n, "level": "department", "roster": 30} for n in ("a", "b")]
    document["groups"].append({"id": "c", "level": "team", "roster": 30})
    old = from_document(document)
    new = edited(put("groups.0.level", "team"), old)
    assert changes(old, new) == (
        Change(LOOSENED, "The level of group a changes from department to team."),
    )
    assert changes(new, old)[0].weight is TIGHTENED


def test_every_key_of_the_document_has_a_case() -> None:
    covered = {re.sub(r"\.\d+", "", path) for path, *_ in CASES} | set(SEVERAL)
    covered.add("groups.level")  # the test above
    covered |= CATEGORY_KEYS
    assert covered == paths(EVERY)


def test_a_new_signing_key_is_told_first_with_both_fingerprints() -> None:
    def edit(document: dict[str, Any]) -> None:
        document["council"] = OTHER[Party.COUNCIL]
        document["privacy"]["rho_quarter"] = "2"

    new = edited(edit)
    first, second, *_ = changes(OLD, new)
    assert first.sentence.startswith("Warning: the signing key of the council changes from ")
    for agreement in (OLD, new):
        assert " ".join(fingerprint(agreement.council.signing_key)) in first.sentence
    assert second.sentence.startswith("The privacy budget")


def keys(signing: str, successor: str | None = None) -> Agreement:
    """The council signs with one of three keys and may announce another."""
    other = OTHER[Party.COUNCIL]
    known = {"a": to_document(OLD)["council"], "b": other, "c": EVERY["council"]}
    value = {"a": known["a"]["signing_key"], "b": known["b"]["signing_key"]}
    value["c"] = known["c"]["successor_key"]
    council = known["a"] | {"signing_key": value[signing]}
    if successor is not None:
        council["successor_key"] = value[successor]
    return edited(put("council", council))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            keys("a", "b"),
            keys("b"),
            [(LOOSENED, "As announced, the signing key of the council ch")],
        ),
        (
            keys("a", "b"),
            keys("b", "c"),
            [
                (LOOSENED, "As announced, the signing key of the council changes from"),
                (LOOSENED, "From the next version on the council may sign with another key: "),
            ],
        ),
        (
            keys("a", "b"),
            keys("c"),
            [
                (LOOSENED, "Warning: the signing key of the council changes from"),
                (TIGHTENED, "The council may no longer sign a next version with another key: "),
            ],
        ),
        (
            keys("a", "b"),
            keys("a", "c"),
            [(LOOSENED, "The other key with which the council may sign the next version changes")],
        ),
        (
            keys("a", "b"),
            keys("a"),
            [(TIGHTENED, "The council may no longer sign a next version with another key: ")],
        ),
    ],
    ids=["used", "used, another", "another", "other successor", "taken back"],
)
def test_keys_that_sign_or_may_sign_are_told_by_what_was_announced(
    old: Agreement, new: Agreement, told: list[tuple[Weight, str]]
) -> None:
    found = changes(old, new)
    assert [change.weight for change in found] == [weight for weight, _ in told]
    for change, (_, start) in zip(found, told, strict=True):
        assert change.sentence.startswith(start)


def test_an_internal_domain_removed_is_looser() -> None:
    old = edited(put("mail.internal_domains", ["example.com", "example.org"]))
    (change,) = changes(old, OLD)
    assert change == Change(
        LOOSENED, "Mail from example.org counts as client mail; until now it was internal."
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("purpose", OLD.purpose.replace(" ", "\n")),
        ("employer.ca_certificate", OLD.employer.ca_certificate + "\n"),
        ("mail.internal_domains", ["example.com", "example.com"]),
        ("groups", to_document(OLD)["groups"][::-1]),
        ("tasks", to_document(OLD)["tasks"][::-1]),
        ("tasks.1.metrics", to_document(OLD)["tasks"][1]["metrics"][::-1]),
    ],
)
def test_a_change_in_the_text_alone_is_told_as_one(path: str, value: Any) -> None:
    new = edited(put(path, value))
    assert agreement_digest(new) != agreement_digest(OLD)
    (change,) = changes(OLD, new)
    assert change.weight is NEUTRAL


@given(agreements(), agreements())
def test_changes_are_told_exactly_where_two_agreements_differ(a: Agreement, b: Agreement) -> None:
    assert changes(a, copy.deepcopy(a)) == ()
    assert bool(changes(a, b)) is (agreement_digest(a) != agreement_digest(b))


@given(agreements(), agreements(), st.data())
def test_any_one_value_of_another_agreement_is_told(
    a: Agreement, b: Agreement, data: st.DataObject
) -> None:
    places = sorted(set(_leaves(to_document(a))) & set(_leaves(to_document(b))))
    path = data.draw(st.sampled_from(places))
    value: Any = to_document(b)
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    try:
        new = edited(put(path, value), a)
    except InvalidAgreement:
        assume(False)
    told = changes(a, new)
    assert bool(told) is (agreement_digest(a) != agreement_digest(new))
    assert [*told] == sorted(told, key=lambda change: change.weight)
    for change in told:
        match = re.search(r" from (.+) to (.+)\.$", change.sentence)
        assert match is None or match[1] != match[2], change.sentence


def _leaves(data: Any, prefix: str = "") -> list[str]:
    """Every path to a value, with positions in lists."""
    if not isinstance(data, dict | list):
        return [prefix]
    entries = data.items() if isinstance(data, dict) else enumerate(data)
    return [
        path
        for key, entry in entries
        for path in _leaves(entry, f"{prefix}.{key}" if prefix else str(key))
    ]
