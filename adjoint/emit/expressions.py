"""From primitives to the Python expressions that a person would write for them."""

from __future__ import annotations

import ast
import operator
import types
from typing import Any

import numpy as np

from .. import runtime
from ..avals import Arr, Num, Obj, Parts
from ..rules.registry import Evaluated, Higher, PartOf
from ..ir import UNDEFINED, Apply, Atom, Const, If, Var
from .alias import is_gathered
from .fold import Folds, is_number
from .modules import Namespace
from .names import Names

_BINARY: dict[Any, type[ast.operator]] = {
    operator.add: ast.Add, operator.sub: ast.Sub, operator.mul: ast.Mult, operator.truediv: ast.Div,
    operator.pow: ast.Pow, operator.floordiv: ast.FloorDiv, operator.mod: ast.Mod, operator.matmul: ast.MatMult,
    operator.and_: ast.BitAnd, operator.or_: ast.BitOr, operator.xor: ast.BitXor,
    operator.lshift: ast.LShift, operator.rshift: ast.RShift, runtime.add: ast.Add,
}
_UNARY: dict[Any, type[ast.unaryop]] = {
    operator.neg: ast.USub, operator.pos: ast.UAdd, operator.invert: ast.Invert, operator.not_: ast.Not,
}
_COMPARE: dict[Any, type[ast.cmpop]] = {
    operator.lt: ast.Lt, operator.le: ast.LtE, operator.gt: ast.Gt, operator.ge: ast.GtE, operator.eq: ast.Eq,
    operator.ne: ast.NotEq, operator.is_: ast.Is, operator.is_not: ast.IsNot,
}
_ARITHMETIC = {operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul, operator.neg}
OPERATORS = {**_BINARY, **_UNARY, **_COMPARE}


