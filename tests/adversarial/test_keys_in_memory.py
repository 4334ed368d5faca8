"""What is typed while Plurale listens is nowhere in its memory, nor in its journal."""

import json
import random
import secrets
import signal
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from Xlib import display

from client.journal import Journal
from tests.adversarial.memory import Alphabet, Search, memory_of
from tests.meta.repository import ROOT
from tests.screens import Screen, screen

pytestmark = [
    pytest.mark.threat("keys-in-memory"),
    pytest.mark.needs_debian("xvfb", "Xvfb"),
    pytest.mark.needs_debian("xdotool", "xdotool"),
]

_LETTERS = 16
_LOOKS = 200


@dataclass
class Listener:
    """A process of tests/listen.py on a screen."""

    screen: Screen
    process: subprocess.Popen[str]
    alphabet: Alphabet

    def last_event(self) -> float:
        """When the last event was; the process also records it, if it does."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("look\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def type(self, word: str) -> None:
        """Type a word, and wait until the process has got all of it."""
        start = time.monotonic()
        self.screen.play("type", "--delay", "12", word)
        self.wait_since(start)

    def type_while_it_stands_still(self, word: str) -> None:
        """Type a word that waits for the process, which then gets all of it at once."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGSTOP)
        self.screen.play("type", "--delay", "12", word)
        self.process.send_signal(signal.SIGCONT)
        self.wait_since(start)

    def wait_since(self, start: float) -> None:
        """Wait until the last event came after `start`, and no further one comes."""
        before = float("-inf")
        for _ in range(_LOOKS):
            time.sleep(0.1)
            last = self.last_event()
            # The clock is read a little later each time it is asked.
            if last >= start and abs(last - before) < 0.01:
                return
            before = last
        raise AssertionError("the listener got nothing")

    def new_words(self, count: int) -> list[str]:
        """Words of which no part is in memory by chance; no letter twice, for the same reason."""
        memory, words = self.memory(), list[str]()
        draw = random.Random(secrets.token_bytes(16))
        while len(words) < count:
            word = "".join(draw.sample(string.ascii_lowercase, _LETTERS))
            if not memory.found(word, self.alphabet):
                words.append(word)
        return words

    def memory(self) -> Search:
        """All of the process's memory, now."""
        return Search(memory_of(self.process.pid))


@contextmanager
def _listening(on: Screen, way: str, folder: Path) -> Iterator[Listener]:
    command = [sys.executable, "-m", "tests.listen", way, str(folder)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=on.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            addresses = json.loads(process.stdout.readline())
            yield Listener(on, process, _alphabet(on, addresses))
        finally:
            process.kill()


def _alphabet(on: Screen, addresses: Any) -> Alphabet:
    server = display.Display(on.name)
    codes = {letter: server.keysym_to_keycode(ord(letter)) for letter in string.ascii_lowercase}
    server.close()
    numbers = {int(number): address for number, address in addresses["numbers"].items()}
    return Alphabet(codes, addresses["letters"], numbers)


@pytest.fixture(scope="module")
def x_server() -> Iterator[Screen]:
    with screen() as running:
        yield running


def test_what_is_typed_is_neither_in_memory_nor_in_the_journal(
    x_server: Screen, tmp_path: Path
) -> None:
    with _listening(x_server, "reader", tmp_path) as listener:
        first, word = listener.new_words(2)
        listener.type(first)
        listener.type(word)
        assert listener.memory().found(word, listener.alphabet) == set()
    with Journal(tmp_path / "journal.db") as journal:
        assert journal.last_recorded() is not None
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert Search(kept).found(word, listener.alphabet) == set()


def test_what_was_typed_while_the_program_stood_still_is_not_in_memory_either(
    x_server: Screen, tmp_path: Path
) -> None:
    with _listening(x_server, "reader", tmp_path) as listener:
        first, word = listener.new_words(2)
        listener.type(first)
        listener.type_while_it_stands_still(word)
        assert listener.memory().found(word, listener.alphabet) == set()


@pytest.mark.parametrize(
    ("way", "form"),
    [
        ("text", "letters or key symbols of 1 bytes, 1 bytes apart"),
        ("letters", "Python's letters, 8 bytes apart"),
        ("symbols", "letters or key symbols of 4 bytes, 4 bytes apart"),
        ("buffers", "key codes of 1 bytes, 128 bytes apart"),
    ],
)
def test_the_same_search_finds_it_in_a_listener_that_keeps_it(
    x_server: Screen, tmp_path: Path, way: str, form: str
) -> None:
    with _listening(x_server, way, tmp_path) as listener:
        word, other = listener.new_words(2)
        listener.type_while_it_stands_still(word)
        memory = listener.memory()
        assert form in memory.found(word, listener.alphabet)
        assert memory.found(other, listener.alphabet) == set()
