"""The database and its transactions: SQLite, embedded (protocol §10).

A write transaction takes the database's one write lock at its start, so whatever it reads stays
true until it commits. What is committed is on the disk. What is erased is gone from the database
file with the commit, and from the write-ahead log with the next `scrub`.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, SQLModel

from aggregator.errors import StoreUnusable
from aggregator.store import rows
from aggregator.store.agreements import Agreements
from aggregator.store.batch_keys import BatchKeys
from aggregator.store.batches import Batches
from aggregator.store.checkpoints import Checkpoints
from aggregator.store.jobs import Jobs
from aggregator.store.ledger import Entries
from aggregator.store.rejections import Rejections
from aggregator.store.releases import Releases
from aggregator.store.reports import Reports
from aggregator.store.retirements import Retirements
from aggregator.store.roster import Roster
from aggregator.store.tokens import Tokens
from aggregator.store.verify_keys import VerifyKeys
from aggregator.store.window_keys import WindowKeys

_BUSY_SECONDS = 30
_SCRUB_MILLISECONDS = 200


@dataclass(frozen=True, slots=True)
class Transaction:
    """The rooms of the store, within one transaction."""

    agreements: Agreements
    verify_keys: VerifyKeys
    batches: Batches
    reports: Reports
    jobs: Jobs
    rejections: Rejections
    releases: Releases
    ledger: Entries
    checkpoints: Checkpoints
    window_keys: WindowKeys
    retirements: Retirements
    batch_keys: BatchKeys
    roster: Roster
    tokens: Tokens

    @classmethod
    def on(cls, session: Session) -> "Transaction":
        """All rooms on one session."""
        return cls(
            Agreements(session),
            VerifyKeys(session),
            Batches(session),
            Reports(session),
            Jobs(session),
            Rejections(session),
            Releases(session),
            Entries(session),
            Checkpoints(session),
            WindowKeys(session),
            Retirements(session),
            BatchKeys(session),
            Roster(session),
            Tokens(session),
        )


class Store:
    """One party's database."""

    def __init__(self, path: Path) -> None:
        """Open or create the database file; raise `StoreUnusable` when it is none."""
        self._engine = _sqlite(path)
        try:
            _create_private(path)
            SQLModel.metadata.create_all(
                self._engine, tables=[SQLModel.metadata.tables[name] for name in _TABLES]
            )
            self._check_columns()
        except (DatabaseError, sqlite3.DatabaseError, OSError) as error:
            # What the driver raises while it connects comes unwrapped.
            reason = error.strerror if isinstance(error, OSError) else getattr(error, "orig", error)
            raise StoreUnusable(
                f"the database {path} cannot be used ({reason}): check that the file is whole and "
                "writable, or restore it from a backup"
            ) from None

    def _check_columns(self) -> None:
        # A database of another version is told here, not in the middle of a call.
        with Session(self._engine) as session:
            for name in _TABLES:
                session.connection().execute(SQLModel.metadata.tables[name].select().limit(0))

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that is committed at the end, or not at all."""
        with Session(self._engine, expire_on_commit=False) as session:
            session.connection(execution_options={"plurale_write": True})
            yield Transaction.on(session)
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A consistent view that changes nothing."""
        with Session(self._engine) as session:
            yield Transaction.on(session)

    def scrub(self) -> bool:
        """Empty the write-ahead log, which still holds what was erased since the last time.

        False when the database is being read just now: then it stays until the next time. Nobody
        is made to wait for it for long.
        """
        with closing(self._engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={_SCRUB_MILLISECONDS}")
            try:
                ((blocked, _, _),) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.OperationalError:
                return False
            finally:
                cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
            return not blocked

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


_TABLES = tuple(
    str(row.__tablename__)
    for row in (
        rows.AgreementRow,
        rows.VerifyKeyRow,
        rows.BatchRow,
        rows.ReportRow,
        rows.JobRow,
        rows.RejectionRow,
        rows.ReleaseRow,
        rows.LedgerRow,
        rows.CheckpointRow,
        rows.WindowKeyRow,
        rows.RetirementRow,
        rows.BatchKeyRow,
        rows.MemberRow,
        rows.MembershipRow,
        rows.TokenRow,
        rows.TokenCountRow,
    )
)


def _create_private(path: Path) -> None:
    # SQLite gives its write-ahead log the permissions of the database, but would itself create
    # the database readable for everybody.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _sqlite(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _BUSY_SECONDS},
        # An error must never quote what a statement carried.
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        # The driver would begin transactions late; begin them ourselves, below.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        # What is erased (input shares, un-noised sums) is overwritten, not only unlinked.
        connection.execute("PRAGMA secure_delete=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        write = connection.get_execution_options().get("plurale_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
