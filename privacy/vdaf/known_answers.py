"""Execute the operations of a test vector and compare every output byte for byte.

Inputs of an operation are the vector's own messages, as the draft's appendix C.1 asks; only the
verification states are kept from one operation to the next. An operation marked ``success: false``
must be refused with a VdafError, and refused at that operation. No I/O here.
"""

from dataclasses import dataclass
from typing import TypeAlias

from privacy.vdaf import field, xof
from privacy.vdaf.errors import VdafError
from privacy.vdaf.json_reader import UnusableVector, hexadecimal, integer, member
from privacy.vdaf.messages import VerifyState
from privacy.vdaf.vector_file import Operation, ReportVector, SumVecVector, read_vector

Output: TypeAlias = tuple[str, bytes | list[int], bytes | list[int]]
"""Name of a field, what was computed, what the vector records."""


class Difference(Exception):
    """Computed and recorded disagree; the message names report, operation and field."""


def replay_xof(value: object) -> int:
    """Replay an XofTurboShake128 vector; the number of operations executed."""
    names = ("seed", "dst", "binder", "derived_seed", "expanded_vec_field128")
    seed, dst, binder, derived, expanded = (member(value, n, "", hexadecimal) for n in names)
    length = member(value, "length", "", integer)
    if length < 1 or len(expanded) != length * field.ENCODED_SIZE:
        raise UnusableVector(f"expanded_vec_field128 does not have {length} elements")
    try:
        _compare("derive_seed", ("derived_seed", xof.derive_seed(seed, dst, binder), derived))
        vector = field.encode(xof.expand(seed, dst, binder, length))
    except VdafError as error:
        raise UnusableVector(f"the inputs are refused: {error}") from error
    _compare("expand", ("expanded_vec_field128", vector, expanded))
    return 2


def replay_sum_vec(value: object) -> int:
    """Replay a Prio3SumVec vector; the number of operations executed, at least one.

    Raises Difference at the first operation that does not end as recorded, UnusableVector for a
    file that does not fit the schema or records outputs that no operation reaches.
    """
    vector = read_vector(value)
    replay = _Replay(vector, states={}, reached=set())
    for number, operation in enumerate(vector.operations):
        replay.execute(number, operation)
    replay.require_all_reached()
    return len(vector.operations)


