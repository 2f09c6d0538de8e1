"""`adjoint check`: a gradient beside finite differences."""

from __future__ import annotations

import argparse
import inspect
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .failures import Failure, listed, user_code
from .targets import Target, find
from .values import chosen, target_arguments, values

HELP = "compare a gradient with finite differences; exit code 1 if they differ"

EXAMPLES = """\
adjoint check model.py:loss --at w=2.0 --at b=1.0
adjoint check package.module:energy --at 'x=np.linspace(0, 1, 5)' --rtol 1e-5
"""


def arguments(sub: argparse.ArgumentParser) -> None:
    target_arguments(sub)
    sub.add_argument("--wrt", metavar="NAMES", help="check these, e.g. w,b; else as decorated, or every float argument")
    sub.add_argument("--rtol", type=float, help="the relative difference allowed (1e-6; 1e-2 where there is float32)")


def run(args: argparse.Namespace) -> int:
    """Compare a gradient with finite differences, argument by argument."""
    from adjoint import value_and_grad
    from adjoint.testing import numerical_gradient

    target = find(args.target, args.code)
    bound = values(target, args.at)
    names = _differentiated(target, bound, chosen(args.wrt))
    has_aux = bool(target.options.get("has_aux", False))

    def of_names(*new: Any) -> Any:
        """The function of the arguments that are differentiated, the others as given."""
        again = inspect.BoundArguments(bound.signature, bound.arguments | dict(zip(names, new, strict=True)))
        result = target.fun(*again.args, **again.kwargs)
        return result[0] if has_aux else result

    at = [bound.arguments[name] for name in names]
    with user_code(target.name):
        value, gradients = value_and_grad(target.fun, wrt=tuple(names), has_aux=has_aux)(*bound.args, **bound.kwargs)
        differences = numerical_gradient(of_names, tuple(at), tuple(range(len(names))))
    if has_aux:
        value = value[0]

    rtol = args.rtol if args.rtol is not None else 1e-2 if _is_single(at) else 1e-6
    rows = [("argument", "adjoint", "finite differences", "relative difference", "")]
    for name, ours, theirs in zip(names, gradients, differences, strict=True):
        relative, ok = _compare(ours, theirs, rtol, abs(float(value)))
        rows.append((name, _short(ours), _short(theirs), relative, "ok" if ok else "failed"))
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    print(f"value {_short(value)}\n")
    for row in rows:
        print("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    failed = [row[0] for row in rows[1:] if row[-1] == "failed"]
    print(f"\nfailed: {listed(failed)} by more than {rtol:g}" if failed else f"\nok: no difference above {rtol:g}")
    return 1 if failed else 0


def _differentiated(target: Target, bound: inspect.BoundArguments, wrt: Any) -> list[str]:
    """The arguments to check: --wrt, or the decorator's, or each that holds floats."""
    names = list(bound.signature.parameters)
    wrt = target.options.get("wrt") if wrt is None else wrt
    if wrt is None:
        found = [name for name in names if _numbers(bound.arguments.get(name)).size]
        if not found:
            example = names[0] if names else "x"
            raise Failure(f"no argument of {target.name} has a float value: write --at {example}=2.0")
        return found
    chosen_names = []
    for item in wrt if isinstance(wrt, tuple) else (wrt,):
        if isinstance(item, int) and -len(names) <= item < len(names):
            item = names[item]
        if item not in names:
            raise Failure(f"--wrt {item}: {target.name} has no such argument; it has {listed(names)}")
        chosen_names.append(item)
    return chosen_names


def _numbers(value: Any) -> np.ndarray[Any, Any]:
    """Everything in a structure that can be differentiated, in a row."""
    from adjoint.testing import float_leaves

    return np.concatenate([np.zeros(0), *(np.ravel(leaf) for _, leaf in float_leaves(value))])


def _is_single(at: Sequence[Any]) -> bool:
    """Is there a float of less than double precision?"""
    from adjoint.testing import float_leaves, precision

    return any(precision(leaf) > 1e-15 for _, leaf in float_leaves(list(at)))


def _compare(ours: Any, theirs: Any, rtol: float, value: float) -> tuple[str, bool]:
    """The relative difference as text, and whether it is small.

    Finite differences lose about ten digits of the *value*, so a gradient that is tiny beside it
    is not asked for more than that.
    """
    a, b = _numbers(ours), _numbers(theirs)
    if a.shape != b.shape:
        return "other shape", False
    if not a.size:
        return "0", True
    error, size = float(np.max(np.abs(a - b))), float(max(np.max(np.abs(a)), np.max(np.abs(b))))
    relative = error / size if size else 0.0
    ok = error <= rtol * size + 1e-3 * rtol * max(1.0, value)
    return f"{relative:.1e}" if relative or math.isnan(relative) else "0", ok


def _short(value: Any) -> str:
    """A number in full, a few numbers as a list, many as a shape and a norm."""
    numbers = _numbers(value)
    if numbers.size == 1 and np.ndim(value) == 0 and not isinstance(value, dict):
        return repr(numbers[0].item())
    if numbers.size <= 4:
        return "[" + ", ".join(f"{x:.8g}" for x in numbers) + "]"
    if isinstance(value, np.ndarray):
        kind = f"{value.shape} array"
    else:
        kind = f"{type(value).__name__} of {numbers.size} numbers"
    return f"{kind}, norm {float(np.linalg.norm(numbers)):.8g}"
