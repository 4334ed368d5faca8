"""Ways to match, to pair and to tell apart, each with the most that chance explains.

Every bound is for a claim that has to hold for `tests` classifiers at once: if nothing can be
learned, a test that looks at all of them fails with a chance of at most ALPHA.

Matching: under chance each batch is matched by a random permutation (or injection, of n into N).
For the number X of right matches, the mean of C(X, j) over all batches together is at most
λ^j / j! with λ = Σ n/N, so P(X ≥ k) ≤ λ^j / (j! C(k, j)) for every j ≤ k (Markov).

Telling apart: the area under the curve (AUC), within each batch so that batches may differ. Under
chance the Mann-Whitney statistic over all batches has mean Σ n₁n₂/2 and a variance of at most
Σ n₁n₂(n+1)/12 (fewer with ties), and is close to normal with hundreds on each side.
"""

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import norm, rankdata

ALPHA: Final = 1e-6

Values: TypeAlias = NDArray[np.float64]
"""One row for each feature, one column for each report (or member) of a batch."""

Labels: TypeAlias = NDArray[np.bool_]

_RIDGE: Final = 3.0


def most_by_chance(expected: float, tests: int) -> int:
    """The most right matches that chance explains, where it makes `expected` (λ) of them."""
    k = 1
    while _at_least(expected, k + 1) > ALPHA / tests:
        k += 1
    return k


def _at_least(expected: float, k: int) -> float:
    logs = [
        j * math.log(expected) - math.lgamma(j + 1) - math.log(math.comb(k, j))
        for j in range(1, k + 1)
    ]
    return math.exp(min(0.0, *logs))


def by_rank(members: Values, reports: Values, random: np.random.Generator) -> NDArray[np.int64]:
    """Right matches for each feature of members (row) by each feature of reports (column).

    Both are sorted, and the first of the one is matched with the first, and with the last, of the
    other: two planes. Column i of both is the same person.
    """
    mine, theirs = _ranks(members, random), _ranks(reports, random)
    last = mine.shape[1] - 1
    up = (mine[:, None, :] == theirs[None, :, :]).sum(axis=2)
    down = (mine[:, None, :] == last - theirs[None, :, :]).sum(axis=2)
    return np.stack([up, down])


def _ranks(values: Values, random: np.random.Generator) -> NDArray[np.int64]:
    # Equal values in random order: what their order in the array would give away is the truth.
    shuffled = random.permutation(values.shape[1])
    order = np.argsort(values[:, shuffled], axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(values.shape[1])[None, :], axis=1)
    found = np.empty_like(ranks)
    found[:, shuffled] = ranks
    return found


def by_nearness(
    few: NDArray[np.float64], many: NDArray[np.float64], random: np.random.Generator
) -> int:
    """Right pairs when each of `few` gets another one of `many`, as near as possible in all.

    The first of the one is the same person as the first of the other, and so on.
    """
    return int(right_pairs(np.abs(few[:, None] - many[None, :]), random).sum())


def right_pairs(costs: NDArray[np.float64], random: np.random.Generator) -> Labels:
    """Which rows get the column of their own number when each gets another, at the least cost."""
    rows, columns = (random.permutation(size) for size in costs.shape)
    chosen = linear_sum_assignment(costs[np.ix_(rows, columns)])
    right = np.zeros(costs.shape[0], dtype=bool)
    right[rows[chosen[0]]] = rows[chosen[0]] == columns[chosen[1]]
    return right


def deviations(batches: Sequence[tuple[Values, Labels]]) -> NDArray[np.float64]:
    """For each feature, how many standard deviations its AUC is from one half."""
    above, variance = np.zeros(batches[0][0].shape[0]), 0.0
    for values, labels in batches:
        ones, zeros = int(labels.sum()), int((~labels).sum())
        ranks = rankdata(values, axis=1)
        above += ranks[:, labels].sum(axis=1) - ones * (ones + 1) / 2 - ones * zeros / 2
        variance += ones * zeros * (len(labels) + 1) / 12
    deviating: NDArray[np.float64] = above / math.sqrt(variance)
    return deviating


def half_width(batches: Sequence[Labels], tests: int) -> float:
    """How far from one half an AUC may be by chance, for labels of these batches."""
    pairs = [int(labels.sum()) * int((~labels).sum()) for labels in batches]
    variance = sum(n * (len(labels) + 1) / 12 for n, labels in zip(pairs, batches, strict=True))
    return most_deviation(tests) * math.sqrt(variance) / sum(pairs)


def most_deviation(tests: int) -> float:
    """The most standard deviations that chance explains."""
    return float(norm.isf(ALPHA / (2 * tests)))


def learned(batches: Sequence[tuple[Values, Labels]], taught: Sequence[Labels]) -> Sequence[Values]:
    """What a logistic regression says of each report, having learned from those `taught`."""
    scaled = [_scaled(values) for values, _ in batches]
    known = np.concatenate([each[:, t] for each, t in zip(scaled, taught, strict=True)], axis=1)
    labels = np.concatenate([each[t] for (_, each), t in zip(batches, taught, strict=True)])
    inputs = np.vstack([known, np.ones(known.shape[1])])
    weights = np.zeros(inputs.shape[0])
    for _ in range(30):  # Newton's steps
        says = 1 / (1 + np.exp(-weights @ inputs))
        gradient = inputs @ (says - labels) + _RIDGE * weights
        curvature = (inputs * (says * (1 - says))) @ inputs.T + _RIDGE * np.eye(len(weights))
        weights -= np.linalg.solve(curvature, gradient)
    return [weights[None, :-1] @ each for each in scaled]


def nearest(batches: Sequence[tuple[Values, Labels]], taught: Sequence[Labels]) -> Sequence[Values]:
    """What the 15 nearest of those `taught` say of each report, by all features alike."""
    scaled = [_scaled(values) for values, _ in batches]
    known = np.concatenate([each[:, t] for each, t in zip(scaled, taught, strict=True)], axis=1)
    labels = np.concatenate([each[t] for (_, each), t in zip(batches, taught, strict=True)])
    says = []
    for each in scaled:
        apart = (known**2).sum(axis=0)[None, :] - 2 * each.T @ known
        says.append(labels[np.argsort(apart, axis=1)[:, :15]].mean(axis=1)[None, :])
    return says


def _scaled(values: Values) -> Values:
    """Ranks within the batch, from -1 to 1."""
    size = values.shape[1]
    scaled: Values = (2 * rankdata(values, axis=1) - size - 1) / size
    return scaled
