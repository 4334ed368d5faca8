"""The list of what works: every probe is heard, whatever happens to another."""

from collections.abc import Iterable

import pytest

from client.doctor import Condition, Finding, all_works, as_json, examine
from client.errors import JournalUnusable

FINE = Finding("second", Condition.WORKS)


def raising(error: Exception) -> Iterable[Finding]:
    raise error
    yield


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (JournalUnusable("it is damaged: move it away"), "it is damaged: move it away"),
        (PermissionError(13, "Permission denied", "/x/y"), "/x/y cannot be used (Permission"),
        (OSError("odd"), "first cannot be used (odd)"),
        (ZeroDivisionError(), "(ZeroDivisionError)"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "no"), "(UnicodeDecodeError)"),
    ],
)
def test_a_probe_that_fails_says_so_and_holds_up_no_other(error: Exception, sentence: str) -> None:
    first, second = examine({"first": lambda: raising(error), "second": lambda: [FINE]})
    assert (first.what, first.condition, second) == ("first", Condition.BROKEN, FINE)
    assert sentence in first.sentence


def test_only_what_is_used_and_needed_has_to_work() -> None:
    unused = Finding("unused", Condition.UNUSED)
    spare = Finding("spare", Condition.BROKEN, "no", needed=False)
    assert all_works([FINE, unused, spare])
    assert not all_works([FINE, Finding("needed", Condition.BROKEN, "no")])


def test_other_programs_get_the_same() -> None:
    assert as_json([FINE, Finding("x", Condition.BROKEN, "no")]) == [
        {"what": "second", "condition": "works", "sentence": None},
        {"what": "x", "condition": "does not work", "sentence": "no"},
    ]
