"""What the command line says about leaving."""

from collections.abc import Iterable
from pathlib import Path

from client.leaving import Left
from client.say import say, trouble
from privacy.errors import NotAMember, PluraleError
from protos.errors import Unreachable


def nothing_to_leave(folder: Path) -> None:
    """When `plurale leave` finds no file of Plurale."""
    say(f"Plurale keeps nothing in {folder}: there is nothing to leave.")


def before_leaving(folder: Path, files: Iterable[Path]) -> None:
    """What leaving means, before it is asked about."""
    say(
        "If you leave:"
        "\n- The works council's server is told, and gives this device no token any more. To take "
        "part again you need a new code."
        f"\n- These files in {folder} are overwritten and erased, and no others: "
        f"{', '.join(path.name for path in files)}. Copies in backups stay."
        "\n- Reports that are made and not sent yet are erased with them, and never sent."
        "\nThis cannot be undone:"
        "\n- Reports that are sent stay sent: nobody can find them."
        "\n- Your receipts are erased. If you want to show somebody what became of a report, copy "
        "first what plurale receipts --json prints, and ledger-alarm.json if it is there."
    )


def left(done: Left, untold: PluraleError | None) -> None:
    """After `plurale leave`. `untold`: why the council's server was not told, if it was not."""
    say(f"\nErased: {', '.join(done.erased) or 'nothing'}.")
    trouble(done.left_over)
    if untold is None:
        say("The works council's server knows that you left.")
    elif isinstance(untold, NotAMember):
        trouble(
            [
                "the works council's server does not know this device (any more): if you are still "
                "on their list, tell them; only they can take you off it"
            ]
        )
    else:
        why = "it cannot be reached" if isinstance(untold, Unreachable) else str(untold)
        trouble(
            [
                f"the works council's server was not told that you left ({why}): tell the works "
                "council yourself; plurale-aggregator roster end takes you off their list, and "
                "plurale-aggregator roster revoke stops this device at once"
            ]
        )
    say("If a timer runs plurale send, remove it.")
