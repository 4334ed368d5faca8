"""A code survives printing and typing, and says nothing to who only has its hash."""

import secrets

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from privacy.enrolment_code import EnrolmentCode
from privacy.errors import InvalidValue
from privacy.groups import GroupId

SECRET = "K7QF9-XPR2M-4TCBH-W6NE3"
CODE = EnrolmentCode(GroupId("north"), SECRET)
GROUPS = st.text(min_size=1, max_size=64).filter(lambda group: group == group.strip())


@given(group=GROUPS, drawn=st.binary(min_size=20, max_size=20))
@example(group="north-east", drawn=bytes(20))
@example(group="-", drawn=bytes(20))
@example(group="team-K7QF9-XPR2M", drawn=bytes(range(20)))
@example(group="Köln Süd", drawn=bytes(range(236, 256)))
def test_a_code_is_read_as_it_was_printed(group: str, drawn: bytes) -> None:
    code = EnrolmentCode.new(GroupId(group), lambda size: drawn[:size])
    assert EnrolmentCode.parse(str(code)) == code
    assert code.group == group


def test_a_code_has_a_hundred_random_bits() -> None:
    """Each byte chooses one of 32 signs, evenly, and twenty bytes are asked for."""
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return bytes(range(size))

    assert EnrolmentCode.new(GroupId("north"), random).secret == "01234-56789-ABCDE-FGHJK"
    assert asked == [20]
    first = [bytes([byte]) + bytes(19) for byte in range(256)]
    drawn = iter(first)
    every = [EnrolmentCode.new(GroupId("north"), lambda _: next(drawn)).secret[0] for _ in first]
    assert {every.count(sign) for sign in every} == {8}
    assert len(set(every)) == 32


def test_two_codes_differ() -> None:
    codes = {str(EnrolmentCode.new(GroupId("north"), secrets.token_bytes)) for _ in range(100)}
    assert len(codes) == 100


@pytest.mark.parametrize(
    "typed",
    [
        "north-k7qf9-xpr2m-4tcbh-w6ne3",
        "north-K7qF9-xPR2m-4TCBH-w6Ne3",
        "  north-K7QF9-XPR2M-4TCBH-W6NE3\n",
    ],
)
def test_small_letters_and_spaces_around_do_not_matter(typed: str) -> None:
    assert EnrolmentCode.parse(typed) == CODE


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    code = EnrolmentCode(GroupId("Oslo"), "01101-11100-01ABC-00000")
    assert EnrolmentCode.parse("Oslo-OIL01-LiloO-olABC-ooooO") == code


def test_the_group_is_taken_as_it_stands() -> None:
    assert EnrolmentCode.parse(f"NORTH-{SECRET}").group == "NORTH"
    assert EnrolmentCode.parse(f"Oil-LIO-{SECRET}").group == "Oil-LIO"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "north",
        SECRET,
        f"-{SECRET}",
        "north-K7QF9-XPR2M-4TCBH",
        "north-K7QF9-XPR2M-4TCBH-W6NE",
        "north-K7QF9-XPR2M-4TCBH-W6NE35",
        "north-K7QF-9XPR2M-4TCBH-W6NE3",
        "north-K7QF9-XPR2M-4TCBH-W6NE3-",
        "north-K7QF9-XPR2M-4TCBH-W6NEU",
        "north-K7QF9-XPR2M-4TCBH-W6NE!",
        "north-K7QF9-XPR2M-4TCBH-W6NEÄ",
        "north-K7QF9-XPR2M-4TCBH-W6 E3",
        "north K7QF9 XPR2M 4TCBH W6NE3",
        "north-K7QF9--XPR2M-4TCBH",
    ],
)
def test_what_is_no_code_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(InvalidValue, match=r"is not a code .* like north-K7QF9-XPR2M-4TCBH-W6NE3"):
        EnrolmentCode.parse(typed)


def test_a_mistyped_secret_is_not_shown() -> None:
    with pytest.raises(InvalidValue) as caught:
        EnrolmentCode.parse("south-Z7QF9-ZPR2M-ZTCBH-Z6NE")
    assert "ZPR2M" not in str(caught.value)


@pytest.mark.parametrize(
    ("group", "secret"), [("", SECRET), ("north", SECRET.lower()), ("north", f"{SECRET}\n")]
)
def test_no_code_of_another_form_can_be_built(group: str, secret: str) -> None:
    with pytest.raises(InvalidValue):
        EnrolmentCode(GroupId(group), secret)


def test_the_hash_is_of_group_and_secret() -> None:
    others = [
        EnrolmentCode(GroupId("south"), SECRET),
        EnrolmentCode(GroupId("north-K7QF9"), SECRET),
        EnrolmentCode(GroupId("north"), "K7QF9-XPR2M-4TCBH-W6NE4"),
    ]
    assert len({code.hash for code in [CODE, *others]}) == 4
    assert EnrolmentCode.parse(f"north-{SECRET.lower()}").hash == CODE.hash
    assert len(CODE.hash) == 32


def test_only_printing_shows_the_secret() -> None:
    assert str(CODE) == f"north-{SECRET}"
    assert not any(block in repr(CODE) for block in SECRET.split("-"))
