"""``plurale-audit``: check an export of the ledger, explain an entry, write the evidence."""

import argparse
import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from privacy.audit.evidence import as_json, evidence
from privacy.audit.evidence_page import as_markdown
from privacy.audit.explain import explain
from privacy.audit.layout import audit_page, explanation_page
from privacy.audit.verify import Audit, Given, verify
from privacy.audit.wording import plain
from privacy.errors import InvalidValue, PluraleError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if all holds, 1 for findings and errors, 2 for wrong usage.

    What came late is no finding: it is named, and the code stays 0.
    """
    _tolerate_narrow_terminals()
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except PluraleError as error:
        print(f"plurale-audit: {plain(str(error))}", file=sys.stderr)
    except BrokenPipeError:
        pass  # whoever read the output has seen enough
    except OSError as error:
        print(f"plurale-audit: {error.filename or 'the output'}: {error.strerror}", file=sys.stderr)
    return 1


def _tolerate_narrow_terminals() -> None:
    # A terminal that cannot show a sign shows a question mark, not a traceback.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _verify(options: argparse.Namespace) -> int:
    given = Given(
        agreement=_read(options.agreement),
        results=_read_json(options.results),
        other=_read(options.other),
    )
    audit = verify(options.export.read_bytes(), given)
    print(audit_page(audit), end="")
    return 0 if audit.held else 1


def _explain(options: argparse.Namespace) -> int:
    explanation = explain(_audit(options), options.entry)
    print(explanation_page(explanation), end="")
    return 0 if explanation.proven and explanation.warning is None else 1


def _evidence(options: argparse.Namespace) -> int:
    audit = _audit(options)
    found = evidence(audit)
    if options.json is not None:
        options.json.write_text(as_json(found), encoding="utf-8")
    if options.markdown is not None:
        options.markdown.write_text(as_markdown(found), encoding="utf-8")
    if options.json is None and options.markdown is None:
        print("\n".join(map(plain, as_markdown(found).split("\n"))), end="")
    if not audit.held:
        print(
            "plurale-audit: this export does not hold, and the evidence says so: "
            "`plurale-audit verify` shows what is wrong",
            file=sys.stderr,
        )
    return 0 if audit.held else 1


def _audit(options: argparse.Namespace) -> Audit:
    return verify(options.export.read_bytes())


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()


def _read_json(path: Path | None) -> object:
    if path is None:
        return None
    try:
        found: object = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise InvalidValue(f"{path} is not JSON: get the file again") from None
    return {} if found is None else found  # "null" is a wrong file, not an absent one


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="plurale-audit", description="Check offline that the rules of an agreement were kept."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    check = commands.add_parser("verify", help="recompute everything that an export says")
    check.add_argument("export", type=Path, metavar="EXPORT", help="an export of the ledger")
    check.add_argument(
        "--agreement", type=Path, metavar="FILE", help="the signed agreement as you have it"
    )
    check.add_argument(
        "--results", type=Path, metavar="FILE", help="the employer's results, as --json prints them"
    )
    check.add_argument(
        "--other",
        type=Path,
        metavar="FILE",
        help="a checkpoint or export that another kept, or a device's receipts",
    )
    check.set_defaults(command=_verify)
    words = commands.add_parser("explain", help="one entry in plain words, with its proof")
    words.add_argument("export", type=Path, metavar="EXPORT", help="an export of the ledger")
    words.add_argument("entry", type=int, metavar="ENTRY", help="its number, from 0")
    words.set_defaults(command=_explain)
    proof = commands.add_parser("evidence", help="guarantees, spending, refusals, for reviewers")
    proof.add_argument("export", type=Path, metavar="EXPORT", help="an export of the ledger")
    proof.add_argument("--json", type=Path, metavar="FILE", help="write it for other programs")
    proof.add_argument("--markdown", type=Path, metavar="FILE", help="write it for people")
    proof.set_defaults(command=_evidence)
    return parser


if __name__ == "__main__":
    sys.exit(main())
