"""What is known of the result of a primitive, found by applying it to dummies.

Instead of a table of shape rules, the primitive itself is asked: it is applied to cheap arrays of
ones with the arguments' shapes and dtypes, and the result is looked at.  Where an integer or a length
is not known it is asked twice, with two different lengths, and what differs is unknown; where there are
integers, also with small ones.

    np.sum of float64 (4, 3), axis=0      ->  float64 (3,)
    np.zeros of an int                    ->  float64 (None,)

Only functions with a rule that says they are pure are applied, and not to very large arrays.  Integers
and masks are asked for twice too, with other values, because shapes may depend on them (`np.repeat`).
Functions whose result depends on the values of floats in its shape or dtype are named in
`rules.constants`; of theirs only the number of axes is kept.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import runtime
from .avals import ANY, BOOL, Arr, Aval, Cut, Num, Obj, Parts, Seq
from .avals import aval_of, dtype_of, is_slice, item_of, join, join_shapes, same_dtype, shape_of
from .ir import UNDEFINED, Const, Var
from .quiet import unheard
from .rules.registry import BY_VALUE, DTYPE_BY_VALUE, SHAPE_BY_ARGUMENT, SHAPE_BY_VALUE, read_rules

LARGEST = 4_000_000  # entries in the dummies of one question; contractions have a bound of their own
LARGEST_CONTRACTION = 40_000
_LENGTHS = (3, 5)
_TESTS = {operator.is_, operator.is_not, operator.not_, operator.contains, isinstance, callable, hasattr}
_CHOOSING = ("subset_by_value", "select")  # options of scipy.linalg: as many as there are
_ENTRYWISE = {
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow, operator.lt,
    operator.le, operator.gt, operator.ge, operator.eq, operator.ne, np.where,
}
_COMPARISONS = {operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne}


def _chooses(option: tuple[str, Any]) -> bool:
    """Does this option choose by value, so that it depends on the values how many there are?"""
    name, given = option
    return name in _CHOOSING and not (isinstance(given, Const) and given.value in ("a", "i", None))


class _Unknowable(Exception):
    pass


def infer(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...], pure: bool) -> Aval:
    """What is known of `fn(*args, **kwargs)`, the arguments being atoms."""
    if fn in _TESTS or (fn in _COMPARISONS and not any(_compares_entries(a.aval) for a in args)):
        return BOOL
    if not pure or fn in BY_VALUE or any(map(_chooses, kwargs)):
        return ANY
    if fn in (operator.getitem, runtime.put_back):
        return _getitem(args[0], args[1])
    if fn in (runtime.array_set, runtime.array_put, runtime.index_add):
        return args[0].aval
    if fn is runtime.set_item and isinstance(args[0].aval, Seq):
        return join(args[0].aval, args[2].aval if isinstance(args[2].aval, Seq) else Seq(args[2].aval))
    if fn in (min, max) and not kwargs and args:  # either of them, a float or a NumPy scalar
        return functools.reduce(join, [a.aval for a in args] if len(args) > 1 else [item_of(args[0].aval)])
    if fn in (operator.matmul, np.matmul, np.dot, np.ndarray.dot) and not kwargs and len(args) == 2:
        return _product(fn, *(a.aval for a in args))
    try:
        keys = tuple(map(_key, args))
        if _is_entrywise(fn) and not kwargs:
            return _entrywise(fn, keys, [a.aval for a in args])
        return _infer((fn, keys, tuple((k, _key(a)) for k, a in kwargs)))
    except (TypeError, _Unknowable):
        return ANY


def gives_back(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...]) -> bool:
    """Does `fn` return an array that it is given, or a view of one?  It is applied to dummies, and the memory looked at."""
    try:
        return _gives_back((fn, tuple(map(_key, args)), tuple((k, _key(a)) for k, a in kwargs)))
    except (TypeError, _Unknowable):
        return False


@functools.lru_cache(maxsize=4096)
def _gives_back(key: Any) -> bool:
    fn, args, kwargs = key
    values, named = [_dummy(k, _LENGTHS[0], 1) for k in args], {k: _dummy(v, _LENGTHS[0], 1) for k, v in kwargs}
    if sum(map(_entries, values)) > LARGEST:
        return False
    with np.errstate(all="ignore"), unheard():
        try:
            result = fn(*values, **named)
        except Exception:  # the dummies were outside its domain
            return False
    given, got = ([a for a in _arrays(of) if a.size] for of in ([*values, *named.values()], result))
    return any(np.may_share_memory(a, b) for a in given for b in got)


def _arrays(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _arrays(item)


def _compares_entries(aval: Aval) -> bool:
    """May comparing this give an array?"""
    return isinstance(aval, Arr) or aval == ANY


def _key(a: Any) -> Any:
    if isinstance(a, Const):
        try:
            hash(a.value)
        except TypeError:
            raise _Unknowable from None
        if a.value is UNDEFINED:
            raise _Unknowable
        return ("const", type(a.value), a.value)
    return ("var", a.aval)


def _is_entrywise(fn: Any) -> bool:
    return fn in _ENTRYWISE or (isinstance(fn, np.ufunc) and fn.nin > 1 and fn.signature is None)


def _entrywise(fn: Any, keys: tuple[Any, ...], avals: list[Aval]) -> Aval:
    """Of arrays of whatever rank: an array of the dtype that they would make with one axis."""
    if not all(isinstance(aval, Num | Arr) for aval in avals) or all(shape_of(aval) is not None for aval in avals):
        return _infer((fn, _fitted(keys), ()))
    rows = tuple(("var", Arr(aval.dtype, (1,))) if isinstance(aval, Arr) else key for key, aval in zip(keys, avals, strict=True))
    made = _infer((fn, rows, ()))
    return Arr(made.dtype, None) if isinstance(made, Arr) else ANY


def _fitted(keys: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments, each as long as another one makes it: x has three entries, or one, in `x * np.ones(3)`."""
    shapes = [shape_of(key[1]) for key in keys if key[0] == "var" and isinstance(key[1], Arr)]
    if None in shapes or not any(None in shape for shape in shapes):  # type: ignore[operator]
        return keys
    lengths: dict[int, int] = {}  # of the axes, counted from the last
    for shape in shapes:
        lengths.update((k, n) for k, n in enumerate(reversed(shape)) if n is not None and n != 1)  # type: ignore[arg-type]

    def fitted(aval: Arr) -> Arr:
        assert aval.shape is not None
        found = [lengths.get(k) if n is None else n for k, n in enumerate(reversed(aval.shape))]
        return Arr(aval.dtype, tuple(found[::-1]), aval.boxed)

    return tuple(("var", fitted(key[1])) if key[0] == "var" and isinstance(key[1], Arr) else key for key in keys)


