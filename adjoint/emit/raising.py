"""May a statement of the user's raise?  Of two that may, the first is to stay the first.

    z = log(x) * exp(y)         log(-1.0) is a ValueError, exp(1000.0) an OverflowError

In doubt it may.  What adjoint adds is arithmetic with what the user's statements have made, and does not.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from .. import runtime
from ..avals import Arr, Num, is_known, shape_of
from ..ir import Apply, Atom, Const, Stmt, blocks
from ..passes.certain import is_basic

_TOTAL = {  # defined for all numbers
    operator.add, operator.sub, operator.mul, operator.neg, operator.pos, operator.abs, operator.lt, operator.le,
    operator.gt, operator.ge, operator.eq, operator.ne, abs, bool, float, min, max, math.atan, math.atan2, math.tanh,
    math.asinh, math.erf, math.erfc, math.hypot, math.fabs, math.copysign, math.degrees, math.radians, math.isnan,
    math.isinf, math.isfinite,
}
_QUOTIENTS = {operator.truediv, operator.floordiv, operator.mod, operator.pow}
_REDUCTIONS = {np.sum, np.mean, np.prod, np.ndarray.sum, np.ndarray.mean}
_HARMLESS = {
    runtime.identity, runtime.make_tuple, runtime.make_list, runtime.make_dict, runtime.owned, slice, range, len,
    operator.is_, operator.is_not, operator.not_, np.copy, np.transpose, np.zeros_like, np.ones_like, np.zeros, np.ones,
    np.shape,
}


def may_raise(stmt: Stmt) -> bool:
    if not isinstance(stmt, Apply):
        return any(may_raise(s) for block in blocks(stmt) for s in block.stmts)
    if stmt.at.sweep != "forward" or stmt.fn in _HARMLESS:
        return False
    if stmt.fn is operator.getitem:
        return not _is_there(*stmt.args)
    if not _fit(stmt.args):
        return True
    if stmt.fn in _QUOTIENTS:  # NumPy's numbers may be divided by zero
        return not any(isinstance(a.aval, Arr) for a in stmt.args) and not _is_nonzero(stmt.args[1])
    ufunc = isinstance(stmt.fn, np.ufunc) and stmt.fn.signature is None
    return not (ufunc or stmt.fn in _TOTAL or (stmt.fn in _REDUCTIONS and len(stmt.args) == 1 and not stmt.kwargs))


def _is_there(array: Atom, index: Atom) -> bool:
    """Does the index certainly name entries of the array: a slice, or a number within its first axis?"""
    shape = shape_of(array.aval)
    if not isinstance(array.aval, Arr) or not shape or not isinstance(index, Const):
        return False
    items = index.value if type(index.value) is tuple else (index.value,)
    if not is_basic(index) or len(items) > len(shape) or not all(type(i) in (int, slice) for i in items):
        return False
    return all(type(i) is slice or (isinstance(n, int) and -n <= i < n) for i, n in zip(items, shape, strict=False))


def _fit(args: tuple[Atom, ...]) -> bool:
    """Are they numbers, and arrays that certainly have shapes that go together?"""
    if not all(isinstance(a.aval, Num | Arr) for a in args):
        return False
    shapes = {shape_of(a.aval) for a in args if shape_of(a.aval) != ()}
    if len(args) < 2 or not shapes:
        return True
    if not all(map(is_known, shapes)):
        return False
    try:
        np.broadcast_shapes(*shapes)  # type: ignore[arg-type]
    except ValueError:
        return False
    return True


def _is_nonzero(a: Atom) -> bool:
    return isinstance(a, Const) and type(a.value) in (int, float) and a.value > 0
