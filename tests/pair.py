"""Both parties' servers, real, in this process: a home each, TLS on loopback, a clock to turn.

`Pair.start` runs both event loops in one thread; workers are stepped by hand with
`step` unless asked for.
"""

import asyncio
import base64
import secrets
import socket
import threading
import tomllib
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import grpc

from aggregator import signing
from aggregator.home import Home, create_home
from aggregator.model import BatchState, Outcome, OutcomeKind, ReleaseRecord
from aggregator.peer import Helper
from aggregator.server import Aggregator, Surroundings
from aggregator.store.sql import Store
from aggregator.verify_key import verify_key
from privacy.aggregation import Verifier
from privacy.agreement import envelope
from privacy.agreement.document import parse_endpoint
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import ROLE_OF, Agreement, Endpoint, Party, PartyTerms, Role
from privacy.batch import BatchId, Collection
from privacy.errors import Rejection
from privacy.groups import GroupId
from privacy.metrics import TaskId
from privacy.noise import DiscreteGaussian, NoiseSource, noisy_measurement
from privacy.receipt import Receipt
from privacy.release import unshard
from privacy.report import Report, ReportId, prepare
from privacy.scales import HALF_RANGE
from privacy.window import Window
from protos.channel import connect
from protos.convert.report import receipt_from_wire, upload_to_wire
from protos.status import from_rpc
from protos.v1.report_pb2_grpc import IntakeStub
from tests.agreements import make_agreement

T = TypeVar("T")

WINDOW = Window(2026, 5)


def free_port(host: str) -> int:
    """A TCP port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class TurnableClock:
    """A clock that stands where it was put."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class NoNoise:
    """A noise source that is silent, so that sums before noise can be compared."""

    def draw(self, variance: Fraction, count: int) -> list[int]:
        return [0] * count


@dataclass(frozen=True)
class Kept:
    """What one party keeps of a batch."""

    state: BatchState
    count: int
    aggregate_share: bytes | None
    counted: frozenset[ReportId]
    record: ReleaseRecord | None

    @property
    def totals(self) -> list[int] | None:
        """The released sums, in integer units."""
        if self.record is None or self.record.totals is None:
            return None
        return list(self.record.totals)


def kept_in(store: Store, batch: BatchId) -> Kept:
    """All that a store keeps of a batch."""
    with store.read() as tx:
        known = tx.batches.get(batch)
        if known is None:
            return Kept(BatchState.OPEN, 0, None, frozenset(), None)
        counted = frozenset(tx.reports.counted_ids(known))
        record = tx.releases.get(known)
        return Kept(known.state, known.count, known.aggregate_share, counted, record)


