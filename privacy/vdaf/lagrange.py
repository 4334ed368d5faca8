"""Polynomials as their values on roots of unity (draft section 6.1.3.2).

A polynomial f of degree below n is the list f(w**0), ..., f(w**(n-1)), with w the principal n-th
root of unity. It is never turned into coefficients: its value at a point t is the dot product of
that list with weights that depend on n and t alone, computed once for all wires of a proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from operator import mul

from privacy.vdaf.field import MODULUS, Vector, root_of_unity


@cache
def domain(size: int) -> "Domain":
    """The shared, lazily filled tables of the ``size``-th roots of unity."""
    return Domain(size)


@dataclass(frozen=True)
class Domain:
    """The ``size``-th roots of unity in order of their exponents; ``size`` is a power of two."""

    size: int

    @cached_property
    def roots(self) -> Vector:
        """w**0, w**1, ..., w**(size-1)."""
        root, powers = root_of_unity(self.size), [1]
        for _ in range(self.size - 1):
            powers.append(powers[-1] * root % MODULUS)
        return tuple(powers)

    @cached_property
    def _inverse_size(self) -> int:
        return pow(self.size, -1, MODULUS)

    def contains(self, point: int) -> bool:
        """Whether ``point`` is one of the roots."""
        return pow(point, self.size, MODULUS) == 1

    def weights(self, point: int) -> list[int]:
        """Lagrange weights: sum(weights[i] * f(w**i)) = f(point) for every f of degree < size.

        weights[i] = w**i / size * product of (point - w**j) over all j other than i. The products
        come from running products from both ends, so nothing is inverted and the formula also
        holds when the point is itself a root.
        """
        differences = [point - root for root in self.roots]
        below = [self._inverse_size]
        for difference in differences[:-1]:
            below.append(below[-1] * difference % MODULUS)
        weights, above = [0] * self.size, 1
        for i in range(self.size - 1, -1, -1):
            weights[i] = below[i] * above % MODULUS * self.roots[i] % MODULUS
            above = above * differences[i] % MODULUS
        return weights

    @cached_property
    def odd_rows(self) -> tuple[Vector, ...]:
        """Row i gives f at the (2i+1)-th of the 2*size-th roots, as weights on f's stored values.

        With v the principal 2*size-th root, the weight of value k in row i depends on i - k only:
        row i is row 0 turned by i places.
        """
        first = self.weights(domain(2 * self.size).roots[1])
        return tuple(
            tuple(first[-i:] + first[:-i]) if i else tuple(first) for i in range(self.size)
        )

    def last_value(self, others: Sequence[int]) -> int:
        """The value at the last root, given all others, of an f of degree below size - 1.

        The coefficient of x**(size-1) is zero; it is the sum of f(w**i) * w**i, over size.
        """
        scaled_sum: int = sum(map(mul, others, self.roots))
        return -self.roots[1] * scaled_sum % MODULUS
