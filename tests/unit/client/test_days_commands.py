"""`plurale away` and `plurale hours`, as they are typed on an enrolled device."""

import secrets
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from client import enrolment_file
from client.acceptance import Acceptance
from client.cli import main
from client.enrolment import Enrolment
from client.journal import Journal
from client.outbox import Outbox
from client.parcel import Parcel
from client.personal_hours import PersonalHours, monday_of, parse
from client.schedule import Times
from privacy.agreement.model import Party, Role
from privacy.batch import Collection
from privacy.groups import GroupId
from privacy.noise import DiscreteGaussian, noisy_measurement
from privacy.report import prepare
from privacy.window import Window
from tests.agreements import make_agreement, party_keys, sign
from tests.pair import verified
from tests.unit.client.mailbox import BERLIN

NOW = datetime.now(UTC)
TODAY = NOW.astimezone(BERLIN).date()
WEEK = Window.of(TODAY)
LAST_WEEK = next(week for week in (WEEK.plus(-1), WEEK.plus(-2)) if week.collected)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    agreement = make_agreement(first_window=WEEK.plus(-20), last_window=WEEK.plus(20))
    accepted = Acceptance(verified(sign(agreement)), GroupId("north"), NOW - timedelta(weeks=8))
    enrolment_file.save(tmp_path, Enrolment((accepted,)))
    return tmp_path


def types(folder: Path, *words: str) -> int:
    return main(["--data", str(folder), *words])


def away(folder: Path) -> frozenset[date]:
    with Journal(folder / "journal.db") as journal:
        return journal.away()


def hours(folder: Path) -> PersonalHours:
    with Journal(folder / "journal.db") as journal:
        return journal.hours.all()


def day(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def report_is_made(folder: Path, window: Window) -> None:
    acceptance = enrolment_file.load(folder).newest
    batch = acceptance.batches(window)[0]
    collection = Collection.of(acceptance.signed, batch.task, batch.group)
    keys = {
        role: party_keys(party).hpke_public
        for role, party in zip(Role, (Party.EMPLOYER, Party.COUNCIL), strict=True)
    }
    numbers = noisy_measurement(
        [0] * len(collection.coordinate_scales), collection.coordinate_scales, DiscreteGaussian()
    )
    report = prepare(batch, collection, numbers, keys, secrets.token_bytes)
    outbox = Outbox(folder / "outbox.db")
    times = outbox.schedule(batch, Times(NOW, NOW + timedelta(days=1)))
    outbox.add(Parcel.waiting(report, Fraction(1, 26), numbers, made_at=NOW, times=times))
    outbox.close()


# --- away -----------------------------------------------------------------------------------------


def test_days_are_marked_listed_and_taken_back(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert types(folder, "away", f"{day(1)}..{day(5)}") == 0
    assert types(folder, "away", f"{day(3)}..{day(6)}") == 0
    assert away(folder) == {TODAY + timedelta(days=n) for n in range(1, 7)}
    capsys.readouterr()
    assert types(folder, "away") == 0
    first, last = (TODAY + timedelta(days=n) for n in (1, 6))
    assert f"Away: {first:%a %d %b %Y} to {last:%a %d %b %Y} (6 days)" in capsys.readouterr().out
    assert types(folder, "away", "--back", f"{day(2)}..{day(5)}") == 0
    assert f"{day(1)}" in map(str, away(folder))
    assert len(away(folder)) == 2
    assert types(folder, "away", day(30), "--back") == 0
    assert "None of these days was marked: nothing was changed." in capsys.readouterr().out


def test_with_no_day_marked_the_list_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert types(folder, "away") == 0
    assert capsys.readouterr().out.startswith("No day is marked as away.\n")


def test_a_day_of_last_week_can_be_marked_until_its_report_is_made(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sunday = LAST_WEEK.days[-1]
    monday = sunday + timedelta(days=1)
    both = f"{sunday}..{monday}"
    assert types(folder, "away", both) == 0
    assert away(folder) == {sunday, monday}
    report_is_made(folder, LAST_WEEK)
    assert types(folder, "away", "--back", both) == 0
    assert away(folder) == {sunday}
    said = f"Not all of them: {LAST_WEEK} is reported or over, and a report that is made is not"
    assert said in capsys.readouterr().out
    assert types(folder, "away", f"{LAST_WEEK.monday}..{monday}") == 0
    assert away(folder) == {sunday, monday}
    assert types(folder, "away", "--back", both) == 0
    capsys.readouterr()
    assert types(folder, "away", f"{LAST_WEEK.monday}..{sunday}") == 1
    assert f"nothing was changed: {LAST_WEEK} is reported or over" in capsys.readouterr().err
    assert away(folder) == {sunday}


def test_a_day_of_a_week_whose_upload_period_is_over_cannot_be_marked(folder: Path) -> None:
    assert types(folder, "away", WEEK.plus(-5).monday.isoformat()) == 1
    assert away(folder) == frozenset()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["away", "--back"], "say which days to take back"),
        (["away", "soon"], "'soon' is no date"),
        (["away", "2062-01-01"], "2062-01-01 is far off"),
        (["hours", "mon=17:00-9:00"], "these hours end before they begin"),
        (["hours", "monday=9:00-17:00"], "'monday' is no day of the week"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_changes_nothing(
    words: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert types(folder, *words) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith("plurale: ")
    assert error.count("\n") == 1
    assert (away(folder), hours(folder)) == (frozenset(), PersonalHours())


@pytest.mark.parametrize("words", [["away"], ["away", day(1)], ["hours"], ["hours", "agreed"]])
def test_a_device_that_is_not_enrolled_says_how_to(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert types(tmp_path, *words) == 1
    assert "not enrolled yet: plurale enrol FILE CODE" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# --- hours ----------------------------------------------------------------------------------------


def test_hours_hold_from_the_monday_of_this_week_and_go_back(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert types(folder, "hours") == 0
    assert "so the agreed ones are yours" in capsys.readouterr().out
    assert types(folder, "hours", "mon-wed=9:00-13:00", "thu=9:00-12:00") == 0
    monday, week = monday_of(TODAY), "mon-wed=09:00-13:00 thu=09:00-12:00"
    assert hours(folder).since == ((monday, parse(week.split())),)
    said = capsys.readouterr().out
    assert f"From {monday:%a %d %b %Y} on, the Monday of this week, you work {week};" in said
    assert "Weeks before keep the hours that they had." in said
    assert types(folder, "hours") == 0
    shown = capsys.readouterr().out
    assert "Agreed for all: mon-fri=09:00-17:00\n" in shown
    assert f"From {monday:%a %d %b %Y} on: {week}\n" in shown
    assert types(folder, "hours", "agreed") == 0
    assert hours(folder).since == ((monday, None),)
    assert "you work as agreed, mon-fri=09:00-17:00." in capsys.readouterr().out
