"""A token for every stored report whose moment has come (protocol §4.6, §4.7).

1. The key is that of the ledger, proven, for exactly this batch (`client.ledger`). Without it
   nothing is asked: what is blinded under a key made for one member would name that member.
2. The report's digest is blinded under it, and what is to be signed is stored.
3. The council is asked, with the device key. Every try asks for the same bytes, so that it gets the
   same answer: a device that was cut off has not spent its one token.
4. The answer is unblinded and verified; the token is stored, and the blinding erased.

What the council refuses, or alters, is an alarm, and is asked for again all the same. So is a token
that was asked for in time and came on the last day: token and report then leave together, and
whoever wants that for one person has to keep the token back. A report
without a token when its batch closes was silenced, if the council was asked in time; that is an
alarm too.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from client import schedule
from client.concern import Concern, Fault, for_both, hindrance
from client.enrolment import Enrolment
from client.errors import DeviceError, KeysUnpublished, OtherLedger
from client.happened import Troubles
from client.ledger import Ledger
from client.membership import Membership
from client.outbox import Outbox
from client.parcel import Parcel, State, TokenRequest
from client.surroundings import Surroundings
from privacy.agreement.model import Agreement
from privacy.errors import (
    PASSING,
    BadEntry,
    BadInclusion,
    BadToken,
    MembershipError,
    PluraleError,
    ReportRejected,
)
from privacy.membership import Token, blind, finalize


class _Alarming(Exception):
    """What went wrong is not to be put down to chance. `what`: the first half of a sentence."""

    def __init__(self, concern: Concern, what: str) -> None:
        self.concern = concern
        self.what = what
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Collector:
    """Gets tokens for reports that the outbox holds. `device_key()` reads the key, or raises."""

    enrolment: Enrolment
    outbox: Outbox
    device_key: Callable[[], Ed25519PrivateKey]
    outside: Surroundings

    def wanted(self, parcels: Iterable[Parcel]) -> list[Parcel]:
        """Those of the reports that a token is due for, in no order that their times have."""
        now = self.outside.clock()
        due = [each for each in parcels if each.token is None and each.times.fetch <= now]
        return sorted(due, key=lambda each: (each.batch.window, each.batch.task))

    def collect(
        self,
        parcels: Iterable[Parcel],
        ledger: Ledger,
        membership: Membership,
        troubles: Troubles,
    ) -> Iterator[Parcel]:
        """Every report of these that has its token now; raises `OtherLedger`."""
        now = self.outside.clock()
        for parcel in self.wanted(parcels):
            agreement = self.enrolment.version(parcel.batch.agreement)
            agreement = agreement or self.enrolment.newest.agreement
            if now >= agreement.upload_closes(parcel.batch.window):
                self._give_up(parcel, agreement)
                continue
            try:
                token = self._token(parcel, ledger, membership)
            except _Alarming as alarming:
                fault = Fault(alarming.concern, for_both(alarming.what, agreement))
                self.outbox.hinder(parcel, alarming.what, fault)
            except OtherLedger:
                raise
            except PluraleError as error:
                troubles.add(error, parcel.batch)
                if isinstance(error, KeysUnpublished) or not isinstance(error, DeviceError):
                    self.outbox.hinder(parcel, hindrance(error), None)
            else:
                if token is not None:
                    yield self._keep(parcel, token, agreement)

    def _token(self, parcel: Parcel, ledger: Ledger, membership: Membership) -> Token | None:
        device_key = self.device_key()
        request = self.outbox.request(parcel) or self._blinded(parcel, ledger)
        if request is None:
            return None  # another run was quicker
        answer = _ask(parcel, request, membership, device_key)  # 3
        try:
            return finalize(request.modulus, parcel.digest, request.blinding, answer)  # 4
        except BadToken as error:
            what = f"what the works council's server gave as a token for {parcel.batch} is none"
            raise _Alarming(Concern.ALTERED, f"{what}: {error}") from error

    def _blinded(self, parcel: Parcel, ledger: Ledger) -> TokenRequest | None:
        try:
            modulus = ledger.batch_key(parcel.batch)  # 1
            blinding = blind(modulus, parcel.digest, self.outside.random)  # 2
        except (BadEntry, BadInclusion, BadToken) as error:
            what = (
                f"the key that the works council's server showed for the tokens of {parcel.batch} "
                f"is not the one that everybody has: {error}"
            )
            raise _Alarming(Concern.UNPROVEN, what) from error
        return self.outbox.keep_request(parcel, TokenRequest(modulus, blinding))

    def _keep(self, parcel: Parcel, token: Token, agreement: Agreement) -> Parcel:
        window = parcel.batch.window
        times = schedule.after_token(
            parcel.times,
            agreement.upload_opens(window),
            agreement.upload_closes(window),
            self.outside.clock(),
            self.outside.random,
        )
        self.outbox.keep_token(parcel, token, times)
        if parcel.hindrance is not None and self.outside.clock() >= schedule.end(
            agreement.upload_closes(window)
        ):
            what = (
                f"the works council's server gave the token for {parcel.batch} on the last day and "
                f"not before ({parcel.hindrance}), so that token and report leave together"
            )
            self.outbox.blame(parcel, Fault(Concern.DELAYED, for_both(what, agreement)))
        return self.outbox.get(parcel.batch.task_digest, window) or parcel

    def _give_up(self, parcel: Parcel, agreement: Agreement) -> None:
        reason = "this device did not ask for its token before the batch closed"
        fault: Fault | None = None
        if parcel.hindrance is not None:
            reason = f"it got no token before the batch closed ({parcel.hindrance})"
        if parcel.hindrance is not None and parcel.fault is None:
            what = (
                f"the works council's server gave no token for {parcel.batch} before the batch "
                f"closed, so your report was not sent ({parcel.hindrance})"
            )
            fault = Fault(Concern.REFUSED, for_both(what, agreement))
        now = self.outside.clock()
        self.outbox.finish(parcel, State.MISSED, now, reason=reason, fault=fault)


def _ask(
    parcel: Parcel, request: TokenRequest, membership: Membership, device_key: Ed25519PrivateKey
) -> bytes:
    try:
        return membership.issue(parcel.batch, request.blinding.request, device_key)
    except (MembershipError, ReportRejected) as error:
        if isinstance(error, ReportRejected) and error.reason in PASSING:
            raise
        what = f"the works council's server refuses a token for {parcel.batch}: {error}"
        raise _Alarming(Concern.REFUSED, what) from error
