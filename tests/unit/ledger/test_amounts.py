"""Amounts as texts: exact as long as that is readable, and never too little."""

from fractions import Fraction

import pytest

from privacy.ledger.amounts import written

LONG = Fraction(1, 10**80 + 1)


@pytest.mark.parametrize("rho", [Fraction(0), Fraction(1, 26), Fraction(-1, 26), Fraction(10**79)])
def test_an_amount_is_written_exactly(rho: Fraction) -> None:
    assert written(rho) == str(rho)


def test_what_is_longer_is_rounded_up() -> None:
    for rho in (LONG, 1 + LONG, Fraction(10**90 + 1, 10**80 + 1)):
        assert rho < Fraction(written(rho)) <= rho + Fraction(1, 10**30)


def test_a_sum_too_long_for_a_text_is_written_too() -> None:
    total = sum((Fraction(1, 10**79 + odd) for odd in range(1, 200, 2)), Fraction(0))
    with pytest.raises(ValueError, match="limit"):
        str(total)
    assert Fraction(written(total)) >= total
