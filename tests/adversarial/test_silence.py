"""No log line carries a value, a share, a key or a report id, whatever happens."""

import base64
import dataclasses
import logging
import re
import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from aggregator.model import BatchState
from aggregator.store.sql import Store
from privacy import sealing
from privacy.agreement.model import Party, Role
from privacy.report import Report, open_input_share
from protos.errors import RemoteFault
from protos.faults import describe
from tests.adversarial.liars import LIES
from tests.adversarial.processes import Processes
from tests.adversarial.test_clients import refused
from tests.adversarial.test_kill import send_until_acknowledged
from tests.pair import WINDOW, Pair

pytestmark = pytest.mark.threat("logs-tell")

ONLY_HERE = range(1701, 1899)
"""Numbers that stand for nothing else in a log: no year, no port, no millisecond."""

_NUMBER = re.compile(r"(?<!\d)(?<!\.py:)\d+")


def spellings(secret: bytes) -> Iterable[str]:
    """How bytes could end up in a text; a piece of 12 bytes is enough to give them away."""
    piece = secret[:12]
    yield from (
        piece.hex(),
        piece.hex().upper(),
        repr(piece)[2:-1],
        base64.b64encode(piece).decode(),
    )
    yield str(int.from_bytes(secret[:16], "little"))
    yield str(list(piece))[1:-1]


def secrets_of(pair: Pair, reports: list[Report]) -> list[bytes]:
    """Everything that must stay where it is: sealed and opened shares, keys, ids."""
    found = [
        part for r in reports for part in (r.id, r.public_share, r.leader_share, r.helper_share)
    ]
    for role, party in ((Role.LEADER, Party.EMPLOYER), (Role.HELPER, Party.COUNCIL)):
        home = pair.homes[party]
        found += [home.signing_key().private_bytes_raw(), home.server_key().private_bytes_raw()]
        found += [path.read_bytes()[40:] for path in (home.path / "keys").glob("*.key.pem")]
        with closing(Store(home.database)) as store, store.read() as tx:
            keys = {
                window: tx.window_keys.get(window) or b"" for window in tx.window_keys.windows()
            }
        assert keys
        found += keys.values()
        for report in reports:
            sealed = report.leader_share if role is Role.LEADER else report.helper_share
            share = open_input_share(
                pair.collection(report.batch),
                sealing.private_key(keys[report.batch.window]),
                role,
                report.batch,
                report.id,
                report.public_share,
                sealed,
            )
            found.append(pair.collection(report.batch).vdaf.encode_input_share(share))
    return found


def leaks(text: str, secrets: Iterable[bytes]) -> list[str]:
    """Spellings of secrets, and numbers of measurements, that stand in a text."""
    numbers = {number for number in _NUMBER.findall(text) if int(number) in ONLY_HERE}
    return [s for secret in secrets for s in spellings(secret) if s in text] + sorted(numbers)


def test_a_whole_batch_leaves_no_value_in_the_logs(tmp_path: Path) -> None:
    pair = Pair.make(
        tmp_path, lambda a: dataclasses.replace(a, first_window=WINDOW, last_window=WINDOW)
    )
    batch = pair.batch()
    reports = [pair.report(batch, [ONLY_HERE[n]]) for n in range(11)]
    secret = secrets_of(pair, reports)  # now: the window's keys are erased when it is decided
    servers = Processes(pair, tmp_path, log_level="DEBUG")
    with ExitStack() as stack:
        stack.callback(servers.stop)
        servers.start()
        send_until_acknowledged(pair, reports)
        bad = [lie.told(pair, batch) for lie in LIES if lie.leader is not None]
        for told in bad:
            assert refused(pair, told) is not None
        servers.clock.turn(pair.signed.agreement.upload_closes(WINDOW))
        servers.wait_until(
            lambda: all(servers.kept(party, batch).state is BatchState.OPENED for party in Party)
        )
        sums = [servers.kept(party, batch) for party in Party]
    shares = [
        share
        for kept in sums
        if kept.record is not None
        for share in (kept.record.own_share, kept.record.noised_share, kept.record.salt)
        if share is not None
    ]
    assert len(shares) >= 4
    for party in Party:
        text = servers.log_file(party).read_text()
        assert "listens on" in text
        assert leaks(text, [*secret, *shares]) == []


def test_an_error_inside_the_database_leaves_no_value_in_the_logs(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    batch = pair.batch()
    report = pair.report(batch, [ONLY_HERE[0]])
    with sqlite3.connect(pair.homes[Party.EMPLOYER].database) as database:
        database.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON report BEGIN "
            "SELECT RAISE(ABORT, 'the text of the error quotes 1701'); END"
        )
    database.close()
    with caplog.at_level(logging.DEBUG):
        with pytest.raises(RemoteFault, match=r"INTERNAL: the server failed; it goes on$"):
            pair.upload(report)
    text = "\n".join(map(logging.Formatter("%(message)s").format, caplog.records))
    assert "a call to UploadRequest failed: IntegrityError" in text
    assert "in commit" in text
    assert leaks(text, secrets_of(pair, [report])) == []
    assert pair.rejections(Party.EMPLOYER, batch) == {}
    with sqlite3.connect(pair.homes[Party.EMPLOYER].database) as database:
        database.execute("DROP TRIGGER broken")
    database.close()
    pair.upload(report)


def test_a_fault_is_told_by_its_places_and_not_by_its_text() -> None:
    def inner() -> None:
        raise ValueError("number 1701")

    def outer() -> None:
        try:
            inner()
        except ValueError as error:
            raise RuntimeError("because of 1701") from error

    with pytest.raises(RuntimeError) as caught:
        outer()
    told = describe(caught.value)
    assert "1701" not in told
    assert re.search(r"^RuntimeError\n(.*\n)*.*test_silence.py:\d+ in outer", told)
    assert re.search(r"because of ValueError\n(.*\n)*.*test_silence.py:\d+ in inner", told)


def test_a_leak_would_be_noticed() -> None:
    secret = bytes(range(100, 140))
    for spelled in spellings(secret):
        assert leaks(f"2026-02-03 INFO share {spelled}...", [secret])
    assert leaks("a number 1701 here", []) == ["1701"]
    assert leaks("2026-11-24 08:04:05,170 port 41701 line 17", []) == []
