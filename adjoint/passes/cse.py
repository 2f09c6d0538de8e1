"""Compute each value once: an expression that was computed before, in this block or around it, is read again.

    w1 = cos(x)                          w1 = cos(x)
    w2 = mul(a, w1)               ->     w2 = mul(a, w1)
    w3 = cos(x)                          w4 = mul(b, w1)
    w4 = mul(b, w3)

Likewise what a branch or a loop gives twice, and what a loop iterates over twice:

    w2, w3 = loop ... for a, b in w1, w1:         w2 = loop ... for a in w1:
        yield a, b                         ->         yield a

Not merged are statements with an effect, statements of different branches or loops, and two new
containers that only look alike, since each may be updated in place:

    s = zeros(3)                         (stays)
    t = zeros(3)
    s2 = index_add(s, 0, x)
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import runtime
from ..avals import Arr, shape_of
from ..ir import UNDEF, Apply, Atom, Block, Const, Function, If, Loop, Stmt, Var, blocks, with_atoms
from ..rules.registry import lookup
from .certain import is_sequence
from .rename import finish

FRESH = {  # makes something that later statements may update in place
    np.zeros, np.zeros_like, np.ones, np.ones_like, np.empty, np.empty_like, np.full, np.full_like, np.eye,
    np.identity, np.array, np.copy, np.ndarray.copy, list, runtime.make_list, runtime.make_dict, runtime.make_object,
    runtime.zeros_like, runtime.owned, runtime.floats, runtime.arrays,
    np.errstate,  # can be entered once
}
UPDATES = {operator.setitem, runtime.index_add, runtime.set_item, runtime.append}  # in place, where the emitter can
OUTSIDE = {getattr, hasattr, runtime.load, runtime.call}  # reads what statements with an effect may change

_METHODS: dict[Any, Any] = {  # `x.mean(axis=0)` is `np.mean(x, axis=0)`
    getattr(np.ndarray, word): getattr(np, word)
    for word in ("sum", "mean", "prod", "max", "min", "var", "std", "argmax", "argmin", "any", "all")
}

Table = dict[Any, tuple[Var, ...]]


def cse(function: Function) -> Function:
    env: dict[Var, Atom] = {}
    body = _block(function.body, {}, env, set(_updated(function.body)))
    return finish(function, body, env) if env else function


def _block(block: Block, table: Table, env: dict[Var, Atom], updated: set[Var]) -> Block:
    """The block without what `table` holds already; `env` says what stands for it."""
    table = dict(table)

    def get(a: Atom) -> Atom:
        return env.get(a, a) if isinstance(a, Var) else a

    def atoms(values: tuple[Atom, ...]) -> tuple[Atom, ...]:
        return tuple(map(get, values))

    def inner(block: Block) -> Block:
        return _block(block, table, env, updated)

    stmts: list[Stmt] = []
    for s in block.stmts:
        match s:
            case Apply():
                s = with_atoms(s, get) if env else s
                if is_shareable(s) and updated.isdisjoint(s.outs):
                    before = table.setdefault(key(s), s.outs)
                    if before is not s.outs:
                        env.update(zip(s.outs, before, strict=True))
                        continue
            case If():
                s = _branch(dataclasses.replace(s, test=get(s.test), then=inner(s.then), orelse=inner(s.orelse)), env)
            case Loop():
                s = _items(dataclasses.replace(s, init=atoms(s.init), iters=atoms(s.iters)), env)
                s = _lists(dataclasses.replace(s, test=s.test and inner(s.test), body=inner(s.body)), env)
        stmts.append(s)
    return Block(block.params, tuple(stmts), atoms(block.results))


def _branch(s: If, env: dict[Var, Atom]) -> If:
    """A branch gives each value once; where a side gives none, the emitter has its ways."""
    pairs = list(zip(s.then.results, s.orelse.results, strict=True))
    keep = _once(s.outs, [None if UNDEF in pair else tuple(map(_atom_key, pair)) for pair in pairs], env)
    then, orelse = (Block(side.params, side.stmts, tuple(side.results[i] for i in keep)) for side in (s.then, s.orelse))
    return dataclasses.replace(s, outs=tuple(s.outs[i] for i in keep), then=then, orelse=orelse)


def _items(s: Loop, env: dict[Var, Atom]) -> Loop:
    """A loop goes through each sequence once."""
    n, params = len(s.outs), s.body.params
    keep = _once(params[n:], [_atom_key(a) if is_sequence(a) else None for a in s.iters], env)
    body = Block(params[:n] + tuple(params[n + k] for k in keep), s.body.stmts, s.body.results)
    return dataclasses.replace(s, iters=tuple(s.iters[k] for k in keep), body=body)


def _lists(s: Loop, env: dict[Var, Atom]) -> Loop:
    """A loop records each value once."""
    n, m, results = len(s.outs), len(s.lists), s.body.results
    keep = _once(s.lists, [_atom_key(a) for a in results[n : n + m]], env)
    body = Block(s.body.params, s.body.stmts, results[:n] + tuple(results[n + k] for k in keep) + results[n + m :])
    return dataclasses.replace(s, lists=tuple(s.lists[k] for k in keep), body=body)


def _once(vars: tuple[Var, ...], keys: list[Any], env: dict[Var, Atom]) -> list[int]:
    """The first variable of each key (None is unlike any other); the rest are replaced."""
    first: dict[Any, int] = {}
    keep = []
    for i, k in enumerate(keys):
        if k is None or first.setdefault(k, i) == i:
            keep.append(i)
        else:
            env[vars[i]] = vars[first[k]]
    return keep


def is_shareable(s: Apply) -> bool:
    rule = lookup(s.fn)
    if rule is None or not rule.pure or s.effect or s.fn in FRESH or s.fn in UPDATES:
        return False
    return s.fn not in OUTSIDE or (s.fn is getattr and isinstance(s.args[0].aval, Arr))  # x.shape


def key(s: Apply) -> Any:
    """Equal for statements that certainly compute the same."""
    fn = _METHODS.get(s.fn, s.fn) if s.args and isinstance(s.args[0].aval, Arr) else s.fn
    return fn, len(s.outs), tuple(map(_atom_key, s.args)), tuple((k, _atom_key(a)) for k, a in s.kwargs)


def _atom_key(a: Atom) -> Any:
    return _value_key(a.value) if isinstance(a, Const) else a


def _value_key(value: Any) -> Any:
    match value:
        case bool() | int() | str() | bytes() | np.dtype() | range():
            return type(value), value
        case float() | complex():  # tells 0.0 from -0.0, and knows nan
            return type(value), repr(value)
        case slice():
            return slice, *map(_value_key, (value.start, value.stop, value.step))
        case tuple():
            return type(value), *map(_value_key, value)
    return type(value), id(value)


def _updated(block: Block) -> Iterator[Var]:
    """What later statements may update in place: shared with others, it would have to be copied."""
    for s in block.stmts:
        if isinstance(s, Apply) and s.fn in UPDATES and isinstance(s.args[0], Var):
            yield s.args[0]
        if isinstance(s, Loop):  # accumulators
            yield from (a for a in s.init if isinstance(a, Var) and not _is_number(a))
        for inner in blocks(s):
            yield from _updated(inner)


def _is_number(a: Var) -> bool:
    return shape_of(a.aval) == ()
