"""Versions that the employer ended, until the ledger says so."""

from sqlmodel import Session, col, delete, select

from aggregator.store.rows import RetirementRow
from privacy.agreement.model import AgreementDigest


class Retirements:
    """The digest of each. After which window it ends is the council's to say."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, agreement: AgreementDigest) -> None:
        """Keep the wish."""
        self._session.merge(RetirementRow(agreement=agreement))

    def all(self) -> list[AgreementDigest]:
        """Everything that the council has not written yet."""
        rows = self._session.exec(select(RetirementRow.agreement))
        return [AgreementDigest(each) for each in rows]

    def remove(self, agreement: AgreementDigest) -> None:
        """Forget a wish that is fulfilled."""
        self._session.exec(delete(RetirementRow).where(col(RetirementRow.agreement) == agreement))
