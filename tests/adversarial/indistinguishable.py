"""Whether two sets of byte strings can be told apart, or from random ones: chi-square tests.

Each set is a matrix of bytes, one row a report. The tests of one call of `findings` raise a false
alarm with a chance of 5 × ALPHA together, whatever the number of columns.

Power, with 500 rows and up to 640 columns: a nibble that is constant, or that differs between the
sets, gives a statistic of 500 and more, the thresholds being near 85. A bit that is set in 78 % of
the rows of one column, or in 54 % of the rows of each of 176 columns, is seen with a chance above
0.9999 (non-central chi-square with 15 and 255 degrees of freedom).
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

ALPHA: Final = 1e-8

Matrix: TypeAlias = NDArray[np.uint8]
Counts: TypeAlias = NDArray[np.float64]


def matrix(rows: Sequence[bytes]) -> Matrix:
    """Byte strings of one length as rows."""
    return np.array([np.frombuffer(row, dtype=np.uint8) for row in rows])


def findings(low: Matrix, high: Matrix) -> list[str]:
    """What is wrong with the claim that both sets are random bytes; empty if nothing is."""
    return [
        *_not_uniform("low", low),
        *_not_uniform("high", high),
        *_different(low, high),
    ]


def _not_uniform(name: str, rows: Matrix) -> Iterator[str]:
    counts = np.bincount(rows.ravel(), minlength=256).astype(float)
    if _from_uniform(counts[None, :])[0] > chi2.isf(ALPHA, 255):
        yield f"{name}: bytes are not uniform"
    columns = rows.shape[1]
    limit = chi2.isf(ALPHA / (2 * columns), 15)
    for half, nibbles in (("high", _bits(rows, 4)), ("low", _bits(rows, 0))):
        statistic = _from_uniform(_counts(nibbles))
        for column in np.flatnonzero(statistic > limit):
            yield f"{name}: the {half} bits of byte {column} are not uniform"


def _different(low: Matrix, high: Matrix) -> Iterator[str]:
    columns = low.shape[1]
    limit = chi2.isf(ALPHA / (2 * columns), 15)
    for half, shift in (("high", 4), ("low", 0)):
        one, other = _counts(_bits(low, shift)), _counts(_bits(high, shift))
        for column in np.flatnonzero(_between(one, other) > limit):
            yield f"the {half} bits of byte {column} tell low from high"


def _bits(rows: Matrix, shift: int) -> Matrix:
    nibbles: Matrix = (rows >> np.uint8(shift)) & np.uint8(15)
    return nibbles


def _counts(nibbles: Matrix) -> Counts:
    # One row for each column of the matrix, one column for each of 16 values.
    return np.stack([(nibbles == value).sum(axis=0) for value in range(16)], axis=1).astype(float)


def _from_uniform(counts: Counts) -> Counts:
    expected = counts.sum(axis=1, keepdims=True) / counts.shape[1]
    statistic: Counts = ((counts - expected) ** 2 / expected).sum(axis=1)
    return statistic


def _between(one: Counts, other: Counts) -> Counts:
    # Chi-square of a 2 × 16 table with rows of equal totals; empty values add nothing.
    total = np.maximum(one + other, 1)
    statistic: Counts = ((one - other) ** 2 / total).sum(axis=1)
    return statistic
