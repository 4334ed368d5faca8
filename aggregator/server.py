"""A running aggregator: its services over TLS, and its worker (protocol §5).

Both parties serve devices, which show no certificate: the employer takes reports, the council shows
the ledger. On a port of its own the council serves the employer's server alone, which must show a
certificate of the employer's authority. Time, noise and randomness come from outside: an installed
command passes the real ones.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import grpc

from aggregator import services
from aggregator.aggregation import HelperAggregation, LeaderAggregation
from aggregator.asking import LeaderRelease
from aggregator.batch_keys import BatchKeyring, CouncilBatchKeys
from aggregator.errors import SetupError
from aggregator.forgetting import Forgetting
from aggregator.group_commit import GroupCommit
from aggregator.home import Home
from aggregator.intake import Admission, Decision, Intake
from aggregator.issuing import Issuing
from aggregator.ledger import CouncilLedger
from aggregator.peer import Helper
from aggregator.release import HelperRelease
from aggregator.retirement import CouncilRetirement
from aggregator.signing import activated
from aggregator.store.sql import Store
from aggregator.verify_key import HelperActivationService, LeaderActivation
from aggregator.window_keys import CouncilKeys, LeaderKeys, WindowKeyring
from aggregator.witness import Witness
from aggregator.worker import SECONDS_BETWEEN_STEPS, HelperWorker, LeaderWorker, Loop
from privacy.agreement.model import ROLE_OF, Agreement, Endpoint, Role
from privacy.batch import Collection
from privacy.book import AgreementBook
from privacy.errors import PluraleError
from privacy.membership import BatchKey, new_batch_key
from privacy.noise import NoiseSource
from privacy.report import sizes
from privacy.window import Clock
from protos.channel import MAX_MESSAGE_BYTES, connect

_log = logging.getLogger(__name__)

_OPTIONS: Final = (
    ("grpc.max_concurrent_streams", 256),
    # A connection that never finishes its handshake, or falls silent, is dropped.
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # Nor does a connection without calls hold a file descriptor for long, or any for ever.
    ("grpc.max_connection_idle_ms", 60_000),
    ("grpc.max_connection_age_ms", 3_600_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    # Only "identity": nothing here is worth compressing, and little can be blown up to much.
    ("grpc.compression_enabled_algorithms_bitset", 1),
    ("grpc.so_reuseport", 0),
)
_FRAMING_BYTES: Final = 1024
"""For the names and lengths around the parts of a report, and for a question about the ledger."""

_MOST_CALLS: Final = 1024
"""At a time, over all connections; a further one is told to come back."""

_THREADS_FOR_DEVICES: Final = 2
"""That read the ledger for them, so that a flood of questions does not hold up the other party."""

_GRACE_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Surroundings:
    """What comes from outside. `random(n)` returns n fresh random bytes."""

    clock: Clock
    noise: NoiseSource
    random: Callable[[int], bytes]
    new_batch_key: Callable[[], BatchKey] = new_batch_key
    seconds_between_steps: float = SECONDS_BETWEEN_STEPS


@dataclass(frozen=True)
class _Port:
    """A place to listen: who may call there, what, and how large. `setting` names it to people."""

    setting: str
    place: Endpoint
    credentials: grpc.ServerCredentials
    handlers: tuple[grpc.GenericRpcHandler, ...]
    most_bytes: int


class Aggregator:
    """One party's server. `start`, then `stop`; `worker` can be stepped by hand instead."""

    def __init__(self, home: Home, outside: Surroundings) -> None:
        """Open the database and check that the agreement is about this server."""
        self._home = home
        self._outside = outside
        self.role = ROLE_OF[home.party]
        self.store = Store(home.database)
        try:
            self.book = AgreementBook(activated(home, self.store))
        except PluraleError:
            self.store.close()
            raise
        self.worker: LeaderWorker | HelperWorker
        self._commit: GroupCommit[Admission, Decision] | None = None
        self._channel: grpc.Channel | None = None
        self._threads = ThreadPoolExecutor(_THREADS_FOR_DEVICES, "devices")
        self._ports = self._leader() if self.role is Role.LEADER else self._helper()
        self._loop = Loop(self.worker, outside.seconds_between_steps)
        self._servers: list[grpc.aio.Server] = []

    async def start(self, *, worker: bool = True) -> None:
        """Listen, and begin working unless told not to. Raises `SetupError`."""
        for port in self._ports:
            server = grpc.aio.server(
                options=[*_OPTIONS, ("grpc.max_receive_message_length", port.most_bytes)],
                maximum_concurrent_rpcs=_MOST_CALLS,
            )
            self._servers.append(server)
            server.add_generic_rpc_handlers(port.handlers)
            try:
                server.add_secure_port(str(port.place), port.credentials)
            except RuntimeError:
                await self.stop()
                raise SetupError(
                    f"cannot listen on {port.place}: another program uses the port, or the "
                    f"address is not this machine's; change {port.setting} in aggregator.toml"
                ) from None
        if self._commit is not None:
            self._commit.start()
        for server in self._servers:
            await server.start()
        if worker:
            self._loop.start()
        self._say_when_expired()
        places = " and ".join(str(port.place) for port in self._ports)
        _log.info("%s listens on %s", self.role, places)

    async def stop(self) -> None:
        """Finish the calls under way and the step under way, then close the database."""
        for server in self._servers:
            await server.stop(_GRACE_SECONDS)
        if self._commit is not None:
            await self._commit.stop()
        await asyncio.to_thread(self._loop.stop)
        if self._channel is not None:
            self._channel.close()
        self._threads.shutdown()
        self.store.close()

    def _leader(self) -> list[_Port]:
        home, outside, store, book = self._home, self._outside, self.store, self.book
        server_key, keyring = home.server_key(), WindowKeyring(store)
        batch_keys = BatchKeyring(store)
        self._channel = self._channel_to_helper()
        helper = Helper(self._channel)
        witness = Witness(store, book, helper, server_key, home.mark, outside.clock)
        self.worker = LeaderWorker(
            store,
            witness,
            LeaderKeys(store, book, helper, keyring, outside.clock, outside.random),
            LeaderActivation(store, book, helper, outside.random),
            LeaderAggregation(
                store, book, keyring, batch_keys, helper, outside.clock, outside.random
            ),
            LeaderRelease(store, book, helper, witness, outside.clock, outside.random),
        )
        intake = Intake(store, book, keyring, batch_keys, server_key, outside.clock)
        self._commit = GroupCommit(intake.commit)
        handlers = services.leader(intake, self._commit)
        return [self._devices(handlers, self._largest_report() + _FRAMING_BYTES)]

    def _helper(self) -> list[_Port]:
        home, outside, store, book = self._home, self._outside, self.store, self.book
        if home.peer_listen is None:
            raise SetupError(f"{home.path}: aggregator.toml lacks the entry peer_listen: add it")
        keyring = WindowKeyring(store)
        ledger = CouncilLedger(store, book, outside.clock, home.server_key(), home.mark)
        release = HelperRelease(store, book, ledger, outside.noise, outside.clock, outside.random)
        keys = CouncilKeys(store, book, ledger, keyring, outside.clock, outside.random)
        batch_keys = CouncilBatchKeys(store, book, ledger, outside.clock, outside.new_batch_key)
        issuing = Issuing(store, book, ledger, batch_keys, home.token_mark, outside.random)
        self.worker = HelperWorker(
            store,
            ledger,
            release,
            keys,
            batch_keys,
            Forgetting(store, book, outside.clock),
            outside.clock(),
        )
        handlers = services.helper(
            HelperActivationService(store, book, ledger, outside.random),
            HelperAggregation(store, book, ledger, keyring, BatchKeyring(store), outside.clock),
            release,
        )
        witness = services.witness(ledger, keys, CouncilRetirement(store, book, ledger))
        root = self._newest().employer.ca_certificate.encode()
        credentials = grpc.ssl_server_credentials(self._pairs(), root, require_client_auth=True)
        return [
            self._devices(services.council(ledger, issuing, self._threads), _FRAMING_BYTES),
            _Port(
                "peer_listen",
                home.peer_listen,
                credentials,
                handlers + witness,
                MAX_MESSAGE_BYTES,
            ),
        ]

    def _devices(self, handlers: tuple[grpc.GenericRpcHandler, ...], most_bytes: int) -> _Port:
        credentials = grpc.ssl_server_credentials(self._pairs())
        return _Port("listen", self._home.listen, credentials, handlers, most_bytes)

    def _largest_report(self) -> int:
        return max(
            sum(sizes(Collection.of(signed, task.id, group.id)))
            for signed in self.book.signed
            for task in signed.agreement.tasks
            for group in signed.agreement.groups_of(task)
        )

    def _pairs(self) -> list[tuple[bytes, bytes]]:
        tls = self._home.tls()
        return [(tls.key, tls.certificate)]

    def _channel_to_helper(self) -> grpc.Channel:
        council = self._newest().council
        tls = self._home.tls()
        return connect(
            council.peer_endpoint or council.endpoint,
            council.ca_certificate,
            own_certificate=tls.certificate,
            own_key=tls.key,
        )

    def _say_when_expired(self) -> None:
        # Not an error: what was collected still has to be released and opened.
        newest = self._newest()
        if self._outside.clock() >= newest.upload_closes(newest.last_window):
            _log.warning(
                "the agreement has expired with %s and no report is taken any more: sign and "
                "activate a new version",
                newest.last_window,
            )

    def _newest(self) -> Agreement:
        return max((each.agreement for each in self.book.signed), key=lambda each: each.version)
