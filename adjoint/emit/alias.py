"""Which values may share memory, and which buffers are the program's own.

Sharing is found by union: a view with its array, a list with what is put into it, the results of
branches and loops with what flows into them.  A set is *foreign* when something in it came from the
caller or from outside.  So is by itself what NumPy does not let be written to (the result of `np.broadcast_to`, a
diagonal), and what comes of it; the array that it is a view of may be.
"""

from __future__ import annotations

import operator
from functools import cached_property

import numpy as np

from .. import runtime
from ..avals import holds_memory, Arr, Aval, Num, Parts, Seq, shape_of
from ..ir import Apply, Atom, Block, Const, Function, If, Loop, Var, defined, leaves
from ..lower.context import MAY_SHARE
from ..lower.sharing import READ_ONLY
from ..rules.registry import lookup

_HOLDS = {
    runtime.make_list, runtime.make_tuple, runtime.make_dict, runtime.make_object, runtime.append, runtime.set_item,
    runtime.index_add, runtime.popped, runtime.identity, runtime.add, runtime.unbroadcast, operator.getitem, getattr, list, tuple,
    operator.add, np.asarray,
}
ARRAY_UPDATES = (runtime.index_add, runtime.array_set, runtime.array_put)
_HOLDS.update(ARRAY_UPDATES, MAY_SHARE)
_READ_ONLY = {*READ_ONLY, np.broadcast_arrays, np.imag}
_OUTSIDE = {runtime.load, getattr}
_DESCRIPTIONS = ("shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides")  # attributes of arrays, no parts of them


class Aliases:
    def __init__(self, function: Function) -> None:
        self._parent: dict[Var, Var] = {}
        self._foreign: set[Var] = set()
        self._read_only: set[Var] = set()
        self._becomes: dict[Var, list[Var]] = {}  # what may be a view of a value, or the value itself
        for p in function.params:
            for leaf in leaves(p.tree):
                if isinstance(leaf, Var):
                    self._mark(leaf)
        self._block(function.body)
        found = list(self._read_only)
        while found:
            more = [w for w in self._becomes.get(found.pop(), ()) if w not in self._read_only]
            self._read_only.update(more)
            found += more

    def root(self, v: Var) -> Var:
        while (above := self._parent.get(v, v)) is not v:
            self._parent[v] = self._parent.get(above, above)  # half the way for the next
            v = above
        return v

    def foreign(self, v: Var) -> bool:
        return v in self._read_only or self.root(v) in self._foreign

    def share(self, a: Var, b: Var) -> bool:
        return self.root(a) is self.root(b)

    def kin(self, v: Var) -> list[Var]:
        """The values that may share memory with one, and the value itself."""
        return self._sets.get(self.root(v), [v])

    @cached_property
    def _sets(self) -> dict[Var, list[Var]]:
        sets: dict[Var, list[Var]] = {}
        for v in self._parent:
            sets.setdefault(self.root(v), []).append(v)
        for root, members in sets.items():
            members.append(root)
        return sets

    def _mark(self, v: Var) -> None:
        self._foreign.add(self.root(v))

    def _flow(self, b: Atom, a: Var) -> None:
        if isinstance(b, Var) and holds_memory(a.aval) and holds_memory(b.aval):
            self._becomes.setdefault(b, []).append(a)

    def _union(self, a: Var, b: Atom) -> None:
        """`b` becomes `a`, or a part of it."""
        self._flow(b, a)
        if not isinstance(b, Var) or not holds_memory(a.aval) or not holds_memory(b.aval):
            return
        x, y = self.root(a), self.root(b)
        if x is not y:
            self._parent[y] = x
            if y in self._foreign:
                self._foreign.add(x)

    def _block(self, block: Block) -> None:
        for stmt in block.stmts:
            match stmt:
                case Apply():
                    self._apply(stmt)
                case If():
                    for side in (stmt.then, stmt.orelse):
                        self._block(side)
                        for out, r in zip(stmt.outs, side.results, strict=True):
                            self._union(out, r)
                case Loop():
                    n, params, results = len(stmt.outs), stmt.body.params, stmt.body.results
                    if stmt.test is not None:
                        self._block(stmt.test)
                    self._block(stmt.body)
                    places = self._apart(stmt)
                    for i, out in enumerate(stmt.outs):
                        for other in (stmt.init[i], params[i], *([] if i in places else [results[i]])):
                            self._union(out, other)
                        self._flow(stmt.init[i], params[i])
                        self._flow(results[i], params[i])
                    if any(self.foreign(params[i]) for i in places):
                        for i in places:
                            self._mark(params[i])
                    for item, source in zip(params[n:], stmt.iters, strict=True):
                        self._union(item, source)
                    for tape, r in zip(stmt.lists, results[n:], strict=False):
                        self._union(tape, r)

    def _apart(self, loop: Loop) -> dict[int, int]:
        """The carries that change places, if they are different arrays and nothing that outlives an iteration holds one."""
        places = exchanged(loop)
        params, results = loop.body.params, loop.body.results
        inits = [self.root(a) for i in places if isinstance(a := loop.init[i], Var)]
        mine = {self.root(params[i]) for i in places}
        ends = {self.root(r) for i in places if isinstance(r := results[i], Var)}  # another array, where `owned` may copy
        others = {self.root(r) for k, r in enumerate(results) if k not in places and isinstance(r, Var)}
        alone = len(set(inits)) == len(mine) == len(places) and not (mine | ends) & others
        return places if alone else {}

    def allocates(self, stmt: Apply) -> bool:
        """Is its result new memory, which nothing else can be a view of yet?"""
        return not _held(stmt) and stmt.fn not in _OUTSIDE and lookup(stmt.fn) is not None

    def _apply(self, stmt: Apply) -> None:
        held = _held(stmt)
        for out in stmt.outs:
            for a in held:
                self._union(out, a)
            if (stmt.fn in _OUTSIDE or lookup(stmt.fn) is None) and not _describes(stmt):
                self._mark(out)
            if _is_read_only(stmt):
                self._read_only.add(out)


