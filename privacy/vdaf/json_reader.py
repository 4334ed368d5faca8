"""Read parsed JSON into typed values; each refusal names the place where it stands."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Reader: TypeAlias = Callable[[object, str], T]
"""Takes a JSON value and the name of its place; returns it typed or raises UnusableVector."""


class UnusableVector(Exception):
    """A test vector that cannot be replayed: malformed, incomplete or of an unknown circuit."""


def member(value: object, key: str, where: str, read: Reader[T]) -> T:
    """The member ``key`` of a JSON object."""
    place = f"{where}.{key}" if where else key
    if not isinstance(value, dict):
        raise UnusableVector(f"{where or 'the file'} is not a JSON object")
    if key not in value:
        raise UnusableVector(f"{place} is missing")
    return read(value[key], place)


def sequence(read: Reader[T]) -> Reader[tuple[T, ...]]:
    """A JSON array whose items are all read by ``read``."""

    def read_all(value: object, where: str) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise UnusableVector(f"{where} is not a list")
        return tuple(read(item, f"{where}[{place}]") for place, item in enumerate(value))

    return read_all


def optional(read: Reader[T]) -> Reader[T | None]:
    """null, or what ``read`` takes."""
    return lambda value, where: None if value is None else read(value, where)


def hexadecimal(value: object, where: str) -> bytes:
    """Bytes written as hexadecimal digits."""
    try:
        if isinstance(value, str):
            return bytes.fromhex(value)
    except ValueError:
        pass
    raise UnusableVector(f"{where} is not hexadecimal")


def integer(value: object, where: str) -> int:
    """A whole number; true and false are none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnusableVector(f"{where} is not a whole number")
    return value


def boolean(value: object, where: str) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise UnusableVector(f"{where} is neither true nor false")
    return value


def text(value: object, where: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise UnusableVector(f"{where} is not a string")
    return value
