"""One party's server as a process of the demonstration: ``python -m deploy.party HOME CLOCK``.

The same server as the installed command, with the demonstration's clock and a quicker worker.
"""

import asyncio
import logging
import os
import secrets
import signal
import sys
import threading
from pathlib import Path

from aggregator.cli import run
from aggregator.home import open_home
from aggregator.server import Aggregator, Surroundings
from deploy.file_clock import FileClock
from privacy.noise import DiscreteGaussian

_SECONDS_BETWEEN_STEPS = 0.1


def main() -> None:
    """Serve until told to stop."""
    home, clock = map(Path, sys.argv[1:])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    outside = Surroundings(
        FileClock(clock),
        DiscreteGaussian(),
        secrets.token_bytes,
        seconds_between_steps=_SECONDS_BETWEEN_STEPS,
    )
    threading.Thread(target=_end_with_parent, daemon=True).start()
    asyncio.run(run(Aggregator(open_home(home), outside)))


def _end_with_parent() -> None:
    # Standard input closes when the demonstration is gone, even if it was killed.
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
