"""Reports: at the leader with their shares until counted, at the helper their ids."""

from collections.abc import Iterable, Sequence

from sqlmodel import Session, col, func, insert, select, update

from aggregator.model import Batch, ReportState
from aggregator.store.rows import ReportRow
from privacy.errors import InvalidValue
from privacy.membership import Token
from privacy.report import Report, ReportId, Submission


class Reports:
    """An index of report ids for each batch; an id stands there at most once."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def digests(self, batch: Batch, ids: Iterable[ReportId]) -> dict[ReportId, bytes]:
        """Digests of those of the ids that the batch already has."""
        rows = self._session.exec(
            select(ReportRow.report_id, ReportRow.digest).where(
                ReportRow.batch == batch.row, col(ReportRow.report_id).in_(list(ids))
            )
        )
        return {ReportId(report_id): digest for report_id, digest in rows}

    def add_pending(self, batch: Batch, submissions: Sequence[tuple[Submission, bytes]]) -> None:
        """Keep reports that the leader admitted, each with its digest."""
        self._insert(
            {
                "batch": batch.row,
                "report_id": each.report.id,
                "state": ReportState.PENDING,
                "digest": digest,
                "public_share": each.report.public_share,
                "leader_share": each.report.leader_share,
                "helper_share": each.report.helper_share,
                "randomizer": each.token.randomizer,
                "signature": each.token.signature,
            }
            for each, digest in submissions
        )

    def add_decided(
        self, batch: Batch, decided: Sequence[tuple[ReportId, ReportState, bytes]]
    ) -> None:
        """Keep (id, state, digest) of reports that the helper decided on."""
        self._insert(
            {"batch": batch.row, "report_id": report_id, "state": state, "digest": digest}
            for report_id, state, digest in decided
        )

    def pending(self, batch: Batch, most: int) -> list[Submission]:
        """Up to `most` reports that are in no job yet, by id: that is in a random order."""
        query = select(ReportRow).where(
            ReportRow.batch == batch.row, ReportRow.state == ReportState.PENDING
        )
        return [
            _domain(batch, row)
            for row in self._session.exec(query.order_by(col(ReportRow.report_id)).limit(most))
        ]

    def in_job(self, batch: Batch, job: bytes) -> dict[ReportId, Submission]:
        """The reports of a job that has no answer yet."""
        query = select(ReportRow).where(
            ReportRow.batch == batch.row,
            ReportRow.job == job,
            ReportRow.state == ReportState.IN_JOB,
        )
        submissions = (_domain(batch, row) for row in self._session.exec(query))
        return {each.report.id: each for each in submissions}

    def put_in_job(self, batch: Batch, ids: Sequence[ReportId], job: bytes) -> None:
        """Reserve pending reports for a job."""
        self._update(batch, ids, state=ReportState.IN_JOB, job=job)

    def decide(self, batch: Batch, ids: Sequence[ReportId], state: ReportState) -> None:
        """Mark reports as counted or rejected and erase their shares."""
        erased = dict.fromkeys(
            ("public_share", "leader_share", "helper_share", "randomizer", "signature")
        )
        self._update(batch, ids, state=state, **erased)

    def counted_ids(self, batch: Batch) -> list[ReportId]:
        """Ids of the counted reports."""
        query = select(ReportRow.report_id).where(
            ReportRow.batch == batch.row, ReportRow.state == ReportState.COUNTED
        )
        return [ReportId(report_id) for report_id in self._session.exec(query)]

    def number(self, batch: Batch, *states: ReportState) -> int:
        """How many reports of the batch are in one of the states."""
        query = select(func.count()).where(
            ReportRow.batch == batch.row, col(ReportRow.state).in_(states)
        )
        return self._session.exec(query).one()

    def _insert(self, rows: Iterable[dict[str, object]]) -> None:
        values = list(rows)
        if values:
            self._session.exec(insert(ReportRow), params=values)

    def _update(self, batch: Batch, ids: Sequence[ReportId], **changes: object) -> None:
        self._session.exec(
            update(ReportRow)
            .where(col(ReportRow.batch) == batch.row, col(ReportRow.report_id).in_(ids))
            .values(**changes)
        )


def _domain(batch: Batch, row: ReportRow) -> Submission:
    public_share, leader_share, helper_share = row.public_share, row.leader_share, row.helper_share
    if public_share is None or leader_share is None or helper_share is None:
        raise InvalidValue(f"{batch.id}: a report that is not counted yet lacks its shares")
    if row.randomizer is None or row.signature is None:
        raise InvalidValue(f"{batch.id}: a report that is not counted yet lacks its token")
    report = Report(batch.id, ReportId(row.report_id), public_share, leader_share, helper_share)
    return Submission(report, Token(row.randomizer, row.signature))
