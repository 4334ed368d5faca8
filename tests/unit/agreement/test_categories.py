"""Categories in the agreement: read, refused, told in words, and their changes."""

import dataclasses
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from privacy.agreement import document
from privacy.agreement.categories import (
    MAX_CATEGORIES,
    MAX_WORD_LENGTH,
    MAX_WORDS,
    recognised_by,
)
from privacy.agreement.change import Weight
from privacy.agreement.diff import changes
from privacy.agreement.document import canonical, from_document, to_document
from privacy.agreement.model import Agreement, Category
from privacy.agreement.words import in_plain_words
from privacy.errors import InvalidAgreement, InvalidValue
from privacy.groups import GroupId
from privacy.metrics import Choice
from tests.agreements import headline, make_agreement, two_categories, with_categories

LOOSENED, NEUTRAL, TIGHTENED = Weight.LOOSENED, Weight.NEUTRAL, Weight.TIGHTENED
OLD = with_categories()


def edited(edit: Callable[[dict[str, Any]], object]) -> Agreement:
    data = to_document(OLD)
    edit(data)
    return from_document(data)


def problems(data: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(InvalidAgreement) as caught:
        from_document(data)
    return caught.value.problems


# --- the document ---------------------------------------------------------------------------------


def test_the_metric_names_no_options_and_gets_those_of_the_agreement() -> None:
    data = to_document(OLD)
    metric = data["tasks"][1]["metrics"][5]
    assert metric == {"id": "time_by_category", "share": "1/6"}
    read = from_document(data).tasks[1].metrics[5]
    assert isinstance(read, Choice)
    assert read.options == ("Documents", "Meetings")
    assert from_document(data).tasks[1].coordinates == 4 + 7 + 3


def test_an_agreement_without_categories_has_one_spelling() -> None:
    data = to_document(make_agreement())
    assert data["categories"] == []
    without = {key: value for key, value in data.items() if key != "categories"}
    assert canonical(from_document(without)) == canonical(make_agreement())


def test_an_empty_list_of_words_may_be_left_out() -> None:
    data = to_document(OLD)
    data["categories"][1]["titles"] = []
    other = to_document(OLD)
    del other["categories"][1]["titles"]
    assert canonical(from_document(data)) == canonical(from_document(other))


def test_the_digest_of_a_task_binds_every_word_of_a_category() -> None:
    def of(agreement: Agreement) -> bytes:
        return document.task_digest(document.agreement_digest(agreement), agreement.tasks[1].id)

    first, second = two_categories()
    longer = dataclasses.replace(second, titles=(*second.titles, "stand-up"))
    digests = {of(OLD), of(with_categories((second, first))), of(with_categories((first, longer)))}
    assert len(digests) == 3


def test_what_is_wrong_with_a_category_is_told_once() -> None:
    data = to_document(OLD)
    data["categories"][0] = "Documents"
    assert problems(data) == ("categories[0]: this must be a table of keys and values",)
    data["categories"] = "Documents"
    assert problems(data) == ("categories: this must be a list",)


def test_the_metric_without_a_category_is_refused_with_the_next_step() -> None:
    data = to_document(OLD)
    del data["categories"]
    assert problems(data) == (
        "tasks[1].metrics[5]: metric time_by_category: the agreement names no category: add one "
        "under [[categories]]",
    )


@pytest.mark.parametrize("key", ["target", "edges", "options"])
def test_the_metric_takes_a_share_and_nothing_else(key: str) -> None:
    data = to_document(OLD)
    data["tasks"][1]["metrics"][5][key] = ["1"]
    (problem,) = problems(data)
    assert problem.startswith(f"tasks[1].metrics[5].{key}: this key is not known")


# --- what is refused ------------------------------------------------------------------------------


def category(**changes: Any) -> Category:
    """One that is fine, changed."""
    return dataclasses.replace(Category("mail", "Mail", ("outlook",), ("inbox",)), **changes)


@pytest.mark.parametrize(
    ("taken", "refused", "sentence"),
    [
        ({"id": "m"}, {"id": ""}, "needs an id and a title"),
        ({"title": "M"}, {"title": ""}, "needs an id and a title"),
        ({"id": "others"}, {"id": "other"}, '"other" is what fits no category'),
        ({"title": "Others"}, {"title": "OTHER"}, '"other" is what fits no category'),
        ({"id": "a b"}, {"id": "mail "}, "'mail ' begins or ends with a space"),
        ({"title": "a b"}, {"title": "\u00a0Mail"}, "begins or ends with a space"),
        ({"titles": ()}, {"titles": (), "applications": ()}, "category mail: nothing counts as it"),
        ({"titles": ("a",)}, {"titles": ("",)}, "titles has an empty entry, which would fit ever"),
        ({"titles": ("a b",)}, {"titles": (" a",)}, "titles: ' a' begins or ends with a space"),
        (
            {"applications": ("a" * MAX_WORD_LENGTH,)},
            {"applications": ("a" * (MAX_WORD_LENGTH + 1),)},
            "applications has an entry of more than 100 characters",
        ),
        (
            {"titles": tuple(str(n) for n in range(MAX_WORDS))},
            {"titles": tuple(str(n) for n in range(MAX_WORDS + 1))},
            "titles has 51 entries, more than 50",
        ),
    ],
)
def test_a_category_that_cannot_be_is_refused(
    taken: dict[str, Any], refused: dict[str, Any], sentence: str
) -> None:
    category(**taken)
    with pytest.raises(InvalidValue, match=sentence):
        category(**refused)


def many(count: int) -> tuple[Category, ...]:
    return tuple(Category(f"c{n}", f"C {n}", (f"app {n}",)) for n in range(count))


FIRST, SECOND = two_categories()


@pytest.mark.parametrize(
    ("taken", "refused", "sentence"),
    [
        (many(MAX_CATEGORIES), many(MAX_CATEGORIES + 1), "has 31 categories, more than 30"),
        (
            (FIRST, SECOND),
            (FIRST, dataclasses.replace(SECOND, id="Documents")),
            "The id documents stands for 2 categories",
        ),
        (
            (FIRST, SECOND),
            (FIRST, dataclasses.replace(SECOND, title="DOCUMENTS")),
            "The title documents stands for 2 categories",
        ),
        (
            (FIRST, dataclasses.replace(SECOND, titles=("writer",))),
            (FIRST, dataclasses.replace(SECOND, applications=("Writer",))),
            "Category meetings: 'Writer' stands among the applications of documents already",
        ),
        (
            (FIRST,),
            (dataclasses.replace(FIRST, titles=("a", "A")),),
            "Category documents: 'A' stands among the titles of documents already",
        ),
        (
            (dataclasses.replace(FIRST, titles=("Ünïcode “x”",)),),
            (dataclasses.replace(FIRST, titles=("a\u3164b",)),),
            "categories[0].titles[0] contains a character that cannot be shown",
        ),
        (
            (dataclasses.replace(FIRST, title="x" * 64),),
            (dataclasses.replace(FIRST, title="x" * 65),),
            "categories[0].title is longer than 64 characters",
        ),
    ],
)
def test_categories_that_do_not_go_together_are_refused(
    taken: tuple[Category, ...], refused: tuple[Category, ...], sentence: str
) -> None:
    with_categories(taken)
    with pytest.raises(InvalidAgreement) as caught:
        with_categories(refused)
    assert any(sentence in problem for problem in caught.value.problems)


def test_categories_that_no_task_collects_are_refused() -> None:
    with pytest.raises(InvalidAgreement, match="names categories, but no task collects time_by_c"):
        make_agreement(categories=two_categories())


def test_options_that_are_not_the_categories_are_refused() -> None:
    tasks = (headline(metrics=(Choice("time_by_category", ("Meetings",), Fraction(1)),)),)
    with pytest.raises(InvalidAgreement, match="its options are not the titles of the agreed"):
        with_categories(tasks=tasks)


# --- in words -------------------------------------------------------------------------------------


def flat(agreement: Agreement, group: str | None = None) -> str:
    chosen = None if group is None else GroupId(group)
    return " ".join(in_plain_words(agreement, group=chosen).split())


def test_whoever_agrees_reads_what_counts_as_what() -> None:
    text = flat(OLD, "north")
    for part in (
        "Categories: Documents; Meetings; other. There is no target.",
        "your report names no category, which the noise hides",
        "• Documents: applications with “writer” or “acrobat”, and window titles with “proposal”",
        "• Meetings: applications with “video call”, and window titles with “meeting” or “call wi",
        "• other: everything else",
        "The name and the title are used for this and not kept.",
    ):
        assert part in text


def test_nothing_is_told_of_categories_where_none_concerns_the_reader() -> None:
    told = "Which kinds of work are told apart"
    assert told in flat(OLD)
    assert told not in flat(make_agreement())
    alone = tuple(
        dataclasses.replace(group, parent=None) if group.id == "north" else group
        for group in OLD.groups
    )
    assert told not in flat(with_categories(groups=alone), "north")


def test_a_category_of_titles_alone_says_so() -> None:
    assert recognised_by(category(applications=())) == "window titles with “inbox”"


def test_a_device_tells_apart_what_a_task_of_its_member_reports_and_nothing_otherwise() -> None:
    assert OLD.categories_of("north") == OLD.categories_of("sales") == two_categories()
    assert OLD.categories_of("nobody") == ()
    teams_only = with_categories(
        tasks=(
            headline(metrics=(Choice("time_by_category", ("Documents", "Meetings"), Fraction(1)),)),
        ),
    )
    assert teams_only.categories_of("north") == two_categories()
    assert teams_only.categories_of("sales") == ()


# --- changes --------------------------------------------------------------------------------------


def put(key: str, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda data: data["categories"][0].update({key: value})


CASES: list[tuple[str, Callable[[dict[str, Any]], object], list[tuple[Weight, str]]]] = [
    (
        "categories.id",
        put("id", "texts"),
        [
            (
                LOOSENED,
                "Category texts is new: “Documents”, applications with “writer” or “acrobat”, and "
                "window titles with “proposal”.",
            ),
            (
                TIGHTENED,
                "Category documents is gone: “Documents”, applications with “writer” or “acrobat”, "
                "and window titles with “proposal”.",
            ),
        ],
    ),
    (
        "categories.title",
        put("title", "Texts"),
        [(NEUTRAL, "The title of category documents changes from “Documents” to “Texts”.")],
    ),
    (
        "categories.applications",
        put("applications", ["writer", "calc"]),
        [
            (LOOSENED, "An application with “calc” now counts as documents."),
            (TIGHTENED, "An application with “acrobat” no longer counts as documents."),
        ],
    ),
    (
        "categories.titles",
        put("titles", ["proposal", "offer"]),
        [(LOOSENED, "A window title with “offer” now counts as documents.")],
    ),
    (
        "categories.applications",
        put("applications", ["acrobat", "writer"]),
        [
            (
                NEUTRAL,
                "The list of applications of category documents changes from writer, acrobat to "
                "acrobat, writer.",
            )
        ],
    ),
    (
        "categories",
        lambda data: data["categories"].reverse(),
        [
            (
                NEUTRAL,
                "The order of the categories, of which the first that fits counts, changes from "
                "documents, meetings to meetings, documents.",
            )
        ],
    ),
]

CHANGED = {key for key, *_ in CASES} - {"categories"}
"""The keys that a case changes."""


@pytest.mark.parametrize(("key", "edit", "told"), CASES, ids=range(len(CASES)))
def test_a_change_of_categories_is_told_with_its_weight(
    key: str, edit: Callable[[dict[str, Any]], object], told: list[tuple[Weight, str]]
) -> None:
    found = changes(OLD, edited(edit))
    assert [(change.weight, change.sentence) for change in found] == told


def test_a_first_category_comes_with_its_metric() -> None:
    said = [change.sentence for change in changes(make_agreement(), OLD)]
    assert any(
        "Task breadth also collects “Kind of work with most time” (one of the categories" in each
        for each in said
    )
    assert sum("is new: " in each for each in said) == 2
