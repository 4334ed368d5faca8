"""What somebody who reviews a differentially private system asks, answered from the agreement.

In the order of NIST SP 800-226, from the guarantee down to the collection it rests on. The W3C's
note for reviewers who are no experts names what is traded against what: privacy, usefulness, and
how many parties have to be trusted. These are questions 1 to 4.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from privacy.agreement.model import DELTA, Agreement
from privacy.agreement.quantities import counted, in_100
from privacy.plan.guarantee import Guarantee


@dataclass(frozen=True, slots=True)
class Answer:
    """One question with its answer."""

    question: str
    answer: str


def answers(agreement: Agreement) -> tuple[Answer, ...]:
    """Every question, for one agreement."""
    return tuple(Answer(question, answer) for question, answer in _all(agreement))


def _all(agreement: Agreement) -> Iterator[tuple[str, str]]:
    yield (
        "How much may all results together tell about one person, and over what time?",
        _loss(agreement),
    )
    yield "By which method, and does it fit what is asked?", _method(agreement)
    yield (
        "How useful is what comes out?",
        (
            "Means of clipped values with a known error, and a verdict by quarter that is wrong in "
            "at most 5 % of quarters in each direction, whoever looks when. `plurale-aggregator "
            "plan` prints the errors and the smallest shortfall that shows, before anybody signs."
        ),
    )
    yield "Who has to be trusted, and what if they should not be?", _trust(agreement)
    yield (
        "Which quantities are not protected?",
        (
            "How many reports were counted for each group and week, and why a week has no result. "
            "That a person takes part can be seen on the network; what they report, or whether "
            "they had data, cannot."
        ),
    )
    yield (
        "Can the computer give away what the mathematics hides?",
        (
            "Noise is sampled exactly, as integers, not as floating point. Every report of a task "
            "has the same size and leaves at a random time. No refusal of an honest report depends "
            "on its values. How long a device takes to draw its noise is not hidden from whoever "
            "runs it."
        ),
    )
    yield (
        "How are raw data kept safe?",
        (
            "They stay on the person's device, which erases a report's numbers after sending. "
            "Servers hold shares, sealed to keys of one week, and erase them once added up. Each "
            "party runs its own server; nobody may have access to both."
        ),
    )
    yield "What is collected, and could it be less?", _collected(agreement)
    yield (
        "Who checks that it is so?",
        (
            "Anybody with an export of the ledger: `plurale-audit verify` recomputes it offline. "
            "It cannot see whether a party left out its noise or shifted a sum, nor which program "
            "a party ran."
        ),
    )


def _loss(agreement: Agreement) -> str:
    rho = agreement.privacy.rho_quarter
    quarter, year = Guarantee.of(rho), Guarantee.of(4 * rho)
    return (
        f"The unit is one person's reports of any 91 days. ρ = {rho} (zCDP) at most, which is "
        f"ε = {quarter.epsilon:.2f} at δ = {DELTA:.6f}. Somebody who knows everyone else would "
        f"guess right in at most {in_100(quarter.present)} of 100 cases whether the reports held "
        f"data, and in at most {in_100(quarter.limits)} whether all values were at one limit or "
        f"the other; blind guessing is right in 50. Over a year it is ρ = {4 * rho}, "
        f"ε = {year.epsilon:.2f}, {in_100(year.present)} and {in_100(year.limits)}. There is no "
        "limit over several years."
    )


def _method(agreement: Agreement) -> str:
    return (
        "Sums of clipped values with discrete Gaussian noise, accounted as zero-concentrated "
        f"differential privacy. {agreement.privacy.client_share} of the variance comes from the "
        "devices, the rest from the council's server, so that no single party can leave it all "
        "out. The budget is kept by the council's server and by each device for itself."
    )


def _trust(agreement: Agreement) -> str:
    terms = agreement.privacy
    council = Guarantee.of(terms.rho_quarter / terms.client_share)
    return (
        "Two parties, of which one must be honest: "
        f"{agreement.employer.name} and {agreement.council.name}. Together they can read reports, "
        "with their noise. Alone, the employer learns the results. The council learns them and "
        f"knows its own noise, so against it ε = {council.epsilon:.2f}. Up to "
        f"{counted(terms.thresholds.assumed_colluders, 'member')} of a batch may leave out their "
        "noise without weakening this. Either party can shift a result unnoticed. Reports need a "
        "token that the council gives each member once, so the employer cannot make any up; the "
        "council can. A party that forges or refuses nearly a whole batch comes close to the rest "
        "of it."
    )


def _collected(agreement: Agreement) -> str:
    tasks = "; ".join(
        f"{task.id} ({task.level.value}): {', '.join(metric.id for metric in task.metrics)}"
        for task in agreement.tasks
    )
    return (
        f"One report for each task and week, of {tasks}. Never text, titles, keys pressed or times "
        "of day. A missing value is sent like any other. Results and their openings are kept for "
        f"{agreement.retention_weeks} weeks. A sent report cannot be withdrawn."
    )
