"""Write the known-answer vectors of Plurale's own parameters: ``python -m tests.vectors.make``

Every tampered one names the operation that must refuse it, and the reason; a vector that is refused
elsewhere or otherwise is not written.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from privacy.vdaf.circuits import optimal_chunk_length
from privacy.vdaf.errors import (
    BadProof,
    DecodeError,
    JointRandomnessMismatch,
    MeasurementError,
    VdafError,
)
from privacy.vdaf.field import ENCODED_SIZE, MODULUS
from privacy.vdaf.prio3 import Prio3SumVec
from privacy.vdaf.xof import SEED_SIZE
from tests.vectors.forge import Announce, forge
from tests.vectors.record import CTX, Recorder, Report, seeded

FOLDER: Final = Path(__file__).parent / "prio3sumvec"
MAX_MEASUREMENT: Final = 2046


def instance(length: int) -> Prio3SumVec:
    """Plurale's parameters for ``length`` coordinates."""
    chunk_length = optimal_chunk_length(length, MAX_MEASUREMENT)
    return Prio3SumVec(length, MAX_MEASUREMENT, chunk_length)


SMALL: Final = instance(3)
MEASURED: Final = SMALL.circuit.encoded_length * ENCODED_SIZE
"""Bytes of the measurement share, with which the leader's input share begins."""
SEEDS: Final = SMALL.circuit.wire_count * ENCODED_SIZE
"""Bytes of the wire seeds, which follow."""


def flipped(encoded: bytes, place: int) -> bytes:
    """The lowest bit of one byte changed, which keeps almost every field element canonical."""
    return encoded[:place] + bytes([encoded[place] ^ 1]) + encoded[place + 1 :]


@dataclass(frozen=True)
class Tampered:
    """What is done to a good report, and the operation and error that must follow."""

    tamper: Callable[[Report], None]
    operation: str
    error: type[VdafError]
    party: int | None = None
    inits: tuple[int, ...] = (0, 1)


def on_public_share(place: int) -> Callable[[Report], None]:
    """Change one byte of the public share."""

    def tamper(report: Report) -> None:
        report.public_share = flipped(report.public_share, place)

    return tamper


def on_input_share(party: int, change: Callable[[bytes], bytes]) -> Callable[[Report], None]:
    """Change one party's input share."""

    def tamper(report: Report) -> None:
        report.input_shares[party] = change(report.input_shares[party])

    return tamper


def flip_input_share(party: int, place: int) -> Callable[[Report], None]:
    """Change one byte of one party's input share."""
    return on_input_share(party, lambda share: flipped(share, place))


def forged(encoded: tuple[int, ...], announce: Announce | None = None) -> Callable[[Report], None]:
    """Replace the report by one that no honest client makes."""

    def tamper(report: Report) -> None:
        how = () if announce is None else (announce,)
        public, shares = forge(SMALL, CTX, encoded, report.nonce, report.rand, *how)
        report.public_share = SMALL.encode_public_share(public)
        report.input_shares = [SMALL.encode_input_share(share) for share in shares]

    return tamper


def forge_message(report: Report) -> None:
    """A verifier message out of thin air."""
    report.verifier_messages = [bytes(SEED_SIZE)]


def forge_helper_verifier_share(report: Report) -> None:
    """A verifier share of the helper that the helper never computed."""
    report.verifier_shares = [
        SMALL.encode_verifier_share(share)
        for share in (
            SMALL.verify_init(
                seeded("verify key", SMALL.VERIFY_KEY_SIZE),
                CTX,
                party,
                report.nonce,
                SMALL.decode_public_share(report.public_share),
                SMALL.decode_input_share(party, report.input_shares[party]),
            )[1]
            for party in (0, 1)
        )
    ]
    report.verifier_shares[1] = flipped(report.verifier_shares[1], 0)


ONE_TWO: Final = (2,) + (0,) * (SMALL.circuit.encoded_length - 1)
"""A "bit" of 2: the encoding of a measurement that could leave the range."""
ALL_ONES: Final = (1,) * SMALL.circuit.encoded_length
"""Every entry at its maximum: each gadget output is zero under any joint randomness."""

