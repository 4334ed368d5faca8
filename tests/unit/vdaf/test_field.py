import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.vdaf import field
from privacy.vdaf.errors import DecodeError, ParameterError
from privacy.vdaf.field import MODULUS

ELEMENTS = st.integers(0, MODULUS - 1)


def test_the_modulus_is_a_128_bit_prime() -> None:
    assert MODULUS.bit_length() == 128
    assert all(_is_strong_probable_prime(MODULUS, base) for base in (2, 3, 5, 7, 11, 13, 17, 19))


def _is_strong_probable_prime(number: int, base: int) -> bool:
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    power = pow(base, odd, number)
    return power in (1, number - 1) or any(
        pow(power, 1 << i, number) == number - 1 for i in range(1, twos)
    )


@pytest.mark.parametrize("log_order", [0, 1, 2, 5, 20, 66])
def test_a_root_of_unity_has_exactly_its_order(log_order: int) -> None:
    order = 1 << log_order
    root = field.root_of_unity(order)
    assert pow(root, order, MODULUS) == 1
    assert log_order == 0 or pow(root, order // 2, MODULUS) == MODULUS - 1


@pytest.mark.parametrize("order", [-2, 0, 3, 12, 1 << 67])
def test_a_root_of_unity_that_does_not_exist_is_refused(order: int) -> None:
    with pytest.raises(ParameterError, match=str(order)):
        field.root_of_unity(order)


@given(st.lists(ELEMENTS, max_size=8))
def test_decoding_undoes_encoding(vector: list[int]) -> None:
    assert field.decode(field.encode(vector), len(vector), "x") == tuple(vector)


def test_elements_are_little_endian() -> None:
    assert field.encode([1, 256]) == b"\1" + bytes(15) + b"\0\1" + bytes(14)


@pytest.mark.parametrize("number", [MODULUS, MODULUS + 1, 2**128 - 1])
@pytest.mark.parametrize("place", [0, 2])
def test_a_number_that_is_no_element_is_refused(number: int, place: int) -> None:
    vector = [5, 6, 7]
    vector[place] = number
    with pytest.raises(DecodeError, match="thing"):
        field.decode(field.encode(vector), 3, "The thing")


def test_the_largest_element_is_accepted() -> None:
    assert field.decode(field.encode([MODULUS - 1]), 1, "x") == (MODULUS - 1,)


@pytest.mark.parametrize("size", [0, 15, 16, 31, 33, 48])
def test_another_length_is_refused(size: int) -> None:
    with pytest.raises(DecodeError, match=f"{size} bytes, not 32"):
        field.decode(bytes(size), 2, "The thing")


@given(st.lists(st.tuples(ELEMENTS, ELEMENTS), max_size=8))
def test_subtraction_undoes_addition(pairs: list[tuple[int, int]]) -> None:
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    total = field.add(left, right)
    assert field.subtract(total, right) == tuple(left)
    assert all(0 <= element < MODULUS for element in total)


def test_vectors_of_two_lengths_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="longer"):
        field.add([1], [1, 2])
    with pytest.raises(ValueError, match="longer"):
        field.subtract([1], [1, 2])


@pytest.mark.parametrize("number", [-1, MODULUS])
def test_only_elements_are_elements(number: int) -> None:
    field.require_elements((), "x")
    field.require_elements((0, MODULUS - 1), "x")
    with pytest.raises(ParameterError, match="thing"):
        field.require_elements((0, number), "The thing")
