"""Reports on their way: stored before the first byte is sent, the same bytes at every retry.

Nothing is ever noised or sharded a second time for one task and window: repeated noise averages
away (protocol §4.7). Therefore a row, once made, stays. Its times are there before it; what is
blinded is there before it is asked about, and is erased once the token is there. After sending, the
values and the report itself are erased; times, sizes, the report's id, its token, its receipt and
how its batch ended remain.

The token stays because it proves what a receipt does not: that a report which was dropped was a
member's. It tells nothing new: both servers have had it, beside the same report id.
"""

import json
import sqlite3
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Final

from client import ending, outbox_rows
from client.concern import Concern, Fault
from client.ending import Ending, Fate
from client.outbox_file import OutboxFile
from client.parcel import Parcel, State, TokenRequest
from client.schedule import Times
from privacy.agreement.model import AgreementDigest, TaskDigest
from privacy.batch import BatchId
from privacy.budget import Budget
from privacy.membership import Token
from privacy.receipt import Receipt
from privacy.window import Window

# A report whose times are gone is damaged, and must not go unseen.
_WITH_TIMES: Final = (
    "SELECT report.*, fetch, due FROM report LEFT JOIN schedule USING (task_digest, window) "
)
_IN_ORDER: Final = " ORDER BY due, report.task"


