"""A disk that is full: one sentence, nothing is sent, and nothing is lost.

The folder lies in a file system of a few megabytes that is really full. Only processes in a name
space of their own see it, so nobody needs to be root; where that is forbidden they are skipped.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.person import Person

IN_FULL = """
set -e
mount -t tmpfs -o size=4m tmpfs "$1"
cp -a "$2"/. "$1"/
dd if=/dev/zero of="$1/filler" bs=1 count=1 seek=4095 2>/dev/null
dd if=/dev/zero of="$1/filler" bs=4096 oflag=append conv=notrunc 2>/dev/null || true
folder=$1 out=$3
shift 3
set +e
"$@"
code=$?
set -e
rm "$folder/filler"
cp -a "$folder"/. "$out"/
exit $code
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def full(person: Person, tmp_path: Path) -> Run:
    """Type a command on a full disk, an answer after it; the folder afterwards is what it left."""
    person.enrols(weeks_ago=3)
    name_space = shutil.which("unshare")
    if name_space is None:
        pytest.skip("unshare is not installed: it is in util-linux")
    trial = [name_space, "-Urm", "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        pytest.skip("name spaces of one's own are forbidden here")

    def run(*arguments: str, answer: str = "") -> "subprocess.CompletedProcess[str]":
        before, out = tmp_path / "before", tmp_path / "out"
        person.folder.rename(before)
        person.folder.mkdir(mode=0o700)
        out.mkdir(mode=0o700)
        done = subprocess.run(
            [
                name_space, "-Urm", "sh", "-c", IN_FULL, "sh",
                str(person.folder), str(before), str(out),
                sys.executable, "-m", "client", "--data", str(person.folder), *arguments,
            ],
            input=answer,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )  # fmt: skip
        person.folder.rmdir()
        out.rename(person.folder)
        shutil.rmtree(before)
        assert "Traceback" not in done.stderr
        return done

    return run


def test_nothing_is_sent_and_all_is_made_once_there_is_room(person: Person, full: Run) -> None:
    asked = [each for each in person.servers.council.asked if each == "issue"]
    done = full("send")
    assert done.returncode == 1
    assert done.stderr.startswith("plurale: ")
    assert "full" in done.stderr or "No space left" in done.stderr
    assert "Sent" not in done.stdout
    assert [each for each in person.servers.council.asked if each == "issue"] == asked
    again = person.types("send")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.count("Made the report for") >= 2


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (("task", "add", "one"), ""),
        (("away", "2030-01-01"), ""),
        (("pause",), ""),
        (("forget",), "yes\n"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_kept_is_one_sentence(
    full: Run, arguments: tuple[str, ...], answer: str
) -> None:
    done = full(*arguments, answer=answer)
    assert done.returncode == 1, done.stdout
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("plurale: ")
    assert "full" in sentence or "No space left" in sentence


def test_doctor_names_it(full: Run) -> None:
    done = full("doctor")
    assert done.returncode == 1
    assert "data folder: does not work: nothing can be written" in done.stdout
    assert "the disk of" in done.stdout
    assert "enrolment: works" in done.stdout


def test_leaving_needs_no_room(person: Person, full: Run) -> None:
    done = full("leave", answer="yes\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert list(person.folder.iterdir()) == []
