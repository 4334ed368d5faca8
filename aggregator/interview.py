"""The questions of ``agreement new``: each answer is checked at once against every rule.

The answers fill a document (`privacy.agreement.document`) that is valid from the moment both
parties' tables are in it; an answer that would break a rule is told with its reason and asked
again. Groups and tasks are asked by `aggregator.interview_tasks`.
"""

import copy
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from aggregator.errors import SetupError
from privacy.agreement.document import DAYS, from_document
from privacy.agreement.model import Party
from privacy.errors import InvalidAgreement, InvalidValue, PluraleError
from privacy.window import Window

T = TypeVar("T")
Document: TypeAlias = dict[str, Any]

_LEAD_WEEKS: Final = 3
"""Members need some time to enrol before the first week."""

_SPAN: Final = 38
"""Three quarters from the first window to the last."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Where answers come from and where sentences go; `read` gets the prompt."""

    read: Callable[[str], str]
    say: Callable[[str], None]

    def ask(self, question: str, parse: Callable[[str], T], default: str | None = None) -> T:
        """Ask until `parse` accepts; an empty answer is the default, which may itself be empty."""
        prompt = f"{question} [{default}]: " if default else f"{question}: "
        while True:
            answer = self.read(prompt).strip()
            if not answer and default is None:
                self.say("An answer is needed here.")
                continue
            try:
                return parse(answer or default or "")
            except PluraleError as error:
                self.say(first_sentence(error))


def first_sentence(error: PluraleError) -> str:
    """One sentence is enough for one answer."""
    text = error.problems[0] if isinstance(error, InvalidAgreement) else str(error)
    return text if text.endswith(".") else f"{text}."


@dataclass(frozen=True, slots=True)
class Field:
    """One question: what stands in brackets, and where its answer goes.

    `default` reads the document so far; None: there must be an answer.
    """

    question: str
    default: Callable[[Document], str] | None
    put: Callable[[Document, str], None]

    def ask(self, dialogue: Dialogue, document: Document) -> Document:
        """The document with the answer in it."""

        def parse(answer: str) -> Document:
            changed = copy.deepcopy(document)
            self.put(changed, answer)
            from_document(changed)
            return changed

        default = None if self.default is None else self.default(document)
        return dialogue.ask(self.question, parse, default)


def whole_number(text: str) -> int:
    """Read an integer."""
    try:
        return int(text)
    except ValueError:
        raise InvalidValue(f"{text[:40]!r} is not a whole number: write it in digits") from None


