"""What the demonstration shows in a terminal: progress, and results beside the truth."""

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from aggregator.wording import amount, estimate, target, verdict
from deploy.outcome import Row
from deploy.scene import QUARTER, TEAMS
from privacy.catalogue import CATALOGUE
from privacy.window import Window

ZONE: Final = ZoneInfo("Europe/Berlin")

_WIDTH: Final = 120
_TASKS: Final = 2
"""That concern each person: their team\'s and the department\'s."""

"""Columns when nobody's terminal says how many it has."""


class Progress:
    """Two bars on a terminal; plain lines elsewhere. Use it as a context manager."""

    def __init__(self, weeks: int) -> None:
        self._console = Console(highlight=False)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        people = sum(team.size for team in TEAMS)
        self._people = self._bars.add_task("Enrolling people ", total=people)
        # One more week for the uploads of the last.
        self._weeks = self._bars.add_task("Weeks lived through", total=weeks + 1)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def enrolled(self, people: int) -> None:
        """So many more people are enrolled."""
        self._bars.advance(self._people, people)

    def week(self, window: Window, sent: int) -> None:
        """A week is over; `sent` reports were sent so far."""
        self._bars.advance(self._weeks)
        if not self._console.is_terminal:
            self._console.print(f"{window}: {sent} reports sent so far")

    def say(self, sentence: str) -> None:
        """Something worth a line."""
        self._console.print(sentence)


def show(rows: Sequence[Row], *, sent: int, seconds: float) -> None:
    """Every week of every metric, then the quarter's verdicts, which stay in sight."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    weeks = [row for row in rows if row.result.window is not None]
    for group, metric in sorted({series(row) for row in weeks}):
        of_one = [row for row in weeks if series(row) == (group, metric)]
        console.print(_weeks(f"{group}: {metric}", of_one))
    quarters = [row for row in rows if row.result.period is not None]
    console.print(_quarters(quarters, console.width))
    people = sum(team.size for team in TEAMS)
    for sentence in (
        f"{people} people sent {sent} reports in {seconds:.0f} seconds. "
        f"{people * _TASKS * len(QUARTER.windows) - sent} are missing, from laptops that were off "
        "for the whole upload period, as happens in holidays.",
        f"Privacy budget spent in the quarter, for each person: {spent(rows)}.",
        "Truth is the mean of the clipped values of everyone who was counted, people without data "
        "counting as on target; the plain mean is that of those with data, unclipped. Only this "
        "demonstration knows either. A histogram's counts carry noise too, so one can be below 0.",
    ):
        console.print(sentence)


def _quarters(rows: Sequence[Row], width: int) -> Table:
    """On a narrow terminal less is shown; the page has everything."""
    with_ids, with_cost, with_plain_mean = (width >= least for least in (105, 95, _WIDTH))
    table = _table("The quarter against its targets")
    for heading in ("Group", "Metric"):
        table.add_column(heading)
    for heading in ("Target", "Verdict"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Estimate", "Truth", *(["Plain mean"] if with_plain_mean else []), "Reports"):
        table.add_column(heading, justify="right", no_wrap=True)
    if with_cost:
        table.add_column("ρ spent", justify="right", no_wrap=True)
    for row in rows:
        result = row.result
        table.add_row(
            result.group,
            result.metric if with_ids else CATALOGUE[result.metric].title,
            target(result),
            verdict(result),
            estimate(result),
            amount(result, row.truth),
            *([amount(result, row.plain_mean)] if with_plain_mean else []),
            str(row.count),
            *([f"{float(row.own_rho):.2f}"] if with_cost else []),
        )
    return table


def _weeks(title: str, rows: Sequence[Row]) -> Table:
    bins = rows[0].result.bins
    ranges = escape(f" (people: {'; '.join(bins)})") if bins else ""
    table = _table(f"{title}, week by week with 95 % intervals{ranges}")
    table.add_column("Window")
    for heading in ("Estimate", "Truth", "Reports", "ρ so far", "ε so far"):
        table.add_column(heading, justify="right")
    for row in rows:
        result = row.result
        table.add_row(
            result.window,
            verdict(result) if result.withheld_reason else estimate(result),
            amount(result, row.truth),
            str(row.count),
            f"{float(row.rho):.2f}",
            f"{row.epsilon:.1f}",
        )
    return table


def series(row: Row) -> tuple[str, str]:
    """What a row belongs to: its group and metric."""
    return row.result.group, row.result.metric


def spent(rows: Sequence[Row]) -> str:
    """The budget spent at the end."""
    last = max(rows, key=lambda row: row.rho)
    return f"ρ = {float(last.rho):.2f} (ε = {last.epsilon:.1f} at δ = 10⁻⁶)"


def _table(title: str) -> Table:
    return Table(title=f"\n{title}", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1))
