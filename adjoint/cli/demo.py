"""`adjoint demo`: a short tour, of commands that one may type oneself."""

from __future__ import annotations

import argparse
import shlex
import sys

from ..show.highlight import BOLD_BLUE, RESET
from .colours import on_terminal

HELP = "a short tour: generated source, its numbers, a loop, a check"
EXAMPLES = """\
adjoint demo
adjoint demo -o tour.html
"""

TOUR = (
    ("The gradient of z = x1*x2 + sin(x1), with a statement for each step.",
     "show adjoint.demo:z --wrt x1,x2 --no-optimize"),
    ("The same with numbers: what each statement gives, and what flows back to it.",
     "table adjoint.demo:z --at x1=2.0 --at x2=3.0"),
    ("By default only what the derivative needs is computed.",
     "show adjoint.demo:z --wrt x1,x2"),
    ("Loops go backwards over what they have recorded.",
     "show adjoint.demo:newton_sqrt"),
    ("What a loop does in place is undone in place, with nothing recorded.",
     "show adjoint.demo:heat --at 'u=np.arange(8.0)**2' --at alpha=0.1 --at steps=20"),
    ("Is it right? Beside finite differences:",
     "check adjoint.demo:heat --at 'u=np.arange(8.0)**2' --at alpha=0.1 --at steps=20"),
)
PAGE = "report adjoint.demo:z --at x1=2.0 --at x2=3.0 -o "


def arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("-o", dest="output", metavar="FILE.html", help="write the page of `adjoint report` too")


def run(args: argparse.Namespace) -> int:
    """Run the commands one after the other; the exit code is that of the worst."""
    from . import main

    start, end = (BOLD_BLUE, RESET) if on_terminal() else ("", "")
    last = [("And as a page with a stepper:", PAGE + shlex.quote(args.output))] if args.output else []
    codes = []
    for text, line in (*TOUR, *last):
        print(f"{text}\n{start}$ adjoint {line}{end}")
        sys.stdout.flush()
        codes.append(main(shlex.split(line)))
        print()
    if not args.output:
        print(f"As a page with a stepper: adjoint {PAGE}z.html. The functions are in {_here()}; now one of yours.")
    return max(codes)


def _here() -> str:
    from .. import demo

    return str(demo.__file__)
