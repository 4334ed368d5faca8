"""The one canonical form of an entry: it reads as what was written, and nothing else reads."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from privacy.agreement.model import AgreementDigest, TaskDigest
from privacy.batch import BatchId
from privacy.errors import BadEntry, InvalidValue
from privacy.groups import GroupId
from privacy.ledger.entries import (
    BEFORE_THE_FIRST,
    CODECS,
    KINDS,
    MAX_BYTES,
    AgreementActivated,
    AgreementRetired,
    BatchKeyPublished,
    BatchNotAsked,
    BatchReleased,
    BatchStopped,
    BatchWithheld,
    Body,
    BudgetAlarm,
    Entry,
    ResultOpened,
    StopReason,
    VerifyKeysCommitted,
    WindowKeysPublished,
    decode,
)
from privacy.merkle import LeafHash, leaf_hash
from privacy.metrics import TaskId
from privacy.release import Withheld
from privacy.window import Window
from tests.ledgers import whole

HASH = bytes(range(32))
NOON = datetime(2026, 2, 16, 12, tzinfo=UTC)
BATCH = BatchId(AgreementDigest(HASH), TaskId("headline"), GroupId("north"), Window(2026, 5))
RELEASED = BatchReleased(BATCH, 10, Fraction(1, 26), Fraction(25, 26), HASH, HASH, HASH)
RELEASE = Entry(17, NOON, LeafHash(HASH), RELEASED)


def placed(body: Body) -> Entry:
    return Entry(17, NOON, LeafHash(HASH), body)


def test_every_kind_reads_as_it_was_written() -> None:
    entries = whole().entries
    assert {entry.body.kind for entry in entries} == set(KINDS)
    for entry in entries:
        assert decode(entry.data) == entry
        assert decode(entry.data).data == entry.data


def test_every_field_of_every_kind_is_written() -> None:
    for kind, codec in CODECS.items():
        assert codec.keys == {field.name for field in fields(kind)}
        assert KINDS[kind.kind] is kind


def test_the_form_in_full() -> None:
    assert RELEASE.data.decode() == (
        '{"at":"2026-02-16T12:00:00Z","body":{"batch":{"agreement":"HASH","group":"north",'
        '"task":"headline","window":"2026-W05"},"commitment":"HASH","count":10,"id_root":"HASH",'
        '"noised_share_hash":"HASH","rho":"1/26","rho_left":"25/26"},"index":17,"kind":"release",'
        '"previous":"HASH"}'.replace("HASH", HASH.hex())
    )
    assert RELEASE.leaf == leaf_hash(RELEASE.data)


COSTS = st.builds(Fraction, st.integers(1, 10**80 - 1), st.integers(1, 10**80 - 1))
SUMS = st.fractions(-(10**79), 10**79, max_denominator=10**200)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(9998, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
WINDOWS = st.dates(datetime(1971, 1, 1, tzinfo=UTC).date()).filter(lambda day: day.year < 9998)
NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)


def test_the_smallest_and_the_largest_key_read_as_they_were_written() -> None:
    for modulus in (b"\x80" + bytes(254) + b"\x01", b"\xff" * 256):
        entry = placed(BatchKeyPublished(BATCH, modulus))
        assert decode(entry.data) == entry


@given(TIMES, WINDOWS.map(Window.of), NAMES, COSTS, SUMS, st.integers(0, 2**53 - 1))
def test_any_values_read_as_they_were_written(
    at: datetime, window: Window, name: str, rho: Fraction, left: Fraction, count: int
) -> None:
    batch = replace(BATCH, window=window, task=TaskId(name), group=GroupId(name))
    for body in (
        BatchReleased(batch, count, rho, left, HASH, HASH, HASH),
        BudgetAlarm(batch, rho, left, left),
        BatchWithheld(batch, count, Withheld.BATCH_TOO_SMALL),
        BatchStopped(batch, count, StopReason.SUM_LOST),
    ):
        entry = Entry(count, at, LeafHash(HASH), body)
        assert decode(entry.data) == entry


def test_one_moment_is_written_one_way() -> None:
    there = replace(RELEASE, at=NOON.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert there.data == RELEASE.data


def text_edit(old: str, new: str) -> Callable[[bytes], bytes]:
    def edit(data: bytes) -> bytes:
        assert old.encode() in data
        return data.replace(old.encode(), new.encode())

    return edit


SAME_VALUES: dict[str, Callable[[bytes], bytes]] = {
    "a newline at the end": lambda data: data + b"\n",
    "a byte-order mark": lambda data: b"\xef\xbb\xbf" + data,
    "spaces": lambda data: json.dumps(json.loads(data)).encode(),
    "another order": lambda data: (
        data.replace(b'{"at":"2026-02-16T12:00:00Z",', b"{")[:-1] + b',"at":"2026-02-16T12:00:00Z"}'
    ),
    "an escape": text_edit("north", "nort\\u0068"),
    "a key twice": text_edit('"count":10', '"count":10,"count":10'),
    "a whole number with a point": text_edit('"count":10', '"count":10.0'),
    "a power of ten": text_edit('"count":10', '"count":1e1'),
    "a number as a text": text_edit('"count":10', '"count":"10"'),
    "a fraction that can be reduced": text_edit('"1/26"', '"2/52"'),
    "a fraction with a zero in front": text_edit('"1/26"', '"01/26"'),
    "a fraction with a zero below": text_edit('"1/26"', '"1/026"'),
    "hex in capitals": text_edit(HASH.hex(), HASH.hex().upper()),
    "a time with an offset": text_edit("12:00:00Z", "12:00:00+00:00"),
    "a time with a fraction": text_edit("12:00:00Z", "12:00:00.0Z"),
    "a time without a zero": text_edit("2026-02-16T", "2026-2-16T"),
    "other digits": text_edit("2026-02-16T", "2026-02-1\uff16T"),
}


@pytest.mark.parametrize("edit", SAME_VALUES.values(), ids=SAME_VALUES)
def test_the_same_values_in_other_bytes_are_refused(edit: Callable[[bytes], bytes]) -> None:
    edited = edit(RELEASE.data)
    assert edited != RELEASE.data
    with pytest.raises(BadEntry):
        decode(edited)


def test_base64_has_one_form() -> None:
    keys = next(entry for entry in whole().entries if isinstance(entry.body, WindowKeysPublished))
    document = json.loads(keys.data)
    key: str = document["body"]["council"]
    for spelt in (key + "=", key[:40] + " " + key[40:], key.rstrip("=")):
        document["body"]["council"] = spelt
        if spelt != key:
            with pytest.raises(BadEntry):
                decode(rfc8785.dumps(document))


def changed(**changes: Any) -> bytes:
    """The release with other values in its body, or at the top for `kind` and the like."""
    document = json.loads(RELEASE.data)
    for name, value in changes.items():
        document[name if name in document else "body"] = (
            value if name in document else document["body"] | {name: value}
        )
    return rfc8785.dumps(document)


def named(**names: str) -> dict[str, str]:
    """The table of the batch, with other names."""
    table: dict[str, str] = json.loads(RELEASE.data)["body"]["batch"]
    return table | names


def stopped(reason: str) -> bytes:
    data = placed(BatchStopped(BATCH, 10, StopReason.OTHER_COUNT)).data
    return data.replace(StopReason.OTHER_COUNT.encode(), reason.encode())


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "it is not JSON in UTF-8"),
        (b"\xff", "it is not JSON in UTF-8"),
        (b"[" * 100_000, "it is not JSON in UTF-8"),
        (b"[]", "an entry has at, body, index, kind and previous"),
        (b"null", "an entry has at, body, index, kind and previous"),
        (rfc8785.dumps({"at": "x"}), "an entry has at, body, index, kind and previous"),
        (changed(kind="praise"), "there is no such kind of entry"),
        (changed(kind=[]), "there is no such kind of entry"),
        (changed(kind="result"), "body.commitment: this key is not known"),
        (changed(more=1), "body.more: this key is not known"),
        (changed(count=True), "body.count: this must be a whole number"),
        (changed(count=None), "body.count: this must be a whole number"),
        (changed(rho=1), "body.rho: this must be a text"),
        (changed(rho="0.5"), "body.rho: this must be an exact number"),
        (changed(rho="1/0"), "body.rho: this must be an exact number"),
        (changed(rho="9" * 2001), "body.rho: this must be an exact number"),
        (changed(id_root=HASH.hex()[2:]), "body.id_root: this must be 32 bytes in hex"),
        (changed(rho="0"), "body: a window costs more than ρ = 0"),
        (changed(rho_left="1" + "0" * 80), "body: a budget, and what is left of it"),
        (changed(batch=[]), "body.batch: this must be a table"),
        (
            changed(batch=named(task="x\ny")),
            "body.batch.task: an id has 1 to 64 characters, on one",
        ),
        (changed(batch=named(group="\x1b[2J")), "body.batch.group: this text contains a character"),
        (changed(batch=named(group="")), "body.batch.group: an id has 1 to 64 characters"),
        (changed(batch=named(group="x" * 65)), "body.batch.group: an id has 1 to 64 characters"),
        (
            stopped("People agree."),
            "body.reason: 'People agree.' is not known: write \"other count",
        ),
        (changed(index=-1), "there is no place -1 in a ledger"),
        (changed(index="17"), "index: this must be a whole number"),
        (changed(previous="00"), "previous: this must be 32 bytes in hex"),
        (changed(at="2026-02-30T00:00:00Z"), "at: this must be a time like"),
        (changed(at="1969-12-31T23:59:59Z"), "from 1970 on"),
        (changed(at="9999-01-01T00:00:00Z"), "from 1970 on"),
    ],
)
def test_what_is_no_entry_is_refused_with_the_reason(data: bytes, sentence: str) -> None:
    with pytest.raises(BadEntry, match=sentence) as caught:
        decode(data)
    assert str(caught.value).startswith("it is not an entry: ")


def test_every_changed_byte_is_another_entry_or_none() -> None:
    data = RELEASE.data
    refused = 0
    for place in range(len(data)):
        for flip in (0x01, 0x02, 0x20, 0x80):
            spoilt = data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :]
            try:
                assert decode(spoilt).data == spoilt
                assert decode(spoilt) != RELEASE
            except BadEntry:
                refused += 1
    assert refused > len(data)


def test_an_entry_has_a_largest_size() -> None:
    def sized(size: int) -> bytes:
        bare = len(placed(AgreementActivated(AgreementDigest(HASH), 1, "")).data)
        return placed(AgreementActivated(AgreementDigest(HASH), 1, "x" * (size - bare))).data

    assert len(sized(MAX_BYTES)) == MAX_BYTES
    decode(sized(MAX_BYTES))
    with pytest.raises(BadEntry, match=f"it has {MAX_BYTES + 1} bytes, and no entry has more"):
        decode(sized(MAX_BYTES + 1))


ALARM = BudgetAlarm(BATCH, Fraction(1, 26), Fraction(27, 26), Fraction(1))
NO_KEYS = (b"", b"\x80" + bytes(255), b"\x7f" + b"\xff" * 255, b"\xff" * 255, b"\xff" * 257)
NO_COSTS = (Fraction(0), Fraction(-1, 26), Fraction(10**80), Fraction(1, 10**80))
NO_SUMS = (Fraction(-(10**80)), Fraction(10**80))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: AgreementActivated(AgreementDigest(HASH[1:]), 1, ""), "a hash has 32 bytes"),
        (lambda: AgreementRetired(AgreementDigest(b""), Window(2026, 5)), "a hash has 32 bytes"),
        (lambda: VerifyKeysCommitted(TaskDigest(HASH[1:]), HASH, HASH), "a hash has 32 bytes"),
        (lambda: VerifyKeysCommitted(TaskDigest(HASH), HASH[1:], HASH), "a hash has 32 bytes"),
        (lambda: VerifyKeysCommitted(TaskDigest(HASH), HASH, HASH[1:]), "a hash has 32 bytes"),
        (lambda: replace(RELEASED, id_root=b""), "a hash has 32 bytes"),
        (lambda: replace(RELEASED, commitment=b""), "a hash has 32 bytes"),
        (lambda: replace(RELEASED, noised_share_hash=b""), "a hash has 32 bytes"),
        (lambda: ResultOpened(BATCH, HASH[1:]), "a hash has 32 bytes"),
        (lambda: WindowKeysPublished(Window(2026, 5), bytes(1216), bytes(1215)), "1216 bytes"),
        (lambda: WindowKeysPublished(Window(2026, 5), bytes(1215), bytes(1215)), "1216 bytes"),
        (lambda: WindowKeysPublished(Window(2026, 5), bytes(1216), bytes(1216)), "the same window"),
        *((lambda key=key: BatchKeyPublished(BATCH, key), "an odd number of") for key in NO_KEYS),
        (lambda: BatchWithheld(BATCH, 9, Withheld.NOT_ASKED), "does not withhold because"),
        *((lambda cost=cost: replace(RELEASED, rho=cost), "costs more than") for cost in NO_COSTS),
        *((lambda cost=cost: replace(ALARM, rho=cost), "costs more than") for cost in NO_COSTS),
        *((lambda sum_=sum_: replace(RELEASED, rho_left=sum_), "budget") for sum_ in NO_SUMS),
        *((lambda sum_=sum_: replace(ALARM, would_spend=sum_), "budget") for sum_ in NO_SUMS),
        *((lambda sum_=sum_: replace(ALARM, cap=sum_), "budget") for sum_ in NO_SUMS),
        (lambda: replace(RELEASE, index=-1), "there is no place -1"),
        (lambda: replace(RELEASE, previous=LeafHash(b"")), "there is no place 17"),
        (lambda: replace(RELEASE, at=NOON.replace(tzinfo=None)), "whole seconds, with its zone"),
        (lambda: replace(RELEASE, at=NOON.replace(microsecond=1)), "whole seconds"),
    ],
)
def test_a_value_that_no_entry_can_have_cannot_be_built(
    make: Callable[[], object], sentence: str
) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        make()


def test_the_first_entry_has_nothing_before_it() -> None:
    assert bytes(32) == BEFORE_THE_FIRST
    first = Entry(0, NOON, BEFORE_THE_FIRST, BatchNotAsked(BATCH, 0))
    assert decode(first.data) == first
