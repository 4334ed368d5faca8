"""Whether the screen is locked, from screen savers and the login manager on private buses."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from client.errors import SourceUnavailable
from client.sources.activity import Reading
from client.sources.screen_lock import with_lock
from tests.buses import Answers, PrivateBus, private_bus

pytestmark = pytest.mark.needs_debian("dbus", "dbus-daemon")

_IDLE = timedelta(seconds=3)
_SAVERS = [
    ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver GetActive"),
    ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver GetActive"),
    ("org.mate.ScreenSaver", "/org/mate/ScreenSaver GetActive"),
    ("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver GetActive"),
]
_LOGIN = "org.freedesktop.login1"
_SESSION = "/org/freedesktop/login1/session/auto Get"


class Desk:
    """An `IdleReader` of a desk where somebody typed three seconds ago."""

    def __init__(self) -> None:
        self.reading: Reading | None = Reading(_IDLE)
        self.closed = False

    def read(self) -> Reading:
        if self.reading is None:
            raise SourceUnavailable("the desk has gone")
        return self.reading

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[PrivateBus]:
    with private_bus(tmp_path / "private") as running:
        yield running


@pytest.mark.parametrize(("name", "method"), _SAVERS)
def test_a_screen_saver_says_that_the_screen_is_locked(
    bus: PrivateBus, name: str, method: str
) -> None:
    answers: Answers = {method: ("b", (True,))}
    with bus.service(answers, name):
        reader = with_lock(Desk(), bus.environ)
        assert reader.read() == Reading(_IDLE, locked=True)
        answers[method] = ("b", (False,))
        assert reader.read() == Reading(_IDLE)
        reader.close()


@pytest.mark.parametrize("locked", [True, False])
def test_the_login_manager_says_it(bus: PrivateBus, locked: bool) -> None:
    with bus.service({_SESSION: ("v", (("b", locked),))}, _LOGIN):
        reader = with_lock(Desk(), {"DBUS_SYSTEM_BUS_ADDRESS": bus.address})
        assert reader.read() == Reading(_IDLE, locked=locked)
        reader.close()


def test_one_that_says_locked_is_enough(bus: PrivateBus) -> None:
    says_no, says_yes = _SAVERS[0], _SAVERS[1]
    with bus.service({says_no[1]: ("b", (False,))}, says_no[0]):
        with bus.service({says_yes[1]: ("b", (True,))}, says_yes[0]):
            reader = with_lock(Desk(), bus.environ)
            assert reader.read().locked
            reader.close()


def test_who_says_something_else_says_nothing(bus: PrivateBus) -> None:
    name, method = _SAVERS[0]
    answers: Answers = {method: ("s", ("locked",))}
    with bus.service(answers, name):
        reader = with_lock(Desk(), bus.environ)
        assert not reader.read().locked
        answers[method] = None
        assert not reader.read().locked
        reader.close()


def test_without_a_bus_the_screen_counts_as_open_and_with_one_again_it_is_asked(
    bus: PrivateBus,
) -> None:
    name, method = _SAVERS[0]
    reader = with_lock(Desk(), bus.environ)
    bus.end()
    assert reader.read() == Reading(_IDLE)
    bus.start()
    with bus.service({method: ("b", (True,))}, name):
        assert reader.read().locked
    reader.close()
    nowhere = with_lock(Desk(), {})
    assert nowhere.read().idle == _IDLE
    nowhere.close()


def test_the_other_reader_is_passed_on_as_it_is_and_closed(bus: PrivateBus) -> None:
    desk = Desk()
    reader = with_lock(desk, bus.environ)
    desk.reading = Reading(_IDLE, locked=True)
    assert reader.read() == desk.reading
    desk.reading = None
    with pytest.raises(SourceUnavailable, match="the desk has gone"):
        reader.read()
    reader.close()
    assert desk.closed
