"""Enrolling: read the agreement, pin its keys, understand it, consent (protocol §2)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from client import enrolment
from client.enrolment import Enrolment, Mailbox
from client.errors import NoConsent, NotEnrolled
from privacy.agreement import envelope
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import DELTA, Agreement
from privacy.agreement.words import in_plain_words
from privacy.errors import InvalidValue, NotInForce
from privacy.groups import Group, GroupId, Level
from privacy.noise import epsilon

CONSENT_WORD = "yes"


def read_signed(file: Path, now: datetime, known: Enrolment | None) -> SignedAgreement:
    """A signed agreement that both its parties signed and that has not expired.

    On a new device the keys are the ones it names: they are pinned now, and the person is shown
    their fingerprints to compare. On an enrolled one (`known`) they must be the pinned ones, and
    the version must not be an older one. Raises `NotEnrolled`, `NotInForce` or an
    `AgreementError`.
    """
    if file.suffix == ".toml":
        raise NotEnrolled(
            f"{file} is the text of an agreement, without signatures: take the signed file, "
            f"{file.with_suffix('.signed.json').name}"
        )
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NotEnrolled(
            f"{file} cannot be read ({error.strerror}): check the path of the signed agreement"
        ) from None
    pinned = envelope.read_unverified(content) if known is None else known.signed.agreement
    signed = envelope.verify(
        content,
        employer_key=pinned.employer.signing_key,
        council_key=pinned.council.signing_key,
    )
    if signed.agreement.version < pinned.version:
        raise NotInForce(
            f"{file} is version {signed.agreement.version}, and version {pinned.version} is "
            "accepted here already: take the newest"
        )
    if known is not None and (
        signed.agreement.version == pinned.version and signed.digest != known.signed.digest
    ):
        raise NotInForce(
            f"{file} is another text under the number {pinned.version} that is accepted here: ask "
            "the works council for a new version"
        )
    _check_not_over(file, signed.agreement, now)
    return signed


def groups_to_join(agreement: Agreement) -> list[Group]:
    """What a person can be a member of: teams, and departments that have none."""
    parents = {group.parent for group in agreement.groups}
    return [
        group for group in agreement.groups if group.level is Level.TEAM or group.id not in parents
    ]


def check_group(agreement: Agreement, group: str) -> GroupId:
    """The group, if one can be a member of it; raises `InvalidValue` with the choices."""
    choices = [each.id for each in groups_to_join(agreement)]
    if group not in choices:
        raise InvalidValue(f"there is no group {group!r} to join: choose from {', '.join(choices)}")
    return GroupId(group)


def text(agreement: Agreement, group: GroupId) -> str:
    """The agreement in plain words, for a member of a group."""
    return in_plain_words(
        agreement, group=group, epsilon=epsilon(agreement.privacy.rho_quarter, DELTA)
    )


def enrol(
    folder: Path,
    signed: SignedAgreement,
    group: GroupId,
    mailboxes: Sequence[Mailbox],
    *,
    answer: Callable[[], str],
    now: datetime,
) -> Enrolment:
    """Keep the consent, if the answer is the word `yes`; raises `NoConsent` for any other.

    Every mailbox must be readable now: one that is not would make a person "on target" for ever.
    """
    check_group(signed.agreement, group)
    for mailbox in mailboxes:
        mailbox.source().check()
    record = Enrolment(signed, group, now, tuple(mailboxes))
    if answer().strip().lower() != CONSENT_WORD:
        raise NoConsent("not enrolled: nothing was kept, and nothing will be sent")
    enrolment.save(folder, record)
    return record


def _check_not_over(file: Path, agreement: Agreement, now: datetime) -> None:
    if now >= agreement.upload_opens(agreement.last_window):
        raise NotInForce(
            f"the agreement in {file} expired with window {agreement.last_window}: "
            "ask the works council for the version in force"
        )
