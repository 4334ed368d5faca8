"""Evidence that the council showed two ledgers: a file that stays until people have looked.

While it is there, this device makes nothing and sends nothing. It holds both signed notes, so that
whoever is shown the file can check for themselves.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from client.errors import EvidenceUnreadable, OtherLedger
from client.private_file import write_private
from privacy.ledger.answers import CheckpointAnswer

FILE_NAME: Final = "ledger-alarm.json"


def raised(folder: Path) -> OtherLedger | None:
    """The alarm, if there is one: to be said at every run."""
    path = folder / FILE_NAME
    if not path.exists():
        return None
    return OtherLedger(
        f"the council showed another ledger than before: nothing is made or sent. Keep the file "
        f"{path}, tell the works council and the employer, and move it away once both have "
        "explained it; if the other ledger is the one to count from now on, ledger.db too"
    )


def evidence(folder: Path) -> Any:
    """What the file holds, or None without an alarm; raises `EvidenceUnreadable`."""
    path = folder / FILE_NAME
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise EvidenceUnreadable(
            f"{path}, the evidence that the council showed another ledger, cannot be read "
            f"({error}): tell the works council, and move that file away; if the council still "
            "shows another ledger, the next run of plurale send writes it anew"
        ) from None


def raise_with(
    folder: Path, seen: str, answer: CheckpointAnswer, fault: str, now: datetime
) -> OtherLedger:
    """Keep both notes, unless an earlier alarm is kept already, and give the error to raise."""
    path = folder / FILE_NAME
    unkept = ""
    if not path.exists():
        record = {
            "at": now.isoformat(),
            "what": fault,
            "seen": seen,
            "shown": answer.note,
            "consistency": [each.hex() for each in answer.consistency],
        }
        try:
            write_private(path, json.dumps(record, indent=2) + "\n")
        except OSError as error:
            unkept = str(error.strerror)
    alarm = raised(folder)
    return alarm or OtherLedger(
        f"the council showed another ledger than before, and the evidence cannot be kept in {path} "
        f"({unkept}): make the folder writable and run again; nothing was made or sent"
    )
