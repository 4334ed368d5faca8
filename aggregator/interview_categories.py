"""The questions of ``agreement new`` about the kinds of work that are told apart."""

from collections.abc import Callable

from aggregator.interview import Dialogue, Document, words


def categories(
    dialogue: Dialogue, with_categories: Callable[[list[Document]], Document]
) -> Document:
    """The document with the categories that were asked for.

    `with_categories` puts some into it, and raises `InvalidAgreement` where that breaks a rule.
    """

    def named(answer: str) -> list[str]:
        names = words(answer)
        with_categories([_category(name, applications=[name]) for name in names])
        return names

    known: list[Document] = []
    for name in dialogue.ask("Kinds of work to tell apart, with commas", named):
        known.append(_recognised(dialogue, known, name, with_categories))
    return with_categories(known)


def _recognised(
    dialogue: Dialogue,
    known: list[Document],
    name: str,
    with_categories: Callable[[list[Document]], Document],
) -> Document:
    """One category with the words that make something count as it."""

    def in_applications(answer: str) -> Document:
        category = _category(name, applications=_words_or_none(answer))
        if category["applications"]:  # without, there must be words of titles
            with_categories([*known, category])
        return category

    def in_titles(answer: str) -> Document:
        category = applications | {"titles": _words_or_none(answer)}
        with_categories([*known, category])
        return category

    applications = dialogue.ask(
        f"Words in an application's name that make it {name}, with commas, or none", in_applications
    )
    return dialogue.ask(
        f"Words in a window's title that make it {name}, with commas, or none",
        in_titles,
        "none" if applications["applications"] else None,
    )


def _category(name: str, *, applications: list[str]) -> Document:
    return {"id": name, "title": name, "applications": applications, "titles": []}


def _words_or_none(answer: str) -> list[str]:
    return [] if answer == "none" else words(answer)
