"""docs/threat-model.md as tests read it: a section for each threat, with its five lines.

A section begins with ``### Words: `id` `` and has a list of five points, each led by its name in
bold. Tests that show a threat hold the numbers in its section against the code with `says`.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from tests.meta.repository import ROOT

DOCUMENT: Final = ROOT / "docs" / "threat-model.md"

LINES: Final = ("Who", "What they do", "What stops it", "What remains", "Shown by")

_SECTION = re.compile(r"^### (?P<title>[^`\n]+): `(?P<id>[a-z]+(?:-[a-z]+)*)`$", re.MULTILINE)
_LINE = re.compile(r"^- \*\*(?P<name>[^*\n]+)\.\*\* ", re.MULTILINE)
_TEST = re.compile(r"`(tests/[^`\s]+)`")


@dataclass(frozen=True, slots=True)
class Threat:
    """One section. `lines`: its points by name, in their order, each on one line."""

    id: str
    title: str
    lines: dict[str, str]

    @property
    def tests(self) -> tuple[str, ...]:
        """Ids of the tests that it names, like ``tests/adversarial/test_x.py::test_y``."""
        return tuple(_TEST.findall(self.lines.get("Shown by", "")))

    def says(self, *texts: str) -> bool:
        """Whether each text stands in one of the lines."""
        return all(any(text in line for line in self.lines.values()) for text in texts)


def parse(document: str) -> list[Threat]:
    """Every section of a document in the form of the threat model, in order."""
    found = []
    for head, body in _parts(_SECTION, document):
        body = re.split(r"^#{1,3} ", body, maxsplit=1, flags=re.MULTILINE)[0]
        lines = {match["name"]: " ".join(text.split()) for match, text in _parts(_LINE, body)}
        found.append(Threat(head["id"], head["title"], lines))
    return found


@cache
def threats() -> dict[str, Threat]:
    """The threats of the document by their ids."""
    return {each.id: each for each in parse(DOCUMENT.read_text(encoding="utf-8"))}


def _parts(pattern: re.Pattern[str], text: str) -> list[tuple[re.Match[str], str]]:
    matches = [*pattern.finditer(text)]
    ends = [*(match.start() for match in matches), len(text)][1:]
    return [(match, text[match.end() : end]) for match, end in zip(matches, ends, strict=True)]
