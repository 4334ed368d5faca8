"""Reports on their way: stored before the first byte is sent, the same bytes at every retry.

Nothing is ever noised or sharded a second time for one task and window: repeated noise averages
away (protocol §4.7). Therefore a row, once made, stays. After sending, the values and the report
itself are erased; times, sizes, the report's id, its receipt and how its batch ended remain.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Final

from client import ending
from client.concern import Concern, Fault
from client.ending import Ending
from client.errors import OutboxUnusable
from client.parcel import Parcel, Parts, State
from client.private_file import make_private
from privacy.agreement.model import AgreementDigest, TaskDigest
from privacy.batch import BatchId
from privacy.budget import Budget
from privacy.errors import PluraleError
from privacy.groups import GroupId
from privacy.metrics import TaskId
from privacy.receipt import Receipt
from privacy.report import Report, ReportId
from privacy.window import Window

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS report (
    task_digest BLOB NOT NULL, window TEXT NOT NULL,
    agreement BLOB NOT NULL, task TEXT NOT NULL, group_id TEXT NOT NULL, rho TEXT NOT NULL,
    state TEXT NOT NULL, made_at TEXT NOT NULL, due TEXT NOT NULL, finished_at TEXT,
    report_id BLOB NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL,
    public_hash BLOB NOT NULL, leader_hash BLOB NOT NULL, helper_hash BLOB NOT NULL,
    public_share BLOB, leader_share BLOB, helper_share BLOB, measurement TEXT,
    signature BLOB, reason TEXT, ending TEXT, concern TEXT, fault TEXT, seen TEXT,
    PRIMARY KEY (task_digest, window)
) WITHOUT ROWID;
"""
_BUSY_SECONDS: Final = 10.0


