"""`adjoint report`: a gradient and one run of it as a page."""

from __future__ import annotations

import argparse

from .failures import Failure, user_code
from .targets import find
from .values import chosen, target_arguments, values, write

HELP = "write a page with source, gradient, graph, steps and a stepper"

EXAMPLES = """\
adjoint report model.py:loss --at w=2.0 --at b=1.0 -o loss.html
"""


def arguments(sub: argparse.ArgumentParser) -> None:
    target_arguments(sub)
    sub.add_argument("-o", dest="output", metavar="FILE", default="-", help="the file to write; otherwise, or with -, stdout")
    sub.add_argument("--wrt", metavar="NAMES", help="differentiate by these, e.g. w,b; else as decorated, or every float argument")
    sub.add_argument("--most", type=int, default=8, metavar="N", help="show N executions of a statement in a loop (8)")


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    from adjoint.show.report import report

    target = find(args.target, args.code)
    bound = values(target, args.at)
    if args.most < 3:
        raise Failure("--most: at least 3")
    wrt = chosen(args.wrt)
    with user_code(target.name):
        text = report(
            target.fun, None, *bound.args, kwargs=bound.kwargs, most_times=args.most,
            wrt=target.options.get("wrt") if wrt is None else wrt,
        )
    write(args.output, text)
    return 0
