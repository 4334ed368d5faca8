"""Options of the commands about days away and one's own working hours."""

from client.options.base import Commands, does

_ROOM = "client.commands.days"


def add(commands: Commands) -> None:
    """Add them."""
    command = commands.add_parser("away", help="mark days of leave or sickness; alone: list them")
    command.add_argument(
        "days",
        metavar="DATES",
        nargs="?",
        help="like 2026-12-01, or 2026-12-01..2026-12-05 for several",
    )
    command.add_argument("--back", action="store_true", help="take them back")
    does(command, f"{_ROOM}:away")

    command = commands.add_parser("hours", help="your own working hours; alone: show them")
    command.add_argument(
        "week",
        metavar="HOURS",
        nargs="*",
        help="like mon-wed=9:00-13:00 thu=9:00-12:00, or agreed to go back to the agreed ones",
    )
    does(command, f"{_ROOM}:hours")
