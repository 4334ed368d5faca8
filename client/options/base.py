"""How a command line names what it does, without importing it."""

import argparse
import importlib
from collections.abc import Callable
from typing import Final, TypeAlias, cast

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

Command: TypeAlias = Callable[[argparse.Namespace], int]

_PLACE: Final = "command"


def does(parser: argparse.ArgumentParser, place: str) -> None:
    """Say what runs: `place` is ``module:function``."""
    parser.set_defaults(**{_PLACE: place})


def found(options: argparse.Namespace) -> Command:
    """The function of the command that was typed; its module is imported now, no other is."""
    module, _, function = cast("str", getattr(options, _PLACE)).partition(":")
    return cast("Command", getattr(importlib.import_module(module), function))
