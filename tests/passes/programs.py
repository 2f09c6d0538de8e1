"""What the tests of the passes have in common: programs to apply them to, and what they compute."""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint import ir
from adjoint.lower import lower


def lowered(fun: Callable[..., Any], *args: Any) -> ir.Function:
    return lower(fun, bound(fun, args)).function


def bound(fun: Callable[..., Any], args: tuple[Any, ...]) -> inspect.BoundArguments:
    arguments = inspect.signature(fun).bind(*args)
    arguments.apply_defaults()
    return arguments


def ours(function: ir.Function) -> ir.Function:
    """The program as if it were not the user's but all written by `reverse`."""

    def block(b: ir.Block) -> ir.Block:
        return ir.Block(b.params, tuple(map(stmt, b.stmts)), b.results)

    def stmt(s: ir.Stmt) -> ir.Stmt:
        at = ir.At(sweep="reverse")
        match s:
            case ir.Apply():
                return dataclasses.replace(s, at=at)
            case ir.If():
                return dataclasses.replace(s, at=at, then=block(s.then), orelse=block(s.orelse))
            case ir.Loop():
                return dataclasses.replace(s, at=at, body=block(s.body), test=s.test and block(s.test))

    return dataclasses.replace(function, body=block(function.body))


def inputs(function: ir.Function, fun: Callable[..., Any], args: tuple[Any, ...]) -> list[Any]:
    """The values of the parameters' leaves."""
    arguments = bound(fun, args).arguments
    return [leaf for p in function.params for leaf in _leaves(p.tree, arguments[p.name])]


def _leaves(tree: Any, value: Any) -> list[Any]:
    if not isinstance(tree, ir.Tree):
        return [value] if isinstance(tree, ir.Var) else []
    parts = [_part(tree.cls, value, key) for key in tree.keys]
    return [leaf for part, v in zip(tree.parts, parts, strict=True) for leaf in _leaves(part, v)]


def _part(cls: type, value: Any, key: Any) -> Any:
    indexed = issubclass(cls, dict) or (issubclass(cls, tuple | list) and not isinstance(key, str))
    return value[key] if indexed else getattr(value, key)


def run(function: ir.Function, values: list[Any]) -> tuple[Any, ...]:
    with np.errstate(all="ignore"):
        return ir.run(function, *copy.deepcopy(values))


def same(a: Any, b: Any) -> bool:
    """Equal to the bit, type and dtype and shape included, but for the sign of a zero."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    return a is b or bool(a == b) or (a != a and b != b)
