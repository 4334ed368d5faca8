"""Which agreed category an application's window belongs to.

An application and a title come in, and a word of the agreement goes out. Nothing else is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from privacy.errors import InvalidValue

OTHER: Final = "other"
"""What matches no category."""


@dataclass(frozen=True, slots=True)
class Category:
    """One line of the agreement: what counts as `id`.

    `applications` and `titles` are parts of the name of an application or of a window's title, in
    lower case; one that is found is enough.
    """

    id: str
    applications: tuple[str, ...]
    titles: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for no id, the id of what matches nothing, or an empty part."""
        if not self.id or self.id == OTHER:
            raise InvalidValue(f"a category cannot have the id {self.id!r}")
        if not all(part.strip() for part in (*self.applications, *self.titles)):
            raise InvalidValue(f"category {self.id}: a part of a name is empty")


def category_of(categories: Iterable[Category], application: str, title: str) -> str:
    """The first category that matches, upper and lower case alike; `OTHER` if none does."""
    application, title = application.casefold(), title.casefold()
    for category in categories:
        if any(part.casefold() in application for part in category.applications):
            return category.id
        if any(part.casefold() in title for part in category.titles):
            return category.id
    return OTHER
