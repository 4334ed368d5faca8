"""Adding, starting, stopping, finishing and removing in any order, in a real journal.

The model knows nothing of intervals: it counts the minutes in which a task ran, one by one.
"""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from client.errors import TaskError
from client.journal import Journal
from client.tasks import TaskNumber
from tests.unit.client.tasks.moments import at, hours


class TasksInUse(RuleBasedStateMachine):
    """A person and a clock that only runs forward, one minute after the other."""

    numbers = Bundle("numbers")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.minute = 0
        self.spent: dict[TaskNumber, int] = {}
        self.done: set[TaskNumber] = set()
        self.running: TaskNumber | None = None
        self.ran = 0
        self.given = 0

    def teardown(self) -> None:
        self.folder.cleanup()

    def journal(self) -> Journal:
        return Journal(Path(self.folder.name) / "journal.db")

    @property
    def now(self) -> datetime:
        return at(0) + timedelta(minutes=self.minute)

    @property
    def ran_too_long(self) -> bool:
        return self.running is not None and self.ran > 600

    @rule(minutes=st.integers(0, 300))
    def time_passes(self, minutes: int) -> None:
        for _ in range(minutes):
            self.minute += 1
            if self.running is not None:
                self.spent[self.running] += 1
                self.ran += 1

    @rule(target=numbers, estimate=st.sampled_from([None, 1, 3]))
    def add(self, estimate: int | None) -> TaskNumber:
        took = None if estimate is None else hours(estimate)
        with self.journal() as journal:
            _, after = journal.tasks.change(lambda tasks: tasks.added("A task", took, self.now))
        number = after.tasks[-1].number
        self.given += 1
        assert number == self.given
        self.spent[number] = 0
        return number

    @rule(number=numbers)
    def start(self, number: TaskNumber) -> None:
        allowed = number not in self.done and number != self.running and not self.ran_too_long
        with self.journal() as journal:
            try:
                journal.tasks.change(lambda tasks: tasks.started(number, self.now))
                assert allowed
            except TaskError:
                assert not allowed
                return
        self.running, self.ran = number, 0

    @rule(said=st.booleans())
    def stop(self, said: bool) -> None:
        allowed = self.running is not None and (said or not self.ran_too_long)
        with self.journal() as journal:
            try:
                journal.tasks.change(lambda tasks: tasks.stopped(self.now, said=said))
                assert allowed
            except TaskError:
                assert not allowed
                return
        self.running = None

    @rule(number=numbers)
    def finish(self, number: TaskNumber) -> None:
        allowed = number not in self.done and not (number == self.running and self.ran_too_long)
        with self.journal() as journal:
            try:
                journal.tasks.change(lambda tasks: tasks.finished(number, self.now))
                assert allowed
            except TaskError:
                assert not allowed
                return
        self.done.add(number)
        if number == self.running:
            self.running = None

    @rule(number=consumes(numbers))
    def remove(self, number: TaskNumber) -> None:
        with self.journal() as journal:
            journal.tasks.change(lambda tasks: tasks.without(number))
        del self.spent[number]
        self.done.discard(number)
        if number == self.running:
            self.running = None

    @invariant()
    def the_journal_says_what_happened(self) -> None:
        with self.journal() as journal:
            tasks = journal.tasks.read()
        assert {task.number for task in tasks.tasks} == set(self.spent)
        assert {task.number for task in tasks.tasks if task.done} == self.done
        assert (tasks.running.number if tasks.running else None) == self.running
        for task in tasks.tasks:
            assert task.spent(self.now) == hours(1) * self.spent[task.number] / 60


TasksInUse.TestCase.settings = settings(max_examples=25, stateful_step_count=30)
TestTasksInUse = TasksInUse.TestCase
