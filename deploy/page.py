"""A simple page with the demonstration's results, served on this machine until Ctrl-C."""

import html
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aggregator.wording import amount, estimate, target, verdict
from deploy.outcome import Row
from deploy.table import series, spent
from privacy.catalogue import CATALOGUE
from privacy.tidy import Tidy

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
       color: #1c2733; background: #fff; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
p { max-width: 46rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid #d9dfe5;
         vertical-align: top; }
th { font-weight: 600; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td, th { white-space: nowrap; } td:nth-child(2) { white-space: normal; }
.met { color: #10633c; font-weight: 600; } .not { color: #9b1c1c; font-weight: 600; }
.withheld { color: #5b6875; }
@media (max-width: 40rem) { body { margin: 1rem auto; } td, th { padding-right: .6rem; } }
summary { cursor: pointer; font-weight: 600; margin-top: 1.5rem; }
"""


def render(rows: Sequence[Row]) -> str:
    """The whole page as HTML, without scripts."""
    quarters = [row for row in rows if row.result.period is not None]
    weeks = [row for row in rows if row.result.window is not None]
    details = "".join(
        _weeks(group, metric, [row for row in weeks if series(row) == (group, metric)])
        for group, metric in sorted({series(row) for row in weeks})
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plurale: the demonstration's quarter</title><style>{_STYLE}</style></head><body>
<h1>Plurale</h1>
<p>Team metrics that exist only in the plural. These are the results of the demonstration's
quarter, as the employer and the works council released them together. The truth beside them is
known to the demonstration alone.</p>
<h2>The quarter against its targets</h2>
<div class="scroll">{_quarters(quarters)}</div>
<p>The margin is the one the verdict is drawn with: a target outside it is met or not met.
Privacy budget spent in the quarter, for each person: {html.escape(spent(rows))}.</p>
<p>Truth: the mean of the clipped values of everyone who was counted, people without data counting
as on target. Plain mean: of those with data, unclipped.
A histogram's counts carry noise
too, so one can be below 0.</p>
<h2>Week by week, with 95 % intervals</h2>
{details}
</body></html>
"""


def serve(rows: Sequence[Row]) -> None:
    """Serve the page on a free port of this machine until interrupted."""
    content = render(rows).encode()

    class Handler(BaseHTTPRequestHandler):
        """Answers every GET with the one page."""

        def do_GET(self) -> None:
            """Send the page."""
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header(
                "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"
            )
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing: the terminal shows the table."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(f"The same as a page: http://127.0.0.1:{server.server_port}/  (Ctrl-C ends it)")
        server.serve_forever()


def _quarters(rows: Sequence[Row]) -> str:
    head = _head(
        ("Group", "Metric", "Target", "Verdict"),
        ("Estimate", "Truth", "Plain mean", "Reports", "ρ spent"),
    )
    body = "".join(f"<tr>{_quarter(row)}</tr>" for row in rows)
    return f"<table>{head}{body}</table>"


def _quarter(row: Row) -> str:
    result = row.result
    return (
        _cells(result.group, CATALOGUE[result.metric].title, target(result))
        + f'<td class="{_class(result)}">{html.escape(verdict(result))}</td>'
        + _numbers(
            estimate(result),
            amount(result, row.truth),
            amount(result, row.plain_mean),
            str(row.count),
            f"{float(row.own_rho):.2f}",
        )
    )


def _weeks(group: str, metric: str, rows: Sequence[Row]) -> str:
    head = _head(("Window",), ("Estimate", "Truth", "Reports", "ρ so far", "ε so far"))
    body = "".join(f"<tr>{_week(row)}</tr>" for row in rows)
    bins = rows[0].result.bins
    ranges = f" (people: {'; '.join(bins)})" if bins else ""
    title = html.escape(f"{group}: {CATALOGUE[metric].title}{ranges}")
    return (
        f"<details><summary>{title}</summary>"
        f'<div class="scroll"><table>{head}{body}</table></div></details>'
    )


def _week(row: Row) -> str:
    result = row.result
    shown = html.escape(verdict(result) if result.withheld_reason else estimate(result))
    kind = "n withheld" if result.withheld_reason else "n"
    return (
        _cells(result.window or "")
        + f'<td class="{kind}">{shown}</td>'
        + _numbers(
            amount(result, row.truth),
            str(row.count),
            f"{float(row.rho):.2f}",
            f"{row.epsilon:.1f}",
        )
    )


def _head(texts: Sequence[str], numbers: Sequence[str]) -> str:
    cells = "".join(f"<th>{html.escape(text)}</th>" for text in texts)
    cells += "".join(f'<th class="n">{html.escape(text)}</th>' for text in numbers)
    return f"<thead><tr>{cells}</tr></thead>"


def _cells(*texts: str) -> str:
    return "".join(f"<td>{html.escape(text)}</td>" for text in texts)


def _numbers(*texts: str) -> str:
    return "".join(f'<td class="n">{html.escape(text)}</td>' for text in texts)


def _class(result: Tidy) -> str:
    if result.verdict is None or result.withheld_reason:
        return "withheld"
    return "not" if result.verdict.startswith("not") else result.verdict.split()[0]
