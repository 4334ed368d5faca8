"""The agreed categories of what somebody works with, and their rules (protocol §3).

A device looks at the name of the application in front and at the title of its window. A category
is recognised by words that occur in one of them, whatever the case; the first that fits counts.
There are no patterns: everybody who can read a list can check what counts as what.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from privacy.errors import InvalidValue
from privacy.metrics import Choice

if TYPE_CHECKING:
    from privacy.agreement.model import Agreement

OTHER: Final = "other"
"""What fits no category: always the last, and never written into an agreement."""

MAX_CATEGORIES: Final = 30
"""Each is one more noisy number; with more of them nothing can be told apart."""

MAX_WORDS: Final = 50
"""Of each list of a category. A longer list is one that nobody reads before they sign."""

MAX_WORD_LENGTH: Final = 100


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of work. `title` is what people are shown; `id` what the journal keeps.

    It fits when one of `applications` occurs in the application's name, or one of `titles` in the
    title of the window.
    """

    id: str
    title: str
    applications: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for no id or title, the name "other", or words that fit nothing."""
        if not self.id or not self.title:
            raise InvalidValue("a category needs an id and a title")
        for name in (self.id, self.title):
            if name != name.strip():
                raise InvalidValue(f"{name!r} begins or ends with a space: write it without")
        if OTHER in (self.id.casefold(), self.title.casefold()):
            raise InvalidValue(
                f'category {self.id}: "{OTHER}" is what fits no category, and is there without '
                "being named: choose another name"
            )
        if not self.applications and not self.titles:
            raise InvalidValue(
                f"category {self.id}: nothing counts as it: name an application or a word of a "
                "window's title"
            )
        for name, words in (("applications", self.applications), ("titles", self.titles)):
            if len(words) > MAX_WORDS:
                raise InvalidValue(
                    f"category {self.id}: {name} has {len(words)} entries, more than {MAX_WORDS}: "
                    "shorten the list"
                )
            for word in words:
                _check_word(f"category {self.id}: {name}", word)


def _check_word(where: str, word: str) -> None:
    if not word:
        raise InvalidValue(f"{where} has an empty entry, which would fit everything: remove it")
    if word != word.strip():
        raise InvalidValue(f"{where}: {word!r} begins or ends with a space: write it without")
    if len(word) > MAX_WORD_LENGTH:
        raise InvalidValue(
            f"{where} has an entry of more than {MAX_WORD_LENGTH} characters: shorten it"
        )


def recognised_by(category: Category) -> str:
    """What counts as a category, in words."""
    parts = []
    if category.applications:
        parts.append(f"applications with {_either(category.applications)}")
    if category.titles:
        parts.append(f"window titles with {_either(category.titles)}")
    return ", and ".join(parts)


def _either(words: tuple[str, ...]) -> str:
    *others, last = (f"“{word}”" for word in words)
    return f"{', '.join(others)} or {last}" if others else last


def reported(agreement: "Agreement") -> Iterator[str]:
    """None without a metric that reports it, since devices note categories while they watch.

    And few enough to be told apart.
    """
    count = len(agreement.categories)
    if count > MAX_CATEGORIES:
        yield f"The agreement has {count} categories, more than {MAX_CATEGORIES}: join some."
    if count and not any(_choices(agreement)):
        yield (
            "The agreement names categories, but no task collects time_by_category: add this "
            "metric to a task or remove the categories."
        )


def options(agreement: "Agreement") -> Iterator[str]:
    """What a report can say is what the agreement names, in its order."""
    titles = tuple(category.title for category in agreement.categories)
    for choice in _choices(agreement):
        if choice.options != titles:
            yield f"Metric {choice.id}: its options are not the titles of the agreed categories."


def words(agreement: "Agreement") -> Iterator[str]:
    """A word counts once: in a later place it would never be reached, and mislead a reader."""
    for name in ("applications", "titles"):
        first: dict[str, str] = {}
        for category in agreement.categories:
            for word in getattr(category, name):
                before = first.get(word.casefold())
                if before is not None:
                    yield (
                        f"Category {category.id}: {word!r} stands among the {name} of {before} "
                        "already: remove one of them."
                    )
                first.setdefault(word.casefold(), category.id)


def _choices(agreement: "Agreement") -> Iterator[Choice]:
    for task in agreement.tasks:
        yield from (metric for metric in task.metrics if isinstance(metric, Choice))