class Outbox:
    """One device's reports. Every method raises `OutboxUnusable` when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        """Open the file, or start one that only its owner can read."""
        self._file = OutboxFile(path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    # --- on its way ------------------------------------------------------------------------------

    def times(self, batch: BatchId) -> Times | None:
        """When a batch's token and report are due, if that is drawn."""
        query = "SELECT * FROM schedule WHERE task_digest = :task_digest AND window = :window"
        for row in self._file.rows(query, outbox_rows.key(batch)):
            with self._file.readable(batch.task, batch.window):
                return outbox_rows.times(row)
        return None

    def schedule(self, batch: BatchId, times: Times) -> Times:
        """Keep when they are due, unless that is kept already; gives what is kept."""
        self._file.insert("schedule", outbox_rows.times_row(batch, times))
        return self.times(batch) or times

    def hold_up(self, batch: BatchId, why: str) -> None:
        """Keep why a report could not be made this time."""
        change = (
            "UPDATE schedule SET unmade = :why"
            " WHERE task_digest = :task_digest AND window = :window"
        )
        self._file.change((change, outbox_rows.key(batch) | {"why": why}))

    def unmade(self) -> list[tuple[BatchId, str]]:
        """What was to be reported and is not, each with why, as far as nobody has seen to it."""
        query = (
            "SELECT * FROM schedule WHERE unmade IS NOT NULL AND NOT unmade_seen"
            " AND (task_digest, window) NOT IN (SELECT task_digest, window FROM report)"
            " ORDER BY window, task"
        )
        found = []
        for row in self._file.rows(query, {}):
            with self._file.readable(row["task"], row["window"]):
                found.append((outbox_rows.batch_of(row), str(row["unmade"])))
        return found

    def see_to_unmade(self, batch: BatchId) -> None:
        """Keep that the person has seen that a report was not made."""
        change = (
            "UPDATE schedule SET unmade_seen = 1"
            " WHERE task_digest = :task_digest AND window = :window"
        )
        self._file.change((change, outbox_rows.key(batch)))

    def add(self, parcel: Parcel) -> bool:
        """Keep a new report; False, and nothing changes, when its task and window have one."""
        return self._file.insert("report", outbox_rows.report_row(parcel))

    def request(self, parcel: Parcel) -> TokenRequest | None:
        """What is to be signed for a report, if it is blinded already and not signed yet."""
        query = "SELECT * FROM blinding WHERE task_digest = :task_digest AND window = :window"
        rows = self._file.rows(query, outbox_rows.key(parcel.batch))
        return outbox_rows.request(rows[0]) if rows else None

    def keep_request(self, parcel: Parcel, request: TokenRequest) -> TokenRequest | None:
        """Keep what is to be signed, unless something is kept already; gives what is kept.

        None if nothing is to be signed any more: another run has got the token meanwhile.
        """
        keep = (
            "INSERT OR IGNORE INTO blinding"
            " SELECT task_digest, window, :modulus, :randomizer, :request, :inverse FROM report"
            " WHERE task_digest = :task_digest AND window = :window"
            " AND state = :waiting AND token IS NULL"
        )
        row = outbox_rows.request_row(parcel.batch, request)
        self._file.change((keep, row | {"waiting": State.WAITING}))
        return self.request(parcel)

    def hinder(self, parcel: Parcel, hindrance: str, fault: Fault | None) -> None:
        """Keep why its token, or its receipt, did not come this time, and the alarm if it is one.

        Nothing changes if another run has got further meanwhile.
        """
        change = (
            "UPDATE report SET hindrance = :hindrance,"
            " concern = COALESCE(:concern, concern), fault = COALESCE(:fault, fault)"
            " WHERE task_digest = :task_digest AND window = :window"
            " AND state = :waiting AND (token IS NULL) = :without_token"
        )
        what = {
            "waiting": State.WAITING,
            "without_token": parcel.token is None,
            "hindrance": hindrance,
            "concern": fault and fault.concern,
            "fault": fault and fault.sentence,
        }
        self._file.change((change, outbox_rows.key(parcel.batch) | what))

    def keep_token(self, parcel: Parcel, token: Token, times: Times) -> None:
        """Keep the token and when to send, erase the blinding; what was wrong is forgotten.

        So is that it was seen: a report that is refused later is another matter.
        """
        # Another run may have been quicker: then its token and its time to send stay.
        send = (
            "UPDATE schedule SET due = :due WHERE task_digest = :task_digest AND window = :window"
            " AND (task_digest, window) IN (SELECT task_digest, window FROM report"
            " WHERE token IS NULL)"
        )
        keep = (
            "UPDATE report SET randomizer = :randomizer, token = :token,"
            " hindrance = NULL, concern = NULL, fault = NULL, seen = NULL"
            " WHERE task_digest = :task_digest AND window = :window AND token IS NULL"
        )
        erase = "DELETE FROM blinding WHERE task_digest = :task_digest AND window = :window"
        key = outbox_rows.key(parcel.batch)
        parts = {"randomizer": token.randomizer, "token": token.signature}
        self._file.change(
            (send, key | {"due": times.due.isoformat()}), (keep, key | parts), (erase, key)
        )

    def finish(
        self,
        parcel: Parcel,
        state: State,
        at: datetime,
        *,
        receipt: Receipt | None = None,
        reason: str | None = None,
        fault: Fault | None = None,
    ) -> None:
        """Record how it ended; erase the report, its numbers and what was to be signed.

        `fault`: the alarm that this is, if it is one. An earlier one stays.
        """
        end = (
            "UPDATE report SET state = :state, finished_at = :at, signature = :signature,"
            " reason = :reason, hindrance = NULL, concern = COALESCE(:concern, concern),"
            " fault = COALESCE(:fault, fault), public_share = NULL, leader_share = NULL,"
            " helper_share = NULL, measurement = NULL"
            " WHERE task_digest = :task_digest AND window = :window AND state = :waiting"
        )
        erase = "DELETE FROM blinding WHERE task_digest = :task_digest AND window = :window"
        key = outbox_rows.key(parcel.batch)
        how = {
            "state": state,
            "at": at.isoformat(),
            "signature": receipt and receipt.signature,
            "reason": reason,
            "concern": fault and fault.concern,
            "fault": fault and fault.sentence,
            "waiting": State.WAITING,
        }
        self._file.change((end, key | how), (erase, key))

    # --- what became of it -----------------------------------------------------------------------

    def conclude(self, parcel: Parcel, ended: Ending) -> None:
        """Keep how a sent report's batch ended. What was wrong before is forgotten."""
        concern = Concern.MISSING if ended.fate is Fate.MISSING else None
        self._note_about(parcel, json.dumps(ending.to_json(ended)), concern, None)

    def blame(self, parcel: Parcel, fault: Fault) -> None:
        """Keep what is wrong about a report, in place of what was kept."""
        self._note_about(parcel, None, fault.concern, fault.sentence)

    def see_to(self, parcel: Parcel) -> None:
        """Keep that the person has seen the alarm that the parcel is about."""
        change = (
            "UPDATE report SET seen = :seen WHERE task_digest = :task_digest AND window = :window"
        )
        self._file.change((change, outbox_rows.key(parcel.batch) | {"seen": parcel.concern}))

    def _note_about(
        self, parcel: Parcel, ended: str | None, concern: Concern | None, fault: str | None
    ) -> None:
        # Another run may have been quicker: an end, once kept, stays.
        change = (
            "UPDATE report SET ending = :ending, concern = :concern, fault = :fault"
            " WHERE task_digest = :task_digest AND window = :window AND ending IS NULL"
        )
        what = {"ending": ended, "concern": concern, "fault": fault}
        self._file.change((change, outbox_rows.key(parcel.batch) | what))

    # --- reading ---------------------------------------------------------------------------------

    def get(self, task: TaskDigest, window: Window) -> Parcel | None:
        """The report of a task and window, if it was made."""
        query = _WITH_TIMES + "WHERE task_digest = :task_digest AND window = :window"
        rows = self._file.rows(query, {"task_digest": task, "window": str(window)})
        return self._parcel(rows[0]) if rows else None

    def waiting(self) -> list[Parcel]:
        """Reports that are not sent yet, the earliest due first."""
        query = _WITH_TIMES + "WHERE state = :state" + _IN_ORDER
        return list(map(self._parcel, self._file.rows(query, {"state": State.WAITING})))

    def undecided(self) -> list[Parcel]:
        """Reports that the employer's server has and whose end is not known yet."""
        query = _WITH_TIMES + "WHERE state = :state AND ending IS NULL" + _IN_ORDER
        return list(map(self._parcel, self._file.rows(query, {"state": State.SENT})))

    def alarming(self) -> list[Parcel]:
        """Reports that somebody has to look at, and nobody has yet."""
        unseen = "WHERE concern IS NOT NULL AND (seen IS NULL OR seen <> concern)"
        return list(map(self._parcel, self._file.rows(_WITH_TIMES + unseen + _IN_ORDER, {})))

    def all(self) -> list[Parcel]:
        """Every report ever made here, the earliest due first."""
        return list(map(self._parcel, self._file.rows(_WITH_TIMES + _IN_ORDER, {})))

    def reported_under(self, window: Window) -> set[AgreementDigest]:
        """The versions of the agreement that the window has reports under."""
        query = "SELECT DISTINCT agreement FROM report WHERE window = :window"
        rows = self._file.rows(query, {"window": str(window)})
        return {AgreementDigest(row["agreement"]) for row in rows}

    def budget(self) -> Budget:
        """This device's own account. Every report counts: a lost one may have arrived."""
        spends = {}
        for row in self._file.rows("SELECT task, task_digest, window, rho FROM report", {}):
            with self._file.readable(row["task"], row["window"]):
                place = TaskDigest(row["task_digest"]), Window.parse(row["window"])
                spends[place] = Fraction(row["rho"])
        return Budget(MappingProxyType(spends))

    def _parcel(self, row: sqlite3.Row) -> Parcel:
        with self._file.readable(row["task"], row["window"]):
            return outbox_rows.parcel(row)
