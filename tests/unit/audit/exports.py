"""Exports of the ledgers of tests/ledgers.py, and what the employer would show of them."""

from dataclasses import asdict
from functools import cache
from typing import Any

from privacy import checkpoint
from privacy.agreement.model import Party
from privacy.audit.verify import Audit, Given, verify
from privacy.batch import BatchId
from privacy.ledger import entries as kinds
from privacy.ledger.export import Export, Opened, encode
from privacy.release import Withheld
from privacy.results import BatchOutcome, Results
from privacy.tidy import quarter_row, window_row
from privacy.window import Window
from tests import ledgers
from tests.agreements import make_agreement, party_keys
from tests.ledgers import Story, moment

WITHOUT_RESULT = {
    kinds.BatchNotAsked: Withheld.NOT_ASKED,
    kinds.BatchUnopened: Withheld.UNOPENED,
    kinds.BatchStopped: Withheld.STOPPED,
}


@cache
def whole() -> Story:
    """The ledger with everything; not to be written to."""
    return ledgers.whole()


def index_of(kind: type[kinds.Body], group: str | None = None, window: str | None = None) -> int:
    """Where `whole` has the first entry of a kind, about a batch where one is given."""
    return whole().first(kind, group, window).index


def released(count: int | None = None) -> Story:
    """One window released, opened, and properly signed; `count` may be too low."""
    story = ledgers.started()
    story.publish(Window(2026, 1))
    story.at = moment(2026, 1, 19, 1)
    batch = story.batch("headline", "north", "2026-W01")
    story.release(batch, count)
    story.open(batch)
    return story


def a_year_late() -> Story:
    """One window whose batch was released and opened a year after it closed; all others ended."""
    story = ledgers.started(make_agreement(last_window=Window(2026, 1)))
    story.publish(Window(2026, 1))
    story.at = moment(2026, 1, 26)
    for task, group in (("headline", "south"), ("headline", "west"), ("breadth", "sales")):
        story.not_asked(story.batch(task, group, "2026-W01"))
    story.at = moment(2027, 1, 26)
    batch = story.batch("headline", "north", "2026-W01")
    story.release(batch)
    story.open(batch)
    return story


def export_of(story: Story) -> Export:
    """The export of a story, with every opening."""
    openings = (Opened(each.index, each.salt, each.totals) for each in story.openings)
    return Export(tuple(story.data), tuple(openings), story.note)


def audit(story: Story, given: Given | None = None) -> Audit:
    """What is found in the export of a story."""
    return verify(encode(export_of(story)), given)


@cache
def file() -> bytes:
    """The file of `whole`."""
    return encode(export_of(whole()))


def named(audit: Audit) -> set[int | None]:
    """The entries that an audit names."""
    return {finding.index for finding in audit.findings}


def said(audit: Audit) -> str:
    """All findings, a line each."""
    return "\n".join(map(str, audit.findings))


def shown(story: Story) -> list[dict[str, Any]]:
    """The rows that an honest employer's server prints."""
    outcomes: dict[BatchId, BatchOutcome] = {}
    for entry in story.entries:
        body = entry.body
        if isinstance(body, kinds.ResultOpened):
            result = story.results[body.batch]
            outcomes[body.batch] = result.metrics(story.collection(body.batch))
        elif isinstance(body, kinds.BatchWithheld):
            outcomes[body.batch] = body.reason
        elif isinstance(body, kinds.BatchNotAsked | kinds.BatchUnopened | kinds.BatchStopped):
            outcomes[body.batch] = WITHOUT_RESULT[type(body)]
    results = Results(story.signed, outcomes)
    rows = [window_row(each) for each in results.windows()]
    rows += [quarter_row(each) for each in results.quarters()]
    return [asdict(row) for row in rows]


def signed_by_council_alone(story: Story) -> str:
    """The checkpoint without the employer's witness."""
    return checkpoint.sign(story.checkpoint, party_keys(Party.COUNCIL).server).encode()
