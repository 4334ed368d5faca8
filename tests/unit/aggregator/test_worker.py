"""What an aggregator does by itself goes on, whatever one step meets."""

import logging
import threading
from dataclasses import dataclass, field

import pytest

from aggregator.worker import Loop


@dataclass
class Stumbling:
    """Fails at its first step with a bug whose text quotes a value."""

    steps: int = 0
    enough: threading.Event = field(default_factory=threading.Event)

    def step(self) -> None:
        self.steps += 1
        if self.steps == 1:
            raise KeyError("a secret")
        if self.steps == 3:
            self.enough.set()


def test_a_bug_in_one_step_is_logged_without_its_text_and_the_next_step_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker = Stumbling()
    loop = Loop(worker, seconds=0.001)
    with caplog.at_level(logging.DEBUG):
        loop.start()
        assert worker.enough.wait(60)
        loop.stop()
    assert "a worker step failed; it is repeated: KeyError" in caplog.text
    assert "a secret" not in caplog.text


def test_a_stopped_loop_steps_no_more() -> None:
    worker = Stumbling(steps=1)
    loop = Loop(worker, seconds=0.001)
    loop.start()
    assert worker.enough.wait(60)
    loop.stop()
    after = worker.steps
    assert worker.steps == after


def test_a_loop_that_never_started_can_be_stopped() -> None:
    Loop(Stumbling()).stop()
