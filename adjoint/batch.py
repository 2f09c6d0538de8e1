"""Many directions in one sweep: tangents (or cotangents) with a further axis in front.

    y_dot = x_dot * w                 x_dot: (n,)  ->  (size, n)        as it stands
    y_dot = W @ x_dot                 y_dot = x_dot @ W.T
    y_dot = x_dot[i]                  y_dot = x_dot[:, i]
    s_dot = np.sum(x_dot)             s_dot = np.sum(x_dot, axis=1)

What depends on the parameters that get the axis, gets it; everything else stays as it is, and is computed
once for all directions.  In a program that `forward` or `reverse` made, that is the primal.  A primitive
that is not in the tables below is applied to one direction after the other, by a loop of its own.

Only for programs whose shapes are known.  `NotVectorised` says why one cannot be changed; the caller then
takes one direction at a time.
"""

from __future__ import annotations

import builtins
import dataclasses
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from . import runtime
from .avals import Arr, Cut, Num, Parts, Seq, dtype_of, is_known, is_slice, shape_of
from .infer import infer
from .ir import (
    UNDEF, Apply, At, Atom, Block, Callee, Const, Function, If, Loop, Stmt, Var, leaves, map_leaves,
)
from .rules.registry import lookup


class NotVectorised(Exception):
    """The program does something that is not done for many directions at once."""


def batched(function: Function, wrt: set[Var], size: int, results: set[int]) -> Function:
    """The program with an axis of length `size` in front of these parameters and all that depends on them.

    The results with these numbers get the axis in any case.
    """
    work = _Batch(size)
    params: dict[Var, Var] = {}
    for v in function.body.params:
        params[v] = work.more(v) if v in wrt else v
        if v in wrt:
            work.many[v] = params[v]
    work.stmts = work.block(function.body.stmts)
    work.at = At(sweep="reverse")
    given = tuple(work.spread(a) if i in results else a for i, a in enumerate(function.body.results))
    if any(map(work.is_many, given)):
        raise NotVectorised("a result that is to be the same in all directions is not")
    body = Block(tuple(params.values()), tuple(work.stmts), given)
    parts = iter(given)
    declared = tuple(
        dataclasses.replace(p, tree=map_leaves(lambda a: params.get(a, a), p.tree)) for p in function.params  # type: ignore[arg-type]
    )
    return dataclasses.replace(
        function, params=declared, body=body, result=map_leaves(lambda _: next(parts), function.result)
    )


def inner(a: Atom) -> tuple[int, ...]:
    """The shape for one direction."""
    shape = shape_of(a.aval)
    if not is_known(shape):
        raise NotVectorised("a shape is not known")
    assert shape is not None
    return shape


