"""`python -m ppodoctor`, the same as the command `ppodoctor`."""

import sys

from ppodoctor.cli import main

if __name__ == "__main__":
    sys.exit(main())
