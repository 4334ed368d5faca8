import json
from copy import deepcopy
from datetime import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.agreement import document
from privacy.agreement.document import (
    agreement_digest,
    canonical,
    from_document,
    parse_endpoint,
    task_digest,
    to_document,
)
from privacy.agreement.model import Agreement, Endpoint
from privacy.errors import InvalidAgreement, InvalidValue
from privacy.fields import digest, sha256
from privacy.metrics import TaskId
from tests.agreements import make_agreement
from tests.unit.agreement.strategies import agreements

REMOVED = object()


def changed(path: str, value: Any) -> dict[str, Any]:
    """The default document with the entry at `path` (dots, numbers for lists) replaced."""
    whole = deepcopy(to_document(make_agreement()))
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = whole
    for parent in parents:
        place = place[parent]
    if value is REMOVED:
        del place[last]
    else:
        place[last] = value
    return whole


def problems(data: Any) -> tuple[str, ...]:
    with pytest.raises(InvalidAgreement) as caught:
        from_document(data)
    return caught.value.problems


@settings(max_examples=60)
@given(agreements())
def test_every_agreement_reads_back_from_its_canonical_bytes(agreement: Agreement) -> None:
    raw = canonical(agreement)
    again = from_document(json.loads(raw))
    assert again == agreement
    assert canonical(again) == raw


def test_the_document_holds_nothing_but_texts_integers_lists_and_tables() -> None:
    def kinds(data: Any) -> set[type]:
        if isinstance(data, dict):
            return {dict}.union(*map(kinds, data), *map(kinds, data.values()))
        if isinstance(data, list):
            return {list}.union(*map(kinds, data))
        return {type(data)}

    assert kinds(to_document(make_agreement())) == {dict, list, str, int}


def test_the_document_is_written_the_way_people_read_it() -> None:
    written = to_document(make_agreement())
    assert written["first_window"] == "2026-W01"
    assert written["working_time"]["days"] == ["Mon", "Tue", "Wed", "Thu", "Fri"]
    assert written["working_time"]["core_start"] == "10:00"
    assert written["privacy"] == {
        "rho_quarter": "1",
        "client_share": "1/2",
        "min_contributors": 10,
        "assumed_colluders": 2,
    }
    assert written["tasks"][0]["metrics"][0]["target"] == "4/5"
    assert written["employer"]["endpoint"] == "employer.plurale.example:8443"
    assert "parent" not in written["groups"][0]


@pytest.mark.parametrize(
    "spelling", ["4/5", "8/10", "0.8", "0.80", Decimal("0.8"), Decimal("8e-1")]
)
def test_no_spelling_of_a_number_changes_the_canonical_bytes(spelling: Any) -> None:
    agreement = from_document(changed("tasks.0.metrics.0.target", spelling))
    assert canonical(agreement) == canonical(make_agreement())


def test_neither_the_order_of_keys_nor_a_written_out_default_changes_the_canonical_bytes() -> None:
    def reverse(data: Any) -> Any:
        if isinstance(data, dict):
            return {key: reverse(data[key]) for key in reversed(data)}
        return [reverse(entry) for entry in data] if isinstance(data, list) else data

    backwards = reverse(to_document(make_agreement()))
    del backwards["upload_days"], backwards["privacy"]["min_contributors"]
    assert canonical(from_document(backwards)) == canonical(make_agreement())


