"""The export: one file, one form."""

import json

import pytest
import rfc8785

from privacy.errors import BadEntry, InvalidValue
from privacy.ledger.entries import ResultOpened
from privacy.ledger.export import Export, Opened, decode, encode
from tests.unit.audit.exports import export_of, file, whole


def test_an_export_is_read_as_it_was_written() -> None:
    export = export_of(whole())
    assert decode(encode(export)) == export


def test_every_line_is_canonical_json_and_the_last_ends_in_a_newline() -> None:
    *lines, last = file().split(b"\n")
    assert last == b""
    assert [rfc8785.dumps(json.loads(line)) for line in lines] == lines
    keys = [next(iter(json.loads(line))) for line in lines]
    assert keys == ["at"] * len(whole().entries) + ["opening"] * 11 + ["checkpoint"]


def test_totals_beyond_what_a_float_holds_stay_exact() -> None:
    opened = Opened(7, bytes(32), (2**127, -(2**64) - 1, 0))
    export = Export(export_of(whole()).entries, (opened,), whole().note)
    assert decode(encode(export)).openings == (opened,)
    assert str(2**127).encode() in encode(export)


def opening(index: int) -> bytes:
    return f'{{"opening":{{"index":{index},'.encode()


FIRST, SECOND = (entry.index for entry in whole().of(ResultOpened)[:2])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"kind":"result"', b'"kind": "result"', "canonical"),
        (b'{"opening":', b'{ "opening":', f"line {len(whole().entries) + 1} is not an opening"),
        (b'"totals":["', b'"totals":["+', "whole number"),
        (b'"totals":["', b'"totals":["0', "whole number"),
        (b'"salt":"', b'"salt":"0', "32 bytes in hex"),
        (b'{"checkpoint":"', b'{"checkpoint": "', "the checkpoint"),
        (b'{"checkpoint":"', b'{"checkpoint":"x","checkpoint":"', "the checkpoint"),
        (b'{"checkpoint":', b'{"note":', "the checkpoint"),
        (opening(SECOND), opening(FIRST), "there twice"),
        (opening(SECOND), opening(FIRST - 1), "out of its place"),
    ],
)
def test_any_other_way_to_write_it_is_refused(old: bytes, new: bytes, words: str) -> None:
    assert old in file()
    with pytest.raises(BadEntry, match=words):
        decode(file().replace(old, new, 1))


@pytest.mark.parametrize("tail", [b"\n", b" ", b"{}\n", b"\x00"])
def test_nothing_may_follow_the_checkpoint(tail: bytes) -> None:
    with pytest.raises(BadEntry, match="checkpoint"):
        decode(file() + tail)


def test_the_last_newline_is_needed() -> None:
    with pytest.raises(BadEntry, match="newline"):
        decode(file()[:-1])


def test_an_entry_behind_the_openings_is_refused() -> None:
    *lines, checkpoint = file().splitlines(keepends=True)
    with pytest.raises(BadEntry, match=f"line {len(lines) + 1}: an entry stands behind"):
        decode(b"".join([*lines, lines[0], checkpoint]))


def test_openings_out_of_order_cannot_be_built() -> None:
    second, first = Opened(9, bytes(32), ()), Opened(7, bytes(32), ())
    for openings in ((second, first), (first, first)):
        with pytest.raises(InvalidValue, match="order"):
            Export((), openings, "")


def test_an_opening_with_a_short_salt_cannot_be_built() -> None:
    with pytest.raises(InvalidValue, match="salt"):
        Opened(7, bytes(31), ())
