"""What an audit looks like on a terminal: plain text, at most 78 columns.

An export and the files beside it come from people who may want to look better than they are. So
every line goes through `plain`: no character of theirs can move the cursor or hide what is said.
"""

import textwrap
from collections.abc import Sequence

from privacy.agreement.model import Party
from privacy.agreement.quantities import counted
from privacy.audit.explain import Explanation, moment
from privacy.audit.finding import Check
from privacy.audit.verify import Audit
from privacy.audit.wording import plain, some

WIDTH = 78
_MARGIN = 9
"""Where text begins, behind the mark of a check."""


def audit_page(audit: Audit) -> str:
    """The whole audit: what it is of, each check, the fingerprints, and the verdict last."""
    parts = [_head(audit), *map(_check, audit.checks), _fingerprints(audit), _verdict(audit)]
    return _page(parts)


def explanation_page(explanation: Explanation) -> str:
    """One entry in plain words."""
    title = explanation.title
    parts = [[title, "-" * len(title)]]
    if explanation.warning is not None:
        parts.insert(0, textwrap.wrap(explanation.warning, WIDTH))
    for paragraph in (*explanation.paragraphs, explanation.proof):
        lines = [
            wrapped
            for line in paragraph.split("\n")
            for wrapped in textwrap.wrap(line, WIDTH, subsequent_indent=_hang(line))
        ]
        parts.append(lines)
    return _page(parts)


def _page(parts: Sequence[Sequence[str]]) -> str:
    """Parts of lines, an empty line between them."""
    lines = [plain(line) for part in parts if part for line in (*part, "")]
    return "\n".join(lines).rstrip() + "\n"


def _hang(line: str) -> str:
    return "  " if line.startswith("• ") else ""


def _head(audit: Audit) -> list[str]:
    rows = [("Ledger", audit.origin or "its first entry cannot be read")]
    if audit.span is not None:
        first, last = map(moment, audit.span)
        rows.append(("Entries", f"{len(audit.lines.entries)}, from {first}"))
        rows.append(("", f"to {last}"))
    if audit.seal.witnessed is not None:
        rows.append(("Witnessed", f"by the employer's server, {moment(audit.seal.witnessed)}"))
    return [f"{name:<11}{value}" for name, value in rows]


def _check(check: Check) -> list[str]:
    mark = " held" if check.held else "FAULT" if check.findings else "    –"
    title = f"{mark}    {check.title}"
    if check.findings:
        return [title, *(line for each in check.findings for line in _item(str(each)))]
    remarks = [line for each in check.remarks for line in _item(str(each))]
    return [title, *_text(check.told), *(_text("Ask about:") if remarks else []), *remarks]


def _text(words: str) -> list[str]:
    indent = " " * _MARGIN
    return textwrap.wrap(
        words,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def _item(words: str) -> list[str]:
    indent = " " * _MARGIN
    return textwrap.wrap(
        f"• {words}",
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
    )


def _fingerprints(audit: Audit) -> list[str]:
    if not audit.fingerprints:
        return []
    lines = ["Signing keys in the newest agreement. Compare them with paper:"]
    for party in Party:
        first, second = audit.fingerprints[party]
        lines += [f"  {party.value:<9}{first}", f"  {'':<9}{second}"]
    return lines


def _verdict(audit: Audit) -> list[str]:
    if audit.held:
        skipped = [check.title for check in audit.checks if not check.done]
        rest = f" Not compared: {', '.join(skipped).lower()}." if skipped else ""
        asked = len(audit.remarks)
        ask = f" {some(asked, 'thing', 'things')} to ask about." if asked else ""
        return textwrap.wrap(f"Everything that was checked holds.{ask}{rest}", WIDTH)
    entries = sorted({each.index for each in audit.findings if each.index is not None})
    noun = "entry" if len(entries) == 1 else "entries"
    named = f", about {noun} {', '.join(map(str, entries))}" if entries else ""
    found = counted(len(audit.findings), "finding")
    return textwrap.wrap(f"{found}{named}. This export does not hold.", WIDTH)
