"""The helpers that lowered programs may call.  Few of them are ever seen in generated source.

`make_list` and its like stand for displays and are printed as such; `index_add` is printed as
`x[i] += v`.  `unbroadcast` is what remains of broadcasting where the shapes are not known.
"""

from __future__ import annotations

import operator
import sys
from typing import Any

import numpy as np

from .errors import BadRule, Unsupported, WrongArgument


def make_tuple(*items: Any) -> tuple[Any, ...]:
    return items


def make_list(*items: Any) -> list[Any]:
    return list(items)


def make_dict(keys: tuple[Any, ...], *items: Any) -> dict[Any, Any]:
    return dict(zip(keys, items, strict=True))


def make_object(cls: type, names: tuple[str, ...], *items: Any) -> Any:
    """An instance of `cls` with these attributes, made without running `__init__`."""
    new: Any = object.__new__(cls)
    for name, item in zip(names, items, strict=True):
        object.__setattr__(new, name, item)
    return new


def call(fn: Any, *args: Any, **kwargs: Any) -> Any:
    return fn(*args, **kwargs)


def load(fn: Any, where: str, key: Any) -> Any:
    """A global, closure variable or default of the user's function, as it is now."""
    found = getattr(fn, where)[key]
    return found.cell_contents if where == "__closure__" else found


def append(items: list[Any], item: Any) -> list[Any]:
    return [*items, item]


def popped(items: list[Any]) -> tuple[list[Any], Any]:
    """A list without its last item, and that item."""
    return items[:-1], items[-1]


def set_item(items: list[Any], index: Any, item: Any) -> list[Any]:
    new = list(items)
    new[index] = item
    return new


def identity(x: Any) -> Any:
    """The value itself: a line of its own in the textbook form, nothing in the default form."""
    return x


def check_apart(written: int, *arrays: Any) -> None:
    """Refuse arguments that share memory, of which the first `written` are written to."""
    for k in range(written):
        for other in (*arrays[:k], *arrays[k + 1 :]):
            if isinstance(arrays[k], np.ndarray) and isinstance(other, np.ndarray) and np.may_share_memory(arrays[k], other):
                raise WrongArgument(
                    "Two arguments share memory, and one of them is written to.", "Pass a copy (`.copy()`) of one of them."
                )


def index_add(x: Any, index: Any, v: Any) -> Any:
    """`x` with `v` added at `index`, entries that occur several times added several times."""
    if isinstance(x, dict):
        return {**x, index: add(x[index], v)}
    if isinstance(x, list | tuple):
        new = list(x)
        if isinstance(index, slice):
            for place, part in zip(range(*index.indices(len(new))), v, strict=True):
                new[place] = add(new[place], part)
        else:
            new[index] = add(new[index], v)
        if hasattr(x, "_fields"):
            return type(x)(*new)
        return new if isinstance(x, list) else type(x)(new)
    new = x.copy()
    np.add.at(new, index, v)
    return new


def index_added(x: Any, index: Any, v: Any) -> Any:
    """`index_add` in place where that can be: for a cotangent of which nobody knows before whether it is a tuple.

    >>> index_added((1.0, 2.0), 1, 0.5)
    (1.0, 2.5)
    """
    if not isinstance(x, np.ndarray):
        return index_add(x, index, v)
    np.add.at(x, index, v)
    return x


def refill(container: Any, new: Any) -> None:
    """Give a list, dict or array that stays itself the contents of another."""
    if isinstance(container, dict):
        container.clear()
        container.update(new)
    else:
        container[:] = new


def store(fn: Any, name: str, value: Any) -> None:
    """Assign to a global variable of the user's function."""
    fn.__globals__[name] = value


def raise_(error: Any = None, cause: Any = None) -> None:
    if error is None:
        current = sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1]
        assert current is not None
        raise current
    raise error from cause


def refuse(condition: Any, what: str, where: str) -> None:
    """A call that has no derivative, as is found only when it is there."""
    if condition:
        raise Unsupported(f"{where}\n{what}" if where else what)


def check(condition: Any, message: Any = None) -> None:
    if not condition:
        raise AssertionError(message) if message is not None else AssertionError


