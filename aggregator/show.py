"""What ``plurale-aggregator`` prints about results."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from aggregator.wording import estimate, target, verdict
from privacy.tidy import Tidy


def results(rows: Sequence[Tidy]) -> None:
    """Quarters against their targets, after the windows they are made of."""
    console = Console(highlight=False)
    if not rows:
        console.print("No window has its result yet.")
        return
    weeks = _table("Windows, with 95 % intervals", ("Window", "Group", "Metric"), ("Estimate",))
    quarters = _table(
        "Quarters against their targets",
        ("Quarter", "Group", "Metric", "Target", "Verdict"),
        ("Estimate",),
    )
    tasks = _tasks(rows)
    for row in rows:
        if row.window is not None:
            shown = verdict(row) if row.withheld_reason else estimate(row)
            weeks.add_row(row.window, row.group, _metric(row, tasks), shown)
        else:
            quarters.add_row(
                row.period,
                row.group,
                _metric(row, tasks),
                target(row),
                verdict(row),
                estimate(row),
            )
    console.print(weeks)
    named = ((_metric(row, tasks), "; ".join(row.bins)) for row in rows if row.bins)
    for metric, bins in dict.fromkeys(named):
        console.print(f"{metric}: people, in this order: {bins}.", markup=False)
    console.print(quarters)


def _tasks(rows: Sequence[Tidy]) -> Mapping[tuple[str, str], set[str]]:
    """The tasks that each group has each metric in."""
    tasks = defaultdict[tuple[str, str], set[str]](set)
    for row in rows:
        tasks[row.group, row.metric].add(row.task)
    return tasks


def _metric(row: Tidy, tasks: Mapping[tuple[str, str], set[str]]) -> str:
    """The metric's id, with its task where the group has the metric in two."""
    if len(tasks[row.group, row.metric]) == 1:
        return row.metric
    return f"{row.metric} ({row.task})"


def _table(title: str, texts: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(title=f"\n{title}", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in texts:
        table.add_column(heading, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right")
    return table
