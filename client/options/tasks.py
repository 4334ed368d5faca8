"""Options of the commands about tasks."""

import argparse
from typing import Final

from client.options.base import Commands, does

_ROOM = "client.commands.tasks"
_NUMBER: Final = "its number, from plurale task list"


def add(commands: Commands) -> None:
    """Add them."""
    task = commands.add_parser("task", help="note how long tasks should take, and take")
    kinds = task.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command = kinds.add_parser("add", help="a task that you mean to do")
    command.add_argument("title", metavar="TITLE", help="stays on this device")
    command.add_argument(
        "--estimate", metavar="TIME", help="how long you think it takes, like 3h, 1h30m or 45m"
    )
    does(command, f"{_ROOM}:add")

    command = kinds.add_parser("start", help="begin work; what ran before stops")
    _number(command, "the task that you worked on last", optional=True)
    _at(command, "today; without it: now")
    does(command, f"{_ROOM}:start")

    command = kinds.add_parser("stop", help="end work")
    _at(command, "the first time since the start that a clock showed it; without it: now")
    does(command, f"{_ROOM}:stop")

    command = kinds.add_parser("done", help="a task is finished; if it runs, it stops")
    _number(command, "the one that runs", optional=True)
    _at(command, "as for stop if it runs, else today; without it: now")
    does(command, f"{_ROOM}:finish")

    command = kinds.add_parser("list", help="see what runs, is open, and was finished lately")
    command.add_argument("--json", action="store_true", help="all of them, for other programs")
    does(command, f"{_ROOM}:show")

    command = kinds.add_parser("estimate", help="another estimate, before the work begins")
    _number(command)
    command.add_argument("time", metavar="TIME", help="like 3h, 1h30m or 45m")
    does(command, f"{_ROOM}:estimate")

    command = kinds.add_parser("remove", help="erase a task with its times")
    _number(command)
    does(command, f"{_ROOM}:remove")

    command = kinds.add_parser(
        "import", help="what Taskwarrior (task export) or Timewarrior (timew export) wrote"
    )
    command.add_argument("file", metavar="FILE", help="or - for standard input")
    does(command, f"{_ROOM}:take_over")


def _number(
    command: argparse.ArgumentParser, otherwise: str = "", *, optional: bool = False
) -> None:
    command.add_argument(
        "number",
        type=int,
        metavar="NUMBER",
        nargs="?" if optional else None,
        help=f"{_NUMBER}; without it: {otherwise}" if optional else _NUMBER,
    )


def _at(command: argparse.ArgumentParser, which: str) -> None:
    command.add_argument("--at", metavar="HH:MM", help=f"when it was: {which}")
