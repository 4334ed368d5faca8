"""Which agreed category a window belongs to."""

import pytest

from client.sources.categories import OTHER, Category, category_of
from privacy.errors import InvalidValue

CATEGORIES = (
    Category("mail", ("thunderbird",), (" - outlook",)),
    Category("code", ("code", "idea"), ("plurale",)),
    Category("web", ("firefox",), ()),
)


@pytest.mark.parametrize(
    ("application", "title", "category"),
    [
        ("Thunderbird", "Inbox", "mail"),
        ("firefox", "Inbox - Outlook", "mail"),  # by its title, before the browser's own line
        ("Firefox", "Weather", "web"),
        ("jetbrains-IDEA", "", "code"),
        ("xterm", "~/PLURALE", "code"),
        ("VSCode.exe", "- OUTLOOK", "code"),  # the part of the title begins with a space
        ("xterm", "top", OTHER),
        ("", "", OTHER),
        ("STRASSE", "", OTHER),
    ],
)
def test_the_first_that_matches_wins(application: str, title: str, category: str) -> None:
    assert category_of(CATEGORIES, application, title) == category


def test_upper_and_lower_case_are_alike_in_every_language() -> None:
    assert category_of((Category("street", ("straße",), ()),), "STRASSE", "") == "street"


def test_the_order_of_the_agreement_decides() -> None:
    both = Category("a", ("code",), ()), Category("b", ("code",), ())
    assert category_of(both, "code", "") == "a"
    assert category_of(both[::-1], "code", "") == "b"


def test_what_looks_like_a_pattern_is_none() -> None:
    assert category_of((Category("all", (".*",), ()),), "firefox", "") == OTHER


@pytest.mark.parametrize(
    ("name", "applications"), [("", ("a",)), (OTHER, ("a",)), ("a", ("",)), ("a", (" ",))]
)
def test_a_category_that_means_nothing_cannot_be_built(
    name: str, applications: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidValue):
        Category(name, applications, ())
