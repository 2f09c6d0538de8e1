"""Write each value in its simplest form: no copies, no factor 1, no zero that is only added to, no choice without
an alternative.

    z_bar = identity(1.0)                         x_bar = mul(2.0, x)
    w1 = mul(2.0, x)                              return x_bar
    w2 = broadcast_to(z_bar, (3,))       ->
    x_bar = mul(w2, w1)
    return x_bar

and, for branches and loops,

    w1 = if t: yield x else: yield x              -> x
    if True: ...                                  -> ...
    w2 = loop s = x for i in r: yield s           -> x
    w3 = loop s = x for i in range(0): ...        -> x

Copies and control flow are simplified everywhere; arithmetic only where adjoint wrote it: what the user
wrote stays as it is written.  A value replaces another only if it is certainly of the same type, dtype
and shape: `1.0 * n` stays if n may be an int, `np.zeros(3) + y` stays if y may be a number.

Results are the same to the bit, but for the sign of a zero: `0.0 + x` and complex `1.0 * z` turn some
-0.0 into 0.0, x and z do not.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from typing import Any

import numpy as np

from .. import runtime
from ..avals import BOOL, INT, Arr, Num, Obj, Parts, Seq, dtype_of, is_known, shape_of
from ..ir import UNDEF, Apply, Atom, Block, Const, Function, If, Loop, Stmt, Var, substitute
from ..lower.values import same
from .rename import finish


def simplify(function: Function) -> Function:
    env: dict[Var, Atom] = {}
    body = function.body
    while True:  # each round removes something, or is the last
        walk = _Walk(env)
        body = walk.block(body)
        if not walk.changes:
            return finish(function, body, env)


class _Walk:
    """One walk over the program: what each removed value is now, and what makes the others."""

    def __init__(self, env: dict[Var, Atom]) -> None:
        self.env = env
        self.makers: dict[Var, Apply] = {}
        self.changes = 0

    def get(self, a: Atom) -> Atom:
        while isinstance(a, Var) and a in self.env:
            a = self.env[a]
        return a

    def all(self, atoms: tuple[Atom, ...]) -> tuple[Atom, ...]:
        return tuple(map(self.get, atoms))

    def replace(self, v: Var, a: Atom) -> None:
        self.env[v] = a
        self.changes += 1

    def block(self, block: Block) -> Block:
        stmts = [new for s in block.stmts for new in self.statement(s)]
        return Block(block.params, tuple(stmts), self.all(block.results))

    def statement(self, s: Stmt) -> list[Stmt]:
        match s:
            case Apply():
                return self.apply(s)
            case If():
                return self.branch(s)
            case Loop():
                return self.loop(s)

    # --- expressions ------------------------------------------------------------------------------

    def apply(self, s: Apply) -> list[Stmt]:
        kwargs = tuple((k, self.get(a)) for k, a in s.kwargs)
        s = Apply(s.outs, s.fn, self.all(s.args), kwargs, s.at, s.effect)
        while not s.effect and len(s.outs) == 1:
            match simpler(s, self.makers):
                case None:
                    break
                case Apply() as s:
                    self.changes += 1
                case value:
                    self.replace(s.out, value)
                    return []
        self.makers.update(dict.fromkeys(s.outs, s))
        return [s]

    # --- branches ---------------------------------------------------------------------------------

    def branch(self, s: If) -> list[Stmt]:
        test = self.get(s.test)
        if isinstance(test, Const) and isinstance(test.value, bool | int | float | str | tuple | None):
            side = s.then if test.value else s.orelse
            if UNDEF not in side.results:
                stmts = [new for inner in side.stmts for new in self.statement(inner)]
                for out, a in zip(s.outs, side.results, strict=True):
                    self.replace(out, self.get(a))
                return stmts
        then, orelse = self.block(s.then), self.block(s.orelse)
        kept: list[tuple[Var, Atom, Atom]] = []
        for out, a, b in zip(s.outs, then.results, orelse.results, strict=True):
            twin = next((v for v, c, d in kept if same(a, c) and same(b, d)), None)
            if a is UNDEF or b is UNDEF:
                kept.append((out, a, b))
            elif same(a, b):
                self.replace(out, a)
            elif test.aval == BOOL and same(a, Const(True)) and same(b, Const(False)):
                self.replace(out, test)
            elif twin is not None:
                self.replace(out, twin)
            else:
                kept.append((out, a, b))
        then = Block((), then.stmts, tuple(a for _, a, _ in kept))
        orelse = Block((), orelse.stmts, tuple(b for _, _, b in kept))
        return [If(tuple(v for v, _, _ in kept), test, then, orelse, s.at)]

    # --- loops ------------------------------------------------------------------------------------

    def loop(self, s: Loop) -> list[Stmt]:
        init, iters = self.all(s.init), self.all(s.iters)
        if UNDEF not in init and any(is_empty(a, self.makers) for a in iters):
            return self.no_trip(s, init)
        test = None if s.test is None else self.block(s.test)
        if UNDEF not in init and test is not None and not test.stmts and same(test.results[0], Const(False)):
            return self.no_trip(s, init)
        return [self.fewer(dataclasses.replace(s, init=init, iters=iters, test=test, body=self.block(s.body)))]

    def no_trip(self, s: Loop, init: tuple[Atom, ...]) -> list[Stmt]:
        self.changes += 1
        for out, a in zip(s.outs, init, strict=True):
            self.replace(out, a)
        if s.count is not None:
            self.replace(s.count, Const(0))
        return [Apply((v,), runtime.make_list, (), at=s.at) for v in s.lists]

    def fewer(self, s: Loop) -> Loop:
        """The loop without carries that do not change, without lists or items that are there twice."""
        n, m, params, results = len(s.outs), len(s.iters), s.body.params, s.body.results
        inside: dict[Var, Atom] = {}
        carries, items, lists = [], [], []
        for i, init in enumerate(s.init):
            if init is not UNDEF and (results[i] is params[i] or same(results[i], init)):
                self.replace(s.outs[i], init)
                inside[params[i]] = init
                if s.test is not None:
                    inside[s.test.params[i]] = init
            else:
                carries.append(i)
        for k in range(m):
            first = next((j for j in items if s.iters[j] is s.iters[k] and is_sequence(s.iters[k])), None)
            if first is None:
                items.append(k)
            else:
                inside[params[n + k]] = params[n + first]
                self.changes += 1
        for k, v in enumerate(s.lists):
            first = next((j for j in lists if same(results[n + j], results[n + k])), None)
            if first is None:
                lists.append(k)
            else:
                self.replace(v, s.lists[first])
        if len(carries) == n and len(items) == m and len(lists) == len(s.lists):
            return s
        self.env.update(inside)
        body = Block(
            tuple(params[i] for i in carries) + tuple(params[n + k] for k in items), s.body.stmts,
            tuple(results[i] for i in carries) + tuple(results[n + k] for k in lists) + results[n + len(s.lists) :],
        )
        test = s.test and Block(tuple(s.test.params[i] for i in carries), s.test.stmts, s.test.results)
        return dataclasses.replace(
            s, outs=tuple(s.outs[i] for i in carries), lists=tuple(s.lists[k] for k in lists),
            init=tuple(s.init[i] for i in carries), iters=tuple(s.iters[k] for k in items),
            test=test and substitute(test, inside), body=substitute(body, inside),
        )


# --- one statement --------------------------------------------------------------------------------

MUL, ADD = (operator.mul, np.multiply), (operator.add, np.add)
SUB, DIV = (operator.sub, np.subtract), (operator.truediv, np.divide)
NEG, POW = (operator.neg, np.negative), (operator.pow, np.power)
FOLDED = {  # of Python numbers, computed when the gradient is built
    operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pow, float,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
}


def simpler(s: Apply, makers: dict[Var, Apply]) -> Atom | Apply | None:
    """A value equal to that of the statement, or a simpler statement; None if there is none."""
    if s.fn is runtime.identity:
        return s.args[0]
    if s.at.sweep == "forward" or s.kwargs:
        return None
    return folded(s) or arithmetic(s, makers) or unbroadcast(s, makers) or unchanged(s, makers)


def folded(s: Apply) -> Const | None:
    values = [a.value for a in s.args if isinstance(a, Const) and type(a.value) in (int, float)]
    if s.fn not in FOLDED or len(values) != len(s.args):
        return None
    if s.fn is operator.pow and not all(abs(v) <= 64 for v in values):
        return None
    try:
        value = s.fn(*values)
    except (ArithmeticError, ValueError, TypeError):  # raised when it runs, if it runs
        return None
    fine = isinstance(value, bool) or (isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1e15)
    return Const(value) if fine else None


def arithmetic(s: Apply, makers: dict[Var, Apply]) -> Atom | Apply | None:
    def negated(a: Atom) -> Atom | None:
        maker = made(a, makers, *NEG)
        return maker.args[0] if maker is not None and is_inexact(maker.args[0], maker.fn) else None

    def become(fn: Any, *args: Atom) -> Apply:
        return Apply(s.outs, fn, args, at=s.at)

    match s.args:
        case (x,) if s.fn in NEG:
            return negated(x)
        case (x, y) if s.fn in MUL:
            for a, b in ((x, y), (y, x)):
                if is_number(a, 1) and is_inexact(b, s.fn):
                    return b
                if is_number(a, -1) and is_inexact(b, s.fn):
                    return become(operator.neg if s.fn is operator.mul else np.negative, b)
        case (x, y) if s.fn in ADD:
            for a, b in ((x, y), (y, x)):
                if is_zeros(a, b, makers) and is_inexact(b, s.fn):
                    return b
            for a, b in ((x, y), (y, x)):
                if (c := negated(b)) is not None and is_inexact(a, s.fn):
                    return become(operator.sub if s.fn is operator.add else np.subtract, a, c)
        case (x, y) if s.fn in SUB:
            if is_zeros(y, x, makers) and is_inexact(x, s.fn):
                return x
            if (c := negated(y)) is not None and is_inexact(x, s.fn):
                return become(operator.add if s.fn is operator.sub else np.add, x, c)
        case (x, y) if s.fn in DIV:
            if is_number(y, 1) and is_inexact(x, s.fn):
                return x
        case (x, y) if s.fn in POW:
            if is_number(y, 1) and is_inexact(x, s.fn):
                return x
            if is_number(y, 0) and s.fn is operator.pow and x.aval == Num("float"):
                return Const(1.0)
    return None


def unbroadcast(s: Apply, makers: dict[Var, Apply]) -> Apply | None:
    """`broadcast_to(g, shape) * p` is `g * p`, where p has that shape already."""
    if s.fn not in (*MUL, *ADD, *SUB, *DIV) or len(s.args) != 2:
        return None
    for k in (0, 1):
        maker, p = made(s.args[k], makers, np.broadcast_to), s.args[1 - k]
        if maker is None or len(maker.args) != 2 or maker.kwargs or not has_shape(p, maker.args[1], makers):
            continue
        g, have, want = maker.args[0], dtype_of(maker.args[0].aval), dtype_of(p.aval)
        if have is not None and want is not None and np.result_type(have, want) == want:
            return Apply(s.outs, s.fn, (g, p) if k == 0 else (p, g), at=s.at)
    return None


def unchanged(s: Apply, makers: dict[Var, Apply]) -> Atom | None:
    """Conversions to what the value is already, and items of a display."""
    match s.args:
        case (x,) if s.fn is float and x.aval == Num("float"):
            return x
        case (x, Const(dtype)) if s.fn is np.ndarray.astype:
            is_dtype = isinstance(dtype, np.dtype) and isinstance(x.aval, Arr)
            return x if is_dtype and dtype_of(x.aval) == dtype else None
        case (x, shape) if s.fn in (np.broadcast_to, np.reshape, np.ndarray.reshape):
            return x if has_shape(x, shape, makers) else None
        case (x, like) if s.fn is runtime.unbroadcast:
            dtype = dtype_of(like.aval)
            if is_array(x) and dtype is not None and dtype == dtype_of(x.aval) and same_shape(x, like, makers):
                return x
        case (x, Const(index)) if s.fn is operator.getitem and type(index) is int:
            maker = made(x, makers, runtime.make_list, runtime.make_tuple)
            return maker.args[index] if maker is not None and -len(maker.args) <= index < len(maker.args) else None
    return None


# --- what is certain of a value -------------------------------------------------------------------


def made(a: Atom, makers: dict[Var, Apply], *fns: Any) -> Apply | None:
    """The statement that makes a value, if it applies one of `fns`."""
    maker = makers.get(a) if isinstance(a, Var) else None
    return maker if maker is not None and maker.fn in fns and not maker.effect else None


def is_number(a: Atom, number: int) -> bool:
    return isinstance(a, Const) and type(a.value) in (int, float) and a.value == number


def is_array(a: Atom) -> bool:
    """An array that has axes: arithmetic makes a scalar of one that has none."""
    return isinstance(a.aval, Arr) and a.aval.shape is not None and a.aval.shape != ()


def is_inexact(a: Atom, fn: Any) -> bool:
    """A float or complex value, of a type that arithmetic keeps."""
    dtype = dtype_of(a.aval)
    if dtype is None or dtype.kind not in "fc":
        return False
    if is_array(a):
        return True  # a ufunc makes a NumPy number of a Python number, and `+` of an array without axes
    return not isinstance(fn, np.ufunc) and (isinstance(a.aval, Num) or a.aval == Arr(dtype, (), boxed=True))


def is_zeros(a: Atom, b: Atom, makers: dict[Var, Apply]) -> bool:
    """Is `a` zero, and of a kind that `a + b` is of b's?"""
    if is_number(a, 0):
        return True
    if made(a, makers, np.zeros, np.zeros_like, runtime.zeros_like) is None:
        return False
    return is_array(a) and is_array(b) and dtype_of(a.aval) == dtype_of(b.aval) and same_shape(a, b, makers)


