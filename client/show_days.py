"""What the command line says about days away and one's own working hours."""

from collections.abc import Sequence
from datetime import date

from client.days_away import Stretch
from client.personal_hours import Hours, PersonalHours, PersonalWeek
from client.say import say
from privacy.agreement.model import WorkingTime
from privacy.window import Window

_ONLY_HERE = (
    "Only this device knows: its reports stay the same in size, and leave at the same times."
)


def away(stretches: Sequence[Stretch]) -> None:
    """After `plurale away`."""
    if not stretches:
        say("No day is marked as away.")
    for each in stretches:
        say(f"Away: {each}{_count(each)}")
    say(
        "Public holidays of the agreement need no mark. Days of weeks that are reported are erased "
        "once no mail is waited for over them."
    )
    say(
        "To mark days:       plurale away 2026-12-01..2026-12-05"
        "\nTo take them back:  plurale away --back 2026-12-01..2026-12-05"
    )


def marked(stretches: Sequence[Stretch], done: Sequence[Window]) -> None:
    """After days were marked; `done`: weeks of which days could not be."""
    for each in stretches:
        say(f"Marked as away: {each}{_count(each)}")
    if done:
        say(f"Not all of them: {too_late(done)}.")
    say(
        "On these days no client mail has to be answered, and nothing that happens is looked at. "
        "The rest of a week stands for all of it; if it is less than half, what is counted over "
        f"the week is missing. {_ONLY_HERE}"
    )


def taken_back(stretches: Sequence[Stretch], done: Sequence[Window]) -> None:
    """After marks were taken back; `stretches` had one."""
    if not stretches:
        say("None of these days was marked: nothing was changed.")
    for each in stretches:
        say(f"Not away any more: {each}{_count(each)}")
    if done:
        say(f"Not all of them: {too_late(done)}.")


def too_late(done: Sequence[Window]) -> str:
    """Why days of some weeks cannot change, as a part of a sentence."""
    weeks = ", ".join(map(str, done))
    return f"{weeks} is reported or over, and a report that is made is not changed"


def hours(personal: PersonalHours, agreed: WorkingTime) -> None:
    """After `plurale hours`."""
    say(f"Agreed for all: {_agreed(agreed)}")
    if not personal.since:
        say("You have set no hours of your own, so the agreed ones are yours.")
    for monday, week in personal.since:
        say(f"From {monday:%a %d %b %Y} on: {'as agreed' if week is None else week}")
    say(
        "To set your own:  plurale hours mon-wed=9:00-13:00 thu=9:00-12:00"
        "\nTo go back:       plurale hours agreed"
    )


def hours_set(monday: date, week: PersonalWeek | None, agreed: WorkingTime) -> None:
    """After hours were set; `week` is None for the agreed ones."""
    what = f"as agreed, {_agreed(agreed)}" if week is None else f"{week}; other days are off"
    say(f"From {monday:%a %d %b %Y} on, the Monday of this week, you work {what}.")
    say(
        "Weeks before keep the hours that they had. The time to answer a client mail runs in your "
        "hours only, and what is counted over a week is scaled from your hours to the agreed ones. "
        f"{_ONLY_HERE}"
    )


def _count(stretch: Stretch) -> str:
    return f" ({len(stretch.days)} days)" if len(stretch.days) > 1 else ""


def _agreed(agreed: WorkingTime) -> str:
    return str(PersonalWeek(dict.fromkeys(agreed.days, Hours(agreed.start, agreed.end))))
