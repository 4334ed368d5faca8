"""A running aggregator: its services over TLS, and its worker (protocol §5).

The leader serves devices, which show no certificate. The helper serves the leader alone, which
must show one of the employer's authority. Time, noise and randomness come from outside: an
installed command passes the real ones.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import grpc

from aggregator import services
from aggregator.aggregation import HelperAggregation, LeaderAggregation
from aggregator.agreements import AgreementBook
from aggregator.asking import LeaderRelease
from aggregator.errors import SetupError
from aggregator.group_commit import GroupCommit
from aggregator.home import Home
from aggregator.intake import Admission, Decision, Intake
from aggregator.peer import Helper
from aggregator.release import HelperRelease
from aggregator.signing import activated
from aggregator.store.sql import Store
from aggregator.verify_key import HelperActivationService, LeaderActivation
from aggregator.worker import SECONDS_BETWEEN_STEPS, HelperWorker, LeaderWorker, Loop
from privacy.agreement.model import ROLE_OF, Agreement, Role
from privacy.batch import Collection
from privacy.errors import PluraleError
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
"""For the names and lengths around the parts of a report."""

_MOST_CALLS: Final = 1024
"""At a time, over all connections; a further one is told to come back."""

_GRACE_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Surroundings:
    """What comes from outside. `random(n)` returns n fresh random bytes."""

    clock: Clock
    noise: NoiseSource
    random: Callable[[int], bytes]
    seconds_between_steps: float = SECONDS_BETWEEN_STEPS


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
        if self.role is Role.LEADER:
            self._handlers = self._leader()
        else:
            self._handlers = self._helper()
        self._loop = Loop(self.worker, outside.seconds_between_steps)
        self._server: grpc.aio.Server | None = None

    async def start(self, *, worker: bool = True) -> None:
        """Listen, and begin working unless told not to. Raises `SetupError`."""
        limits = [("grpc.max_receive_message_length", self._most_bytes())]
        self._server = grpc.aio.server(
            options=[*_OPTIONS, *limits], maximum_concurrent_rpcs=_MOST_CALLS
        )
        self._server.add_generic_rpc_handlers(self._handlers)
        try:
            self._server.add_secure_port(str(self._home.listen), self._credentials())
        except RuntimeError:
            await self.stop()
            raise SetupError(
                f"cannot listen on {self._home.listen}: another program uses the port, or the "
                "address is not this machine's; change listen in aggregator.toml"
            ) from None
        if self._commit is not None:
            self._commit.start()
        await self._server.start()
        if worker:
            self._loop.start()
        self._say_when_expired()
        _log.info("%s listens on %s", self.role, self._home.listen)

    async def stop(self) -> None:
        """Finish the calls under way and the step under way, then close the database."""
        if self._server is not None:
            await self._server.stop(_GRACE_SECONDS)
        if self._commit is not None:
            await self._commit.stop()
        await asyncio.to_thread(self._loop.stop)
        if self._channel is not None:
            self._channel.close()
        self.store.close()

    def _leader(self) -> tuple[grpc.GenericRpcHandler, ...]:
        home, outside, store, book = self._home, self._outside, self.store, self.book
        hpke_key = home.hpke_key()
        self._channel = self._channel_to_helper()
        helper = Helper(self._channel)
        self.worker = LeaderWorker(
            store,
            LeaderActivation(store, book, helper, outside.random),
            LeaderAggregation(store, book, hpke_key, helper, outside.random),
            LeaderRelease(store, book, helper, outside.clock, outside.random),
        )
        intake = Intake(store, book, hpke_key, home.server_key(), outside.clock)
        self._commit = GroupCommit(intake.commit)
        return services.leader(intake, self._commit)

    def _helper(self) -> tuple[grpc.GenericRpcHandler, ...]:
        outside, store, book = self._outside, self.store, self.book
        release = HelperRelease(store, book, outside.noise, outside.clock, outside.random)
        self.worker = HelperWorker(store, release, outside.clock())
        return services.helper(
            HelperActivationService(store, book, outside.clock, outside.random),
            HelperAggregation(store, book, self._home.hpke_key(), outside.clock),
            release,
        )

    def _most_bytes(self) -> int:
        """Anything larger is refused unread: from a device, more than its largest report."""
        if self.role is Role.HELPER:
            return MAX_MESSAGE_BYTES
        reports = (
            sum(sizes(Collection.of(signed, task.id, group.id)))
            for signed in self.book.signed
            for task in signed.agreement.tasks
            for group in signed.agreement.groups_of(task)
        )
        return max(reports) + _FRAMING_BYTES

    def _channel_to_helper(self) -> grpc.Channel:
        council = self._newest().council
        tls = self._home.tls()
        return connect(
            council.endpoint,
            council.ca_certificate,
            own_certificate=tls.certificate,
            own_key=tls.key,
        )

    def _credentials(self) -> grpc.ServerCredentials:
        tls = self._home.tls()
        pair = [(tls.key, tls.certificate)]
        if self.role is Role.LEADER:
            return grpc.ssl_server_credentials(pair)
        root = self._newest().employer.ca_certificate.encode()
        return grpc.ssl_server_credentials(pair, root, require_client_auth=True)

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
