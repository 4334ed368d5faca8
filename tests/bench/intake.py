"""Uploads a second that the leader stores, over TLS, with token, opening and commit.

One server process; one client process with bounded concurrency on the same cores. The reports are
made before the clock starts. The best of three rounds is shown: the first one warms up.
"""

import asyncio
import contextlib
import dataclasses
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import grpc

from privacy.agreement.model import Agreement, Party, PartyTerms
from privacy.groups import Group, GroupId, Level
from privacy.report import Submission, prepare
from protos.convert.report import upload_to_wire
from protos.v1 import report_pb2
from tests import batch_keys
from tests.agreements import headline, scalar
from tests.bench.figure import Figure
from tests.pair import Pair
from tests.serve_party import FileClock

REPORTS = 4500
ROUNDS = 3
AT_ONCE = 128
TARGET = 1000.0


def figures() -> Iterator[Figure]:
    """Uploads a second, for a headline task and for one with three numbers."""
    for coordinates in (1, 3):
        rate = uploads_per_second(coordinates)
        name = (
            f"uploads a second over TLS, with token, opening and commit, coordinates: {coordinates}"
        )
        yield Figure(name, rate, TARGET, more_is_better=True)


def uploads_per_second(coordinates: int) -> float:
    """Start a leader, send prepared reports, and count receipts a second."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        pair = Pair.make(folder, lambda agreement: _large(agreement, coordinates))
        pair.start()
        pair.step()  # so that the employer has witnessed the batch's key
        pair.stop()
        messages = _messages(pair)
        with served(pair, folder):
            employer = pair.signed.agreement.employer
            size = REPORTS // ROUNDS
            rounds = [messages[n * size : (n + 1) * size] for n in range(ROUNDS)]
            return max(_timed(employer, each) for each in rounds)


def _timed(employer: PartyTerms, messages: list[bytes]) -> float:
    begin = time.perf_counter()
    asyncio.run(_upload(employer, messages))
    return len(messages) / (time.perf_counter() - begin)


def _large(agreement: Agreement, coordinates: int) -> Agreement:
    metrics = tuple(
        scalar(name, share=Fraction(1, coordinates), clip=Fraction(1, 4))
        for name in ("mail_answered_in_time", "after_hours_share", "core_hours_coverage")
    )
    return dataclasses.replace(
        agreement,
        groups=(Group(GroupId("north"), Level.TEAM, 2 * REPORTS),),
        tasks=(headline(metrics=metrics[:coordinates]),),
    )


def _messages(pair: Pair) -> list[bytes]:
    batch = pair.batch()
    collection = pair.collection(batch)
    measurement, keys = pair.measurement(batch), pair.hpke_keys(batch.window)
    key = pair.batch_key(batch)
    reports = (
        prepare(batch, collection, measurement, keys, secrets.token_bytes) for _ in range(REPORTS)
    )
    return [
        upload_to_wire(
            Submission(report, batch_keys.sign_seen(key, report.digest))
        ).SerializeToString()
        for report in reports
    ]


@contextlib.contextmanager
def served(pair: Pair, folder: Path) -> Iterator[None]:
    """The employer's server in its own process."""
    clock = FileClock(folder / "clock")
    clock.turn(pair.clock.now)
    home = pair.homes[Party.EMPLOYER].path
    command = [sys.executable, "-m", "tests.serve_party", home, clock.file, folder / "noise"]
    with subprocess.Popen(
        [*map(str, command), "--seconds", "3600", "--stand"], stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        yield
        server.terminate()


async def _upload(employer: PartyTerms, messages: list[bytes]) -> None:
    credentials = grpc.ssl_channel_credentials(employer.ca_certificate.encode())
    waiting = iter(messages)
    async with grpc.aio.secure_channel(str(employer.endpoint), credentials) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/plurale.v1.Intake/Upload"
        )

        async def device() -> None:
            for message in waiting:
                answer = report_pb2.UploadResponse.FromString(await call(message))
                assert answer.signature

        await asyncio.gather(*(device() for _ in range(AT_ONCE)))