def words(text: str) -> list[str]:
    """A list with commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def _at(
    question: str,
    path: str,
    read: Callable[[str], Any] = str,
    *,
    needed: bool = False,
    show: Callable[[Any], str] = str,
) -> Field:
    """The question for one key of the document, ``mail.answer_hours``."""
    *tables, key = path.split(".")

    def table(document: Document) -> Document:
        for name in tables:
            document = document[name]
        return document

    def put(document: Document, answer: str) -> None:
        table(document)[key] = read(answer)

    return Field(question, None if needed else lambda found: show(table(found)[key]), put)


def _put_first_window(document: Document, answer: str) -> None:
    first = Window.parse(answer)
    last = first.plus(_SPAN)
    document["first_window"] = str(first)
    document["last_window"] = str(last if last.collected else last.plus(-1))


def _hours(start: str, end: str) -> Callable[[Document], str]:
    return lambda found: f"{found['working_time'][start]}-{found['working_time'][end]}"


def _stretch(answer: str) -> tuple[str, str]:
    start, dash, end = (part.strip() for part in answer.partition("-"))
    if not dash:
        raise InvalidValue(f"{answer!r} is not a stretch of time: write it like 09:00-17:00")
    return start, end


def _put_working_hours(document: Document, answer: str) -> None:
    """Core hours that no longer fit become the whole day, and are asked for next."""
    hours = document["working_time"]
    hours["start"], hours["end"] = _stretch(answer)
    if not hours["start"] <= hours["core_start"] < hours["core_end"] <= hours["end"]:
        hours["core_start"], hours["core_end"] = hours["start"], hours["end"]


def _put_core_hours(document: Document, answer: str) -> None:
    hours = document["working_time"]
    hours["core_start"], hours["core_end"] = _stretch(answer)


def _put_region(document: Document, answer: str) -> None:
    if answer != "none":
        document["working_time"]["region"] = answer


FIELDS: Final = (
    _at("Name of the organisation", "organisation"),
    _at("Why is this measured, in a sentence or two for the people measured", "purpose",
        needed=True),
    _at("Whom can they ask", "contact"),
    Field("First week", lambda found: str(found["first_window"]), _put_first_window),
    _at("Last week", "last_window"),
    _at("Time zone", "working_time.time_zone"),
    _at(f"Working days, from {', '.join(DAYS)}", "working_time.days", words, show=", ".join),
    Field("Working hours", _hours("start", "end"), _put_working_hours),
    Field("Core hours", _hours("core_start", "core_end"), _put_core_hours),
    _at("Country whose public holidays count", "working_time.country"),
    Field("Region of it with holidays of its own", lambda _: "none", _put_region),
    _at("Domains whose mail is internal, with commas", "mail.internal_domains", words, needed=True),
    _at("Business hours to answer a client mail in time", "mail.answer_hours", whole_number),
)  # fmt: skip
"""Everything but parties, groups and tasks, in the order in which it is asked."""


def parties(dialogue: Dialogue, today: date) -> Document:
    """Both parties' tables, and defaults for the rest: the first valid document."""
    while True:
        tables = {
            party: dialogue.ask(
                f"The {party}'s party.toml, as its server made it",
                partial(_party_table, party),
            )
            for party in Party
        }
        document = _beginning(tables, today)
        try:
            from_document(document)
        except InvalidAgreement as error:
            dialogue.say(first_sentence(error))
        else:
            return document


def _party_table(party: Party, answer: str) -> Document:
    file = Path(answer)
    try:
        file = file.expanduser()
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupError(f"{file} cannot be read ({error.strerror}): check the path") from None
    except RuntimeError:  # ~somebody who does not exist
        raise SetupError(f"{answer} leads nowhere: write the path out") from None
    except ValueError:  # not UTF-8, or not TOML
        raise SetupError(f"{file} is not valid TOML: get it again from that server") from None
    table = document.get(party.value)
    if not isinstance(table, dict) or len(document) != 1:
        raise SetupError(
            f"{file} does not hold the table [{party}] alone: name the party.toml that "
            f"plurale-aggregator init made for the {party}"
        )
    try:
        from_document({party.value: table})
    except InvalidAgreement as error:  # of course; but is it about this table?
        own = [each for each in error.problems if each.startswith((f"{party}.", f"{party}:"))]
        if own:
            raise InvalidAgreement(own) from None
    return table


def _beginning(tables: dict[Party, Document], today: date) -> Document:
    soon = Window.of(today + timedelta(weeks=_LEAD_WEEKS))
    quarter = soon.quarter.windows[0]
    if quarter < soon:
        quarter = Window.of(soon.quarter.windows[-1].monday + timedelta(weeks=2)).quarter.windows[0]
    document: Document = {
        "organisation": tables[Party.EMPLOYER].get("name"),
        "version": 1,
        "purpose": "?",
        "contact": tables[Party.COUNCIL].get("name"),
        **{party.value: table for party, table in tables.items()},
        "working_time": {
            "time_zone": "Europe/Berlin",
            "days": list(DAYS[:5]),
            "start": "09:00",
            "end": "17:00",
            "core_start": "10:00",
            "core_end": "15:00",
            "country": "DE",
        },
        "mail": {"internal_domains": ["example.com"], "answer_hours": 8},
        "privacy": {},
        "groups": [{"id": "everyone", "level": "team", "roster": 12}],
        "tasks": [
            {
                "id": "anything",
                "level": "team",
                "share": "1/2",
                "metrics": [{"id": "mail_response_hours", "edges": ["1"], "share": "1"}],
            }
        ],
    }
    _put_first_window(document, str(quarter))
    return document