class Expressions:
    """Writes atoms and primitives, what is folded into them included."""

    def __init__(self, folds: Folds, names: Names, space: Namespace) -> None:
        self.folds, self.names, self.space = folds, names, space

    def atom(self, a: Atom) -> ast.expr:
        if isinstance(a, Const):
            return self.constant(a.value)
        maker = self.folds.folded.get(a)
        if maker is None:
            return name(self.names[a])
        return self.apply(maker) if isinstance(maker, Apply) else self.branch(maker)

    def branch(self, stmt: If) -> ast.expr:
        """`a if test else b`, or `and` and `or` where that is what it says."""
        test = self.atom(stmt.test)
        then, orelse = stmt.then.results[0], stmt.orelse.results[0]
        if _is(orelse, False) or orelse is stmt.test:
            return ast.BoolOp(ast.And(), [test, self.atom(then)])
        if _is(then, True) or then is stmt.test:
            return ast.BoolOp(ast.Or(), [test, self.atom(orelse)])
        if _is(then, False) and _is(orelse, True):
            return ast.UnaryOp(ast.Not(), test)
        return ast.IfExp(test, self.atom(then), self.atom(orelse))

    def apply(self, stmt: Apply) -> ast.expr:
        fn, args = stmt.fn, stmt.args
        match fn:
            case runtime.identity:
                return self.atom(args[0])
            case runtime.owned:
                return self.owned(args[0])
            case runtime.make_tuple:
                return ast.Tuple([self.atom(a) for a in args], ast.Load())
            case runtime.make_list:
                return ast.List([self.atom(a) for a in args], ast.Load())
            case runtime.make_dict if isinstance(args[0], Const):
                return ast.Dict([self.constant(k) for k in args[0].value], [self.atom(a) for a in args[1:]])
            case runtime.call:
                return self.call(self.atom(args[0]), stmt, args[1:])
            case runtime.load:
                return self.load(*(a.value for a in args if isinstance(a, Const)))
            case operator.getitem:
                return ast.Subscript(self.atom(args[0]), self.index(args[1]), ast.Load())
            case operator.contains:
                return ast.Compare(self.atom(args[1]), [ast.In()], [self.atom(args[0])])
            case np.expand_dims if stmt.at.sweep != "forward" and _new_axis(stmt) is not None:
                return ast.Subscript(self.atom(args[0]), self.constant_index(_new_axis(stmt)), ast.Load())
            case np.transpose if len(args) == 1 and not stmt.kwargs and _is_array(args[0]):
                return ast.Attribute(self.atom(args[0]), "T", ast.Load())
        if isinstance(fn, Higher):
            return self.higher(fn, stmt)
        if isinstance(fn, Evaluated):
            given = args[1 : 1 + fn.count]
            while given and isinstance(given[-1], Const) and given[-1].value is fn.defaults()[len(given) - 1]:
                given = given[:-1]
            return ast.Call(self.atom(args[0]), [self.atom(a) for a in given], [])
        if isinstance(fn, PartOf):
            if isinstance(fn.name, int):
                return ast.Subscript(self.atom(args[0]), ast.Constant(fn.name), ast.Load())
            return ast.Attribute(self.atom(args[0]), fn.name, ast.Load())
        if fn is getattr and len(args) == 2 and isinstance(args[1], Const):
            return ast.Attribute(self.atom(args[0]), args[1].value, ast.Load())
        if fn in _BINARY and len(args) == 2 and (fn is not runtime.add or _are_numbers(args)):
            return self.binary(_BINARY[fn], self.atom(args[0]), self.atom(args[1]), stmt)
        if fn in _UNARY and len(args) == 1:
            value = self.atom(args[0])
            positive = without_minus(value) if fn is operator.neg and stmt.at.sweep != "forward" else None
            return ast.UnaryOp(_UNARY[fn](), value) if positive is None else positive
        if fn in _COMPARE and len(args) == 2:
            return ast.Compare(self.atom(args[0]), [_COMPARE[fn]()], [self.atom(args[1])])
        if args and (isinstance(fn, types.MethodDescriptorType) or _is_method(fn, args[0])):
            return self.call(ast.Attribute(self.atom(args[0]), fn.__name__, ast.Load()), stmt, args[1:])
        return self.call(self.function(fn), stmt, args)

    def binary(self, op: type[ast.operator], left: ast.expr, right: ast.expr, stmt: Apply) -> ast.expr:
        """`left op right`; where adjoint wrote it `a - b * c` for `a + -b * c`, which is the same to the bit."""
        if op in (ast.Add, ast.Sub) and stmt.at.sweep != "forward":
            positive = without_minus(right)
            if positive is not None:
                return ast.BinOp(left, ast.Sub() if op is ast.Add else ast.Add(), positive)
            positive = without_minus(left) if op is ast.Add else None
            if positive is not None:
                return ast.BinOp(right, ast.Sub(), positive)
        return ast.BinOp(left, op(), right)

    def call(self, fn: ast.expr, stmt: Apply, args: tuple[Atom, ...]) -> ast.expr:
        keywords = [ast.keyword(k, self.atom(a)) for k, a in stmt.kwargs]
        return ast.Call(fn, [self.atom(a) for a in args], keywords)

    def higher(self, fn: Higher, stmt: Apply) -> ast.expr:
        """`brentq(f, a, b, args=(c,))`"""
        call = self.call(self.function(fn.fn), stmt, stmt.args[: fn.count])
        assert isinstance(call, ast.Call)
        if len(stmt.args) > fn.count:
            handed = ast.Tuple([self.atom(a) for a in stmt.args[fn.count :]], ast.Load())
            call.keywords.insert(0, ast.keyword("args", handed))
        return call

    def owned(self, a: Atom) -> ast.expr:
        """A copy that nobody else holds; what is one number everywhere is filled in at once."""
        maker = self.folds.folded.get(a) if isinstance(a, Var) else None
        if isinstance(maker, Apply) and maker.fn is np.broadcast_to and maker.args[0].aval == Num("float"):
            return ast.Call(self.function(np.full), [self.atom(maker.args[1]), self.atom(maker.args[0])], [])
        if is_number(a):
            return self.atom(a)  # a number cannot be written to
        if isinstance(maker, Apply) and (maker.fn in _ARITHMETIC or is_gathered(maker)) and _is_array(a):
            return self.atom(a)  # it has just been made
        if _is_array(a):
            return ast.Call(self.function(np.array), [self.atom(a)], [])
        return ast.Call(self.function(runtime.owned), [self.atom(a)], [])

    def load(self, fn: Any, where: str, key: Any) -> ast.expr:
        """`f.__globals__["rate"]`: a variable of the user's function, as it is when the code runs."""
        holder = ast.Attribute(self.function(fn), where, ast.Load())
        found: ast.expr = ast.Subscript(holder, self.constant(key), ast.Load())
        return ast.Attribute(found, "cell_contents", ast.Load()) if where == "__closure__" else found

    def range_of(self, a: Atom) -> range | None:
        """The range that is written here, if its bounds are known."""
        maker = self.folds.folded.get(a) if isinstance(a, Var) else None
        if isinstance(a, Const):
            return a.value if isinstance(a.value, range) else None
        if not isinstance(maker, Apply) or maker.fn is not range:
            return None
        bounds = [b.value for b in maker.args if isinstance(b, Const) and type(b.value) is int]
        return range(*bounds) if len(bounds) == len(maker.args) else None

    def index(self, a: Atom) -> ast.expr:
        """What stands in the brackets: `i`, `1:-1`, `i, :`, `mask`."""
        maker = self.folds.folded.get(a) if isinstance(a, Var) else None
        if isinstance(maker, Apply) and maker.fn is slice:
            bounds = [*maker.args, *[Const(None)] * (3 - len(maker.args))]
            if len(maker.args) == 1:
                bounds = [Const(None), maker.args[0], Const(None)]
            lower, upper, step = (None if _is(b, None) else self.atom(b) for b in bounds)
            return ast.Slice(lower, upper, step)
        if isinstance(maker, Apply) and maker.fn is runtime.make_tuple and maker.args:
            return ast.Tuple([self.index(b) for b in maker.args], ast.Load())
        if isinstance(a, Const):
            return self.constant_index(a.value)
        return self.atom(a)

    def constant_index(self, value: Any) -> ast.expr:
        if isinstance(value, slice):
            parts = (None if p is None else self.constant(p) for p in (value.start, value.stop, value.step))
            return ast.Slice(*parts)
        if type(value) is tuple and value:
            return ast.Tuple([self.constant_index(v) for v in value], ast.Load())
        return self.constant(value)

    def constant(self, value: Any) -> ast.expr:
        if value is UNDEFINED:
            return ast.Constant(None)
        if isinstance(value, float) and type(value) is float:
            return self._float(value)
        if type(value) is int and value < 0:
            return ast.UnaryOp(ast.USub(), ast.Constant(-value))
        if value is None or value is Ellipsis or type(value) in (bool, int, str, bytes, complex):
            return ast.Constant(value)
        if type(value) is tuple:
            return ast.Tuple([self.constant(v) for v in value], ast.Load())
        if type(value) is range:
            bounds = (value.start, value.stop, value.step)
            kept = bounds if value.step != 1 else bounds[:2] if value.start else bounds[1:2]
            return ast.Call(self.function(range), [self.constant(b) for b in kept], [])
        if type(value) is slice:
            return ast.Call(self.function(slice), [self.constant(b) for b in (value.start, value.stop, value.step)], [])
        if isinstance(value, np.dtype):
            if value.isnative and value.name in np.sctypeDict and hasattr(np, value.name):
                return self.function(getattr(np, value.name))
            return ast.Call(self.function(np.dtype), [ast.Constant(value.str)], [])
        if isinstance(value, np.generic):
            return ast.Call(self.function(type(value)), [self.constant(value.item())], [])
        return self.function(value)

    def _float(self, value: float) -> ast.expr:
        for known, word in ((np.pi, "pi"), (np.e, "e"), (np.inf, "inf")):
            if abs(value) == known:
                found: ast.expr = ast.Attribute(self.space.module("numpy"), word, ast.Load())
                return found if value > 0 else ast.UnaryOp(ast.USub(), found)
        if value != value:
            return ast.Attribute(self.space.module("numpy"), "nan", ast.Load())
        if value < 0 or (value == 0 and np.signbit(value)):
            return ast.UnaryOp(ast.USub(), ast.Constant(-value))
        return ast.Constant(value)

    def function(self, fn: Any) -> ast.expr:
        return self.space.reference(fn)


