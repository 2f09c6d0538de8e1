"""The helpers that compiled programs may call: what `runtime` is to others, in code that a compiler takes."""

from __future__ import annotations

from typing import Any

import numpy as np


def array_set(x: Any, index: Any, v: Any) -> Any:
    """`x` with `v` at `index`."""
    new = x.copy()
    new[index] = v
    return new


def index_add(x: Any, index: Any, v: Any) -> Any:
    """`x` with `v` added at `index`, which names no entry twice."""
    new = x.copy()
    new[index] += v
    return new


def add_at(x: Any, index: Any, v: Any) -> None:
    """`v` added to x in place, at the rows that `index` names, as often as it names them.

    >>> x = np.zeros(3)
    >>> add_at(x, np.array([0, 2, 0]), np.array([1.0, 2.0, 3.0]))
    >>> x
    array([4., 0., 2.])
    """
    for k in range(len(index)):
        x[index[k]] += v[k]


def add_at_pairs(x: Any, rows: Any, columns: Any, v: Any) -> None:
    """`v` added to x in place, at the places that two arrays of indices name together.

    >>> x = np.zeros((2, 2))
    >>> add_at_pairs(x, np.array([0, 0]), np.array([1, 1]), np.array([1.0, 2.0]))
    >>> x
    array([[0., 3.],
           [0., 0.]])
    """
    for k in range(len(rows)):
        x[rows[k], columns[k]] += v[k]


def stacked_matmul(x: Any, y: Any) -> Any:
    """The products of the matrices of two stacks.

    >>> stacked_matmul(np.array([[[2.0]], [[3.0]]]), np.array([[[5.0]], [[7.0]]])).ravel()
    array([10., 21.])
    """
    out = np.empty((x.shape[0], x.shape[1], y.shape[2]), x.dtype)
    for k in range(len(x)):
        out[k] = np.ascontiguousarray(x[k]) @ np.ascontiguousarray(y[k])
    return out


def greatest(x: Any) -> Any:
    """The maximum along the first axis.

    >>> greatest(np.array([[1.0, 4.0], [3.0, 2.0]]))
    array([3., 4.])
    """
    top = x[0].copy()
    for k in range(1, len(x)):
        top = np.maximum(top, x[k])
    return top


def least(x: Any) -> Any:
    """The minimum along the first axis.

    >>> least(np.array([[1.0, 4.0], [3.0, 2.0]]))
    array([1., 2.])
    """
    bottom = x[0].copy()
    for k in range(1, len(x)):
        bottom = np.minimum(bottom, x[k])
    return bottom
