"""Membership tokens: ``python -m tests.bench tokens``

At the council: the private operation alone, and the whole of `Issue` with its checks and its
commit, without a network. "Per core" counts a core's own time: while a commit waits for the disk,
the core signs for others. At the device: blind and finalize. At both parties: verify. The best of
several rounds is shown.
"""

import dataclasses
import secrets
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aggregator import roster
from aggregator.batch_keys import CouncilBatchKeys
from aggregator.issuing import Issuing
from aggregator.ledger import CouncilLedger
from aggregator.store.sql import Store
from privacy import device_key, fields
from privacy.agreement.model import Agreement, Party
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.device_key import Signed
from privacy.groups import Group, GroupId, Level
from privacy.membership import blind, blind_sign, finalize, load_public, verify
from tests.agreements import headline
from tests.batch_keys import pooled
from tests.bench.figure import Figure
from tests.pair import WINDOW, Pair

MEMBERS = 600
ROUNDS = 12
TARGET = 100.0
DIGEST = fields.sha256(b"a report")


def figures() -> Iterator[Figure]:
    """Tokens a second at the council, and what one costs the others."""
    key, public = pooled(0), load_public(pooled(0).modulus)
    blinding = blind(key.modulus, DIGEST, secrets.token_bytes)
    answer = blind_sign(key, blinding.request, secrets.token_bytes)
    token = finalize(key.modulus, DIGEST, blinding, answer)

    signing = _milliseconds(lambda: blind_sign(key, blinding.request, secrets.token_bytes))
    name = "tokens a second per core, private operation alone"
    yield Figure(name, 1000 / signing, TARGET, more_is_better=True)
    per_core, in_a_row = issued_per_second()
    name = "tokens a second per core, whole of Issue"
    yield Figure(name, per_core, TARGET, more_is_better=True)
    name = "tokens a second, whole of Issue, one after another"
    yield Figure(name, in_a_row, more_is_better=True)

    blinded = _milliseconds(lambda: blind(key.modulus, DIGEST, secrets.token_bytes))
    yield Figure("token: blind (ms)", blinded)
    finalized = _milliseconds(lambda: finalize(key.modulus, DIGEST, blinding, answer))
    yield Figure("token: finalize (ms)", finalized)
    yield Figure("token: verify (µs)", 1000 * _milliseconds(lambda: verify(public, DIGEST, token)))


def _milliseconds(work: Callable[[], object]) -> float:
    rounds = timeit.repeat(work, timer=time.process_time, number=20, repeat=7)
    return min(rounds) / 20 * 1000


def issued_per_second() -> tuple[float, float]:
    """Enrol members, prepare their signed requests; answers by core seconds, and by the clock."""
    with tempfile.TemporaryDirectory() as directory:
        pair = Pair.make(Path(directory), _large)
        with closing(Store(pair.homes[Party.COUNCIL].database)) as store:
            issuing = _issuing(pair, store)
            requests = [_request(pair, issuing) for _ in range(MEMBERS)]
            size = MEMBERS // ROUNDS
            rounds = [requests[n * size : (n + 1) * size] for n in range(ROUNDS)]
            rates = [_timed(issuing, pair.batch(), each) for each in rounds]
            return max(rate for rate, _ in rates), max(rate for _, rate in rates)


def _large(agreement: Agreement) -> Agreement:
    return dataclasses.replace(
        agreement, groups=(Group(GroupId("north"), Level.TEAM, MEMBERS),), tasks=(headline(),)
    )


def _issuing(pair: Pair, store: Store) -> Issuing:
    book, home = AgreementBook([pair.signed]), pair.homes[Party.COUNCIL]
    ledger = CouncilLedger(store, book, pair.clock, home.server_key(), home.mark)
    keys = CouncilBatchKeys(store, book, ledger, pair.clock, pair.new_key)
    return Issuing(store, book, ledger, keys, home.token_mark, secrets.token_bytes)


def _request(pair: Pair, issuing: Issuing) -> tuple[bytes, Signed]:
    device, batch = Ed25519PrivateKey.generate(), pair.batch()
    with issuing.store.write() as tx:
        _, code = roster.add(tx, batch.group, WINDOW, secrets.token_bytes)
    server_key = pair.signed.agreement.council.server_key
    said = device_key.registration(server_key, code.hash)
    issuing.register(code, device_key.sign(device, said))
    request = blind(pair.batch_key(batch).modulus, DIGEST, secrets.token_bytes).request
    return request, device_key.sign(device, device_key.token_request(batch, request))


def _timed(
    issuing: Issuing, batch: BatchId, requests: list[tuple[bytes, Signed]]
) -> tuple[float, float]:
    begin, core = time.perf_counter(), time.process_time()
    for request, signed in requests:
        issuing.issue(batch, request, signed)
    core, seconds = time.process_time() - core, time.perf_counter() - begin
    return len(requests) / core, len(requests) / seconds
