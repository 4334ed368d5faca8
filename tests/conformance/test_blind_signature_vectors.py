"""RFC 9474, appendix A: keys, messages and every step between, as the RFC prints them.

The RFC's keys are longer than a batch key; the functions are the same. Its variants without a
randomizer or without a salt are these functions with none drawn.
"""

import json
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA384

from privacy import membership
from privacy.membership import EXPONENT, BatchKey, Blinding, blind, blind_sign, unblind

PRINTED = json.loads(
    (Path(__file__).parents[1] / "vectors" / "rsabssa" / "rfc9474.json").read_text(encoding="utf-8")
)
KEY = {name: int(value, 16) for name, value in PRINTED["key"].items()}
MODULUS = bytes.fromhex(PRINTED["key"]["n"])
COUNCIL = BatchKey(MODULUS, KEY["d"], b"")
BATCH_VARIANT = "RSABSSA-SHA384-PSS-Randomized"
VARIANTS = {
    name: {step: bytes.fromhex(value) for step, value in steps.items()}
    for name, steps in PRINTED["variants"].items()
}


def drawing(*values: bytes) -> Callable[[int], bytes]:
    """Randomness that gives these values, one a call."""
    waiting = iter(values)
    return lambda _: next(waiting)


def blinded(steps: dict[str, bytes]) -> Blinding:
    factor = pow(int.from_bytes(steps["inv"], "big"), -1, KEY["n"])
    drawn = steps["msg_prefix"], steps["salt"], factor.to_bytes(len(MODULUS), "big")
    return blind(MODULUS, steps["msg"], drawing(*drawn))


def test_the_printed_key_is_a_key_of_4096_bits() -> None:
    assert KEY["p"] * KEY["q"] == KEY["n"]
    assert KEY["n"].bit_length() == 4096
    assert KEY["e"] == EXPONENT
    assert KEY["d"] * KEY["e"] % (KEY["p"] - 1) == 1
    assert KEY["d"] * KEY["e"] % (KEY["q"] - 1) == 1
    assert {(len(steps["msg_prefix"]), len(steps["salt"])) for steps in VARIANTS.values()} == {
        (32, 48),
        (32, 0),
        (0, 48),
        (0, 0),
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_message_is_encoded_as_printed(variant: str) -> None:
    steps = VARIANTS[variant]
    encoded = membership._encode(steps["prepared_msg"], 4095, steps["salt"])
    assert encoded == steps["encoded_msg"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_request_is_the_printed_one(variant: str) -> None:
    steps = VARIANTS[variant]
    blinding = blinded(steps)
    assert blinding.randomizer == steps["msg_prefix"]
    assert blinding.request == steps["blinded_msg"]
    assert blinding.inverse == steps["inv"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_answer_is_the_printed_one_whatever_the_signer_draws(variant: str) -> None:
    steps = VARIANTS[variant]
    for _ in range(3):
        assert blind_sign(COUNCIL, steps["blinded_msg"], secrets.token_bytes) == steps["blind_sig"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_signature_is_the_printed_one(variant: str) -> None:
    steps = VARIANTS[variant]
    assert unblind(MODULUS, blinded(steps), steps["blind_sig"]) == steps["sig"]


def test_the_printed_signature_verifies_as_a_token_does() -> None:
    """The variant of tokens, with the same parameters of RSA-PSS from the same library."""
    steps = VARIANTS[BATCH_VARIANT]
    public = rsa.RSAPublicNumbers(KEY["e"], KEY["n"]).public_key()
    pss = padding.PSS(padding.MGF1(SHA384()), 48)
    public.verify(steps["sig"], steps["msg_prefix"] + steps["msg"], pss, SHA384())
