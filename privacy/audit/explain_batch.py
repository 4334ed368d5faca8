"""The entries about one batch in plain words."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from privacy.agreement import quantities
from privacy.agreement.quantities import counted, decimal, in_100
from privacy.audit.openings import is_opening, result_of
from privacy.audit.told import Told
from privacy.batch import BatchId
from privacy.catalogue import CATALOGUE
from privacy.ledger.entries import (
    BatchKeyPublished,
    BatchNotAsked,
    BatchReleased,
    BatchStopped,
    BatchUnopened,
    BatchWithheld,
    BudgetAlarm,
    Entry,
    Outcome,
    ResultOpened,
    StopReason,
)
from privacy.ledger.export import Opened
from privacy.plan.guarantee import Guarantee
from privacy.plan.words import amount
from privacy.release import MetricResult, ScalarResult, Withheld

_NO_RESULT = (
    "There is no result for this week, and there will be none. The quarter is judged without it; "
    "nobody's reports can be opened later."
)
_LONG = 10**12

_NOTHING_SPENT = "Nothing was spent: no sum left the council's server."


def paragraphs(
    told: Told, openings: Sequence[Opened], entry: Entry, body: Outcome
) -> Iterator[str]:
    """What an entry about a batch means; `openings` as far as they hold."""
    match body:
        case BatchReleased():
            yield from _released(told, body)
        case ResultOpened():
            yield from _opened(told, openings, entry, body)
        case BatchWithheld():
            yield from _withheld(told, body)
        case BatchNotAsked():
            yield (
                f"The employer's server did not ask for {_name(body.batch)} within a week of its "
                f"closing, although {_reports(body.count)} had come. The council's server erased "
                "its half of the sum."
            )
            yield f"{_NOTHING_SPENT} {_NO_RESULT}"
            yield "If this happens often, ask the employer why: some weeks may suit it better."
        case BatchUnopened():
            yield from _unopened(told, body)
        case BudgetAlarm():
            yield from _alarm(body)
        case BatchStopped():
            yield f"{_stopped(body)} People from both sides have to find out why."
            yield (
                f"{_NOTHING_SPENT} There is no result for this week, and the quarter is judged "
                "without it. The shares stay in both databases until people clear them."
            )


def key(body: BatchKeyPublished) -> Iterator[str]:
    """What the key of a batch is for, and why it has one only."""
    yield (
        f"The works council's one key for {_name(body.batch)}. With it the council's server gives "
        "each member one token, without seeing which report it is for. Reports without a token "
        "are not counted. So the employer cannot make reports up, no member counts twice, and the "
        "token does not say whose report it is."
    )
    yield (
        "It has to be written here before anybody can report, and devices use no other. There is "
        "one key only for all members of the batch: with a second key somebody could be told "
        "apart."
    )


def rho(amount_spent: Fraction) -> str:
    """A budget, exact; with its decimals where these are not, alone if the exact form is long."""
    exact = amount_spent * 10_000
    about = decimal(amount_spent)
    if exact.denominator == 1 or amount_spent.denominator >= _LONG:
        return f"ρ = {about}"
    return f"ρ = {amount_spent} ({about})"


def budget_words(budget: Fraction) -> str:
    """What a quarter's budget means."""
    guarantee = Guarantee.of(budget)
    return (
        f"The budget of a person and quarter is {rho(budget)}, which is "
        f"ε = {guarantee.epsilon:.1f} at δ = 0.000001. Somebody who knows everything about "
        f"everyone else would guess right in at most {in_100(guarantee.present)} of 100 cases "
        "whether a person's reports of the quarter held data at all, and in at most "
        f"{in_100(guarantee.limits)} whether all values were at one limit or at the other. Blind "
        "guessing is right in 50."
    )


def metric_words(result: MetricResult) -> str:
    """What was released about one metric, with 95 % intervals."""
    measure = CATALOGUE[result.metric.id]
    if isinstance(result, ScalarResult):
        mean, interval = result.mean, result.interval()
        rounded = Fraction(round(mean * 1000), 1000)
        margin = amount(measure.kind, (interval.high - interval.low) / 2)
        target = quantities.target(result.metric)
        return (
            f"{measure.title}: {quantities.amount(rounded, measure.kind)} ± {margin} on average "
            f"(target: {target})"
        )
    named = zip(quantities.bins(result.metric), result.bins, strict=True)
    people = ", ".join(f"{name}: {round(number)}" for name, number in named)
    first = result.intervals()[0]
    each = round((first.high - first.low) / 2)
    return f"{measure.title}, in people (± {each} each): {people}"


def _name(batch: BatchId) -> str:
    return f"the task “{batch.task}” of {batch.group} in {batch.window}"


def _reports(count: int) -> str:
    return counted(count, "report")


