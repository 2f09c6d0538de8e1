"""Arithmetic of cotangents: zeros, sums, and bringing one to the shape and dtype of its value.

This is the one place that knows of broadcasting.  Where shapes are known the exact sum is written
down; where they are not, `runtime.unbroadcast` looks at them when the program runs.
"""

from __future__ import annotations

import dataclasses
import inspect
import operator
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import runtime
from .avals import ANY, Arr, Aval, Num, Parts, Seq, dtype_of, is_known, item_of, join, same_dtype, shape_of
from .errors import BadRule, SourceNotFound, Unsupported
from .infer import infer
from .ir import Apply, At, Atom, Block, Const, If, Loop, Stmt, Var, refresh, substitute
from .lower import lower_atom, lower_rule
from .lower.context import Lowering
from .lower.values import Tuple, Value
from .rules.registry import CALLED, lookup
from .shapes import Shapes


class Builder:
    """Adds statements to a block, with a note of which statement they pull back."""

    def __init__(self, shapes: Shapes | None = None) -> None:
        self.lo = Lowering()
        self.at = At(sweep="reverse")
        self.shapes = shapes or Shapes()

    @property
    def stmts(self) -> list[Stmt]:
        return self.lo.stmts

    def apply(self, fn: Any, *args: Any, aval: Aval | None = None, bar_of: Var | None = None, **kwargs: Any) -> Var:
        atoms = tuple(a if isinstance(a, Var | Const) else Const(a) for a in args)
        named = tuple((k, a if isinstance(a, Var | Const) else Const(a)) for k, a in kwargs.items())
        if aval is None:
            rule = lookup(fn)
            aval = infer(fn, atoms, named, rule is not None and rule.pure)
        out = Var(aval, bar_of=bar_of)
        self.stmts.append(Apply((out,), fn, atoms, named, self.at))
        return out

    def inline(
        self, rule: Any, args: list[Value], kwargs: dict[str, Value] | None = None,
        wanted: tuple[int, ...] = (), of: str = "",
    ) -> list[Atom | None]:
        """Splice a rule's own source in; the cotangents (or the one value) that it returns.

        A rule of the user's that is not to be spliced in, or cannot be, is called.  `wanted` are the places of
        the cotangents that are needed, and `of` the name of the function, for the error.
        """
        first = len(self.stmts)
        try:
            if rule in CALLED:
                raise Unsupported("It is to be called.")
            value = lower_rule(rule, args, kwargs or {}, self.lo)
        except (Unsupported, SourceNotFound):
            if (getattr(rule, "__module__", None) or "").startswith("adjoint."):
                raise
            del self.stmts[first:]
            return self.called(rule, args, kwargs or {}, wanted, of)
        # not the cotangent of a tuple itself, nor that of a namedtuple
        several = isinstance(value, Tuple) and value is not args[0] and value.cls is tuple
        items = value.items if several else (value,)  # type: ignore[union-attr]
        atoms = [None if isinstance(v, Const) and v.value is None else lower_atom(v, self.lo) for v in items]
        self.stmts[first:] = [replaced(s, self.at) for s in self.stmts[first:]]
        return atoms

    def called(
        self, rule: Any, args: list[Value], kwargs: dict[str, Value], wanted: tuple[int, ...], of: str
    ) -> list[Atom | None]:
        """A call of a rule; its cotangents are told apart when it has run."""
        try:
            signature = inspect.signature(rule)
        except (TypeError, ValueError):  # written in C, and says nothing
            signature = None
        if signature is not None:
            try:
                signature.bind(*args, **kwargs)
            except TypeError as error:
                raise BadRule(f"The rule of `{of}` cannot be called with its {len(args)} arguments: {error}.") from None
        atoms = [lower_atom(a, self.lo) for a in args]
        named = tuple((k, lower_atom(a, self.lo)) for k, a in kwargs.items())
        out = Var()
        self.stmts.append(Apply((out,), rule, tuple(atoms), named, self.at))
        if not wanted:
            return [out]
        given = [atoms[2 + k] if 2 + k < len(atoms) else named[2 + k - len(atoms)][1] for k in wanted]
        most = len(args) - 2 + len(kwargs) if signature is None else max(len(args) + len(kwargs), len(signature.parameters)) - 2
        some: dict[str, Any] = {"partly": Const(True)} if partly(args[0]) else {}
        items = self.apply(runtime.cotangents_of, out, Const(wanted), Const(most), Const(of), *given, aval=ANY, **some)
        return [
            self.apply(operator.getitem, items, Const(wanted.index(k)), aval=ANY) if k in wanted else None
            for k in range(max(wanted) + 1)
        ]

    def splice(self, block: Block, args: Sequence[Atom]) -> tuple[Atom, ...]:
        """A copy of a block's statements, with these arguments for its parameters; its results."""
        copy = refresh(block)
        made = substitute(Block((), copy.stmts, copy.results), dict(zip(copy.params, args, strict=True)))
        self.stmts.extend(replaced(s, self.at) for s in made.stmts)
        return made.results

    @contextmanager
    def block(self) -> Iterator[list[Stmt]]:
        """Collect statements in a block of their own."""
        self.shapes.follow(self.lo.stmts)
        outer, self.lo.stmts = self.lo.stmts, []
        try:
            yield self.lo.stmts
        finally:
            self.lo.stmts = outer


