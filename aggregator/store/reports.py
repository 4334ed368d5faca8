"""Reports: at the leader with their shares until counted, at the helper their ids."""

from collections.abc import Iterable, Sequence

from sqlmodel import Session, col, func, insert, select, update

from aggregator.model import Batch, ReportState
from aggregator.store.rows import ReportRow
from privacy.errors import InvalidValue
from privacy.report import Report, ReportId


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

    def add_pending(self, batch: Batch, reports: Sequence[tuple[Report, bytes]]) -> None:
        """Keep reports that the leader admitted, each with its digest."""
        self._insert(
            {
                "batch": batch.row,
                "report_id": report.id,
                "state": ReportState.PENDING,
                "digest": digest,
                "public_share": report.public_share,
                "leader_share": report.leader_share,
                "helper_share": report.helper_share,
            }
            for report, digest in reports
        )

    def add_decided(
        self, batch: Batch, decided: Sequence[tuple[ReportId, ReportState, bytes]]
    ) -> None:
        """Keep (id, state, digest) of reports that the helper decided on."""
        self._insert(
            {"batch": batch.row, "report_id": report_id, "state": state, "digest": digest}
            for report_id, state, digest in decided
        )

    def pending(self, batch: Batch, most: int) -> list[Report]:
        """Up to `most` reports that are in no job yet."""
        query = select(ReportRow).where(
            ReportRow.batch == batch.row, ReportRow.state == ReportState.PENDING
        )
        return [_domain(batch, row) for row in self._session.exec(query.limit(most))]

    def in_job(self, batch: Batch, job: bytes) -> dict[ReportId, Report]:
        """The reports of a job that has no answer yet."""
        query = select(ReportRow).where(
            ReportRow.batch == batch.row,
            ReportRow.job == job,
            ReportRow.state == ReportState.IN_JOB,
        )
        reports = (_domain(batch, row) for row in self._session.exec(query))
        return {report.id: report for report in reports}

    def put_in_job(self, batch: Batch, ids: Sequence[ReportId], job: bytes) -> None:
        """Reserve pending reports for a job."""
        self._update(batch, ids, state=ReportState.IN_JOB, job=job)

    def decide(self, batch: Batch, ids: Sequence[ReportId], state: ReportState) -> None:
        """Mark reports as counted or rejected and erase their shares."""
        self._update(
            batch, ids, state=state, public_share=None, leader_share=None, helper_share=None
        )

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


def _domain(batch: Batch, row: ReportRow) -> Report:
    if row.public_share is None or row.leader_share is None or row.helper_share is None:
        raise InvalidValue(f"{batch.id}: a report that is not counted yet lacks its shares")
    return Report(
        batch=batch.id,
        id=ReportId(row.report_id),
        public_share=row.public_share,
        leader_share=row.leader_share,
        helper_share=row.helper_share,
    )
