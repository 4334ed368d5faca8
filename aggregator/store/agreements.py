"""Activated agreements."""

from collections.abc import Sequence

from sqlmodel import Session, col, delete, select

from aggregator.store.rows import AgreementRow
from privacy.agreement.envelope import SignedAgreement


class Agreements:
    """Envelopes of activated agreements."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, signed: SignedAgreement) -> bool:
        """Keep an agreement; False when it is already there."""
        if self._session.get(AgreementRow, signed.digest) is not None:
            return False
        self._session.add(AgreementRow(digest=signed.digest, envelope=signed.envelope))
        return True

    def keep(self, signed: Sequence[SignedAgreement]) -> None:
        """Keep exactly these."""
        digests = [each.digest for each in signed]
        self._session.exec(delete(AgreementRow).where(col(AgreementRow.digest).not_in(digests)))
        for each in signed:
            self.add(each)

    def envelopes(self) -> list[bytes]:
        """Every activated agreement's envelope."""
        return list(self._session.exec(select(AgreementRow.envelope)))
