"""Which client mails ask for an answer, when the clock runs, and what stopped it (protocol §3).

1. A client mail is received, not automated, from a domain that is not internal, and not a copy of
   a mail that the person sent.
2. An answer is sent, not automated, to at least one domain that is not internal: a client mail
   passed on to a colleague is not answered. It answers every client mail that its In-Reply-To or
   References name. Subjects play no part.
3. Client mails in a row are one request with one clock: a mail joins a request that still waits if
   it refers to one of its mails, or comes from the same sender in the same thread. The agreement
   says whether the first or the last of them starts the clock.
4. A request waits until it is answered or its deadline has passed. A client mail after that is a
   new request. So a verdict, once possible, never changes, however late it is asked for.
5. An answer that arrives before the mail it names was written after it all the same (the mailbox
   was synchronised late): it took no time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from client.business_hours import BusinessHours
from client.sources.base import MailFact, MessageKey, StrandKey
from client.sources.domains import ascii_domain
from privacy.agreement.model import ClockStart, MailRules


@dataclass(frozen=True, slots=True)
class Request:
    """One client mail, or several in a row, that ask for one answer.

    `asked` is when the clock started; `answered` is when the first answer was sent, if it was.
    """

    asked: datetime
    deadline: datetime
    answered: datetime | None

    @property
    def in_time(self) -> bool:
        """Whether the answer came at the deadline or before."""
        return self.answered is not None and self.answered <= self.deadline


@dataclass(slots=True, eq=False)
class Waiting:
    """A request while its mails and answers come in.

    `mails` are the client's, `answer` is the first. `overtaken_by`: later requests of the same
    person in the same thread, that began while this one still took mails.
    """

    asked: datetime
    deadline: datetime
    answered: datetime | None = None
    mails: list[MailFact] = field(default_factory=list)
    answer: MailFact | None = None
    overtaken_by: list["Waiting"] = field(default_factory=list)

    def takes(self, mail: MailFact) -> bool:
        """Whether a client mail would join it."""
        return self.answered is None and mail.received <= self.deadline


@dataclass(slots=True)
class Desk:
    """Takes mail in order of delivery and keeps every request."""

    rules: MailRules
    hours: BusinessHours
    requests: list[Waiting] = field(default_factory=list)
    of_mail: dict[MessageKey, Waiting] = field(default_factory=dict)
    of_strand: dict[StrandKey, Waiting] = field(default_factory=dict)
    already_named: dict[MessageKey, MailFact] = field(default_factory=dict)

    def receive(self, mail: MailFact) -> None:
        """Take a client mail."""
        request = self._joined(mail)
        if request is None:
            request = Waiting(mail.received, self._deadline(mail))
            self.requests.append(request)
        elif self.rules.clock_start is ClockStart.LAST:
            request.asked, request.deadline = mail.received, self._deadline(mail)
        request.mails.append(mail)
        self.of_mail[mail.key] = request
        if mail.strand is not None:
            before = self.of_strand.get(mail.strand)
            if before is not None and before is not request and before.takes(mail):
                before.overtaken_by.append(request)
            self.of_strand[mail.strand] = request
        if mail.key in self.already_named:
            request.answered, request.answer = mail.received, self.already_named[mail.key]

    def send(self, answer: MailFact) -> None:
        """Take an answer."""
        for key in answer.references:
            request = self.of_mail.get(key)
            if request is None:
                self.already_named.setdefault(key, answer)
            elif request.answered is None:
                request.answered, request.answer = answer.received, answer

    def _joined(self, mail: MailFact) -> Waiting | None:
        candidates = [self.of_mail.get(key) for key in mail.references]
        if mail.strand is not None:
            candidates.append(self.of_strand.get(mail.strand))
        waiting = (request for request in candidates if request is not None)
        return next((request for request in waiting if request.takes(mail)), None)

    def _deadline(self, mail: MailFact) -> datetime:
        return self.hours.deadline(mail.received, self.rules.answer_hours)


def requests(
    mail: Iterable[MailFact], rules: MailRules, hours: BusinessHours
) -> tuple[Request, ...]:
    """All requests in `mail`, in the order in which they began."""
    return tuple(
        Request(request.asked, request.deadline, request.answered)
        for request in sorted_out(mail, rules, hours).requests
    )


def sorted_out(mail: Iterable[MailFact], rules: MailRules, hours: BusinessHours) -> Desk:
    """The desk once all of `mail` has come over it."""
    facts = sorted(mail, key=lambda fact: (fact.received, fact.outgoing, fact.key))
    own = {fact.key for fact in facts if fact.outgoing}
    desk = Desk(rules, hours)
    for fact in facts:
        if fact.automated or all(
            is_internal(name, rules.internal_domains) for name in fact.domains
        ):
            continue
        if fact.outgoing:
            desk.send(fact)
        elif fact.key not in own:
            desk.receive(fact)
    return desk


def is_internal(domain: str, internal_domains: Sequence[str]) -> bool:
    """Whether a domain is one of the internal ones, or lies below one.

    `domain` is as in a `MailFact`; the internal ones may be spelt in either way.
    """
    names = map(ascii_domain, internal_domains)
    return any(domain == own or domain.endswith(f".{own}") for own in names)
