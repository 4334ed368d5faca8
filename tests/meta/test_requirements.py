"""The pinned requirements: complete, with hashes, without addresses, one version of a package."""

import contextlib
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.meta import repository

FOLDER = repository.ROOT / "requirements"
_PIN = re.compile(r"([a-z0-9][a-z0-9-]*)==([0-9][A-Za-z0-9.+!]*)")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def pins(path: Path) -> dict[str, str]:
    """Package name to version; fails on anything but a pin or a hash."""
    found: dict[str, str] = {}
    for raw in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        requirement, *hashes = re.split(r"\s+(?=--)", raw.strip())
        pin = _PIN.match(requirement)
        assert pin is not None, f"{path.name}: not a pin: {requirement}"
        assert hashes, f"{path.name}: {requirement} has no hash"
        assert all(_HASH.fullmatch(item) for item in hashes), f"{path.name}: {requirement}"
        assert pin[1] not in found, f"{path.name}: {pin[1]} is pinned twice"
        found[pin[1]] = pin[2]
    return found


def _asked_for(*extras: str) -> set[str]:
    text = (repository.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    lines = [*tables["project"]["dependencies"], *tables["dependency-groups"]["build"]]
    for extra in extras:
        lines += tables["project"]["optional-dependencies"][extra]
    return {re.split(r"[<>=!~;\[ ]", line)[0].lower() for line in lines}


def test_tests_run_with_the_versions_of_the_demo() -> None:
    demo, dev = pins(FOLDER / "demo.txt"), pins(FOLDER / "dev.txt")
    assert demo.items() <= dev.items()


@pytest.mark.parametrize(
    ("name", "extras"),
    [
        ("demo.txt", ("client", "aggregator")),
        ("dev.txt", ("client", "aggregator", "desktop", "dev")),
    ],
)
def test_everything_that_the_project_asks_for_is_pinned(name: str, extras: tuple[str, ...]) -> None:
    assert _asked_for(*extras) - pins(FOLDER / name).keys() == set()


def _left_out() -> set[str]:
    """Packages that requirements/overrides.txt never asks for."""
    lines = (FOLDER / "overrides.txt").read_text(encoding="utf-8").splitlines()
    asked = [Requirement(line) for line in lines if not line.startswith("#")]
    return {item.name for item in asked if item.marker and not item.marker.evaluate()}


def _missing(path: Path) -> set[tuple[str, str]]:
    """What installed packages ask for on this machine and a file does not pin: who, what."""
    pinned = pins(path)
    found = set()
    for name in pinned:
        with contextlib.suppress(metadata.PackageNotFoundError):  # for another platform
            for line in metadata.requires(name) or ():
                wants = Requirement(line)
                if wants.marker is None or wants.marker.evaluate({"extra": ""}):
                    found.add((name, canonicalize_name(wants.name)))
    return {(name, wanted) for name, wanted in found if wanted not in pinned}


def test_only_what_was_left_out_on_purpose_is_missing() -> None:
    # `pip install --no-deps` does not notice a gap, so this does.
    assert _missing(FOLDER / "demo.txt") == set()
    assert {wanted for _, wanted in _missing(FOLDER / "dev.txt")} <= _left_out()


def test_a_gap_is_noticed(tmp_path: Path) -> None:
    line = f"rich==15.0.0 --hash=sha256:{'0' * 64}\n"
    (tmp_path / "some.txt").write_text(line, encoding="utf-8")
    assert ("rich", "pygments") in _missing(tmp_path / "some.txt")


def test_nothing_has_to_be_compiled_and_the_demo_reads_no_desktop() -> None:
    demo, dev = pins(FOLDER / "demo.txt").keys(), pins(FOLDER / "dev.txt").keys()
    assert _left_out() == {"evdev"}
    assert not _left_out() & dev
    assert not {"pynput", "python-xlib"} & demo


@pytest.mark.parametrize(
    "line", ["rich", "rich==15.0.0", "-e .", "rich @ file:///x", "rich==1 --hash=md5:00"]
)
def test_a_requirement_that_is_not_pinned_by_hash_is_noticed(tmp_path: Path, line: str) -> None:
    (tmp_path / "some.txt").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        pins(tmp_path / "some.txt")
