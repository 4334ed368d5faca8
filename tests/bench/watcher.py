"""The watching process, as installed: ``python -m tests.bench watcher``

`plurale watch` runs for five minutes on a real X server (Xvfb), where somebody moves the mouse now
and then. What it holds in memory is the most it ever had; its processor time is that of the five
minutes after its start. ActivityWatch's watcher alone measures 41 MB (field notes).
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from client import watch_rules
from client.intervals import Interval, total
from client.journal import Journal
from client.watch_rules import WatchRule, WatchRules
from tests.bench.figure import Figure
from tests.screens import Screen, screen

SECONDS = 300.0
MOST_MB = 30.0
MOST_PERCENT = 0.1
_TICKS = os.sysconf("SC_CLK_TCK")


def figures() -> Iterator[Figure]:
    """Memory and processor time; nothing where there is no Xvfb."""
    if shutil.which("Xvfb") is None or shutil.which("xdotool") is None:
        return
    with tempfile.TemporaryDirectory() as directory, screen() as x_server:
        folder = Path(directory)
        now = datetime.now(UTC)
        day = timedelta(days=1)
        rule = WatchRule(now - day, now + day, "Europe/Berlin", timedelta(minutes=5))
        watch_rules.keep(folder, WatchRules((rule,)))
        (folder / "enrolment.json").write_text("{}")
        with _watcher(folder, x_server) as process:
            time.sleep(10)
            begun = datetime.now(UTC)
            started, at_start = time.monotonic(), _seconds_used(process.pid)
            while time.monotonic() - started < SECONDS:
                x_server.play("mousemove_relative", "1", "1")
                time.sleep(7)
            ended = datetime.now(UTC)
            used = _seconds_used(process.pid) - at_start
            percent = 100 * used / (time.monotonic() - started)
            megabytes = _peak_megabytes(process.pid)
        with Journal(folder / "journal.db") as journal:
            seen = journal.activity(Interval(begun, ended))
    yield Figure("watcher: most memory in five minutes (MB)", megabytes, MOST_MB)
    yield Figure("watcher: processor time in five minutes (% of a core)", percent, MOST_PERCENT)
    yield Figure("watcher: processor time to start (s)", at_start)
    name = "watcher: share of the five minutes that it recorded as active"
    yield Figure(name, total(seen.active) / (ended - begun), 0.9, more_is_better=True)


@contextmanager
def _watcher(folder: Path, x_server: Screen) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(
        [sys.executable, "-m", "client", "--data", str(folder), "watch"],
        env=x_server.environ,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _seconds_used(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) * 1024 / 1e6
