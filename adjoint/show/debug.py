"""Where a NaN comes from: `with debug_nans():` stops generated code at the first statement that makes one.

Generated functions are watched line by line (`sys.settrace`), those of adjoint only.  After each line the names
in it are looked at: one that is NaN or infinite now, where nothing that the line read was, was made there.
"""

from __future__ import annotations

import ast
import linecache
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np

from ..emit import described, is_generated
from .notation import number


@contextmanager
def debug_nans() -> Iterator[None]:
    """Within it, gradients raise `FloatingPointError` at the first statement that makes a NaN or an infinity.

    The error names the generated line, the user's line it belongs to, and the values it read.  What is
    NaN or infinite already when it comes in is passed on, not reported.  It works in the thread that enters
    it, and slows generated code down by a large factor; other code runs as before.

    >>> import numpy as np
    >>> from adjoint import debug_nans, grad
    >>> with debug_nans():  # doctest: +ELLIPSIS
    ...     grad(lambda x: np.sqrt(x))(np.float64(0.0))
    Traceback (most recent call last):
    FloatingPointError: an infinity is made...
    """
    before = sys.gettrace()
    sys.settrace(_entered)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        sys.settrace(before)


def _entered(frame: FrameType, event: str, arg: Any) -> Any:
    if event == "call" and is_generated(frame.f_code.co_filename):
        return _Watch(frame).step
    return None


class _Watch:
    """One call of a generated function: the line that runs now, and what its names were before it."""

    def __init__(self, frame: FrameType) -> None:
        self.lines = _statements(frame.f_code.co_filename)
        self.line: int | None = None
        self.before: dict[str, str] = {}

    def step(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event in ("line", "return"):
            self.look(frame, arg if event == "return" else None)
            self.line = frame.f_lineno
            self.before = {name: _state(frame.f_locals.get(name)) for name in self.names()}
        return self.step

    def names(self) -> list[str]:
        node = self.lines.get(self.line or 0)
        return [] if node is None else sorted({n.id for n in ast.walk(node) if isinstance(n, ast.Name)})

    def look(self, frame: FrameType, returned: Any) -> None:
        """Refuse what the line that has just run made of finite values."""
        node = self.lines.get(self.line or 0)
        if node is None or _is_copy(node):
            return
        now = {name: _state(frame.f_locals.get(name)) for name in self.names()}
        if isinstance(node, ast.Return):
            now["the result"] = _state(returned)
        worst = max(self.before.values(), key=_ORDER.index, default="")
        for name, state in now.items():
            if _ORDER.index(state) > max(_ORDER.index(self.before.get(name, "")), _ORDER.index(worst)):
                raise FloatingPointError(self.said(frame, name, state, returned))

    def said(self, frame: FrameType, name: str, state: str, returned: Any) -> str:
        filename, line = frame.f_code.co_filename, self.line or 0
        lines = [
            f"{state} is made: {name} = {number(returned if name == 'the result' else frame.f_locals[name])}",
            described(filename, line),
        ]
        read = [n for n in self.names() if n != name and n in frame.f_locals]
        lines += [f"where {n} = {number(frame.f_locals[n])}" for n in read]
        return "\n".join(lines)


_ORDER = ("", "an infinity", "a NaN")


def _state(value: Any) -> str:
    """Is there an infinity, or a NaN, in a value?"""
    if isinstance(value, float):
        return "" if math.isfinite(value) else "a NaN" if value != value else "an infinity"
    if isinstance(value, complex | np.generic | np.ndarray):
        array = np.asarray(value)
        if array.dtype.kind not in "fc" or np.isfinite(array).all():
            return ""
        return "a NaN" if np.isnan(array).any() else "an infinity"
    if isinstance(value, list | tuple):
        return max(map(_state, value), key=_ORDER.index, default="")
    if isinstance(value, dict):
        return _state(list(value.values()))
    return ""


def _statements(filename: str) -> dict[int, ast.stmt]:
    """The simple statements, and the heads of loops and branches, by line."""
    found: dict[int, ast.stmt] = {}
    for node in ast.walk(ast.parse("".join(linecache.getlines(filename)))):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Return):
            found[node.lineno] = node
    return found


def _is_copy(node: ast.stmt) -> bool:
    """Does the line only hand on what was there: `best = np.inf`, `t = s`?"""
    value = getattr(node, "value", None)
    value = value.operand if isinstance(value, ast.UnaryOp) else value
    return isinstance(node, ast.Assign) and isinstance(value, ast.Name | ast.Constant | ast.Attribute | ast.List)
