"""What a new version changes, as a text to read: loosened limits first, under plain headings."""

import textwrap
from itertools import groupby
from typing import Final

from privacy.agreement.change import Weight
from privacy.agreement.diff import changes
from privacy.agreement.model import Agreement
from privacy.agreement.words import WIDTH

_HEADINGS: Final = {
    Weight.LOOSENED: "Loosened: more may be learned about you, or is asked of you",
    Weight.NEUTRAL: "Changed",
    Weight.TIGHTENED: "Tightened: less may be learned about you, or is asked of you",
}


def what_changes(old: Agreement, new: Agreement) -> str:
    """Every change for an employee, or that there is none; lines of at most 78 columns."""
    blocks = [
        "\n".join([_HEADINGS[weight], *(_bullet(change.sentence) for change in same)])
        for weight, same in groupby(changes(old, new), key=lambda change: change.weight)
    ]
    return "\n\n".join(blocks or ["Nothing changes."]) + "\n"


def _bullet(sentence: str) -> str:
    return textwrap.fill(
        sentence,
        WIDTH,
        initial_indent="• ",
        subsequent_indent="  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
