"""What an audit says: checks, and under each what was found wrong or is worth asking about."""

from dataclasses import dataclass
from typing import Final

from privacy.audit.wording import plain

_MOST_CHARACTERS: Final = 600


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold. `index`: the entry it is about, None if it is about none.

    `sentence` may quote the export, so it is shown as `str` gives it: plain, and not endless.
    """

    index: int | None
    sentence: str

    def __str__(self) -> str:
        said = plain(self.sentence[:_MOST_CHARACTERS])
        rest = "…" if len(self.sentence) > _MOST_CHARACTERS else ""
        about = "" if self.index is None else f"entry {self.index}: "
        return f"{about}{said}{rest}"


@dataclass(frozen=True, slots=True)
class Check:
    """One of the audit's steps.

    `told`: what was looked at, as a sentence that is true if there are no findings; or, where it
    was not `done`, why not. `remarks` break nothing; people should ask about them.
    """

    title: str
    told: str
    findings: tuple[Finding, ...] = ()
    done: bool = True
    remarks: tuple[Finding, ...] = ()

    @property
    def held(self) -> bool:
        """Whether it was done and nothing was found."""
        return self.done and not self.findings
