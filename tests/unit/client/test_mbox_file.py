"""Splitting an mbox file into messages, and when each of them was delivered."""

import io
import mailbox
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.sources.headers import MAX_HEADER_BYTES
from client.sources.mbox_file import letters
from client.sources.mbox_time import delivery_time

ENVELOPE = b"From kim@client.example Tue Feb  3 10:00:00 2026\n"
HEAD = b"Message-ID: <a@client.example>\nFrom: kim@client.example\n\n"
LATER = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is what this process believes it to be."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def blocks(raw: bytes) -> list[bytes | None]:
    return [letter.block for letter in letters(io.BytesIO(raw), 0)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize(
    "envelope",
    [
        b"From kim@client.example Tue Feb  3 10:00:00 2026",
        b"From kim@client.example  Tue Feb 03 10:00 2026",
        b"From 17@xxx Tue Feb 03 09:00:00 +0000 2026",
        b'From "kim possible"@client.example Tue Feb  3 10:00:00 CET 2026',
        b"From MAILER-DAEMON Tue Feb  3 10:00:00 2026 +0100",
        b"From - Tue Feb 03 10:00:00 2026",
        b"From ",
        b"From -",
    ],
)
def test_envelope_lines_of_many_programs_begin_a_message(envelope: bytes, end: bytes) -> None:
    raw = (ENVELOPE + HEAD + b"text\n\n" + envelope + b"\n" + HEAD).replace(b"\n", end)
    assert blocks(raw) == [HEAD.replace(b"\n", end)] * 2


@pytest.mark.parametrize(
    "text",
    [
        b"text\n" + ENVELOPE + HEAD,  # no empty line before it
        b"\n>" + ENVELOPE + HEAD,
        b"\nFrom now on, write to me.\n",
        b"\nFrom Tue Feb  3 10:00:00 2026 on, write to me.\n",
        b"\nFrom \nnow on, write to me.\n\n",
        b"\nfrom kim@client.example Tue Feb  3 10:00:00 2026\n",
        b"\n" + b"x" * 64 * 1024 + ENVELOPE + HEAD,  # a line that is read in pieces
        b"\n" + b"x" * (64 * 1024 - 1) + b"\n\nFrom now\n",
    ],
)
def test_text_that_begins_with_from_is_text(text: bytes) -> None:
    assert blocks(ENVELOPE + HEAD + text) == [HEAD]


def test_a_header_that_is_still_being_written_is_left_for_later() -> None:
    for cut in range(1, len(ENVELOPE + HEAD)):
        assert blocks((ENVELOPE + HEAD)[:-cut]) == []
    assert blocks(ENVELOPE + HEAD) == [HEAD]


def test_a_header_without_end_is_not_read_and_holds_up_nothing() -> None:
    endless = ENVELOPE + b"To: x\n" * (MAX_HEADER_BYTES // 6 + 1)
    assert blocks(endless + b"\n" + ENVELOPE + HEAD) == [None, HEAD]


def test_reading_can_begin_at_any_envelope() -> None:
    raw = (ENVELOPE + HEAD + b"text\n\n") * 5
    starts = [letter.start for letter in letters(io.BytesIO(raw), 0)]
    assert starts == [index * len(raw) // 5 for index in range(5)]
    for index, start in enumerate(starts):
        assert [letter.start for letter in letters(io.BytesIO(raw), start)] == starts[index:]


TEXT = st.lists(
    st.sampled_from(
        [
            "",
            "text",
            "From now on",
            "> From",
            "From: kim@client.example",
            "grüße",
            "Message-ID: <x>",
        ]
    ),
    max_size=8,
).map("\n".join)


@given(st.lists(TEXT, max_size=6))
def test_what_the_standard_library_wrote_is_split_as_the_standard_library_does(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    # It escapes "From " in the text; without that it would split there and we would not.
    path = tmp_path_factory.mktemp("mbox") / "box"
    box = mailbox.mbox(path)
    for number, text in enumerate(texts):
        raw = f"Message-ID: <{number}@client.example>\nSubject: x\n\n{text}\n"
        message = mailbox.mboxMessage(raw.encode())
        message.set_from("kim@client.example", time.gmtime(1_770_000_000 + number))
        box.add(message)
    box.close()
    again = mailbox.mbox(path)
    theirs = [message["Message-ID"] for message in again]
    again.close()
    found = blocks(path.read_bytes())
    assert [block.split(b"\n")[0] for block in found if block] == [
        f"Message-ID: {name}".encode() for name in theirs
    ]
    assert len(theirs) == len(texts)


def delivered(envelope: str, *headers: str) -> str | None:
    block = "\n".join([*headers, "", ""]).encode()
    moment = delivery_time(f"From {envelope}\n".encode(), block, LATER)
    return None if moment is None else moment.isoformat().replace("+00:00", "")


RECEIVED = (
    "Received: from mx.example.com (mx [192.0.2.1]);\n by imap.example.com; "
    "Tue, 3 Feb 2026 09:30:00 +0100 (CET)"
)


@pytest.mark.parametrize(
    ("envelope", "headers", "expected"),
    [
        ("kim@client.example Tue Feb  3 10:00:00 2026", (), "2026-02-03T09:00:00"),
        ("kim Mon Aug  3 10:00:00 2026", (), "2026-06-01T00:00:00"),  # the file is older
        ("kim@client.example Fri Aug  1 10:00:00 2025", (), "2025-08-01T08:00:00"),
        ("kim Sun Oct 26 02:30:00 2025", (), "2025-10-26T00:30:00"),  # the first of two
        ("kim Tue Feb  3 10:00 2026", (), "2026-02-03T09:00:00"),
        ("kim Tue Feb  3 10:00:00 UTC 2026", (), "2026-02-03T10:00:00"),
        ("kim Tue Feb  3 10:00:00 CET 2026", (), "2026-02-03T09:00:00"),
        ("kim Tue Feb  3 10:00:00 -0530 2026", (), "2026-02-03T15:30:00"),
        ("kim Tue Feb  3 10:00:00 2026 +0200", (), "2026-02-03T08:00:00"),
        # The earlier one: the file's line says when it was fetched.
        ("- Tue Feb  3 10:00:00 2026", (RECEIVED,), "2026-02-03T08:30:00"),
        ("- Tue Feb  3 09:00:00 2026", (RECEIVED,), "2026-02-03T08:00:00"),
        # The topmost is of the person's own server; those below may be invented.
        ("", (RECEIVED, "Received: by a; Mon, 1 Jan 2001 00:00:00 +0000"), "2026-02-03T08:30:00"),
        ("", ("Received: by a; no date",), None),
        ("", ("Received: by a; no date", "Date: Mon, 1 Jan 2001 00:00:00 +0000"), None),
        # Only of what never went through a server: the person's own.
        ("", ("Date: Tue, 3 Feb 2026 10:00:00 +0100",), "2026-02-03T09:00:00"),
        ("", ("Date: Tue, 3 Feb 2026 10:00:00 -0000",), "2026-02-03T10:00:00"),
        ("- Tue Feb  3 10:00:00 2026", ("Date: 1 Jan 2001 00:00:00 +0000",), "2026-02-03T09:00:00"),
        ("", ("Subject: x",), None),
        ("kim Tue Feb 31 10:00:00 2026", (), None),
        ("kim Tue Feb  3 25:00:00 2026", (), None),
        ("kim Tue Feb  3 10:00:00 +9999 2026", (), None),
        ("", ("Date: Fri, 31 Dec 9999 23:00:00 -0900",), None),
    ],
)  # fmt: skip
def test_the_delivery_time(envelope: str, headers: tuple[str, ...], expected: str | None) -> None:
    assert delivered(envelope, *headers) == expected


def test_an_empty_file_has_no_messages(tmp_path: Path) -> None:
    assert blocks(b"") == []
    assert blocks(b"\n\n") == []
    assert blocks(b"\xff" * 100) == []
