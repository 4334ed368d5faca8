"""Options of the commands about reports."""

from client.options.base import Commands, does

_ROOM = "client.commands.reports"


def add(commands: Commands) -> None:
    """Add them."""
    command = commands.add_parser("preview", help="see what would be, or was, reported")
    command.add_argument("--window", metavar="WEEK", help="like 2026-W05 (default: this week)")
    command.add_argument("--json", action="store_true", help="for other programs")
    does(command, f"{_ROOM}:show_preview")

    does(
        commands.add_parser("send", help="make the reports that are due and send them"),
        f"{_ROOM}:send",
    )

    command = commands.add_parser("receipts", help="see what became of the reports sent")
    either = command.add_mutually_exclusive_group()
    either.add_argument("--json", action="store_true", help="with all that proves it")
    either.add_argument(
        "--seen",
        action="store_true",
        help="you have seen to the alarms about reports: list them, and say them no more",
    )
    does(command, f"{_ROOM}:show_receipts")
