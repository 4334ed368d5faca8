"""What later windows are worth does not depend on what was erased before."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from client.acceptance import Acceptance
from client.activity import Span
from client.enrolment import Enrolment
from client.journal import Journal
from client.reported import erase
from client.sources.activity import Used
from client.sources.base import MailFact, MessageKey, StrandKey
from client.tasks import TaskNumber
from client.values import compute
from privacy.agreement import envelope
from privacy.agreement.model import Agreement, ClockStart, MailRules, Party
from privacy.groups import GroupId
from tests.agreements import make_agreement, party_keys, sign, working_time
from tests.unit.client.correspondents import FIRST, WEEKS, Delivered, mails
from tests.unit.client.mailbox import BERLIN

_BEFORE = FIRST.plus(-1).start(BERLIN)


def accepted(agreement: Agreement) -> Acceptance:
    signed = envelope.verify(
        sign(agreement),
        employer_key=party_keys(Party.EMPLOYER).signing.public_key().public_bytes_raw(),
        council_key=party_keys(Party.COUNCIL).signing.public_key().public_bytes_raw(),
    )
    return Acceptance(signed, GroupId("north"), _BEFORE)


FIRST_VERSION = accepted(
    make_agreement(
        first_window=FIRST,
        last_window=FIRST.plus(1),
        mail=MailRules(("example.com",), answer_hours=8),
    )
)
SECOND_VERSION = accepted(
    make_agreement(
        version=2,
        first_window=FIRST.plus(2),
        mail=MailRules(("other.example",), answer_hours=20, clock_start=ClockStart.LAST),
        working_time=working_time(time_zone="America/New_York", days=frozenset({0, 2, 5})),
    )
)
ENROLMENT = Enrolment((FIRST_VERSION, SECOND_VERSION))


@contextmanager
def two_journals() -> Iterator[tuple[Journal, Journal]]:
    with (
        TemporaryDirectory() as folder,
        Journal(Path(folder) / "erasing.db") as erasing,
        Journal(Path(folder) / "keeping.db") as keeping,
    ):
        yield erasing, keeping


def finish(journal: Journal, number: TaskNumber, at: datetime) -> None:
    """A task that took the hour before."""
    start = at - timedelta(hours=1)
    journal.tasks.change(lambda tasks: tasks.added("one", timedelta(hours=2), start))
    journal.tasks.change(lambda tasks: tasks.started(number, start).finished(number, at))


@settings(max_examples=200)
@given(
    delivered=mails,
    scans=st.sets(st.sampled_from([n / 7 for n in range(1, 7 * (WEEKS + 2))])),
    away=st.sets(st.integers(0, 7 * WEEKS - 1), max_size=8),
    minutes=st.lists(
        st.tuples(st.integers(0, WEEKS * 7 * 24 * 60 - 1), st.integers(1, 3000), st.booleans()),
        max_size=12,
    ),
    done=st.sets(st.integers(0, WEEKS * 7 * 24), max_size=4),
)
def test_values_of_later_windows_are_the_same_with_and_without_erasing(
    delivered: list[Delivered],
    scans: set[float],
    away: set[int],
    minutes: list[tuple[int, int, bool]],
    done: set[int],
) -> None:
    start = FIRST.start(BERLIN)
    with two_journals() as (erasing, keeping):
        for journal in (erasing, keeping):
            journal.mark_away(FIRST.monday + timedelta(days=day) for day in away)
            for number, hours in enumerate(sorted(done), start=1):
                finish(journal, TaskNumber(number), start + timedelta(hours=hours))
            for first, length, active in minutes:
                begin = start + timedelta(minutes=first)
                end = begin + timedelta(minutes=length)
                journal.record([Span(begin, end, active)])
                journal.record_used([Used(begin, end, "writing" if active else "other")])
        mondays = {float(n) for n in range(1, WEEKS + 2)}
        for weeks in sorted(scans | mondays):
            now = start + timedelta(weeks=weeks, hours=9)
            if weeks in scans:
                found = [each for each in delivered if each.shows_until(now)]
                delivered = [each for each in delivered if each not in found]
                for journal in (erasing, keeping):
                    journal.add_mail((each.fact for each in found), [])
                    journal.mail_was_read(now)
            window = FIRST.plus(int(weeks))
            if weeks in mondays:
                over = window.plus(-1)
                acceptance = ENROLMENT.for_window(over)
                assert acceptance is not None
                assert compute(acceptance.agreement, over, erasing) == compute(
                    acceptance.agreement, over, keeping
                )
            erase(ENROLMENT, erasing, window, now)


def test_a_received_copy_of_a_sent_mail_goes_with_it() -> None:
    """Found by the test above: without the sent one it would look like a client mail."""
    key, now = MessageKey(b"k" * 32), FIRST.plus(1).start(BERLIN) + timedelta(hours=9)
    sent = MailFact(
        key, now - timedelta(days=2), outgoing=True, automated=False, domains=frozenset()
    )
    copy = dataclasses.replace(
        sent,
        received=now - timedelta(hours=8),
        outgoing=False,
        domains=frozenset({"other.example"}),
        strand=StrandKey(b"s" * 32),
    )
    with two_journals() as (erasing, _):
        erasing.add_mail([sent, copy], [])
        erasing.mail_was_read(now)
        erase(ENROLMENT, erasing, FIRST.plus(1), now)
        assert erasing.mail(now) == ()
