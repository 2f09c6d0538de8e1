"""`copy.copy` and `copy.deepcopy` of what the program has, and writes that are spelled as calls.

    copy.deepcopy({"u": u})          {"u": u.copy()}
    operator.setitem(A, i, v)        A[i] = v
    A.__iadd__(v)                    A += v
"""

from __future__ import annotations

import copy
import operator
from typing import Any

import numpy as np

from ..avals import Arr, Num, Seq
from ..ir import Const, Var
from . import statements
from .context import Frame, Lowering
from .specials import content_of, special
from .values import Attributes, Cell, Entries, Items, Ref, Tuple, Value, is_undefined, parts, rebuild


@special(copy.copy)
def _copy(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    value, content = args[0], content_of(lo, args[0])
    if not isinstance(value, Ref):
        return value if isinstance(value, Const | Tuple) or _is_number(content) else None
    match content:
        case Var(aval=Arr()):
            return lo.apply(np.array, [value], frame=frame, node=node)
        case Var(aval=Seq() as aval):
            return lo.apply(list, [value], frame=frame, node=node, effect=False, aval=aval)
        case Items() | Entries():
            return lo.cell(content)
        case Attributes(cls=cls, whole=None) if _is_plain(cls):
            return lo.cell(content)
    return None


@special(copy.deepcopy)
def _deepcopy(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    if len(args) > 1 or kwargs or not _can_be_copied(lo, args[0], set()):
        return None
    made: dict[Cell, Ref] = {}  # what is there twice is there twice in the copy

    def copied(value: Any) -> Any:
        if not isinstance(value, Ref):
            return value if parts(value) is None else rebuild(value, map(copied, parts(value) or ()))
        if value.cell not in made:
            content = lo.state.heap[value.cell]
            if parts(content) is None:
                shallow = _copy(lo, frame, node, [value], {})
                assert isinstance(shallow, Ref)
                made[value.cell] = shallow
            else:
                new = made[value.cell] = lo.cell(content)
                lo.state.heap[new.cell] = rebuild(content, [copied(p) for p in parts(content) or ()])
        return made[value.cell]

    return copied(args[0])


def _can_be_copied(lo: Lowering, value: Any, seen: set[Cell]) -> bool:
    """Is all that it holds known, down to arrays and numbers?"""
    if not isinstance(value, Ref):
        inner = parts(value) if isinstance(value, Tuple) else ()
        known = isinstance(value, Const | Tuple) or _is_number(value)
        return known and not is_undefined(value) and all(_can_be_copied(lo, p, seen) for p in inner or ())
    if value.cell in seen:
        return True
    seen.add(value.cell)
    match content := lo.state.heap[value.cell]:
        case Var(aval=Arr()) | Var(aval=Seq(item=Num())):
            return True
        case Items() | Entries():
            return all(_can_be_copied(lo, p, seen) for p in parts(content) or ())
        case Attributes(cls=cls, whole=None) if _is_plain(cls):
            return all(_can_be_copied(lo, p, seen) for p in parts(content) or ())
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, Var) and (isinstance(value.aval, Num) or (isinstance(value.aval, Arr) and value.aval.boxed))


def _is_plain(cls: type) -> bool:
    """Is an object of this class copied by its attributes?"""
    own = ("__copy__", "__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__")
    return not any(name in vars(c) for c in cls.__mro__[:-1] for name in own)


# --- writes as calls ------------------------------------------------------------------------------


@special(operator.setitem, np.ndarray.__setitem__, list.__setitem__, dict.__setitem__)
def _setitem(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    if len(args) != 3 or kwargs:
        return None
    statements.set_item(lo, frame, node, *args)
    return Const(None)


def _updates(op: Any, name: str) -> None:
    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
        return statements.updated(lo, frame, node, op, *args) if len(args) == 2 and not kwargs else None

    special(getattr(operator, f"i{name}"), getattr(np.ndarray, f"__i{name}__"))(handler)


for _name in ("add", "sub", "mul", "truediv", "pow", "matmul", "floordiv", "mod"):
    _updates(getattr(operator, _name), _name)