COMBINE = "verifier_shares_to_message"
TAMPERED: Final[dict[str, Tampered]] = {
    "bad_leader_measurement_share": Tampered(flip_input_share(0, 0), COMBINE, BadProof),
    "bad_leader_wire_seed": Tampered(flip_input_share(0, MEASURED), COMBINE, BadProof),
    "bad_leader_gadget_poly": Tampered(flip_input_share(0, MEASURED + SEEDS), COMBINE, BadProof),
    "bad_leader_blind": Tampered(flip_input_share(0, -1 - 1), COMBINE, BadProof),
    "bad_helper_seed": Tampered(flip_input_share(1, 0), COMBINE, BadProof),
    "bad_helper_blind": Tampered(flip_input_share(1, SEED_SIZE), COMBINE, BadProof),
    "bad_public_share_leader_part": Tampered(on_public_share(0), COMBINE, BadProof),
    "bad_public_share_helper_part": Tampered(on_public_share(SEED_SIZE), COMBINE, BadProof),
    "bad_public_share_two_views": Tampered(
        forged(ALL_ONES, lambda leader, helper: (bytes(SEED_SIZE), helper)),
        "verify_next",
        JointRandomnessMismatch,
        party=1,
    ),
    "bad_measurement_beyond_range": Tampered(forged(ONE_TWO), COMBINE, BadProof),
    "bad_verifier_share": Tampered(forge_helper_verifier_share, COMBINE, BadProof, inits=()),
    "bad_verifier_message": Tampered(
        forge_message, "verify_next", JointRandomnessMismatch, party=0, inits=(0,)
    ),
    "bad_leader_share_not_canonical": Tampered(
        on_input_share(0, lambda share: MODULUS.to_bytes(ENCODED_SIZE, "little") + share[16:]),
        "verify_init",
        DecodeError,
        party=0,
    ),
    "bad_leader_share_too_long": Tampered(
        on_input_share(0, lambda share: share + b"\0"), "verify_init", DecodeError, party=0
    ),
    "bad_helper_share_too_short": Tampered(
        on_input_share(1, lambda share: share[:-1]), "verify_init", DecodeError, party=1
    ),
}


def passing(length: int, measurements: list[list[int]]) -> dict[str, Any]:
    """A whole batch, from sharding to the sum."""
    recorder = Recorder(instance(length), seeded("verify key", SMALL.VERIFY_KEY_SIZE))
    for place, measurement in enumerate(measurements):
        recorder.reports.append(_report(f"{length} coordinates, report {place}", measurement))
        recorder.attempt("shard", report_index=place)
        recorder.verify(place)
    for party in range(recorder.vdaf.shares):
        recorder.attempt("aggregate", aggregator_id=party)
    recorder.attempt("unshard")
    assert recorder.agg_result == [sum(column) for column in zip(*measurements, strict=True)]
    return recorder.as_json()


def tampered(name: str, case: Tampered) -> dict[str, Any]:
    """One report that is refused, at the operation and for the reason that the case names."""
    recorder = Recorder(SMALL, seeded("verify key", SMALL.VERIFY_KEY_SIZE))
    report = _report(name, [0, 1023, MAX_MEASUREMENT])
    recorder.reports.append(report)
    recorder.attempt("shard", report_index=0)
    recorder.operations.clear()
    report.measurement = None
    case.tamper(report)
    if case.operation == "verify_next" and report.verifier_messages:
        recorder.attempt("verify_init", report_index=0, aggregator_id=case.inits[0])
        recorder.attempt("verify_next", report_index=0, aggregator_id=case.inits[0], round=1)
    else:
        recorder.verify(0, case.inits)
    last = recorder.operations[-1]
    assert type(recorder.refusal) is case.error, (name, recorder.refusal)
    assert (last["operation"], last.get("aggregator_id")) == (case.operation, case.party), name
    return recorder.as_json()


def refused_measurement() -> dict[str, Any]:
    """A measurement one above the range, which an honest client refuses to shard."""
    recorder = Recorder(SMALL, seeded("verify key", SMALL.VERIFY_KEY_SIZE))
    recorder.reports.append(_report("refused", [0, 0, MAX_MEASUREMENT + 1]))
    recorder.attempt("shard", report_index=0)
    assert type(recorder.refusal) is MeasurementError
    return recorder.as_json()


def _report(label: str, measurement: list[int]) -> Report:
    nonce = seeded(f"{label}, nonce", SMALL.NONCE_SIZE)
    return Report(nonce, seeded(f"{label}, rand", SMALL.RAND_SIZE), measurement)


def vectors() -> dict[str, dict[str, Any]]:
    """Every vector by the name of its file."""
    small = [[0, 1023, MAX_MEASUREMENT], [2046, 1, 1024], [7, 77, 777]]
    large = [[(97 * i + 31 * j) % (MAX_MEASUREMENT + 1) for i in range(30)] for j in range(2)]
    named = {
        "length_3": passing(3, small),
        "length_30": passing(30, large),
        "bad_measurement_refused": refused_measurement(),
    }
    named |= {name: tampered(name, case) for name, case in TAMPERED.items()}
    return {f"Prio3SumVec_{name}.json": vector for name, vector in named.items()}


def encode(vector: dict[str, Any]) -> str:
    """A vector as it stands in its file."""
    return json.dumps(vector, indent=4, sort_keys=True) + "\n"


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for name, vector in vectors().items():
        (FOLDER / name).write_text(encode(vector), encoding="utf-8")


if __name__ == "__main__":
    main()
