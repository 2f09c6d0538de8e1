"""A number that a loop makes an array of, in its first iteration, is that array from the start.

    m = 0.0                                        m = np.zeros(3)
    for t in range(100):                  ->       for t in range(100):
        m = 0.9 * m + 0.1 * gradient(w)                m = 0.9 * m + 0.1 * gradient(w)

Otherwise m is one or the other wherever the loop reads it, and so is all that is made of it.  The values are the same
where everything that reads such a number works entry by entry (`is_spread`), and the loop certainly has an iteration.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from ..avals import Arr, Aval, Num, shape_of, is_known
from ..ir import Apply, At, Atom, Block, Const, If, Loop, Var, blocks, reads

_SUMS = {operator.add, operator.sub, operator.mul, operator.neg, operator.pos}
_QUOTIENTS = {operator.truediv, np.divide, np.true_divide}

Known = Callable[[Atom], Aval]  # what is known of a value


def spread_to(init: Atom, result: Aval) -> Arr | None:
    """What a carry is from the first iteration on, if this makes an array of a number; in full precision, as numbers are."""
    if not isinstance(init.aval, Num) or init.aval.kind == "bool" or not isinstance(result, Arr):
        return None
    fits = result.dtype == complex if init.aval.kind == "complex" else result.dtype in (float, complex)
    return result if fits and is_known(result.shape) and result.shape != () else None


def spread(init: Atom, array: Arr, at: At, hint: str | None) -> Apply:
    """The array of that number."""
    out = Var(array, hint)
    shape = Const(array.shape[0] if len(array.shape) == 1 else array.shape)  # type: ignore[arg-type, index]
    if isinstance(init, Const) and init.value == 0 and array.dtype == np.dtype(float):
        return Apply((out,), np.zeros, (shape,), (), at)
    return Apply((out,), np.full, (shape, init), (("dtype", Const(array.dtype)),), at)


def is_spread(loop: Loop, first: Known, later: Known) -> bool:
    """Is whatever is a number in the first iteration, and an array later, read entry by entry only?"""
    emitted = loop.body.results[len(loop.outs) :]
    return _is_entrywise(loop.body, first, later) and not any(_differs(a, first, later) for a in emitted)


def _is_entrywise(block: Block, first: Known, later: Known) -> bool:
    for s in block.stmts:
        different = [a for a in reads(s) if _differs(a, first, later)]
        if isinstance(s, Apply):
            if different and not _keeps_entries(s, different):
                return False
        elif different and (isinstance(s, If) or any(a in s.iters for a in different)):
            return False
        if isinstance(s, Loop) and any(_differs(a, first, later) for a in s.body.results[len(s.outs) :]):
            return False
        if not all(_is_entrywise(inner, first, later) for inner in blocks(s)):
            return False
    return True


def _keeps_entries(s: Apply, different: list[Atom]) -> bool:
    """Does it do to each entry what it does to a number, and raise nothing that it would not raise then?"""
    if s.effect or s.kwargs or len(s.outs) != 1:
        return False
    if s.fn in _QUOTIENTS:  # a number is not divided by zero, an array is
        return s.args[1] not in different
    if s.fn in (operator.pow, np.power):
        exponent = s.args[1]
        return isinstance(exponent, Const) and type(exponent.value) in (int, float) and exponent.value >= 0
    return s.fn in _SUMS or (isinstance(s.fn, np.ufunc) and s.fn.signature is None)


def _differs(a: Atom, first: Known, later: Known) -> bool:
    return isinstance(a, Var) and shape_of(first(a)) != shape_of(later(a))