class _Batch:
    """The program as it grows; `many` holds what has got the axis."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.many: dict[Var, Var] = {}
        self.makers: dict[Var, Apply] = {}
        self.stmts: list[Stmt] = []
        self.at = At()

    def is_many(self, a: Atom) -> bool:
        return isinstance(a, Var) and a in self.many

    def get(self, a: Atom) -> Atom:
        return self.many.get(a, a) if isinstance(a, Var) else a

    def aval(self, aval: Any) -> Any:
        """What is known of a value with the axis; a container holds values that have it."""
        match aval:
            case Num() | Arr():
                shape, dtype = shape_of(aval), dtype_of(aval)
                if not is_known(shape) or dtype is None or dtype.kind not in "fc":
                    raise NotVectorised("a shape or dtype is not known")
                return Arr(dtype, (self.size, *shape))  # type: ignore[misc]
            case Seq(item):
                return Seq(self.aval(item))
            case Parts(cls, items):
                return Parts(cls, tuple(map(self.aval, items)))
        raise NotVectorised("the kind of a value is not known")

    def more(self, v: Var) -> Var:
        return Var(self.aval(v.aval), v.hint, v.bar_of, v.dot_of)

    # --- making statements ------------------------------------------------------------------------

    def apply(self, fn: Any, *args: Any, out: Var | None = None, **kwargs: Any) -> Var:
        atoms = tuple(a if isinstance(a, Var | Const) else Const(a) for a in args)
        named = tuple((k, a if isinstance(a, Var | Const) else Const(a)) for k, a in kwargs.items())
        rule = lookup(fn)
        natural = infer(fn, atoms, named, rule is not None and rule.pure)
        result = Var(natural) if out is None else out
        if isinstance(natural, Arr) and isinstance(result.aval, Arr):
            if not _may_be(natural.shape, result.aval.shape):
                raise NotVectorised(f"{fn} gives another shape")
            if natural.dtype not in (None, result.aval.dtype):  # a number was a weak float, and an array is not
                self.apply(np.ndarray.astype, self.apply(fn, *args, **kwargs), Const(result.aval.dtype), out=out)
                return result
        made = Apply((result,), fn, atoms, named, self.at)
        self.stmts.append(made)
        self.makers[result] = made
        return result

    def spread(self, a: Atom) -> Atom:
        """The value with the axis, also if it is the same in all directions."""
        if a is UNDEF or (isinstance(a, Const) and a.value is None):
            return a
        if isinstance(a, Var) and a in self.many:
            return self.many[a]
        match a.aval:
            case Num() | Arr():
                dtype = dtype_of(a.aval)
                if dtype is None or dtype.kind not in "fc":
                    return a  # a whole number has no direction
                shape = (self.size, *inner(a))
                maker = self.makers.get(a) if isinstance(a, Var) else None
                if (isinstance(a, Const) and a.value == 0) or (maker is not None and maker.fn in (np.zeros, np.zeros_like)):
                    return self.apply(np.zeros, Const(shape[0] if len(shape) == 1 else shape), **_typed(dtype))
                return self.apply(np.array, self.apply(np.broadcast_to, a, Const(shape)))
            case Parts(items=()):
                return a
        raise NotVectorised("a container is the same in all directions")

    def lifted(self, a: Atom, rank: int) -> Atom:
        """With axes of length one behind the first, so that it broadcasts as it did against `rank` axes."""
        if not self.is_many(a):
            return a
        have = len(inner(a))
        if have >= rank or have == 0 == rank:
            return self.get(a)
        return self.apply(operator.getitem, self.get(a), Const((slice(None), *[None] * (rank - have), *_rest(have))))

    # --- statements -------------------------------------------------------------------------------

    def block(self, stmts: tuple[Stmt, ...]) -> list[Stmt]:
        outer, self.stmts = self.stmts, []
        for stmt in stmts:
            self.at = stmt.at
            match stmt:
                case Apply():
                    self.statement(stmt)
                case If():
                    self.branch(stmt)
                case Loop():
                    self.loop(stmt)
        made, self.stmts = self.stmts, outer
        return made

    def statement(self, stmt: Apply) -> None:
        if not any(self.is_many(a) for a in stmt.atoms()):
            self.stmts.append(stmt)
            self.makers.update((v, stmt) for v in stmt.outs)
            return
        if stmt.effect or isinstance(stmt.fn, Callee):
            raise NotVectorised("a function of the program is called")
        if stmt.fn is runtime.popped:
            outs = tuple(map(self.more, stmt.outs))
            self.stmts.append(dataclasses.replace(stmt, outs=outs, args=tuple(map(self.get, stmt.args))))
            self.many.update(zip(stmt.outs, outs, strict=True))
            return
        out = self.more(stmt.out)
        rule = TABLE.get(stmt.fn)
        if rule is None or not rule(self, stmt, out):
            self.one_by_one(stmt, out)
        self.many[stmt.out] = out

    def one_by_one(self, stmt: Apply, out: Var) -> None:
        """`np.stack([fn(x, w) for x in xs])`."""
        if not isinstance(stmt.out.aval, Num | Arr):
            raise NotVectorised("a container is made by a function")
        given = list(dict.fromkeys(a for a in stmt.atoms() if self.is_many(a)))
        if not all(isinstance(a.aval, Num | Arr) for a in given):
            raise NotVectorised("a function takes a container")
        items = {a: Var(Arr(dtype_of(a.aval), inner(a), boxed=inner(a) == ())) for a in given}
        one = Var(Arr(dtype_of(stmt.out.aval), inner(stmt.out), boxed=inner(stmt.out) == ()))
        now = {k: items.get(a, a) for k, a in stmt.kwargs}
        call = Apply((one,), stmt.fn, tuple(items.get(a, a) for a in stmt.args), tuple(now.items()), stmt.at)
        rows = Var(Seq(one.aval))
        self.stmts.append(Loop(
            (), (rows,), None, (), tuple(map(self.get, given)), None,
            Block(tuple(items.values()), (call,), (one,)), at=stmt.at,
        ))
        self.apply(np.stack, rows, out=out)

    def branch(self, stmt: If) -> None:
        sides = [self.block(side.stmts) for side in (stmt.then, stmt.orelse)]
        self.at = stmt.at
        moved = [
            i for i, pair in enumerate(zip(stmt.then.results, stmt.orelse.results, strict=True)) if any(map(self.is_many, pair))
        ]
        blocks = []
        for side, stmts in zip((stmt.then, stmt.orelse), sides, strict=True):
            outer, self.stmts = self.stmts, stmts
            results = tuple(self.spread(r) if i in moved else r for i, r in enumerate(side.results))
            self.stmts = outer
            blocks.append(Block(side.params, tuple(stmts), results))
        self.many.update((stmt.outs[i], self.more(stmt.outs[i])) for i in moved)
        outs = tuple(self.many.get(v, v) for v in stmt.outs)
        self.stmts.append(dataclasses.replace(stmt, outs=outs, then=blocks[0], orelse=blocks[1]))

    def loop(self, stmt: Loop) -> None:
        n, m, body = len(stmt.outs), len(stmt.lists), stmt.body
        carried = {i for i in range(n) if self.is_many(stmt.init[i])}
        iterated = {k for k, a in enumerate(stmt.iters) if self.is_many(a)}
        known, makers = dict(self.many), dict(self.makers)
        while True:  # a carry gets the axis if its next value has it
            for i in carried:
                self.many[body.params[i]] = self.more(body.params[i])
            for k in iterated:
                self.many[body.params[n + k]] = self.more(body.params[n + k])
            stmts = self.block(body.stmts)
            more = {i for i in range(n) if self.is_many(body.results[i])} - carried
            if not more:
                break
            carried |= more
            self.many, self.makers = dict(known), dict(makers)
        self.at = stmt.at
        outer, self.stmts = self.stmts, stmts
        ends = [self.spread(body.results[i]) if i in carried else body.results[i] for i in range(n)]
        emitted = [self.get(r) for r in body.results[n : n + m]]
        self.stmts = outer
        params = tuple(self.many.get(p, p) for p in body.params)
        init = tuple(self.spread(a) if i in carried else a for i, a in enumerate(stmt.init))
        iters = tuple(self.items(a) if k in iterated else a for k, a in enumerate(stmt.iters))
        self.many.update((stmt.outs[i], self.more(stmt.outs[i])) for i in carried)
        self.many.update((stmt.lists[k], self.more(stmt.lists[k])) for k in range(m) if self.is_many(body.results[n + k]))
        test = stmt.test and dataclasses.replace(
            stmt.test, params=tuple(Var(params[i].aval) if i in carried else p for i, p in enumerate(stmt.test.params))
        )
        self.stmts.append(dataclasses.replace(
            stmt, outs=tuple(self.many.get(v, v) for v in stmt.outs), lists=tuple(self.many.get(v, v) for v in stmt.lists),
            init=init, iters=iters, test=test,
            body=Block(params, tuple(stmts), (*ends, *emitted, *body.results[n + m :])),
        ))

    def items(self, a: Atom) -> Atom:
        """What is iterated over: of an array the second axis."""
        if isinstance(a.aval, Seq | Parts):
            return self.get(a)
        return self.apply(np.swapaxes, self.get(a), Const(0), Const(1))


def _may_be(known: tuple[Any, ...] | None, shape: tuple[Any, ...] | None) -> bool:
    """Does a shape of which not all is known allow this one?"""
    if known is None or shape is None:
        return True
    return len(known) == len(shape) and all(m in (None, n) for m, n in zip(known, shape, strict=True))


def _typed(dtype: np.dtype[Any]) -> dict[str, Any]:
    return {} if dtype == np.float64 else {"dtype": Const(dtype)}


def _rest(rank: int) -> tuple[slice, ...]:
    return (slice(None),) * rank


# --- primitives -----------------------------------------------------------------------------------

Handler = Callable[[_Batch, Apply, Var], bool]  # writes the statement, or says that it cannot
TABLE: dict[Any, Handler] = {}


def _for(*fns: Any) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        TABLE.update(dict.fromkeys(fns, handler))
        return handler

    return register


@_for(
    operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pos, np.add, np.subtract, np.multiply,
    np.divide, np.negative, np.positive, np.conjugate, np.real, np.imag, np.where, np.sqrt, np.exp, np.sin, np.cos, np.absolute,
    np.sign, np.square, np.tanh, np.log,
)
def _entrywise(work: _Batch, stmt: Apply, out: Var) -> bool:
    if stmt.kwargs or not all(isinstance(a.aval, Num | Arr) for a in stmt.args):
        return False
    rank = len(inner(stmt.out))
    work.apply(stmt.fn, *(work.lifted(a, rank) for a in stmt.args), out=out)
    return True


@_for(runtime.identity, runtime.owned, runtime.add, np.copy, np.ndarray.copy, np.zeros_like, runtime.zeros_like)
def _same(work: _Batch, stmt: Apply, out: Var) -> bool:
    if len({shape_of(a.aval) for a in stmt.args}) > 1:
        return False
    work.apply(stmt.fn, *map(work.spread, stmt.args), out=out, **dict(stmt.kwargs))
    return True


@_for(builtins.sum)
def _summed(work: _Batch, stmt: Apply, out: Var) -> bool:
    if len(stmt.args) != 1 or not _is_flat(stmt.args[0].aval):
        return False
    work.apply(builtins.sum, work.get(stmt.args[0]), out=out)
    return True


@_for(float, complex, np.float64, np.float32, np.complex128, np.complex64, np.ndarray.astype, np.array, np.asarray)
def _converted(work: _Batch, stmt: Apply, out: Var) -> bool:
    x = stmt.args[0]
    if _is_flat(x.aval) and not stmt.kwargs and len(stmt.args) == 1:
        work.apply(np.stack, work.get(x), axis=1, out=out)
        return True
    if not isinstance(x.aval, Num | Arr):
        return False
    fits = dtype_of(x.aval) == dtype_of(stmt.out.aval)
    if stmt.fn in (np.array, np.asarray) or not fits:
        work.apply(np.array, work.get(x), out=out, **({} if fits else {"dtype": Const(dtype_of(stmt.out.aval))}))
    else:
        work.apply(runtime.identity, work.get(x), out=out)
    return True


def _index(work: _Batch, array: Atom, index: Atom) -> Atom | None:
    """The index behind a whole first axis; None where NumPy would put the axes elsewhere."""
    maker = work.makers.get(index) if isinstance(index, Var) else None
    if isinstance(index, Const):
        parts = [Const(k) for k in (index.value if type(index.value) is tuple else (index.value,))]
    elif maker is not None and maker.fn is runtime.make_tuple:
        parts = list(maker.args)  # type: ignore[arg-type]
    elif isinstance(index.aval, Parts) and index.aval.cls is tuple:
        return None
    else:
        parts = [index]  # type: ignore[list-item]
    kinds = ["basic" if _is_basic(p) else "number" if _is_number(p) else "array" for p in parts]
    if "array" in kinds:
        places = [k for k, kind in enumerate(kinds) if kind != "basic"]
        if places != list(range(places[0], places[-1] + 1)):
            return None
    if all(isinstance(p, Const) for p in parts):
        return Const((slice(None), *(p.value for p in parts)))
    return work.apply(runtime.make_tuple, Const(slice(None)), *parts)


def _is_basic(p: Atom) -> bool:
    if isinstance(p, Const):
        return p.value is None or p.value is Ellipsis or isinstance(p.value, slice)
    return isinstance(p.aval, Cut) or is_slice(p.aval)


def _is_number(p: Atom) -> bool:
    return shape_of(p.aval) == () and dtype_of(p.aval) is not None and dtype_of(p.aval).kind in "iu"  # type: ignore[union-attr]


@_for(operator.getitem)
def _getitem(work: _Batch, stmt: Apply, out: Var) -> bool:
    array, index = stmt.args
    if isinstance(array.aval, Seq | Parts):
        work.apply(operator.getitem, work.get(array), index, out=out)
        return True
    behind = _index(work, array, index) if isinstance(array.aval, Arr) and not work.is_many(index) else None
    if behind is None:
        return False
    work.apply(operator.getitem, work.get(array), behind, out=out)
    return True


@_for(runtime.index_add, runtime.array_set, runtime.array_put)
def _updated(work: _Batch, stmt: Apply, out: Var) -> bool:
    array, index, value = stmt.args
    if isinstance(array.aval, Seq | Parts):
        if not work.is_many(array):
            raise NotVectorised("a list is the same in all directions")
        work.apply(stmt.fn, work.get(array), index, work.spread(value), out=out)
        return True
    behind = _index(work, array, index)
    if behind is None or work.is_many(index):
        raise NotVectorised("an index of several arrays")
    part = infer(operator.getitem, (array, index), (), True)
    work.apply(stmt.fn, work.spread(array), behind, work.lifted(value, len(inner(Var(part)))), out=out)
    return True


@_for(runtime.set_item, runtime.append)
def _listed(work: _Batch, stmt: Apply, out: Var) -> bool:
    *others, item = stmt.args
    if not work.is_many(others[0]) and others[0].aval not in (Parts(list, ()),):
        raise NotVectorised("a list is the same in all directions")
    work.apply(stmt.fn, work.get(others[0]), *others[1:], work.spread(item), out=out)
    return True


@_for(runtime.make_tuple, runtime.make_list)
def _display(work: _Batch, stmt: Apply, out: Var) -> bool:
    work.apply(stmt.fn, *map(work.spread, stmt.args), out=out)
    return True


def _is_flat(aval: Any) -> bool:
    """A list or tuple of numbers and arrays."""
    items = (aval.item,) if isinstance(aval, Seq) else aval.items if isinstance(aval, Parts) else (None,)
    return all(isinstance(item, Num | Arr) for item in items)


def _behind(axis: Any, rank: int) -> Any:
    """An axis, or several, counted behind the new one."""
    if isinstance(axis, tuple):
        return tuple(_behind(k, rank) for k in axis)
    return axis + 1 if axis >= 0 else axis


def _options(stmt: Apply, names: tuple[str, ...], defaults: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments after the first by name, if all are known."""
    given: dict[str, Any] = dict(defaults)
    if len(stmt.args) - 1 > len(names):
        return None
    for key, a in (*zip(names, stmt.args[1:], strict=False), *stmt.kwargs):
        if not isinstance(a, Const) or key not in names:
            return None
        given[key] = a.value
    return given


