"""What changes, as a text: headings in their order, lines that fit."""

from dataclasses import replace

from privacy.agreement.compared import what_changes
from privacy.agreement.words import WIDTH
from tests.agreements import make_agreement


def test_loosened_limits_come_first_under_their_heading() -> None:
    old = make_agreement()
    new = replace(old, version=2, retention_weeks=156, last_window=old.last_window.plus(-13))
    told = what_changes(old, new)
    headings = [line for line in told.splitlines() if line and line[0] not in "• "]
    assert [heading.partition(":")[0] for heading in headings] == [
        "Loosened",
        "Changed",
        "Tightened",
    ]
    loosened, _, _ = told.split("\n\n")
    assert "104 weeks to 156 weeks" in " ".join(loosened.split())
    assert max(map(len, told.splitlines())) <= WIDTH
    assert told.endswith(".\n")


def test_the_same_agreement_changes_nothing() -> None:
    assert what_changes(make_agreement(), make_agreement()) == "Nothing changes.\n"
