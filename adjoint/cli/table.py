"""`adjoint table`: each step of a gradient with its numbers."""

from __future__ import annotations

import argparse
import importlib.util
from typing import Any

from .failures import Failure
from .values import of_run, output_argument, run_arguments, write

HELP = "print each step with its value, partial derivatives and cotangent"

EXAMPLES = """\
adjoint table model.py:loss --at w=2.0 --at b=1.0
adjoint table -c 'lambda x: sin(x) * x' --at x=2.0 --format latex
"""

FORMATS = ("text", "rich", "markdown", "latex", "html")


def arguments(sub: argparse.ArgumentParser) -> None:
    run_arguments(sub)
    output_argument(sub)
    sub.add_argument("--format", choices=FORMATS, default="text", help="rich: in colours, with the extra `terminal`")
    sub.add_argument("--entries", action="store_true", help="write arrays out, however large")


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    from ..show.table import table

    if args.format == "rich" and importlib.util.find_spec("rich") is None:
        raise Failure("--format rich needs rich: pip install 'adjoint[terminal]'")

    def text(*given: Any, **named: Any) -> str:
        made: str = getattr(table(*given, **named), args.format)(args.entries)
        return made

    write(args.output, of_run(args, text))
    return 0
