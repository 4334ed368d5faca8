"""Both parties' servers, real, in this process: a home each, TLS on loopback, a clock to turn.

`Pair.start` runs both event loops in one thread; workers are stepped by hand with
`step` unless asked for.
"""

import asyncio
import base64
import itertools
import secrets
import socket
import threading
import tomllib
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import grpc

from aggregator import signing
from aggregator.batch_keys import BatchKeyring, CouncilBatchKeys
from aggregator.home import Home, create_home
from aggregator.ledger import CouncilLedger
from aggregator.model import BatchState, ReleaseRecord
from aggregator.peer import Helper
from aggregator.server import Aggregator, Surroundings
from aggregator.store.sql import Store
from aggregator.verify_key import verify_key
from aggregator.window_keys import CouncilKeys, LeaderKeys, WindowKeyring
from aggregator.worker import LeaderWorker
from privacy.aggregation import Verifier
from privacy.agreement import envelope
from privacy.agreement.document import parse_endpoint
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import ROLE_OF, Agreement, Endpoint, Party, PartyTerms, Role
from privacy.batch import BatchId, Collection
from privacy.book import AgreementBook
from privacy.errors import Rejection
from privacy.groups import GroupId
from privacy.ledger.agreement_rules import AHEAD
from privacy.ledger.entries import BatchKeyPublished, Body, Entry, WindowKeysPublished
from privacy.membership import BatchKey, Token
from privacy.metrics import TaskId
from privacy.noise import DiscreteGaussian, NoiseSource, noisy_measurement
from privacy.receipt import Receipt
from privacy.release import unshard
from privacy.report import Report, ReportId, Submission, prepare
from privacy.scales import HALF_RANGE
from privacy.window import Window
from protos.channel import connect
from protos.convert.report import receipt_from_wire, upload_to_wire
from protos.status import from_rpc
from protos.v1.report_pb2 import UploadRequest
from protos.v1.report_pb2_grpc import IntakeStub
from tests import batch_keys
from tests.agreements import make_agreement

T = TypeVar("T")
BodyT = TypeVar("BodyT", bound=Body)

WINDOW = Window(2026, 5)


