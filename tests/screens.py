"""X servers without a screen, and input that is played into them."""

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Screen:
    """A running X server; `name` is what DISPLAY holds."""

    name: str
    server: subprocess.Popen[bytes]

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a program on it: an X session, whatever this process is in."""
        kept = {"PATH", "HOME", "LANG", "PYTHONPATH"}
        known = {key: value for key, value in os.environ.items() if key in kept}
        return {**known, "DISPLAY": self.name, "XDG_SESSION_TYPE": "x11"}

    def play(self, *arguments: str) -> None:
        """Play input with xdotool. When it returns, the X server has it."""
        subprocess.run(
            ["xdotool", *arguments], env=self.environ, check=True, timeout=_PATIENCE_SECONDS
        )

    def end(self) -> None:
        """End the X server, if it runs."""
        self.server.terminate()
        self.server.wait(_PATIENCE_SECONDS)


@contextmanager
def screen(*options: str) -> Iterator[Screen]:
    """An X server on a free display, with further options of Xvfb."""
    told, tell = os.pipe()
    try:
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(tell), "-nolisten", "tcp", *options],
            pass_fds=[tell],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(tell)
        running = Screen(f":{_number(told)}", server)
    finally:
        os.close(told)
    try:
        yield running
    finally:
        running.end()


def _number(told: int) -> int:
    """The number of the display, once the X server listens."""
    text = b""
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([told], [], [], _PATIENCE_SECONDS)
        part = os.read(told, 16) if ready else b""
        assert part, "Xvfb did not start"
        text += part
    return int(text)
