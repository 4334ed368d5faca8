"""Which agreement may follow which: one chain of versions, each with the keys of the one before.

A version may announce, for either party, the key that signs later versions in place of the present
one. Who knows a version therefore needs nobody to vouch for the next: it carries signatures that
the known one allows. Servers, devices and auditors ask the same question here.
"""

from datetime import datetime

from privacy.agreement.model import Agreement, Party
from privacy.errors import BadSignature, NotInForce


def check_follows(known: Agreement, new: Agreement, at: datetime) -> None:
    """Raise unless `new` may follow `known`, the newest version known, at the moment `at`.

    1. Its version is higher.
    2. Each party signs it with the key that `known` names, or with the one that it announces.
    3. Each party's server signs with the same key: the ledger goes on under it.
    4. It begins with a window that has not begun under `known` (`check_beginning`).

    That both signatures hold is `envelope.verify`'s to say. Raises `NotInForce` for 1 and 4,
    `BadSignature` for 2 and 3.
    """
    if new.version <= known.version:  # 1
        raise NotInForce(
            f"version {known.version} of the agreement is known here, and this other one is "
            f"version {new.version}: give it a higher number and sign it again"
        )
    check_keys(known, new)  # 2, 3
    check_beginning(known, new, at)  # 4


def check_keys(known: Agreement, new: Agreement) -> None:
    """Rules 2 and 3 alone, for a version that does not begin yet; raises `BadSignature`."""
    for party in Party:
        before, after = known.party(party), new.party(party)
        if after.signing_key not in (before.signing_key, before.successor_key):  # 2
            raise BadSignature(
                f"version {new.version} names another signing key for the {party} than version "
                f"{known.version}, which does not announce it: take the versions between the two "
                f"first, if there are any, or ask the {party} in person which key is right"
            )
        if after.server_key != before.server_key:  # 3
            raise BadSignature(
                f"version {new.version} names another server key for the {party} than version "
                f"{known.version}: a server keeps its key; put the known one into the agreement "
                "and sign it again"
            )


def check_beginning(known: Agreement, new: Agreement, at: datetime) -> None:
    """Rule 4 alone, for any earlier version; raises `NotInForce`.

    A window stays under the version in force at its start, on all sides alike (protocol §2).
    Windows begin in the time zone of the new version.
    """
    first = new.first_window
    if first <= known.last_window and first.start(new.working_time.zone) <= at:
        raise NotInForce(
            f"version {new.version} would begin with {first}, which has begun under version "
            f"{known.version}: choose a later first window and sign it again"
        )