@functools.lru_cache(maxsize=4096)
def _infer(key: Any) -> Aval:
    read_rules()
    fn, args, kwargs = key
    results = []
    exact = all(_is_exact(k) for k in args) and all(_is_exact(k) for _, k in kwargs)
    ranks = (1, 2) if any(_has_unknown_rank(k) for k in (*args, *(v for _, v in kwargs))) else (0,)
    for rank in ranks:
        for length in _LENGTHS[: 1 if exact else 2]:
            values = [_dummy(k, length, rank) for k in args]
            named = {k: _dummy(v, length, rank) for k, v in kwargs}
            contraction = getattr(fn, "__module__", None) in _CONTRACTIONS or getattr(fn, "__name__", "") in _NAMED
            if sum(map(_entries, values)) > (LARGEST_CONTRACTION if contraction else LARGEST):
                return ANY
            results.append(_ask(fn, values, named))
        keys = (*args, *(v for _, v in kwargs))
        if any(_holds(k, "int") for k in keys):
            results += _asked_with_integers(fn, args, kwargs, rank)
        if not isinstance(fn, np.ufunc) and any(_holds(k, "float") for k in keys):
            results += _asked_with_floats(fn, args, kwargs, rank)
    aval = results[0]
    for other in results[1:]:
        aval = _common(aval, other)
    if any(_unknown_dtype(k) for k in args) and isinstance(aval, Arr) and aval.dtype is not None:
        if aval.dtype.kind in "fc":
            aval = Arr(None, aval.shape, aval.boxed)
    return _forget(aval, _shape_by_value(fn, args, kwargs), fn in DTYPE_BY_VALUE)


