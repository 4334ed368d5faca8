"""What each party keeps about who takes part, and when: looked for in every byte that it stores.

Four weeks of 128 people (`weeks`). Their numbers on the roster stand for nothing else, and their
moments are of no other event, so whatever of them is found anywhere is a trace.
"""

import re
import sqlite3
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from privacy.agreement.model import Party
from privacy.ledger.entries import BatchKeyPublished, decode
from privacy.membership import EXPONENT
from tests.adversarial.department import WINDOWS, ZONE, people
from tests.adversarial.pages import Cell, cells
from tests.adversarial.weeks import FIRST_NUMBER, Files, Weeks, weeks

pytestmark = [
    pytest.mark.threat("council-sees-who"),
    pytest.mark.timeout(900),  # four weeks of 128 devices
]

DATABASE = "aggregator.db"
_TEXT = re.compile(rb"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


@pytest.fixture(scope="module")
def seen() -> Weeks:
    """The four weeks."""
    return weeks()


def copies(seen: Weeks, party: Party) -> list[Files]:
    """What a party has an hour before the batches of each week close, and at the end."""
    return [*(both[party] for both in seen.copies.values()), seen.last[party]]


def rows(files: Files, tree: str = "") -> list[Cell]:
    """Of a table or index, or of all."""
    return [each for each in cells(files[DATABASE]) if tree in ("", each.tree)]


def holding(files: Files, pieces: Iterable[bytes]) -> list[str]:
    """Names of the files in which any of these bytes stand."""
    wanted = list(pieces)
    assert wanted
    return [name for name, content in files.items() if any(piece in content for piece in wanted)]


@pytest.mark.parametrize("party", list(Party))
def test_the_pages_have_every_row_that_sql_shows(seen: Weeks, party: Party, tmp_path: Path) -> None:
    """What the other tests look at is all there is."""
    (tmp_path / DATABASE).write_bytes(seen.last[party][DATABASE])
    found = Counter(each.tree for each in rows(seen.last[party]))
    with closing(sqlite3.connect(tmp_path / DATABASE)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            ((count,),) = database.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
            assert found[table] == count
    assert found["report"] == len(seen.sent)


def standing_in(content: bytes, pieces: set[bytes]) -> set[bytes]:
    """Those of very many pieces that stand somewhere in a file."""
    found = set()
    for size in {len(piece) for piece in pieces}:
        found |= pieces & {content[n : n + size] for n in range(len(content) - size + 1)}
    return found


# --- when -----------------------------------------------------------------------------------------


def moments(seen: Weeks) -> list[datetime]:
    """Of all token calls and uploads."""
    return sorted({moment for each in seen.sent for moment in (each.asked_at, each.sent_at)})


def spellings(moment: datetime) -> Iterator[bytes]:
    """A moment to the second or finer, as it could be written; all of five bytes or more."""
    for zone in (UTC, ZONE):
        local = moment.astimezone(zone)
        for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y%m%dT%H%M%S"):
            yield local.strftime(form).encode()
    seconds = int(moment.timestamp())
    micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    yield str(seconds).encode()
    for number, size in ((seconds, 8), (micros // 1000, 6), (micros // 1000, 8), (micros, 8)):
        yield number.to_bytes(size, "big")
        yield number.to_bytes(size, "little")
    for order in "><":
        yield struct.pack(f"{order}d", moment.timestamp())


def as_numbers(cell: Cell) -> Iterator[tuple[str, float]]:
    """Every number in a row that could be a moment of the four weeks, in any unit."""
    first, last = (
        moment.timestamp() for moment in (WINDOWS[0].end(ZONE), WINDOWS[-1].plus(2).end(ZONE))
    )
    for column, value in cell.values.items():
        if isinstance(value, int | float):
            for unit in (1, 10**3, 10**6, 10**9):
                if first <= value / unit <= last:
                    yield f"{cell.tree}.{column}", value
            if first <= (value - 2440587.5) * 86400 <= last:  # a Julian day
                yield f"{cell.tree}.{column}", value


@pytest.mark.parametrize("party", list(Party))
def test_no_moment_of_a_token_or_an_upload_is_kept(seen: Weeks, party: Party) -> None:
    """But for times in the ledger and of releases, which are those of the servers' own steps."""
    wanted = {piece for moment in moments(seen) for piece in spellings(moment)}
    assert len(wanted) > 20_000
    for files in copies(seen, party):
        assert [found for content in files.values() for found in standing_in(content, wanted)] == []
        assert [found for cell in rows(files) for found in as_numbers(cell)] == []


@pytest.mark.parametrize("party", list(Party))
def test_times_stand_only_in_the_ledger_and_with_releases(seen: Weeks, party: Party) -> None:
    for files in copies(seen, party):
        trees = {
            cell.tree
            for cell in rows(files)
            for value in cell.values.values()
            if isinstance(value, str | bytes)
            and _TEXT.search(value.encode() if isinstance(value, str) else value)
        }
        assert trees <= {"ledger", "release"}


def test_a_moment_that_was_kept_would_be_found(seen: Weeks) -> None:
    moment = moments(seen)[7]
    for kept in (
        b"... 'at': '" + moment.isoformat().encode(),
        int(moment.timestamp() * 1000).to_bytes(8, "little"),
        struct.pack(">d", moment.timestamp()),
    ):
        assert standing_in(b"..." + kept, set(spellings(moment))) != set()
    for value in (int(moment.timestamp()), moment.timestamp() * 1000, 2461087.25):
        assert [*as_numbers(Cell("token", 1, 1, 0, {"at": value}))] == [("token.at", value)]


# --- who ------------------------------------------------------------------------------------------


def test_the_council_keeps_who_took_a_token_without_time_or_order(seen: Weeks) -> None:
    """One row for each, by number; gone when the batch is decided."""
    for window, both in seen.copies.items():
        tokens = rows(both[Party.COUNCIL], "token")
        assert {(each.values["member"], each.values["batch"]) for each in tokens} == {
            (FIRST_NUMBER + each.person.number, each.batch.context)
            for each in seen.sent
            if each.batch.window == window
        }
        assert [*tokens[0].values] == [
            "task_digest", "window", "member", "batch", "request_hash", "answer"
        ]  # fmt: skip
        keys = [(e.values["task_digest"], e.values["member"]) for e in tokens]
        assert keys == sorted(keys)
    answers = [
        bytes(each.values["answer"])[:64]
        for both in seen.copies.values()
        for each in rows(both[Party.COUNCIL], "token")
        if isinstance(each.values["answer"], bytes)
    ]
    assert len(answers) == len(seen.sent)
    assert rows(seen.last[Party.COUNCIL], "token") == []
    assert holding(seen.last[Party.COUNCIL], answers) == []


def test_the_employer_keeps_nothing_about_who_takes_part(seen: Weeks) -> None:
    """Neither the roster, nor a device key, nor what the council signed and for whom."""
    names = [f"name of {each.number}".encode() for each in people()]
    codes = [code.rsplit("-", 1)[-1].encode() for code in seen.codes.values()]
    requests = [piece for pair in blinded(seen) for piece in pair]
    assert len(requests) == 2 * len(seen.sent)
    traces = [*names, *codes, *seen.device_keys.values(), *requests]
    for files in copies(seen, Party.EMPLOYER):
        assert holding(files, [piece[:32] for piece in traces]) == []
        assert not {"member", "membership", "token", "batch_key"} & {
            each.tree for each in rows(files)
        }
    for device_key in seen.device_keys.values():
        assert DATABASE in holding(seen.last[Party.COUNCIL], [device_key])


def blinded(seen: Weeks) -> Iterator[tuple[bytes, bytes]]:
    """What each device asked the council to sign, and the answer, from the council's copies."""
    moduli = {}
    for each in rows(seen.last[Party.COUNCIL], "ledger"):
        data = each.values["data"]
        assert isinstance(data, bytes)
        entry = decode(data)
        if isinstance(entry.body, BatchKeyPublished):
            moduli[entry.body.batch.context] = int.from_bytes(entry.body.modulus, "big")
    for both in seen.copies.values():
        for each in rows(both[Party.COUNCIL], "token"):
            answer, batch = each.values["answer"], each.values["batch"]
            assert isinstance(answer, bytes)
            assert isinstance(batch, bytes)
            request = pow(int.from_bytes(answer, "big"), EXPONENT, moduli[batch])
            yield request.to_bytes(256, "big"), answer


def test_the_council_keeps_no_token_of_a_report(seen: Weeks) -> None:
    """It checks every one, which it must not be able to compare later with what it signed."""
    pieces = [
        each[name][:16] for each in seen.pending.values() for name in ("randomizer", "signature")
    ]
    assert len(pieces) == 2 * len(seen.sent)
    for files in copies(seen, Party.COUNCIL):
        assert holding(files, pieces) == []
    one = seen.pending[seen.sent[0].report_id]
    assert holding({"file": b"..." + one["signature"]}, pieces) == ["file"]


@pytest.mark.parametrize("party", list(Party))
def test_shares_and_tokens_are_gone_once_a_report_is_counted(seen: Weeks, party: Party) -> None:
    parts = ("leader_share", "helper_share", "signature")
    pieces = [each[name][:64] for each in seen.pending.values() for name in parts]
    for files in copies(seen, party):
        assert holding(files, pieces) == []


# --- what is logged -------------------------------------------------------------------------------


def traces_in(line: str, seen: Weeks) -> list[str]:
    """Numbers of members, keys, codes, names, ids and callers that stand in a line."""
    spelled: list[Callable[[bytes], str]] = [bytes.hex, lambda each: repr(each)[2:-1]]
    secrets = [*seen.device_keys.values(), *(each.report_id for each in seen.sent)]
    words = [form(each[:12]) for each in secrets for form in spelled]
    words += [code.rsplit("-", 1)[-1] for code in seen.codes.values()]
    words += [str(FIRST_NUMBER + each.number) for each in people()]
    words += ["name of ", "ipv4:", "ipv6:", "peer"]
    return [word for word in words if word in line]


def test_the_logs_of_both_name_nobody_and_no_address_of_a_caller(seen: Weeks) -> None:
    """At INFO. A server's own address is there once, where it says that it listens."""
    assert any("leader listens on" in line for line in seen.log)
    assert [line for line in seen.log if traces_in(line, seen)] == []
    assert [line for line in seen.log if "127.0.0." in line and "listens on" not in line] == []
    assert len(seen.log) < len(people())  # nothing is said for each of them


def test_a_name_in_a_log_would_be_noticed(seen: Weeks) -> None:
    assert traces_in(f"INFO a token for {FIRST_NUMBER + 5}", seen)
    assert traces_in(f"INFO device {seen.device_keys[3].hex()}", seen)
    assert traces_in(f"INFO report {seen.sent[3].report_id.hex()} came", seen)
