"""The one-time code that the council hands to a member: ``north-K7QF9-XPR2M-4TCBH-W6NE3``.

It names the group to join and a secret of 100 bits, in Crockford's Base32: letters that people
mistake for one another are read as the one meant. The council keeps only its hash.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from privacy import fields
from privacy.errors import InvalidValue
from privacy.groups import GroupId

_SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD: Final = str.maketrans("OIL", "011")
_BLOCK: Final = 5
_BLOCKS: Final = 4
_SECRET: Final = re.compile(rf"[{_SIGNS}]{{{_BLOCK}}}(-[{_SIGNS}]{{{_BLOCK}}}){{{_BLOCKS - 1}}}")


@dataclass(frozen=True, slots=True)
class EnrolmentCode:
    """`secret`: twenty signs in four blocks, as printed."""

    group: GroupId
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for no group, or a secret of another form."""
        if not self.group or not _SECRET.fullmatch(self.secret):
            # What was typed is not shown: nearly all of a secret may be right.
            raise InvalidValue(
                "this is not a code of the works council: one ends with "
                f"{_BLOCKS} blocks of {_BLOCK} letters and digits, like "
                "north-K7QF9-XPR2M-4TCBH-W6NE3"
            )

    @classmethod
    def new(cls, group: GroupId, random: Callable[[int], bytes]) -> "EnrolmentCode":
        """A fresh code. `random(n)` returns n fresh secret bytes."""
        signs = "".join(_SIGNS[byte % len(_SIGNS)] for byte in random(_BLOCK * _BLOCKS))
        blocks = (signs[start : start + _BLOCK] for start in range(0, len(signs), _BLOCK))
        return cls(group, "-".join(blocks))

    @classmethod
    def parse(cls, written: str) -> "EnrolmentCode":
        """Read a code as somebody typed it; raises `InvalidValue` for what is none."""
        group, *blocks = written.strip().rsplit("-", _BLOCKS)
        return cls(GroupId(group), "-".join(blocks).upper().translate(_MISREAD))

    @property
    def hash(self) -> bytes:
        """All that the council keeps of it: 32 bytes."""
        return fields.digest("plurale-1 enrolment code", self.group, self.secret)

    def __str__(self) -> str:
        return f"{self.group}-{self.secret}"
