"""``plurale-aggregator``: set up a party's server, sign and activate agreements, serve."""

import argparse
import asyncio
import io
import json
import logging
import secrets
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from aggregator import ledger_cli, plan_table, planning, roster_cli, show, signing, successor
from aggregator.agreement_cli import add_commands, print_key
from aggregator.errors import SetupError
from aggregator.home import create_home, open_home
from aggregator.results import read_results
from aggregator.server import Aggregator, Surroundings
from aggregator.store.sql import Store
from privacy.agreement.document import parse_endpoint
from privacy.agreement.model import ROLE_OF, Party, Role
from privacy.book import AgreementBook
from privacy.errors import InvalidAgreement, PluraleError
from privacy.noise import DiscreteGaussian
from privacy.plan.whole import plan
from privacy.tidy import quarter_row, window_row


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 for an error of this tree, 2 for wrong usage."""
    _tolerate_narrow_terminals()
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
    except InvalidAgreement as error:
        for problem in error.problems:
            print(f"plurale-aggregator: {problem}", file=sys.stderr)
        return 1
    except PluraleError as error:
        print(f"plurale-aggregator: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("plurale-aggregator: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1  # whoever read the output has seen enough
    except OSError as error:
        print(f"plurale-aggregator: the output cannot be written: {error}", file=sys.stderr)
        return 1
    return 0


def _tolerate_narrow_terminals() -> None:
    # A terminal that cannot show a sign shows a question mark, not a traceback.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _init(options: argparse.Namespace) -> None:
    endpoint = parse_endpoint(options.endpoint)
    peer = parse_endpoint(options.peer_endpoint) if options.peer_endpoint else None
    home = create_home(
        options.directory,
        Party(options.party),
        name=options.name,
        administrator=options.administrator,
        endpoint=endpoint,
        listen=parse_endpoint(options.listen) if options.listen else endpoint,
        peer_endpoint=peer,
        peer_listen=parse_endpoint(options.peer_listen) if options.peer_listen else peer,
        now=datetime.now(UTC),
        random=secrets.token_bytes,
    )
    print(f"Made {home.path} for the {home.party} ({ROLE_OF[home.party]}).")
    print("Fingerprint of its signing key, for others to compare:")
    print_key(home.signing_key().public_key().public_bytes_raw())
    print(f"Put {home.terms} into the agreement. Then both parties sign it:")
    print(f"  plurale-aggregator agreement sign {home.path} AGREEMENT.toml")


def _successor(options: argparse.Namespace) -> None:
    home = open_home(options.directory)
    public = successor.make(home, secrets.token_bytes)
    print(f"Made {home.keys / 'successor.pem'}, with which the {home.party} may sign later.")
    print("Fingerprint of the new key, for others to compare:")
    print_key(public)
    print(f"1. Put {home.terms} into the next version of the agreement, which announces the key.")
    print("2. Both parties sign that version with their present keys, and each activates it.")
    print("3. In a version after it, put the new key in the place of signing_key and leave")
    print("   successor_key out. It is signed with the new key; activating it puts that key in")
    print("   the place of the present one.")


def _serve(options: argparse.Namespace) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    outside = Surroundings(lambda: datetime.now(UTC), DiscreteGaussian(), secrets.token_bytes)
    asyncio.run(run(Aggregator(open_home(options.directory), outside)))


async def run(aggregator: Aggregator) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await aggregator.start()
    await stop.wait()
    await aggregator.stop()


def _results(options: argparse.Namespace) -> None:
    home = open_home(options.directory)
    if ROLE_OF[home.party] is not Role.LEADER:
        raise SetupError(
            f"{home.path} is the {home.party}'s: results are read at the employer's; the council "
            "finds them with plurale-aggregator ledger export, then plurale-audit explain"
        )
    store = Store(home.database)
    try:
        read = read_results(store, AgreementBook(signing.activated(home, store)))
        rows = [window_row(each) for each in read.windows()]
        rows += [quarter_row(each) for each in read.quarters()]
    finally:
        store.close()
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        show.results(rows)


def _plan(options: argparse.Namespace) -> None:
    planned = plan(signing.read(options.agreement))
    if options.json:
        print(json.dumps(planning.as_json(planned), indent=2))
    else:
        plan_table.show(planned, Console(highlight=False))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="plurale-aggregator", description="The server of one party to a works agreement."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    init = commands.add_parser("init", help="make keys, a certificate authority and terms")
    init.add_argument("directory", type=Path, metavar="DIRECTORY", help="a new directory")
    init.add_argument("--party", required=True, choices=[party.value for party in Party])
    init.add_argument("--name", required=True, help="the party's name in the agreement")
    init.add_argument("--administrator", required=True, help="who administers this server")
    init.add_argument("--endpoint", required=True, help="HOST:PORT at which others reach it")
    init.add_argument("--listen", help="ADDRESS:PORT to listen on, if not the endpoint")
    init.add_argument(
        "--peer-endpoint", help="council only: HOST:PORT at which the employer's server reaches it"
    )
    init.add_argument("--peer-listen", help="ADDRESS:PORT to listen on, if not the peer endpoint")
    init.set_defaults(command=_init)
    successor_of = commands.add_parser("successor", help="make the party's next signing key")
    successor_of.add_argument("directory", type=Path, metavar="DIRECTORY", help="the server's own")
    successor_of.set_defaults(command=_successor)
    add_commands(commands.add_parser("agreement", help="write, check, sign, activate agreements"))
    ledger_cli.add_commands(commands.add_parser("ledger", help="export it, or restore it"))
    roster_cli.add_commands(commands.add_parser("roster", help="who may take part (council)"))
    planner = commands.add_parser("plan", help="what an agreement can answer, and what it costs")
    planner.add_argument("agreement", type=Path, metavar="AGREEMENT", help="TOML or signed file")
    planner.add_argument("--json", action="store_true", help="for other programs")
    planner.set_defaults(command=_plan)
    results = commands.add_parser("results", help="show what was released, at the employer's")
    results.add_argument("directory", type=Path, metavar="DIRECTORY", help="the party's directory")
    results.add_argument("--json", action="store_true", help="for other programs")
    results.set_defaults(command=_results)
    serve = commands.add_parser("serve", help="run the server until it is told to stop")
    serve.add_argument("directory", type=Path, metavar="DIRECTORY", help="the server's own")
    serve.set_defaults(command=_serve)
    return parser
