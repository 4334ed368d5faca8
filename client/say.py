"""Sentences for whoever typed a command. At a terminal lines end between words.

Whatever else reads the output gets each sentence on one line.
"""

import shutil
import sys
import textwrap
from collections.abc import Iterable
from typing import Final, TextIO

_LEAST_COLUMNS: Final = 40


def say(text: str = "") -> None:
    """Paragraphs, to standard output."""
    print(_fitted(text, sys.stdout))


def trouble(sentences: Iterable[str]) -> None:
    """Errors, to standard error."""
    for sentence in sentences:
        print(_fitted(f"plurale: {sentence}", sys.stderr), file=sys.stderr)


def _fitted(text: str, stream: TextIO) -> str:
    if not stream.isatty():
        return text
    columns = max(_LEAST_COLUMNS, shutil.get_terminal_size().columns)
    return "\n".join(
        textwrap.fill(line, columns, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )
