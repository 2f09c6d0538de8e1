"""The function's arguments from the command line: `--at NAME=VALUE`, and `--wrt`, which are differentiated."""

from __future__ import annotations

import argparse
import ast
import contextlib
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .completion import offered
from .failures import Failure, listed, user_code
from .targets import TARGET, Target, find

AT = "an argument's value: a Python literal, or an expression of np such as 'x=np.ones(3)'; may be repeated"
SEED = "the cotangent of the result, where that is no number: --seed 'np.ones(3)', --seed '(1.0, 0.0)'"
WRT = "differentiate by these, e.g. w,b; else as decorated, or the first"


def target_arguments(sub: argparse.ArgumentParser) -> None:
    """The arguments of every command that takes a function."""
    target = sub.add_argument("target", nargs="?", metavar="TARGET", help=TARGET)
    target.completer = offered  # type: ignore[attr-defined]
    sub.add_argument("-c", dest="code", metavar="CODE", help="instead of TARGET, a lambda; it sees math and np")
    sub.add_argument("--at", action="append", default=[], metavar="NAME=VALUE", help=AT)


def run_arguments(sub: argparse.ArgumentParser) -> None:
    """The arguments of every command that shows one run of a gradient."""
    target_arguments(sub)
    sub.add_argument("--wrt", metavar="NAMES", help="differentiate by these, e.g. w,b; else as decorated, or every float argument")
    sub.add_argument("--seed", metavar="VALUE", help=SEED)
    sub.add_argument("--most", type=int, default=8, metavar="N", help="show N executions of a statement in a loop (8)")


def of_run(args: argparse.Namespace, show: Callable[..., str]) -> str:
    """What `show(fun, *args, kwargs=…, wrt=…, most_times=…)` says of the run that the command line asks for."""
    target = find(args.target, args.code)
    bound = values(target, args.at)
    if args.most < 3:
        raise Failure("--most: at least 3")
    wrt = target.options.get("wrt") if args.wrt is None else chosen(args.wrt)
    seed = None if args.seed is None else _value(args.seed, args.seed, "--seed")
    with user_code(target.name):
        return show(target.fun, *bound.args, kwargs=bound.kwargs, wrt=wrt, most_times=args.most, seed=seed)


def output_argument(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("-o", dest="output", metavar="FILE", default="-", help="the file to write; otherwise, or with -, stdout")


def values(target: Target, at: Sequence[str]) -> inspect.BoundArguments:
    """The function's arguments from the `--at NAME=VALUE` of the command line."""
    try:
        signature = inspect.signature(target.fun)
    except (TypeError, ValueError):
        raise Failure(f"{target.name}: Python knows no signature of this function") from None
    parameters, given = signature.parameters, {}
    for text in at:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise Failure(f"--at {text}: write --at NAME=VALUE, for example --at x=2.0")
        if name not in parameters:
            raise Failure(f"--at {text}: {target.name} has no argument {name!r}; it has {listed(list(parameters))}")
        given[name] = _value(text, value.strip())
    bound = inspect.BoundArguments(signature, given)
    missing = [
        p.name
        for p in parameters.values()
        if p.name not in given and p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if missing:
        raise Failure(f"{target.name} needs a value for {listed(missing)}: add --at {missing[0]}=…")
    bound.apply_defaults()
    return bound


def _value(text: str, value: str, option: str = "--at") -> Any:
    with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
        return ast.literal_eval(value)
    try:
        return eval(compile(value, f"<{option}>", "eval"), {"__builtins__": {}, "np": np})
    except SyntaxError as error:
        raise Failure(f"{option} {text}: this is not a Python expression: {error.msg}") from error
    except NameError as error:
        raise Failure(f"{option} {text}: {error}; only literals and np are known here") from error
    except Exception as error:
        raise Failure(f"{option} {text}: {type(error).__name__}: {error}") from error


def chosen(text: str | None) -> Any:
    """`--wrt x`, `--wrt x,y`, `--wrt 0,1` as grad's `wrt`; None where nothing was said."""
    if text is None:
        return None
    items = [item.strip() for item in text.split(",") if item.strip()]
    if not items:
        raise Failure("--wrt: name at least one argument, for example --wrt x")
    wrt = tuple(int(item) if item.lstrip("-").isdigit() else item for item in items)
    return wrt[0] if len(wrt) == 1 and not text.rstrip().endswith(",") else wrt


def write(output: str, text: str) -> None:
    """Write to a file, or with `-` to stdout."""
    if output == "-":
        sys.stdout.write(text)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{output}: {error.strerror}") from error
