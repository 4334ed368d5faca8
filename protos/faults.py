"""How a bug is logged: where it happened, never what it was about.

An exception's own text can quote what a statement or a message carried, and so can those of the
exceptions behind it: a log line carries no value.
"""

import traceback


def describe(error: BaseException) -> str:
    """The kinds of an exception and of its causes, each with the lines that led to it."""
    places: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)
        lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        places.append("\n".join([type(current).__qualname__, *lines]))
        current = current.__cause__ or current.__context__
    return "\nbecause of ".join(places)
