"""Tables. Rows are dumb: the domain types validate, these only hold (protocol §10)."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, UniqueConstraint
from sqlmodel import Field, SQLModel

# SQLite only counts up by itself in a column declared exactly INTEGER.
_SERIAL = BigInteger().with_variant(Integer, "sqlite")


class AgreementRow(SQLModel, table=True):
    """An activated agreement: its signed envelope."""

    __tablename__ = "agreement"

    digest: bytes = Field(primary_key=True)
    envelope: bytes


class VerifyKeyRow(SQLModel, table=True):
    """Both halves of a task's verify key, as far as they are exchanged."""

    __tablename__ = "verify_key"

    task_digest: bytes = Field(primary_key=True)
    own_half: bytes
    peer_commitment: bytes | None = None
    peer_half: bytes | None = None


class BatchRow(SQLModel, table=True):
    """A batch."""

    __tablename__ = "batch"
    __table_args__ = (UniqueConstraint("agreement", "task", "group_id", "window"),)

    row: int | None = Field(default=None, sa_column=Column(_SERIAL, primary_key=True))
    agreement: bytes
    task: str
    group_id: str
    window: str
    state: str = Field(index=True)
    count: int = 0
    aggregate_share: bytes | None = None


class ReportRow(SQLModel, table=True):
    """A report: at the leader with its shares until it is counted, at the helper its id."""

    __tablename__ = "report"
    # Every upload asks how many reports of its batch are waiting: the index alone answers.
    # And no hidden row numbers, which would keep the order of arrival.
    __table_args__ = (
        Index("report_batch_state", "batch", "state"),
        {"sqlite_with_rowid": False},
    )

    batch: int = Field(primary_key=True)
    report_id: bytes = Field(primary_key=True)
    state: str
    digest: bytes
    public_share: bytes | None = None
    leader_share: bytes | None = None
    helper_share: bytes | None = None
    randomizer: bytes | None = None
    signature: bytes | None = None
    job: bytes | None = Field(default=None, index=True)


class JobRow(SQLModel, table=True):
    """An aggregation job: at the leader its request until it is answered, at the helper its answer.

    `digest`: SHA-256 of the request.
    """

    __tablename__ = "job"
    __table_args__ = {"sqlite_with_rowid": False}

    id: bytes = Field(primary_key=True)
    batch: int = Field(index=True)
    digest: bytes
    request: bytes | None = None
    response: bytes | None = None


class RejectionRow(SQLModel, table=True):
    """How many reports were turned away, by batch and reason; no batch for an unknown one."""

    __tablename__ = "rejection"

    batch: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    count: int


class ReleaseRow(SQLModel, table=True):
    """A release that was asked for."""

    __tablename__ = "release"

    batch: int = Field(primary_key=True)
    count: int
    id_root: bytes
    commitment: bytes
    asked_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    salt: bytes | None = None
    own_share: bytes | None = None
    noised_share: bytes | None = None
    totals: str | None = None
    result_salt: bytes | None = None
    withheld: str | None = None


class LedgerRow(SQLModel, table=True):
    """One entry of the ledger: at the council its own, at the employer a copy.

    `subject`: what it is about (a batch, a window, a task), to find it by.
    """

    __tablename__ = "ledger"

    place: int = Field(sa_column=Column(_SERIAL, primary_key=True, autoincrement=False))
    kind: str = Field(index=True)
    subject: str = Field(index=True)
    data: bytes
    leaf: bytes


class CheckpointRow(SQLModel, table=True):
    """The newest witnessed checkpoint, a signed note. One row, numbered 0."""

    __tablename__ = "checkpoint"

    row: int = Field(sa_column=Column(_SERIAL, primary_key=True, autoincrement=False))
    note: str


class WindowKeyRow(SQLModel, table=True):
    """A party's private HPKE key for one window; erased when the window's batches are decided."""

    __tablename__ = "window_key"

    window: str = Field(primary_key=True)
    private: bytes


class RetirementRow(SQLModel, table=True):
    """A version that the employer ended, until the ledger says so."""

    __tablename__ = "retirement"

    agreement: bytes = Field(primary_key=True)


class BatchKeyRow(SQLModel, table=True):
    """The council's private key of one batch, until the batch is decided."""

    __tablename__ = "batch_key"

    batch: bytes = Field(primary_key=True)
    window: str
    private: bytes


class MemberRow(SQLModel, table=True):
    """One line of the council's roster. A member has a code, then a device key, or neither."""

    __tablename__ = "member"
    # A number that was erased is not given to somebody else.
    __table_args__ = {"sqlite_autoincrement": True}

    number: int | None = Field(default=None, sa_column=Column(_SERIAL, primary_key=True))
    name: str = ""
    code_hash: bytes | None = Field(default=None, unique=True)
    device_key: bytes | None = Field(default=None, unique=True)


class MembershipRow(SQLModel, table=True):
    """That a member is in a group, from a window on. The last window is open until they go."""

    __tablename__ = "membership"
    # Whoever enrols is written anew: hidden row numbers would keep the order of enrolling.
    __table_args__ = {"sqlite_with_rowid": False}

    member: int = Field(primary_key=True)
    first_window: str = Field(primary_key=True)
    group_id: str
    last_window: str | None = None


class TokenCountRow(SQLModel, table=True):
    """How many tokens were ever given, of all batches. One row, numbered 0."""

    __tablename__ = "token_count"

    row: int = Field(sa_column=Column(_SERIAL, primary_key=True, autoincrement=False))
    given: int


class TokenRow(SQLModel, table=True):
    """That a member was given a token of a batch, and for which request. No time."""

    __tablename__ = "token"
    # SQLite's hidden row numbers would keep the order of asking.
    __table_args__ = {"sqlite_with_rowid": False}

    task_digest: bytes = Field(primary_key=True)
    window: str = Field(primary_key=True)
    member: int = Field(primary_key=True)
    batch: bytes = Field(index=True)
    request_hash: bytes
    answer: bytes
