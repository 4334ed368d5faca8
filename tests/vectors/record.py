"""Run the operations of a VDAF on encoded messages and write down all that happens, as published.

The format is that of the draft's appendix C.1. A run ends at the first refusal.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from privacy.vdaf.errors import VdafError
from privacy.vdaf.messages import VerifyState
from privacy.vdaf.prio3 import Prio3SumVec

CTX = b"plurale test vector"


def seeded(label: str, size: int) -> bytes:
    """Bytes that look random and are the same on every run."""
    return hashlib.shake_128(f"plurale test vector: {label}".encode()).digest(size)


@dataclass
class Report:
    """Encoded messages of a report as they reach the parties; altered at will."""

    nonce: bytes
    rand: bytes
    measurement: list[int] | None = None
    public_share: bytes = b""
    input_shares: list[bytes] = field(default_factory=list)
    verifier_shares: list[bytes] = field(default_factory=list)
    verifier_messages: list[bytes] = field(default_factory=list)
    out_shares: list[bytes] = field(default_factory=list)
    states: dict[int, VerifyState] = field(default_factory=dict)


@dataclass
class Recorder:
    """Executes operations on reports and keeps the list of them. ``refusal`` ends the run."""

    vdaf: Prio3SumVec
    verify_key: bytes
    reports: list[Report] = field(default_factory=list)
    operations: list[dict[str, Any]] = field(default_factory=list)
    agg_shares: list[bytes] = field(default_factory=list)
    agg_result: list[int] | None = None
    refusal: VdafError | None = None

    def attempt(self, operation: str, **indices: int) -> None:
        """Execute one operation and note whether it succeeded."""
        if self.refusal is not None:
            return
        try:
            getattr(self, f"_{operation}")(**indices)
        except VdafError as error:
            self.refusal = error
        success = self.refusal is None
        self.operations.append({"operation": operation, "success": success, **indices})

    def verify(self, place: int, inits: Sequence[int] = (0, 1)) -> None:
        """Verify one report as both parties."""
        for party in inits:
            self.attempt("verify_init", report_index=place, aggregator_id=party)
        self.attempt("verifier_shares_to_message", report_index=place, round=0)
        for party in range(self.vdaf.shares):
            self.attempt("verify_next", report_index=place, aggregator_id=party, round=1)

    def _shard(self, report_index: int) -> None:
        report = self.reports[report_index]
        assert report.measurement is not None
        public, shares = self.vdaf.shard(CTX, report.measurement, report.nonce, report.rand)
        report.public_share = self.vdaf.encode_public_share(public)
        report.input_shares = [self.vdaf.encode_input_share(share) for share in shares]

    def _verify_init(self, report_index: int, aggregator_id: int) -> None:
        report = self.reports[report_index]
        state, share = self.vdaf.verify_init(
            self.verify_key,
            CTX,
            aggregator_id,
            report.nonce,
            self.vdaf.decode_public_share(report.public_share),
            self.vdaf.decode_input_share(aggregator_id, report.input_shares[aggregator_id]),
        )
        report.states[aggregator_id] = state
        report.verifier_shares.append(self.vdaf.encode_verifier_share(share))

    def _verifier_shares_to_message(self, report_index: int, round: int) -> None:  # noqa: A002
        report = self.reports[report_index]
        shares = [self.vdaf.decode_verifier_share(share) for share in report.verifier_shares]
        message = self.vdaf.verifier_shares_to_message(CTX, shares)
        report.verifier_messages.append(self.vdaf.encode_verifier_message(message))

    def _verify_next(self, report_index: int, aggregator_id: int, round: int) -> None:  # noqa: A002
        report = self.reports[report_index]
        message = self.vdaf.decode_verifier_message(report.verifier_messages[0])
        out_share = self.vdaf.verify_next(report.states[aggregator_id], message)
        report.out_shares.append(self.vdaf.encode_out_share(out_share))

    def _aggregate(self, aggregator_id: int) -> None:
        aggregate = self.vdaf.aggregate_init()
        for report in self.reports:
            out_share = self.vdaf.decode_out_share(report.out_shares[aggregator_id])
            aggregate = self.vdaf.aggregate_update(aggregate, out_share)
        self.agg_shares.append(self.vdaf.encode_aggregate_share(aggregate))

    def _unshard(self) -> None:
        shares = [self.vdaf.decode_aggregate_share(share) for share in self.agg_shares]
        self.agg_result = self.vdaf.unshard(shares, len(self.reports))

    def as_json(self) -> dict[str, Any]:
        """The vector, ready to be written."""
        return {
            "agg_param": "",
            "agg_result": self.agg_result,
            "agg_shares": _hex(self.agg_shares),
            "chunk_length": self.vdaf.chunk_length,
            "ctx": CTX.hex(),
            "length": self.vdaf.length,
            "max_measurement": self.vdaf.max_measurement,
            "operations": self.operations,
            "reports": [_report_as_json(report) for report in self.reports],
            "shares": self.vdaf.shares,
            "verify_key": self.verify_key.hex(),
        }


def _hex(items: Sequence[bytes]) -> list[str]:
    return [item.hex() for item in items]


def _report_as_json(report: Report) -> dict[str, Any]:
    return {
        "input_shares": _hex(report.input_shares),
        "measurement": report.measurement,
        "nonce": report.nonce.hex(),
        "out_shares": _hex(report.out_shares),
        "public_share": report.public_share.hex(),
        "rand": report.rand.hex(),
        "verifier_messages": _hex(report.verifier_messages),
        "verifier_shares": [_hex(report.verifier_shares)],
    }
