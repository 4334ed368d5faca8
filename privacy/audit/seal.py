"""What ties an export to people: the checkpoint's signatures and the agreement that both hold."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from privacy import checkpoint
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import Party
from privacy.audit.finding import Check, Finding
from privacy.audit.told import Told, signed_by_its_parties
from privacy.audit.wording import entries as counted_entries
from privacy.checkpoint import Checkpoint, SignedCheckpoint
from privacy.errors import BadCheckpoint
from privacy.merkle import leaf_hash, root_of_leaves


@dataclass(frozen=True, slots=True)
class Keys:
    """The servers' keys (32 bytes each) that must have signed, and the origin they sign for."""

    council: bytes
    employer: bytes
    origin: str

    @classmethod
    def of(cls, told: Told) -> "Keys | None":
        """From the first agreement, None where it cannot be read. Server keys never change."""
        first = told.activated.get(0)
        if first is None:
            return None
        terms = first.agreement
        return cls(
            terms.council.server_key,
            terms.employer.server_key,
            checkpoint.origin_of(terms.organisation, first.digest),
        )


@dataclass(frozen=True, slots=True)
class Seal:
    """A checkpoint and what was found about it.

    `signed`: what the council signed, None unless its signature holds. `witnessed`: when the
    employer last did, None unless its signature holds.
    """

    signed: Checkpoint | None
    witnessed: datetime | None
    faults: tuple[str, ...]


NO_SEAL: Final = Seal(None, None, ())
"""Of an export without a checkpoint."""


def check_note(note: str, keys: Keys | None) -> Seal:
    """Check the signatures of a checkpoint and that it is of this ledger.

    1. It is a signed note of three lines. 2. The council's server signed it. 3. The employer's
    server witnessed it. 4. It is of the ledger that begins with the first agreement.
    """
    try:
        written = checkpoint.decode(note)  # 1
    except BadCheckpoint as error:
        return Seal(None, None, (str(error),))
    if keys is None:
        return Seal(None, None, ("its signatures cannot be checked: entry 0 names no keys",))
    faults: list[str] = []
    signed = _signed(written, keys, faults)  # 2
    witnessed = _witnessed(written, keys, faults)  # 3
    if written.checkpoint.origin != keys.origin:  # 4
        faults.append(f"it is of the ledger {written.checkpoint.origin}, not of {keys.origin}")
        signed = None
    return Seal(signed, witnessed, tuple(faults))


def _signed(written: SignedCheckpoint, keys: Keys, faults: list[str]) -> Checkpoint | None:
    try:
        return written.verify(keys.council)
    except BadCheckpoint as error:
        faults.append(str(error))
        return None


def _witnessed(written: SignedCheckpoint, keys: Keys, faults: list[str]) -> datetime | None:
    try:
        return written.cosigned_at(f"{keys.origin}/employer", keys.employer)
    except BadCheckpoint as error:
        faults.append(str(error))
        return None


def check_tree(entries: tuple[bytes, ...], seal: Seal, *, explained: bool) -> Check:
    """The checkpoint is signed by both and is that of these entries.

    `explained`: which entries are missing, doubled or changed was found already.
    """
    title = "The checkpoint"
    if seal == NO_SEAL:
        return Check(title, "Not checked: the file has no checkpoint that can be read.", done=False)
    found = [Finding(None, f"the checkpoint: {fault}") for fault in seal.faults]
    signed = seal.signed
    if signed is not None and not explained:
        have = len(entries)
        if have < signed.size:
            found.append(Finding(have, f"it is missing: the checkpoint counts {signed.size}"))
        elif have > signed.size:
            counts = f"the checkpoint counts {counted_entries(signed.size)}"
            what = f"{counts}, and this is one more"
            found.append(Finding(signed.size, what))
    if signed is not None and root_of_leaves([leaf_hash(each) for each in entries]) != signed.root:
        found.append(Finding(None, "the checkpoint: its root is not that of the entries here"))
    told = (
        f"The tree of {counted_entries(len(entries))} has the root that the council's server "
        "signed and the employer's witnessed."
    )
    return Check(title, told, tuple(found))


def check_agreement(told: Told, given: bytes | None) -> Check:
    """The agreement that the auditor was given is one that the ledger activated."""
    title = "The agreement you hold"
    if given is None:
        return Check(
            title,
            "Not compared. Compare the fingerprints below with those on paper, or give the "
            "signed file with --agreement FILE.",
            done=False,
        )
    signed = signed_by_its_parties(given)
    if signed is None:
        fault = "the file given is not an agreement that both of its parties signed"
        return Check(title, "", (Finding(None, fault),))
    same = [index for index, each in told.activated.items() if each.digest == signed.digest]
    if same:
        version = signed.agreement.version
        return Check(title, f"Version {version} is the one that entry {same[0]} activated.")
    return Check(title, "", tuple(_other_agreement(told, signed)))


def _other_agreement(told: Told, given: SignedAgreement) -> list[Finding]:
    same = [
        (index, each)
        for index, each in told.activated.items()
        if each.agreement.version == given.agreement.version
    ]
    if not same:
        version = given.agreement.version
        return [Finding(None, f"no entry activates the version {version} that you hold")]
    index, there = same[0]
    parties = [
        party.value
        for party in Party
        if there.agreement.party(party).signing_key != given.agreement.party(party).signing_key
    ]
    keys = f", and another signing key of the {' and the '.join(parties)}" if parties else ""
    return [Finding(index, f"it activates another text than the version you hold{keys}")]
