"""The roster as ``plurale-aggregator roster list`` shows it, on the council's own screen alone."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aggregator.member import Member, Membership
from privacy.window import Window


def show(members: Sequence[Member], begun: Window, console: Console) -> None:
    """Everybody, with the groups they are in now or next. `begun`: the window of today."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("Number", justify="right")
    for heading in ("Name", "Group", "Since", "Device", "Last window"):
        table.add_column(heading, overflow="fold")
    for member in members:
        for row in _rows(member, begun):
            # As texts: a name in brackets is no markup.
            table.add_row(*map(Text, row))
    console.print(table)


def _rows(member: Member, begun: Window) -> Iterator[tuple[str, ...]]:
    for each in _shown(member.memberships, begun):
        last = "" if each.last is None else str(each.last)
        yield str(member.number), member.name, each.group, str(each.first), member.device, last


def _shown(memberships: Sequence[Membership], begun: Window) -> Sequence[Membership]:
    """What holds now or later; of who is gone, the last."""
    shown = [each for each in memberships if each.last is None or each.last >= begun]
    return shown or memberships[-1:]
