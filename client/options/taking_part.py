"""Options of the commands with which a person takes part, pauses and leaves."""

from pathlib import Path

from client.options.base import Commands, does

_ROOM = "client.commands.taking_part"


def add(commands: Commands) -> None:
    """Add them."""
    command = commands.add_parser("enrol", help="read an agreement and consent to it")
    command.add_argument("file", type=Path, metavar="FILE", help="the signed agreement")
    command.add_argument(
        "code",
        metavar="CODE",
        nargs="?",
        help="from your works council; a device that is enrolled needs none",
    )
    command.add_argument(
        "--group", metavar="ID", help="another team, after a move; at first your code names it"
    )
    does(command, f"{_ROOM}:enrol_here")

    does(
        commands.add_parser("pause", help="report nothing of yours until you resume"),
        f"{_ROOM}:pause",
    )
    does(commands.add_parser("resume", help="end a pause"), f"{_ROOM}:resume")
    does(
        commands.add_parser("leave", help="end your consent and erase what is kept here"),
        f"{_ROOM}:leave",
    )
