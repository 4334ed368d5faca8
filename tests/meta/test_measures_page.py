"""docs/measures.md says what the catalogue says, and the rest of it is left alone."""

from dataclasses import replace

from privacy.catalogue import CATALOGUE
from tests.meta import measures_page


def test_the_page_is_the_one_that_the_catalogue_makes() -> None:
    text = measures_page.PAGE.read_text(encoding="utf-8")
    assert text == measures_page.made(text), "docs/measures.md is stale: run `make docs`"
    assert text.count("<!-- made from ") == text.count("<!-- end -->") == 3


def test_a_section_made_by_hand_is_replaced_and_what_is_around_it_stays() -> None:
    text = measures_page.PAGE.read_text(encoding="utf-8")
    edited = text.replace("A share from 0 to 1.", "A share from 1 to 10.")
    assert edited != text
    assert measures_page.made(edited) == text
    assert "# Mine\n" in measures_page.made(f"# Mine\n{text}")


def test_a_section_says_everything_and_no_more() -> None:
    measure = replace(CATALOGUE["active_hours"], detail="")
    section = measures_page.section(measure)
    assert section.startswith("## active_hours\n\n- **What**: ")
    assert "In detail" not in section
    flat = " ".join(section.split())
    for part in (measure.what, measure.why, measure.clip, measure.missing, measure.example):
        assert part in flat
    assert max(map(len, section.splitlines())) <= 100
