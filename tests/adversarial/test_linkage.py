"""Whether anything that a party has tells whose report is whose, or who paused.

1008 real reports of 128 people in four weeks (`weeks`), in batches of 31 or 32 and of 126. All that
a party stores becomes numbers (`traces`): ids, sizes, order, every column, every place in a file.
Each classifier (`classifiers`) comes with the most that chance explains; a false alarm has a chance
of 1e-6 for each claim.

- **Matching.** Blind guessing is right in 20 of 1008 cases, 1 a batch. No classifier is right in
  more than 56, so none is right in 10 of 100: that one would be found practically always.
- **Pauses.** A quarter of the reports is of a paused week. No feature's AUC is further from 0.5
  than 0.15; what was learned from half of the people has one within 0.25 of it for the other half.

What is not better than chance only because a party does not look, or not store, is measured too:

- The place of rows in a file pairs the two reports of a person in a week right for 3 of 100 people,
  where blind guessing pairs 1 of 100: reports that leave together are written together.
- **Live, with the moments of token calls and uploads**, which the council has only if the
  employer's server passes reports on at once (`test_passing_on`), in a team of 32, where blind
  guessing is right in 3 of 100 cases. Devices that run at any time, or by a timer that is
  everybody's: as blindly. Devices that are off in the first half of the upload period, one of eight
  of them: 18 of 100, and always if they are on in its last day alone, when they do both at once.
  Devices that run at an hour of their own every day: 99 of 100.
- **On the network, with addresses**: all. Without addresses, of people whose timer runs once a day
  the two reports of a week leave in the same minute in one week of three.
"""

import dataclasses
import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

import numpy as np
import pytest

from privacy.agreement.model import Party
from tests.adversarial import traces as reading
from tests.adversarial.classifiers import (
    Labels,
    Values,
    by_nearness,
    by_rank,
    deviations,
    half_width,
    learned,
    most_by_chance,
    most_deviation,
    nearest,
)
from tests.adversarial.department import Person, Timer, people
from tests.adversarial.moments import (
    Both,
    Moments,
    by_hour,
    by_order,
    by_what_is_left,
    lived,
)
from tests.adversarial.traces import Batch, Traces
from tests.adversarial.weeks import Sent, Weeks, weeks
from tests.threat_model import threats

pytestmark = [
    pytest.mark.threat(
        "reports-linked", "pause-shows", "council-matches-times", "network-observer"
    ),
    pytest.mark.timeout(900),  # four weeks of 128 devices
]

RANDOM = np.random.default_rng()
REPEATS = 50


@pytest.fixture(scope="module")
def seen() -> Weeks:
    """The four weeks."""
    return weeks()


@pytest.fixture(scope="module")
def traces(seen: Weeks) -> Traces:
    """What each party has of them."""
    return reading.traces(seen)


# --- what is stored: reports and members ----------------------------------------------------------


def matched(batches: Sequence[tuple[Values, Values]]) -> tuple[int, int]:
    """Right matches of the best classifier, and the most that chance explains."""
    hits = np.sum([by_rank(members, reports, RANDOM) for members, reports in batches], axis=0)
    return int(hits.max()), most_by_chance(len(batches), hits.size)


def everything(batch: Batch) -> Values:
    """All that the council, or anybody, has of members."""
    return np.vstack([batch.members, batch.known])


def test_there_are_a_thousand_reports_and_all_went_well(seen: Weeks, traces: Traces) -> None:
    assert len(seen.sent) == sum(len(batch.sent) for batch in traces.batches) == 1008
    assert len(traces.batches) == 20
    assert seen.trouble == []
    assert 200 < sum(each.paused for each in seen.sent) < 300
    assert {"report: digest", "pending: signature", "job: digest", "report: offset"} <= set(
        traces.of_reports[Party.EMPLOYER]
    )
    assert {"report: digest", "report: offset", "ix_report_job: place"} <= set(
        traces.of_reports[Party.COUNCIL]
    )
    assert {"token: answer", "token: offset", "member: device_key"} <= set(traces.of_members)


