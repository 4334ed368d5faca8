"""Options of the watcher."""

from client.options.base import Commands, does


def add(commands: Commands) -> None:
    """Add them."""
    command = commands.add_parser(
        "watch", help="record when this device is in use, until you end it"
    )
    command.add_argument(
        "--source",
        metavar="NAME",
        help="what to ask, by its name in plurale doctor (default: what works best here)",
    )
    command.add_argument(
        "--activitywatch",
        metavar="URL",
        help="where your ActivityWatch server is, if not at http://localhost:5600",
    )
    command.add_argument(
        "--api-key-command",
        metavar="COMMAND",
        help="a command that prints the API key of your ActivityWatch server",
    )
    does(command, "client.commands.watching:watch")
