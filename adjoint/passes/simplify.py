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
    if t: if t: ...                               -> if t: ...
    w2 = loop s = x for i in r: yield s           -> x
    w3 = loop s = x for i in range(0): ...        -> x

Copies and control flow are simplified everywhere; arithmetic only where adjoint wrote it: what the user
wrote stays as it is written.  A value replaces another only if it is certainly of the same type, dtype
and shape: `1.0 * n` stays if n may be an int, `np.zeros(3) + y` stays if y may be a number.

Results are the same to the bit, but for the sign of a zero: `0.0 + x` and complex `1.0 * z` turn some
-0.0 into 0.0, x and z do not; and the sum of one constant is rounded once.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from collections import Counter
from typing import Any

import numpy as np

from .. import runtime
from ..avals import BOOL, Arr, Num, dtype_of, is_known, shape_of
from ..ir import UNDEF, Apply, Atom, Block, Const, Function, If, Loop, Stmt, Var, substitute, with_atoms
from ..lower.values import same
from .certain import Facts, is_number
from .nests import uses
from .rename import finish, resolve


def simplify(function: Function) -> Function:
    env: dict[Var, Atom] = {}
    body, changed = function.body, False
    while True:  # each round removes something, or is the last
        walk = _Walk(env, uses(body))
        body = walk.block(body)
        if not walk.changes:
            return finish(function, body, env) if changed else function
        changed = True


class _Walk:
    """One walk over the program: what stands for each removed value, and what is certain of the others."""

    def __init__(self, env: dict[Var, Atom], reads: Counter[Atom]) -> None:
        self.env = env
        self.facts = Facts()
        self.reads = reads
        self.known: dict[Var, bool] = {}  # the tests of the branches around
        self.changes = 0

    def get(self, a: Atom) -> Atom:
        a = resolve(self.env, a)
        if isinstance(a, Var) and a in self.known and a.aval == BOOL:
            self.changes += 1
            return Const(self.known[a])
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
        s = with_atoms(s, self.get)
        while not s.effect and len(s.outs) == 1:
            match simpler(s, self.facts, self.reads):
                case None:
                    break
                case Apply() as s:
                    self.changes += 1
                case value:
                    self.replace(s.out, value)
                    return []
        self.facts.note(s)
        return [s]

    # --- branches ---------------------------------------------------------------------------------

    def branch(self, s: If) -> list[Stmt]:
        test = self.get(s.test)
        taken = truth(test) if test not in self.known else self.known[test]
        if type(s) is not If:  # what decides is whether the block raises
            taken = None
        if taken is not None:
            side = s.then if taken else s.orelse
            if UNDEF not in side.results:
                stmts = [new for inner in side.stmts for new in self.statement(inner)]
                for out, a in zip(s.outs, side.results, strict=True):
                    self.replace(out, self.get(a))
                return stmts
        then, orelse = self.side(s.then, test, True), self.side(s.orelse, test, False)
        kept: list[int] = []
        for i, (out, a, b) in enumerate(zip(s.outs, then.results, orelse.results, strict=True)):
            if a is not UNDEF and same(a, b):
                self.replace(out, a)
            elif type(s) is If and test.aval == BOOL and same(a, Const(True)) and same(b, Const(False)):
                self.replace(out, test)
            else:
                kept.append(i)
        then, orelse = (Block(side.params, side.stmts, tuple(side.results[i] for i in kept)) for side in (then, orelse))
        outs = tuple(s.outs[i] for i in kept)
        return [dataclasses.replace(s, outs=outs, test=test, then=then, orelse=orelse)]

    def side(self, block: Block, test: Atom, value: bool) -> Block:
        if not isinstance(test, Var) or test in self.known or test.aval != BOOL:
            return self.block(block)
        self.known[test] = value
        block = self.block(block)
        del self.known[test]
        return block

    # --- loops ------------------------------------------------------------------------------------

    def loop(self, s: Loop) -> list[Stmt]:
        init, iters = self.all(s.init), self.all(s.iters)
        test = None if s.test is None else self.block(s.test)
        never = any(map(self.facts.is_empty, iters)) or (
            test is not None and not test.stmts and truth(test.results[0]) is False
        )
        if never and UNDEF not in init:
            return self.no_trip(s, init)
        body = self.block(s.body)
        still = [i for i, a in enumerate(init) if a is not UNDEF and (
            body.results[i] is body.params[i] or same(body.results[i], a)
        )]
        inside: dict[Var, Atom] = {}
        for i in still:  # a carry that does not change
            self.replace(s.outs[i], init[i])
            inside[body.params[i]] = init[i]
            if test is not None:
                inside[test.params[i]] = init[i]
        self.env.update(inside)
        keep = [i for i in range(len(init)) if i not in still]
        n = len(init)
        body = Block(
            tuple(body.params[i] for i in keep) + body.params[n:], body.stmts,
            tuple(body.results[i] for i in keep) + body.results[n:],
        )
        test = test and Block(tuple(test.params[i] for i in keep), test.stmts, test.results)
        return [dataclasses.replace(
            s, outs=tuple(s.outs[i] for i in keep), init=tuple(init[i] for i in keep), iters=iters,
            test=test and substitute(test, inside), body=substitute(body, inside),
        )]

    def no_trip(self, s: Loop, init: tuple[Atom, ...]) -> list[Stmt]:
        self.changes += 1
        for out, a in zip(s.outs, init, strict=True):
            self.replace(out, a)
        if s.count is not None:
            self.replace(s.count, Const(0))
        return [Apply((v,), runtime.make_list, (), at=s.at) for v in s.lists]


