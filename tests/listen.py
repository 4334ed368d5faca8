"""A process that listens for input: ``python -m tests.listen WAY FOLDER``.

WAY is ``reader``, Plurale's listener with the journal behind it, or one that keeps what is typed,
for searches to find: ``text``, ``letters``, ``symbols``; ``buffers`` drops it, and leaves pynput's
buffers as they are. It prints the addresses of Python's letters and small numbers, and then, for
every line it is sent, when the last event was by a running clock; an empty line ends it.
"""

import json
import os
import sys
import time
from array import array
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from client.journal import Journal
from client.sources.activity import Moment
from client.sources.pynput_input import PynputInput
from client.watching import FromReadings

_STEP = timedelta(seconds=10)


class Keeper:
    """Keeps what is typed in one way."""

    def __init__(self, keep: Callable[[Any], None]) -> None:
        from pynput import keyboard

        self._last = float("-inf")
        self._keep = keep
        self._listener = keyboard.Listener(on_press=self._note)
        self._listener.start()
        self._listener.wait()

    def _note(self, key: Any, *_rest: object) -> None:
        self._keep(key)
        self._last = time.monotonic()

    def look(self) -> float:
        """When the last event was."""
        return self._last


class Recorder:
    """Plurale's reader, recording into a journal. Ten seconds pass from one look to the next."""

    def __init__(self, folder: Path) -> None:
        self._reader = PynputInput(time.monotonic)
        self._source = FromReadings(self._reader, timedelta(minutes=5))
        self._path = folder / "journal.db"
        self._start = datetime.now(UTC)
        self._looks = 0

    def look(self) -> float:
        """When the last event was, after writing what is decided."""
        self._looks += 1
        passed = self._looks * _STEP
        seen = self._source.look(Moment(self._start + passed, passed))
        with Journal(self._path) as journal:
            journal.record(seen.spans)
        now, reading = time.monotonic(), self._reader.read()
        return float("-inf") if reading.locked else now - reading.idle.total_seconds()


class Text:
    """Text that grows."""

    def __init__(self) -> None:
        self.kept = ""

    def keep(self, key: Any) -> None:
        """Add a letter."""
        self.kept += key.char or ""


def listener(way: str, folder: Path) -> Keeper | Recorder:
    """Start listening in one way."""
    if way == "reader":
        return Recorder(folder)
    text, letters, symbols = Text(), list[str](), array("I")
    ways: dict[str, Callable[[Any], None]] = {
        "text": text.keep,
        "letters": lambda key: letters.append(key.char),
        "symbols": lambda key: symbols.append(key.vk),
        "buffers": lambda key: None,
    }
    return Keeper(ways[way])


def _addresses() -> dict[str, Any]:
    from pynput._util.xorg_keysyms import SYMBOLS

    pythons = {letter: id(letter) for letter in ascii_lowercase}
    pynputs = {letter: id(SYMBOLS[letter][1]) for letter in ascii_lowercase}
    numbers = {str(number): id(number) for number in range(256)}
    return {"letters": [pythons, pynputs], "numbers": numbers}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Listen until an empty line comes."""
    listening = listener(sys.argv[1], Path(sys.argv[2]))
    _say(json.dumps(_addresses()))
    while sys.stdin.readline().strip():
        _say(str(listening.look()))
    # What still listens ends with the process.
    os._exit(0)


if __name__ == "__main__":
    main()