def _asked_with_integers(fn: Any, args: tuple[Any, ...], kwargs: tuple[Any, ...], rank: int) -> list[Aval]:
    """The same with small integers: three entries have no third difference, and no fifth, but a first.

    Several in a tuple may be axes, or may not, and different ones are more of them than equal ones.
    """
    found = []
    for integer in (0, 1, 2):
        values = [_dummy(k, _LENGTHS[0], rank, integer) for k in args]
        found.append(_ask(fn, values, {k: _dummy(v, _LENGTHS[0], rank, integer) for k, v in kwargs}))
    values = [_counted(_dummy(k, _LENGTHS[0], rank, 0), itertools.count()) for k in args]
    found.append(_ask(fn, values, {k: _counted(_dummy(v, _LENGTHS[0], rank, 0), itertools.count()) for k, v in kwargs}))
    return [aval for aval in found if aval != ANY]  # outside of what the function takes


def _asked_with_floats(fn: Any, args: tuple[Any, ...], kwargs: tuple[Any, ...], rank: int) -> list[Aval]:
    """The same with other floats: `np.arange(0.0, x)` has as many entries as x says."""
    numbers = itertools.count(2)

    def sample(key: Any) -> Any:
        value = _dummy(key, _LENGTHS[0], rank)
        return _risen(value, numbers) if key[0] == "var" else value

    aval = _ask(fn, [sample(k) for k in args], {k: sample(v) for k, v in kwargs})
    return [] if aval == ANY else [aval]


def _holds(key: Any, kind: str) -> bool:
    return key[0] == "var" and _number_in(key[1], kind)


def _number_in(aval: Aval, kind: str) -> bool:
    match aval:
        case Num():
            return aval.kind == kind
        case Seq(item):
            return _number_in(item, kind)
        case Parts(items=items):
            return any(_number_in(item, kind) for item in items)
    return False


def _shape_by_value(fn: Any, args: tuple[Any, ...], kwargs: tuple[Any, ...]) -> bool:
    """Does the shape of the result depend on what stands in arrays of floats?"""
    if fn is np.delete:
        return any(key[0] != "const" for key in args[1:2]) or any(name == "obj" for name, _ in kwargs)
    if fn is np.arange:
        return any(key[0] != "const" for key in (*args, *(key for _, key in kwargs)))
    if fn in SHAPE_BY_ARGUMENT:
        k, name = SHAPE_BY_ARGUMENT[fn]
        return any(key[0] != "const" for key in (*args[k : k + 1], *(key for word, key in kwargs if word == name)))
    if fn in (np.histogram, np.histogram_bin_edges):  # bins="auto"
        return any(key[0] == "const" and key[1] is str for key in (*args, *(key for _, key in kwargs)))
    return fn in SHAPE_BY_VALUE or (fn is np.where and len(args) + len(kwargs) == 1)


def _forget(aval: Aval, shape: bool, dtype: bool) -> Aval:
    """The same without the lengths of axes, without the dtype of floats."""
    match aval:
        case Parts(cls, items):
            return Parts(cls, tuple(_forget(item, shape, dtype) for item in items))
        case Arr():
            lengths = None if aval.shape is None else (None,) * len(aval.shape) if shape else aval.shape
            known = None if dtype and aval.dtype is not None and aval.dtype.kind in "fc" else aval.dtype
            return Arr(known, lengths, aval.boxed)
        case Num("float" | "complex") if dtype:
            return ANY
    return aval


_CONTRACTIONS = {"numpy.linalg", "scipy.linalg"}
_NAMED = {"einsum", "tensordot", "kron", "outer", "convolve", "correlate"}


def _ask(fn: Callable[..., Any], values: list[Any], named: dict[str, Any]) -> Aval:
    if values and isinstance(values[0], np.generic) and getattr(fn, "__objclass__", None) is np.ndarray:
        fn = getattr(type(values[0]), fn.__name__)  # a NumPy number has the methods of an array
    with np.errstate(all="ignore"), unheard():
        attempts: tuple[Any, ...] = (None, 0.5, 2.0, 1, "rising")
        for number in attempts:
            try:
                if number == "rising":
                    rising = itertools.count()
                    return _look(fn(*_risen(values, rising), **{k: _risen(v, rising) for k, v in named.items()}))
                changed = values if number is None else [_renumber(v, number) for v in values]
                return _look(fn(*changed, **named))
            except Exception:  # the dummies were outside its domain: try others
                continue
    return ANY


