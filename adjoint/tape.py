"""A tape: the other way to differentiate, here to be compared with.

A `Tracked` number or array stands for a value while the function runs.  Each operation on one records,
beside its result, what it was made of and how a cotangent of the result goes back to each of them:

    w3 = w1 * w2          w3.parents = ((w1, g -> g * w2), (w2, g -> g * w1))

`grad` runs the function on tracked values, then walks what was recorded once, last to first, and adds up
what arrives at each value before it is passed on.  The order in which values are made is a topological
order, so every value is visited once; going along every *path* instead, as the shortest tutorials do,
takes time exponential in the depth of the program.

This is all there is to the classic design, and it is honest: rules are as good as ours, an element that is
read sends its cotangent back in place, and constants are not recorded.  What it costs is what `adjoint`
saves: a node and a closure for each operation, in each call.

    >>> from adjoint import tape
    >>> tape.grad(lambda x, y: x * y + np.sin(x), wrt=(0, 1))(2.0, 3.0)
    (2.5838531634528574, 2.0)

Understood: arithmetic, `@`, indexing, the ufuncs in `PARTIALS`, the NumPy functions in `PULLBACKS`, branches
and loops of any kind.  Not: writing to an array that is tracked, `math.sin` (write `np.sin`).

Bartholomew-Biggs, Brown, Christianson, Dixon: Automatic differentiation of algorithms, 2000, section 3.
"""

from __future__ import annotations

import heapq
import itertools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Pull = Callable[[Any], Any]  # a cotangent of the result -> one of the operand

_numbers = itertools.count()


class Tracked:
    """A value that is recorded: a float or an array, what it was made of, and its number in the order of making."""

    __slots__ = ("number", "parents", "value")
    __hash__ = None  # type: ignore[assignment]  # `==` compares values

    def __init__(self, value: Any, parents: tuple[tuple[Tracked, Pull], ...] = ()) -> None:
        self.value, self.parents, self.number = value, parents, next(_numbers)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            return NotImplemented
        values = tuple(map(_value, operands))
        return _operation(ufunc, ufunc(*values), operands, values)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in (np.shape, np.ndim, np.size, np.zeros_like, np.ones_like):
            return function(*map(_value, args), **kwargs)
        if function not in PULLBACKS:
            raise TypeError(f"the tape has no derivative of np.{function.__name__}: see adjoint.tape.PULLBACKS")
        return PULLBACKS[function](*args, **kwargs)

    def __getitem__(self, index: Any) -> Any:
        value = self.value
        return _recorded(value[index], (self,), (lambda g: _Part(index, g, value),))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError("the tape cannot record a write: make a new array, with np.concatenate or np.where")

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Any:
        return (self[k] for k in range(len(self.value)))

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        raise TypeError("a function that makes a plain float of its argument leaves the tape: write np.sin for math.sin")

    def __repr__(self) -> str:
        return f"Tracked({self.value!r})"

    shape = property(lambda self: np.shape(self.value))
    ndim = property(lambda self: np.ndim(self.value))
    size = property(lambda self: np.size(self.value))
    dtype = property(lambda self: self.value.dtype)
    T = property(lambda self: np.transpose(self))

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return _sum(self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        return _mean(self, axis, keepdims)

    def reshape(self, *shape: Any) -> Any:
        return _reshape(self, shape[0] if len(shape) == 1 else shape)


def _operator(ufunc: Any, apply: Callable[..., Any], swap: bool = False) -> Any:
    """`x * y` where either is tracked: on plain floats without NumPy."""
    if ufunc.nin == 1:
        return lambda x: _operation(ufunc, apply(x.value), (x,), (x.value,))

    def method(x: Any, y: Any) -> Any:
        operands = (y, x) if swap else (x, y)
        values = (_value(operands[0]), _value(operands[1]))
        return _operation(ufunc, apply(*values), operands, values)

    return method


BINARY: dict[str, Any] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "pow": np.power, "matmul": np.matmul,
}
OTHERS: dict[str, Any] = {
    "neg": np.negative, "pos": np.positive, "abs": np.absolute, "lt": np.less, "le": np.less_equal,
    "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
}
for _name, _ufunc in (BINARY | OTHERS).items():
    setattr(Tracked, f"__{_name}__", _operator(_ufunc, getattr(operator, _name)))
for _name, _ufunc in BINARY.items():
    setattr(Tracked, f"__r{_name}__", _operator(_ufunc, getattr(operator, _name), swap=True))


