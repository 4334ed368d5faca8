"""Whether everything that Plurale needs on this device works, from probes that are passed in.

One probe that fails, however it fails, says so and holds up no other.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from privacy.errors import PluraleError


class Condition(StrEnum):
    """How something is."""

    WORKS = "works"
    BROKEN = "does not work"
    UNUSED = "not used here"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing. `sentence`: what there is to say about it, with the next step if it is broken.

    `needed`: nothing else does what it is for.
    """

    what: str
    condition: Condition
    sentence: str = ""
    needed: bool = True


Probe: TypeAlias = Callable[[], Iterable[Finding]]


def examine(probes: Mapping[str, Probe]) -> tuple[Finding, ...]:
    """What every probe finds, in their order. `probes`: by what each is about. Never raises."""
    found: list[Finding] = []
    for what, probe in probes.items():
        try:
            found.extend(probe())
        except PluraleError as error:
            found.append(Finding(what, Condition.BROKEN, str(error)))
        except OSError as error:
            found.append(
                Finding(
                    what,
                    Condition.BROKEN,
                    f"{error.filename or what} cannot be used ({error.strerror or error}): check "
                    "its path and its permissions",
                )
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the other probes go on
            found.append(
                Finding(
                    what,
                    Condition.BROKEN,
                    f"it could not be looked at ({type(error).__name__}): this is a mistake in "
                    "Plurale, tell whoever gave it to you",
                )
            )
    return tuple(found)


def all_works(found: Iterable[Finding]) -> bool:
    """Whether nothing that is in use, and needed, fails to work."""
    return not any(each.needed and each.condition is Condition.BROKEN for each in found)


def as_json(found: Iterable[Finding]) -> list[dict[str, Any]]:
    """For other programs."""
    return [
        {
            "what": finding.what,
            "condition": finding.condition.value,
            "sentence": finding.sentence or None,
        }
        for finding in found
    ]