def unbroadcast(g: Any, x: Any) -> Any:
    """The cotangent of `x`, given that of something `x` was broadcast to: `g` summed to x's shape.

    The dtype follows too: a cotangent has the dtype of its value.  Where g is the smaller of the two it is spread, into
    an array of its own: cotangents are added to in place, and what `np.broadcast_to` returns is read-only.

    >>> unbroadcast(np.ones((3, 2)), np.zeros(2))
    array([3., 3.])
    """
    if g is None:  # a rule that found, when it ran, that there is no cotangent
        return zeros_like(x)
    if isinstance(x, list | tuple | dict):
        return g
    shape = np.shape(x)
    if np.shape(g) != shape:
        extra = np.ndim(g) - len(shape)
        if extra < 0 or np.ndim(g) == 0:
            g = np.array(np.broadcast_to(g, shape))
        elif 0 in shape:  # an array of no rows, `np.array([])`, need not know how long they would be
            g = np.zeros(shape, np.result_type(g))
        else:
            g = np.sum(g, axis=tuple(range(extra))) if extra else g
            ones = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
            g = np.sum(g, axis=ones, keepdims=True) if ones else g
            if np.shape(g) != shape:
                g = np.array(np.broadcast_to(g, shape))
    dtype = np.asarray(x).dtype if not isinstance(x, float | int | complex) else np.dtype(type(x))
    if dtype.kind == "f" and np.iscomplexobj(g):
        g = np.real(g)
    if dtype.kind in "fc" and isinstance(g, np.ndarray | np.generic) and g.dtype != dtype:
        g = g.astype(dtype)
    return g


def zeros_like(x: Any) -> Any:
    """Zero cotangents for any value: numbers, arrays, and lists, tuples and dicts of them."""
    if isinstance(x, list):
        return [zeros_like(item) for item in x]
    if isinstance(x, tuple):
        made = [zeros_like(item) for item in x]
        return type(x)(*made) if hasattr(x, "_fields") else tuple(made)
    if isinstance(x, dict):
        return {k: zeros_like(v) for k, v in x.items()}
    if isinstance(x, np.ndarray):
        return np.zeros_like(x) if x.dtype.kind in "fcO" else np.zeros(x.shape)
    if isinstance(x, np.generic):
        return type(x)(0) if x.dtype.kind in "fc" else 0.0
    if isinstance(x, complex):
        return 0j
    return 0.0


def keys(container: Any) -> list[Any]:
    """What looping over a dict or a set gives."""
    return list(container)


def order(keys: list[Any], backwards: bool = False) -> list[int]:
    """Where the items of a sorted list stood before."""
    return sorted(range(len(keys)), key=keys.__getitem__, reverse=backwards)


def picked(items: list[Any], places: list[int]) -> list[Any]:
    return [items[k] for k in places]


def placed(g: list[Any], places: list[int]) -> list[Any]:
    """The cotangent of a list, given that of the list in another order."""
    out = list(g)
    for part, k in zip(g, places, strict=True):
        out[k] = part
    return out


def array_set(x: Any, index: Any, v: Any) -> Any:
    """`x` with `v` at `index`."""
    new = x.copy()
    if new.dtype.kind in "iub" and np.asarray(v).dtype.kind in "fc":
        raise TypeError(f"floats are written into an array of {new.dtype}")
    new[index] = v
    return new


def array_put(x: Any, index: Any, v: Any) -> Any:
    """`x` with `v` at `index`, which may name a place several times: the last counts."""
    return array_set(x, index, v)


def put_back(g: Any, index: Any) -> Any:
    """The cotangent of what `array_put` wrote: that of each place goes to the last that was written there.

    >>> put_back(np.array([1.0, 2.0]), [0, 0, 1])
    array([0., 1., 2.])
    """
    places = np.arange(g.size).reshape(g.shape)[index]
    last = np.empty(g.size, dtype=int)
    last[places.ravel()] = np.arange(places.size)
    return np.where(last[places] == np.arange(places.size).reshape(places.shape), g[index], 0.0)


def changed(x: Any, *others: Any) -> Any:
    """`x`, after a function that adjoint does not know was given it, and may have put `others` into it."""
    return x


def repeat(items: list[Any], times: int) -> list[Any]:
    return items * times


def folded(g: Any, n: int) -> list[Any]:
    """The cotangent of a list of `n` items, given that of the list repeated.

    >>> folded([1.0, 2.0, 3.0, 4.0], 2)
    [4.0, 6.0]
    """
    out = list(g[:n])
    for k in range(n, len(g)):
        out[k % n] = add(out[k % n], g[k])
    return out


