"""When the terminal gets colours."""

from __future__ import annotations

import os
import sys


def on_terminal() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
