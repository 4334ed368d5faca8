"""Agreements at a server: signing them in the party's name, activating, reading them back."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

from aggregator.errors import SetupError
from aggregator.home import Home
from aggregator.model import OutcomeKind
from aggregator.store.sql import Store
from privacy.agreement import envelope, toml
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import Agreement, Party
from privacy.errors import BadSignature, MissingSignature


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
    if shown is not None and envelope.read_unverified(content) != shown:
        raise SetupError(f"{file} changed while you read it: read it again; nothing was signed")
    signed = envelope.add_signature(content, home.signing_key(), home.party)
    missing = _missing(signed, home.party)
    _write(target, signed)
    return target, missing


def activate(home: Home, file: Path, now: datetime) -> SignedAgreement:
    """Verify both signatures and keep the agreement; raises an error and keeps nothing else."""
    signed = check_own(home, _read(file))
    if signed.agreement.party(home.party).signing_key != (
        home.signing_key().public_key().public_bytes_raw()
    ):
        raise SetupError(
            f"the agreement names another signing key for the {home.party} than this server has"
        )
    _not_over(signed.agreement, now)
    with closing(Store(home.database)) as store, store.write() as tx:
        for known in map(envelope.read_unverified, tx.agreements.envelopes()):
            if known != signed.agreement:
                _same_keys(known, signed.agreement)
                _in_order(known, signed.agreement, now)
        if tx.agreements.add(signed):
            version = str(signed.agreement.version)
            body = {"agreement": signed.digest.hex(), "version": version}
            tx.outcomes.append(now, OutcomeKind.AGREEMENT_ACTIVATED, body)
    return signed


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
    """Verify an envelope and that it names this server's keys as its party's."""
    agreement = envelope.read_unverified(signed)
    own = agreement.party(home.party)
    for what, named, mine in (
        ("server key", own.server_key, home.server_key().public_key().public_bytes_raw()),
        ("HPKE key", own.hpke_key, home.hpke_public()),
    ):
        if named != mine:
            raise SetupError(
                f"the agreement names another {what} for the {home.party.value} than this server "
                f"has: put the table in {home.terms} into the agreement and sign it again"
            )
    return envelope.verify(
        signed,
        employer_key=agreement.party(Party.EMPLOYER).signing_key,
        council_key=agreement.party(Party.COUNCIL).signing_key,
    )


def _same_keys(known: Agreement, new: Agreement) -> None:
    for party in Party:
        if known.party(party).signing_key != new.party(party).signing_key:
            raise BadSignature(
                f"version {new.version} names another signing key for the {party} than version "
                f"{known.version}, which is in force here: sign with the key that is known"
            )


def _not_over(agreement: Agreement, now: datetime) -> None:
    if now >= agreement.upload_closes(agreement.last_window):
        raise SetupError(
            f"the agreement has expired: its last window {agreement.last_window} takes no more "
            "reports; sign a new version with later windows"
        )


def _in_order(known: Agreement, new: Agreement, now: datetime) -> None:
    """A window stays under the version in force at its start, on both sides alike (protocol §2)."""
    if new.version <= known.version:
        raise SetupError(
            f"version {known.version} of the agreement is active here, and this other one is "
            f"version {new.version}: give it a higher number and sign it again"
        )
    first = new.first_window
    if first <= known.last_window and first.start(new.working_time.zone) <= now:
        raise SetupError(
            f"version {new.version} would begin with {first}, which has begun under version "
            f"{known.version}: choose a later first window and sign it again"
        )


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