class _Part:
    """A cotangent that is zero but for one part: reading n elements costs n, not n arrays of n."""

    __slots__ = ("g", "index", "like")

    def __init__(self, index: Any, g: Any, like: Any) -> None:
        self.index, self.g, self.like = index, g, like

    def into(self, total: Any) -> Any:
        if _is_basic(self.index):
            total[self.index] += self.g
        else:
            np.add.at(total, self.index, self.g)
        return total


def _is_basic(index: Any) -> bool:
    """Does an index name each element at most once?"""
    parts = index if isinstance(index, tuple) else (index,)
    return all(part is None or part is Ellipsis or isinstance(part, int | np.integer | slice) for part in parts)


def _value(x: Any) -> Any:
    if isinstance(x, Tracked):
        return x.value
    return type(x)(map(_value, x)) if isinstance(x, list | tuple) else x


def _recorded(value: Any, operands: Sequence[Any], pulls: Sequence[Pull | None]) -> Tracked:
    parents = [(x, pull) for x, pull in zip(operands, pulls, strict=True) if isinstance(x, Tracked) and pull is not None]
    return Tracked(value, tuple(parents))


def _operation(ufunc: np.ufunc, result: Any, operands: Sequence[Any], values: Sequence[Any]) -> Any:
    """The result of a ufunc or operator, recorded with the partial derivatives by its operands."""
    if ufunc in CONSTANT:
        return result
    if ufunc is np.matmul:
        return _recorded(result, operands, _matmul(*values))
    if ufunc not in PARTIALS:
        raise TypeError(f"the tape has no derivative of np.{ufunc.__name__}: see adjoint.tape.PARTIALS")
    pulls = [
        _elementwise(partial, result, values, k) if isinstance(x, Tracked) else None
        for k, (partial, x) in enumerate(zip(PARTIALS[ufunc], operands, strict=True))
    ]
    return _recorded(result, operands, pulls)


# --- rules --------------------------------------------------------------------------------------

Partial = Callable[..., Any]  # (result, *operands) -> the partial derivative

PARTIALS: dict[np.ufunc, tuple[Partial, ...]] = {
    np.add: (lambda z, x, y: 1.0, lambda z, x, y: 1.0),
    np.subtract: (lambda z, x, y: 1.0, lambda z, x, y: -1.0),
    np.multiply: (lambda z, x, y: y, lambda z, x, y: x),
    np.divide: (lambda z, x, y: 1.0 / y, lambda z, x, y: -z / y),
    np.power: (
        lambda z, x, y: y * x ** (y - 1.0),
        lambda z, x, y: z * np.log(np.where(np.equal(x, 0.0), 1.0, x)),
    ),
    np.maximum: (lambda z, x, y: _share(x, y), lambda z, x, y: _share(y, x)),
    np.minimum: (lambda z, x, y: _share(y, x), lambda z, x, y: _share(x, y)),
    np.negative: (lambda z, x: -1.0,),
    np.positive: (lambda z, x: 1.0,),
    np.absolute: (lambda z, x: np.sign(x),),
    np.sqrt: (lambda z, x: 0.5 / z,),
    np.square: (lambda z, x: 2.0 * x,),
    np.exp: (lambda z, x: z,),
    np.expm1: (lambda z, x: z + 1.0,),
    np.log: (lambda z, x: 1.0 / x,),
    np.log1p: (lambda z, x: 1.0 / (1.0 + x),),
    np.sin: (lambda z, x: np.cos(x),),
    np.cos: (lambda z, x: -np.sin(x),),
    np.tanh: (lambda z, x: 1.0 - z * z,),
}
"""The partial derivatives of each ufunc, one an operand."""

CONSTANT = frozenset(
    {np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.sign, np.floor, np.isfinite}
)
"""Ufuncs whose derivative is zero wherever there is one."""


def _share(x: Any, y: Any) -> Any:
    """What x has of the maximum of x and y: a half where they are equal."""
    return 0.5 * (np.greater_equal(x, y) + 1.0 * np.greater(x, y))


def _elementwise(partial: Partial, result: Any, values: Sequence[Any], k: int) -> Pull:
    slope, shape = partial(result, *values), np.shape(values[k])
    if np.shape(result) == shape:
        return lambda g: g * slope
    return lambda g: _summed(g * slope, shape)