def test_the_digest_is_sha_256_of_the_canonical_form_and_binds_each_task() -> None:
    agreement = make_agreement()
    whole = agreement_digest(agreement)
    assert whole == sha256(canonical(agreement))
    assert task_digest(whole, TaskId("headline")) == digest(whole, "headline")
    assert task_digest(whole, TaskId("headline")) != task_digest(whole, TaskId("breadth"))
    assert agreement_digest(make_agreement(version=2)) != whole


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("organisation", REMOVED, "organisation: this key is missing"),
        ("tasks.1.metrics.0.clip", REMOVED, "tasks[1].metrics[0].clip: this key is missing"),
        ("tasks.1.metrics.4.edges", REMOVED, "tasks[1].metrics[4].edges: this key is missing"),
        ("employer.name", REMOVED, "employer.name: this key is missing"),
        ("colour", "red", "colour: this key is not known"),
        ("privacy.epsilon", "1", "privacy.epsilon: this key is not known"),
        ("privacy.thresholds", {}, "privacy.thresholds: this key is not known"),
        ("tasks.1.metrics.4.target", "1", "tasks[1].metrics[4].target: this key is not known"),
        ("tasks.0.metrics.0.edges", ["1"], "tasks[0].metrics[0].edges: this key is not known"),
        ("version", "1", "version: this must be a whole number"),
        ("version", True, "version: this must be a whole number"),
        ("version", 1.0, "version: this must be a whole number"),
        ("version", 2**53, "version: the number must be smaller than 9007199254740992"),
        ("organisation", 7, "organisation: this must be a text"),
        ("organisation", "a\x1b[2J", "organisation: this text contains a character"),
        ("organisation", "a\u202eb", "organisation: this text contains a character"),
        ("organisation", "\ud800", "organisation: this text contains a character"),
        ("employer", "x", "employer: this must be a table"),
        ("groups", {}, "groups: this must be a list"),
        ("groups.2", 5, "groups[2]: this must be a table"),
        ("groups.2.level", "floor", "groups[2].level: 'floor' is not known: write \"team\" or"),
        ("tasks.0.share", 0.5, "tasks[0].share: this must be an exact number"),
        ("tasks.0.share", "1e-1", "tasks[0].share: this must be an exact number"),
        ("tasks.0.share", "½", "tasks[0].share: this must be an exact number"),
        ("tasks.0.share", "1/0", "tasks[0].share: the number divides by zero"),
        ("tasks.0.share", Decimal("nan"), "tasks[0].share: this must be an exact number"),
        ("tasks.0.share", Decimal("1e99999"), "tasks[0].share: this must be an exact number"),
        ("tasks.0.share", "1/" + "9" * 31, "tasks[0].share: the number has more than 30 digits"),
        ("tasks.0.share", "9" * 9999, "tasks[0].share: the number has more than 30 digits"),
        ("first_window", "2026-05", "first_window: '2026-05' is not an ISO week: write it like"),
        ("working_time.start", "9:00", "working_time.start: '9:00' is not a time of day: write"),
        ("working_time.days.0", "Monday", "working_time.days[0]: 'Monday' is not a day: choose"),
        ("working_time.days.0", "Tue", "working_time.days: a day is named twice"),
        ("employer.endpoint", "host", "employer.endpoint: 'host' is not an endpoint: write it"),
        ("council.peer_endpoint", "host", "council.peer_endpoint: 'host' is not an endpoint"),
        ("council.successor_key", "AAAA", "council: successor_key has 3 bytes instead of 32"),
        ("employer.endpoint", "a:99999", "employer.endpoint: port 99999 is not between"),
        ("employer.signing_key", "AAAA", "employer: signing_key has 3 bytes instead of 32"),
        ("employer.signing_key", "A", "employer.signing_key: this is not Base64"),
        ("employer.signing_key", "!" + "A" * 43 + "=", "employer.signing_key: this is not Base64"),
        ("employer.signing_key", "ä", "employer.signing_key: this is not Base64"),
        ("privacy.min_contributors", 6, "privacy: min_contributors is 6: it must be at least 7"),
        ("tasks.0.metrics.0.share", "1/2", "tasks[0]: task headline: the shares of its metrics"),
        ("tasks.0.metrics.0.id", ["mood"], "tasks[0].metrics[0].id: this must be a text"),
        ("tasks.0.metrics.0", ["mood"], "tasks[0].metrics[0]: this must be a table"),
        ("tasks.0.metrics.0.id", "mood", "tasks[0].metrics[0]: metric 'mood' is not in the"),
    ],
)
def test_a_wrong_entry_is_named_by_its_path(path: str, value: Any, problem: str) -> None:
    (found,) = problems(changed(path, value))
    assert found.startswith(problem)


def test_all_problems_are_found_at_once() -> None:
    data = changed("tasks.0.metrics.0.clip", "x")
    data["version"] = "1"
    data["colour"] = "red"
    del data["contact"]
    assert len(problems(data)) == 4


def test_a_broken_rule_of_the_whole_is_an_invalid_agreement_too() -> None:
    (problem,) = problems(changed("upload_days", 29))
    assert problem.startswith("upload_days is 29")


@pytest.mark.parametrize("data", [None, [], "x", 5])
def test_what_is_no_table_is_no_agreement(data: Any) -> None:
    assert problems(data) == ("this must be a table of keys and values",)


@settings(max_examples=200)
@given(st.data())
def test_any_json_in_any_place_is_accepted_or_refused_in_words(data: st.DataObject) -> None:
    leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    junk = st.recursive(
        leaf,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    )
    whole = to_document(make_agreement())
    place: Any = whole
    while True:
        key = data.draw(st.sampled_from([*place] if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(junk)
    try:
        again = from_document(whole)
    except InvalidAgreement:
        return
    assert from_document(to_document(again)) == again


@pytest.mark.parametrize(
    "endpoint",
    [Endpoint("plurale.example", 8443), Endpoint("192.0.2.7", 1), Endpoint("::1", 65535)],
)
def test_an_endpoint_reads_back(endpoint: Endpoint) -> None:
    assert parse_endpoint(str(endpoint)) == endpoint


def test_an_ipv6_endpoint_is_written_in_brackets() -> None:
    assert parse_endpoint("[::1]:8443") == Endpoint("::1", 8443)


@pytest.mark.parametrize(
    "written",
    [
        "",
        ":1",
        "a:",
        "a:0",
        "a:x",
        "::1:8443",
        "[a]:1",
        "[::1]",
        "[1:2]:3",
        "a b:1",
        "u@h:1",
        "a/b:1",
    ],
)
def test_no_other_endpoint_is_understood(written: str) -> None:
    with pytest.raises(InvalidValue):
        parse_endpoint(written)


def test_days_start_on_monday() -> None:
    assert document.DAYS[time(0).hour] == "Mon"
    assert len(document.DAYS) == 7


def test_a_number_of_many_digits_that_is_accepted_reads_back() -> None:
    written = "0." + "123456789" * 3
    agreement = from_document(changed("tasks.0.metrics.0.target", written))
    assert agreement.tasks[0].metrics[0].target == Fraction(written)  # type: ignore[union-attr]
    assert from_document(to_document(agreement)) == agreement
