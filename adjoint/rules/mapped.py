"""NumPy's functions that call a function of the program for one entry, or one row, after another: said as loops.

    np.vectorize(f)(x, y)                np.array([f(a.item(), b.item()) for a, b in zip(np.ravel(x), np.ravel(y))])
    np.apply_along_axis(f, 1, a)         np.array([f(row) for row in a])
    np.fromfunction(f, (3, 4))           f(*np.indices((3, 4), dtype=float))

NumPy gives all results the dtype of the first, so that one integer makes integers of them all.  Where results are
numbers of Python, this is found only when it happens: it is refused then.
"""

import numpy as np

from adjoint.errors import Unsupported
from adjoint.rules.functional import unsupported
from adjoint.rules.registry import STANDING, constant, refuse, written_as


class Vectorized:
    """`np.vectorize(f)`."""

    def __init__(self, pyfunc, otypes, excluded, signature):
        self.pyfunc, self.otypes, self.excluded, self.signature = pyfunc, otypes, excluded, signature

    def __call__(self, *args, **kwargs):
        return each(self, *args, **kwargs)


STANDING.add(Vectorized)


def vectorize(pyfunc, otypes=None, doc=None, excluded=None, cache=False, signature=None):
    return Vectorized(pyfunc, otypes, excluded, signature)


def each(self, *args, **kwargs):
    """The call of `np.vectorize(f)`: f takes numbers of Python, those of the arguments in step."""
    unsupported(self.signature is not None, "`np.vectorize` with a signature", "Write a loop.")
    unsupported(self.excluded, "`np.vectorize` with `excluded`", "Leave those arguments to a lambda.")
    given = together(*args, *kwargs.values())
    results = [applied(self.pyfunc, len(args), tuple(kwargs), *items) for items in zip(*map(np.ravel, given), strict=True)]
    shape = np.shape(given[0])
    if not isinstance(results[0], tuple):
        return entries(results, shape, self.otypes, 0)
    return tuple([entries([r[k] for r in results], shape, self.otypes, k) for k in range(len(results[0]))])


def together(*arrays):
    return (np.asarray(arrays[0]),) if len(arrays) == 1 else np.broadcast_arrays(*arrays)


def applied(f, n, names, *items):
    """f of numbers of Python: the first n, and those with names."""
    numbers = [item.item() for item in items]
    return f(*numbers[:n], **dict(zip(names, numbers[n:], strict=True)))


def entries(results, shape, otypes, k):
    if otypes is None:
        entire(results)
    return np.reshape(np.array(results, dtype=None if otypes is None else otypes[k]), shape)


def entire(results):
    """Refuse results that NumPy would cut off: the first is an integer, and others are not."""
    if isinstance(results[0], int) and not all(isinstance(r, int) for r in results):
        raise Unsupported(
            "`np.vectorize` makes integers of all results here, because the first is one.",
            "Return floats from each branch (`0.0`), or say `otypes=[float]`.",
        )


constant(entire, why="has an effect, and no result", pure=False)


def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    arr = np.asarray(arr)
    moved = np.moveaxis(arr, axis, -1)
    rows = np.reshape(moved, (-1, np.shape(moved)[-1]))
    results = np.array([func1d(row, *args, **kwargs) for row in rows])
    whole = np.reshape(results, (*np.shape(moved)[:-1], *np.shape(results)[1:]))
    first, own = axis % np.ndim(arr), np.ndim(results) - 1
    return np.moveaxis(whole, tuple(range(np.ndim(whole) - own, np.ndim(whole))), tuple(range(first, first + own)))


def fromfunction(function, shape, *, dtype=float, like=None, **kwargs):
    return function(*np.indices(shape, dtype=dtype), **kwargs)


written_as(np.vectorize, vectorize)
written_as(np.vectorize.__call__, each)
written_as(np.apply_along_axis, apply_along_axis)
written_as(np.fromfunction, fromfunction)

refuse(np.nditer, why="what it gives are views; loop over `x.flat`, `np.ndenumerate(x)` or `np.ndindex(x.shape)`")