def truth(test: Atom) -> bool | None:
    """The outcome of a test, where it is known."""
    known = isinstance(test, Const) and isinstance(test.value, bool | np.bool_ | int | float | str | tuple | None)
    return bool(test.value) if known else None  # type: ignore[union-attr]


# --- one statement --------------------------------------------------------------------------------

MUL, ADD = (operator.mul, np.multiply), (operator.add, np.add)
SUB, DIV = (operator.sub, np.subtract), (operator.truediv, np.divide)
NEG, POW = (operator.neg, np.negative), (operator.pow, np.power)
FOLDED = {  # of Python numbers, computed when the gradient is built
    operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pow, float,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
}
SIMPLIFIED = FOLDED.union(  # what there may be a simpler statement for
    MUL, ADD, SUB, DIV, NEG, POW, (np.ndarray.astype, np.broadcast_to, np.reshape, np.ndarray.reshape, runtime.unbroadcast),
    (operator.getitem, np.where, np.ravel, np.transpose, np.moveaxis),
)

DEFAULTED = {np.sum, np.mean, np.prod, np.max, np.min, np.any, np.all}  # a rule passes all options on

LONGEST = 8  # characters of a quotient; `1.0 / 1437` says more than 0.0006958942240779402, and costs no more


def simpler(s: Apply, facts: Facts, reads: Counter[Atom]) -> Atom | Apply | None:
    """A value equal to that of the statement, or a simpler statement; None if there is none."""
    if s.fn is runtime.identity:
        return s.args[0]
    if s.at.sweep == "forward":
        return None
    if s.fn in DEFAULTED and (kwargs := tuple((k, a) for k, a in s.kwargs if not _is_default(k, a))) != s.kwargs:
        return dataclasses.replace(s, kwargs=kwargs)
    if s.fn is np.sum:
        return summed(s, facts)
    if s.kwargs or s.fn not in SIMPLIFIED:
        return None
    return folded(s) or arithmetic(s, facts, reads) or spread(s, facts) or unchanged(s, facts)


def _is_default(option: str, a: Atom) -> bool:
    """`axis=None`, `keepdims=False`."""
    return isinstance(a, Const) and option in _DEFAULTS and a.value is _DEFAULTS[option]


_DEFAULTS = {"axis": None, "keepdims": False, "dtype": None, "where": True}


def folded(s: Apply) -> Const | None:
    """Arithmetic of Python numbers."""
    if s.fn not in FOLDED or any(isinstance(a, Var) for a in s.args):
        return None
    values = [a.value for a in s.args if isinstance(a, Const) and type(a.value) in (int, float)]
    if len(values) != len(s.args):
        return None
    if s.fn is operator.pow and not all(abs(v) <= 64 for v in values):
        return None
    try:
        value = s.fn(*values)
    except (ArithmeticError, ValueError, TypeError):  # raised when it runs, if it runs
        return None
    fine = isinstance(value, bool) or (isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1e15)
    if s.fn is operator.truediv and len(repr(value)) > LONGEST:
        return None
    return Const(value) if fine else None


