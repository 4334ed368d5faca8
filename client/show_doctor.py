"""What the command line says after `plurale doctor`."""

from collections.abc import Iterable
from typing import Final

from client.doctor import Condition, Finding
from client.say import say

_SIGNS: Final = {Condition.WORKS: "+", Condition.BROKEN: "!", Condition.UNUSED: "-"}


def findings(found: Iterable[Finding]) -> None:
    """One line for each thing."""
    for finding in found:
        after = f": {finding.sentence}" if finding.sentence else ""
        say(f"{_SIGNS[finding.condition]} {finding.what}: {finding.condition.value}{after}")
