"""What the command line says about pauses."""

from datetime import datetime, tzinfo

from client.pausing import Pauses
from client.say import say, trouble
from privacy.window import Window


def paused(before: Pauses, week: Window) -> None:
    """After `plurale pause`. `before`: as it was. `week`: the one that runs."""
    if before.fault is not None:
        say(
            f"You are paused. When you paused before cannot be read any more, so every week that "
            f"is not reported yet, {week} too, is reported neutral."
        )
    elif before.open is not None:
        say(f"You have paused since {_time(before.open.begins)}: nothing was changed.")
    else:
        say(
            f"Paused. Mail is not read, and {week} and every week until you resume is reported "
            "neutral as a whole: with nothing in it but noise, at times and in a size like any "
            "other. Weeks that are over are reported with what this device has read of them."
        )
    say("To end the pause:  plurale resume")


def resumed(before: Pauses, week: Window) -> None:
    """After `plurale resume`. `before`: as it was. `week`: the one that runs."""
    if before.open is None:
        say("You are not paused: nothing was changed.")
        return
    unread = (
        ""
        if before.fault is None
        else " When you paused before cannot be read any more, so earlier weeks that are not "
        "reported yet are neutral too."
    )
    say(
        f"Resumed. {week} is still reported neutral, as a whole; the first week with your own "
        f"numbers is {week.plus(1)}.{unread}"
    )


def in_preview(pauses: Pauses, window: Window, zone: tzinfo) -> None:
    """Whether a pause goes on, and whether one touches the window."""
    if pauses.fault is not None:
        trouble([str(pauses.fault)])
        return
    if pauses.open is not None:
        say(f"You have paused since {_time(pauses.open.begins)}.")
    if pauses.touches(window, zone):
        say(f"A pause touches {window}: its report has nothing in it but noise.")


def _time(moment: datetime) -> str:
    return f"{moment.astimezone():%a %d %b %Y, %H:%M}"
