"""What the command line says about mailboxes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from client.mailboxes import Mailbox
from client.say import say

HOW_TO_ADD: Final = "plurale mail add maildir FOLDER"


def none_yet() -> None:
    """After enrolling without a mailbox."""
    say(
        "\nYou named no mailbox yet, so what is measured on mail will be missing. Name yours:"
        f"\n  {HOW_TO_ADD}"
        "\n  plurale mail add mbox PATH"
        "\n  plurale mail add imap USER@HOST"
        "\n  plurale mail add graph --token-command COMMAND"
    )


def added(mailbox: Mailbox, *, replaced: bool, enrolled: bool) -> None:
    """After `plurale mail add`. `replaced`: there was one of the same name."""
    what = "changed" if replaced else "added"
    after = (
        "It is read when plurale send or plurale preview runs."
        if enrolled
        else "Nothing of it is read before you take part: plurale enrol FILE CODE."
    )
    say(f"The mailbox {mailbox.name} ({mailbox.kind}) can be read, and is {what}. {after}")


def removed(name: str) -> None:
    """After `plurale mail remove`."""
    say(
        f"The mailbox {name} is read no more. What was read of it stays on this device until it is "
        "erased with the rest."
    )


def mailboxes(all_of_them: Sequence[Mailbox], read: datetime | None) -> None:
    """After `plurale mail list`. `read`: when all were last read without an error (UTC)."""
    if not all_of_them:
        say(f"No mailbox is set. Name yours:  {HOW_TO_ADD}")
        return
    for mailbox in all_of_them:
        # A name stands alone on its line, to be copied.
        addresses = ", ".join(sorted(mailbox.addresses))
        say(f"{mailbox.name}\n  {mailbox.kind}{f', with mail of {addresses}' if addresses else ''}")
    say(
        "\nThey were not all read yet; that happens when plurale send runs."
        if read is None
        else f"\nAll were last read on {read.astimezone():%d %B %Y at %H:%M}."
    )