def _entries(value: Any) -> int:
    if isinstance(value, type):  # np.float32 has a `size`, too
        return 0
    return sum(map(_entries, value)) if isinstance(value, list | tuple) else np.size(value)


def _renumber(value: Any, number: float) -> Any:
    if isinstance(value, float):
        return float(number)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim >= 2:
        return value * 0.1 + number * np.eye(*value.shape[-2:], dtype=value.dtype)
    return value


def _risen(value: Any, numbers: Iterator[int]) -> Any:
    """With another number for each float in a list or tuple, from small to large: the ends of a range, say."""
    if type(value) in (list, tuple):
        return type(value)([_risen(item, numbers) for item in value])
    return float(next(numbers)) if type(value) is float else value


def _look(value: Any) -> Aval:
    if type(value) in (tuple, list):
        return Parts(type(value), tuple(map(_look, value)))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return Parts(type(value), tuple(map(_look, value)))
    return aval_of(value)


def _counted(value: Any, numbers: Iterator[int]) -> Any:
    """With another number for each integer in a list or tuple."""
    if type(value) in (list, tuple):
        return type(value)([_counted(item, numbers) for item in value])
    return next(numbers) if type(value) is int else value


def _common(a: Aval, b: Aval) -> Aval:
    match a, b:
        case Arr(), Arr():
            return Arr(a.dtype if same_dtype(a.dtype, b.dtype) else None, join_shapes(a.shape, b.shape), a.boxed and b.boxed)
        case Parts(), Parts() if a.cls is b.cls:
            if len(a.items) == len(b.items):
                return Parts(a.cls, tuple(map(_common, a.items, b.items)))
            if a.cls is list and a.items and b.items:
                return Seq(_common(item_of(a), item_of(b)))
    return a if a == b else ANY


def _is_exact(key: Any) -> bool:
    if key[0] == "const":
        return True
    return _exact_aval(key[1])


def _exact_aval(aval: Aval) -> bool:
    match aval:
        case Num(kind):
            return kind != "int"
        case Arr():
            return aval.shape is not None and None not in aval.shape and aval.dtype is not None and aval.dtype.kind in "fc"
        case Parts(items=items):
            return all(map(_exact_aval, items))
    return False


def _has_unknown_rank(key: Any) -> bool:
    return key[0] == "var" and _rankless(key[1])


def _rankless(aval: Aval) -> bool:
    match aval:
        case Arr():
            return aval.shape is None
        case Seq(item):
            return _rankless(item)
        case Parts(items=items):
            return any(map(_rankless, items))
    return False


def _unknown_dtype(key: Any) -> bool:
    return key[0] == "var" and isinstance(key[1], Arr) and key[1].dtype is None


def _dummy(key: Any, length: int, rank: int, integer: int | None = None) -> Any:
    if key[0] == "const":
        return key[2]
    return _sample(key[1], length, rank, length if integer is None else integer)


def _sample(aval: Aval, length: int, rank: int, integer: int) -> Any:
    match aval:
        case Num(kind):
            return {"bool": True, "int": integer, "float": 1.0, "complex": 1.0 + 0j}[kind]
        case Arr(dtype, shape, boxed):
            dtype = np.dtype(float) if dtype is None else dtype
            if dtype.kind not in "fciub":
                raise _Unknowable
            if boxed and shape == ():
                return dtype.type(length if dtype.kind in "iu" else 1)
            full = (length,) * rank if shape is None else tuple(length if n is None else n for n in shape)
            if dtype.kind in "biu":
                return np.full(full, length == _LENGTHS[0], dtype)
            return np.broadcast_to(np.ones((), dtype), full)
        case Seq(item):
            return [_sample(item, length, rank, integer) for _ in range(length)]
        case Parts(cls, items):
            made = [_sample(item, length, rank, integer) for item in items]
            return cls(*made) if hasattr(cls, "_fields") else cls(made)
        case Obj(cls) if cls is range:
            return range(length)
        case Cut():
            return slice(aval.start, aval.stop, aval.step)
        case Obj(cls) if cls is slice:
            return slice(0, length - 1)
        case Obj(cls) if cls is type(None):
            return None
    raise _Unknowable


