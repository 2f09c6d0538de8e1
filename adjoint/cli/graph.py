"""`adjoint graph`: the computational graph as a picture."""

from __future__ import annotations

import argparse

from .failures import Failure, user_code
from .targets import find
from .values import chosen, target_arguments, values, write

HELP = "draw the computational graph with values, cotangents and partial derivatives"

EXAMPLES = """\
adjoint graph model.py:loss --at w=2.0 --at b=1.0 -o loss.svg
adjoint graph -c 'lambda x: sin(x) * x' --at x=2.0 --highlight w1 --format dot | dot -Tpng > graph.png
"""


def arguments(sub: argparse.ArgumentParser) -> None:
    target_arguments(sub)
    sub.add_argument("-o", dest="output", metavar="FILE", default="-", help="the file to write; otherwise, or with -, stdout")
    sub.add_argument("--wrt", metavar="NAMES", help="differentiate by these, e.g. w,b; else as decorated, or every float argument")
    sub.add_argument("--format", choices=("svg", "dot"), default="svg")
    sub.add_argument("--highlight", metavar="STEP", help="mark the paths from the result to this step, e.g. w1")
    sub.add_argument("--most", type=int, default=8, metavar="N", help="draw N executions of a statement in a loop (8)")


def run(args: argparse.Namespace) -> int:
    """Write the picture."""
    from adjoint.show.graph import graph

    target = find(args.target, args.code)
    bound = values(target, args.at)
    if args.most < 3:
        raise Failure("--most: at least 3")
    wrt = chosen(args.wrt)
    with user_code(target.name):
        made = graph(
            target.fun, *bound.args, kwargs=bound.kwargs, most_times=args.most,
            wrt=target.options.get("wrt") if wrt is None else wrt,
        )
        text = getattr(made, args.format)(args.highlight)
    write(args.output, text)
    return 0
