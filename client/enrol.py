"""Enrolling: read the agreement, pin its keys, understand it, consent (protocol §2), register.

On a new device `enrol` goes in four steps: (1) the person says yes; (2) the device key is on disk;
(3) the council registers it, for the code; (4) the enrolment is on disk. What was interrupted
anywhere is done by the same command again: the key stays, and the council gives the same answer to
the same code and key.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from client import device_key_file, enrolment_file
from client.acceptance import Acceptance
from client.enrolment import Enrolment
from client.errors import NoConsent, NotEnrolled, NotRegistered
from client.membership import Membership
from privacy.agreement import envelope, succession
from privacy.agreement.compared import what_changes
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import DELTA, Agreement, PartyTerms
from privacy.agreement.words import in_plain_words
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import InvalidValue, MembershipError, NotInForce, PluraleError
from privacy.groups import GroupId
from privacy.noise import epsilon
from protos.errors import Unreachable

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


def check_group(agreement: Agreement, group: str) -> GroupId:
    """The group, if one can be a member of it; raises `InvalidValue` with the choices."""
    choices = [each.id for each in agreement.groups_to_join]
    if group not in choices:
        raise InvalidValue(f"there is no group {group!r} to join: choose from {', '.join(choices)}")
    return GroupId(group)


def check_code(agreement: Agreement, code: EnrolmentCode, group: str | None) -> GroupId:
    """The group that a code is for; raises `InvalidValue` if it is not `group`, or none to join."""
    if group is not None and group != code.group:
        raise InvalidValue(
            f"your code is for the group {code.group}, not {group}: leave --group out, or ask the "
            "works council for a code of your group"
        )
    if code.group not in {each.id for each in agreement.groups_to_join}:
        raise InvalidValue(
            f"your code is for the group {code.group!r}, which nobody can join under version "
            f"{agreement.version} of the agreement: take the newest signed file, or ask the works "
            "council for another code"
        )
    return code.group


def check_has_code(code: EnrolmentCode | None, before: Enrolment | None) -> None:
    """Raise `NotEnrolled` on a new device without a code."""
    if before is None and code is None:
        raise NotEnrolled(
            "a new device needs your enrolment code: ask your works council for it, then type "
            "plurale enrol FILE CODE"
        )


def is_yes(answer: str) -> bool:
    """Whether somebody typed the word, and nothing else."""
    return answer.strip().lower() == CONSENT_WORD


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
    *,
    code: EnrolmentCode | None = None,
    answer: Callable[[], str],
    now: datetime,
) -> Enrolment:
    """Keep the consent, if the answer is the word `yes`; raises `NoConsent` for any other.

    `code`: needed on a new device, where `group` is the one it is for. On an enrolled one it
    registers the device key again, after the council had revoked it. Without it the council is
    asked nothing.

    What was accepted before stays beside it, for the windows that began under it. Raises
    `NotRegistered` when the council does not take the device; nothing is accepted then.
    """
    before = enrolment_file.known(folder)
    check_has_code(code, before)
    if code is None:
        check_group(signed.agreement, group)
        device_key_file.load(folder)
    else:
        check_code(signed.agreement, code, group)
    new = Acceptance(signed, group, now)
    record = Enrolment((new,)) if before is None else before.accepting(new)
    if not is_yes(answer()):  # 1
        raise NoConsent(_unchanged(before))
    if code is not None:
        _register(folder, record.at(now).council, code)  # 2, 3
    enrolment_file.save(folder, record)  # 4
    return record


def _register(folder: Path, council: PartyTerms, code: EnrolmentCode) -> None:
    device_key = device_key_file.load_or_make(folder)
    try:
        with Membership(council) as membership:
            group = membership.register(code, device_key)
    except MembershipError as error:
        raise NotRegistered(
            f"the works council's server does not take this device: {error}; your yes was not kept"
        ) from None
    except Unreachable:
        raise NotRegistered(
            f"the works council's server {council.endpoint} cannot be reached, or is not the one "
            "whose certificate is agreed on: check the network, then type the same command again; "
            "your yes was not kept"
        ) from None
    except PluraleError as error:
        raise NotRegistered(
            f"this device is not registered, and your yes was not kept ({error}): type the same "
            "command again later"
        ) from None
    if group != code.group:
        raise NotRegistered(
            f"the works council's server says that you are in the group {group!r}, and your code "
            f"is for {code.group}: ask the works council for a new code; your yes was not kept"
        )


def _unchanged(before: Enrolment | None) -> str:
    if before is None:
        return "not enrolled: nothing was kept, and nothing will be sent"
    return (
        f"nothing was changed: version {before.newest.agreement.version} stays accepted here, in "
        f"{before.newest.group}, and no other"
    )