def partly(g: Value) -> bool:
    """Is it the cotangent of a tuple of which some items are not read?  Then a rule may have none for an argument."""
    return isinstance(g, Tuple) and any(isinstance(item, Const) and item.value is None for item in g.items)


def replaced(stmt: Stmt, at: At) -> Stmt:
    """The statement, and those inside, with another reason to be there."""
    match stmt:
        case Apply():
            return dataclasses.replace(stmt, at=at)
        case If():
            return dataclasses.replace(stmt, then=_replaced(stmt.then, at), orelse=_replaced(stmt.orelse, at), at=at)
        case Loop():
            return dataclasses.replace(stmt, body=_replaced(stmt.body, at), at=at)


def _replaced(block: Block, at: At) -> Block:
    return Block(block.params, tuple(replaced(s, at) for s in block.stmts), block.results)


def zero(b: Builder, x: Var, aval: Aval | None = None, bar_of: Var | None = None) -> Atom:
    """A zero cotangent for `x`."""
    aval = x.aval if aval is None else aval
    bar_of = bar_of or x
    match aval:
        case Num("complex"):
            return Const(0j)
        case Num():
            return Const(0.0)
        case Arr(dtype, shape, boxed):
            if boxed and shape == () and dtype is not None:
                return Const(dtype.type(0)) if dtype != np.float64 else Const(0.0)
            if is_known(shape) and dtype is not None:
                assert shape is not None
                size: Any = shape[0] if len(shape) == 1 else shape
                if dtype == np.float64:
                    return b.apply(np.zeros, Const(size), aval=aval, bar_of=bar_of)
                return b.apply(np.zeros, Const(size), dtype=Const(dtype), aval=aval, bar_of=bar_of)
            if shape is not None and dtype is not None and dtype.kind in "fc":
                return b.apply(np.zeros_like, x, aval=aval, bar_of=bar_of)
            return b.apply(runtime.zeros_like, x, aval=aval, bar_of=bar_of)
        case Seq(Num("float")):
            length = b.apply(len, x, aval=Num("int"))
            one = b.apply(runtime.make_list, Const(0.0), aval=Parts(list, (Num("float"),)))
            return b.apply(operator.mul, one, length, aval=aval, bar_of=bar_of)
    return b.apply(runtime.zeros_like, x, aval=aval, bar_of=bar_of)


def plus(b: Builder, x: Atom, y: Atom, of: Aval, bar_of: Var | None) -> Atom:
    """The sum of two cotangents of one value."""
    if isinstance(of, Num | Arr):
        return b.apply(operator.add, x, y, bar_of=bar_of, aval=_sum_aval(x, y, of))
    if isinstance(x.aval, Arr) and isinstance(y.aval, Arr):  # of a list that went into an array
        return b.apply(operator.add, x, y, bar_of=bar_of)
    sum_of = join(x.aval, y.aval) if isinstance(x.aval, Seq) and isinstance(y.aval, Seq) else of
    if isinstance(of, Seq | Parts) and not any(isinstance(part.aval, Seq | Parts) for part in (x, y)):
        sum_of = ANY  # of a list that went into an array
    return b.apply(runtime.add, x, y, bar_of=bar_of, aval=sum_of)