def test_what_the_employer_keeps_links_no_report_to_a_member(traces: Traces) -> None:
    """With what everybody knows: who comes early, and how they are listed."""
    best, most = matched([(each.known, each.reports[Party.EMPLOYER]) for each in traces.batches])
    assert best <= most <= 56


def test_what_the_council_keeps_links_no_report_to_a_member(traces: Traces) -> None:
    """With the roster and the tokens as well."""
    best, most = matched(
        [(everything(each), each.reports[Party.COUNCIL]) for each in traces.batches]
    )
    assert best <= most <= 58


def test_a_stored_order_would_link_if_reports_followed_their_tokens(traces: Traces) -> None:
    """Nothing but the schedule keeps them apart: then a column in which order shows would do."""
    follows = [
        (
            np.array([[each.asked_at.timestamp() for each in batch.sent]]),
            np.array([[each.asked_at.timestamp() + 60 for each in batch.sent]]),
        )
        for batch in traces.batches
    ]
    assert matched(follows)[0] == 1008
    truly = [
        (
            np.array([[each.asked_at.timestamp() for each in batch.sent]]),
            np.array([[each.sent_at.timestamp() for each in batch.sent]]),
        )
        for batch in on_time(traces.batches)
    ]
    best, most = matched(truly)
    assert best <= most


@pytest.mark.parametrize("one_in", [1, 8])
def test_a_column_that_gives_members_away_would_be_found(traces: Traces, one_in: int) -> None:
    """Even if it did so for one report of eight."""
    leaking = []
    for batch in traces.batches:
        column = np.array([float(each.person.number) for each in batch.sent])
        silent = RANDOM.random(len(column)) > 1 / one_in
        column[silent] = RANDOM.permutation(column[silent])
        leaking.append((everything(batch), np.vstack([batch.reports[Party.COUNCIL], column])))
    best, most = matched(leaking)
    assert best > most


# --- what is stored: pauses -----------------------------------------------------------------------


def tried(
    learner: Callable[..., Sequence[Values]],
    batches: Sequence[tuple[Values, Labels]],
    taught: Sequence[Labels],
) -> Values:
    """Deviations of what was learned from those taught, tried on the others."""
    says = learner(batches, taught)
    return deviations(
        [
            (said[:, ~known], labels[~known])
            for said, (_, labels), known in zip(says, batches, taught, strict=True)
        ]
    )


def told_apart(batches: Sequence[tuple[Values, Labels]], taught: Sequence[Labels]) -> float:
    """The largest deviation of any classifier, as a share of what chance explains."""
    by_learning = [tried(learner, batches, taught) for learner in (learned, nearest)]
    found = np.concatenate([deviations(batches), *by_learning])
    return float(np.abs(found).max()) / most_deviation(len(found))


def half(traces: Traces) -> list[Labels]:
    """Half of the people of each batch, the same in all."""
    chosen = {each.number for each in people() if each.draws("half").random() < 0.5}
    return [
        np.array([each.person.number in chosen for each in batch.sent]) for batch in traces.batches
    ]


@pytest.mark.parametrize("party", list(Party))
def test_what_either_keeps_tells_no_pause(traces: Traces, party: Party) -> None:
    batches = [(each.reports[party], each.paused) for each in traces.batches]
    assert told_apart(batches, half(traces)) < 1
    tests = len(batches[0][0]) + 2
    assert half_width([labels for _, labels in batches], tests) < 0.15
    others = [labels[~taught] for (_, labels), taught in zip(batches, half(traces), strict=True)]
    assert half_width(others, tests) < 0.25


def test_what_the_council_keeps_of_members_tells_no_pause(traces: Traces) -> None:
    """Not the token that they were given either."""
    batches = [(each.members, each.paused) for each in traces.batches]
    assert told_apart(batches, half(traces)) < 1