def _product(fn: Any, a: Aval, b: Aval) -> Aval:
    """The shape of a matrix product, without multiplying large matrices."""
    m, n = shape_of(a), shape_of(b)
    da, db = dtype_of(a), dtype_of(b)
    if da is None or db is None:
        dtype = None
    else:
        dtype = np.result_type(da, db)
    if m is None or n is None:
        return Arr(dtype, None)
    if m and n and None not in (inner := (m[-1], n[-min(2, len(n))])) and inner[0] != inner[1]:
        return ANY  # it raises an error
    if len(m) == 0 or len(n) == 0:  # np.dot with a scalar multiplies
        shape = m + n
    elif len(n) == 1:
        shape = m[:-1]
    elif len(m) == 1:
        shape = n[:-2] + n[-1:]
    elif fn in (np.dot, np.ndarray.dot):
        shape = m[:-1] + n[:-2] + n[-1:]
    else:
        batch = broadcast(m[:-2], n[:-2])
        if batch is None:
            return Arr(dtype, None)
        shape = (*batch, m[-2], n[-1])
    return Arr(dtype, shape, boxed=shape == ())


def broadcast(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The broadcast of two shapes that may have unknown (None) lengths."""
    short, long = sorted((a, b), key=len)
    short = (1,) * (len(long) - len(short)) + short
    out = []
    for m, n in zip(short, long, strict=True):
        if m == 1 or n == 1:
            out.append(n if m == 1 else m)
        elif m is None or n is None:
            out.append(None if m is n else (m or n))
        elif m == n:
            out.append(m)
        else:
            return None
    return tuple(out)


def _getitem(container: Any, index: Any) -> Aval:
    aval = container.aval
    match aval:
        case Seq(item):
            return aval if is_slice(index.aval) else item
        case Parts(items=items):
            if isinstance(index, Const) and isinstance(index.value, int) and -len(items) <= index.value < len(items):
                return items[index.value]
            if is_slice(index.aval):
                known = isinstance(index, Const)
                return Parts(aval.cls, items[index.value]) if known else Seq(item_of(aval)) if aval.cls is list else ANY
            return item_of(aval) if index.aval == Num("int") else ANY
        case Obj(cls) if cls is range:
            return Obj(range) if is_slice(index.aval) else Num("int")
        case Obj(cls) if cls is str:
            return Obj(str)
        case Arr():
            return _index_array(aval, index)
    return ANY


def _index_array(aval: Arr, index: Any) -> Aval:
    """NumPy's indexing, asked twice, with other lengths wherever one is not known."""
    if aval.shape is None:
        return Arr(aval.dtype, None)
    looks = []
    for length in _LENGTHS:
        full = tuple(length + 1 if n is None else n for n in aval.shape)
        try:
            key = index.value if isinstance(index, Const) else _index(index.aval, length, full)
            looks.append(np.broadcast_to(np.ones((), aval.dtype or float), full)[key])
        except (_Unknowable, IndexError, TypeError, ValueError):
            return Arr(aval.dtype, None)
    shape = join_shapes(*map(np.shape, looks))
    return Arr(aval.dtype, shape, boxed=shape == () and not isinstance(looks[0], np.ndarray))


def _index(aval: Aval, length: int, shape: tuple[int, ...]) -> Any:
    """An index of this kind: zeros for positions, and as many as are known or else `length`."""
    match aval:
        case Num("int"):
            return 0
        case Num("bool"):
            raise _Unknowable
        case Cut():
            return slice(aval.start, aval.stop, aval.step)
        case Parts(cls, items):
            return cls(_index(item, length, shape) for item in items)
        case Seq(Num("int")):
            return [0] * length
        case Arr(dtype, dims) if dtype is not None and dims is not None:
            full = tuple(length if n is None else n for n in dims)
            if dtype.kind == "b":
                mask = np.zeros(full, bool)  # how many of its entries are true is never known: not of one alone, either
                mask.flat[: min(length - 2, max(mask.size - (length == _LENGTHS[0]), 0))] = True
                return mask
            if dtype.kind in "iu":
                return np.zeros(full, dtype) if full else 0
        case Obj(cls) if cls is slice:
            return slice(0, length - 2)
        case Obj(cls) if cls is type(None):
            return None
        case Obj(cls) if cls is type(Ellipsis):
            return Ellipsis
    raise _Unknowable


def is_boolean(a: Var | Const) -> bool:
    aval = a.aval
    return aval == BOOL or (isinstance(aval, Arr) and aval.dtype == np.dtype(bool) and aval.shape == ())
