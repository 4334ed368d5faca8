"""The agreement as data. An `Agreement` that breaks a rule cannot be built (protocol §2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction
from ipaddress import IPv6Address
from types import MappingProxyType
from typing import Final, NewType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from privacy.agreement import validate
from privacy.agreement.categories import Category
from privacy.errors import InvalidAgreement, InvalidValue
from privacy.groups import Group, GroupId, Level, Thresholds
from privacy.metrics import Choice, Task, TaskId
from privacy.window import WINDOWS_PER_QUARTER, Window, local_midnight

AgreementDigest = NewType("AgreementDigest", bytes)
TaskDigest = NewType("TaskDigest", bytes)

_MOST_FROM_CLIENTS: Final = Fraction(1, 2)
"""Against somebody who fills a batch with reports of their own, only the helper's noise is left."""

_KEY_BYTES: Final = 32
"""Of an Ed25519 public key."""

DELTA: Final = 1e-6
"""δ at which ε is shown to people."""


class Party(StrEnum):
    """Who signs."""

    EMPLOYER = "employer"
    COUNCIL = "council"


class Role(StrEnum):
    """What an aggregator does. The value is bound into every sealed share."""

    LEADER = "leader"
    HELPER = "helper"


ROLE_OF: Final[Mapping[Party, Role]] = MappingProxyType(
    {Party.EMPLOYER: Role.LEADER, Party.COUNCIL: Role.HELPER}
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a party's aggregator listens: a host name or address, and a TCP port."""

    host: str
    port: int

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for anything but a bare host or address, or a port out of range."""
        if not self.host:
            raise InvalidValue("an endpoint needs a host")
        if ":" in self.host:
            try:
                IPv6Address(self.host)
            except ValueError:
                raise InvalidValue(f"{self.host!r} is not an IPv6 address") from None
        elif not self.host.isprintable() or set(self.host) & set(" /@[]"):
            raise InvalidValue(f"{self.host!r} is not a host: give only its name or address")
        if not self.host.isascii():
            raise InvalidValue(f"{self.host!r} is not ASCII: write it as DNS does (xn--…)")
        if not 0 < self.port < 65536:
            raise InvalidValue(f"port {self.port} is not between 1 and 65535")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class PartyTerms:
    """One party: who it is, who administers its server, where that is, and its public keys.

    Devices reach it at `endpoint`; the employer's server reaches the council's at `peer_endpoint`,
    which the council has and the employer has not. `signing_key` (Ed25519, 32 bytes) signs
    agreements and can stay offline; `server_key` (Ed25519, 32 bytes) signs receipts and witnesses
    the ledger, or signs the ledger; `ca_certificate` (PEM) is the only root its server is trusted
    under. `successor_key` (Ed25519, 32 bytes), if there is one, may sign later versions in place
    of `signing_key` (`privacy.agreement.succession`).
    """

    name: str
    administrator: str
    endpoint: Endpoint
    signing_key: bytes
    server_key: bytes
    ca_certificate: str
    peer_endpoint: Endpoint | None = None
    successor_key: bytes | None = None

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an empty name or a key of the wrong size."""
        if not self.name or not self.administrator:
            raise InvalidValue("a party needs a name and an administrator")
        for what, key in (
            ("signing_key", self.signing_key),
            ("server_key", self.server_key),
            ("successor_key", self.successor_key),
        ):
            if key is not None and len(key) != _KEY_BYTES:
                raise InvalidValue(f"{what} has {len(key)} bytes instead of {_KEY_BYTES}")


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """Agreed working time, the same on each of `days` (0 is Monday).

    `country` and `region` name public holidays as the package ``holidays`` does ("DE", "BE").
    """

    time_zone: str
    days: frozenset[int]
    start: time
    end: time
    core_start: time
    core_end: time
    country: str
    region: str | None = None

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an unknown zone, no days, or hours that do not nest."""
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidValue(f"time zone {self.time_zone!r} is unknown") from error
        if not self.days or not self.days <= set(range(7)):
            raise InvalidValue("working days are numbers from 0 (Monday) to 6, at least one")
        if not self.start <= self.core_start < self.core_end <= self.end:
            raise InvalidValue("core hours must lie within working hours and not be empty")

    @property
    def zone(self) -> ZoneInfo:
        """The time zone object."""
        return ZoneInfo(self.time_zone)


class ClockStart(StrEnum):
    """Which of several client mails in a row, before an answer, starts the clock."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class MailRules:
    """Which mail counts: mail from outside `internal_domains`, answered in `answer_hours`."""

    internal_domains: tuple[str, ...]
    answer_hours: int
    clock_start: ClockStart = ClockStart.FIRST

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for no domain, a domain with an @, or hours below 1."""
        if not self.internal_domains:
            raise InvalidValue("mail: name at least one internal domain")
        for domain in self.internal_domains:
            if "@" in domain or domain != domain.lower() or not domain:
                raise InvalidValue(f"mail: {domain!r} is not a domain in lower case")
        if self.answer_hours < 1:
            raise InvalidValue("mail: answer_hours must be at least 1")


@dataclass(frozen=True, slots=True)
class PrivacyTerms:
    """ρ_Q per person and quarter, thresholds, and θ, the clients' share of the noise."""

    rho_quarter: Fraction = Fraction(1)
    thresholds: Thresholds = field(default_factory=Thresholds)
    client_share: Fraction = Fraction(1, 2)

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a budget or share out of range."""
        if self.rho_quarter <= 0:
            raise InvalidValue("rho_quarter must be greater than 0")
        if not 0 < self.client_share <= _MOST_FROM_CLIENTS:
            raise InvalidValue(f"client_share must be above 0 and at most {_MOST_FROM_CLIENTS}")


@dataclass(frozen=True, slots=True)
class Agreement:
    """Everything that may be measured, by whom, and under which protection.

    Building one raises `InvalidAgreement` with every broken rule of `validate`. `retention_weeks`:
    how long released results and their openings are kept. `categories`: what `time_by_category`
    tells apart, in the order in which they are tried; none where it is not collected.
    """

    organisation: str
    version: int
    first_window: Window
    last_window: Window
    purpose: str
    contact: str
    employer: PartyTerms
    council: PartyTerms
    working_time: WorkingTime
    mail: MailRules
    privacy: PrivacyTerms
    groups: tuple[Group, ...]
    tasks: tuple[Task, ...]
    categories: tuple[Category, ...] = ()
    idle_minutes: int = 5
    upload_days: int = 14
    retention_weeks: int = 104

    def __post_init__(self) -> None:
        """Raise `InvalidAgreement` with one sentence for each broken rule."""
        problems = validate.problems(self)
        if problems:
            raise InvalidAgreement(problems)

    def party(self, party: Party) -> PartyTerms:
        """The terms of one party."""
        return self.employer if party is Party.EMPLOYER else self.council

    def group(self, group_id: str) -> Group | None:
        """The group with this id, if there is one."""
        return next((group for group in self.groups if group.id == group_id), None)

    @property
    def groups_to_join(self) -> tuple[Group, ...]:
        """What a person can be a member of: teams, and departments that have none."""
        parents = {group.parent for group in self.groups}
        return tuple(
            group for group in self.groups if group.level is Level.TEAM or group.id not in parents
        )

    def task(self, task_id: str) -> Task | None:
        """The task with this id, if there is one."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def groups_of(self, task: Task) -> tuple[Group, ...]:
        """The groups in which a task is collected."""
        return tuple(group for group in self.groups if group.level is task.level)

    def tasks_of(self, group_id: str) -> tuple[tuple[Task, Group], ...]:
        """Every task that concerns a member of a group, with the group it is collected in."""
        own = self.group(group_id)
        parent = None if own is None or own.parent is None else self.group(own.parent)
        return tuple(
            (task, group)
            for task in self.tasks
            for group in (own, parent)
            if group is not None and group.level is task.level
        )

    def categories_of(self, group_id: str) -> tuple[Category, ...]:
        """What a member's device tells apart: nothing if none of its tasks reports it."""
        metrics = (metric for task, _ in self.tasks_of(group_id) for metric in task.metrics)
        return self.categories if any(isinstance(each, Choice) for each in metrics) else ()

    def covers(self, window: Window) -> bool:
        """Whether reports are made under this version for the window."""
        return window.collected and self.first_window <= window <= self.last_window

    def weekly_rho(self, task: Task) -> Fraction:
        """ρ_w = share × ρ_Q / 13 (protocol §4)."""
        return task.share * self.privacy.rho_quarter / WINDOWS_PER_QUARTER

    def upload_opens(self, window: Window) -> datetime:
        """When the window is over and its reports may be sent (UTC)."""
        return window.end(self.working_time.zone)

    def upload_closes(self, window: Window) -> datetime:
        """When the window's batches close at the latest (UTC)."""
        day: date = window.monday + timedelta(days=7 + self.upload_days)
        return local_midnight(day, self.working_time.zone)


__all__ = [
    "DELTA",
    "ROLE_OF",
    "Agreement",
    "AgreementDigest",
    "Category",
    "ClockStart",
    "Endpoint",
    "GroupId",
    "MailRules",
    "Party",
    "PartyTerms",
    "PrivacyTerms",
    "Role",
    "TaskDigest",
    "TaskId",
    "WorkingTime",
]
