"""Read an agreement as people write it: TOML with the structure of the document.

Decimals are kept exact (``0.8`` is four fifths), so no spelling of a number changes a digest.
"""

import re
import tomllib
from decimal import Decimal
from typing import Final

from privacy.agreement.document import from_document
from privacy.agreement.model import Agreement
from privacy.errors import InvalidAgreement

_PLACE = re.compile(r"\(at line (?P<line>[0-9]+), column (?P<column>[0-9]+)\)")

_HINTS: Final = (
    ("twice", "this key or table stands here a second time: remove one"),
    ("overwrite", "this key or table stands here a second time: remove one"),
    ("after a statement", "write one entry on a line, and a point in decimals: 0.25"),
    ("Expected '='", "write the entry as key = value"),
    ("Unterminated", "close the quotes"),
    ("Illegal character", "close the quotes on the same line"),
    ("Unclosed", "close the bracket"),
    ("Invalid value", "put a text in quotes, and a value after the ="),
)
"""What to do about a syntax error, by a word of `tomllib`'s message."""


def parse(text: str, *, name: str) -> Agreement:
    """The agreement written in `text`; `name` is the file's, for messages.

    Raises `InvalidAgreement`: for a syntax error with its line and column, otherwise with one
    sentence for each problem.
    """
    try:
        document = tomllib.loads(text.removeprefix("\ufeff"), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise InvalidAgreement([_syntax(str(error), text, name)]) from None
    except (ValueError, ArithmeticError, RecursionError):
        raise InvalidAgreement(
            [f"{name}: a number is too long or lists lie too deep: shorten them"]
        ) from None
    try:
        return from_document(document)
    except InvalidAgreement as error:
        raise InvalidAgreement([f"{name}: {problem}" for problem in error.problems]) from None


def _syntax(message: str, text: str, name: str) -> str:
    hint = next((hint for word, hint in _HINTS if word in message), "correct it here")
    lines = text.rstrip().splitlines() or [""]
    match = _PLACE.search(message)  # without a match, the text ends too early
    line = int(match["line"]) if match else len(lines)
    column = int(match["column"]) if match else len(lines[-1]) + 1
    shown = lines[min(line, len(lines)) - 1].strip()[:60]
    return (
        f"{name}, line {line}, column {column}: this is not valid TOML: {hint}. "
        f"The line reads: {shown}"
    )
