"""Time of one report: ``python -m tests.bench vdaf``

Verification is what one party does for one report: decode, verify_init, combine, verify_next and
add to the sum. The slower of the two parties counts. The best of several runs is shown.
"""

import timeit
from collections.abc import Callable, Iterator

from privacy.vdaf.circuits import optimal_chunk_length
from privacy.vdaf.messages import AggregateShare
from privacy.vdaf.prio3 import Prio3SumVec
from tests.bench.figure import Figure

MAX_MEASUREMENT = 2046
CTX = b"plurale bench, with a context as long as the real one: two digests and two names" * 2
KEY, NONCE = bytes(32), bytes(16)


def milliseconds(work: Callable[[], object], runs: int = 50, rounds: int = 7) -> float:
    """The least mean time of ``work`` over some rounds, after one run to fill tables."""
    work()
    return min(timeit.repeat(work, number=runs, repeat=rounds)) / runs * 1000


def _shard(vdaf: Prio3SumVec) -> float:
    measurement = [(97 * i) % (MAX_MEASUREMENT + 1) for i in range(vdaf.length)]
    rand = bytes(range(vdaf.RAND_SIZE))
    return milliseconds(lambda: vdaf.shard(CTX, measurement, NONCE, rand))


def _verify(vdaf: Prio3SumVec) -> float:
    public, shares = vdaf.shard(CTX, [7] * vdaf.length, NONCE, bytes(vdaf.RAND_SIZE))
    public_share = vdaf.encode_public_share(public)
    encoded = [vdaf.encode_input_share(share) for share in shares]
    sent = [vdaf.verify_init(KEY, CTX, i, NONCE, public, shares[i])[1] for i in (0, 1)]
    total = vdaf.aggregate_init()

    def verify(party: int) -> AggregateShare:
        state, _ = vdaf.verify_init(
            KEY,
            CTX,
            party,
            NONCE,
            vdaf.decode_public_share(public_share),
            vdaf.decode_input_share(party, encoded[party]),
        )
        message = vdaf.verifier_shares_to_message(CTX, sent)
        return vdaf.aggregate_update(total, vdaf.verify_next(state, message))

    return max(milliseconds(lambda: verify(0)), milliseconds(lambda: verify(1)))


def figures() -> Iterator[Figure]:
    """Milliseconds, for three and for thirty coordinates."""
    for length, most_shard, most_verify in ((3, None, 0.25), (30, 3.0, 1.0)):
        vdaf = Prio3SumVec(length, MAX_MEASUREMENT, optimal_chunk_length(length, MAX_MEASUREMENT))
        yield Figure(f"shard, {length} coordinates (ms)", _shard(vdaf), most_shard)
        verify = f"verify a report, one party, {length} coordinates (ms)"
        yield Figure(verify, _verify(vdaf), most_verify)
