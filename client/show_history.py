"""What the command line says about every report that was made here."""

from datetime import datetime

from rich.console import Console
from rich.table import Table

from client import show
from client.history import Line
from client.say import say


def history(lines: list[Line]) -> None:
    """After `plurale history`: one row for each report."""
    if not lines:
        say("No report was made yet.")
        return
    table = Table("Week", "Task", "Made", "Token", "Sent", "Bytes", "Outcome")
    for line in lines:
        table.add_row(*_cells(line))
    Console(highlight=False).print(table)


def _cells(line: Line) -> list[str]:
    week, task, parcel = str(line.batch.window), line.batch.task, line.parcel
    if parcel is None:
        return [week, task, "-", "-", "-", "-", f"was not made: {line.unmade}"]
    token = "yes" if parcel.token is not None else f"from {_time(parcel.times.fetch)}"
    sent = f"from {_time(parcel.due)}" if line.sent is None else _time(line.sent)
    return [
        week, task, _time(parcel.made_at), token, sent, str(parcel.size), show.became(parcel)
    ]  # fmt: skip


def _time(moment: datetime) -> str:
    return f"{moment.astimezone():%d %b, %H:%M}"
