"""`adjoint table`: each step of a gradient with its numbers."""

from __future__ import annotations

import argparse
import sys

from .failures import Failure, user_code
from .targets import find
from .values import chosen, target_arguments, values

HELP = "print each step with its value, partial derivatives and cotangent"

EXAMPLES = """\
adjoint table model.py:loss --at w=2.0 --at b=1.0
adjoint table -c 'lambda x: sin(x) * x' --at x=2.0 --format latex
"""

FORMATS = ("text", "markdown", "latex", "html")


def arguments(sub: argparse.ArgumentParser) -> None:
    target_arguments(sub)
    sub.add_argument("--wrt", metavar="NAMES", help="differentiate by these, e.g. w,b; else as decorated, or every float argument")
    sub.add_argument("--format", choices=FORMATS, default="text")
    sub.add_argument("--entries", action="store_true", help="write arrays out, however large")
    sub.add_argument("--most", type=int, default=8, metavar="N", help="show N executions of a statement in a loop (8)")


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    from adjoint.show.table import table

    target = find(args.target, args.code)
    bound = values(target, args.at)
    if args.most < 3:
        raise Failure("--most: at least 3")
    wrt = chosen(args.wrt)
    with user_code(target.name):
        made = table(
            target.fun, *bound.args, kwargs=bound.kwargs, most_times=args.most,
            wrt=target.options.get("wrt") if wrt is None else wrt,
        )
        text = getattr(made, args.format)(args.entries)
    sys.stdout.write(text)
    return 0