@_for(np.sum, np.ndarray.sum, np.mean, np.ndarray.mean)
def _reduced(work: _Batch, stmt: Apply, out: Var) -> bool:
    x, given = stmt.args[0], _options(stmt, ("axis", "dtype", "out", "keepdims", "initial", "where"), {"axis": None})
    if given is None or any(given.get(k) is not None for k in ("dtype", "out", "initial")) or given.get("where", True) is not True:
        return False
    if not isinstance(x.aval, Num | Arr):
        return False
    rank = len(inner(x))
    axis = tuple(range(1, rank + 1)) if given["axis"] is None else _behind(given["axis"], rank)
    if axis == ():
        work.apply(runtime.identity, work.get(x), out=out)
        return True
    options = {"keepdims": True} if given.get("keepdims") else {}
    work.apply(stmt.fn, work.get(x), axis=axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis, out=out, **options)
    return True


@_for(np.cumsum, np.flip, np.diff)
def _along_axis(work: _Batch, stmt: Apply, out: Var) -> bool:
    default = {np.diff: -1}.get(stmt.fn)
    names = ("n", "axis") if stmt.fn is np.diff else ("axis",)
    given = _options(stmt, names, {"axis": default})
    rank = len(inner(stmt.args[0]))
    if given is None or (given["axis"] is None and rank != 1):
        return False
    axis = 1 if given["axis"] is None else _behind(given["axis"], rank)
    work.apply(stmt.fn, work.get(stmt.args[0]), out=out, **{**given, "axis": axis})
    return True


