"""Options of the commands about what is kept on this device."""

from pathlib import Path

from client.options.base import Commands, does

_ROOM = "client.commands.data"


def add(commands: Commands) -> None:
    """Add them."""
    does(
        commands.add_parser("status", help="see how things stand"),
        f"{_ROOM}:status",
    )

    command = commands.add_parser("history", help="see when each report was made and sent")
    command.add_argument("--json", action="store_true", help="for other programs")
    does(command, f"{_ROOM}:history")

    command = commands.add_parser("doctor", help="see what works on this device and what does not")
    command.add_argument("--json", action="store_true", help="for other programs")
    does(command, f"{_ROOM}:examine")

    command = commands.add_parser("export", help="copy all that is kept here, in open form")
    command.add_argument("folder", type=Path, metavar="FOLDER", help="where to write it")
    command.add_argument(
        "--format",
        choices=("json", "csv"),
        default="json",
        help="one JSON file, or one CSV file for each kind (default: %(default)s)",
    )
    does(command, f"{_ROOM}:export")

    does(
        commands.add_parser("forget", help="erase all that was recorded here"),
        f"{_ROOM}:forget",
    )
