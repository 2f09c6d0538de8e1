"""The `adjoint` command: read a function's gradient, or check it, without writing a script.

    adjoint show  FILE.py:f                      the generated source
    adjoint check FILE.py:f --at x=2.0           its numbers beside finite differences
    adjoint export FILE.py:f -o grad_f.py --at …  a file to keep
    adjoint supported np.tanh                    what has a derivative rule, and where it stands
    adjoint table FILE.py:f --at x=2.0           each step with its numbers
    adjoint graph FILE.py:f --at x=2.0 -o f.svg  the same as a picture
    adjoint report FILE.py:f --at x=2.0 -o f.html  all of it as a page
    adjoint bench CASE                           what gradients cost, beside those written by hand
    adjoint demo                                 a short tour of these
    adjoint completion bash                      for a shell that completes commands, options and functions

Each command is a module of this package with `HELP` (a line), `EXAMPLES` (lines of a shell),
`arguments(parser)` and `run(args)`, which gives the exit code; a new one is a line in `COMMANDS`.
Those that take a function do it in three steps: `targets.find` turns the target on the command line
into a function, `values.values` turns `--at NAME=VALUE` into its arguments, and the command prints.
Whatever can go wrong on the user's side ends as one `Failure`, printed to stderr without a traceback,
with exit code 2; exit code 1 means that a check ran and the gradient was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from . import bench, check, completion, demo, export, graph, report, show, supported, table
from .failures import Failure, is_refusal
from .targets import STDIN

COMMANDS = {
    "show": show, "check": check, "export": export, "supported": supported, "table": table, "graph": graph,
    "report": report, "bench": bench, "demo": demo, "completion": completion,
}

BROKEN_PIPE = 141  # what a shell reports for a program that SIGPIPE ended


def _version() -> str:
    try:
        return importlib.metadata.version("adjoint")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def _examples(*texts: str) -> str:
    return "examples:\n" + "".join(f"  {line}\n" for text in texts for line in text.splitlines())


CODES = "exit codes: 0 done, 1 a check failed or a name is not supported, 2 a mistake, which is said on stderr\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="adjoint",
        description="Derivatives of plain Python and NumPy functions, as Python source that people read.",
        epilog=_examples(*(command.EXAMPLES for command in COMMANDS.values())) + "\n" + CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"adjoint {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=command.HELP,
            description=command.HELP[0].upper() + command.HELP[1:] + ".",
            epilog=_examples(command.EXAMPLES),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.arguments(sub)
        sub.set_defaults(run=command.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 a check failed, 2 a mistake, said on stderr."""
    path = sys.path[:]
    try:
        words = sys.argv[1:] if argv is None else argv
        parser = _parser()
        completion.complete(parser)
        # to argparse, `-:f` is an unknown option
        args = parser.parse_args([STDIN + word[1:] if word.startswith("-:") else word for word in words])
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse: --help, --version, a mistake in the command line
        return stop.code if isinstance(stop.code, int) else 2
    except Failure as failure:
        return _fail(str(failure))
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):  # nothing more to say, also not when Python ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if is_refusal(error):
            return _fail(str(error))
        last = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
        return _fail(f"internal error, please report it: {what}")
    finally:
        sys.path[:] = path


def _fail(message: str) -> int:
    sys.stdout.flush()
    print(f"adjoint: {message}", file=sys.stderr)
    return 2
