"""Which agreement is in force for which window, and which batches there are."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import AgreementDigest
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.errors import Rejection, ReportRejected
from privacy.groups import GroupId
from privacy.metrics import TaskId
from privacy.window import Window
from tests.agreements import make_agreement, sign
from tests.pair import verified


def version(number: int, first: int, last: int) -> SignedAgreement:
    """A version for these weeks of 2026."""
    windows: dict[str, Any] = {
        "first_window": Window(2026, first),
        "last_window": Window(2026, last),
    }
    return verified(sign(make_agreement(version=number, **windows)))


FIRST, SECOND = version(1, 1, 20), version(2, 10, 52)
BOOK = AgreementBook([FIRST, SECOND])


def batch(signed: SignedAgreement, week: int, **changes: Any) -> BatchId:
    place = BatchId(signed.digest, TaskId("headline"), GroupId("north"), Window(2026, week))
    return dataclasses.replace(place, **changes)


@pytest.mark.parametrize(
    ("week", "expected"), [(1, FIRST), (9, FIRST), (10, SECOND), (20, SECOND), (52, SECOND)]
)
@pytest.mark.parametrize("book", [BOOK, AgreementBook([SECOND, FIRST])])
def test_a_window_is_under_the_newest_version_that_covers_it(
    book: AgreementBook, week: int, expected: SignedAgreement
) -> None:
    assert book.in_force(Window(2026, week)) is expected


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (batch(FIRST, 5), None),
        (batch(SECOND, 5), Rejection.NOT_IN_FORCE),
        (batch(FIRST, 15), Rejection.NOT_IN_FORCE),
        (batch(FIRST, 53), Rejection.WINDOW_NOT_COLLECTED),
        (batch(SECOND, 1, window=Window(2027, 1)), Rejection.NOT_IN_FORCE),
        (batch(FIRST, 5, agreement=AgreementDigest(bytes(32))), Rejection.NOT_IN_FORCE),
        (batch(FIRST, 5, task=TaskId("x")), Rejection.UNKNOWN_TASK),
        (batch(FIRST, 5, group=GroupId("x")), Rejection.UNKNOWN_GROUP),
        (batch(FIRST, 5, group=GroupId("sales")), Rejection.UNKNOWN_GROUP),
        (batch(FIRST, 5, task=TaskId("breadth")), Rejection.UNKNOWN_GROUP),
    ],
)
def test_a_batch_exists_or_is_refused_for_its_reason(
    place: BatchId, reason: Rejection | None
) -> None:
    assert BOOK.exists(place) is (reason is None)
    if reason is None:
        assert BOOK.collection(place).group.id == place.group
    else:
        with pytest.raises(ReportRejected) as refused:
            BOOK.collection(place)
        assert refused.value.reason is reason


def test_a_batch_closes_at_its_deadline_or_when_all_have_reported() -> None:
    place = batch(FIRST, 5)
    deadline = BOOK.upload_closes(place)
    before = deadline - timedelta(microseconds=1)
    assert BOOK.closed(place, 0, deadline)
    assert not BOOK.closed(place, 11, before)
    assert BOOK.closed(place, 12, before)


def test_every_batch_past_its_deadline_is_found_once_under_its_own_version() -> None:
    found = list(BOOK.past_deadline(BOOK.upload_closes(batch(SECOND, 12))))
    assert len(found) == len(set(found)) == 12 * 4
    assert {place.agreement for place in found if place.window.week < 10} == {FIRST.digest}
    assert {place.agreement for place in found if place.window.week >= 10} == {SECOND.digest}
    assert all(BOOK.exists(place) for place in found)
    assert list(BOOK.past_deadline(FIRST.agreement.upload_opens(Window(2026, 1)))) == []


def test_a_version_that_was_ended_covers_nothing_after_its_last_window() -> None:
    book = AgreementBook([FIRST, SECOND], {SECOND.digest: Window(2026, 15)})
    assert book.in_force(Window(2026, 15)) is SECOND
    # Not the first version again: its time is over since the second began.
    assert book.in_force(Window(2026, 16)) is None
    assert book.in_force(Window(2026, 9)) is FIRST
    assert list(book.batches(Window(2026, 16))) == []
    assert not book.exists(batch(SECOND, 16))
    assert not book.exists(batch(FIRST, 16))
    found = list(book.past_deadline(SECOND.agreement.upload_closes(Window(2026, 40))))
    assert max(place.window for place in found) == Window(2026, 15)


def test_a_newer_version_takes_the_windows_of_one_that_was_ended() -> None:
    third = version(3, 18, 30)
    book = AgreementBook([FIRST, SECOND, third], {SECOND.digest: Window(2026, 15)})
    assert book.in_force(Window(2026, 16)) is None
    assert book.in_force(Window(2026, 18)) is third
    assert {place.agreement for place in book.batches(Window(2026, 18))} == {third.digest}
