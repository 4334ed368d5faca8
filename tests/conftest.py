"""What all tests share: packages of the system that some need, and vectors beside the repository.

A test that needs a command of a Debian package says so::

    @pytest.mark.needs_debian("postgresql", "initdb")

Without the command the test is skipped and names the package. With ``CI=true`` it fails instead,
since `.ci/run` installs every package in tests/debian-packages.txt.
"""

import os
import shutil
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = Path(__file__).with_name("debian-packages.txt")

# A deadline per example would be a timed assertion.
hypothesis.settings.register_profile("plurale", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("plurale")


def _listed_packages() -> frozenset[str]:
    lines = PACKAGES.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose Debian package is missing; in CI, fail it."""
    for marker in item.iter_markers("needs_debian"):
        package, command = marker.args
        if package not in _listed_packages():
            pytest.fail(f"{package} is not in tests/debian-packages.txt: add it.", pytrace=False)
        if shutil.which(command) is not None:
            continue
        missing = f"{command} is missing: install the Debian package {package}."
        if os.environ.get("CI") == "true":
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)


@pytest.fixture(scope="session")
def vdaf_vectors() -> Path:
    """Folder of published VDAF test vectors beside the repository; skips where there is none."""
    folder = ROOT.parent / "shared" / "vectors" / "vdaf"
    if not folder.is_dir():
        pytest.skip("no published vectors in ../shared/vectors/vdaf")
    return folder
