"""The sections of docs/measures.md that are made from the catalogue.

``python -m tests.meta.measures_page`` writes them between their markers, source by source; what
stands outside the markers is written by hand. A test compares.
"""

import re
import sys
import textwrap
from collections.abc import Iterator
from typing import Final

from privacy.catalogue import CATALOGUE, Measure, Source
from tests.meta import repository

PAGE: Final = repository.ROOT / "docs" / "measures.md"

_WIDTH: Final = 100
_PART = re.compile(
    r"(?<=<!-- made from privacy/measures/)(\w+)\.py -->\n.*?(?=\n<!-- end -->)", re.DOTALL
)


def made(text: str) -> str:
    """The page with its sections as the catalogue has them."""
    return _PART.sub(lambda match: _part(Source(match[1])), text)


def _part(source: Source) -> str:
    sections = [section(each) for each in CATALOGUE.values() if each.source is source]
    return f"{source}.py -->\n\n" + "\n".join(sections)


def section(measure: Measure) -> str:
    """All that is said about one measure."""
    return f"## {measure.id}\n\n" + "\n".join(_bullets(measure)) + "\n"


def _bullets(measure: Measure) -> Iterator[str]:
    for name, text in (
        ("What", measure.what),
        ("Why", measure.why),
        ("Clip", measure.clip),
        ("Missing", f"if {measure.missing}."),
        ("In detail", measure.detail),
        ("Example", measure.example),
    ):
        if text:
            yield textwrap.fill(
                f"- **{name}**: {text}",
                _WIDTH,
                subsequent_indent="  ",
                break_on_hyphens=False,
                break_long_words=False,
            )


def main() -> int:
    """Write the page."""
    PAGE.write_text(made(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
