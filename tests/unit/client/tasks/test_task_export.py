"""Files that are exports, and files that are none: one sentence, with the place."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.errors import TaskError
from client.task_export import LARGEST_EXPORT, read, title_of
from client.tasks import Origin, check_title
from client.taskwarrior import origin_of
from tests.unit.client.tasks.exports import (
    LOGIN,
    OFFER,
    TEMPLATE,
    completed,
    content,
    stretch,
    stretches_of,
    task,
    tasks_of,
)
from tests.unit.client.tasks.moments import at, hours


def test_the_two_programs_are_told_apart() -> None:
    assert read("x", content([task()])).is_of_tasks
    assert not read("x", content([stretch(at(9), at(10))])).is_of_tasks
    assert read("x", b"[\n]\n").entries == ()
    assert read("x", b"").entries == ()


def test_one_object_a_line_is_an_export_too() -> None:
    lines = f"{json.dumps(task())}\n\n{json.dumps(task(LOGIN))}\n".encode()
    assert read("x", lines).entries == read("x", content([task(), task(LOGIN)])).entries


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"\xff", "x is no text in UTF-8, from byte 1 on"),
        (b"hello", "x, line 1: it is no JSON"),
        (b'[\n{"uuid": "a"},\n{"uuid"]', "x, line 3: it is no JSON"),
        (b'{"uuid": "a"}\n{"uu', "x, line 2: it is no JSON"),
        (b"[" * 100_000, "x is no export"),
        (b"[1" + b"1" * 10_000 + b"]", "x is no export"),
        (b"[7]", "x, entry 1: it is no object"),
        (b'[{"a": 1}]', "x, entry 1: it has no uuid and no start"),
        (b'[{"uuid": "a"}, {"start": "b"}]', "x, entry 2: it has no uuid, and others have one"),
        (b'[{"start": "b"}, {"uuid": "a"}]', "x, entry 1: it has no uuid, and others have one"),
        (b" " * (LARGEST_EXPORT + 1), "x has more than 64 MiB"),
    ],
    ids=range(11),
)
def test_what_is_no_export_is_told_with_its_place(raw: bytes, sentence: str) -> None:
    with pytest.raises(TaskError) as error:
        read("x", raw)
    assert str(error.value).startswith(sentence)
    assert "\n" not in str(error.value)


def test_tasks_are_read() -> None:
    found = tasks_of(
        task(estimate="PT3H"),
        completed(at(12), LOGIN, description="Fix login,\n quickly", parent=OFFER),
    )
    offer, login = (found[_origin(uuid)] for uuid in (OFFER, LOGIN))
    assert offer is not None
    assert login is not None
    assert (offer.title, offer.added, offer.done) == ("Write the offer", at(8), None)
    assert (offer.estimate, offer.unclear, offer.recurs) == (hours(3), False, False)
    assert (login.title, login.done, login.recurs) == ("Fix login, quickly", at(12), True)


def test_waiting_is_open_deleted_is_gone_and_a_template_is_no_task() -> None:
    found = tasks_of(
        task(status="waiting"), task(LOGIN, status="deleted"), task(TEMPLATE, status="recurring")
    )
    assert set(found) == {_origin(OFFER), _origin(LOGIN)}
    assert found[_origin(LOGIN)] is None


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [("PT1H30M", hours(1.5)), ("40h", hours(40)), ("", None), (None, None)],
)
def test_an_estimate_in_hours_is_read(estimate: str | None, expected: timedelta | None) -> None:
    (found,) = tasks_of(task(estimate=estimate)).values()
    assert found is not None
    assert (found.estimate, found.unclear) == (expected, False)


@pytest.mark.parametrize(
    "estimate", ["P1D", "P1350D", "L", 3, 1.5, "3", "PT0S", "PT9999H", True, []]
)
def test_an_estimate_that_does_not_say_how_many_hours_is_left_out(estimate: Any) -> None:
    (found,) = tasks_of(task(estimate=estimate)).values()
    assert found is not None
    assert (found.estimate, found.unclear) == (None, True)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (task("no uuid"), "its uuid is none"),
        (task() | {"uuid": 7}, "it has no uuid"),
        (task(status="odd"), "its status 'odd' is not one of Taskwarrior's"),
        (task(status=None), "it has no status"),
        (task(description=None), "it has no description"),
        (task(description="\x1b\x07"), "its description has nothing to read"),
        (task(entry="yesterday"), "its entry is no time like 20261124T172902Z"),
        (task(entry="20269924T172902Z"), "its entry is no time"),
        (task(entry="19691231T235959Z"), "its entry is before 1970"),
        (task(status="completed"), "it has no end"),
    ],
)
def test_a_bad_task_is_told_with_its_place(entry: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TaskError, match=f"^tasks.json, entry 2: {sentence}"):
        tasks_of(task(LOGIN), entry)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"start": "now"}, "its start is no time"),
        ({"start": "20260302T090000Z", "end": None}, "it has no end"),
        (stretch(at(10), at(9)), "it ends before it starts"),
        (stretch(at(9), at(10)) | {"tags": "one"}, "its tags are no texts"),
        (stretch(at(9), at(10)) | {"tags": [1]}, "its tags are no texts"),
        (stretch(at(8), at(10)), "another entry has the same start"),
    ],
)
def test_a_bad_stretch_is_told_with_its_place(entry: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TaskError, match=f"^times.json, entry 2: {sentence}"):
        stretches_of(stretch(at(8), at(9)), entry)


def test_stretches_are_read_in_order_with_tags_as_titles_and_origins() -> None:
    later, sooner = stretches_of(stretch(at(11), None), stretch(at(9), at(10), "a\nb", OFFER))[::-1]
    assert (sooner.start, sooner.end, later.end) == (at(9), at(10), None)
    assert sooner.titles == {"a b", OFFER}
    assert sooner.origins == {_origin(OFFER.upper())}


@given(st.text())
def test_a_cleaned_title_is_one_that_can_be_kept_or_empty(text: str) -> None:
    title = title_of(text)
    assert title_of(title) == title
    if title:
        check_title(title)


def _origin(uuid: str) -> Origin:
    origin = origin_of(uuid)
    assert origin is not None
    return origin
