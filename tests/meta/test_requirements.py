"""The pinned requirements: complete, with hashes, without addresses, one version of a package."""

import re
import tomllib
from pathlib import Path

import pytest

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
    [("demo.txt", ("client", "aggregator")), ("dev.txt", ("client", "aggregator", "dev"))],
)
def test_everything_that_the_project_asks_for_is_pinned(name: str, extras: tuple[str, ...]) -> None:
    assert _asked_for(*extras) - pins(FOLDER / name).keys() == set()


def test_the_demo_needs_nothing_that_has_to_be_compiled() -> None:
    assert {"pynput", "evdev"} & pins(FOLDER / "dev.txt").keys() == set()


@pytest.mark.parametrize(
    "line", ["rich", "rich==15.0.0", "-e .", "rich @ file:///x", "rich==1 --hash=md5:00"]
)
def test_a_requirement_that_is_not_pinned_by_hash_is_noticed(tmp_path: Path, line: str) -> None:
    (tmp_path / "some.txt").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        pins(tmp_path / "some.txt")