def without_minus(value: ast.expr) -> ast.expr | None:
    """`a * b` for `-a * b`; None where there is no minus in front."""
    match value:
        case ast.UnaryOp(op=ast.USub()):
            return value.operand
        case ast.BinOp(op=ast.Mult() | ast.Div()):
            left = without_minus(value.left)
            return None if left is None else ast.BinOp(left, value.op, value.right)
    return None


def _new_axis(stmt: Apply) -> Any:
    """The index that `np.expand_dims` stands for: `None`, `(:, None)`, `(..., None)`; None where that is not known."""
    x, *axes = stmt.args
    axis = axes[0] if axes else None
    if not _is_array(x) or stmt.kwargs or not isinstance(axis, Const) or type(axis.value) is not int:
        return None
    rank = len(x.aval.shape)  # type: ignore[union-attr, arg-type]
    place = axis.value % (rank + 1)
    if place == rank > 1:
        return (Ellipsis, None)
    return (*[slice(None)] * place, None)


def name(text: str, store: bool = False) -> ast.expr:
    return ast.Name(text, ast.Store() if store else ast.Load())


def _is_method(fn: Any, owner: Atom) -> bool:
    """Is it a method of the class that its first argument has?"""
    cls = owner.aval.cls if isinstance(owner.aval, Obj) else None
    return cls is not None and getattr(cls, getattr(fn, "__name__", ""), None) is fn


def _is(a: Atom, value: Any) -> bool:
    return isinstance(a, Const) and a.value is value


def _is_array(a: Atom) -> bool:
    return isinstance(a.aval, Arr) and not a.aval.boxed and a.aval.shape is not None


def _are_numbers(args: tuple[Atom, ...]) -> bool:
    return all(isinstance(a.aval, Num | Arr) and not isinstance(a.aval, Parts) for a in args)
