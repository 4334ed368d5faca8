"""Enrolling: read the agreement, pin its keys, understand it, consent (protocol §2)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from client import enrolment_file
from client.acceptance import Acceptance
from client.enrolment import Enrolment, Mailbox
from client.errors import NoConsent, NotEnrolled
from privacy.agreement import envelope, succession
from privacy.agreement.compared import what_changes
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import DELTA, Agreement
from privacy.agreement.words import in_plain_words
from privacy.errors import InvalidValue, NotInForce
from privacy.groups import Group, GroupId, Level
from privacy.noise import epsilon

CONSENT_WORD = "yes"


def read_signed(file: Path, now: datetime, known: Enrolment | None) -> SignedAgreement:
    """A signed agreement that both its parties signed.

    On a new device the keys are the ones it names: they are pinned now, and the person is shown
    their fingerprints to compare. On an enrolled one (`known`) they must be the pinned ones or
    the ones that the known version announces, and the version must not be an older one.

    It must not be over, unless it follows a known one: a device that missed a version takes it
    late, for the keys that it announces, and reports nothing under it. Raises `NotEnrolled`,
    `NotInForce` or an `AgreementError`.
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
    new = envelope.read_unverified(content)
    accepted = new if known is None else known.newest.agreement
    if new.version < accepted.version:
        raise NotInForce(
            f"{file} is version {new.version}, and version {accepted.version} is accepted here "
            "already: take the newest"
        )
    succession.check_keys(accepted, new)
    signed = envelope.verify(
        content,
        employer_key=new.employer.signing_key,
        council_key=new.council.signing_key,
    )
    if new.version == accepted.version and new != accepted:
        raise NotInForce(
            f"{file} is another text under the number {new.version} that is accepted here: ask "
            "the works council for a new version"
        )
    follows = known is not None and new.version > accepted.version
    if is_over(signed.agreement, now) and not follows:
        raise NotInForce(
            f"the agreement in {file} expired with window {signed.agreement.last_window}: "
            "ask the works council for the version in force"
        )
    return signed


def is_over(agreement: Agreement, now: datetime) -> bool:
    """Whether its last window is over."""
    return now >= agreement.upload_opens(agreement.last_window)


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


def text(agreement: Agreement, group: GroupId, before: Enrolment | None = None) -> str:
    """The agreement in plain words, for a member of a group; on an enrolled device what changes.

    First what is new, since whoever reads a long text a second time reads it badly.
    """
    whole = in_plain_words(
        agreement, group=group, epsilon=epsilon(agreement.privacy.rho_quarter, DELTA)
    )
    if before is None or before.newest.agreement == agreement:
        return whole
    old = before.newest.agreement
    title = f"What changes for you from version {old.version} to version {agreement.version}"
    return f"{title}\n{'=' * len(title)}\n\n{what_changes(old, agreement)}\n\n{whole}"


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

    What was accepted before stays beside it, for the windows that began under it. Every mailbox
    must be readable now: one that is not would make a person "on target" for ever.
    """
    check_group(signed.agreement, group)
    for mailbox in mailboxes:
        mailbox.source().check()
    before = enrolment_file.known(folder)
    new = Acceptance(signed, group, now)
    record = (
        Enrolment((new,), tuple(mailboxes)) if before is None else before.accepting(new, mailboxes)
    )
    if answer().strip().lower() != CONSENT_WORD:
        raise NoConsent(_unchanged(before))
    enrolment_file.save(folder, record)
    return record


def _unchanged(before: Enrolment | None) -> str:
    if before is None:
        return "not enrolled: nothing was kept, and nothing will be sent"
    return (
        f"nothing was changed: version {before.newest.agreement.version} stays accepted here, in "
        f"{before.newest.group}, and no other"
    )