@pytest.mark.parametrize(("one_in", "by_learning_too"), [(2, False), (1, True)])
def test_a_report_that_a_pause_makes_longer_would_be_found(
    traces: Traces, one_in: int, by_learning_too: bool
) -> None:
    """Even if it did so for one report of two; and a learner finds it among all the others.

    One of two moves the AUC by 0.25 ± 0.016, and 0.15 is found: six standard deviations.
    """
    leaking = []
    for batch in traces.batches:
        longer = batch.paused & (RANDOM.random(len(batch.sent)) < 1 / one_in)
        leaking.append((np.vstack([batch.reports[Party.EMPLOYER], longer * 1.0]), batch.paused))
    assert told_apart(leaking, half(traces)) > 1
    if by_learning_too:
        assert tried(learned, leaking, half(traces))[0] > most_deviation(1)


# --- what is stored: reports of one person --------------------------------------------------------


def paired(
    batches: Sequence[Batch],
    partner: Callable[[Batch, Batch], bool],
    values: Callable[[Batch], Values],
) -> tuple[Values, float]:
    """Right pairs by each feature, of each batch with its partner; and how many by chance."""
    hits, expected = np.zeros(len(values(batches[0]))), 0.0
    for one, other in ((a, b) for a in batches for b in batches if partner(a, b)):
        places = {each.person.number: n for n, each in enumerate(other.sent)}
        mine = [n for n, each in enumerate(one.sent) if each.person.number in places]
        theirs = [places[one.sent[n].person.number] for n in mine]
        theirs += [n for n in range(len(other.sent)) if n not in set(theirs)]
        expected += len(mine) / len(theirs)
        few, many = values(one)[:, mine], values(other)[:, theirs]
        hits += [by_nearness(a, b, RANDOM) for a, b in zip(few, many, strict=True)]
    return hits, expected


def team_and_department(one: Batch, other: Batch) -> bool:
    """Whether somebody reports to both, in one week."""
    return one.id.window == other.id.window and len(one.sent) < len(other.sent)


def week_and_next(one: Batch, other: Batch) -> bool:
    """Whether the same people report to both, in two weeks."""
    return one.id.window.plus(1) == other.id.window and one.id.group == other.id.group


@pytest.mark.parametrize("party", list(Party))
@pytest.mark.parametrize("partner", [team_and_department, week_and_next])
def test_two_reports_of_one_person_do_not_show_it(
    traces: Traces, party: Party, partner: Callable[[Batch, Batch], bool]
) -> None:
    contents = ~traces.places(party)
    hits, expected = paired(traces.batches, partner, lambda each: each.reports[party][contents])
    assert hits.max() <= most_by_chance(expected, len(hits))


@pytest.mark.parametrize("party", list(Party))
def test_the_place_in_a_file_hints_at_little(traces: Traces, party: Party) -> None:
    """Of 504 people and weeks; rows written together lie together until pages are rewritten."""
    places = traces.places(party)
    hits, expected = paired(
        traces.batches, team_and_department, lambda each: each.reports[party][places]
    )
    assert 3.9 < expected < 4.1
    assert hits.max() < 40


def test_a_column_that_names_the_device_would_be_found(traces: Traces) -> None:
    def named(batch: Batch) -> Values:
        return np.array([[each.person.hour for each in batch.sent]])

    for partner in (team_and_department, week_and_next):
        hits, expected = paired(traces.batches, partner, named)
        assert hits[0] > 300 > most_by_chance(expected, 1)


# --- what is seen live ----------------------------------------------------------------------------


def on_time(batches: Sequence[Batch]) -> list[Batch]:
    """Only devices that run at any time and were on in the first half."""
    found = []
    for batch in batches:
        kept = [
            n
            for n, each in enumerate(batch.sent)
            if each.person.timer is Timer.ALWAYS and not each.person.late(batch.id.window)
        ]
        found.append(dataclasses.replace(batch, sent=[batch.sent[n] for n in kept]))
    return found


def a_team(timer: Timer) -> list[Person]:
    """32 people with one kind of timer."""
    return [each for each in people() if each.timer is timer][:32]


Matcher = Callable[[Sequence[Both], np.random.Generator], Labels]


