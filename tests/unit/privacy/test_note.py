"""Signed notes against published keys and notes; nothing but the one encoding is read."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from privacy import note
from privacy.errors import BadCheckpoint, InvalidValue
from privacy.note import MAX_SIGNATURES, NoteSignature, SignatureType, SignedNote

# Verifier keys as they are published: name+key id+Base64 of type and key. From the specification,
# from the tests of golang.org/x/mod/sumdb/note and of transparency-dev/formats, and of witnesses.
SPECIFICATION = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
VERIFIER_KEYS = [
    SPECIFICATION,
    PETER,
    ENOCH,
    "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
]

SPECIFIED_NOTE = """\
This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""  # noqa: E501
GO_TEXT = """\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.
"""
GO_NOTE = f"""\
{GO_TEXT}
— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=
"""  # noqa: E501
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]


def parts(verifier_key: str) -> tuple[str, str, int, bytes]:
    """Name, key id in hex, type and public key."""
    name, identifier, encoded = verifier_key.split("+", 2)
    raw = base64.b64decode(encoded)
    return name, identifier, raw[0], raw[1:]


def verify(text: str, verifier_key: str) -> None:
    name, _, kind, public = parts(verifier_key)
    assert kind == SignatureType.ED25519
    note.decode(text).verify(name, public)


@pytest.mark.parametrize("verifier_key", VERIFIER_KEYS)
def test_key_ids_are_the_published_ones(verifier_key: str) -> None:
    name, identifier, kind, public = parts(verifier_key)
    assert note.key_id(name, SignatureType(kind), public).hex() == identifier


@pytest.mark.parametrize(
    ("text", "verifier_key"), [(SPECIFIED_NOTE, SPECIFICATION), (GO_NOTE, PETER), (GO_NOTE, ENOCH)]
)
def test_published_notes_hold(text: str, verifier_key: str) -> None:
    verify(text, verifier_key)
    assert note.decode(text).encode() == text


def test_signing_gives_the_published_note() -> None:
    signers = ("PeterNeumann", PETER_SEED), ("EnochRoot", bytes(32))
    signatures = tuple(
        note.sign(GO_TEXT, name, Ed25519PrivateKey.from_private_bytes(seed))
        for name, seed in signers
    )
    assert SignedNote(GO_TEXT, signatures).encode() == GO_NOTE


def test_each_altered_byte_of_a_signed_text_or_of_its_signature_is_refused() -> None:
    for place in range(len(GO_NOTE.split("— EnochRoot")[0])):
        for other in ("A", "B", "\n", " ", "+", "é"):
            altered = GO_NOTE[:place] + other + GO_NOTE[place + 1 :]
            if altered != GO_NOTE:
                with pytest.raises(BadCheckpoint):
                    verify(altered, PETER)


def test_what_unknown_keys_signed_is_ignored() -> None:
    """Also one that shares the name or the id, but not both, with the known key."""
    known = note.decode(GO_NOTE).signatures[0]
    for name, key_id in ((known.name, b"\0\0\0\1"), ("Another", known.key_id)):
        signatures = (NoteSignature(name, key_id, b"anything"), known)
        verify(SignedNote(GO_TEXT, signatures).encode(), PETER)


def test_a_bad_signature_of_a_known_key_spoils_a_good_one() -> None:
    known = note.decode(GO_NOTE).signatures[0]
    for value in (b"x", bytes(64), known.value[:-1], known.value + b"\0"):
        bad = NoteSignature(known.name, known.key_id, value)
        for signatures in ((bad,), (bad, known), (known, bad)):
            with pytest.raises(BadCheckpoint, match="PeterNeumann does not belong to this text"):
                verify(SignedNote(GO_TEXT, signatures).encode(), PETER)


def test_a_note_without_the_known_key_is_refused() -> None:
    with pytest.raises(BadCheckpoint, match="not signed by the expected key of example"):
        verify(GO_NOTE, SPECIFICATION)


def test_a_key_of_another_type_is_another_key() -> None:
    name, _, _, public = parts(PETER)
    assert note.decode(GO_NOTE).values_of(name, SignatureType.COSIGNATURE_V1, public) == ()