def arithmetic(s: Apply, facts: Facts, reads: Counter[Atom]) -> Atom | Apply | None:
    """Factors 1 and -1, terms 0, exponents 1 and 0, double minus; a minus that something else reads stays."""

    def minus(a: Atom, once: bool = False) -> Atom | None:
        maker = facts.made(a, *NEG)
        if once and isinstance(a, Var) and reads[a] != 1:
            return None
        return maker.args[0] if maker is not None and facts.is_inexact(maker.args[0], maker.fn) else None

    def become(pair: tuple[Any, Any], *args: Atom) -> Apply:
        return Apply(s.outs, pair[isinstance(s.fn, np.ufunc)], args, at=s.at)

    def keeps(a: Atom) -> bool:
        return facts.is_inexact(a, s.fn)

    match s.args:
        case (x,) if s.fn in NEG:
            return minus(x)
        case (x, y) if s.fn in MUL:
            for a, b in ((x, y), (y, x)):
                if is_number(a, 1) and keeps(b):
                    return b
                if is_number(a, -1) and keeps(b):
                    return become(NEG, b)
                one = facts.made(a, *POW)
                if one is not None and is_number(one.args[1], 0) and is_alike(a, b, facts):
                    return b
        case (x, y) if s.fn in ADD:
            for a, b in ((x, y), (y, x)):
                if is_zero(a, b, facts) and keeps(b):
                    return b
                if (c := minus(b, once=True)) is not None and keeps(a):
                    return become(SUB, a, c)
        case (x, y) if s.fn in SUB:
            if is_zero(y, x, facts) and keeps(x):
                return x
            if (c := minus(y, once=True)) is not None and keeps(x):
                return become(ADD, x, c)
        case (x, y) if s.fn in DIV:
            if is_number(y, 1) and keeps(x):
                return x
        case (x, y) if s.fn in POW:
            if is_number(y, 1) and keeps(x):
                return x
            if is_number(y, 0) and s.fn is operator.pow and x.aval == Num("float"):
                return Const(1.0)
    return None


def is_zero(a: Atom, b: Atom, facts: Facts) -> bool:
    """Is `a` zero, and of a kind that `a + b` is of b's?"""
    if is_number(a, 0):
        return True
    if facts.made(a, np.zeros, np.zeros_like, runtime.zeros_like) is None:
        return False
    return is_alike(a, b, facts)


def is_alike(a: Atom, b: Atom, facts: Facts) -> bool:
    """Arrays of one dtype and shape."""
    return facts.is_array(a) and facts.is_array(b) and facts.same_dtype(a, b) and facts.same_shape(a, b)


def spread(s: Apply, facts: Facts) -> Apply | None:
    """Arithmetic with one value broadcast to an array: `broadcast_to(g, shape) * p` is `g * p`, where p has that
    shape already, and `broadcast_to(2.0, shape) * 3` is `broadcast_to(6.0, shape)`."""
    if s.fn in NEG and (maker := facts.made(s.args[0], np.broadcast_to)):
        return _spread(s, maker, maker.args[:1], facts)
    if s.fn is np.where and len(s.args) == 3 and _is_doubles(s.out) and shape_of(s.args[0].aval) == shape_of(s.out.aval):
        args = (s.args[0], *(a if (value := _constant(a, facts)) is None else value for a in s.args[1:]))
        doubles = all(dtype_of(a.aval) == np.float64 for a in args[1:])  # single precision would win over a number
        return Apply(s.outs, s.fn, args, at=s.at) if doubles and args != s.args else None
    if s.fn not in (*MUL, *ADD, *SUB, *DIV) or len(s.args) != 2:
        return None
    for k in (0, 1):
        maker, p = facts.made(s.args[k], np.broadcast_to, np.expand_dims), s.args[1 - k]
        if maker is None or len(maker.args) != 2:
            continue
        g = maker.args[0]
        pair = (g, p) if k == 0 else (p, g)
        if maker.fn is np.expand_dims:
            fits = is_in_front(maker, facts) and facts.is_array(p) and is_alike(p, s.out, facts)
        else:
            fits = facts.has_shape(p, maker.args[1])
        have, want = dtype_of(facts.aval(g)), dtype_of(facts.aval(p))
        if fits and have is not None and want is not None and np.result_type(have, want) == want:
            return Apply(s.outs, s.fn, pair, at=s.at)
        if maker.fn is np.broadcast_to and (new := _spread(s, maker, pair, facts)):
            return new
        if s.fn in MUL and maker.fn is np.broadcast_to and is_number(g, 1) and _is_doubles(s.out) and facts.is_array(p):
            if shape_of(s.out.aval) == shape_of(maker.out.aval) and dtype_of(p.aval) == np.float64:
                return Apply(s.outs, np.broadcast_to, (p, maker.args[1]), at=s.at)
    return None


