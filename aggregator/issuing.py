"""Council: giving members their tokens (protocol §4.6).

`Issue`:

1. The request is signed by the device key that it names, and that is a member's.
2. This database is no old copy, which could give somebody a second token. The batch exists under
   the agreement in force, its window is over, and it takes reports.
3. The member was in the batch's group in that window.
4. The member has no token of this task and window yet. The same request again: the same answer.
5. Sign what cannot be seen. Check 1 to 4 again and note that the member has a token, in one
   transaction.
6. Note beside the database how many tokens were given, then answer.

Signing takes a while, so it holds no lock, and strangers are turned away without one. Neither when
a member asked nor in which order members did is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass

from aggregator import roster
from aggregator.batch_keys import CouncilBatchKeys
from aggregator.ledger import CouncilLedger
from aggregator.member import Member
from aggregator.model import BatchState
from aggregator.store.sql import Store, Transaction
from aggregator.token_mark import TokenMark
from privacy import device_key
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.device_key import Signed
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import InvalidValue, NotAMember, Rejection, ReportRejected
from privacy.groups import GroupId
from privacy.membership import MODULUS_SIZE, blind_sign
from privacy.window import Window


@dataclass(frozen=True)
class Issuing:
    """The council's side. `random(n)` returns n fresh random bytes."""

    store: Store
    book: AgreementBook
    ledger: CouncilLedger
    keys: CouncilBatchKeys
    mark: TokenMark
    random: Callable[[int], bytes]

    def register(self, code: EnrolmentCode, signed: Signed) -> GroupId:
        """Make a device its member's; returns the group. Raises `UnknownCode` or `NotAMember`."""
        signed.verify(device_key.registration(self._server_key, code.hash))
        with self.store.read() as tx:
            if tx.roster.with_code(code.hash) is None:
                return roster.register(tx, code, signed.device)  # which refuses, without a lock
        with self.store.write() as tx:
            return roster.register(tx, code, signed.device)

    def issue(self, batch: BatchId, request: bytes, signed: Signed) -> bytes:
        """The blind signature; raises a `MembershipError`, `ReportRejected`, `KeysNotExchanged`."""
        if len(request) != MODULUS_SIZE:
            raise InvalidValue(f"a blinded message has {MODULUS_SIZE} bytes")
        signed.verify(device_key.token_request(batch, request))  # 1
        with self.store.read() as tx:
            _, known = self._checked(tx, batch, request, signed.device)
            if known is not None:
                self.mark.raise_to(tx.tokens.given())  # 6, if a crash came before it
                return known
            key = self.keys.private(tx, batch)
        answer = blind_sign(key, request, self.random)  # 5
        with self.store.write() as tx:
            self.mark.check(tx.tokens.given())  # 2
            member, known = self._checked(tx, batch, request, signed.device)
            if known is None:
                tx.tokens.put(member.number, batch, request, known := answer)
            given = tx.tokens.given()
        self.mark.raise_to(given)  # 6
        return known

    def leave(self, signed: Signed) -> None:
        """The device's member takes part no more. Raises `NotAMember` for a device not known."""
        signed.verify(device_key.leaving(self._server_key))
        newest = max((each.agreement for each in self.book.signed), key=lambda each: each.version)
        with self.store.read() as tx:
            roster.member(tx, signed.device)  # a stranger holds no lock
        with self.store.write() as tx:
            now = self.ledger.now(tx)
            begun = Window.of(now.astimezone(newest.working_time.zone).date())
            roster.leave(tx, signed.device, begun)

    def _checked(
        self, tx: Transaction, batch: BatchId, request: bytes, device: bytes
    ) -> tuple[Member, bytes | None]:
        """The member, and what they were answered already."""
        member = roster.member(tx, device)
        self._check_open(tx, batch)  # 2
        self._check_group(member, batch)  # 3
        return member, tx.tokens.answer_to(member.number, batch, request)  # 4

    def _check_open(self, tx: Transaction, batch: BatchId) -> None:
        now = self.ledger.check_not_old(tx)  # the book then knows too which versions were ended
        self.book.collection(batch)
        if now < self.book.upload_opens(batch):
            raise ReportRejected(Rejection.WINDOW_NOT_OVER)
        known = tx.batches.get(batch)
        open_still = known is None or known.state is BatchState.OPEN
        if not open_still or now >= self.book.upload_closes(batch):
            raise ReportRejected(Rejection.BATCH_CLOSED)

    def _check_group(self, member: Member, batch: BatchId) -> None:
        group = member.group_in(batch.window)
        agreement = self.book.of(batch).agreement
        own = [] if group is None else agreement.tasks_of(group)
        if (batch.task, batch.group) not in {(task.id, its.id) for task, its in own}:
            place = "in no group" if group is None else f"in {group}"
            raise NotAMember(
                f"the works council's roster has you {place} in {batch.window}, so there is no "
                f"token for {batch.task} of {batch.group}: ask the works council, and if you moved "
                "run plurale enrol FILE --group GROUP"
            )

    @property
    def _server_key(self) -> bytes:
        return self.ledger.server_key.public_key().public_bytes_raw()