def stop_gradient(x: Any) -> Any:
    """`x` itself, a number, an array or a container of them, with derivative zero: what is computed from it counts as
    constant.

    >>> from adjoint import grad, stop_gradient
    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    3.0
    """
    return x


def no_cotangent(of: str, k: int) -> tuple[str, str]:
    """What is wrong with a rule that returns None for an argument of which a derivative is asked for."""
    return (
        f"The rule of `{of}` returns None for its argument {k}, and the gradient depends on that argument.",
        "Return its cotangent, 0.0 if it is zero: None is for what is no number, or is never differentiated.",
    )


def cotangents_of(
    given: Any, wanted: tuple[int, ...], most: int, of: str, *args: Any, partly: bool = False
) -> tuple[Any, ...]:
    """Those of the cotangents that a rule returned which are wanted, of at most so many: one alone is that of the
    first argument.  `args` are the arguments of these places, for the shapes; `partly` says that not all of the result
    was read, so that one may be missing.

    >>> cotangents_of((1.0, None, 3.0), (0, 2), 3, "f", 2.0, 1.0)
    (1.0, 3.0)
    """
    items = given if type(given) is tuple else (given,)
    if len(items) > most:
        raise BadRule(
            f"The rule of `{of}` returned {len(items)} cotangents for {most} arguments.", "Return one for each argument."
        )
    if len(items) <= max(wanted):
        raise BadRule(
            f"The rule of `{of}` returned {len(items)} cotangents, and that of argument {max(wanted)} is needed.",
            "Return one for each argument, None where there is none.",
        )
    for k, x in zip(wanted, args, strict=True):
        if items[k] is None and _is_numeric(x) and not partly:
            raise BadRule(*no_cotangent(of, k))
        have, want = np.shape(items[k]) if _is_numeric(items[k]) else (), np.shape(x) if _is_numeric(x) else ()
        try:
            fits = np.broadcast_shapes(have, want) in (have, want)
        except ValueError:
            fits = False
        if not fits:
            raise BadRule(
                f"The rule of `{of}` returned a cotangent of shape {have} for its argument {k}, of shape {want}.",
                "A cotangent has the shape of its argument.",
            )
    return tuple(items[k] for k in wanted)


def _is_numeric(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic | int | float | complex)


def owned(g: Any) -> Any:
    """A cotangent that may be returned: an array that nobody else holds."""
    return np.array(g) if isinstance(g, np.ndarray) else g


def of_shape(seed: Any, value: Any) -> Any:
    """A cotangent, if it has the shape of its value."""
    if np.shape(seed) != np.shape(value):
        raise WrongArgument(
            f"A cotangent has shape {np.shape(seed)}, and its value {np.shape(value)}.",
            "A cotangent has the shape of what it is the cotangent of.",
        )
    return seed


def kept(x: Any) -> Any:
    """A copy of arrays and containers, for a tape that outlives the call."""
    if isinstance(x, np.ndarray):
        return x.copy(order="K")
    if isinstance(x, dict):
        return {k: kept(v) for k, v in x.items()}
    if isinstance(x, list):
        return [kept(v) for v in x]
    if isinstance(x, tuple):
        made = [kept(v) for v in x]
        return type(x)(*made) if hasattr(x, "_fields") else tuple(made)
    return x


def turn() -> None:
    """Stands between the two sweeps of a program that is divided there."""


def floats(g: Any) -> list[float]:
    return [float(x) for x in g]


def arrays(g: Any) -> list[Any]:
    return [np.array(x) for x in g]


def add(a: Any, b: Any) -> Any:
    """The sum of two cotangents of one value; lists, tuples and dicts are added item by item."""
    if a is None or b is None:
        return b if a is None else a
    if isinstance(a, list | tuple) or isinstance(b, list | tuple):
        made = [add(m, n) for m, n in zip(a, b, strict=True)]
        cls = type(a) if isinstance(a, list | tuple) else type(b)
        return cls(*made) if hasattr(cls, "_fields") else cls(made)
    if isinstance(a, dict):
        return {k: add(a[k], b[k]) for k in a}
    return operator.add(a, b)