def _sum_aval(x: Atom, y: Atom, of: Aval) -> Aval | None:
    if isinstance(of, Arr) and x.aval == of and y.aval == of:
        return of
    return None


def fit(b: Builder, g: Atom, x: Var, aval: Aval | None = None) -> Atom:
    """The cotangent `g` brought to the shape and dtype of `x`."""
    aval = x.aval if aval is None else aval
    if not isinstance(aval, Num | Arr):
        return g if isinstance(aval, Seq | Parts) else _at_run_time(b, g, x)
    if isinstance(g.aval, Seq | Parts):
        return b.apply(np.array, g)
    have, want = shape_of(g.aval), shape_of(aval)
    if (dtype_of(g.aval) is None and isinstance(aval, Num) and aval.kind != "complex") or is_too_wide(g.aval, aval):
        return _at_run_time(b, g, x)  # it may be complex
    if want == () and (isinstance(aval, Num) or aval.boxed) and not is_known(have):
        if have != ():
            g = b.apply(np.sum, g, aval=Arr(dtype_of(g.aval), (), True))
    elif not (is_known(have) and is_known(want)):
        b.shapes.follow(b.stmts)
        if dtype_of(g.aval) is None or dtype_of(aval) is None or not b.shapes.same(g, x):
            return _at_run_time(b, g, x)
    else:
        assert have is not None and want is not None
        g = _to_shape(b, g, have, want)
    return _to_dtype(b, g, aval)


def is_too_wide(have: Aval, want: Aval) -> bool:
    """May this be complex, where its value may be real, which is not known before?"""
    dtype = dtype_of(have)
    return isinstance(want, Arr) and want.dtype is None and (dtype is None or dtype.kind == "c")


def _at_run_time(b: Builder, g: Atom, x: Var) -> Atom:
    aval = x.aval if isinstance(x.aval, Arr) else ANY
    if isinstance(x.aval, Num):
        aval = Arr(np.dtype(complex if x.aval.kind == "complex" else float), (), True)
    return b.apply(runtime.unbroadcast, g, x, aval=aval)


def _to_shape(b: Builder, g: Atom, have: tuple[Any, ...], want: tuple[Any, ...]) -> Atom:
    if have == want:
        return g
    extra = len(have) - len(want)
    if extra < 0 or any(h == 1 != w for h, w in zip(have[max(extra, 0) :], want, strict=True)):
        return b.apply(np.broadcast_to, g, Const(want))
    stretched = tuple(extra + i for i, (h, w) in enumerate(zip(have[extra:], want, strict=True)) if w == 1 != h)
    if not stretched:
        axes: Any = tuple(range(extra))
        return b.apply(np.sum, g) if len(axes) == len(have) else b.apply(np.sum, g, axis=axes[0] if extra == 1 else axes)
    if not extra:
        return b.apply(np.sum, g, axis=stretched[0] if len(stretched) == 1 else stretched, keepdims=True)
    summed = b.apply(np.sum, g, axis=(*range(extra), *stretched))
    return b.apply(np.reshape, summed, Const(want))


def _to_dtype(b: Builder, g: Atom, aval: Aval) -> Atom:
    have, want = dtype_of(g.aval), dtype_of(aval)
    if want is None or want.kind not in "fc":
        return g
    if want.kind == "f" and (have is None or have.kind == "c"):  # what is not known may be complex
        g = b.apply(np.real, g)
        have = dtype_of(g.aval)
    if isinstance(g.aval, Num) and isinstance(aval, Arr) and want.kind == "f":
        return g  # a Python float is weak: it takes the dtype of what it meets
    if not same_dtype(have, want) and isinstance(aval, Arr):
        if isinstance(g.aval, Arr) and not (g.aval.boxed and g.aval.shape == ()):
            return b.apply(np.ndarray.astype, g, Const(want), aval=Arr(want, g.aval.shape))
        return b.apply(want.type, g, aval=Arr(want, (), True))
    return g


