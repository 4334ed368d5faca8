"""Watching: the process that is always on. What it imports is held in memory all day."""

import argparse
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from client.errors import NotEnrolled, SettingsUnusable, SourceUnavailable
from client.say import say
from client.sources import choice
from client.sources.activity import ActivitySource
from client.sources.choice import Desktop, SourceName
from client.watch import Opener, Watcher, moment
from client.watch_rules import WatchRule
from client.watching import FromReadings

_KEY_SECONDS: Final = 30.0


def watch(options: argparse.Namespace) -> int:
    """Record until the process is told to end, or the person leaves."""
    folder: Path = options.data
    if not (folder / "enrolment.json").exists():
        raise NotEnrolled(
            "this device is not enrolled, and nothing is recorded before you agreed to it: plurale "
            "enrol FILE, with the signed agreement"
        )
    ended = threading.Event()
    for number in _signals():
        signal.signal(number, lambda *_: ended.set())
    desktop = choice.here()
    watcher = Watcher(folder, _opener(options, desktop), lambda: moment(time.monotonic()), _tell)
    _tell(f"watching into {folder}; Ctrl-C ends it")
    watcher.run(lambda step: ended.wait(step.total_seconds()))
    _tell("ended; what was recorded is kept")
    return 0


def _opener(options: argparse.Namespace, desktop: Desktop) -> Opener:
    name = _name(options.source)
    if name is SourceName.ACTIVITYWATCH:
        key = None if options.api_key_command is None else _key_of(options.api_key_command)

        def of_activitywatch(rule: WatchRule, since: datetime) -> ActivitySource:
            return choice.open_activitywatch(
                desktop, options.activitywatch, key, rule.idle_limit, rule.categories, since
            )

        return of_activitywatch
    if options.activitywatch is not None or options.api_key_command is not None:
        raise SettingsUnusable(
            "--activitywatch and --api-key-command are about ActivityWatch: add --source "
            f"{SourceName.ACTIVITYWATCH}"
        )

    def of_readings(rule: WatchRule, since: datetime) -> ActivitySource:
        if name is not None:
            return FromReadings(choice.open_reader(name, desktop), rule.idle_limit)
        opened = choice.open_first(desktop)
        _tell(f"asking {opened.name}")
        return FromReadings(opened.reader, rule.idle_limit)

    return of_readings


def _name(written: str | None) -> SourceName | None:
    if written is None:
        return None
    try:
        return SourceName(written)
    except ValueError:
        raise SettingsUnusable(
            f"there is no source {written!r}: choose from {', '.join(SourceName)}"
        ) from None


def _key_of(command: str) -> Callable[[], str]:
    words = _words(command)

    def read() -> str:
        """The first line that the command writes; nothing of it is ever shown."""
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_KEY_SECONDS,
                check=True,
            )
            return done.stdout.decode().partition("\n")[0].strip()
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
            raise SourceUnavailable(
                f"{words[0]}, which should give the API key of ActivityWatch, did not: run it "
                "yourself and see what it says"
            ) from None

    return read


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise SettingsUnusable("the command for the API key is empty or has an open quote")
    return words


def _signals() -> list[signal.Signals]:
    """What ends it: Ctrl-C, a service manager, the end of the session."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    return [signal.Signals[name] for name in names if hasattr(signal, name)]


def _tell(sentence: str) -> None:
    say(f"{datetime.now():%H:%M} {sentence}")  # noqa: DTZ005 - for whoever sits there
    sys.stdout.flush()
