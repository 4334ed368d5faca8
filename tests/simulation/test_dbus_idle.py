"""GNOME's and KDE's idle times over a private bus: units, refusals, and a bus that goes away."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from client.errors import SourceUnavailable
from client.sources.activity import Reading
from client.sources.dbus_idle import open_kde, open_mutter
from tests.buses import Answers, PrivateBus, private_bus

pytestmark = pytest.mark.needs_debian("dbus", "dbus-daemon")

_MUTTER = "org.gnome.Mutter.IdleMonitor"
_IDLE_TIME = "/org/gnome/Mutter/IdleMonitor/Core GetIdletime"
_SCREEN_SAVER = "org.freedesktop.ScreenSaver"
_KDE = "org.kde.screensaver"
_SESSION_IDLE_TIME = "/org/freedesktop/ScreenSaver GetSessionIdleTime"


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[PrivateBus]:
    with private_bus(tmp_path / "private") as running:
        yield running


def test_mutter_says_milliseconds(bus: PrivateBus) -> None:
    answers: Answers = {_IDLE_TIME: ("t", (4200,))}
    with bus.service(answers, _MUTTER):
        reader = open_mutter(bus.environ)
        assert reader.read() == Reading(timedelta(seconds=4.2))
        answers[_IDLE_TIME] = ("t", (0,))
        assert reader.read() == Reading(timedelta(0))
        reader.close()


def test_the_bus_of_the_user_is_found_without_its_address(bus: PrivateBus) -> None:
    with bus.service({_IDLE_TIME: ("t", (7000,))}, _MUTTER):
        reader = open_mutter({"XDG_RUNTIME_DIR": str(bus.folder)})
        assert reader.read() == Reading(timedelta(seconds=7))
        reader.close()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (("t", (2**63,)), "something that is no time"),
        (("s", ("long",)), "something that is no time"),
        (("", ()), "something that is no time"),
        (("tt", (1, 2)), "something that is no time"),
        (("b", (True,)), "something that is no time"),
        (("i", (-1,)), "something that is no time"),
    ],
    ids=["for-ever", "text", "nothing", "two", "yes", "future"],
)
def test_an_answer_that_is_no_time_is_refused(
    bus: PrivateBus, answer: tuple[str, tuple[Any, ...]], sentence: str
) -> None:
    with bus.service({_IDLE_TIME: answer}, _MUTTER):
        with pytest.raises(SourceUnavailable, match=sentence):
            open_mutter(bus.environ)


def test_a_desktop_that_is_not_gnome_is_named(bus: PrivateBus) -> None:
    with pytest.raises(SourceUnavailable, match="GNOME's idle monitor does not run"):
        open_mutter(bus.environ)
    with bus.service({}, _MUTTER):
        with pytest.raises(SourceUnavailable, match="does not say"):
            open_mutter(bus.environ)


def test_a_service_that_is_silent_is_not_waited_for_and_asked_again(bus: PrivateBus) -> None:
    answers: Answers = {_IDLE_TIME: ("t", (1000,))}
    with bus.service(answers, _MUTTER):
        reader = open_mutter(bus.environ)
        answers[_IDLE_TIME] = None
        with pytest.raises(SourceUnavailable, match=f"{_MUTTER} does not answer"):
            reader.read()
        answers[_IDLE_TIME] = ("t", (4000,))
        assert reader.read() == Reading(timedelta(seconds=4))
        reader.close()


def test_a_bus_that_dies_makes_the_time_unknown_until_it_is_back(bus: PrivateBus) -> None:
    answers: Answers = {_IDLE_TIME: ("t", (1000,))}
    with bus.service(answers, _MUTTER):
        reader = open_mutter(bus.environ)
        bus.end()
        for _ in range(2):
            with pytest.raises(SourceUnavailable, match="D-Bus session cannot be reached"):
                reader.read()
    bus.start()
    with pytest.raises(SourceUnavailable, match="does not run"):
        reader.read()
    answers[_IDLE_TIME] = ("t", (5000,))
    with bus.service(answers, _MUTTER):
        assert reader.read() == Reading(timedelta(seconds=5))
    reader.close()


def test_no_bus_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="DBUS_SESSION_BUS_ADDRESS is not set"):
        open_mutter({})
    with pytest.raises(SourceUnavailable, match="DBUS_SESSION_BUS_ADDRESS is not set"):
        open_kde({"XDG_RUNTIME_DIR": str(tmp_path)})


@pytest.mark.parametrize("address", ["nonsense", "tcp:host=localhost,port=1", "unix:path=/nobody"])
def test_a_bus_that_cannot_be_reached_is_one_sentence(address: str) -> None:
    with pytest.raises(SourceUnavailable, match="D-Bus session cannot be reached"):
        open_mutter({"DBUS_SESSION_BUS_ADDRESS": address})


def test_kde_says_milliseconds_in_an_x_session(bus: PrivateBus) -> None:
    with bus.service({_SESSION_IDLE_TIME: ("u", (90_000,))}, _SCREEN_SAVER, _KDE):
        reader = open_kde(bus.environ)
        assert reader.read() == Reading(timedelta(seconds=90))
        reader.close()


def test_kde_is_not_asked_in_a_wayland_session_where_older_ones_always_say_zero(
    bus: PrivateBus,
) -> None:
    with bus.service({_SESSION_IDLE_TIME: ("u", (0,))}, _SCREEN_SAVER, _KDE):
        with pytest.raises(SourceUnavailable, match="Wayland"):
            open_kde({**bus.environ, "XDG_SESSION_TYPE": "wayland"})


def test_another_screen_saver_is_not_asked_since_its_unit_is_not_known(bus: PrivateBus) -> None:
    with bus.service({_SESSION_IDLE_TIME: ("u", (90,))}, _SCREEN_SAVER):
        with pytest.raises(SourceUnavailable, match="KDE's screen saver does not run"):
            open_kde(bus.environ)
        with bus.service({}, _KDE):
            with pytest.raises(SourceUnavailable, match="KDE's screen saver does not run"):
                open_kde(bus.environ)


def test_asking_starts_no_service(bus: PrivateBus) -> None:
    services = bus.folder / "dbus-1" / "services"
    services.mkdir(parents=True)
    started = bus.folder / "started"
    (services / "mutter.service").write_text(
        f"[D-BUS Service]\nName={_MUTTER}\nExec=/usr/bin/touch {started}\n"
    )
    bus.end()
    bus.start()
    with pytest.raises(SourceUnavailable, match="does not run"):
        open_mutter(bus.environ)
    assert not started.exists()