def share_right(batches: Sequence[Sequence[Moments]], matcher: Matcher, *, late: bool) -> float:
    """How many are matched right, of those that were off in the first half or of the others."""
    right = [matcher(batch, RANDOM)[[each.late is late for each in batch]] for batch in batches]
    return float(np.concatenate(right).mean())


@pytest.mark.parametrize("matcher", [by_hour, by_order])
@pytest.mark.parametrize("timer", [Timer.ALWAYS, Timer.COMMON])
def test_when_a_token_is_asked_for_says_nothing_of_when_the_report_is_sent(
    seen: Weeks, traces: Traces, timer: Timer, matcher: Matcher
) -> None:
    """For devices that are on in the first half and run at any time, or when all others do."""
    batches = [
        [each for each in batch if not each.late]
        for batch in lived(a_team(timer), REPEATS, secrets.token_bytes)
    ]
    right = sum(int(matcher(batch, RANDOM).sum()) for batch in batches)
    assert right <= most_by_chance(len(batches), 4)
    assert right / sum(map(len, batches)) < 0.06
    really = sum(int(matcher(batch.sent, RANDOM).sum()) for batch in on_time(traces.batches))
    assert really <= most_by_chance(len(traces.batches), 4)


def test_a_report_that_followed_its_token_would_be_matched_by_both() -> None:
    """If `due` were not drawn by itself."""
    for matcher in (by_hour, by_order):
        batches = [
            [
                dataclasses.replace(each, sent_at=each.asked_at + timedelta(minutes=5))
                for each in batch
            ]
            for batch in lived(a_team(Timer.ALWAYS), 1, secrets.token_bytes)
        ]
        assert share_right(batches, matcher, late=False) > 0.75


def test_a_device_that_is_off_in_the_first_half_is_matched_better_than_by_chance() -> None:
    """The limit. One of eight is off: 18 of 100 are matched right, and blindly 3 of 100."""
    batches = list(lived(a_team(Timer.ALWAYS), REPEATS, secrets.token_bytes))
    for matcher in (by_order, by_what_is_left):
        assert 0.10 < share_right(batches, matcher, late=True) < 0.28
        assert share_right(batches, matcher, late=False) < 0.06


def test_a_device_that_runs_at_an_hour_of_its_own_is_matched_by_it(traces: Traces) -> None:
    """The limit. 99 of 100 in a team where everybody has another hour, 5 minutes up or down.

    And nearly half where most others run at any time or at noon.
    """
    batches = list(lived(a_team(Timer.OWN), 5, secrets.token_bytes))
    for late in (False, True):
        assert share_right(batches, by_hour, late=late) > 0.95
    assert share_right(batches, by_order, late=False) < 0.12
    right = np.concatenate(
        [
            by_hour(batch.sent, RANDOM)[[each.person.timer is Timer.OWN for each in batch.sent]]
            for batch in traces.batches
        ]
    )
    assert 0.3 < right.mean() < 0.7


def test_what_a_network_observer_adds_is_as_the_text_says(seen: Weeks) -> None:
    """With addresses, every upload has its device; without, some pairs show by the minute."""
    asked = {(each.person, each.batch): each for each in seen.sent}
    by_address = [asked[each.person, each.batch] for each in seen.sent]
    assert [each.report_id for each in by_address] == [each.report_id for each in seen.sent]
    assert threats()["network-observer"].says("which upload is whose")
    pairs: dict[tuple[Person, object], list[Sent]] = defaultdict(list)
    for each in seen.sent:
        pairs[each.person, each.batch.window].append(each)
    together: dict[Timer, list[bool]] = defaultdict(list)
    for (person, _), (one, other) in pairs.items():
        apart = abs(one.sent_at - other.sent_at)
        together[person.timer].append(apart < timedelta(minutes=1))
    assert np.mean(together[Timer.ALWAYS]) < 0.05
    assert 0.2 < np.mean([*together[Timer.COMMON], *together[Timer.OWN]]) < 0.5
