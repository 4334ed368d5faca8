"""``plurale-aggregator roster``: who may take part, at the council's server (protocol §4.6)."""

import argparse
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from aggregator import codes_file, roster, roster_file, roster_table, signing
from aggregator.errors import SetupError
from aggregator.home import Home, open_home
from aggregator.member import Member
from aggregator.roster_file import RosterFile
from aggregator.roster_import import Imported, Plan, carry_out, plan
from aggregator.store.sql import Store, Transaction
from privacy.agreement.model import Agreement, Party
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import InvalidValue
from privacy.window import Window


@dataclass(frozen=True, slots=True)
class _Change:
    """What a change needs. `first`: the window from which it counts, the one that begins next."""

    tx: Transaction
    agreement: Agreement
    first: Window

    @classmethod
    def now(cls, tx: Transaction, newest: Agreement) -> "_Change":
        """What is changed now."""
        now = tx.ledger.moment(datetime.now(UTC))
        return cls(tx, newest, Window.beginning_from(now, newest.working_time.zone))


@contextmanager
def _store(directory: Path) -> Iterator[tuple[Store, list[Agreement]]]:
    """The council's database, and the agreements that are active there, the newest last."""
    home = _council(directory)
    with closing(Store(home.database)) as store:
        agreements = [each.agreement for each in signing.activated(home, store)]
        yield store, sorted(agreements, key=lambda each: each.version)


def _council(directory: Path) -> Home:
    home = open_home(directory)
    if home.party is not Party.COUNCIL:
        raise SetupError(
            f"{home.path} is the employer's: the roster is kept at the works council's server alone"
        )
    return home


@contextmanager
def _change(directory: Path) -> Iterator[_Change]:
    with _store(directory) as (store, agreements), store.write() as tx:
        yield _Change.now(tx, agreements[-1])


def _import(options: argparse.Namespace) -> None:
    _council(options.directory)
    source = options.file
    content = _read(source)
    codes = options.codes or source.with_suffix(".codes.csv")
    with _store(options.directory) as (store, agreements), _naming(source):
        # Whoever asks for a token waits for a write. A mistake, or no change, needs none.
        with store.read() as tx:
            change = _Change.now(tx, agreements[-1])
            planned = plan(content.lines, tx.roster.all(), change.agreement, change.first)
        imported = Imported(planned, ())
        if planned.changes:
            with store.write() as tx:
                change = _Change.now(tx, agreements[-1])
                imported = _carry_out(change, content, codes)
    _tell(imported.plan, change.first, options.directory)
    if imported.handouts:
        print(f"New codes: {len(imported.handouts)}. They are in {codes}, and nowhere else.")
        print("Whoever reads a code can enrol in that member's place. Hand each over in person, or")
        print("by a way that the employer cannot read. Then delete the file.")


def _carry_out(change: _Change, content: RosterFile, codes: Path) -> Imported:
    imported = carry_out(
        change.tx, change.agreement, content.lines, change.first, secrets.token_bytes
    )
    if imported.handouts:
        # On the disk before the roster counts on it: a code is kept nowhere else.
        codes_file.write(
            codes, imported.handouts, separator=content.separator, encoding=content.encoding
        )
    return imported


def _read(file: Path) -> RosterFile:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SetupError(f"{file} cannot be read ({error.strerror}): check the path") from None
    with _naming(file):
        return roster_file.read(content)


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    try:
        yield
    except InvalidValue as error:
        raise InvalidValue(f"{file}: {error}") from None


def _tell(done: Plan, first: Window, directory: Path) -> None:
    new, moved = len(done.new), len(done.moving)
    print(f"New members: {new}. Moved: {moved}. As they were: {done.unchanged}.")
    if done.changes:
        print(f"The changes count from {first} on, which begins on {first.monday}.")
    for member, group in done.ended:
        print(f"In the file and ended: number {member.number}, who stays ended; this brings them")
        print(f"back: plurale-aggregator roster move {directory} {member.number} {group}")
    if done.unlisted:
        print(f"In no line of the file: {len(done.unlisted)}, who stay ({_who(done, first)}).")
        print("End the memberships of those who are gone with plurale-aggregator roster end.")


def _who(done: Plan, first: Window) -> str:
    named = [f"number {member.number}" for member in done.unlisted if member.name]
    nameless = Counter(member.group_in(first) for member in done.unlisted if not member.name)
    return ", ".join(named + [f"{many} without a name in {its}" for its, many in nameless.items()])


def _list(options: argparse.Namespace) -> None:
    with _store(options.directory) as (store, agreements), store.read() as tx:
        members: list[Member] = tx.roster.all()
        now = tx.ledger.moment(datetime.now(UTC))
    if not members:
        print("Nobody is on the roster yet: fill it with plurale-aggregator roster import.")
        return
    begun = Window.of(now.astimezone(agreements[-1].working_time.zone).date())
    roster_table.show(members, begun, Console(highlight=False))


def _move(options: argparse.Namespace) -> None:
    with _change(options.directory) as change:
        code = roster.move(
            change.tx,
            change.agreement,
            options.number,
            options.group,
            change.first,
            secrets.token_bytes,
        )
    print(f"Member {options.number} is in {options.group} from {change.first} on.")
    if code is None:
        print("If their device has them in another group, they run this on it before that week,")
        print("with the newest agreement:")
        print(f"  plurale enrol FILE --group {options.group}")
    else:
        print("They have no device. A code that they were given before counts for nothing now.")
        _print_code(code)


def _end(options: argparse.Namespace) -> None:
    with _change(options.directory) as change:
        roster.end(change.tx, options.number, change.first)
    print(f"Member {options.number} takes part no more from {change.first} on.")
    print("What is due for the weeks before may still be sent.")


def _revoke(options: argparse.Namespace) -> None:
    with _change(options.directory) as change:
        code = roster.revoke(change.tx, options.number, change.first, secrets.token_bytes)
    print(f"The device and the code that member {options.number} had count for nothing any more.")
    if code is None:
        print("Their membership has ended, so there is no new code.")
    else:
        _print_code(code)


def _print_code(code: EnrolmentCode) -> None:
    print("New code, to hand over in person, or by a way that the employer cannot read:")
    print(f"  {code}")


def add_commands(parser: argparse.ArgumentParser) -> None:
    """The subcommands of ``roster``; each sets `command`, a function of the options."""
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def action(
        name: str, command: Callable[[argparse.Namespace], None], text: str
    ) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = actions.add_parser(name, help=text)
        added.set_defaults(command=command)
        added.add_argument("directory", type=Path, metavar="DIRECTORY", help="the server's own")
        return added

    importing = action("import", _import, "add and move members as a file says, make codes")
    importing.add_argument("file", type=Path, metavar="CSV", help="columns: group, name if wanted")
    importing.add_argument(
        "--codes", type=Path, metavar="FILE", help="where the codes go: CSV.codes.csv if not said"
    )
    action("list", _list, "show every member, their group and whether they have enrolled")
    moving = action("move", _move, "put a member into a group from the next week on")
    ending = action("end", _end, "a member takes part no more from the next week on")
    revoking = action("revoke", _revoke, "a device was lost: it counts no more, make a new code")
    for each in (moving, ending, revoking):
        each.add_argument("number", type=int, metavar="NUMBER", help="the member's")
    moving.add_argument("group", metavar="GROUP", help="its id in the agreement")
