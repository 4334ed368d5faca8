"""Ending a version of the agreement before its last window (protocol §2).

Either party can. A window that has begun stays under its version; from the next one on nothing is
collected. The council writes it into the ledger, the employer asks the council to, and both servers
and all devices learn it from there. The employer does not say after which window: a late one would
take from the council the right to end the version sooner, since a version ends once.
"""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from aggregator.home import Home
from aggregator.ledger import CouncilLedger, append_alone
from aggregator.signing import activated
from aggregator.store.sql import Store, Transaction
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import AgreementDigest, Party
from privacy.book import AgreementBook
from privacy.errors import NotInForce
from privacy.ledger.entries import AgreementRetired
from privacy.window import Window


def last_window(signed: SignedAgreement, now: datetime) -> Window:
    """The last window that is still collected when a version is ended now.

    The one that has begun; before the first has begun, the one before it, which is none. Raises
    `NotInForce` when no later one would be left out.
    """
    agreement = signed.agreement
    zone = agreement.working_time.zone
    begun = Window.of(now.astimezone(zone).date())
    last = max(begun, agreement.first_window.plus(-1))
    if last >= agreement.last_window:
        raise NotInForce(
            f"version {agreement.version} ends by itself with {agreement.last_window}: there is no "
            "later window to end"
        )
    return last


def already(tx: Transaction, agreement: AgreementDigest) -> Window | None:
    """The last window of a version that the ledger says is ended, or None."""
    for entry in tx.ledger.of(AgreementRetired):
        if isinstance(entry.body, AgreementRetired) and entry.body.agreement == agreement:
            return entry.body.last_window
    return None


def retire(home: Home, version: int, now: datetime) -> Window:
    """End a version in the name of this party; returns the last window still collected.

    The council writes it into the ledger now; the employer's server sends it at its next step, and
    if another window has begun by then, that one is the last. Raises `NotInForce` for a version
    that is not active here, over, or ended already.
    """
    with closing(Store(home.database)) as store:
        signed = _active(home, store, version)
        with store.write() as tx:
            now = tx.ledger.moment(now)  # the entry will say this time
            last = last_window(signed, now)
            ended = already(tx, signed.digest)
            if ended is not None:
                raise NotInForce(f"version {version} is ended already, after {ended}")
            if home.party is Party.EMPLOYER:
                tx.retirements.put(signed.digest)
            else:
                append_alone(tx, home.mark, now, AgreementRetired(signed.digest, last))
    return last


def _active(home: Home, store: Store, version: int) -> SignedAgreement:
    known = activated(home, store)
    for each in known:
        if each.agreement.version == version:
            return each
    there = ", ".join(str(each.agreement.version) for each in known)
    raise NotInForce(f"version {version} is not active here: choose from {there}")


@dataclass(frozen=True)
class CouncilRetirement:
    """The council's side, when the employer asks."""

    store: Store
    book: AgreementBook
    ledger: CouncilLedger

    def retire(self, agreement: AgreementDigest) -> None:
        """End a version after the window that has begun.

        The same again changes nothing. Raises `NotInForce` for a version not known here, or over.
        """
        signed = next((each for each in self.book.signed if each.digest == agreement), None)
        if signed is None:
            raise NotInForce("there is no such version of the agreement here: activate it first")
        with self.store.write() as tx:
            if already(tx, agreement) is None:
                last = last_window(signed, self.ledger.now(tx))
                self.ledger.append(tx, AgreementRetired(agreement, last))
        with self.store.read() as tx:
            self.ledger.state(tx)  # so that the book knows at once
