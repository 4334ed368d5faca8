"""Text from an export or a file of the employer as it may be shown, and counts with their nouns."""

from privacy.agreement.quantities import NO_BREAK


def plain(text: str) -> str:
    """One line, with "?" for every character that a terminal would obey rather than show."""
    return "".join(sign if sign.isprintable() or sign == NO_BREAK else "?" for sign in text)


def some(number: int, noun: str, nouns: str | None = None) -> str:
    """1 entry, 48 entries: `nouns` where an s does not do."""
    return f"{number} {noun if number == 1 else nouns or f'{noun}s'}"


def entries(number: int) -> str:
    """1 entry, 48 entries."""
    return some(number, "entry", "entries")
