"""Agreements at a server: signing them in the party's name, activating, reading them back."""

import json
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from aggregator import successor
from aggregator.errors import SetupError
from aggregator.home import Home
from aggregator.ledger import append_alone
from aggregator.store.sql import Store, Transaction
from privacy.agreement import envelope, succession, toml
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import Agreement, Party
from privacy.errors import MissingSignature
from privacy.ledger.entries import MAX_BYTES, AgreementActivated

_ROOM: Final = 2048
"""Bytes of the entry that are not the unsigned agreement: two signatures, digest, place, time."""


def read(file: Path) -> Agreement:
    """The agreement in a TOML file, or in an envelope, whoever signed it or nobody."""
    content = _read(file)
    if file.suffix == ".toml":
        return toml.parse(_text(file, content), name=file.name)
    return envelope.read_unverified(content)


def sign(home: Home, file: Path, shown: Agreement | None = None) -> tuple[Path, Party | None]:
    """Add the party's signature; returns the signed file and the party still missing.

    A TOML file is put into an envelope beside it, ``NAME.signed.json``, unless the envelope is
    already there with the same agreement; an envelope is signed in place. `shown`: what the signer
    has read; if the file says something else by now, nothing is signed.
    """
    content = _read(file)
    target = file
    if file.suffix == ".toml":
        target = file.with_suffix(".signed.json")
        content = begun = envelope.start(read(file))
        if target.exists():
            content = _read(target)
            if envelope.read_unverified(content) != envelope.read_unverified(begun):
                raise SetupError(
                    f"{target} holds another agreement than {file}: move it away to begin anew"
                )
    agreement = envelope.read_unverified(content)
    if shown is not None and agreement != shown:
        raise SetupError(f"{file} changed while you read it: read it again; nothing was signed")
    check_fits(agreement)
    successor.check_announced(home, agreement)
    key = home.signing_key_named(agreement.party(home.party).signing_key)
    signed = envelope.add_signature(content, key, home.party)
    missing = _missing(signed, home.party)
    _write(target, signed)
    return target, missing


def activate(home: Home, file: Path, now: datetime) -> SignedAgreement:
    """Verify both signatures and keep the agreement; raises an error and keeps nothing else.

    1. It is about this server, and names the signing key or its successor; it fits into an entry.
    2. It has not expired, and may follow what is known here (`privacy.agreement.succession`).
    3. Keep it; the council puts it into the ledger.
    4. If the successor signed it, that is the signing key from now on.

    What is active already is not checked against itself, so that 4 is made up for after a crash. At
    the council that is what the ledger says: an entry that was taken back can be written again.
    """
    signed = check_own(home, _read(file))  # 1
    named = signed.agreement.party(home.party).signing_key
    if named != home.signing_key_named(named).public_key().public_bytes_raw():
        raise SetupError(
            f"the agreement names another signing key for the {home.party} than this server has"
        )
    check_fits(signed.agreement)
    _not_over(signed.agreement, now)  # 2
    with closing(Store(home.database)) as store, store.write() as tx:
        now = tx.ledger.moment(now)
        if _is_new(_known(home, tx), signed.agreement, now):
            tx.agreements.add(signed)  # 3
            if home.party is Party.COUNCIL:
                append_alone(tx, home.mark, now, _entry(signed))
    successor.take_over(home, signed.agreement)  # 4
    return signed


def _entry(signed: SignedAgreement) -> AgreementActivated:
    version = signed.agreement.version
    return AgreementActivated(signed.digest, version, signed.envelope.decode())


def activated(home: Home, store: Store) -> list[SignedAgreement]:
    """The activated agreements, verified again; `SetupError` when they are about another server.

    The other party's key is the one that was accepted when the agreement was activated.
    """
    with store.read() as tx:
        envelopes = tx.agreements.envelopes()
    if not envelopes:
        raise SetupError(
            f"no agreement is active in {home.path}: sign one with both parties, then run "
            f"plurale-aggregator agreement activate {home.path} FILE"
        )
    return [check_own(home, each) for each in envelopes]


def check_own(home: Home, signed: bytes) -> SignedAgreement:
    """Verify an envelope and that it names this server's key as its party's."""
    agreement = envelope.read_unverified(signed)
    own = agreement.party(home.party)
    if own.server_key != home.server_key().public_key().public_bytes_raw():
        raise SetupError(
            f"the agreement names another server key for the {home.party.value} than this server "
            f"has: put the table in {home.terms} into the agreement and sign it again"
        )
    return envelope.verify(
        signed,
        employer_key=agreement.party(Party.EMPLOYER).signing_key,
        council_key=agreement.party(Party.COUNCIL).signing_key,
    )


def _not_over(agreement: Agreement, now: datetime) -> None:
    if now >= agreement.upload_closes(agreement.last_window):
        raise SetupError(
            f"the agreement has expired: its last window {agreement.last_window} takes no more "
            "reports; sign a new version with later windows"
        )


def check_fits(agreement: Agreement) -> None:
    """Raise `SetupError` for an agreement that no entry of the ledger could hold.

    Both parties ask this of the agreement alone, so that neither signs what the other cannot.
    """
    written = json.dumps(envelope.start(agreement).decode())  # a text within the entry's JSON
    size = len(written) + _ROOM
    if size > MAX_BYTES:
        raise SetupError(
            f"the agreement needs {size} bytes in the ledger, where an entry has {MAX_BYTES} at "
            "most: take out groups or tasks"
        )


def _known(home: Home, tx: Transaction) -> list[Agreement]:
    if home.party is Party.EMPLOYER:
        return [envelope.read_unverified(each) for each in tx.agreements.envelopes()]
    return [
        envelope.read_unverified(entry.body.envelope.encode())
        for entry in tx.ledger.of(AgreementActivated)
        if isinstance(entry.body, AgreementActivated)
    ]


def _is_new(known: list[Agreement], new: Agreement, now: datetime) -> bool:
    """Whether the version is not active yet; raises unless it may then be activated.

    Keys come from the newest known version; a window may have begun under any.
    """
    newest = max(known, key=lambda each: each.version, default=None)
    if newest == new:
        return False
    if newest is not None:
        succession.check_follows(newest, new, now)
    for each in known:
        succession.check_beginning(each, new, now)
    return True


def _missing(signed: bytes, own: Party) -> Party | None:
    agreement = envelope.read_unverified(signed)
    try:
        envelope.verify(
            signed,
            employer_key=agreement.employer.signing_key,
            council_key=agreement.council.signing_key,
        )
    except MissingSignature:
        return Party.COUNCIL if own is Party.EMPLOYER else Party.EMPLOYER
    return None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SetupError(f"{file} cannot be read ({error.strerror}): check the path") from None


def _text(file: Path, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise SetupError(f"{file} is not UTF-8 text: save it as UTF-8") from None


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise SetupError(f"{file} cannot be written ({error.strerror})") from None
