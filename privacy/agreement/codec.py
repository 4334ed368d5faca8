"""Both directions of one format, described once: typed values to JSON-able data and back.

A `Codec` writes a value it is given and reads what it wrote. Reading is strict and gathers every
problem it can before it raises `InvalidAgreement`; each problem is a sentence that starts with
the path of the offending entry, such as ``tasks[1].metrics[0].clip``.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final, Generic, TypeVar

from privacy.errors import InvalidAgreement, InvalidValue

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_SAFE_INTEGER: Final = 2**53
"""RFC 8785 numbers are IEEE doubles: integers are exact below this."""

_MAX_DIGITS: Final = 30
"""Of a numerator or denominator. Arithmetic on endless numbers would be a way to stall a server."""

_EXACT = re.compile(r"-?[0-9]+(/[0-9]+|\.[0-9]+)?", re.ASCII)


def fail(path: str, sentence: str) -> InvalidAgreement:
    """The error for one entry."""
    return InvalidAgreement([f"{path}: {sentence}" if path else sentence])


@dataclass(frozen=True, slots=True)
class Codec(Generic[T]):
    """`write(value)` gives JSON-able data; `read(data, path)` gives the value back or raises.

    `keys` names the keys of a record's table; it is empty for anything else.
    """

    write: Callable[[T], Any]
    read: Callable[[Any, str], T]
    keys: frozenset[str] = frozenset()


def _read_text(data: Any, path: str) -> str:
    if not isinstance(data, str):
        raise fail(path, "this must be a text in quotes")
    if not data.replace("\n", "").isprintable():
        raise fail(path, "this text contains a character that cannot be shown: write it anew")
    return data


def _read_integer(data: Any, path: str) -> int:
    if not isinstance(data, int) or isinstance(data, bool):
        raise fail(path, "this must be a whole number, without quotes")
    if abs(data) >= _SAFE_INTEGER:
        raise fail(path, f"the number must be smaller than {_SAFE_INTEGER}")
    return data


def _read_exact(data: Any, path: str) -> Fraction:
    wrong = fail(path, 'this must be an exact number: write 0.8, "4/5" or 2')
    if isinstance(data, Decimal):
        exponent = data.as_tuple().exponent
        if not isinstance(exponent, int) or abs(exponent) > _MAX_DIGITS:
            raise wrong
        data = f"{data:f}"
    elif isinstance(data, int) and not isinstance(data, bool):
        data = str(_read_integer(data, path))
    if not isinstance(data, str) or not _EXACT.fullmatch(data):
        raise wrong
    too_long = fail(path, f"the number has more than {_MAX_DIGITS} digits: shorten it")
    if len(data) > 3 * _MAX_DIGITS:
        raise too_long
    try:
        value = Fraction(data)
    except ZeroDivisionError:
        raise fail(path, "the number divides by zero") from None
    if max(abs(value.numerator), value.denominator) >= 10**_MAX_DIGITS:
        raise too_long
    return value


def _read_base64(data: Any, path: str) -> bytes:
    try:
        return base64.b64decode("".join(_read_text(data, path).split()), validate=True)
    except (binascii.Error, ValueError):
        raise fail(path, "this is not Base64: copy the key again, whole") from None


text: Final[Codec[str]] = Codec(str, _read_text)
integer: Final[Codec[int]] = Codec(int, _read_integer)
exact: Final[Codec[Fraction]] = Codec(str, _read_exact)
"""Written as ``"4/5"``; read from that, a decimal text, an integer or a `Decimal`."""

base64_bytes: Final[Codec[bytes]] = Codec(lambda raw: base64.b64encode(raw).decode(), _read_base64)


def spelled(write: Callable[[T], str], parse: Callable[[str], T]) -> Codec[T]:
    """A value that has a text of its own; `parse` raises `InvalidValue`."""

    def read(data: Any, path: str) -> T:
        try:
            return parse(_read_text(data, path))
        except InvalidValue as error:
            raise fail(path, str(error)) from None

    return Codec(write, read)


def one_of(members: type[E]) -> Codec[E]:
    """A member of an enum, written as its value."""

    def parse(word: str) -> E:
        try:
            return members(word)
        except ValueError:
            choices = " or ".join(f'"{member.value}"' for member in members)
            raise InvalidValue(f"{word!r} is not known: write {choices}") from None

    return spelled(lambda member: member.value, parse)


def list_of(item: Codec[T]) -> Codec[tuple[T, ...]]:
    """Any number of values, in their order."""

    def read(data: Any, path: str) -> tuple[T, ...]:
        if not isinstance(data, list):
            raise fail(path, "this must be a list")
        values: list[T] = []
        problems: list[str] = []
        for position, entry in enumerate(data):
            try:
                values.append(item.read(entry, f"{path}[{position}]"))
            except InvalidAgreement as error:
                problems += error.problems
        if problems:
            raise InvalidAgreement(problems)
        return tuple(values)

    return Codec(lambda values: [item.write(value) for value in values], read)


def record(
    kind: type[T],
    members: Mapping[str, Codec[Any]],
    inline: Mapping[str, Codec[Any]] | None = None,
    given: Mapping[str, Any] | None = None,
) -> Codec[T]:
    """A dataclass as a table with one key for each field of `members`.

    A field of `inline` is a record without a key of its own: its keys stand in the same table. A
    field whose value is ``None`` is left out. A missing key takes the field's default, if any.
    A field of `given` is written nowhere in the table and has this value when it is read.
    """
    inlined = inline or {}
    known = frozenset(members).union(*(codec.keys for codec in inlined.values()))

    def write(value: T) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for name, codec in members.items():
            if (entry := getattr(value, name)) is not None:
                table[name] = codec.write(entry)
        for name, codec in inlined.items():
            table |= codec.write(getattr(value, name))
        return table

    def read(data: Any, path: str) -> T:
        if not isinstance(data, dict):
            raise fail(path, "this must be a table of keys and values")
        problems = [
            f"{_join(path, str(key))}: this key is not known: check its spelling or remove it"
            for key in data
            if key not in known
        ]
        problems += [
            f"{_join(path, key)}: this key is missing: add it"
            for key in members
            if key not in data and key in _required(kind)
        ]
        values: dict[str, Any] = dict(given or {})
        for name, codec, entry, place in [
            *((n, c, data[n], _join(path, n)) for n, c in members.items() if n in data),
            *((n, c, {k: data[k] for k in c.keys if k in data}, path) for n, c in inlined.items()),
        ]:
            try:
                values[name] = codec.read(entry, place)
            except InvalidAgreement as error:
                problems += error.problems
        if problems:
            raise InvalidAgreement(problems)
        try:
            return kind(**values)
        except InvalidValue as error:
            raise fail(path, str(error)) from None

    return Codec(write, read, known)


def _join(path: str, key: str) -> str:
    key = key if key.isprintable() else ascii(key)
    return f"{path}.{key}" if path else key


def _required(kind: type[Any]) -> frozenset[str]:
    """The fields without a default."""
    return frozenset(
        entry.name
        for entry in fields(kind)
        if entry.default is MISSING and entry.default_factory is MISSING
    )
