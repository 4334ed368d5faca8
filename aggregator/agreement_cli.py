"""``plurale-aggregator agreement``: write, check, show, compare, sign and activate agreements."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from aggregator import interview, interview_tasks, retirement, signing
from aggregator.drafting import draft
from aggregator.errors import SetupError
from aggregator.home import open_home
from aggregator.interview import Dialogue
from aggregator.signatures import Mark, signatures
from privacy.agreement.compared import what_changes
from privacy.agreement.document import from_document
from privacy.agreement.model import DELTA, Agreement, Party
from privacy.agreement.words import fingerprint, in_plain_words
from privacy.errors import BadSignature
from privacy.groups import GroupId
from privacy.noise import epsilon


def print_key(key: bytes) -> None:
    """A key's fingerprint, on two lines."""
    for line in fingerprint(key):
        print(f"  {line}")


def _new(options: argparse.Namespace) -> None:
    file: Path = options.file
    if file.suffix != ".toml":
        raise SetupError(f"{file} is not named like a TOML file: name it {file.name}.toml")
    if file.exists():
        raise SetupError(f"{file} exists: choose another name; an agreement is never overwritten")
    if not file.parent.is_dir():
        raise SetupError(f"{file.parent} is not a directory: make it first")
    print("An empty answer takes what stands in brackets. Ctrl-C ends without writing anything.")
    text = draft(_interview(Dialogue(_answer, print)))
    try:
        with file.open("x", encoding="utf-8", newline="\n") as target:
            target.write(text)
    except OSError as error:
        raise SetupError(f"{file} cannot be written ({error.strerror}): choose another") from None
    print(f"Wrote {file}. It keeps every rule. What it can answer, and at what price:")
    print(f"  plurale-aggregator plan {file}")


def _answer(prompt: str) -> str:
    try:
        return input(prompt)
    except (EOFError, RuntimeError, ValueError):  # the end, a closed input, or not a text
        print()
        raise SetupError("the answers ended too early: nothing was written; start again") from None


def _interview(dialogue: Dialogue) -> Agreement:
    document = interview.parties(dialogue, datetime.now(UTC).date())
    for field in interview.FIELDS:
        document = field.ask(dialogue, document)
    document = interview_tasks.groups(dialogue, document)
    return from_document(interview_tasks.tasks(dialogue, document))


def _check(options: argparse.Namespace) -> None:
    signing.read(options.file)
    print("This agreement keeps every rule.")
    if options.file.suffix == ".toml":
        return
    marks = signatures(options.file.read_bytes())
    broken = [str(signature) for signature in marks if signature.mark is Mark.BROKEN]
    for signature in marks:
        if signature.mark is not Mark.BROKEN:
            print(signature)
    if broken:
        raise BadSignature("; ".join(broken))


def _show(options: argparse.Namespace) -> None:
    agreement = signing.read(options.file)
    strength = epsilon(agreement.privacy.rho_quarter, DELTA)
    print(in_plain_words(agreement, group=options.group, epsilon=strength), end="")


def _diff(options: argparse.Namespace) -> None:
    old, new = (signing.read(file) for file in (options.old, options.new))
    print(what_changes(old, new), end="")


def _sign(options: argparse.Namespace) -> None:
    home = open_home(options.directory)
    shown = signing.read(options.file)
    print(in_plain_words(shown))
    if not options.yes and not _agrees(f"Sign this in the name of the {home.party}?"):
        raise SetupError("not signed: nothing was changed")
    target, missing = signing.sign(home, options.file, shown)
    print(f"Signed by the {home.party}: {target}")
    if missing:
        print(f"Still missing: the signature of the {missing}. Give them this file.")
    else:
        print("Both parties have signed. Each now activates it:")
        print(f"  plurale-aggregator agreement activate DIRECTORY {target}")


def _agrees(question: str) -> bool:
    try:
        return input(f"{question} Type yes: ").strip().lower() == "yes"
    except (EOFError, RuntimeError):  # nothing to read from, or standard input is closed
        return False


def _activate(options: argparse.Namespace) -> None:
    home = open_home(options.directory)
    waiting = home.successor_key() is not None
    signed = signing.activate(home, options.file, datetime.now(UTC))
    agreement = signed.agreement
    print(
        f"Active: {agreement.organisation}, version {agreement.version}, windows "
        f"{agreement.first_window} to {agreement.last_window}."
    )
    for party in Party:
        print(f"Key of the {party}:")
        print_key(agreement.party(party).signing_key)
    if waiting and home.successor_key() is None:
        print(f"The new key of the {home.party} is now {home.keys / 'signing.pem'}. When both have")
        print(f"activated this version, destroy {home.keys / 'signing.old.pem'}.")
    print("Compare the other party's key with them, by voice or on paper. Start the server, or")
    print("restart it if it runs.")


def _retire(options: argparse.Namespace) -> None:
    home = open_home(options.directory)
    print(
        f"This ends version {options.version} of the agreement for everybody. The window that has "
        "begun is still\ncollected, no later one. It cannot be taken back: afterwards only a new "
        "version collects anything."
    )
    if not options.yes and not _agrees(f"End it in the name of the {home.party}?"):
        raise SetupError("not ended: nothing was changed")
    last = retirement.retire(home, options.version, datetime.now(UTC))
    print(f"Ended. The last window is {last}.")
    if home.party is Party.COUNCIL:
        print("It is in the ledger. The servers and all devices learn it from there.")
    else:
        print("This server tells the council's while it runs; it counts once it is in the ledger.")


def add_commands(agreement: argparse.ArgumentParser) -> None:
    """The subcommands of ``agreement``; each sets `command`, a function of the options."""
    actions = agreement.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def action(
        name: str, command: Callable[[argparse.Namespace], None], text: str
    ) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = actions.add_parser(name, help=text)
        parser.set_defaults(command=command)
        return parser

    new = action("new", _new, "ask the questions and write an agreement (TOML)")
    new.add_argument("file", type=Path, metavar="FILE.toml", help="a new file")
    check = action("check", _check, "tell every broken rule, and who has signed")
    check.add_argument("file", type=Path, metavar="FILE", help="TOML or signed file")
    shown = action("show", _show, "an agreement in plain words")
    shown.add_argument("file", type=Path, metavar="FILE", help="TOML or signed file")
    shown.add_argument("--group", type=GroupId, help="only what concerns its members")
    compared = action("diff", _diff, "what a new version changes for an employee")
    compared.add_argument("old", type=Path, metavar="OLD", help="TOML or signed file")
    compared.add_argument("new", type=Path, metavar="NEW", help="TOML or signed file")
    sign = action("sign", _sign, "sign an agreement (TOML) or a signed one in the party's name")
    activate = action("activate", _activate, "put a fully signed agreement into force here")
    retired = action("retire", _retire, "end a version: nothing is collected after this week")
    for parser in (sign, activate, retired):
        parser.add_argument("directory", type=Path, metavar="DIRECTORY", help="the server's own")
    for parser in (sign, activate):
        parser.add_argument("file", type=Path, metavar="FILE", help="the agreement")
    retired.add_argument("version", type=int, metavar="VERSION", help="its number")
    sign.add_argument("--yes", action="store_true", help="sign without being asked")
    retired.add_argument("--yes", action="store_true", help="end it without being asked")