def _is_read_only(stmt: Apply) -> bool:
    """Is the result a view that NumPy does not let be written to?"""
    matrix_made = stmt.fn is np.diag and stmt.args and len(shape_of(stmt.args[0].aval) or ()) == 1
    return stmt.fn in _READ_ONLY and not matrix_made


def _held(stmt: Apply) -> tuple[Atom, ...]:
    """The arguments that a result may be a view of, or hold."""
    if _describes(stmt):
        return ()
    if stmt.fn is operator.add and all(isinstance(a.aval, Num | Arr) for a in stmt.args):
        return ()
    if is_gathered(stmt):
        return ()
    rule = lookup(stmt.fn)
    if stmt.fn not in _HOLDS and rule is not None and not rule.view:
        return ()
    return stmt.args[:1] if stmt.fn in (*ARRAY_UPDATES, operator.getitem, runtime.unbroadcast) else tuple(stmt.atoms())


def is_gathered(stmt: Apply) -> bool:
    """Are parts of an array copied together here, by a mask or an index array?"""
    return stmt.fn is operator.getitem and isinstance(stmt.args[0].aval, Arr) and _gathers(stmt.args[1].aval)


def _describes(stmt: Apply) -> bool:
    """Is it `x.shape` of an array, or the like?"""
    of, *name = stmt.args if stmt.fn is getattr else (None,)
    return of is not None and isinstance(of.aval, Arr) and isinstance(name[0], Const) and name[0].value in _DESCRIPTIONS


def exchanged(loop: Loop) -> dict[int, int]:
    """Carries of arrays that change places: the number of each, and of the one whose array it has next.

        for _ in range(steps):
            new[1:-1] = ...                     {0: 1, 1: 0}
            new, old = old, new
    """
    number = {p: i for i, p in enumerate(loop.body.params[: len(loop.outs)]) if isinstance(p.aval, Arr) and not p.aval.boxed}
    found: dict[int, int] = {}
    for i in number.values():
        j = number.get(origin(loop.body, loop.body.results[i]))  # type: ignore[arg-type]
        if j is not None:
            found[i] = j
    moved = {i for i, j in found.items() if i != j}
    while moved != {found[i] for i in moved}:  # what is not on a cycle
        ends = {found[i] for i in moved}
        kept = {i for i in moved if i in ends and found[i] in moved}
        if kept == moved:
            return {}
        moved = kept
    return {i: found[i] for i in moved}


def origin(block: Block, v: Atom) -> Atom:
    """The array, from before the block, that a value is by updates of parts alone."""
    makers = {out: stmt for stmt in block.stmts for out in defined(stmt)}
    while isinstance(v, Var) and v in makers:
        stmt = makers[v]
        if isinstance(stmt, Apply) and stmt.fn in (*ARRAY_UPDATES, runtime.identity, runtime.owned):
            v = stmt.args[0]
        elif isinstance(stmt, Loop) and v in stmt.outs:
            k = stmt.outs.index(v)
            if origin(stmt.body, stmt.body.results[k]) is not stmt.body.params[k]:
                return v
            v = stmt.init[k]
        else:
            return v
    return v


def _gathers(index: Aval) -> bool:
    """Does an index with a list or an array in it pick entries one by one?  They are copied."""
    items = index.items if isinstance(index, Parts) and index.cls is tuple else (index,)
    return any(
        isinstance(i, Seq) or (isinstance(i, Parts) and i.cls is list) or (isinstance(i, Arr) and i.shape not in ((), None))
        for i in items
    )
