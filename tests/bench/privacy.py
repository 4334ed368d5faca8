"""Time of one report with noise and sealing: ``python -m tests.bench privacy``

A device's part is all from encoded values to the sealed report. A party's part is all from sealed
bytes to a larger sum: the leader's check of the token, its `start` and `finish`, the helper's
`answer`. The best of several
runs is shown.
"""

import secrets
from collections.abc import Iterator
from fractions import Fraction

from privacy import membership
from privacy.aggregation import add_up
from privacy.agreement.model import Role
from privacy.batch import Collection
from privacy.groups import Level
from privacy.metrics import Histogram, Metric, Task, TaskId
from privacy.noise import DiscreteGaussian, noisy_measurement
from privacy.report import Report, prepare
from tests.agreements import make_agreement, scalar
from tests.bench.figure import Figure
from tests.bench.vdaf import milliseconds
from tests.unit.privacy.parties import Parties, both_sign, hpke_keys, with_token

SCALARS = ("mail_answered_in_time", "core_hours_coverage", "after_hours_share")


def _metrics(coordinates: int) -> tuple[Metric, ...]:
    """Scalars up to three, beyond that a histogram beside them."""
    bins = coordinates - len(SCALARS)
    names = SCALARS[:coordinates]
    share = Fraction(1, len(names) + (bins > 0))
    scalars = tuple(scalar(name, share=share) for name in names)
    if bins <= 0:
        return scalars
    edges = tuple(Fraction(hours) for hours in range(1, bins))
    return (*scalars, Histogram("mail_response_hours", edges, share))


def _parties(coordinates: int) -> Parties:
    task = Task(TaskId("bench"), Level.DEPARTMENT, Fraction(1), _metrics(coordinates))
    parties = Parties.of("bench", "sales", both_sign(make_agreement(tasks=(task,))))
    assert parties.collection.task.coordinates == coordinates
    return parties


def _device(parties: Parties) -> Report:
    collection: Collection = parties.collection
    scales = collection.coordinate_scales
    measurement = noisy_measurement([0] * len(scales), scales, DiscreteGaussian())
    return prepare(parties.batch, collection, measurement, hpke_keys(), secrets.token_bytes)


def _figures(parties: Parties, what: str) -> Iterator[Figure]:
    leader, helper = parties.verifier(Role.LEADER), parties.verifier(Role.HELPER)
    submission = with_token(_device(parties))
    request, _ = leader.start(submission)
    message, out_share = helper.answer(request)
    total = add_up(parties.collection, None, [out_share])

    def lead() -> bytes:
        membership.verify(leader.batch_key, submission.report.digest, submission.token)
        _, state = leader.start(submission)
        return add_up(parties.collection, total, [leader.finish(state, message)])

    def answer() -> bytes:
        return add_up(parties.collection, total, [helper.answer(request)[1]])

    device = milliseconds(lambda: _device(parties))
    yield Figure(f"noise, shard and seal, {what} (ms)", device)
    yield Figure(f"leader: token, open, start, finish, add, {what} (ms)", milliseconds(lead))
    yield Figure(f"helper: token, open, answer, add, {what} (ms)", milliseconds(answer))


def figures() -> Iterator[Figure]:
    """Milliseconds, for 1, 3 and 30 coordinates."""
    for coordinates in (1, 3, 30):
        yield from _figures(_parties(coordinates), f"coordinates: {coordinates}")