@_for(np.broadcast_to)
def _broadcast(work: _Batch, stmt: Apply, out: Var) -> bool:
    shape = inner(stmt.out)
    work.apply(np.broadcast_to, work.lifted(stmt.args[0], len(shape)), Const((work.size, *shape)), out=out)
    return True


@_for(np.reshape, np.ndarray.reshape, np.ravel, np.ndarray.ravel, np.ndarray.flatten)
def _reshaped(work: _Batch, stmt: Apply, out: Var) -> bool:
    if stmt.kwargs:
        return False
    work.apply(np.reshape, work.get(stmt.args[0]), Const((work.size, *inner(stmt.out))), out=out)
    return True


@_for(np.transpose, np.ndarray.transpose)
def _transposed(work: _Batch, stmt: Apply, out: Var) -> bool:
    given, rank = _options(stmt, ("axes",), {"axes": None}), len(inner(stmt.args[0]))
    if given is None or not (given["axes"] is None or isinstance(given["axes"], tuple)):
        return False
    axes = given["axes"] or tuple(reversed(range(rank)))
    work.apply(np.transpose, work.get(stmt.args[0]), Const((0, *(a % rank + 1 for a in axes))), out=out)
    return True


@_for(np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze)
def _moved(work: _Batch, stmt: Apply, out: Var) -> bool:
    axes = [*stmt.args[1:], *(a for _, a in stmt.kwargs)]
    if not axes or not all(isinstance(a, Const) and isinstance(a.value, int | tuple) for a in axes):
        return False
    rank = len(inner(stmt.args[0]))
    work.apply(stmt.fn, work.get(stmt.args[0]), *(Const(_behind(a.value, rank)) for a in axes), out=out)  # type: ignore[union-attr]
    return True


