"""Everything a process holds in memory, and searches in it for a word that was typed.

A word may lie there as letters, as the key symbols or key codes of its letters, as pointers to the
objects that Python has once for each letter and small number, close together or at equal distances:
event after event in a buffer, or chunk after chunk of memory that was given back.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Places: TypeAlias = NDArray[np.intp]
Values: TypeAlias = NDArray[np.unsignedinteger[Any]]

_ADDRESS = 8
"""Bytes of an address."""

CLOSE = 5
"""Letters in a row that are found where they lie close together."""

APART = 8
"""Letters in a row that are found at equal distances, where fewer would be found by chance."""

DISTANCES = range(16, 1025, 16)
"""Bytes between letters. Events have 32, packets of them 64, and memory is given out by 16."""

_AREA = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+ *(.*)")
_OF_THE_KERNEL = ("[vvar]", "[vvar_vclock]", "[vsyscall]")
_BETWEEN = bytes(APART * DISTANCES.stop)
"""Nothing reaches across it from one area to the next."""


def memory_of(pid: int) -> bytes:
    """Every area that the process can read itself, one after the other."""
    areas: list[bytes] = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            found = _AREA.match(line)
            if found is not None and found[3] not in _OF_THE_KERNEL:
                start, end = int(found[1], 16), int(found[2], 16)
                memory.seek(start)
                areas.append(_read(memory, end - start))
    return _BETWEEN.join(areas)


def _read(memory: Any, size: int) -> bytes:
    parts = []
    while size:
        # The end of a mapped file's last page may have no memory behind it.
        try:
            part = memory.read(size)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


@dataclass(frozen=True)
class Alphabet:
    """What stands for letters in one process. The last two are addresses of Python's objects.

    Python has an object for each small number, and each part of a program one for each letter.
    """

    key_codes: dict[str, int]
    letters: list[dict[str, int]]
    numbers: dict[int, int]

    def numbers_for(self, word: str) -> Iterator[tuple[str, int, Sequence[int]]]:
        """Name, bytes for each letter and numbers, for what may stand for the word."""
        symbols = [ord(letter) for letter in word]  # the key symbol of a Latin letter is its code
        codes = [self.key_codes[letter] for letter in word]
        for width in (1, 2, 4, 8):
            yield f"letters or key symbols of {width} bytes", width, symbols
            yield f"key codes of {width} bytes", width, codes

    def addresses_for(self, word: str) -> Iterator[tuple[str, Sequence[int]]]:
        """Name and addresses, for objects that may stand for the word."""
        for letters in self.letters:
            yield "Python's letters", [letters[letter] for letter in word]
        yield "Python's key symbols", [self.numbers[ord(letter)] for letter in word]
        yield "Python's key codes", [self.numbers[self.key_codes[letter]] for letter in word]


class Search:
    """Searches in one memory."""

    def __init__(self, memory: bytes) -> None:
        self._memory = memory
        self._bytes = np.frombuffer(memory, np.uint8)
        # An address lies at a multiple of its own size.
        self._addresses = np.frombuffer(memory, np.uint64, len(memory) // _ADDRESS)
        self._with_byte = cache(lambda byte: np.flatnonzero(self._bytes == byte))
        self._with_address = cache(lambda address: np.flatnonzero(self._addresses == address))

    def found(self, word: str, alphabet: Alphabet) -> set[str]:
        """In which forms a part of the word is there, and how far apart its letters are."""
        found = set()
        for name, width, numbers in alphabet.numbers_for(word):
            if any(self._has_numbers(run, width) for run in _runs(numbers, CLOSE)):
                found.add(f"{name}, {width} bytes apart")
        for name, addresses in alphabet.addresses_for(word):
            if any(self._has_addresses(run, _ADDRESS) for run in _runs(addresses, CLOSE)):
                found.add(f"{name}, {_ADDRESS} bytes apart")
        for gap in DISTANCES:
            # The lowest byte of a wider number is found as a number of one byte.
            for name, width, numbers in alphabet.numbers_for(word):
                if width == 1 and any(self._has_bytes(run, gap) for run in _runs(numbers, APART)):
                    found.add(f"{name}, {gap} bytes apart")
            for name, addresses in alphabet.addresses_for(word):
                if any(self._has_addresses(run, gap) for run in _runs(addresses, APART)):
                    found.add(f"{name}, {gap} bytes apart")
        return found

    def _has_numbers(self, run: Sequence[int], width: int) -> bool:
        """Whether numbers of so many bytes are there, each right after the last."""
        text = b"".join(number.to_bytes(width, "little") for number in run)
        places = _follow(self._bytes, self._with_byte(run[0]), run, width)
        return any(self._memory.startswith(text, place) for place in places)

    def _has_bytes(self, run: Sequence[int], gap: int) -> bool:
        return len(_follow(self._bytes, self._with_byte(run[0]), run, gap)) > 0

    def _has_addresses(self, run: Sequence[int], gap: int) -> bool:
        step = gap // _ADDRESS
        return len(_follow(self._addresses, self._with_address(run[0]), run, step)) > 0


def _runs(numbers: Sequence[int], length: int) -> Iterator[Sequence[int]]:
    return (numbers[start : start + length] for start in range(len(numbers) - length + 1))


def _follow(values: Values, places: Places, run: Sequence[int], step: int) -> Places:
    """Those of the places of the first in a run after which the others come step by step."""
    for count, number in enumerate(run[1:], start=1):
        places = places[places + step * count < len(values)]
        places = places[values[places + step * count] == number]
    return places
