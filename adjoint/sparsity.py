"""Which entries of a result depend on which entries of the arguments: the pattern of a Jacobian.

The program is interpreted at the point, and beside every value that depends on the arguments goes an array
of its shape that holds, for each entry, the set of entries of the arguments it was made of:

    y = x[1:] * x[:-1]          deps(y) = [{1, 0}, {2, 1}, ...]

So the pattern is that of the branches taken, and every entry that could not be zero there is in it; of a
primitive that is not in the tables, every entry of the result is taken to depend on everything it was given.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from . import runtime
from .ir import UNDEFINED, Apply, Atom, Block, Callee, Const, Function, If, Loop, Stmt, Tree, Try, Var, With, leaves
from .rules.registry import lookup

Deps = Any  # a set for a number, an array of sets for an array, a list or dict of these for a container

NOTHING: frozenset[int] = frozenset()
_union = np.frompyfunc(operator.or_, 2, 1)


def pattern(function: Function, arguments: dict[str, Any], wrt: Sequence[Var]) -> list[frozenset[int]]:
    """For each entry of the result, in order, the numbers of the entries of `wrt` that it depends on."""
    work = _Interpreter()
    given: list[Any] = []
    for p in function.params:
        given += leaf_values(p.tree, arguments[p.name])
    start = 0
    for v in wrt:
        value = given[list(function.body.params).index(v)]
        size = int(np.size(value))
        marks = np.empty(size, object)
        marks[:] = [frozenset((start + k,)) for k in range(size)]
        work.deps[v] = marks.reshape(np.shape(value)) if isinstance(value, np.ndarray) else marks[0]
        start += size
    work.block(function.body, given)
    rows: list[frozenset[int]] = []
    for a in leaves(function.result):
        deps, value = work.of(a), work.value(a)
        rows += [NOTHING] * int(np.size(value)) if deps is None else _entries(deps)
    return rows


def leaf_values(tree: Any, value: Any) -> list[Any]:
    """The values of the variables in a parameter, in order."""
    if not isinstance(tree, Tree):
        return [value] if isinstance(tree, Var) else []
    of = value.__getitem__ if issubclass(tree.cls, tuple | list | dict) else lambda key: getattr(value, key)
    return [v for key, part in zip(tree.keys, tree.parts, strict=True) for v in leaf_values(part, of(key))]


def _entries(deps: Deps) -> list[frozenset[int]]:
    if isinstance(deps, list | tuple):
        return [e for item in deps for e in _entries(item)]
    return [deps] if isinstance(deps, frozenset) else list(deps.ravel())


def _all(deps: Deps) -> frozenset[int]:
    """Everything that any entry depends on."""
    if deps is None:
        return NOTHING
    if isinstance(deps, dict):
        return _all(list(deps.values()))
    if isinstance(deps, list | tuple):
        return NOTHING.union(*map(_all, deps))
    return deps if isinstance(deps, frozenset) else NOTHING.union(*deps.ravel())


def _like(value: Any, entry: frozenset[int]) -> Deps:
    """The same dependence for every entry of a value."""
    if isinstance(value, list | tuple):
        return [_like(item, entry) for item in value]
    if isinstance(value, dict):
        return {k: _like(item, entry) for k, item in value.items()}
    return _filled(np.shape(value), entry) if isinstance(value, np.ndarray) else entry


def _filled(shape: tuple[int, ...], entry: frozenset[int]) -> Any:
    out = np.empty(shape, object)
    out[...] = entry
    return out


class _Interpreter:
    """Values, and what they depend on."""

    def __init__(self) -> None:
        self.values: dict[Var, Any] = {}
        self.deps: dict[Var, Deps] = {}

    def value(self, a: Atom) -> Any:
        return a.value if isinstance(a, Const) else self.values.get(a, UNDEFINED)

    def of(self, a: Atom) -> Deps | None:
        return self.deps.get(a) if isinstance(a, Var) else None

    def deps_or_none(self, a: Atom) -> Deps:
        """What a value depends on, written out where that is nothing."""
        deps = self.of(a)
        return _like(self.value(a), NOTHING) if deps is None else deps

    def bind(self, vars: Iterable[Var], pairs: Iterable[tuple[Any, Deps | None]]) -> None:
        for v, (value, deps) in zip(vars, pairs, strict=True):
            self.values[v] = value
            if deps is None:
                self.deps.pop(v, None)
            else:
                self.deps[v] = deps

    def block(self, block: Block, given: Iterable[Any] = ()) -> list[tuple[Any, Deps | None]]:
        self.values.update(zip(block.params, given, strict=True))
        return self.body(block)

    def body(self, block: Block) -> list[tuple[Any, Deps | None]]:
        for stmt in block.stmts:
            self.step(stmt)
        return [(self.value(a), self.of(a)) for a in block.results]

    def step(self, stmt: Stmt) -> None:
        match stmt:
            case Apply():
                self.apply(stmt)
            case Try():
                try:
                    found = self.body(stmt.then)
                except stmt.caught as error:  # type: ignore[misc]
                    found = self.block(stmt.orelse, [error])
                self.bind(stmt.outs, found)
            case With():
                with self.value(stmt.test) as entered:
                    self.bind(stmt.outs, self.block(stmt.then, [entered]))
            case If():
                self.bind(stmt.outs, self.body(stmt.then if self.value(stmt.test) else stmt.orelse))
            case Loop():
                self.loop(stmt)

    def loop(self, stmt: Loop) -> None:
        n, m = len(stmt.outs), len(stmt.lists)
        carries = [(self.value(a), self.of(a)) for a in stmt.init]
        tapes: list[list[tuple[Any, Deps | None]]] = [[] for _ in stmt.lists]
        sources = [self.pairs(a) for a in stmt.iters]
        if stmt.reverse:
            sources = [s[::-1] for s in sources]
        count = 0
        for items in zip(*sources, strict=False) if stmt.test is None else iter(lambda: (), None):
            if stmt.test is not None:
                self.bind(stmt.test.params, carries)
                if not self.body(stmt.test)[0][0]:
                    break
            self.bind(stmt.body.params, [*carries, *items])
            results = self.body(stmt.body)
            count += 1
            carries = results[:n]
            for tape, pair in zip(tapes, results[n : n + m], strict=True):
                tape.append(pair)
            if stmt.stops and results[-1][0]:
                break
        if stmt.reverse:
            tapes = [tape[::-1] for tape in tapes]
        self.bind(stmt.outs, carries)
        self.bind(stmt.lists, [_collected(tape) for tape in tapes])
        if stmt.count is not None:
            self.values[stmt.count] = count

    def pairs(self, a: Atom) -> list[tuple[Any, Deps | None]]:
        values, deps = list(self.value(a)), self.of(a)
        return [(v, None if deps is None else deps[k]) for k, v in enumerate(values)]

    def apply(self, stmt: Apply) -> None:
        if stmt.fn is print:
            return  # the function itself has said it
        if isinstance(stmt.fn, Callee):
            self.call(stmt)
            return
        args, kwargs = [self.value(a) for a in stmt.args], {k: self.value(a) for k, a in stmt.kwargs}
        out = stmt.fn(*args, **kwargs)
        rule = lookup(stmt.fn)
        if not any(self.of(a) is not None for a in stmt.atoms()) or (rule is not None and rule.constant is not None):
            found = None
        else:
            found = self.found(stmt, out)
        several = len(stmt.outs) > 1
        pairs = [(v, None if found is None else found[k]) for k, v in enumerate(out)] if several else [(out, found)]
        self.bind(stmt.outs, pairs)

    def call(self, stmt: Apply) -> None:
        """A function of the program, which may call itself: with values of its own."""
        function = stmt.fn.function  # type: ignore[attr-defined]
        outer = self.values, self.deps
        given = [(self.value(a), self.of(a)) for a in stmt.args]
        self.values, self.deps = dict(self.values), dict(self.deps)
        self.bind(function.body.params, given)
        results = self.body(function.body)
        self.values, self.deps = outer
        self.bind(stmt.outs, results)

    def found(self, stmt: Apply, out: Any) -> Deps:
        rule = lookup(stmt.fn)
        try:
            handler = TABLE.get(stmt.fn)
        except TypeError:
            handler = None
        if handler is not None:
            deps = handler(self, stmt, out)
            if deps is not None:
                return deps
        if rule is not None and rule.partials is not None and not isinstance(out, list | tuple):
            entry: Any = NOTHING
            for a, partial in zip(stmt.args, rule.partials, strict=False):
                if self.of(a) is not None and partial is not None:
                    entry = _union(entry, self.of(a))
            return _shaped(entry, out)
        return _like(out, NOTHING.union(*(_all(self.of(a)) for a in stmt.atoms())))


def _shaped(deps: Any, out: Any) -> Deps:
    """The dependence of an array, or of a number."""
    if not isinstance(out, np.ndarray):
        return deps if isinstance(deps, frozenset) else _all(deps)
    if np.shape(deps) == out.shape and isinstance(deps, np.ndarray):
        return deps
    if isinstance(deps, frozenset):
        return _filled(out.shape, deps)
    return np.broadcast_to(deps, out.shape)


def _collected(tape: list[tuple[Any, Deps | None]]) -> tuple[list[Any], Deps | None]:
    values = [v for v, _ in tape]
    if all(d is None for _, d in tape):
        return values, None
    return values, [_like(v, NOTHING) if d is None else d for v, d in tape]


# --- primitives -----------------------------------------------------------------------------------

Handler = Callable[[_Interpreter, Apply, Any], Deps | None]  # None: nothing special is known
TABLE: dict[Any, Handler] = {}


def _for(*fns: Any) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        TABLE.update(dict.fromkeys(fns, handler))
        return handler

    return register


@_for(
    np.reshape, np.ndarray.reshape, np.ravel, np.ndarray.ravel, np.ndarray.flatten, np.transpose, np.ndarray.transpose,
    np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze, np.flip, np.roll, np.take, np.ndarray.take, np.broadcast_to, np.copy,
    np.ndarray.copy, np.tile, np.repeat, np.atleast_1d, np.atleast_2d, np.diag, np.flipud, np.fliplr, np.rot90,
)
def _moved(work: _Interpreter, stmt: Apply, out: Any) -> Deps | None:
    """The same is done to the sets as to the entries."""
    deps = work.of(stmt.args[0])
    if not isinstance(deps, np.ndarray) or any(work.of(a) is not None for a in stmt.atoms()[1:]):
        return None
    kwargs = {k: work.value(a) for k, a in stmt.kwargs}
    if stmt.fn is np.diag and deps.ndim == 1:  # the rest are zeros
        return None
    return stmt.fn(deps, *map(work.value, stmt.args[1:]), **kwargs)


@_for(runtime.identity, runtime.owned, float, np.float64, np.ndarray.astype)
def _same(work: _Interpreter, stmt: Apply, out: Any) -> Deps | None:
    return _shaped(work.of(stmt.args[0]), out) if work.of(stmt.args[0]) is not None else _like(out, NOTHING)


@_for(operator.getitem)
def _getitem(work: _Interpreter, stmt: Apply, out: Any) -> Deps | None:
    deps = work.of(stmt.args[0])
    return _like(out, NOTHING) if deps is None else deps[work.value(stmt.args[1])]


@_for(runtime.array_set, runtime.array_put, runtime.index_add)
def _updated(work: _Interpreter, stmt: Apply, out: Any) -> Deps | None:
    array, index, value = stmt.args
    if not isinstance(out, np.ndarray):
        return None
    new, place, deps = work.deps_or_none(array).copy(), work.value(index), work.of(value)
    entry: Any = NOTHING if deps is None else deps
    if stmt.fn is runtime.index_add:
        ids = np.arange(out.size).reshape(out.shape)[place]
        flat = new.ravel()
        entries = np.broadcast_to(entry, np.shape(ids)).ravel() if isinstance(entry, np.ndarray) else [entry] * np.size(ids)
        for k, e in zip(np.ravel(ids), entries, strict=True):
            flat[k] = flat[k] | e
        return flat.reshape(out.shape)
    if isinstance(entry, np.ndarray):
        new[place] = entry
    elif isinstance(new[place], np.ndarray):
        new[place] = _filled(np.shape(new[place]), entry)
    else:
        new[place] = entry
    return new


@_for(np.sum, np.ndarray.sum, np.mean, np.ndarray.mean, np.prod, np.ndarray.prod, np.max, np.ndarray.max, np.min, np.ndarray.min)
def _reduced(work: _Interpreter, stmt: Apply, out: Any) -> Deps | None:
    deps = work.of(stmt.args[0])
    kwargs = {k: work.value(a) for k, a in stmt.kwargs}
    axis = work.value(stmt.args[1]) if len(stmt.args) > 1 else kwargs.get("axis")
    if not isinstance(deps, np.ndarray) or len(stmt.args) > 2 or not set(kwargs) <= {"axis", "keepdims"}:
        return None
    if axis is None and isinstance(out, np.ndarray) and out.ndim:
        return None
    axes = tuple(range(deps.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    for k in sorted((a % deps.ndim for a in axes), reverse=True):
        deps = _union.reduce(deps, axis=k) if deps.shape[k] else _filled(deps.shape[:k] + deps.shape[k + 1 :], NOTHING)
    return np.reshape(deps, np.shape(out)) if isinstance(deps, np.ndarray) and isinstance(out, np.ndarray) else _shaped(deps, out)


@_for(builtins.sum)
def _summed(work: _Interpreter, stmt: Apply, out: Any) -> Deps | None:
    return None if isinstance(out, np.ndarray) else _all([work.of(a) for a in stmt.args])


@_for(np.where)
def _where(work: _Interpreter, stmt: Apply, out: Any) -> Deps | None:
    entry: Any = NOTHING
    for a in stmt.args[1:]:
        if work.of(a) is not None:
            entry = _union(entry, work.of(a))
    return _shaped(entry, out)


@_for(np.concatenate, np.stack, np.vstack, np.hstack)
def _joined(work: _Interpreter, stmt: Apply, out: Any) -> Deps | None:
    parts, deps = work.value(stmt.args[0]), work.of(stmt.args[0])
    if deps is None or isinstance(deps, np.ndarray):
        return None
    given = [d if isinstance(d, np.ndarray) else _filled(np.shape(p), d or NOTHING) for p, d in zip(parts, deps, strict=True)]
    return stmt.fn(given, *map(work.value, stmt.args[1:]), **{k: work.value(a) for k, a in stmt.kwargs})


@_for(np.array, np.asarray)
def _as_array(work: _Interpreter, stmt: Apply, out: Any) -> Deps | None:
    deps = work.of(stmt.args[0])
    if isinstance(deps, np.ndarray):
        return deps.reshape(out.shape)
    entries = _entries(deps) if deps is not None else []
    if len(entries) != out.size:
        return None
    new = np.empty(out.size, object)
    new[:] = entries
    return new.reshape(out.shape)


@_for(runtime.make_tuple, runtime.make_list)
def _display(work: _Interpreter, stmt: Apply, out: Any) -> Deps | None:
    return [work.deps_or_none(a) for a in stmt.args]


@_for(runtime.append)
def _appended(work: _Interpreter, stmt: Apply, out: Any) -> Deps | None:
    return [*work.deps_or_none(stmt.args[0]), work.deps_or_none(stmt.args[1])]


@_for(runtime.set_item)
def _item_set(work: _Interpreter, stmt: Apply, out: Any) -> Deps | None:
    new = list(work.deps_or_none(stmt.args[0]))
    new[work.value(stmt.args[1])] = work.deps_or_none(stmt.args[2])
    return new


@_for(operator.matmul, np.matmul, np.dot)
def _product(work: _Interpreter, stmt: Apply, out: Any) -> Deps | None:
    """Rows and columns that are not zero; of a matrix that does not depend on the arguments, by its entries."""
    a, b = (np.asarray(work.value(x)) for x in stmt.args)
    if a.ndim not in (1, 2) or b.ndim != 1:
        return None
    a_deps, b_deps = (work.of(x) for x in stmt.args)
    rows = np.atleast_2d(a)
    found = np.empty(len(rows), object)
    for i, row in enumerate(rows):
        places = np.arange(len(b)) if a_deps is not None else np.flatnonzero(row)
        entry = NOTHING if b_deps is None else NOTHING.union(*b_deps[places])
        found[i] = entry if a_deps is None else entry.union(*np.atleast_2d(a_deps)[i])
    return _shaped(found if a.ndim == 2 else found[0], out)