@dataclass(frozen=True, slots=True)
class _Replay:
    """One pass over a vector: verification states by report and party, and fields reached."""

    vector: SumVecVector
    states: dict[tuple[int, int], VerifyState]
    reached: set[str]

    def execute(self, number: int, operation: Operation) -> None:
        """Perform one operation and hold its outcome against the recorded one."""
        title = _title(number, operation)
        try:
            outputs = self._perform(operation)
        except VdafError as error:
            if operation.success:
                cause = type(error).__name__
                raise Difference(f"{title} is refused, but must pass ({cause}: {error})") from error
            return
        if not operation.success:
            raise Difference(f"{title} passes, but must be refused")
        for output in outputs:
            _compare(title, output)

    def require_all_reached(self) -> None:
        """Refuse a vector with outputs that were neither compared nor verified with."""
        recorded = {f"agg_shares[{party}]" for party in range(len(self.vector.agg_shares))}
        if self.vector.agg_result is not None:
            recorded.add("agg_result")
        for place, report in enumerate(self.vector.reports):
            for key in ("verifier_shares", "verifier_messages", "out_shares"):
                count = len(getattr(report, key))
                recorded |= {f"reports[{place}].{key}[{i}]" for i in range(count)}
        if missed := sorted(recorded - self.reached):
            raise UnusableVector(f"{missed[0]} is recorded, but no operation reaches it")
        used = {operation.report for operation in self.vector.operations}
        for place in range(len(self.vector.reports)):
            if place not in used:
                raise UnusableVector(f"reports[{place}] is recorded, but no operation reaches it")

    def _perform(self, operation: Operation) -> list[Output]:
        party = operation.party
        if operation.name == "aggregate":
            return [self._aggregate(party)]
        if operation.name == "unshard":
            return [self._unshard()]
        report = self.vector.reports[operation.report]
        where = f"reports[{operation.report}]"
        if operation.name == "shard":
            return self._shard(report, where)
        if operation.name == "verify_init":
            return [self._verify_init(report, where, operation)]
        if operation.name == "verifier_shares_to_message":
            return [self._verifier_shares_to_message(report, where)]
        return [self._verify_next(report, where, operation)]

    def _shard(self, report: ReportVector, where: str) -> list[Output]:
        vdaf = self.vector.vdaf
        if report.measurement is None:
            raise UnusableVector(f"{where}.measurement is null, so it cannot be sharded")
        public_share, input_shares = vdaf.shard(
            self.vector.ctx, report.measurement, report.nonce, report.rand
        )
        outputs: list[Output] = [
            (f"{where}.public_share", vdaf.encode_public_share(public_share), report.public_share)
        ]
        for party, share in enumerate(input_shares):
            name = f"{where}.input_shares"
            recorded = self._recorded(report.input_shares, party, name)
            outputs.append((f"{name}[{party}]", vdaf.encode_input_share(share), recorded))
        return outputs

    def _verify_init(self, report: ReportVector, where: str, operation: Operation) -> Output:
        vdaf, party = self.vector.vdaf, operation.party
        encoded = self._recorded(report.input_shares, party, f"{where}.input_shares")
        state, verifier_share = vdaf.verify_init(
            self.vector.verify_key,
            self.vector.ctx,
            party,
            report.nonce,
            vdaf.decode_public_share(report.public_share),
            vdaf.decode_input_share(party, encoded),
        )
        self.states[operation.report, party] = state
        name = f"{where}.verifier_shares"
        computed = vdaf.encode_verifier_share(verifier_share)
        return f"{name}[{party}]", computed, self._recorded(report.verifier_shares, party, name)

    def _verifier_shares_to_message(self, report: ReportVector, where: str) -> Output:
        vdaf, name = self.vector.vdaf, f"{where}.verifier_shares"
        encoded = [self._recorded(report.verifier_shares, i, name) for i in range(vdaf.shares)]
        message = vdaf.verifier_shares_to_message(
            self.vector.ctx, [vdaf.decode_verifier_share(share) for share in encoded]
        )
        name = f"{where}.verifier_messages"
        computed = vdaf.encode_verifier_message(message)
        return f"{name}[0]", computed, self._recorded(report.verifier_messages, 0, name)

    def _verify_next(self, report: ReportVector, where: str, operation: Operation) -> Output:
        vdaf, party = self.vector.vdaf, operation.party
        state = self.states.get((operation.report, party))
        if state is None:
            raise UnusableVector(f"{where}: verify_next by party {party} lacks a verify_init")
        encoded = self._recorded(report.verifier_messages, 0, f"{where}.verifier_messages")
        out_share = vdaf.verify_next(state, vdaf.decode_verifier_message(encoded))
        name = f"{where}.out_shares"
        computed = vdaf.encode_out_share(out_share)
        return f"{name}[{party}]", computed, self._recorded(report.out_shares, party, name)

    def _aggregate(self, party: int) -> Output:
        vdaf = self.vector.vdaf
        aggregate = vdaf.aggregate_init()
        for place, report in enumerate(self.vector.reports):
            encoded = _item(report.out_shares, party, f"reports[{place}].out_shares")
            aggregate = vdaf.aggregate_update(aggregate, vdaf.decode_out_share(encoded))
        computed = vdaf.encode_aggregate_share(aggregate)
        recorded = self._recorded(self.vector.agg_shares, party, "agg_shares")
        return f"agg_shares[{party}]", computed, recorded

    def _unshard(self) -> Output:
        vdaf = self.vector.vdaf
        encoded = [
            _item(self.vector.agg_shares, party, "agg_shares") for party in range(vdaf.shares)
        ]
        shares = [vdaf.decode_aggregate_share(share) for share in encoded]
        if self.vector.agg_result is None:
            raise UnusableVector("agg_result is null, so there is nothing to compare")
        self.reached.add("agg_result")
        result = vdaf.unshard(shares, len(self.vector.reports))
        return "agg_result", result, list(self.vector.agg_result)

    def _recorded(self, items: tuple[bytes, ...], index: int, name: str) -> bytes:
        self.reached.add(f"{name}[{index}]")
        return _item(items, index, name)


def _item(items: tuple[bytes, ...], index: int, name: str) -> bytes:
    if index >= len(items):
        raise UnusableVector(f"{name}[{index}] is missing")
    return items[index]


def _title(number: int, operation: Operation) -> str:
    by = f" by party {operation.party}" if operation.party >= 0 else ""
    report = f"report {operation.report}, " if operation.report >= 0 else ""
    return f"{report}operation {number} ({operation.name}{by})"


def _compare(title: str, output: Output) -> None:
    name, computed, recorded = output
    if computed == recorded:
        return
    if len(computed) != len(recorded):
        sizes = f"{len(computed)} computed, {len(recorded)} recorded"
        raise Difference(f"{title}, {name}: the lengths differ ({sizes})")
    pairs = enumerate(zip(computed, recorded, strict=True))
    place = next(i for i, (ours, theirs) in pairs if ours != theirs)
    unit = "byte" if isinstance(computed, bytes) else "entry"
    values = f"{computed[place]} computed, {recorded[place]} recorded"
    raise Difference(f"{title}, {name}: {unit} {place} differs ({values})")
