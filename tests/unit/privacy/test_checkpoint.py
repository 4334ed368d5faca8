"""Checkpoints: the council signs, the employer witnesses, and nobody else counts."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from privacy.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    cosign,
    decode,
    origin_of,
    sign,
    verify,
)
from privacy.errors import BadCheckpoint, BadConsistency, InvalidValue
from privacy.merkle import consistency_proof, tree_hash
from privacy.note import NoteSignature

COUNCIL = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
EMPLOYER = Ed25519PrivateKey.from_private_bytes(b"e" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
COUNCIL_KEY = COUNCIL.public_key().public_bytes_raw()
EMPLOYER_KEY = EMPLOYER.public_key().public_bytes_raw()
AT = datetime(2026, 2, 2, 9, 30, tzinfo=UTC)

ENTRIES = [b"entry %d" % number for number in range(9)]
ORIGIN = "plurale/muster-gmbh/0001020304050607"
CHECKPOINT = Checkpoint(ORIGIN, 7, tree_hash(ENTRIES[:7]))
SIGNED = sign(CHECKPOINT, COUNCIL)
WITNESSED = cosign(SIGNED, EMPLOYER, AT)

# The example of the specifications. Its keys are not published.
SPECIFIED = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501

# A checkpoint of a public log, with the cosignatures of three public witnesses and their keys.
PUBLIC = """\
arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
"""  # noqa: E501
# Base64 of the type (0x04) and the key.
WITNESSES = {
    "transparency.dev/DEV:witness-little-garden": "BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "remora.n621.de": "BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu": "BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
}


def holds(text: str, council: bytes = COUNCIL_KEY, employer: bytes | None = EMPLOYER_KEY) -> bool:
    try:
        verify(text, council_key=council, employer_key=employer)
    except BadCheckpoint:
        return False
    return True


# --- Known answers --------------------------------------------------------------------------------


def test_the_example_of_the_specification_reads_back() -> None:
    signed = decode(SPECIFIED)
    assert signed.checkpoint.origin == "example.com/behind-the-sofa"
    assert signed.checkpoint.size == 20852163
    assert signed.checkpoint.root.hex()[:16] == "0ac5186a91863e8e"
    assert int.from_bytes(signed.signatures[1].value[:8], "big") == 1679315147
    assert signed.encode() == SPECIFIED


@pytest.mark.parametrize("name", list(WITNESSES))
def test_cosignatures_of_public_witnesses_hold(name: str) -> None:
    signed, key = decode(PUBLIC), base64.b64decode(WITNESSES[name])[1:]
    assert signed.cosigned_at(name, key) == datetime.fromtimestamp(0x6A122120, UTC)
    for altered in (
        replace(signed.checkpoint, size=1432088533),
        replace(signed.checkpoint, origin="arche2025h2.staging.ct.transparency.dev"),
        replace(signed.checkpoint, root=bytes(32)),
    ):
        with pytest.raises(BadCheckpoint, match="does not hold for this checkpoint"):
            replace(signed, checkpoint=altered).cosigned_at(name, key)


# --- Who has to sign ------------------------------------------------------------------------------


def test_a_checkpoint_signed_and_witnessed_holds() -> None:
    text = WITNESSED.encode()
    assert verify(text, council_key=COUNCIL_KEY, employer_key=EMPLOYER_KEY) == CHECKPOINT
    assert verify(text, council_key=COUNCIL_KEY, employer_key=None) == CHECKPOINT
    assert decode(text).cosigned_at(CHECKPOINT.witness, EMPLOYER_KEY) == AT


def test_the_lines_are_named_after_the_origin() -> None:
    lines = WITNESSED.encode().split("\n")
    assert lines[:4] == [ORIGIN, "7", base64.b64encode(CHECKPOINT.root).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5].startswith(f"— {ORIGIN}/employer ")
    assert lines[6:] == [""]


def test_a_checkpoint_not_witnessed_holds_only_where_that_is_enough() -> None:
    assert verify(SIGNED.encode(), council_key=COUNCIL_KEY, employer_key=None) == CHECKPOINT
    with pytest.raises(BadCheckpoint, match="not witnessed by the expected key of plurale/muster"):
        verify(SIGNED.encode(), council_key=COUNCIL_KEY, employer_key=EMPLOYER_KEY)


def test_the_signature_of_a_stranger_does_not_count() -> None:
    with pytest.raises(BadCheckpoint, match="not signed by the expected key"):
        verify(sign(CHECKPOINT, STRANGER).encode(), council_key=COUNCIL_KEY, employer_key=None)
    assert not holds(cosign(SIGNED, STRANGER, AT).encode())
    assert not holds(cosign(sign(CHECKPOINT, EMPLOYER), COUNCIL, AT).encode())


def test_the_employer_alone_does_not_make_a_checkpoint() -> None:
    alone = replace(WITNESSED, signatures=WITNESSED.signatures[1:])
    assert not holds(alone.encode())
    assert not holds(alone.encode(), employer=None)


def test_one_signature_does_not_pass_for_the_other() -> None:
    """Both parties with one key: a signature still counts only as what it was made for."""
    both = cosign(SIGNED, COUNCIL, AT)
    first, second = both.signatures
    assert holds(both.encode(), employer=COUNCIL_KEY)
    as_cosignature = replace(second, value=second.value[:8] + first.value)
    assert not holds(replace(both, signatures=(first, as_cosignature)).encode(), COUNCIL_KEY)
    as_signature = replace(first, value=second.value[8:])
    assert not holds(replace(both, signatures=(as_signature, second)).encode(), employer=None)


def test_signatures_do_not_move_to_another_checkpoint() -> None:
    for other in (
        replace(CHECKPOINT, size=8),
        replace(CHECKPOINT, root=tree_hash(ENTRIES)),
        replace(CHECKPOINT, origin="plurale/muster-gmbh/0001020304050608"),
    ):
        moved = replace(WITNESSED, checkpoint=other)
        assert not holds(moved.encode())
        assert not holds(moved.encode(), employer=None)
        halfway = replace(
            moved, signatures=(sign(other, COUNCIL).signatures[0], moved.signatures[1])
        )
        assert holds(halfway.encode(), employer=None)
        assert not holds(halfway.encode())


def test_signatures_of_others_are_ignored_and_kept() -> None:
    other = NoteSignature("example.com/witness", b"abcd", b"anything")
    old_key = sign(CHECKPOINT, STRANGER).signatures[0]
    text = replace(WITNESSED, signatures=(other, old_key, *WITNESSED.signatures)).encode()
    assert holds(text)
    assert decode(text).signatures[:2] == (other, old_key)


def test_a_bad_cosignature_beside_a_good_one_is_refused() -> None:
    good = WITNESSED.signatures[1]
    for value in (good.value[:7], good.value[:-1], bytes(72), good.value + b"\0"):
        bad = replace(good, value=value)
        text = replace(WITNESSED, signatures=(*WITNESSED.signatures, bad)).encode()
        assert not holds(text)
        assert holds(text, employer=None)


# --- Time -----------------------------------------------------------------------------------------


def test_the_time_is_signed() -> None:
    signature = WITNESSED.signatures[1]
    later = (int(AT.timestamp()) + 1).to_bytes(8, "big")
    moved = replace(signature, value=later + signature.value[8:])
    assert not holds(replace(WITNESSED, signatures=(SIGNED.signatures[0], moved)).encode())


def test_the_time_is_kept_in_whole_seconds_of_any_zone() -> None:
    local = AT.astimezone(timezone(timedelta(hours=1))).replace(microsecond=999_999)
    assert cosign(SIGNED, EMPLOYER, local) == WITNESSED


def test_cosigning_again_replaces_the_earlier_time() -> None:
    again = cosign(WITNESSED, EMPLOYER, AT + timedelta(days=1))
    assert len(again.signatures) == 2
    assert again.cosigned_at(CHECKPOINT.witness, EMPLOYER_KEY) == AT + timedelta(days=1)


def test_of_several_cosignatures_the_last_time_counts() -> None:
    later = cosign(SIGNED, EMPLOYER, AT + timedelta(days=1)).signatures[1]
    for signatures in ((*WITNESSED.signatures, later), (later, *WITNESSED.signatures)):
        several = SignedCheckpoint(CHECKPOINT, signatures)
        assert several.cosigned_at(CHECKPOINT.witness, EMPLOYER_KEY) == AT + timedelta(days=1)


def test_a_cosignature_needs_a_time_that_can_be_written() -> None:
    for at in (AT.replace(tzinfo=None), datetime(1969, 12, 31, tzinfo=UTC)):
        with pytest.raises(InvalidValue, match="time with its zone, from 1970 on"):
            cosign(SIGNED, EMPLOYER, at)


@pytest.mark.parametrize("seconds", [253_402_300_800, 2**63 - 1, 2**64 - 1])
def test_a_time_beyond_the_calendar_is_refused_even_if_signed(seconds: int) -> None:
    message = f"cosignature/v1\ntime {seconds}\n{CHECKPOINT.text}".encode()
    value = seconds.to_bytes(8, "big") + EMPLOYER.sign(message)
    signature = replace(WITNESSED.signatures[1], value=value)
    assert not holds(replace(WITNESSED, signatures=(SIGNED.signatures[0], signature)).encode())


# --- The text -------------------------------------------------------------------------------------


def test_each_altered_added_or_dropped_character_is_refused() -> None:
    text = WITNESSED.encode()
    for place in range(len(text)):
        before, after = text[:place], text[place + 1 :]
        assert not holds(before + after)
        for other in "A1 \n=+é":
            assert not holds(before + other + text[place:])
            if other != text[place]:
                assert not holds(before + other + after)


ROOT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n",
        f"origin\n\n{ROOT}\n",
        f"\n1\n{ROOT}\n",
        f"origin\n1\n{ROOT}\nan extension line\n",
        f"origin\n1\n{ROOT}\n\n",
        "origin\n1\n",
        f"origin\n01\n{ROOT}\n",
        f"origin\n+1\n{ROOT}\n",
        f"origin\n-1\n{ROOT}\n",
        f"origin\n1 \n{ROOT}\n",
        f"origin\n1_0\n{ROOT}\n",
        f"origin\n١\n{ROOT}\n",
        f"origin\n{2**64}\n{ROOT}\n",
        f"origin\n{'9' * 5000}\n{ROOT}\n",
        f"origin\n0\n{ROOT}\n",  # an empty tree has one root
        f"origin\n1\n{ROOT[:-1]}\n",
        f"origin\n1\n{ROOT[4:]}\n",
        f"origin\n1\nAAAA{ROOT}\n",
        f"origin\n1\n{ROOT[:-2]}9=\n",  # bits beyond the last byte
        f"an origin\n1\n{ROOT}\n",
        f"an+origin\n1\n{ROOT}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(body: str) -> None:
    with pytest.raises(BadCheckpoint, match="this is no "):
        decode(f"{body}\n— name AAAAAAAA\n")


def test_the_body_that_those_break_is_read() -> None:
    read = decode(f"origin\n1\n{ROOT}\n\n— name AAAAAAAA\n").checkpoint
    assert read == Checkpoint("origin", 1, bytes(range(32)))


ORIGINS = st.text(min_size=1, max_size=12).filter(
    lambda name: not any(char.isspace() or char < " " or char == "+" for char in name)
)
CHECKPOINTS = st.builds(
    Checkpoint, ORIGINS, st.integers(1, 2**64 - 1), st.binary(min_size=32, max_size=32)
)


@given(CHECKPOINTS, st.integers(0, 253_402_300_799), st.booleans())
def test_what_is_signed_reads_back_and_holds(
    checkpoint: Checkpoint, seconds: int, witnessed: bool
) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    signed = sign(checkpoint, COUNCIL)
    if witnessed:
        signed = cosign(signed, EMPLOYER, at)
        assert signed.cosigned_at(checkpoint.witness, EMPLOYER_KEY) == at
    assert decode(signed.encode()) == signed
    assert holds(signed.encode(), employer=EMPLOYER_KEY if witnessed else None)


@given(st.text() | st.lists(st.sampled_from([*WITNESSED.encode()])).map("".join))
def test_nothing_but_our_own_error_comes_out(text: str) -> None:
    assert not holds(text)


# --- Values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "size", "root", "problem"),
    [
        ("a b", 1, bytes(32), "cannot name a key"),
        ("", 1, bytes(32), "cannot name a key"),
        (ORIGIN, -1, bytes(32), "cannot have -1 entries"),
        (ORIGIN, 2**64, bytes(32), "cannot have 18446744073709551616 entries"),
        (ORIGIN, 1, bytes(31), "32 bytes, not 31"),
        (ORIGIN, 0, bytes(32), "an empty ledger has another root"),
    ],
)
def test_an_impossible_checkpoint_cannot_be_built(
    origin: str, size: int, root: bytes, problem: str
) -> None:
    with pytest.raises(InvalidValue, match=problem):
        Checkpoint(origin, size, root)


def test_an_empty_ledger_has_a_checkpoint() -> None:
    empty = Checkpoint(ORIGIN, 0, tree_hash([]))
    assert empty.text == f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    assert holds(cosign(sign(empty, COUNCIL), EMPLOYER, AT).encode())


def test_a_checkpoint_needs_a_signature() -> None:
    with pytest.raises(InvalidValue, match="1 to 16 signatures, not 0"):
        SignedCheckpoint(CHECKPOINT, ())


# --- One ledger -----------------------------------------------------------------------------------


def test_a_longer_ledger_follows_a_shorter_one() -> None:
    longer = Checkpoint(ORIGIN, 9, tree_hash(ENTRIES))
    proof = consistency_proof(ENTRIES, 7)
    longer.verify_follows(CHECKPOINT, proof)
    CHECKPOINT.verify_follows(CHECKPOINT, ())
    with pytest.raises(BadConsistency, match="not shown to continue the one of 9"):
        CHECKPOINT.verify_follows(longer, proof)
    with pytest.raises(BadConsistency, match="not shown to continue the one of 7"):
        replace(longer, root=tree_hash([b"forged", *ENTRIES[1:]])).verify_follows(CHECKPOINT, proof)


def test_another_ledger_does_not_follow() -> None:
    longer = Checkpoint("plurale/other/00", 9, tree_hash(ENTRIES))
    with pytest.raises(BadConsistency, match="plurale/other/00 is another ledger than plurale/mus"):
        longer.verify_follows(CHECKPOINT, consistency_proof(ENTRIES, 7))


@pytest.mark.parametrize(
    ("organisation", "name"),
    [
        ("Muster GmbH", "/muster-gmbh"),
        ("  Muster  GmbH & Co. KG\n", "/muster-gmbh-co-kg"),
        ("Müller + Groß", "/muller-gross"),
        ("Société d'Étude", "/societe-d-etude"),
        ("𝐁old ﬁrm", "/bold-firm"),
        ("a/b", "/a-b"),
        ("会社", ""),
        ("---", ""),
        ("\ud800", ""),
        ("x" * 39 + " yz", "/" + "x" * 39),
        ("x" * 99, "/" + "x" * 40),
    ],
)
def test_the_origin_is_plain_text_for_every_organisation(organisation: str, name: str) -> None:
    origin = origin_of(organisation, bytes(range(32)))
    assert origin == f"plurale{name}/0001020304050607"
    assert Checkpoint(origin, 1, bytes(32)).origin == origin


@given(st.text(), st.binary(min_size=32, max_size=32))
def test_an_origin_always_names_a_key(organisation: str, first_agreement: bytes) -> None:
    origin = origin_of(organisation, first_agreement)
    assert origin.isascii()
    assert len(origin) <= 65
    Checkpoint(origin, 1, bytes(32))


def test_ledgers_of_one_organisation_have_different_origins() -> None:
    assert origin_of("Muster", b"a" * 32) != origin_of("Muster", b"b" * 32)
