"""Which desktop session this process is in, as its environment tells."""

from collections.abc import Mapping
from typing import Final

INSTALL_DESKTOP: Final = "install Plurale with its extra `desktop`"


def is_wayland(environ: Mapping[str, str]) -> bool:
    """Whether the desktop is a Wayland one, where an X server is at most a guest.

    ``XDG_SESSION_TYPE`` is what the login manager set; without it a Wayland display decides.
    """
    kind = environ.get("XDG_SESSION_TYPE", "")
    return kind == "wayland" or (kind != "x11" and bool(environ.get("WAYLAND_DISPLAY")))
