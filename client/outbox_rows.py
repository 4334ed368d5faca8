"""How the outbox lies in its file: three tables, each with one row for a task and window.

`schedule` comes first, `report` next, `blinding` only until the token is there.
"""

import json
import sqlite3
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from client import ending
from client.concern import Concern, Fault
from client.parcel import Parcel, Parts, State, TokenRequest
from client.schedule import Times
from privacy.agreement.model import AgreementDigest
from privacy.batch import BatchId
from privacy.groups import GroupId
from privacy.membership import Blinding, Token
from privacy.metrics import TaskId
from privacy.receipt import Receipt
from privacy.report import Report, ReportId
from privacy.window import Window

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS schedule (
    task_digest BLOB NOT NULL, window TEXT NOT NULL,
    agreement BLOB NOT NULL, task TEXT NOT NULL, group_id TEXT NOT NULL,
    fetch TEXT NOT NULL, due TEXT NOT NULL, unmade TEXT, unmade_seen INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (task_digest, window)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS report (
    task_digest BLOB NOT NULL, window TEXT NOT NULL,
    agreement BLOB NOT NULL, task TEXT NOT NULL, group_id TEXT NOT NULL, rho TEXT NOT NULL,
    state TEXT NOT NULL, made_at TEXT NOT NULL, finished_at TEXT,
    report_id BLOB NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL,
    public_hash BLOB NOT NULL, leader_hash BLOB NOT NULL, helper_hash BLOB NOT NULL,
    public_share BLOB, leader_share BLOB, helper_share BLOB, measurement TEXT,
    randomizer BLOB, token BLOB, hindrance TEXT,
    signature BLOB, reason TEXT, ending TEXT, concern TEXT, fault TEXT, seen TEXT,
    PRIMARY KEY (task_digest, window)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blinding (
    task_digest BLOB NOT NULL, window TEXT NOT NULL,
    modulus BLOB NOT NULL, randomizer BLOB NOT NULL, request BLOB NOT NULL, inverse BLOB NOT NULL,
    PRIMARY KEY (task_digest, window)
) WITHOUT ROWID;
"""


def key(batch: BatchId) -> dict[str, Any]:
    """The primary key of all three tables."""
    return {"task_digest": batch.task_digest, "window": str(batch.window)}


def times_row(batch: BatchId, times: Times) -> dict[str, Any]:
    """A row of `schedule`."""
    return (
        key(batch)
        | _names(batch)
        | {"fetch": times.fetch.isoformat(), "due": times.due.isoformat()}
    )


def times(row: sqlite3.Row) -> Times:
    """Undo `times_row`; raises `ValueError` or `TypeError` for a damaged row."""
    return Times(datetime.fromisoformat(row["fetch"]), datetime.fromisoformat(row["due"]))


def request_row(batch: BatchId, request: TokenRequest) -> dict[str, Any]:
    """A row of `blinding`."""
    return key(batch) | {
        "modulus": request.modulus,
        "randomizer": request.blinding.randomizer,
        "request": request.blinding.request,
        "inverse": request.blinding.inverse,
    }


def request(row: sqlite3.Row) -> TokenRequest:
    """Undo `request_row`."""
    blinding = Blinding(row["randomizer"], row["request"], row["inverse"])
    return TokenRequest(row["modulus"], blinding)


def report_row(parcel: Parcel) -> dict[str, Any]:
    """A row of `report` for a parcel that waits."""
    report = parcel.report
    return (
        key(parcel.batch)
        | _names(parcel.batch)
        | {
            "rho": str(parcel.rho),
            "state": parcel.state,
            "made_at": parcel.made_at.isoformat(),
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
    )


def batch_of(row: sqlite3.Row) -> BatchId:
    """The batch that a row of `schedule` or `report` is about; raises a `PluraleError`."""
    return BatchId(
        AgreementDigest(row["agreement"]),
        TaskId(row["task"]),
        GroupId(row["group_id"]),
        Window.parse(row["window"]),
    )


def _names(batch: BatchId) -> dict[str, Any]:
    return {"agreement": batch.agreement, "task": batch.task, "group_id": batch.group}


def parcel(row: sqlite3.Row) -> Parcel:
    """A row of `report` with its times.

    Raises `ValueError`, `TypeError` or a `PluraleError` for a damaged row.
    """
    batch = batch_of(row)
    signature, measurement, finished = row["signature"], row["measurement"], row["finished_at"]
    return Parcel(
        batch=batch,
        rho=Fraction(row["rho"]),
        state=State(row["state"]),
        made_at=datetime.fromisoformat(row["made_at"]),
        times=times(row),
        finished_at=finished and datetime.fromisoformat(finished),
        report_id=ReportId(row["report_id"]),
        digest=row["digest"],
        parts=Parts(row["public_hash"], row["leader_hash"], row["helper_hash"]),
        size=row["size"],
        report=_report(batch, row),
        measurement=None if measurement is None else tuple(json.loads(measurement)),
        token=None if row["token"] is None else Token(row["randomizer"], row["token"]),
        hindrance=row["hindrance"],
        receipt=None if signature is None else Receipt(row["digest"], signature),
        reason=row["reason"],
        ending=None if row["ending"] is None else ending.from_json(json.loads(row["ending"])),
        fault=None if row["fault"] is None else Fault(Concern(row["concern"]), row["fault"]),
        seen=None if row["seen"] is None else Concern(row["seen"]),
    )


def _report(batch: BatchId, row: sqlite3.Row) -> Report | None:
    if row["public_share"] is None:
        return None
    shares = row["public_share"], row["leader_share"], row["helper_share"]
    return Report(batch, ReportId(row["report_id"]), *shares)