def _summed(g: Any, shape: tuple[int, ...]) -> Any:
    """The cotangent of what was broadcast from `shape`."""
    g = np.sum(g, axis=tuple(range(np.ndim(g) - len(shape))))
    wide = tuple(k for k, n in enumerate(shape) if n == 1 and g.shape[k] != 1)
    return np.sum(g, axis=wide, keepdims=True) if wide else g


def _matmul(a: Any, b: Any) -> tuple[Pull, Pull]:
    if a.ndim == 1 and b.ndim == 1:
        return lambda g: g * b, lambda g: g * a
    if b.ndim == 1:
        return lambda g: _summed(g[..., None] * b, a.shape), lambda g: np.tensordot(g, a, g.ndim)
    if a.ndim == 1:
        return lambda g: np.tensordot(g, np.swapaxes(b, -1, -2), g.ndim) if b.ndim == 2 else _refused("vector @ stack"), (
            lambda g: _summed(a[:, None] * g[..., None, :], b.shape)
        )
    return lambda g: _summed(g @ np.swapaxes(b, -1, -2), a.shape), lambda g: _summed(np.swapaxes(a, -1, -2) @ g, b.shape)


def _refused(what: str) -> Any:
    raise TypeError(f"the tape has no derivative of {what}")


def _sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    value = x.value
    return _recorded(np.sum(value, axis=axis, keepdims=keepdims), (x,), (lambda g: _spread(g, value, axis, keepdims),))


def _mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    total = _sum(x, axis, keepdims)
    return total * (np.size(total.value) / np.size(x.value))


def _max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The cotangent goes to the greatest; several share it."""
    value = x.value
    result = np.max(value, axis=axis, keepdims=keepdims)

    def pull(g: Any) -> Any:
        greatest = value == np.max(value, axis=axis, keepdims=True)
        return _spread(g, value, axis, keepdims) * greatest / np.sum(greatest, axis=axis, keepdims=True)

    return _recorded(result, (x,), (pull,))


def _spread(g: Any, like: Any, axis: Any, keepdims: bool) -> Any:
    """A cotangent of a reduction, the same along what was reduced."""
    if axis is not None and not keepdims:
        g = np.expand_dims(g, axis)
    return np.broadcast_to(g, np.shape(like))


def _reshape(x: Any, shape: Any) -> Any:
    return _recorded(np.reshape(x.value, shape), (x,), (lambda g: np.reshape(g, x.shape),))


def _transpose(x: Any, axes: Any = None) -> Any:
    back = None if axes is None else np.argsort(axes)
    return _recorded(np.transpose(x.value, axes), (x,), (lambda g: np.transpose(g, back),))


def _swapaxes(x: Any, first: int, second: int) -> Any:
    return _recorded(np.swapaxes(x.value, first, second), (x,), (lambda g: np.swapaxes(g, first, second),))


def _concatenate(parts: Any, axis: int = 0) -> Any:
    ends = list(itertools.accumulate(np.shape(part)[axis] for part in parts))

    def pull(start: int, end: int) -> Pull:
        return lambda g: np.moveaxis(np.moveaxis(g, axis, 0)[start:end], 0, axis)

    pulls = [pull(start, end) for start, end in zip([0, *ends], ends, strict=False)]
    return _recorded(np.concatenate(_value(parts), axis), parts, pulls)


def _stack(parts: Any, axis: int = 0) -> Any:
    pulls: list[Pull] = [lambda g, k=k: np.moveaxis(g, axis, 0)[k] for k in range(len(parts))]  # type: ignore[misc]
    return _recorded(np.stack(_value(parts), axis), parts, pulls)


def _where(test: Any, x: Any, y: Any) -> Any:
    test, shapes = _value(test), (np.shape(_value(x)), np.shape(_value(y)))
    pulls: tuple[Pull, Pull] = (
        lambda g: _summed(np.where(test, g, 0.0), shapes[0]), lambda g: _summed(np.where(test, 0.0, g), shapes[1]),
    )
    return _recorded(np.where(test, _value(x), _value(y)), (x, y), pulls)


def _einsum(subscripts: str, *operands: Any) -> Any:
    """Of the explicit form, each index at most once an operand: the cotangent takes the place of the operand."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if not arrow or "." in subscripts or any(len(set(term)) < len(term) for term in terms):
        _refused(f"np.einsum({subscripts!r}, ...)")
    values = _value(operands)

    def pull(k: int) -> Pull:
        others, rest = [terms[j] for j in range(len(terms)) if j != k], [v for j, v in enumerate(values) if j != k]
        if set(terms[k]) - set(output).union(*others):
            _refused(f"np.einsum({subscripts!r}, ...)")
        return lambda g: np.einsum(f"{','.join((output, *others))}->{terms[k]}", g, *rest)

    pulls = [pull(k) if isinstance(x, Tracked) else None for k, x in enumerate(operands)]
    return _recorded(np.einsum(subscripts, *values), operands, pulls)


