"""`adjoint bench`: what gradients cost, beside those written by hand, tapes and compilers."""

from __future__ import annotations

import argparse

from .failures import Failure

HELP = "time generated gradients beside those written by hand, tapes and compilers; exit code 1 if one was wrong"
EXAMPLES = "adjoint bench rosenbrock logistic --plot ratios.png"


def arguments(parser: argparse.ArgumentParser) -> None:
    from ..bench import add_arguments

    add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from ..bench import bench

    try:
        text, right = bench(args)
    except ValueError as error:
        raise Failure(str(error)) from error
    print(text)
    return 0 if right else 1
