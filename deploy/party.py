"""One party's server as a process of the demonstration: ``python -m deploy.party HOME CLOCK``.

The same server as the installed command, with the demonstration's clock and a quicker worker.
"""

import asyncio
import logging
import secrets
import sys
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
        FileClock(clock), DiscreteGaussian(), secrets.token_bytes, _SECONDS_BETWEEN_STEPS
    )
    asyncio.run(run(Aggregator(open_home(home), outside)))


if __name__ == "__main__":
    main()
