"""How a step of a trace is written: `w3 * w4`, its numbers, its cotangent."""

from __future__ import annotations

import ast
import dataclasses
import operator
from typing import Any

import numpy as np

from .. import runtime
from ..emit.expressions import OPERATORS
from ..ir import Callee
from ..rules.registry import Higher, PartOf
from .trace import Event, Traced, plain

MOST_ENTRIES = 6  # an array of so many is written out


def number(value: Any, entries: bool = False, digits: int = 6) -> str:
    """A number to six digits, or so many, a small array by its entries, a large one by its shape and norm.

    >>> number(2.5838531634528574), number(np.arange(3.0)), number(np.ones((20, 5)))
    ('2.58385', '[0, 1, 2]', '(20, 5), norm 10')
    """
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_ | str):
        return str(value)
    if isinstance(value, int | float | complex | np.number):
        return f"{value:.{digits}g}"
    if isinstance(value, np.ndarray) and value.dtype.kind in "fciub":
        if not value.ndim:
            return number(value[()], entries, digits)
        if entries or (value.ndim == 1 and value.size <= MOST_ENTRIES):
            text = np.array2string(value, precision=6, threshold=10**9, separator=", ", formatter={"all": lambda x: f"{x:.6g}"})
            return " ".join(text.split())
        return f"{value.shape}, norm {float(np.linalg.norm(np.ravel(value))):.6g}"
    if isinstance(value, list | tuple):
        items = [_part(v, entries) for v in value]
        if len(items) <= MOST_ENTRIES or entries:
            return f"[{', '.join(items)}]" if isinstance(value, list) else f"({', '.join(items)})"
        return f"{type(value).__name__} of {len(items)}"
    if isinstance(value, dict) and len(value) <= MOST_ENTRIES:
        return "{" + ", ".join(f"{k!r}: {_part(v, entries)}" for k, v in value.items()) + "}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return f"{type(value).__name__}({', '.join(f'{k}={_part(v, entries)}' for k, v in parts.items())})"
    return type(value).__name__


def _part(value: Any, entries: bool) -> str:
    return "None" if value is None else number(value, entries)


def name_of(operand: Any) -> str:
    """An operand: the step that made it, or the value itself."""
    if isinstance(operand, Traced) and operand.event is not None:
        if operand.index is None:
            return operand.event.name
        index = operand.index if isinstance(operand.index, tuple) else (operand.index,)
        return operand.event.name + "".join(f"[{k}]" for k in index)
    value = plain(operand)
    if isinstance(value, slice):
        parts = ["" if p is None else str(p) for p in (value.start, value.stop)]
        return ":".join([*parts, *([] if value.step is None else [str(value.step)])])
    if isinstance(value, tuple):
        return ", ".join(map(name_of, value))
    if isinstance(value, np.ndarray):
        return number(value) if value.ndim == 1 and value.size <= MOST_ENTRIES else f"array {value.shape}"
    if isinstance(value, Callee):
        return value.__name__
    if " at 0x" in repr(value):  # where in memory
        return type(value).__name__.lower()
    return getattr(value, "__name__", None) or (number(value) if isinstance(value, float) else repr(value))


def operation(event: Event) -> str:
    """The right-hand side: `w1 * w2`, `sin(w1)`, `w4[1:]`; of an input the parameter."""
    if event.argument:
        return event.argument
    fn, operands = event.stmt.fn, [name_of(a) for a in event.operands]
    op = OPERATORS.get(fn)
    if op is not None and len(operands) == 2:
        return f" {_SYMBOLS[op]} ".join(operands)
    if fn is operator.neg:
        return f"-{operands[0]}"
    if fn is operator.getitem:
        return f"{operands[0]}[{operands[1]}]"
    if fn in _UPDATES and len(operands) == 3:  # a new value, which is the old one but for what is written
        return f"{operands[0]} with [{operands[1]}] {_UPDATES[fn]} {operands[2]}"
    if fn is getattr:
        return f"{operands[0]}.{plain(event.operands[1])}"
    if fn in (runtime.make_list, runtime.make_tuple):
        inside = ", ".join(operands)
        return f"[{inside}]" if fn is runtime.make_list else f"({inside})"
    named = [f"{k}={name_of(v)}" for k, v in event.keywords.items()]
    if isinstance(fn, PartOf):
        return f"{operands[0]}[{fn.name}]" if isinstance(fn.name, int) else f"{operands[0]}.{fn.name}"
    if isinstance(fn, Higher):  # `brentq` of a function of the user's
        fn = fn.fn
    return f"{getattr(fn, '__name__', fn)}({', '.join([*operands, *named])})"


_UPDATES = {runtime.index_add: "+=", runtime.array_set: "=", runtime.set_item: "="}


def _symbol(op: Any) -> str:
    tree: Any = ast.Compare(_X, [op()], [_X]) if issubclass(op, ast.cmpop) else ast.BinOp(_X, op(), _X)
    return ast.unparse(tree)[2:-2]


_X = ast.Name("x", ast.Load())
_SYMBOLS = {op: _symbol(op) for op in OPERATORS.values() if not issubclass(op, ast.unaryop)}
