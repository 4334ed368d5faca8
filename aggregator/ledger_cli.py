"""``plurale-aggregator ledger``: write the ledger to a file, restore it after an old backup."""

import argparse
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from aggregator.errors import SetupError
from aggregator.exporting import export
from aggregator.home import open_home
from aggregator.restoring import restore
from aggregator.store.sql import Store
from privacy.ledger.export import decode, encode


def _export(options: argparse.Namespace) -> None:
    home, file = open_home(options.directory), options.file
    with closing(Store(home.database)) as store:
        exported = export(store)
    try:
        with file.open("xb") as target:
            target.write(encode(exported))
    except FileExistsError:
        raise SetupError(f"{file} exists: choose another name; nothing is overwritten") from None
    except OSError as error:
        raise SetupError(f"{file} cannot be written ({error.strerror}): choose another") from None
    print(f"Wrote {len(exported.entries)} entries to {file}. To check it, on any machine:")
    print(f"  plurale-audit verify {file}")


def _restore(options: argparse.Namespace) -> None:
    home, file = open_home(options.directory), options.file
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SetupError(f"{file} cannot be read ({error.strerror}): check the path") from None
    restored = restore(home, decode(content), datetime.now(UTC))
    print(f"Restored {restored.added} entries from {file}. Start the server again.")
    if restored.taken_back:
        print(
            f"Taken back: {restored.taken_back} entries of this server that the employer never "
            "witnessed.\nIf a version of the agreement was among them, activate it again."
        )


def add_commands(ledger: argparse.ArgumentParser) -> None:
    """The subcommands of ``ledger``; each sets `command`, a function of the options."""
    actions = ledger.add_subparsers(title="commands", required=True, metavar="COMMAND")
    exporting = actions.add_parser("export", help="write the witnessed ledger to a new file")
    exporting.set_defaults(command=_export)
    restoring = actions.add_parser(
        "restore", help="at the council: bring an old database up to the employer's export"
    )
    restoring.set_defaults(command=_restore)
    for action in (exporting, restoring):
        action.add_argument("directory", type=Path, metavar="DIRECTORY", help="the server's own")
        action.add_argument("file", type=Path, metavar="FILE", help="the export")