PULLBACKS: dict[Any, Callable[..., Any]] = {
    np.sum: _sum, np.mean: _mean, np.max: _max, np.reshape: _reshape, np.transpose: _transpose,
    np.swapaxes: _swapaxes, np.concatenate: _concatenate, np.stack: _stack, np.where: _where, np.einsum: _einsum,
    np.dot: lambda a, b: a * b if np.ndim(a) == 0 or np.ndim(b) == 0 else a @ b,
}
"""NumPy functions that are not elementwise, each as a function of tracked values that records its pullback."""


# --- the sweep ----------------------------------------------------------------------------------


def grad(fun: Callable[..., Any], wrt: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The gradient of a function with a scalar result, by recording it anew in each call.

    Its structure is the argument's: a float, an array, or tuples, lists and dicts of them (what is neither
    has gradient None).

    >>> from adjoint import tape
    >>> tape.grad(lambda p: np.sum(p["w"] ** 2) * p["b"])({"w": np.array([1.0, 2.0]), "b": 3.0})
    {'w': array([ 6., 12.]), 'b': 5.0}

    Raises TypeError where the function does something that the tape has no derivative of.
    """
    return lambda *args: value_and_grad(fun, wrt)(*args)[1]


def value_and_grad(fun: Callable[..., Any], wrt: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """Like `grad`, but the result is `(value, gradient)`.

    >>> from adjoint import tape
    >>> tape.value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    places = (wrt,) if isinstance(wrt, int) else wrt

    def run(*args: Any) -> tuple[Any, Any]:
        given = list(args)
        for k in places:
            given[k] = _tracked(args[k])
        result = fun(*given)
        bars = _swept(result) if isinstance(result, Tracked) else {}
        found = tuple(_gradient(given[k], bars) for k in places)
        return _value(result), found[0] if isinstance(wrt, int) else found

    return run


def _swept(result: Tracked) -> dict[int, Any]:
    """The cotangents of the inputs, by their numbers.

    A value is taken when all that was made from it has been: of those reached, the one made last.
    """
    if np.ndim(result.value) != 0:
        raise TypeError(f"a gradient is that of a number, not of an array of shape {np.shape(result.value)}")
    bars: dict[int, Any] = {result.number: 1.0}
    ours: set[int] = set()  # cotangents that are arrays made here, which may be added to in place
    reached, waiting = {result.number: result}, [-result.number]
    inputs = {}
    while waiting:
        node = reached.pop(-heapq.heappop(waiting))
        g = bars.pop(node.number)
        if not node.parents:
            inputs[node.number] = g
        for parent, pull in node.parents:
            number, part = parent.number, pull(g)
            if number not in reached:
                reached[number] = parent
                heapq.heappush(waiting, -number)
            bars[number] = _added(bars.get(number), part, number, ours)
    return inputs


def _added(total: Any, part: Any, number: int, ours: set[int]) -> Any:
    if isinstance(part, _Part):
        if number not in ours:
            ours.add(number)
            total = np.zeros_like(part.like) if total is None else np.array(total)
        return part.into(total)
    if total is None:
        return part
    if number in ours:
        return operator.iadd(total, part)
    if isinstance(total, np.ndarray):
        ours.add(number)
    return total + part


def _tracked(x: Any) -> Any:
    if isinstance(x, dict):
        return {key: _tracked(item) for key, item in x.items()}
    if isinstance(x, list | tuple):
        return type(x)([_tracked(item) for item in x])
    is_float = isinstance(x, float) or (isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f")
    return Tracked(x) if is_float else x


def _gradient(x: Any, bars: dict[int, Any]) -> Any:
    if isinstance(x, Tracked):
        g = bars.get(x.number)
        if g is None:
            return np.zeros_like(x.value) if isinstance(x.value, np.ndarray) else 0.0
        return np.array(g) if isinstance(x.value, np.ndarray) else type(x.value)(g)
    if isinstance(x, dict):
        return {key: _gradient(item, bars) for key, item in x.items()}
    if isinstance(x, list | tuple):
        return type(x)([_gradient(item, bars) for item in x])
    return None
