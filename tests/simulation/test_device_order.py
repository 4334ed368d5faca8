"""In which order a device does things: what a server sees of a run does not wait for mail.

Reading mail takes a while, and a paused device does not do it. If a call to a server came after
that, the pause would show in when it comes.
"""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import grpc
import pytest

from client import council, membership, pausing, upload
from client.journal import Journal
from client.parcel import Parcel
from client.pausing import Pauses
from client.sources.maildir import MaildirSource
from privacy.errors import KeysNotExchanged
from protos.channel import connect
from tests.council import release_of
from tests.desk import WINDOW, Desk, after, at_a_desk, due, fetch, monday
from tests.members import refusing

OWN_BUSINESS: Final = {"mail", "journal"}
"""What takes as long as there is mail."""


@dataclass(frozen=True)
class Calls(grpc.UnaryUnaryClientInterceptor):
    """Notes every call to a server."""

    effects: list[str]

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        self.effects.append(details.method.rpartition("/")[2])
        return continuation(details, request)


@contextmanager
def noted() -> Iterator[list[str]]:
    """What a device does in here, in order: calls, closed connections, mail, the journal."""
    effects = list[str]()
    with pytest.MonkeyPatch.context() as patch:

        def note(kind: Any, name: str, what: str) -> None:
            real: Callable[..., Any] = getattr(kind, name)

            def noting(*arguments: Any, **named: Any) -> Any:
                effects.append(what)
                return real(*arguments, **named)

            patch.setattr(kind, name, noting)

        def channel(*arguments: Any) -> Any:
            made = grpc.intercept_channel(connect(*arguments), Calls(effects))
            note(made, "close", "closed")
            return made

        note(MaildirSource, "scan", "mail")
        for name in ("mail_memory", "mail", "activity", "away", "mail_read_until", "add_mail"):
            note(Journal, name, "journal")
        for room in (council, membership, upload):
            patch.setattr(room, "connect", channel)
        yield effects


def outside(effects: list[str]) -> list[str]:
    return [each for each in effects if each not in OWN_BUSINESS]


def waits_for_nothing(effects: list[str]) -> bool:
    """Whether nothing that a server sees comes after mail was touched."""
    own = [place for place, each in enumerate(effects) if each in OWN_BUSINESS]
    return not own or outside(effects[own[0] :]) == []


def stored(desk: Desk) -> list[Parcel]:
    with desk.device() as device:
        return [each for each in device.outbox.all() if each.batch.window == WINDOW]


def moments(desk: Desk) -> Iterator[datetime]:
    """A run in the week, then each in which something is due, and one with nothing to do."""
    yield monday(12)
    yield after()
    yield after() + timedelta(minutes=1)
    for parcel in sorted(stored(desk), key=lambda each: each.times.fetch):
        yield parcel.times.fetch
    for parcel in sorted(stored(desk), key=lambda each: each.due):
        yield parcel.due
    release_of(desk.story, desk.batch(), *(each.report_id for each in stored(desk)))
    yield desk.signed.agreement.upload_closes(WINDOW) + timedelta(hours=1)


def week(folder: Path, *, paused: bool) -> list[list[str]]:
    """The effects of every run of a week."""
    with at_a_desk(folder) as desk:
        for number in range(9):
            desk.mail(f"m{number}", monday(9 + number))
        if paused:
            pausing.save(desk.folder, Pauses().begun(monday(8)))
        runs = []
        for moment in moments(desk):
            with noted() as effects:
                desk.run(at=moment)
            runs.append(effects)
        return runs


def test_paused_or_not_every_call_comes_before_mail_is_touched(tmp_path: Path) -> None:
    active, paused = (week(tmp_path / str(each), paused=each) for each in (False, True))
    assert [outside(each) for each in active] == [outside(each) for each in paused]
    assert all(waits_for_nothing(each) for each in [*active, *paused])
    assert all("mail" in each for each in active)
    assert not any("mail" in each for each in paused)  # the journal only erases (8), at the end
    assert [set(outside(each)) - {"closed"} for each in active] == [
        set(),
        {"Checkpoint", "Window"},
        set(),
        *[{"Checkpoint", "BatchKey", "Issue"}] * 2,
        *[{"Upload"}] * 2,
        {"Checkpoint", "Outcome"},
    ]


def test_only_what_cannot_wait_is_asked_for_after_mail_was_read(desk: Desk) -> None:
    with noted() as effects:
        happened = desk.run(at=desk.signed.agreement.upload_closes(WINDOW) - timedelta(hours=12))
    assert len(happened.sent) == 2
    first = effects.index("mail")
    assert outside(effects[:first]) == ["Checkpoint", "Window", "closed"]
    assert [each for each in outside(effects[first:]) if each != "closed"] == [
        "Checkpoint",
        *["BatchKey", "Issue"] * 2,
        *["Upload"] * 2,
    ]


def test_what_failed_before_mail_was_read_is_not_tried_again_after_it(tmp_path: Path) -> None:
    with at_a_desk(tmp_path, lambda agreed: dataclasses.replace(agreed, upload_days=14)) as desk:
        desk.council.change["issue"] = refusing(KeysNotExchanged("later"))
        made = desk.run(at=after()).made
        (desk.folder / "mail").rename(desk.folder / "elsewhere")
        late = WINDOW.plus(1)
        assert desk.run(at=max(after(late), fetch(made))).made == ()
        with desk.device() as device:
            times = [
                device.outbox.times(desk.batch(task, late)) for task in ("headline", "breadth")
            ]
        moment = max(each.fetch for each in times if each is not None)
        assert moment < desk.signed.agreement.upload_closes(WINDOW)
        desk.council.token_requests.clear()
        assert {each.batch.window for each in desk.run(at=moment).made} == {late}
        asked = [batch.window for batch, _ in desk.council.token_requests]
        assert sorted(asked) == [WINDOW] * 2 + [late] * 2


def test_sending_does_not_wait_for_mail_either(desk: Desk) -> None:
    approved = desk.approved()
    desk.mail("one", monday(10))
    with noted() as effects:
        desk.run(at=due(approved))
    assert waits_for_nothing(effects)
    assert effects.count("Upload") == 2
    assert "mail" in effects
