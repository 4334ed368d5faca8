"""Halves of verify keys."""

from dataclasses import dataclass, field

from sqlmodel import Session

from aggregator.store.rows import VerifyKeyRow
from privacy.agreement.model import TaskDigest


@dataclass(frozen=True, slots=True)
class Halves:
    """How far the exchange for one task has come."""

    own: bytes = field(repr=False)
    peer_commitment: bytes | None = None
    peer: bytes | None = field(default=None, repr=False)


class VerifyKeys:
    """One row for each task of each agreement."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, task: TaskDigest) -> Halves | None:
        """What is known, or None before this party drew its half."""
        row = self._session.get(VerifyKeyRow, task)
        if row is None:
            return None
        return Halves(row.own_half, row.peer_commitment, row.peer_half)

    def put(self, task: TaskDigest, halves: Halves) -> None:
        """Keep what is known."""
        self._session.merge(
            VerifyKeyRow(
                task_digest=task,
                own_half=halves.own,
                peer_commitment=halves.peer_commitment,
                peer_half=halves.peer,
            )
        )
