"""`adjoint bench`: what a generated gradient costs, beside one written by hand, tapes and compilers.

    cases         the functions (in functions, with their gradients by hand) and their arguments
    contestants   who computes the gradient
    run           timing, in turns
    show          table, JSON, picture
"""

from __future__ import annotations

import argparse
import sys

from pathlib import Path
from typing import Any

from .cases import BY_NAME, CASES
from .contestants import CONTESTANTS
from .run import FIRST, Growth, Row, grown, measured, one_thread
from .show import as_json, growth_table, picture, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"all, or some of: {', '.join(BY_NAME)}")
    who = f"a contestant, may be repeated: {', '.join(CONTESTANTS)}"
    parser.add_argument("--only", action="append", metavar="NAME", help=who)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each contestant at each case, about (1)")
    parser.add_argument("--size", type=int, help="instead of each case's own sizes")
    parser.add_argument("--scaling", action="store_true", help="how the cost of gradient and function grows with n")
    parser.add_argument("--json", metavar="FILE", help="write everything measured; - for the terminal")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the ratios (needs matplotlib)")


def bench(args: argparse.Namespace) -> tuple[str, bool]:
    """Run the benchmark: the text to print, and whether everybody was right.

    Raises ValueError where a name is unknown.
    """
    cases = [BY_NAME[_known(BY_NAME, name)] for name in args.cases] or list(CASES)
    names = [_known(CONTESTANTS, name) for name in args.only] if args.only else list(CONTESTANTS)
    names = [FIRST, *(name for name in names if name != FIRST)]
    rows: list[Row] = []
    growths: list[Growth] = []
    with one_thread() as alone:
        if args.scaling:
            growing = [case for case in cases if case.growing]
            with Progress(len(growing)) as progress:
                for case in growing:
                    progress.at(case.name)
                    growths.append(grown(case, args.seconds))
                    progress.step()
        else:
            runs = [(case, n) for case in cases for n in ([args.size] if args.size else case.sizes)]
            with Progress(len(runs) * len(names)) as progress:
                for case, n in runs:
                    def told(who: str, label: str = f"{case.name} {n}") -> None:
                        progress.at(f"{label}: {who}")
                        progress.step()

                    rows.append(measured(case, n, names, args.seconds, told))
    found = as_json(rows, growths)
    if args.json and args.json != "-":
        Path(args.json).write_text(found + "\n")
    if args.plot:
        picture(rows, growths, names, args.plot)
    text = found if args.json == "-" else growth_table(growths) if args.scaling else table(rows, names)
    if not alone and args.json != "-":
        text += "\n\nlinear algebra ran on as many threads as it liked: threadpoolctl is not installed"
    right = not any((t.why or "").startswith("wrong") for row in rows for t in row.timings.values())
    return text, right


def _known(names: dict[str, Any], name: str) -> str:
    if name not in names:
        raise ValueError(f"there is no {name!r}; there are {', '.join(names)}")
    return name


class Progress:
    """A bar on stderr: tqdm's where it is installed, otherwise a line that is written over; nothing in a pipe."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.bar = total, 0, None
        self.shown = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        if self.shown:
            try:
                from tqdm import tqdm
            except ImportError:
                return self
            self.bar = tqdm(total=self.total, leave=False)
        return self

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.close()
        elif self.shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def at(self, what: str) -> None:
        if self.bar is not None:
            self.bar.set_description(what)
        elif self.shown:
            print(f"\r\x1b[K{self.done}/{self.total} {what}", end="", file=sys.stderr, flush=True)

    def step(self) -> None:
        self.done += 1
        if self.bar is not None:
            self.bar.update()