def same_shape(a: Atom, b: Atom, makers: dict[Var, Apply]) -> bool:
    known = is_known(shape_of(a.aval)) and shape_of(a.aval) == shape_of(b.aval)
    return known or like(a, makers) is like(b, makers)


def has_shape(a: Atom, shape: Atom, makers: dict[Var, Apply]) -> bool:
    """Is it certainly an array of this shape, with axes?"""
    if not is_array(a):
        return False
    if isinstance(shape, Const):
        wanted = (shape.value,) if type(shape.value) is int else shape.value
        return is_known(shape_of(a.aval)) and shape_of(a.aval) == wanted
    maker = made(shape, makers, np.shape)
    return maker is not None and same_shape(a, maker.args[0], makers)


def like(a: Atom, makers: dict[Var, Apply]) -> Atom:
    """The first value that this one has its shape from."""
    while isinstance(a, Var) and (s := makers.get(a)) is not None and not s.effect and not s.kwargs:
        unary = isinstance(s.fn, np.ufunc) and s.fn.nin == s.fn.nout == len(s.args) == 1 and s.fn.signature is None
        shape = made(s.args[1], makers, np.shape) if s.fn is np.broadcast_to and len(s.args) == 2 else None
        if unary or s.fn in (operator.neg, np.zeros_like, runtime.zeros_like, runtime.index_add):
            a = s.args[0]
        elif s.fn is runtime.unbroadcast and isinstance(s.args[1].aval, Arr):
            a = s.args[1]
        elif shape is not None:
            a = shape.args[0]
        else:
            break
    return a


def is_sequence(a: Atom) -> bool:
    """Something that may be iterated over more than once."""
    return isinstance(a.aval, Seq | Parts | Arr) or a.aval == Obj(range)


def is_empty(a: Atom, makers: dict[Var, Apply]) -> bool:
    """Is it certainly a sequence without items?"""
    if isinstance(a, Const):
        return isinstance(a.value, range | list | tuple | str) and len(a.value) == 0
    maker = made(a, makers, range, runtime.make_list, runtime.make_tuple)
    if maker is None:
        return False
    if maker.fn is range:
        bounds = [b.value for b in maker.args if isinstance(b, Const) and b.aval == INT]
        return len(bounds) == len(maker.args) and 0 not in bounds[2:] and len(range(*bounds)) == 0
    return not maker.args
