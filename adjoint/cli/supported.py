"""`adjoint supported`: what has a derivative rule, and where it stands."""

from __future__ import annotations

import argparse

HELP = "list what has a derivative rule, and where it stands; exit code 1 if NAME has none"
EXAMPLES = "adjoint supported np.linalg.svd"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="only this: np.tanh, scipy.special.erf, tanh")
    parser.add_argument("--markdown", action="store_true", help="all of it as a page")


def run(args: argparse.Namespace) -> int:
    from ..supported import run

    return run(args.name, args.markdown)
