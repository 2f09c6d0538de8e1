"""`adjoint graph`: the computational graph as a picture."""

from __future__ import annotations

import argparse
from typing import Any

from .values import of_run, output_argument, run_arguments, write

HELP = "draw the computational graph with values, cotangents and partial derivatives"

EXAMPLES = """\
adjoint graph model.py:loss --at w=2.0 --at b=1.0 -o loss.svg
adjoint graph -c 'lambda x: sin(x) * x' --at x=2.0 --highlight x --format dot | dot -Tpng > graph.png
"""


def arguments(sub: argparse.ArgumentParser) -> None:
    run_arguments(sub)
    output_argument(sub)
    sub.add_argument("--format", choices=("svg", "dot"), default="svg")
    marks = "mark the paths from the result to this step, e.g. w1, or to a parameter or variable"
    sub.add_argument("--highlight", metavar="STEP", help=marks)


def run(args: argparse.Namespace) -> int:
    """Write the picture."""
    from ..show.graph import graph

    def text(*given: Any, **named: Any) -> str:
        made: str = getattr(graph(*given, **named), args.format)(args.highlight)
        return made

    write(args.output, of_run(args, text))
    return 0