@dataclass
class Pair:
    """Two initialised homes under one signed agreement."""

    homes: dict[Party, Home]
    signed: SignedAgreement
    clock: TurnableClock
    noise: NoiseSource = field(default_factory=DiscreteGaussian)
    running: dict[Party, Aggregator] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None

    @classmethod
    def make(
        cls, directory: Path, change: Callable[[Agreement], Agreement] = lambda a: a
    ) -> "Pair":
        """Initialise, sign and activate on both sides, within the upload period of WINDOW."""
        hosts = {Party.EMPLOYER: "127.0.0.1", Party.COUNCIL: "127.0.0.2"}
        homes, terms = {}, {}
        for party, host in hosts.items():
            endpoint = Endpoint(host, free_port(host))
            homes[party] = create_home(
                directory / party,
                party,
                name=f"The {party}",
                administrator=f"the {party}'s IT",
                endpoint=endpoint,
                listen=endpoint,
                now=datetime.now(UTC),
                random=secrets.token_bytes,
            )
            terms[party] = terms_of(homes[party], endpoint)
        agreement = change(
            make_agreement(employer=terms[Party.EMPLOYER], council=terms[Party.COUNCIL])
        )
        file = directory / "agreement.signed.json"
        file.write_bytes(envelope.start(agreement))
        for home in homes.values():
            signing.sign(home, file)
        now = agreement.upload_opens(WINDOW) + timedelta(days=1)
        signed = [signing.activate(home, file, now) for home in homes.values()]
        return cls(homes, signed[0], TurnableClock(now))

    def start(self, *parties: Party, worker: bool = False) -> None:
        """Start these parties' servers, or both."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
            self._thread.start()
        for party in parties or tuple(Party):
            outside = Surroundings(self.clock, self.noise, secrets.token_bytes, 0.1)
            aggregator = Aggregator(self.homes[party], outside)
            self._await(aggregator.start(worker=worker))
            self.running[party] = aggregator

    def stop(self, *parties: Party) -> None:
        """Stop these parties' servers, or all that run."""
        for party in parties or tuple(self.running):
            self._await(self.running.pop(party).stop())
        if not self.running and self._loop is not None and self._thread is not None:
            self._await(self._loop.shutdown_default_executor())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = None

    def step(self) -> None:
        """One step of the leader's worker, then one of the helper's."""
        for party in Party:
            self.running[party].worker.step()

    def batch(
        self, task: str = "headline", group: str = "north", window: Window = WINDOW
    ) -> BatchId:
        """A batch of the agreement."""
        return BatchId(self.signed.digest, TaskId(task), GroupId(group), window)

    def collection(self, batch: BatchId) -> Collection:
        """The parameters of a batch."""
        return Collection.of(self.signed, batch.task, batch.group)

    def measurement(self, batch: BatchId, value: Fraction | None = None) -> list[int]:
        """One person's noised numbers; every metric has the same value."""
        collection = self.collection(batch)
        encoded = collection.encode({metric.id: value for metric in collection.task.metrics})
        return noisy_measurement(encoded, collection.coordinate_scales, DiscreteGaussian())

    def report(self, batch: BatchId, measurement: list[int] | None = None) -> Report:
        """A well-formed report."""
        collection = self.collection(batch)
        chosen = self.measurement(batch) if measurement is None else measurement
        return prepare(batch, collection, chosen, self.hpke_keys, secrets.token_bytes)

    @property
    def hpke_keys(self) -> dict[Role, bytes]:
        """The public keys that shares are sealed to."""
        agreement = self.signed.agreement
        return {Role.LEADER: agreement.employer.hpke_key, Role.HELPER: agreement.council.hpke_key}

    def upload(self, report: Report) -> Receipt:
        """Send a report as a device does; raises what the server raised."""
        employer = self.signed.agreement.employer
        with connect(employer.endpoint, employer.ca_certificate) as channel:
            try:
                answer = IntakeStub(channel).Upload(upload_to_wire(report), timeout=20)
            except grpc.RpcError as error:
                raise from_rpc(error, "the employer's server") from error
        return receipt_from_wire(answer)

    @contextmanager
    def as_leader(self) -> Iterator[Helper]:
        """The helper, called with the leader's real certificate by whoever holds it."""
        council, tls = self.signed.agreement.council, self.homes[Party.EMPLOYER].tls()
        with connect(
            council.endpoint,
            council.ca_certificate,
            own_certificate=tls.certificate,
            own_key=tls.key,
        ) as channel:
            yield Helper(channel)

    def verifier(self, role: Role, batch: BatchId) -> Verifier:
        """One side's view of a batch, with its real keys."""
        party = next(party for party, its in ROLE_OF.items() if its is role)
        with self.running[party].store.read() as tx:
            key = verify_key(tx, batch.task_digest)
        hpke_key = self.homes[party].hpke_key()
        return Verifier(role, batch, self.collection(batch), hpke_key, key)

    def rejections(self, party: Party, batch: BatchId | None) -> Mapping[Rejection, int]:
        """What a party counted for a batch; None is for batches that do not exist."""
        with self.running[party].store.read() as tx:
            return tx.rejections.counts(batch)

    def kept(self, party: Party, batch: BatchId) -> Kept:
        """All that a party keeps of a batch."""
        return kept_in(self.running[party].store, batch)

    def summed(self, batch: BatchId) -> list[int]:
        """What both sides' sums say together before any release; they count the same reports."""
        leader, helper = (self.kept(party, batch) for party in Party)
        assert leader.counted == helper.counted
        assert leader.count == helper.count == len(leader.counted)
        assert leader.aggregate_share is not None
        assert helper.aggregate_share is not None
        shares = leader.aggregate_share, helper.aggregate_share
        return list(unshard(batch, self.collection(batch), leader.count, *shares).totals)

    def outcomes(self, *kinds: OutcomeKind) -> list[Outcome]:
        """What is on the helper's record."""
        with self.running[Party.COUNCIL].store.read() as tx:
            return tx.outcomes.all(*kinds)

    def close_batch(self, window: Window = WINDOW) -> None:
        """Turn the clock to the end of the window's upload period."""
        self.clock.now = self.signed.agreement.upload_closes(window)

    def activate(
        self, change: Callable[[Agreement], Agreement], *parties: Party
    ) -> SignedAgreement:
        """Sign another version and activate it; servers learn of it when they start again."""
        agreement = change(self.signed.agreement)
        file = self.homes[Party.EMPLOYER].path.parent / f"version-{agreement.version}.json"
        file.write_bytes(envelope.start(agreement))
        for home in self.homes.values():
            signing.sign(home, file)
        chosen = [self.homes[party] for party in parties or tuple(Party)]
        signed, *_ = [signing.activate(home, file, self.clock.now) for home in chosen]
        return signed

    def _await(self, coroutine: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)


def terms_of(home: Home, endpoint: Endpoint) -> PartyTerms:
    """What `party.toml` says, as terms."""
    table = tomllib.loads(home.terms.read_text())[home.party.value]
    return PartyTerms(
        name=table["name"],
        administrator=table["administrator"],
        endpoint=parse_endpoint(table["endpoint"]),
        signing_key=base64.b64decode(table["signing_key"]),
        server_key=base64.b64decode(table["server_key"]),
        hpke_key=base64.b64decode(table["hpke_key"]),
        ca_certificate=table["ca_certificate"],
    )


def expected_totals(measurements: Iterable[list[int]]) -> list[int]:
    """The sums that a release without helper noise must show: the numbers sent, without B."""
    return [sum(column) - len(column) * HALF_RANGE for column in zip(*measurements, strict=True)]


def verified(signed: bytes) -> SignedAgreement:
    """An envelope, verified with the keys that its agreement names."""
    terms = envelope.read_unverified(signed)
    return envelope.verify(
        signed,
        employer_key=terms.employer.signing_key,
        council_key=terms.council.signing_key,
    )
