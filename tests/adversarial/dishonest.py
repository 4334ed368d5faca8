"""A council that changes its own ledger, and a device that looks at it from outside."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import grpc
from sqlalchemy import delete
from sqlmodel import Session

from aggregator.store.rows import CheckpointRow, LedgerRow
from aggregator.store.sql import Store, Transaction
from aggregator.witness import HelperLedger
from aggregator.worker import HelperWorker, LeaderWorker
from privacy import checkpoint
from privacy.agreement.model import AgreementDigest, Party
from privacy.batch import BatchId
from privacy.checkpoint import Checkpoint
from privacy.ledger.answers import CheckpointAnswer, FollowAnswer, OutcomeAnswer, WindowAnswer
from privacy.ledger.entries import BEFORE_THE_FIRST, Body, Entry, decode
from privacy.window import Window
from protos.channel import connect
from protos.convert import ledger
from protos.convert.report import batch_to_wire
from protos.status import from_rpc
from protos.v1 import ledger_pb2
from protos.v1.ledger_pb2_grpc import LedgerStub
from tests.pair import Pair


def leader_of(pair: Pair) -> LeaderWorker:
    """The employer's worker."""
    worker = pair.running[Party.EMPLOYER].worker
    assert isinstance(worker, LeaderWorker)
    return worker


def helper_of(pair: Pair) -> HelperWorker:
    """The council's worker."""
    worker = pair.running[Party.COUNCIL].worker
    assert isinstance(worker, HelperWorker)
    return worker


def entries_of(pair: Pair, party: Party) -> list[bytes]:
    """A party's ledger, or its copy of it."""
    with closing(Store(pair.homes[party].database)) as store, store.read() as tx:
        return tx.ledger.data(0)


def note_of(pair: Pair, party: Party) -> str:
    """The newest witnessed checkpoint that a party keeps; empty before the first."""
    with closing(Store(pair.homes[party].database)) as store, store.read() as tx:
        return tx.checkpoints.get() or ""


def witnessed(pair: Pair, party: Party = Party.COUNCIL) -> Checkpoint:
    """The newest witnessed checkpoint that a party keeps, with both signatures verified."""
    terms = pair.signed.agreement
    return checkpoint.verify(
        note_of(pair, party),
        council_key=terms.council.server_key,
        employer_key=terms.employer.server_key,
    )


def settle(pair: Pair) -> None:
    """Step until nobody has news: the council publishes a few batch keys in a step."""
    while True:
        before = entries_of(pair, Party.COUNCIL)
        pair.step()
        if entries_of(pair, Party.COUNCIL) == before == entries_of(pair, Party.EMPLOYER):
            return


# --- a council that changes its database ----------------------------------------------------------


def chained(told: Sequence[tuple[datetime, Body]]) -> list[Entry]:
    """Entries that say these things, each naming the one before."""
    made: list[Entry] = []
    for at, body in told:
        previous = made[-1].leaf if made else BEFORE_THE_FIRST
        made.append(Entry(len(made), at, previous, body))
    return made


Told = list[tuple[datetime, Body]]


def rewrite(pair: Pair, change: Callable[[Told], Told]) -> None:
    """The council stops, writes its whole ledger anew with right hashes, and starts again."""
    pair.stop(Party.COUNCIL)
    home = pair.homes[Party.COUNCIL]
    with closing(Store(home.database)) as store, store.write() as tx:
        told = [(entry.at, entry.body) for entry in map(decode, tx.ledger.data(0))]
        tx.ledger.cut(0)
        tx.ledger.copy(chained(change(told)))
    home.mark.path.unlink(missing_ok=True)
    pair.start(Party.COUNCIL)


def append(pair: Pair, body: Body) -> None:
    """The council's server stops, and an entry is added behind its back."""
    pair.stop(Party.COUNCIL)
    with closing(Store(pair.homes[Party.COUNCIL].database)) as store, store.write() as tx:
        tx.ledger.append(pair.clock.now, body)
    pair.start(Party.COUNCIL)


def change_bytes(pair: Pair, place: int, change: Callable[[bytes], bytes]) -> None:
    """One entry in the council's database is other bytes now, and nothing else is."""
    pair.stop(Party.COUNCIL)
    with closing(Store(pair.homes[Party.COUNCIL].database)) as store, store.write() as tx:
        session = _session(tx)
        row = session.get_one(LedgerRow, place)
        row.data = change(row.data)
        session.add(row)
    pair.start(Party.COUNCIL)


def drop(pair: Pair, place: int) -> None:
    """One entry is missing from the council's database."""
    pair.stop(Party.COUNCIL)
    with closing(Store(pair.homes[Party.COUNCIL].database)) as store, store.write() as tx:
        _session(tx).execute(delete(LedgerRow).where(LedgerRow.place == place))  # type: ignore[arg-type]
    pair.start(Party.COUNCIL)


def forget_witnessed(pair: Pair, party: Party) -> None:
    """As before the first witnessed checkpoint."""
    pair.stop(party)
    with closing(Store(pair.homes[party].database)) as store, store.write() as tx:
        _session(tx).execute(delete(CheckpointRow))
    pair.start(party)


def _session(tx: Transaction) -> Session:
    session: Session = vars(tx.ledger)["_session"]
    return session


@dataclass
class Lying:
    """The real council, but for what it shows of its ledger; keeps what it got cosigned."""

    real: HelperLedger
    show: Callable[[FollowAnswer], FollowAnswer]
    cosigned: list[str] = field(default_factory=list)

    def follow(self, first: int) -> FollowAnswer:
        return self.show(self.real.follow(first))

    def cosign(self, note: str) -> None:
        self.cosigned.append(note)
        self.real.cosign(note)

    def retire(self, agreement: AgreementDigest) -> None:
        self.real.retire(agreement)


def lie(pair: Pair, show: Callable[[FollowAnswer], FollowAnswer]) -> Lying:
    """From now on the employer is shown this in place of the council's answers."""
    witness = leader_of(pair).witness
    lying = Lying(witness.helper, show)
    witness.helper = lying
    return lying


# --- a device -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Device:
    """What a device can ask the council. Every call answers or raises what the council raised."""

    stub: LedgerStub

    def checkpoint(self, first_size: int = 0) -> CheckpointAnswer:
        request = ledger_pb2.CheckpointRequest(first_size=first_size)
        return ledger.checkpoint_from_wire(_call(self.stub.Checkpoint, request))

    def window(self, size: int, window: Window) -> WindowAnswer:
        request = ledger_pb2.WindowRequest(size=size, window=str(window))
        return ledger.window_from_wire(_call(self.stub.Window, request))

    def outcome(self, size: int, batch: BatchId) -> OutcomeAnswer:
        request = ledger_pb2.OutcomeRequest(size=size, batch=batch_to_wire(batch))
        return ledger.outcome_from_wire(_call(self.stub.Outcome, request))


def _call(method: Callable[..., Any], request: object) -> Any:
    try:
        return method(request, timeout=20)
    except grpc.RpcError as error:
        raise from_rpc(error, "the works council's server") from error


@contextmanager
def device(pair: Pair) -> Iterator[Device]:
    """A device, without any certificate of its own."""
    council = pair.signed.agreement.council
    with connect(council.endpoint, council.ca_certificate) as channel:
        yield Device(LedgerStub(channel))