@_for(operator.matmul, np.matmul, np.dot, np.ndarray.dot)
def _product(work: _Batch, stmt: Apply, out: Var) -> bool:
    a, b = stmt.args
    m, n = len(inner(a)), len(inner(b))
    if stmt.kwargs or (work.is_many(a) and work.is_many(b)) or not 1 <= m <= 2 or not 1 <= n <= 2:
        return False
    if work.is_many(b) and n == 1:  # the directions are the rows of b
        turned = a if m == 1 else work.apply(np.transpose, a)
        work.apply(operator.matmul, work.get(b), turned, out=out)
    else:
        work.apply(operator.matmul, work.get(a), work.get(b), out=out)
    return True


@_for(np.outer)
def _outer(work: _Batch, stmt: Apply, out: Var) -> bool:
    a, b = stmt.args
    if stmt.kwargs or len(inner(a)) != 1 or len(inner(b)) != 1 or (work.is_many(a) and work.is_many(b)):
        return False
    column = Const((slice(None), slice(None), None) if work.is_many(a) else (slice(None), None))
    row = work.lifted(b, 2) if work.is_many(b) else b
    work.apply(operator.mul, work.apply(operator.getitem, work.get(a), column), row, out=out)
    return True


@_for(np.concatenate, np.stack)
def _joined(work: _Batch, stmt: Apply, out: Var) -> bool:
    given = _options(stmt, ("axis",), {"axis": 0})
    if given is None or given["axis"] is None or not _is_flat(stmt.args[0].aval):
        return False
    work.apply(stmt.fn, work.get(stmt.args[0]), out=out, axis=_behind(given["axis"], 0))
    return True


@_for(np.einsum)
def _einsum(work: _Batch, stmt: Apply, out: Var) -> bool:
    text, *operands = stmt.args
    if not isinstance(text, Const) or not isinstance(text.value, str) or "->" not in text.value or "." in text.value:
        return False
    terms, result = text.value.replace(" ", "").split("->")
    spare = next(c for c in "ZYXWVUTS" if c not in text.value)
    named = [spare + t if work.is_many(a) else t for t, a in zip(terms.split(","), operands, strict=True)]
    work.apply(np.einsum, Const(f"{','.join(named)}->{spare}{result}"), *map(work.get, operands), out=out, **dict(stmt.kwargs))
    return True


def last_parameters(function: Function, count: int) -> set[Var]:
    """The variables of the last parameters."""
    return {v for p in function.params[len(function.params) - count :] for v in leaves(p.tree) if isinstance(v, Var)}
