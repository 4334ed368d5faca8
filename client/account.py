"""What was spent: by this device as it knows itself, and for everybody as the ledger says."""

from dataclasses import dataclass
from fractions import Fraction

from client.enrolment import Enrolment
from client.outbox import Outbox
from privacy.ledger.entries import BatchReleased
from privacy.window import Window


@dataclass(frozen=True, slots=True)
class Spent:
    """ρ in the worst 91 days around a window, of the `cap` that the agreement allows."""

    window: Window
    rho: Fraction
    cap: Fraction


def spent_here(enrolment: Enrolment, outbox: Outbox) -> Spent | None:
    """This device's own account around its latest window; None before the first report.

    Every report counts, since a lost one may have arrived.
    """
    windows = [parcel.batch.window for parcel in outbox.all()]
    if not windows:
        return None
    latest = max(windows)
    agreement = (enrolment.for_window(latest) or enrolment.newest).agreement
    return Spent(latest, outbox.budget().worst_around(latest), agreement.privacy.rho_quarter)


def spent_in_ledger(enrolment: Enrolment, outbox: Outbox) -> Spent | None:
    """The council's account after the latest release proven here; None before the first."""
    releases = []
    for parcel in outbox.all():
        agreement = enrolment.version(parcel.batch.agreement)
        if parcel.ending is None or agreement is None:
            continue
        entry = parcel.ending.decided
        if isinstance(entry.body, BatchReleased):
            cap = agreement.privacy.rho_quarter
            spent = Spent(parcel.batch.window, cap - entry.body.rho_left, cap)
            releases.append((entry.index, spent))
    return max(releases, key=lambda each: each[0])[1] if releases else None
