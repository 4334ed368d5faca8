"""A published Prio3SumVec test vector as typed values (schema: draft appendix C.1)."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from privacy.vdaf.errors import ParameterError
from privacy.vdaf.json_reader import (
    UnusableVector,
    boolean,
    hexadecimal,
    integer,
    member,
    optional,
    sequence,
    text,
)
from privacy.vdaf.prio3 import Prio3SumVec

_INDICES: Final = {
    "shard": ("report_index",),
    "verify_init": ("report_index", "aggregator_id"),
    "verifier_shares_to_message": ("report_index", "round"),
    "verify_next": ("report_index", "round", "aggregator_id"),
    "aggregate": ("aggregator_id",),
    "unshard": (),
}
"""What each operation is about."""

_ROUNDS: Final = {"verifier_shares_to_message": 0, "verify_next": 1}
"""Prio3 has one round, so the only round that each operation can name."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One step to execute; ``report`` and ``party`` are -1 where the step has none."""

    name: str
    report: int
    party: int
    success: bool


@dataclass(frozen=True, slots=True)
class ReportVector:
    """All recorded messages of one report; lists by party, or by round for the messages."""

    measurement: tuple[int, ...] | None
    nonce: bytes
    rand: bytes
    public_share: bytes
    input_shares: tuple[bytes, ...]
    verifier_shares: tuple[bytes, ...]
    verifier_messages: tuple[bytes, ...]
    out_shares: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SumVecVector:
    """A whole file."""

    vdaf: Prio3SumVec
    verify_key: bytes
    ctx: bytes
    reports: tuple[ReportVector, ...]
    operations: tuple[Operation, ...]
    agg_shares: tuple[bytes, ...]
    agg_result: tuple[int, ...] | None


def read_vector(value: object) -> SumVecVector:
    """Type a parsed file, or raise UnusableVector with the place that does not fit the schema."""
    if member(value, "agg_param", "", hexadecimal):
        raise UnusableVector("agg_param is not empty, and Prio3 has no aggregation parameter")
    vdaf = _read_vdaf(value)
    reports = member(value, "reports", "", sequence(partial(_read_report, shares=vdaf.shares)))
    limits = {"report_index": len(reports), "aggregator_id": vdaf.shares}
    operations = member(value, "operations", "", sequence(partial(_read_operation, limits=limits)))
    if not operations:
        raise UnusableVector("operations is empty, so nothing would be checked")
    if len(set(operations)) < len(operations):
        raise UnusableVector("operations holds one operation twice")
    return SumVecVector(
        vdaf=vdaf,
        verify_key=member(value, "verify_key", "", hexadecimal),
        ctx=member(value, "ctx", "", hexadecimal),
        reports=reports,
        operations=operations,
        agg_shares=_read_list(value, "agg_shares", "", vdaf.shares),
        agg_result=member(value, "agg_result", "", optional(sequence(integer))),
    )


def _read_vdaf(value: object) -> Prio3SumVec:
    names = ("length", "max_measurement", "chunk_length", "shares")
    parameters = [member(value, name, "", integer) for name in names]
    try:
        return Prio3SumVec(*parameters)
    except ParameterError as error:
        raise UnusableVector(f"the parameters are refused: {error}") from error


def _read_list(value: object, key: str, where: str, limit: int) -> tuple[bytes, ...]:
    items = member(value, key, where, sequence(hexadecimal))
    if len(items) > limit:
        raise UnusableVector(f"{where}{'.' if where else ''}{key} has more than {limit} items")
    return items


def _read_report(value: object, where: str, shares: int) -> ReportVector:
    rounds = member(value, "verifier_shares", where, sequence(sequence(hexadecimal)))
    if len(rounds) > 1 or any(len(items) > shares for items in rounds):
        raise UnusableVector(f"{where}.verifier_shares is not one round of at most {shares} shares")
    return ReportVector(
        measurement=member(value, "measurement", where, optional(sequence(integer))),
        nonce=member(value, "nonce", where, hexadecimal),
        rand=member(value, "rand", where, hexadecimal),
        public_share=member(value, "public_share", where, hexadecimal),
        input_shares=_read_list(value, "input_shares", where, shares),
        verifier_shares=rounds[0] if rounds else (),
        verifier_messages=_read_list(value, "verifier_messages", where, 1),
        out_shares=_read_list(value, "out_shares", where, shares),
    )


def _read_operation(value: object, where: str, limits: dict[str, int]) -> Operation:
    name = member(value, "operation", where, text)
    if name not in _INDICES:
        raise UnusableVector(f"{where}.operation is '{name}', which is no operation of a VDAF")
    indices = {key: member(value, key, where, integer) for key in _INDICES[name]}
    if indices.pop("round", None) != _ROUNDS.get(name):
        raise UnusableVector(f"{where}.round is not a round of Prio3")
    for key, index in indices.items():
        if not 0 <= index < limits[key]:
            raise UnusableVector(f"{where}.{key} is {index}, and there are {limits[key]}")
    return Operation(
        name=name,
        report=indices.get("report_index", -1),
        party=indices.get("aggregator_id", -1),
        success=member(value, "success", where, boolean),
    )