def free_endpoints(host: str, count: int) -> list[Endpoint]:
    """Different TCP ports of a host that nobody listens on right now."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((host, 0))
        return [Endpoint(host, probe.getsockname()[1]) for probe in probes]


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
class OfferedKeys:
    """The council's side of window keys, called directly."""

    keys: CouncilKeys

    def offer_key(self, window: Window, public: bytes) -> bytes:
        return self.keys.offer(window, public)


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
    _keys_made: "itertools.count[int]" = field(default_factory=itertools.count)
    _submissions: dict[bytes, Submission] = field(default_factory=dict)
    _members: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1_000_001))
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None

    @classmethod
    def make(
        cls, directory: Path, change: Callable[[Agreement], Agreement] = lambda a: a
    ) -> "Pair":
        """Initialise, sign, activate on both sides and publish window keys.

        The clock stands within the upload period of WINDOW.
        """
        hosts = {Party.EMPLOYER: "127.0.0.1", Party.COUNCIL: "127.0.0.2"}
        homes, terms = {}, {}
        for party, host in hosts.items():
            endpoint, *peer = free_endpoints(host, 2 if party is Party.COUNCIL else 1)
            homes[party] = create_home(
                directory / party,
                party,
                name=f"The {party}",
                administrator=f"the {party}'s IT",
                endpoint=endpoint,
                listen=endpoint,
                peer_endpoint=next(iter(peer), None),
                peer_listen=next(iter(peer), None),
                now=datetime.now(UTC),
                random=secrets.token_bytes,
            )
            terms[party] = terms_of(homes[party])
        agreement = change(
            make_agreement(employer=terms[Party.EMPLOYER], council=terms[Party.COUNCIL])
        )
        file = directory / "agreement.signed.json"
        file.write_bytes(envelope.start(agreement))
        for home in homes.values():
            signing.sign(home, file)
        begun = agreement.first_window.start(agreement.working_time.zone)
        signed = [signing.activate(home, file, begun) for home in homes.values()]
        pair = cls(homes, signed[0], TurnableClock(begun))
        while pair.clock.now <= agreement.upload_opens(WINDOW):
            last = pair.clock.now + AHEAD > agreement.upload_opens(WINDOW)
            pair.publish_keys(of_batches=last)
            pair.clock.now += AHEAD
        pair.clock.now = agreement.upload_opens(WINDOW) + timedelta(days=1)
        pair.publish_keys()
        return pair

    def new_key(self) -> BatchKey:
        """The next of the pooled keys."""
        return batch_keys.pooled(next(self._keys_made))

    def publish_keys(self, *, of_batches: bool = True) -> None:
        """Put the keys of the next weeks into the ledger, as the running servers would."""
        with ExitStack() as stack:
            leader, helper = (
                stack.enter_context(closing(Store(self.homes[party].database))) for party in Party
            )
            book, random = AgreementBook([self.signed]), secrets.token_bytes
            council = self.homes[Party.COUNCIL]
            ledger = CouncilLedger(helper, book, self.clock, council.server_key(), council.mark)
            keys = CouncilKeys(helper, book, ledger, WindowKeyring(helper), self.clock, random)
            offered = OfferedKeys(keys)
            mine = LeaderKeys(leader, book, offered, WindowKeyring(leader), self.clock, random)
            assert mine.publish() == []
            if of_batches:
                of_each = CouncilBatchKeys(helper, book, ledger, self.clock, self.new_key)
                assert of_each.publish(most=1000) == []

    def start(self, *parties: Party, worker: bool = False) -> None:
        """Start these parties' servers, or both."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
            self._thread.start()
        for party in parties or tuple(Party):
            outside = Surroundings(
                self.clock, self.noise, secrets.token_bytes, self.new_key, seconds_between_steps=0.1
            )
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
        """One step of the leader's worker, one of the helper's; reports are passed on first."""
        self.pass_on()
        for party in Party:
            self.running[party].worker.step()

    def pass_on(self) -> None:
        """Have all reports verified at once, so that a test can look at the sums.

        The leader's worker itself waits until a batch takes no more.
        """
        leader = self.running[Party.EMPLOYER]
        assert isinstance(leader.worker, LeaderWorker)
        with leader.store.read() as tx:
            batches = tx.batches.in_states([BatchState.OPEN])
        for batch in batches:
            leader.worker.pass_on(batch)

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
        keys = self.hpke_keys(batch.window)
        return prepare(batch, collection, chosen, keys, secrets.token_bytes)

    def hpke_keys(self, window: Window) -> dict[Role, bytes]:
        """The public keys that shares of a window are sealed to, from the ledger."""
        (keys,) = [
            entry.body
            for entry in self.entries(WindowKeysPublished)
            if isinstance(entry.body, WindowKeysPublished) and entry.body.window == window
        ]
        return {Role.LEADER: keys.employer, Role.HELPER: keys.council}

    def token(self, report: Report) -> Token:
        """A token for a report, noted at the council as given to one more member."""
        council = self.homes[Party.COUNCIL]
        with closing(Store(council.database)) as store, store.write() as tx:
            tx.tokens.put(next(self._members), report.batch, secrets.token_bytes(256), b"")
        return batch_keys.sign(self.batch_key(report.batch), report.digest)

    def batch_key(self, batch: BatchId) -> BatchKey:
        """The council's private key of a batch, even after it erased it."""
        (modulus,) = [
            each.modulus for each in self.bodies(BatchKeyPublished) if each.batch == batch
        ]
        pooled = batch_keys.private(modulus)
        if pooled is not None:
            return pooled
        with closing(Store(self.homes[Party.COUNCIL].database)) as store, store.read() as tx:
            der = tx.batch_keys.get(batch)
            assert der is not None
            return BatchKey.load(der)

    def submission(self, report: Report) -> Submission:
        """A report with its token; the same report again has the same one."""
        if report.digest not in self._submissions:
            self._submissions[report.digest] = Submission(report, self.token(report))
        return self._submissions[report.digest]

    def upload(self, sent: Report | Submission) -> Receipt:
        """Send a report as a device does; raises what the server raised.

        A report without a token gets one first.
        """
        if isinstance(sent, Report):
            sent = self.submission(sent)
        return self.send(upload_to_wire(sent))

    def send(self, request: UploadRequest) -> Receipt:
        """Send any message as an upload; raises what the server raised."""
        employer = self.signed.agreement.employer
        with connect(employer.endpoint, employer.ca_certificate) as channel:
            try:
                answer = IntakeStub(channel).Upload(request, timeout=20)
            except grpc.RpcError as error:
                raise from_rpc(error, "the employer's server") from error
        return receipt_from_wire(answer)

    @contextmanager
    def as_leader(self) -> Iterator[Helper]:
        """The helper, called with the leader's real certificate by whoever holds it."""
        council, tls = self.signed.agreement.council, self.homes[Party.EMPLOYER].tls()
        assert council.peer_endpoint is not None
        with connect(
            council.peer_endpoint,
            council.ca_certificate,
            own_certificate=tls.certificate,
            own_key=tls.key,
        ) as channel:
            yield Helper(channel)

    def verifier(self, role: Role, batch: BatchId) -> Verifier:
        """One side's view of a batch, with its real keys."""
        party = next(party for party, its in ROLE_OF.items() if its is role)
        store = self.running[party].store
        with store.read() as tx:
            key = verify_key(tx, batch.task_digest)
        hpke_key = WindowKeyring(store).private(batch.window)
        batch_key = BatchKeyring(store).public(batch)
        return Verifier(role, batch, self.collection(batch), batch_key, hpke_key, key)

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

    def entries(self, *kinds: type[Body]) -> list[Entry]:
        """What is in the council's ledger."""
        with closing(Store(self.homes[Party.COUNCIL].database)) as store, store.read() as tx:
            return tx.ledger.of(*kinds)

    def bodies(self, kind: type[BodyT]) -> list[BodyT]:
        """What is in the council's ledger of one kind."""
        return [entry.body for entry in self.entries() if isinstance(entry.body, kind)]

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


def terms_of(home: Home) -> PartyTerms:
    """What `party.toml` says, as terms."""
    table = tomllib.loads(home.terms.read_text())[home.party.value]
    peer, successor = table.get("peer_endpoint"), table.get("successor_key")
    return PartyTerms(
        name=table["name"],
        administrator=table["administrator"],
        endpoint=parse_endpoint(table["endpoint"]),
        signing_key=base64.b64decode(table["signing_key"]),
        server_key=base64.b64decode(table["server_key"]),
        ca_certificate=table["ca_certificate"],
        peer_endpoint=parse_endpoint(peer) if peer else None,
        successor_key=base64.b64decode(successor) if successor else None,
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
