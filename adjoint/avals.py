"""Abstract values: what is known of a value before the program runs.

    Num("float")                     a Python float (or int, bool, complex)
    Arr(dtype, shape)                a NumPy array; unknown parts are None
    Arr(dtype, (), boxed=True)       a NumPy scalar such as np.float64
    Seq(item)                        a list whose length is found at run time, with items of one kind
    Parts(cls, items)                a tuple or list of so many items, of these kinds
    Cut(start, stop, step)           a slice with known bounds
    Obj(cls)                         any other object; `ANY` is one of which nothing is known

`join` gives what is known when a value may be either of two.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Num:
    kind: str  # "bool", "int", "float", "complex"


@dataclass(frozen=True)
class Arr:
    dtype: np.dtype[Any] | None
    shape: tuple[Any, ...] | None
    boxed: bool = False

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Arr) and same_dtype(self.dtype, other.dtype)
            and self.shape == other.shape and self.boxed == other.boxed
        )


@dataclass(frozen=True)
class Seq:
    item: Any


@dataclass(frozen=True)
class Parts:
    cls: type
    items: tuple[Any, ...]


@dataclass(frozen=True)
class Cut:
    start: Any
    stop: Any
    step: Any


@dataclass(frozen=True)
class Obj:
    cls: type | None


Aval = Num | Arr | Seq | Parts | Cut | Obj

FLOAT, INT, BOOL, COMPLEX = Num("float"), Num("int"), Num("bool"), Num("complex")
ANY = Obj(None)
NONE = Obj(type(None))

_NUMBERS: dict[type, Num] = {bool: BOOL, int: INT, float: FLOAT, complex: COMPLEX}
_ORDER = ("bool", "int", "float", "complex")


def aval_of(value: Any) -> Aval:
    """What is known of a value that is at hand."""
    cls = type(value)
    if cls in _NUMBERS:
        return _NUMBERS[cls]
    if cls is np.ndarray or (isinstance(value, np.ndarray) and not has_own_operators(cls)):
        return Arr(value.dtype, value.shape)
    if isinstance(value, np.generic):
        return Arr(value.dtype, (), boxed=True)
    if cls is slice:
        return Cut(value.start, value.stop, value.step)
    if cls is tuple or cls is list:
        return Parts(cls, tuple(map(aval_of, value)))
    return Obj(cls)


def has_own_operators(cls: type) -> bool:
    """Is this a class of arrays whose `*` is not that of arrays: masked arrays, matrices, quantities with units?

    >>> has_own_operators(np.ma.MaskedArray), has_own_operators(np.memmap)
    (True, False)
    """
    if not issubclass(cls, np.ndarray):
        return False
    return cls.__mul__ is not np.ndarray.__mul__ or cls.__array_ufunc__ is not np.ndarray.__array_ufunc__


def join(a: Aval, b: Aval) -> Aval:
    """The most that holds for both."""
    if a == b:
        return a
    match a, b:
        case Num(), Num():
            return Num(max(a.kind, b.kind, key=_ORDER.index))
        case Arr(), Arr():
            return Arr(
                a.dtype if same_dtype(a.dtype, b.dtype) else _promote(a.dtype, b.dtype),
                join_shapes(a.shape, b.shape),
                a.boxed and b.boxed,
            )
        case (Num(), Arr()) | (Arr(), Num()):
            num: Any = a if isinstance(a, Num) else b
            arr: Any = b if isinstance(a, Num) else a
            return Arr(_promote(arr.dtype, dtype_of(num)), () if arr.shape == () else None, boxed=True)
        case (Cut() | Obj(), Cut() | Obj()) if is_slice(a) and is_slice(b):
            return Obj(slice)
        case Seq(), Seq():
            return Seq(join(a.item, b.item))
        case (Seq(), Parts(cls=cls, items=items)) | (Parts(cls=cls, items=items), Seq()) if cls is list:
            if not items:  # nothing is known of the items of an empty list
                return a if isinstance(a, Seq) else b
            return join(_as_seq(a), _as_seq(b))
        case Parts(), Parts() if a.cls is b.cls:
            if len(a.items) == len(b.items):
                return Parts(a.cls, tuple(map(join, a.items, b.items)))
            if a.cls is list:
                return _as_seq(a if not b.items else b if not a.items else Seq(join(item_of(a), item_of(b))))
    return ANY


def is_slice(aval: Aval) -> bool:
    return isinstance(aval, Cut) or aval == Obj(slice)


def is_list(aval: Aval) -> bool:
    return isinstance(aval, Seq) or (isinstance(aval, Parts) and aval.cls is list)


def _as_seq(aval: Aval) -> Aval:
    return Seq(item_of(aval)) if isinstance(aval, Parts) else aval


def item_of(aval: Aval) -> Aval:
    """What iterating over the value, or indexing it with one integer, gives."""
    match aval:
        case Seq(item):
            return item
        case Parts(items=items):
            kind = items[0] if items else ANY
            for other in items[1:]:
                kind = join(kind, other)
            return kind
        case Arr(dtype=dtype, shape=shape):
            if shape is None or len(shape) == 0:
                return Arr(dtype, None)
            return Arr(dtype, shape[1:], boxed=len(shape) == 1)
        case Obj(cls) if cls is range:
            return INT
        case Obj(cls) if cls is str:
            return Obj(str)
    return ANY


def join_shapes(a: tuple[Any, ...] | None, b: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if a is None or b is None or len(a) != len(b):
        return None
    return tuple(m if m is not None and m == n else None for m, n in zip(a, b, strict=True))


def _promote(a: np.dtype[Any] | None, b: np.dtype[Any] | None) -> np.dtype[Any] | None:
    """Of several possible dtypes the widest, when all are inexact: it is what a cotangent needs."""
    if a is None or b is None:
        return None
    if a.kind in "fc" and b.kind in "fc":
        return np.promote_types(a, b) if a == b else None
    return a if a == b else None


def dtype_of(aval: Aval) -> np.dtype[Any] | None:
    match aval:
        case Num("bool"):
            return np.dtype(bool)
        case Num("int"):
            return np.dtype(int)
        case Num("float"):
            return np.dtype(float)
        case Num("complex"):
            return np.dtype(complex)
        case Arr():
            return aval.dtype
    return None


def same_dtype(a: np.dtype[Any] | None, b: np.dtype[Any] | None) -> bool:
    """Are both unknown, or one dtype?  NumPy takes None for float64: `np.dtype(float) == None` is true."""
    return a is b if a is None or b is None else a == b


def shape_of(aval: Aval) -> tuple[Any, ...] | None:
    """The shape, with None for a part that is unknown."""
    if isinstance(aval, Num):
        return ()
    return aval.shape if isinstance(aval, Arr) else None


def is_known(shape: tuple[Any, ...] | None) -> bool:
    return shape is not None and all(isinstance(n, int) for n in shape)


def holds_memory(aval: Aval) -> bool:
    """May a value of this kind be changed in place, or be a view of one that may?"""
    match aval:
        case Num():
            return False
        case Arr(boxed=True, shape=()):
            return False
        case Obj(cls):
            return cls not in (str, bool, type(None), range, slice, type)
    return True


def changeable(aval: Aval) -> bool:
    """Is a value of this kind one that can be changed in place?  An object of an unknown class is."""
    match aval:
        case Arr(boxed=boxed):
            return not boxed
        case Seq():
            return True
        case Parts(cls=cls):
            return cls is list
        case Obj(cls):
            return cls in (list, dict, set) or (cls is not tuple and differentiable(aval))
    return False


def differentiable(aval: Aval) -> bool:
    """May a value of this kind carry a derivative?  What is not known may."""
    match aval:
        case Num(kind):
            return kind in ("float", "complex")
        case Arr(dtype=dtype):
            return dtype is None or dtype.kind in "fcO"
        case Seq(item):
            return differentiable(item)
        case Parts(items=items):
            return any(map(differentiable, items))
        case Obj(cls):
            return cls is None or not issubclass(cls, _INERT)
    return False


# Objects that carry no derivative.  An object of any other class may: what is lost in it is refused.
_INERT = (
    type(None), str, bytes, range, slice, type, np.dtype, set, frozenset, BaseException, type(Ellipsis), types.ModuleType,
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, np.ufunc,
)
