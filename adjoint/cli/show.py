"""`adjoint show`: the generated source of a gradient."""

from __future__ import annotations

import argparse
import sys

from ..show.highlight import ansi
from .colours import on_terminal
from .failures import user_code
from .targets import find
from .values import WRT, chosen, target_arguments, values

HELP = "print the generated source of a gradient"

EXAMPLES = """\
adjoint show model.py:loss --wrt w,b
adjoint show model.py:loss --wrt w,b --no-optimize
adjoint show -c 'lambda x: np.sin(x) ** 2' --stage lowered
"""

STAGES = ("lowered", "reversed", "optimised", "source")


def arguments(sub: argparse.ArgumentParser) -> None:
    target_arguments(sub)
    sub.add_argument("--wrt", metavar="NAMES", help=WRT)
    sub.add_argument(
        "--no-optimize", dest="optimize", action="store_false", help="the textbook form: one operation a statement"
    )
    sub.add_argument("--stage", choices=STAGES, default="source", help="stop earlier and print that program")
    colours = "auto: on a terminal, unless NO_COLOR is set"
    sub.add_argument("--color", choices=("auto", "always", "never"), default="auto", help=colours)


def run(args: argparse.Namespace) -> int:
    """Print generated source."""
    from adjoint import grad

    target = find(args.target, args.code)
    bound = values(target, args.at) if args.at else None
    wrt = chosen(args.wrt)
    with user_code(target.name):
        options = target.options if wrt is None else target.options | {"wrt": wrt}
        gradient = grad(target.fun, **options, optimize=args.optimize)
        text = gradient.stage(args.stage, *(bound.args if bound else ()), **(bound.kwargs if bound else {}))
    colours = args.color == "always" or (args.color == "auto" and on_terminal())
    text = text.rstrip("\n") + "\n"
    sys.stdout.write(ansi(text) if colours else text)
    return 0
