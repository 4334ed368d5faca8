"""Processes with the employer's certificate that ask, four questions each at once: the attackers.

``python -m tests.adversarial.attackers HOME``, again and again: reads questions from standard
input, opens a channel for each, prints ``ready``, waits for a line, asks them all at the same
moment, and prints what it got.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from aggregator import signing
from aggregator.home import Home, open_home
from aggregator.peer import Helper
from aggregator.store.sql import Store
from privacy.agreement.model import AgreementDigest, PartyTerms
from privacy.batch import BatchId
from privacy.errors import PluraleError
from privacy.groups import GroupId
from privacy.metrics import TaskId
from privacy.release import Ask, Withheld
from privacy.window import Window
from protos.channel import connect
from tests.meta.repository import ROOT

PROCESSES = 2


@dataclass(frozen=True)
class Question:
    """An ask, with the checkpoint that the attacker claims to have witnessed last."""

    ask: Ask
    witnessed: str

    def encode(self) -> list[str]:
        """As JSON."""
        ask, batch = self.ask, self.ask.batch
        which = [batch.agreement.hex(), batch.task, batch.group, str(batch.window)]
        return [*which, str(ask.count), ask.id_root.hex(), ask.commitment.hex(), self.witnessed]

    @classmethod
    def decode(cls, words: list[str]) -> "Question":
        """Back."""
        agreement, task, group, window, count, root, commitment, witnessed = words
        batch = BatchId(
            AgreementDigest(bytes.fromhex(agreement)),
            TaskId(task),
            GroupId(group),
            Window.parse(window),
        )
        ask = Ask(batch, int(count), bytes.fromhex(root), bytes.fromhex(commitment))
        return cls(ask, witnessed)


@dataclass(frozen=True)
class Answered:
    """What came back: one of the three."""

    share: bytes | None = None
    withheld: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Attackers:
    """Two processes."""

    processes: "list[subprocess.Popen[str]]"

    def ask(self, questions: Sequence[Question]) -> list[Answered]:
        """Half of the questions by each process, all at the same moment; answers in order."""
        half = len(questions) // PROCESSES
        for process, part in zip(self.processes, (questions[:half], questions[half:]), strict=True):
            self._tell(process, json.dumps([question.encode() for question in part]))
        for process in self.processes:
            assert self._hear(process) == "ready"
        for process in self.processes:
            self._tell(process, "go")
        return [
            _answered(each)
            for process in self.processes
            for each in json.loads(self._hear(process))
        ]

    def _tell(self, process: "subprocess.Popen[str]", line: str) -> None:
        assert process.stdin is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()

    def _hear(self, process: "subprocess.Popen[str]") -> str:
        assert process.stdout is not None
        return process.stdout.readline().rstrip()


@contextmanager
def attackers(employer: Home) -> Iterator[Attackers]:
    """Start them; they end when their standard input does."""
    command = [sys.executable, "-m", "tests.adversarial.attackers", str(employer.path)]
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        yield Attackers(
            [
                stack.enter_context(
                    subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe)
                )
                for _ in range(PROCESSES)
            ]
        )


def _answered(table: dict[str, Any]) -> Answered:
    share = table.get("share")
    return Answered(
        None if share is None else bytes.fromhex(share), table.get("withheld"), table.get("error")
    )


def _ask(helper: Helper, question: Question) -> dict[str, str]:
    try:
        answer = helper.ask(question.ask, question.witnessed)
    except PluraleError as error:
        return {"error": type(error).__name__}
    return {"withheld": answer.name} if isinstance(answer, Withheld) else {"share": answer.hex()}


def _at_once(home: Home, council: PartyTerms, questions: list[Question], go: IO[str]) -> Any:
    assert council.peer_endpoint is not None
    tls, begin = home.tls(), threading.Barrier(len(questions))

    def ask(helper: Helper, question: Question) -> dict[str, str]:
        begin.wait()
        return _ask(helper, question)

    with ExitStack() as stack:
        helpers = []
        for _ in questions:
            channel = connect(
                council.peer_endpoint,
                council.ca_certificate,
                own_certificate=tls.certificate,
                own_key=tls.key,
            )
            helpers.append(Helper(stack.enter_context(channel)))
        print("ready", flush=True)  # noqa: T201 - the test waits for it
        go.readline()
        with ThreadPoolExecutor(len(questions)) as threads:
            return list(threads.map(ask, helpers, questions))


def main(directory: Path) -> None:
    """Ask until there are no more questions."""
    home = open_home(directory)
    with closing(Store(home.database)) as store:
        council = signing.activated(home, store)[0].agreement.council
    while line := sys.stdin.readline():
        questions = [Question.decode(each) for each in json.loads(line)]
        answers = _at_once(home, council, questions, sys.stdin)
        print(json.dumps(answers), flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(Path(sys.argv[1]))