def times(b: Builder, g: Atom, p: Atom, bar_of: Var | None) -> Atom:
    """`g * p`, written as a person would: no factor 1, `g / y` for `g * (1 / y)`, the minus in front."""
    if isinstance(p, Const) and isinstance(p.value, int | float):
        if p.value == 1:
            return g
        if p.value == -1:
            return b.apply(operator.neg, g, bar_of=bar_of)
    last = b.stmts[-1] if b.stmts else None
    if isinstance(last, Apply) and last.out is p:
        if last.fn is operator.neg:
            b.stmts.pop()
            return b.apply(operator.neg, times(b, g, last.args[0], None), bar_of=bar_of)
        if last.fn is operator.truediv and isinstance(last.args[0], Const):
            b.stmts.pop()
            above = times(b, g, last.args[0], None)
            return b.apply(operator.truediv, above, last.args[1], bar_of=bar_of)
    if isinstance(g, Const) and type(g.value) is float and g.value == 1.0 and _is_float(p.aval):
        return p
    return b.apply(operator.mul, g, p, bar_of=bar_of)


def _is_float(aval: Aval) -> bool:
    dtype = dtype_of(aval)
    return dtype is not None and dtype.kind in "fc"


def widen(stmts: Sequence[Stmt], pairs: Sequence[tuple[Var, Atom]]) -> None:
    """A carry taken for a Python float may become a NumPy scalar: then so may what is computed from it.

    `pairs` are the carries of a loop with the values they take next; `stmts` are the body.
    """
    while True:
        changed = False
        for param, result in pairs:
            changed |= _widen(param, result.aval)
        if not changed:
            return
        _widen_all(stmts)


def _widen_all(stmts: Sequence[Stmt]) -> None:
    for s in stmts:
        match s:
            case Apply(outs=(out,)) if isinstance(out.aval, Num | Seq):
                if s.fn is runtime.identity:
                    _widen(out, s.args[0].aval)
                elif s.fn in (runtime.index_add, runtime.set_item):
                    _widen(out, s.args[0].aval)
                    _widen(out, Seq(s.args[2].aval))
                elif any(_is_scalar(a.aval) for a in s.atoms()):
                    rule = lookup(s.fn)
                    _widen(out, infer(s.fn, s.args, s.kwargs, rule is not None and rule.pure))
            case Apply(outs=(rest, last), fn=runtime.popped):
                _widen(rest, s.args[0].aval)
                _widen(last, item_of(s.args[0].aval))
            case If():
                for side in (s.then, s.orelse):
                    _widen_all(side.stmts)
                    for out, r in zip(s.outs, side.results, strict=True):
                        _widen(out, r.aval)
            case Loop():
                n, params, results = len(s.outs), s.body.params, s.body.results
                for param, init in zip(params, s.init, strict=False):
                    _widen(param, init.aval)
                for item, source in zip(params[n:], s.iters, strict=True):
                    _widen(item, item_of(source.aval))
                _widen_all(s.body.stmts)
                widen(s.body.stmts, list(zip(params[:n], results[:n], strict=True)))
                for out, param in zip(s.outs, params, strict=False):
                    _widen(out, param.aval)
                for out, r in zip(s.lists, results[n:], strict=False):
                    _widen(out, Seq(r.aval))


def _widen(v: Var, aval: Aval) -> bool:
    number, scalar = (v.aval.item, aval.item) if isinstance(v.aval, Seq) and isinstance(aval, Seq) else (v.aval, aval)
    if not isinstance(number, Num) or not _is_scalar(scalar):
        return False
    v.aval = join(v.aval, aval)
    return True


def _is_scalar(aval: Aval) -> bool:
    """A NumPy scalar, or a list of them."""
    aval = aval.item if isinstance(aval, Seq) else aval
    return isinstance(aval, Arr) and aval.boxed and aval.shape == ()
