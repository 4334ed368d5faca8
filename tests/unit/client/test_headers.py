"""No header block, however broken, is more than a skip."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from client.journal import Journal
from client.sources.base import MailFact, SeenKey, Skip
from client.sources.folders import decode_name
from client.sources.headers import fact, read_headers

NAME = SeenKey(b"n" * 32)
NOW = datetime(2026, 2, 2, tzinfo=UTC)
NAMES = ("From", "To", "Message-ID", "References", "In-Reply-To", "Content-Type", "Precedence")

values = st.one_of(
    st.binary(max_size=60),
    st.text(alphabet='<>@".,;:()[]= \n\tab\\ü\u0130', max_size=40).map(str.encode),
)
blocks = st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=8).map(
    lambda headers: b"\n".join(name.encode() + b": " + value for name, value in headers)
)


@given(st.one_of(blocks, st.binary(max_size=300)), st.booleans())
def test_any_bytes_give_a_fact_or_a_skip(block: bytes, sent: bool) -> None:
    found = fact(read_headers(block), NAME, NOW, frozenset(), sent=sent)
    assert isinstance(found, MailFact | Skip)


@settings(max_examples=30)
@given(st.lists(blocks, max_size=5))
def test_any_fact_survives_the_journal(some: list[bytes]) -> None:
    found = [fact(read_headers(block), NAME, NOW, frozenset(), sent=False) for block in some]
    facts = {one.key: one for one in found if isinstance(one, MailFact)}
    with TemporaryDirectory() as folder, Journal(Path(folder) / "journal.sqlite") as journal:
        journal.add_mail(facts.values(), [])
        stored = journal.mail(datetime(2027, 1, 1, tzinfo=UTC))
    assert {one.key: one for one in stored} == facts


@given(st.text(max_size=30))
def test_any_folder_name_decodes(name: str) -> None:
    assert isinstance(decode_name(name), str)


def test_folder_names_decode_as_in_the_rfc() -> None:
    assert decode_name("Entw&APw-rfe") == "Entwürfe"
    assert decode_name("~peter/mail/&U,BTFw-/&ZeVnLIqe-") == "~peter/mail/台北/日本語"
    assert decode_name("Q&-A") == "Q&A"


def test_half_of_a_character_is_no_obstacle() -> None:
    """A message that comes as JSON can hold one, in its id and everywhere else."""
    headers = {"from": ["Ann <ann\ud800@client.example>"], "message-id": ["<one\udfff@x>"]}
    found = fact(headers, NAME, NOW, frozenset(), sent=False)
    assert isinstance(found, MailFact)