class Outbox:
    """One device's reports. Every method raises `OutboxUnusable` when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        """Open the file, or start one that only its owner can read."""
        self._path = path
        try:
            make_private(path)
        except OSError as error:
            raise OutboxUnusable(
                f"the outbox {path} cannot be written ({error.strerror}): make its folder writable"
            ) from error
        with self._translated():
            self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA secure_delete = ON")
            self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def add(self, parcel: Parcel) -> bool:
        """Keep a new report; False, and nothing changes, when its task and window have one."""
        report = parcel.report
        row = {
            "task_digest": parcel.batch.task_digest,
            "window": str(parcel.batch.window),
            "agreement": parcel.batch.agreement,
            "task": parcel.batch.task,
            "group_id": parcel.batch.group,
            "rho": str(parcel.rho),
            "state": parcel.state,
            "made_at": parcel.made_at.isoformat(),
            "due": parcel.due.isoformat(),
            "report_id": parcel.report_id,
            "digest": parcel.digest,
            "size": parcel.size,
            "public_hash": parcel.parts.public_share,
            "leader_hash": parcel.parts.leader_share,
            "helper_hash": parcel.parts.helper_share,
            "public_share": report and report.public_share,
            "leader_share": report and report.leader_share,
            "helper_share": report and report.helper_share,
            "measurement": json.dumps(parcel.measurement),
        }
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        with self._translated():
            cursor = self._connection.execute(
                f"INSERT OR IGNORE INTO report ({names}) VALUES ({marks})",  # noqa: S608 - constants
                row,
            )
            return cursor.rowcount == 1

    def finish(
        self,
        parcel: Parcel,
        state: State,
        at: datetime,
        *,
        receipt: Receipt | None = None,
        reason: str | None = None,
    ) -> None:
        """Record how it ended and erase the report and its numbers."""
        with self._translated():
            self._connection.execute(
                "UPDATE report SET state = ?, finished_at = ?, signature = ?, reason = ?,"
                " public_share = NULL, leader_share = NULL, helper_share = NULL,"
                " measurement = NULL WHERE task_digest = ? AND window = ? AND state = ?",
                (
                    state,
                    at.isoformat(),
                    receipt and receipt.signature,
                    reason,
                    parcel.batch.task_digest,
                    str(parcel.batch.window),
                    State.WAITING,
                ),
            )

    def conclude(self, parcel: Parcel, ended: Ending) -> None:
        """Keep how a sent report's batch ended. What was wrong before is forgotten."""
        self._note_about(parcel, json.dumps(ending.to_json(ended)), None)

    def blame(self, parcel: Parcel, fault: Fault) -> None:
        """Keep why it is not known how a sent report's batch ended, in place of what was kept."""
        self._note_about(parcel, None, fault)

    def see_to(self, parcel: Parcel) -> None:
        """Keep that the person has seen the alarm that the parcel is about."""
        change = "UPDATE report SET seen = ? WHERE task_digest = ? AND window = ?"
        with self._translated():
            self._connection.execute(
                change, (parcel.concern, parcel.batch.task_digest, str(parcel.batch.window))
            )

    def get(self, task: TaskDigest, window: Window) -> Parcel | None:
        """The report of a task and window, if it was made."""
        query = "SELECT * FROM report WHERE task_digest = ? AND window = ?"
        with self._translated():
            row = self._connection.execute(query, (task, str(window))).fetchone()
        return None if row is None else self._parcel(row)

    def waiting(self) -> list[Parcel]:
        """Reports that are not sent yet, the earliest due first."""
        return self._where(f"state = '{State.WAITING}'")

    def undecided(self) -> list[Parcel]:
        """Reports that the employer's server has and whose end is not known yet."""
        return self._where(f"state = '{State.SENT}' AND ending IS NULL")

    def alarming(self) -> list[Parcel]:
        """Reports that somebody has to look at, and nobody has yet."""
        told = self._where("ending IS NOT NULL OR fault IS NOT NULL")
        return [each for each in told if each.concern is not None and not each.seen_to]

    def all(self) -> list[Parcel]:
        """Every report ever made here, the earliest due first."""
        return self._where("TRUE")

    def reported_under(self, window: Window) -> set[AgreementDigest]:
        """The versions of the agreement that the window has reports under."""
        query = "SELECT DISTINCT agreement FROM report WHERE window = ?"
        with self._translated():
            rows = self._connection.execute(query, (str(window),)).fetchall()
        return {AgreementDigest(row["agreement"]) for row in rows}

    def budget(self) -> Budget:
        """This device's own account. Every report counts: a lost one may have arrived."""
        spends = {
            (parcel.batch.task_digest, parcel.batch.window): parcel.rho for parcel in self.all()
        }
        return Budget(MappingProxyType(spends))

    def _where(self, condition: str) -> list[Parcel]:
        query = f"SELECT * FROM report WHERE {condition} ORDER BY due, task"  # noqa: S608 - constants
        with self._translated():
            rows = self._connection.execute(query).fetchall()
        return [self._parcel(row) for row in rows]

    def _parcel(self, row: sqlite3.Row) -> Parcel:
        try:
            return _parcel(row)
        except (ValueError, TypeError, PluraleError) as error:
            raise OutboxUnusable(
                f"what the outbox {self._path} has of the report to {row['task']} for "
                f"{row['window']} cannot be read ({error}): the file is damaged; move it away, and "
                "keep it"
            ) from error

    def _note_about(self, parcel: Parcel, ended: str | None, fault: Fault | None) -> None:
        # Another run may have been quicker: an end, once kept, stays.
        change = (
            "UPDATE report SET ending = ?, concern = ?, fault = ?"
            " WHERE task_digest = ? AND window = ? AND ending IS NULL"
        )
        key = parcel.batch.task_digest, str(parcel.batch.window)
        with self._translated():
            self._connection.execute(
                change, (ended, fault and fault.concern, fault and fault.sentence, *key)
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise OutboxUnusable(
                f"the outbox {self._path} cannot be used ({error}): see that you may write it and "
                "that the disk is not full; if it is damaged, move it away"
            ) from error


def _parcel(row: sqlite3.Row) -> Parcel:
    batch = BatchId(
        AgreementDigest(row["agreement"]),
        TaskId(row["task"]),
        GroupId(row["group_id"]),
        Window.parse(row["window"]),
    )
    report_id = ReportId(row["report_id"])
    report = None
    if row["public_share"] is not None:
        report = Report(
            batch, report_id, row["public_share"], row["leader_share"], row["helper_share"]
        )
    signature = row["signature"]
    measurement = row["measurement"]
    finished = row["finished_at"]
    return Parcel(
        batch=batch,
        rho=Fraction(row["rho"]),
        state=State(row["state"]),
        made_at=datetime.fromisoformat(row["made_at"]),
        due=datetime.fromisoformat(row["due"]),
        finished_at=finished and datetime.fromisoformat(finished),
        report_id=report_id,
        digest=row["digest"],
        parts=Parts(row["public_hash"], row["leader_hash"], row["helper_hash"]),
        size=row["size"],
        report=report,
        measurement=None if measurement is None else tuple(json.loads(measurement)),
        receipt=None if signature is None else Receipt(row["digest"], signature),
        reason=row["reason"],
        ending=None if row["ending"] is None else ending.from_json(json.loads(row["ending"])),
        fault=None if row["fault"] is None else Fault(Concern(row["concern"]), row["fault"]),
        seen=None if row["seen"] is None else Concern(row["seen"]),
    )
