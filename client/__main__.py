"""``python -m client`` is ``plurale``."""

import sys

from client.cli import main

if __name__ == "__main__":
    sys.exit(main())
