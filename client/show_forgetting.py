"""What the command line says about forgetting and exporting."""

from collections.abc import Sequence
from pathlib import Path

from client.forgetting import Forgotten
from client.say import say, trouble
from privacy.window import Window


def before_forgetting(folder: Path, week: Window) -> None:
    """What forgetting means, before it is asked about."""
    say(
        f"Everything that was recorded here is erased from {folder} and overwritten: your "
        "activity, what was read of your mail, your tasks with their times, and days away that "
        "are over. Copies in backups stay."
        f"\nThis cannot be undone, and {week} and every earlier week that is not reported yet are "
        "reported neutral, like a pause: nobody sees that you did it. Mail from before now is "
        "never read again."
        "\nNot erased: your consent, the device key, receipts and what is kept of reports, your "
        "mailboxes, your working hours, days away that are still to come. A report that is made "
        "already is sent as it would have been. To erase these too, leave (plurale leave)."
        "\nRecording goes on afterwards. If you do not want that:  plurale pause"
    )


def nothing_kept(folder: Path) -> None:
    """When `plurale forget` finds no file of Plurale."""
    say(f"Plurale keeps nothing in {folder}: there is nothing to forget.")


def forgotten(done: Forgotten) -> None:
    """After `plurale forget`."""
    say("\nForgotten. Nothing of it is in the files of Plurale any more.")
    if done.damaged is not None:
        trouble(
            [
                f"{done.damaged}; it was overwritten and removed as it was, with your working "
                "hours and all days away: set them again (plurale hours, plurale away)"
            ]
        )


def exported(files: Sequence[Path], unreadable: Sequence[str]) -> None:
    """After `plurale export`."""
    for path in files:
        say(f"Written: {path}")
    say("These files are open: whoever can read them can read what is in them.")
    trouble(unreadable)