LINE = "— name AAAAAAAA\n"


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "\n",
        "text\n",
        "text\n\n",
        f"text\n{LINE}",
        f"\n{LINE}",
        LINE,
        f"text\n\n{LINE}\n",
        f"text\n\n{LINE[:-1]}",
        f"text\n\n{LINE[:-1]}x",
        f"text\n\n{LINE}text\n",
        f"text\r\n\r\n{LINE}",
        f"te\txt\n\n{LINE}",
        f"te\0xt\n\n{LINE}",
        f"te\ud800xt\n\n{LINE}",
        "text\n\n- name AAAAAAAA\n",
        "text\n\n—name AAAAAAAA\n",
        "text\n\n—  AAAAAAAA\n",
        "text\n\n— name\n",
        "text\n\n— name \n",
        "text\n\n— name  AAAAAAAA\n",
        "text\n\n— name AAAAAAAA \n",
        "text\n\n— name AAAAAAAA AAAA\n",
        "text\n\n— na+me AAAAAAAA\n",
        "text\n\n— na\u00a0me AAAAAAAA\n",
        "text\n\n— na\u2003me AAAAAAAA\n",
        "text\n\n— na\ud800me AAAAAAAA\n",
        "text\n\n— name AAAA\n",  # no id
        "text\n\n— name AAAAAA==\n",  # an id and no signature
        "text\n\n— name AAAAAAA\n",  # no padding
        "text\n\n— name AAAAAAAB=\n",
        "text\n\n— name AAAAAAAAAAB=\n",  # bits beyond the last byte
        "text\n\n— name AAAA-_AA\n",
        "text\n\n— name AAAÄAAAA\n",
        "text\n\n" + LINE * (MAX_SIGNATURES + 1),
    ],
)
def test_a_malformed_note_is_refused(malformed: str) -> None:
    with pytest.raises(BadCheckpoint, match="this is no signed note"):
        note.decode(malformed)


@pytest.mark.parametrize("lines", [1, MAX_SIGNATURES])
def test_the_text_may_have_empty_lines_and_ends_at_the_last_one(lines: int) -> None:
    decoded = note.decode("one\n\n\ntwo\n\n\n" + LINE * lines)
    assert decoded.text == "one\n\n\ntwo\n\n"
    assert decoded.signatures == (NoteSignature("name", bytes(4), bytes(2)),) * lines


NAMES = st.text(min_size=1, max_size=8).filter(
    lambda name: not any(char.isspace() or char < " " or char == "+" for char in name)
)
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\n")).map("{}\n".format)
SIGNATURES = st.builds(
    NoteSignature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80)
)
NOTES = st.builds(
    SignedNote, TEXTS, st.lists(SIGNATURES, min_size=1, max_size=MAX_SIGNATURES).map(tuple)
)


@given(NOTES)
def test_a_note_reads_back_as_it_was(written: SignedNote) -> None:
    assert note.decode(written.encode()) == written


@given(st.text(st.sampled_from("— \nanAB+/=\ud800")) | NOTES.map(SignedNote.encode), st.data())
def test_what_is_read_is_what_would_be_written(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    text = text[:place] + data.draw(st.sampled_from(["", "\n", "=", "A", " "])) + text[place:]
    try:
        decoded = note.decode(text)
    except BadCheckpoint:
        return
    assert decoded.encode() == text


@pytest.mark.parametrize("text", ["", "no newline", "a\rb\n", "\ud800\n"])
def test_what_no_note_can_carry_is_not_signed(text: str) -> None:
    with pytest.raises(InvalidValue, match="the text of a note"):
        note.sign(text, "name", Ed25519PrivateKey.from_private_bytes(PETER_SEED))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\0b", "a\u2028b", "\ud800"])
def test_what_cannot_name_a_key_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue, match="cannot name a key"):
        NoteSignature(name, bytes(4), b"x")


@pytest.mark.parametrize("count", [0, MAX_SIGNATURES + 1])
def test_a_note_has_at_least_one_signature_and_not_too_many(count: int) -> None:
    with pytest.raises(InvalidValue, match=f"1 to 16 signatures, not {count}"):
        SignedNote("text\n", (NoteSignature("name", bytes(4), b"x"),) * count)
