"""`adjoint report`: a gradient and one run of it as a page."""

from __future__ import annotations

import argparse

from .values import of_run, output_argument, run_arguments, write

HELP = "write a page with source, gradient, graph, steps and a stepper"

EXAMPLES = """\
adjoint report model.py:loss --at w=2.0 --at b=1.0 -o loss.html
"""


def arguments(sub: argparse.ArgumentParser) -> None:
    run_arguments(sub)
    output_argument(sub)


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    from ..show.report import report

    write(args.output, of_run(args, lambda fun, *given, **named: report(fun, None, *given, **named)))
    return 0
