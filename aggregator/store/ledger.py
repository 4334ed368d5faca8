"""The ledger's entries, in their order: at the council its own, at the employer a copy."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlmodel import Session, col, delete, func, select

from aggregator.store.rows import LedgerRow
from privacy.batch import BatchId
from privacy.ledger.entries import (
    BEFORE_THE_FIRST,
    AgreementActivated,
    AgreementRetired,
    Body,
    Entry,
    VerifyKeysCommitted,
    WindowKeysPublished,
    decode,
)
from privacy.merkle import LeafHash
from privacy.window import Window


class Entries:
    """Append-only, but for `cut`, which only a restored copy needs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, at: datetime, body: Body) -> Entry:
        """Write one entry after the last. Its time never runs behind the last one's."""
        last = self._last()
        if last is None:
            entry = Entry(0, self.moment(at), BEFORE_THE_FIRST, body)
        else:
            entry = Entry(last.index + 1, self.moment(at), last.leaf, body)
        self.copy([entry])
        return entry

    def moment(self, now: datetime) -> datetime:
        """The time of an entry written now: whole seconds, and never behind the last entry's."""
        last = self._last()
        now = now.astimezone(UTC).replace(microsecond=0)
        return now if last is None else max(now, last.at)

    def copy(self, entries: Iterable[Entry]) -> None:
        """Keep entries that somebody else wrote, in their order."""
        for entry in entries:
            self._session.add(
                LedgerRow(
                    place=entry.index,
                    kind=entry.body.kind,
                    subject=subject(entry.body),
                    data=entry.data,
                    leaf=entry.leaf,
                )
            )
        self._session.flush()

    def cut(self, size: int) -> None:
        """Take back everything from place `size` on: only what nobody has witnessed."""
        self._session.exec(delete(LedgerRow).where(col(LedgerRow.place) >= size))

    def size(self) -> int:
        """How many there are."""
        return self._session.exec(select(func.count()).select_from(LedgerRow)).one()

    def data(self, first: int, most: int | None = None) -> list[bytes]:
        """Canonical bytes from place `first` on, at most so many."""
        query = (
            select(LedgerRow.data).where(LedgerRow.place >= first).order_by(col(LedgerRow.place))
        )
        return list(self._session.exec(query if most is None else query.limit(most)))

    def leaf(self, place: int) -> LeafHash:
        """The leaf hash at a place that there is."""
        query = select(LedgerRow.leaf).where(LedgerRow.place == place)
        return LeafHash(self._session.exec(query).one())

    def of(self, *kinds: type[Body]) -> list[Entry]:
        """Every entry of these kinds, or of any, in order."""
        query = select(LedgerRow.data).order_by(col(LedgerRow.place))
        if kinds:
            query = query.where(col(LedgerRow.kind).in_(kind.kind for kind in kinds))
        return [decode(data) for data in self._session.exec(query)]

    def about(self, what: BatchId | Window) -> list[Entry]:
        """Every entry about a batch, or the keys of a window, in order."""
        query = select(LedgerRow.data).where(LedgerRow.subject == _name(what))
        return [decode(data) for data in self._session.exec(query.order_by(col(LedgerRow.place)))]

    def _last(self) -> Entry | None:
        query = select(LedgerRow.data).order_by(col(LedgerRow.place).desc()).limit(1)
        data = self._session.exec(query).first()
        return None if data is None else decode(data)


def subject(body: Body) -> str:
    """What an entry is about, as one text."""
    if isinstance(body, AgreementActivated | AgreementRetired):
        return body.agreement.hex()
    if isinstance(body, VerifyKeysCommitted):
        return body.task.hex()
    return _name(body.window if isinstance(body, WindowKeysPublished) else body.batch)


def _name(what: BatchId | Window) -> str:
    return what.context.hex() if isinstance(what, BatchId) else str(what)