def _released(told: Told, body: BatchReleased) -> Iterator[str]:
    collection = told.collection(body.batch)
    needed = (
        ""
        if collection is None
        else (
            f" ({collection.threshold} were needed; the group has {collection.group.roster} "
            "members)"
        )
    )
    yield (
        f"The council's server gave its half of the sum for {_name(body.batch)}, with its noise. "
        f"It is over {_reports(body.count)}{needed}. Noise is drawn once for a week; this week can "
        "never be released again."
    )
    guarantee = Guarantee.of(body.rho)
    more = max(0, int(body.rho_left / body.rho))
    yield (
        f"It cost each member {rho(body.rho)}. By this one result somebody who knows "
        "everything about everyone else would guess right in at most "
        f"{in_100(guarantee.present)} of 100 cases whether a person's report held data at all. In "
        f"the 91 days around this week {rho(body.rho_left)} is left, enough for {more} "
        "more such weeks of this task alone."
    )
    yield _afterwards(told, body.batch)


def _afterwards(told: Told, batch: BatchId) -> str:
    ended = told.ended.get(batch)
    if ended is None:
        return (
            "The employer has not opened its half yet. It has a day; then it is shown as unopened."
        )
    entry, outcome = ended
    if isinstance(outcome, ResultOpened):
        return f"The employer opened its half: the result is entry {entry.index}."
    return f"The employer did not open its half: see entry {entry.index}."


def _opened(
    told: Told, openings: Sequence[Opened], entry: Entry, body: ResultOpened
) -> Iterator[str]:
    released = told.released.get(body.batch)
    before = f"entry {released[0].index}" if released else "a release that is not here"
    yield (
        f"The employer opened its half of {_name(body.batch)}, released in {before}. Both parties "
        "have the result. The record keeps a hash of it: whoever shows another number can be found "
        "out."
    )
    yield "It cost nothing more: the budget was spent by the release."
    opening = next((each for each in openings if each.index == entry.index), None)
    result = None if opening is None else result_of(told, opening)
    collection = told.collection(body.batch)
    if opening is None:
        yield "The export does not hold its values."
    elif result is None or not is_opening(told, opening):
        yield "The values in the export are not the ones of this hash: do not trust them."
    elif collection is None:
        yield "The values in the export have this hash. What they mean, only the agreement says."
    else:
        words = [metric_words(each) for each in result.metrics(collection)]
        yield "\n".join(["The values in the export have this hash:", *(f"• {w}" for w in words)])


def _withheld(told: Told, body: BatchWithheld) -> Iterator[str]:
    collection = told.collection(body.batch)
    if body.reason is Withheld.BATCH_TOO_SMALL:
        needed = "" if collection is None else f", and {collection.threshold} are needed"
        yield (
            f"The council's server withheld {_name(body.batch)} for good: {_reports(body.count)} "
            f"came{needed}. With fewer, one person would weigh too much."
        )
    else:
        yield (
            f"The council's server withheld {_name(body.batch)} for good: the privacy budget of "
            "91 days is spent. The alarm that follows has the numbers."
        )
    yield f"{_NOTHING_SPENT} {_NO_RESULT}"


def _unopened(told: Told, body: BatchUnopened) -> Iterator[str]:
    released = told.released.get(body.batch)
    cost = "" if released is None else f" of {rho(released[1].rho)}"
    yield (
        f"The employer asked for {_name(body.batch)}, got the council's half, and did not open its "
        "own within a day. So it alone could know the result. That counts as withheld by the "
        "employer, so that nobody can look first and publish what suits."
    )
    yield (
        f"The cost{cost} stays spent: the council's half has left its server. If this happens "
        f"again, ask the employer why. {_NO_RESULT}"
    )


def _stopped(body: BatchStopped) -> str:
    name, count = _name(body.batch), _reports(body.count)
    disagree = f"The two servers do not agree about {name}"
    match body.reason:
        case StopReason.OTHER_COUNT:
            return f"{disagree}: the council's counts {count}, and the employer's another number."
        case StopReason.OTHER_REPORTS:
            return f"{disagree}: both count {count}, and not the same ones."
        case StopReason.SUM_LOST:
            return (
                f"The council's server lost the sum of {count} for {name} when its database was "
                "restored."
            )
        case StopReason.MORE_THAN_TOKENS:
            return (
                f"For {name} more reports came with a token than members were given one; {count} "
                "had been counted until then. Somebody else can make tokens, which takes the "
                "council's key of this batch; or the council's server forgot whom it gave one, "
                "when its database was restored."
            )


def _alarm(body: BudgetAlarm) -> Iterator[str]:
    yield (
        f"With {_name(body.batch)} at {rho(body.rho)}, 91 days would have cost each member "
        f"{rho(body.would_spend)}. The agreement allows {rho(body.cap)}. So the "
        "council's server refused."
    )
    yield (
        "An agreement that keeps its own budget never gets here by itself. Look for a version that "
        "came into force within the quarter, and see whether its budget was meant."
    )
