"""What the council's store promises about tokens and their keys: once, erased, and in no order."""

import secrets
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from aggregator.member import Membership
from aggregator.store.sql import Store
from privacy.errors import TokenSpent
from privacy.groups import GroupId
from privacy.metrics import TaskId
from tests.contracts.test_store import BATCH, OTHER, admit, on_disk, report

WINDOW = BATCH.window
NEXT = replace(BATCH, window=WINDOW.plus(1))
DER_SIZE = 1218
"""Of a key of 2048 bits, about."""


# --- tokens ---------------------------------------------------------------------------------------


def test_the_same_request_again_finds_the_same_answer(store: Store) -> None:
    with store.write() as tx:
        assert tx.tokens.answer_to(1, BATCH, b"request") is None
        tx.tokens.put(1, BATCH, b"request", b"answer")
    with store.read() as tx:
        assert tx.tokens.answer_to(1, BATCH, b"request") == b"answer"
        assert tx.tokens.answer_to(2, BATCH, b"request") is None


def test_a_member_has_one_token_for_a_task_and_window_whatever_the_group(store: Store) -> None:
    with store.write() as tx:
        tx.tokens.put(1, BATCH, b"request", b"answer")
    with store.read() as tx:
        for batch, request in ((BATCH, b"another"), (OTHER, b"request"), (OTHER, b"another")):
            with pytest.raises(TokenSpent, match="headline in 2026-W05 was given to this member"):
                tx.tokens.answer_to(1, batch, request)
        assert tx.tokens.answer_to(1, NEXT, b"request") is None
        assert tx.tokens.answer_to(1, replace(BATCH, task=TaskId("breadth")), b"request") is None
        of_another_version = type(BATCH.agreement)(b"v" * 32)
        assert tx.tokens.answer_to(1, replace(BATCH, agreement=of_another_version), b"r") is None
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.tokens.put(1, OTHER, b"another", b"second")


def test_tokens_are_counted_by_batch(store: Store) -> None:
    with store.write() as tx:
        for member in range(1, 6):
            tx.tokens.put(member, BATCH, b"request", b"answer")
        tx.tokens.put(6, OTHER, b"request", b"answer")
        tx.tokens.put(1, NEXT, b"request", b"answer")
    with store.read() as tx:
        numbers = [tx.tokens.number(batch) for batch in (BATCH, OTHER, NEXT)]
        assert numbers == [5, 1, 1]
        assert tx.tokens.number(replace(BATCH, group=GroupId("south"))) == 0


def test_who_had_a_token_is_forgotten_but_for_the_batches_to_keep(
    store: Store, tmp_path: Path
) -> None:
    answers = {batch: secrets.token_bytes(256) for batch in (BATCH, OTHER, NEXT)}
    with store.write() as tx:
        for member, (batch, answer) in enumerate(answers.items(), 1):
            tx.tokens.put(member, batch, b"request", answer)
    assert all(answer[:64] in on_disk(tmp_path) for answer in answers.values())
    with store.write() as tx:
        tx.tokens.erase(WINDOW, {OTHER})
    store.scrub()
    left = on_disk(tmp_path)
    assert [batch for batch, answer in answers.items() if answer[:64] in left] == [OTHER, NEXT]
    with store.write() as tx:
        assert [tx.tokens.number(batch) for batch in answers] == [0, 1, 1]
        tx.tokens.erase(WINDOW, set())
        tx.tokens.erase(WINDOW, set())
        assert [tx.tokens.number(batch) for batch in answers] == [0, 0, 1]


# --- batch keys -----------------------------------------------------------------------------------


def test_a_batch_has_one_key_until_it_is_erased(store: Store) -> None:
    with store.write() as tx:
        assert tx.batch_keys.get(BATCH) is None
        tx.batch_keys.put(NEXT, b"next")
        tx.batch_keys.put(BATCH, b"never witnessed")
        tx.batch_keys.put(BATCH, b"key")
        tx.batch_keys.put(OTHER, b"other")
    with store.write() as tx:
        assert [tx.batch_keys.get(each) for each in (BATCH, OTHER)] == [b"key", b"other"]
        assert tx.batch_keys.windows() == [WINDOW, NEXT.window]
        tx.batch_keys.erase(WINDOW, {OTHER})
        assert [tx.batch_keys.get(each) for each in (BATCH, OTHER)] == [None, b"other"]
        assert tx.batch_keys.windows() == [WINDOW, NEXT.window]
        tx.batch_keys.erase(WINDOW, set())
        tx.batch_keys.erase(WINDOW, set())
    with store.read() as tx:
        assert tx.batch_keys.windows() == [NEXT.window]
        assert tx.batch_keys.get(NEXT) == b"next"


def test_an_erased_batch_key_is_gone_from_the_disk(store: Store, tmp_path: Path) -> None:
    groups = [GroupId(f"group-{number}") for number in range(20)]
    keys = {replace(BATCH, group=group): secrets.token_bytes(DER_SIZE) for group in groups}
    for batch, private in keys.items():
        with store.write() as tx:
            tx.batch_keys.put(batch, private)
    assert all(private[:64] in on_disk(tmp_path) for private in keys.values())
    kept = replace(BATCH, group=groups[7])
    with store.write() as tx:
        tx.batch_keys.erase(WINDOW, {kept})
    store.scrub()
    left = on_disk(tmp_path)
    assert [batch for batch, private in keys.items() if private[:16] in left] == [kept]


# --- nothing keeps an order -----------------------------------------------------------------------


@pytest.mark.parametrize("table", ["token", "report", "job", "membership"])
def test_no_hidden_row_number_keeps_the_order_of_arrival(
    store: Store, tmp_path: Path, table: str
) -> None:
    batch, _ = admit(store, report())
    with store.write() as tx:
        tx.tokens.put(1, BATCH, b"request", b"answer")
        tx.jobs.answer(batch, bytes(16), b"request", b"answer")
        tx.roster.add(("", Membership(BATCH.group, WINDOW), bytes(32)))
    with closing(sqlite3.connect(tmp_path / "aggregator.db")) as database:
        assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)  # noqa: S608
        for hidden in ("rowid", "oid", "_rowid_"):
            with pytest.raises(sqlite3.OperationalError, match=f"no such column: {hidden}"):
                database.execute(f"SELECT {hidden} FROM {table}").fetchall()  # noqa: S608


def test_tokens_come_in_the_order_of_their_members_not_in_that_of_asking(
    store: Store, tmp_path: Path
) -> None:
    asking = [5, 1, 9, 3, 7]
    for member in asking:
        with store.write() as tx:
            tx.tokens.put(member, BATCH, b"request", b"answer")
    with closing(sqlite3.connect(tmp_path / "aggregator.db")) as database:
        rows = database.execute("SELECT member FROM token").fetchall()
        columns = {name for _, name, *_ in database.execute("PRAGMA table_info(token)")}
    assert [member for (member,) in rows] == sorted(asking)
    assert columns == {"task_digest", "window", "member", "batch", "request_hash", "answer"}
