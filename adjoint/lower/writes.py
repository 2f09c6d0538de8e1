"""Arrays that are written to.

A write makes a new value, and the cell of the array holds that from then on; every name for the array
sees it, because names are bound to cells.

    y[1:3] = v          y1 = array_set(y0, 1:3, v)
    y[1:3] += v         y1 = array_set(y0, 1:3, y0[1:3] + v)
    row = y[0]          a view knows where it stands in its base:
    row *= 2.0          row1 = row0 * 2.0 ;  y1 = array_set(y0, 0, row1)

A view that is read after its base was written to is made again (`Lowering.check_fresh`).  What is not
known to be a view or a copy (`reshape`, `ravel`, one of two arrays) is refused when it matters, and so
are floats that would be truncated in an array of integers.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import runtime
from ..avals import Arr, Num, Parts, Seq, dtype_of, same_dtype, shape_of
from ..ir import Const, Var
from . import views
from .context import Frame, Lowering
from .values import Ref, Value

ADVICE = "Build the array from its parts (`np.array([...])`, `np.where`, `np.concatenate`)."


def store(lo: Lowering, frame: Frame, node: Any, target: Value, key: Value, value: Value) -> None:
    """`target[key] = value` of an array."""
    if isinstance(target, Ref):
        lo.check_fresh(target.cell, frame, node)
    content = lo.state.heap[target.cell] if isinstance(target, Ref) else None
    kind = getattr(content, "aval", None)
    if not isinstance(target, Ref) or not isinstance(content, Var) or not isinstance(kind, Arr) or kind.boxed:
        raise lo.refuse(frame, node, "What is assigned to here may be no array.", ADVICE)
    if isinstance(lo.known_aval(value), Seq | Parts):
        value = lo.apply(np.array, [value], frame=frame, node=node)
    atom = lo.atom(value, frame, node)
    dtype = dtype_of(atom.aval)
    if kind.dtype is not None and dtype is not None and kind.dtype.kind in "iub" and dtype.kind == "f":
        atom = truncated(lo, frame, node, kind, atom)
    check_dtype(lo, frame, node, kind, dtype_of(atom.aval))
    if views.through(lo, frame, node, target.cell, key, lambda base, at: store(lo, frame, node, base, at, atom)):
        return
    index = lo.atom(key, frame, node)
    if kind.shape == () == shape_of(atom.aval) and _is_whole(index):
        replace(lo, frame, node, target, without_axes(lo, frame, node, kind, atom))
        return
    fn = runtime.array_put if picks(index.aval) else runtime.array_set
    new = lo.apply(fn, [content, index, atom], frame=frame, node=node, effect=False, aval=kind)
    replace(lo, frame, node, target, lo.atom(new, frame, node))


def adds(lo: Lowering, frame: Frame, node: Any, op: Any, target: Value, key: Value, value: Value) -> bool:
    """`target[key] += value` of an array, at places that are named once: linear, so nothing is recorded."""
    if isinstance(target, Ref):
        lo.check_fresh(target.cell, frame, node)
    content = lo.state.heap[target.cell] if isinstance(target, Ref) else None
    kind = getattr(content, "aval", None)
    if not isinstance(target, Ref) or not isinstance(content, Var) or not isinstance(kind, Arr) or kind.boxed:
        return False
    index = lo.atom(key, frame, node)
    added = lo.known_aval(value)
    if kind.dtype is None or kind.dtype.kind not in "fc" or picks(index.aval) or isinstance(added, Seq | Parts):
        return False
    if kind.shape == ():  # `store` does it: all that is there is replaced
        return False
    check_dtype(lo, frame, node, kind, dtype_of(added))
    if op is operator.sub:
        value = lo.apply(operator.neg, [value], frame=frame, node=node)
    atom = lo.atom(value, frame, node)
    add = lambda base, at: adds(lo, frame, node, operator.add, base, at, atom)
    if views.through(lo, frame, node, target.cell, key, add):
        return True
    new = lo.apply(
        runtime.index_add, [content, index, atom], frame=frame, node=node, effect=False, aval=kind
    )
    replace(lo, frame, node, target, lo.atom(new, frame, node))
    return True


def replace(lo: Lowering, frame: Frame, node: Any, target: Ref, new: Any) -> None:
    """Give an array other contents; where it is a view, its base too."""
    if isinstance(new, Var) and new.hint is None:
        new.hint = target.cell.hint
    lo.write(target, new, frame, node)


def without_axes(lo: Lowering, frame: Frame, node: Any, kind: Arr, atom: Any) -> Any:
    """What an array without axes is after a write to it: such an array still, where arithmetic made a number of it."""
    boxed = isinstance(atom.aval, Num) or (isinstance(atom.aval, Arr) and atom.aval.boxed)
    dtype: dict[str, Value] = {} if same_dtype(dtype_of(atom.aval), kind.dtype) else {"dtype": Const(kind.dtype)}
    if kind.shape != () or kind.boxed or not (boxed or dtype):
        return atom
    return lo.atom(lo.apply(np.array, [atom], dtype, frame=frame, node=node), frame, node)


def _is_whole(index: Any) -> bool:
    return isinstance(index, Const) and (index.value is Ellipsis or index.value == ())


def truncated(lo: Lowering, frame: Frame, node: Any, kind: Arr, atom: Any) -> Any:
    """Floats as NumPy writes them into an array of integers: without their fractions, and without a derivative."""
    if not shape_of(atom.aval):  # perhaps a number
        atom = lo.apply(np.asarray, [atom], frame=frame, node=node)
    return lo.atom(lo.apply(np.ndarray.astype, [atom, Const(kind.dtype)], frame=frame, node=node), frame, node)


def check_dtype(lo: Lowering, frame: Frame, node: Any, kind: Arr, dtype: Any) -> None:
    """Refuse to write what NumPy would cut off."""
    if dtype is None or kind.dtype is None:
        return
    if kind.dtype.kind in "iub" and dtype.kind in "fc":
        raise lo.refuse(
            frame, node, "An array of integers is updated in place with floats, which NumPy refuses.",
            "Make it an array of floats.",
        )
    if kind.dtype.kind == "f" and dtype.kind == "c":
        raise lo.refuse(
            frame, node, "An array of reals is updated with complex numbers, of which NumPy drops the imaginary part.",
            "Make it an array of complex numbers, or take the real part.",
        )


def picks(index: Any) -> bool:
    """May the index name one place twice?  Arrays and lists of integers may."""
    match index:
        case Arr(dtype=dtype, shape=shape):
            return shape != () and (dtype is None or dtype.kind != "b")
        case Seq():
            return True
        case Parts(cls=cls, items=items):
            return cls is list or any(map(picks, items))
    return False


# --- functions that write ---------------------------------------------------------------------------


def into(lo: Lowering, frame: Frame, node: Any, out: Value, result: Value) -> Value:
    """`f(..., out=y)`: the result is written into y, and y is what the call gives."""
    target = out
    content = lo.state.heap[target.cell] if isinstance(target, Ref) else None
    kind = getattr(content, "aval", None)
    if not isinstance(target, Ref) or not isinstance(kind, Arr):
        raise lo.refuse(frame, node, "What `out=` is, is not known here.", "Assign the result instead.")
    atom = lo.atom(result, frame, node)
    check_dtype(lo, frame, node, kind, dtype_of(atom.aval))
    shape = shape_of(atom.aval)
    if shape is not None and shape == kind.shape and None not in shape and same_dtype(dtype_of(atom.aval), kind.dtype):
        replace(lo, frame, node, target, without_axes(lo, frame, node, kind, atom))
    else:
        store(lo, frame, node, target, Const(Ellipsis), result)
    return target
