"""`python -m adjoint`: the same as the `adjoint` command."""

import sys

from adjoint.cli import main

if __name__ == "__main__":
    sys.exit(main())
