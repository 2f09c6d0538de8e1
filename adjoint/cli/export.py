"""`adjoint export`: the gradient as a file of its own."""

from __future__ import annotations

import argparse

from .failures import user_code
from .targets import find
from .values import WRT, chosen, output_argument, target_arguments, values, write

HELP = "write a gradient to a file that needs only NumPy"

EXAMPLES = """\
adjoint export model.py:loss -o grad_loss.py --wrt w --at 'w=np.ones(3)' --at 'x=np.ones(3)'
adjoint export model.py:loss --check --at w=2.0 --at b=1.0 > grad_loss.py && python grad_loss.py
"""


def arguments(sub: argparse.ArgumentParser) -> None:
    target_arguments(sub)
    output_argument(sub)
    sub.add_argument("--wrt", metavar="NAMES", help=WRT)
    sub.add_argument("--value", action="store_true", help="let the function return (value, gradient)")
    sub.add_argument("--no-optimize", dest="optimize", action="store_false", help="the textbook form")
    sub.add_argument("--numba", action="store_true", help="let Numba compile what the file computes")
    sub.add_argument("--check", action="store_true", help="let `python FILE` compare the gradient with finite differences")


def run(args: argparse.Namespace) -> int:
    """Write the file."""
    from adjoint import grad, value_and_grad
    from adjoint.show.export import export

    target = find(args.target, args.code)
    bound = values(target, args.at) if args.at else None
    wrt = chosen(args.wrt)
    options = target.options if wrt is None else target.options | {"wrt": wrt}
    with user_code(target.name):
        derived = (value_and_grad if args.value else grad)(target.fun, **options, optimize=args.optimize)
        given, named = (bound.args, bound.kwargs) if bound else ((), {})
        text = export(derived, None, *given, check=args.check, numba=args.numba, example_kwargs=named)
    write(args.output, text)
    return 0
