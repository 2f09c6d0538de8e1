"""What NumPy's functions that write to an array do, said with indices.

A call of one is lowered as a call of the function of the same name here would be, in its place:

    np.putmask(y, y < 0, x)         y[mask] = np.resize(x, (4,))[mask]

so that views, aliases, dtypes and derivatives follow from what is known of `y[...] = v`.
"""

from __future__ import annotations

from typing import Any

import numpy as np


class Flat:
    """`x.flat`: the entries of an array row by row, whatever way it lies in memory.

    What is read is a copy; values that are too few are repeated.
    """

    def __init__(self, array):
        self.array = array

    def __len__(self):
        return self.array.size

    def __getitem__(self, key):
        if isinstance(key, int):
            return self.array[place(key, self.array.shape)]
        return np.ravel(self.array)[key].copy()

    def __setitem__(self, key, v):
        array = self.array
        if isinstance(key, int):
            array[place(key, array.shape)] = v
        else:
            apart(array, v)
            places = np.arange(array.size)[key]
            array[place(places, array.shape)] = filled(v, places.shape)

    def copy(self):
        return self.array.flatten()


def apart(array: Any, v: Any) -> None:
    """Refused by lowering where `v` shares memory with `array`, and NumPy reads the one while it writes the other."""


def place(k, shape):
    """The index of entry number `k`, or of several."""
    index: tuple[Any, ...] = ()
    for n in shape[:0:-1]:
        index = (k % n, *index)
        k = k // n
    return (k, *index)


def filled(v, shape):
    """Numbers as they are, of an array as many as are asked for, from the start again when there are too few."""
    if isinstance(v, (list, tuple)):
        v = np.array(v)
    if np.ndim(v) == 0:
        return v
    return np.resize(v, shape)


def assign_flat(a, v):
    """`a.flat = v`."""
    apart(a, v)
    a[...] = filled(v, a.shape)


def put(a, ind, v, mode="raise"):
    places = np.asarray(ind)
    if mode == "clip":
        places = np.clip(places, 0, a.size - 1)
    elif mode == "wrap":
        places = places % a.size
    a[place(places, a.shape)] = filled(v, places.shape)


def putmask(a, mask, values):
    mask = np.asarray(mask)
    values = filled(values, a.shape)
    a[mask] = values if np.ndim(values) == 0 else values[mask]


def place_masked(arr, mask, vals):
    """`np.place`: the first `vals` to where the mask holds."""
    mask = np.asarray(mask)
    apart(arr, np.asarray(vals)[...])
    arr[mask] = filled(vals, (np.count_nonzero(mask),))


def copyto(dst, src, casting="same_kind", where=True):
    if where is True:
        dst[...] = src
    else:
        src = filled(src, np.shape(src))
        mask = np.broadcast_to(where, dst.shape)
        dst[mask] = src if np.ndim(src) == 0 else np.broadcast_to(src, dst.shape)[mask]


def fill_diagonal(a, val, wrap=False):
    if a.ndim < 2:
        raise ValueError("array must be at least 2-d")
    if a.ndim == 2:
        count = (a.size if wrap else min(a.size, a.shape[1] * a.shape[1])) + a.shape[1]
        rows = np.arange(count // (a.shape[1] + 1)) * (a.shape[1] + 1)
        index = place(rows, a.shape)
    else:
        if a.shape[1:] != a.shape[:-1]:
            raise ValueError("All dimensions of input must be of equal length")
        rows = np.arange(a.shape[0])
        index = (rows,) * a.ndim
    a[index] = filled(val, rows.shape)


def put_along_axis(arr, indices, values, axis=-1):
    if axis is None:
        arr[place(indices, arr.shape)] = values
    else:
        axis = axis % arr.ndim
        index: tuple[Any, ...] = ()
        for k, n in enumerate(arr.shape):
            along = (1,) * k + (-1,) + (1,) * (arr.ndim - 1 - k)
            index = (*index, indices if k == axis else np.arange(n).reshape(along))
        arr[index] = values


def at_once(fn, a, indices, b):
    """`fn.at(a, indices, b)`, no place being named twice."""
    a[indices] = fn(a[indices], b)


def at_each(fn, a, indices, b):
    """`fn.at(a, indices, b)`, one place after the other."""
    places = np.arange(a.size).reshape(a.shape)[indices]
    b = np.broadcast_to(b, places.shape).ravel()
    for k, number in enumerate(places.ravel()):
        at = place(number, a.shape)
        a[at] = fn(a[at], b[k])


def one_at_once(fn, a, indices):
    """`fn.at(a, indices)` of a ufunc with one operand, no place being named twice."""
    a[indices] = fn(a[indices])


def one_at_each(fn, a, indices):
    """`fn.at(a, indices)` of a ufunc with one operand, one place after the other."""
    for number in np.arange(a.size).reshape(a.shape)[indices].ravel():
        at = place(number, a.shape)
        a[at] = fn(a[at])
