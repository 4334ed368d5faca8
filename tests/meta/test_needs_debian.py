"""A test whose Debian package is missing: skipped and named; in CI a failure."""

from pathlib import Path

import pytest

from tests.meta import repository

_TEST = """
import pytest

@pytest.mark.needs_debian({package!r}, {command!r})
def test_something() -> None:
    pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with the conftest of this one and a package list of its own."""
    conftest = (repository.ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    pytester.makeconftest(conftest)
    pytester.makeini("[pytest]\nmarkers = needs_debian(package, command): as in Plurale\n")
    Path("debian-packages.txt").write_text("# a list\ntoolbox\n", encoding="utf-8")
    return pytester


def _run(project: pytest.Pytester, package: str, command: str) -> pytest.RunResult:
    project.makepyfile(_TEST.format(package=package, command=command))
    return project.runpytest_subprocess("-ra", "-p", "no:cacheprovider")


def test_a_present_command_changes_nothing(project: pytest.Pytester) -> None:
    _run(project, "toolbox", "git").assert_outcomes(passed=1)


def test_a_missing_command_skips_and_names_the_package(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    result = _run(project, "toolbox", "no-such-command")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*no-such-command is missing*Debian package toolbox*"])


def test_a_missing_command_fails_in_ci(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    result = _run(project, "toolbox", "no-such-command")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*Debian package toolbox*"])


def test_a_package_that_ci_would_not_install_fails_everywhere(project: pytest.Pytester) -> None:
    result = _run(project, "unlisted", "git")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*unlisted is not in tests/debian-packages.txt*"])