def summed(s: Apply, facts: Facts) -> Apply | None:
    """The sum of one constant again and again: `np.sum(np.broadcast_to(0.5, (6, 4)), axis=0)` is 3.0, four times."""
    value, shape, rest = _constant(s.args[0], facts), shape_of(s.args[0].aval), shape_of(s.out.aval)
    if value is None or shape is None or rest is None or not is_known(shape) or not _is_doubles(s.out) or 0 in shape:
        return None
    if len(s.args) != 1 or not {k for k, _ in s.kwargs} <= {"axis", "keepdims"}:
        return None
    total = Const(value.value * (math.prod(shape) // math.prod(rest)))
    return Apply(s.outs, np.broadcast_to, (total, Const(rest)), at=s.at) if rest else Apply(s.outs, np.float64, (total,), at=s.at)


def _constant(a: Atom, facts: Facts) -> Const | None:
    """The one float that stands in all entries of an array."""
    maker = facts.made(a, np.broadcast_to)
    value = maker.args[0] if maker is not None else None
    return value if isinstance(value, Const) and type(value.value) is float else None


def _is_doubles(v: Var) -> bool:
    return isinstance(v.aval, Arr) and v.aval.dtype == np.float64 and is_known(v.aval.shape)


def is_in_front(maker: Apply, facts: Facts) -> bool:
    """Does `np.expand_dims` put an axis in front, as broadcasting does?"""
    g, axis = maker.args
    known = isinstance(axis, Const) and type(axis.value) is int
    return known and (shape_of(g.aval) == () or (axis.value == 0 and facts.is_array(g)))  # type: ignore[union-attr]


def _spread(s: Apply, maker: Apply, args: tuple[Atom, ...], facts: Facts) -> Apply | None:
    """`s` applied to constants, and then broadcast."""
    constant = isinstance(maker.args[0], Const) and type(maker.args[0].value) is float
    value = folded(dataclasses.replace(s, args=args)) if constant and facts.is_array(maker.out) else None
    return None if value is None else Apply(s.outs, np.broadcast_to, (value, maker.args[1]), at=s.at)


def unchanged(s: Apply, facts: Facts) -> Atom | None:
    """Conversions to what the value is already, and items of a display."""
    match s.args:
        case (x,) if s.fn is float and x.aval == Num("float"):
            return x
        case (x, Const(dtype)) if s.fn is np.ndarray.astype and isinstance(dtype, np.dtype):
            return x if facts.is_array(x) and dtype_of(facts.aval(x)) == dtype else None
        case (x, shape) if s.fn in (np.broadcast_to, np.reshape, np.ndarray.reshape):
            return x if facts.has_shape(x, shape) else None
        case (x, *places) if s.fn in (np.ravel, np.transpose, np.moveaxis):
            return x if facts.is_array(x) and _stays(s.fn, shape_of(facts.aval(x)), places) else None
        case (x, like) if s.fn is runtime.unbroadcast:
            return x if facts.is_array(x) and facts.same_dtype(x, like) and facts.same_shape(x, like) else None
        case (x, Const(index)) if s.fn is operator.getitem and type(index) is int:
            maker = facts.made(x, runtime.make_list, runtime.make_tuple)
            return maker.args[index] if maker is not None and -len(maker.args) <= index < len(maker.args) else None
    return None


def _stays(fn: Any, shape: Any, places: list[Atom]) -> bool:
    """Does the function leave the axes of an array of this shape where they are?

    >>> _stays(np.moveaxis, (2, 3), [Const(-1), Const(1)]), _stays(np.transpose, (2, 3), [])
    (True, False)
    """
    given = [a.value if isinstance(a.value, tuple) else (a.value,) for a in places if isinstance(a, Const)]
    if not shape or len(given) != len(places) or not all(isinstance(k, int) for axes in given for k in axes):
        return False
    moves = [tuple(k % len(shape) for k in axes) for axes in given]
    if fn is np.moveaxis:
        return len(moves) == 2 and moves[0] == moves[1]
    return (not moves and len(shape) == 1) or (fn is np.transpose and moves == [tuple(range(len(shape)))])
