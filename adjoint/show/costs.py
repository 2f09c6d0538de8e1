"""What a gradient costs: operations of both sweeps, and what the reverse sweep needs recorded of the forward sweep.

An operation on numbers is one; on arrays as many as the larger of its operands and its result have entries; a matrix product
2mnk.  What only moves values (indexing, reshaping, copies) is none.  By this count the gradient, both sweeps together, is known
to cost at most a small multiple of the function, four to five times as much, whatever the number of inputs.
Griewank and Walther, Evaluating Derivatives, 2nd edition, section 4.5 (their count includes moves).
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import runtime
from ..ir import Apply, Block, Callee, Function, Var, applied, blocks, defined, free_of, run
from ..testing import float_leaves

_MOVES = {
    operator.getitem, getattr, np.reshape, np.ravel, np.transpose, np.zeros, np.zeros_like, np.ones, np.ones_like, np.copy,
    np.array, np.asarray, np.broadcast_to, np.squeeze, np.expand_dims, np.concatenate, np.stack,
    runtime.identity, runtime.make_tuple, runtime.make_list, runtime.make_dict, runtime.make_object, runtime.append,
    runtime.popped, runtime.set_item, runtime.array_set, runtime.zeros_like, runtime.picked, runtime.placed, runtime.owned,
    runtime.kept, runtime.repeat, runtime.floats, runtime.arrays, runtime.changed, runtime.stop_gradient,
}
_PRODUCTS = {operator.matmul, np.matmul, np.dot}


@dataclass(frozen=True)
class Costs:
    """Operations of the two sweeps, and how many values, of how many bytes, the second reads of the first."""

    forward: int
    reverse: int
    values: int
    bytes: int


def operations(fn: Any, args: Any, out: Any) -> int:
    """How many operations an application is.

    >>> operations(operator.mul, (2.0, 3.0), 6.0), operations(operator.add, (np.ones(3), 1.0), np.ones(3))
    (1, 3)
    >>> operations(operator.matmul, (np.ones((4, 3)), np.ones(3)), np.ones(4))
    24
    """
    if not _entries(out) or (_hashable(fn) and fn in _MOVES):
        return 0
    if _hashable(fn) and fn in _PRODUCTS:
        return 2 * _entries(out) * int(np.shape(args[0])[-1] if np.ndim(args[0]) else 1)
    if fn is runtime.index_add:
        return _entries(args[2])
    if fn is runtime.unbroadcast:
        return _entries(args[0]) if np.shape(args[0]) != np.shape(args[1]) else 0
    return max(_entries(out), *map(_entries, args), 0)


def costs(program: Function, values: list[Any]) -> Costs:
    """Run a derived program on the values of its leaves, and count."""
    counted = {"forward": 0, "reverse": 0}

    def apply(stmt: Apply, args: list[Any], kwargs: Mapping[str, Any]) -> Any:
        if isinstance(stmt.fn, Callee) and stmt.fn.function is not None:
            results = run(stmt.fn.function, *args, apply=apply)
            return results if len(results) != 1 else results[0]
        out = applied(stmt, args, dict(kwargs))
        counted["reverse" if stmt.at.sweep == "reverse" else "forward"] += operations(stmt.fn, args, out)
        return out

    recorded = set(_recorded(program))
    held: dict[Var, Any] = {}

    def watch(v: Var, value: Any) -> None:
        if v in recorded:
            held[v] = value

    run(program, *values, watch=watch, apply=apply)
    leaves = [leaf for value in held.values() for _, leaf in float_leaves(value)]
    return Costs(counted["forward"], counted["reverse"], len(leaves), sum(np.asarray(leaf).nbytes for leaf in leaves))


def quiet(block: Block) -> bool:
    """May a program run once more: does it nothing but compute, or raise?"""
    return all(
        (not stmt.effect or stmt.fn is runtime.raise_) if isinstance(stmt, Apply) else all(map(quiet, blocks(stmt)))
        for stmt in block.stmts
    )


def _recorded(program: Function) -> list[Var]:
    """What the forward sweep makes and the reverse sweep reads."""
    made: set[Var] = set()
    found: dict[Var, None] = {}
    for stmt in program.body.stmts:
        if stmt.at.sweep == "reverse":
            found.update(dict.fromkeys(v for v in free_of(stmt) if v in made))
        else:
            made.update(defined(stmt))
    return list(found)


def _entries(value: Any) -> int:
    """How many floats there are in a value."""
    if isinstance(value, float | complex):
        return 1
    return sum(np.size(leaf) for _, leaf in float_leaves(value)) if isinstance(value, np.ndarray | np.generic | list | tuple) else 0


def _hashable(fn: Any) -> bool:
    return getattr(type(fn), "__hash__", None) is not None
