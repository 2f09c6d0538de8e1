"""What is known of arrays once the loops are known: how long lists are that they make, and slices that they move.

    ts = loop for k in range(30):                            ts = loop for k in range(30):
        ...                                                      ...
        yield t                                   ->             yield t
    w1: float64 (None,) = array(ts)                          w1: float64 (30,) = array(ts)
    w2: float64 (None,) = sub(w1, data)                      w2: float64 (30,) = sub(w1, data)

    loop for i in range(8):                                  loop for i in range(8):
        w3 = add(i, 3)                                           w3 = add(i, 3)
        w4 = slice(i, w3)                         ->             w4 = slice(i, w3)
        w5: float64 (None,) = getitem(x, w4)                     w5: float64 (3,) = getitem(x, w4)

When it is lowered, a loop is read before it is known what it appends to, and an integer is an integer.  With the
shapes known, nothing has to be summed over axes that a cotangent may have and its value not.
"""

from __future__ import annotations

import dataclasses
import operator

import numpy as np

from .. import runtime
from ..avals import ANY, INT, Arr, Aval, Num, Seq, dtype_of, is_known, join, shape_of
from ..infer import infer
from ..ir import UNDEF, Apply, Atom, Block, Const, Function, If, Loop, Stmt, Var, blocks, with_blocks, with_stmts
from ..rules.registry import lookup
from .affine import Affine, number, unknown
from .lengths import Lengths
from .rename import finish, resolve
from .rewriting import current
from .spread import is_spread, spread, spread_to

STACKING = (np.array, np.asarray, np.stack)  # makes an array of a list, which becomes its first axis


def measured(function: Function) -> Function:
    lengths = Lengths()
    lengths.note(function.body)
    walk = _Walk(lengths)
    body = walk.block(function.body)
    return finish(function, body, walk.env) if walk.env else function


class _Walk:
    def __init__(self, lengths: Lengths) -> None:
        self.lengths = lengths
        self.env: dict[Var, Atom] = {}  # the values of which more is known now
        self.makers: dict[Atom, Apply] = {}
        self.counters: dict[Var, range] = {}  # the items of loops over known ranges

    def get(self, a: Atom) -> Atom:
        return resolve(self.env, a)

    def block(self, b: Block) -> Block:
        stmts = [new for s in b.stmts for new in self.statement(s)]
        if not self.env:
            return with_stmts(b, stmts)
        return Block(self.vars(b.params), tuple(stmts), tuple(map(self.get, b.results)))

    def vars(self, vars: tuple[Var, ...]) -> tuple[Var, ...]:
        return tuple(self.get(v) for v in vars)  # type: ignore[misc]

    def statement(self, s: Stmt) -> list[Stmt]:
        new = current(s, self.get) if self.env else s
        match new:
            case Apply():
                return [self.apply(new, changed=new is not s)]
            case If():
                new = with_blocks(new, self.block)
                assert isinstance(new, If)
                for out, a, b in zip(new.outs, new.then.results, new.orelse.results, strict=True):
                    if UNDEF not in (a, b):
                        self.refine(out, join(a.aval, b.aval))
                return [dataclasses.replace(new, outs=self.vars(new.outs)) if self.env else new]
            case Loop():
                starts, new = self.spread(new)
                return [*starts, self.loop(new)]
        raise AssertionError(new)

    def apply(self, s: Apply, changed: bool) -> Apply:
        self.makers.update(dict.fromkeys(s.outs, s))
        if len(s.outs) != 1 or s.effect:
            return s
        aval = self.of_list(s) or self.of_slices(s) or (self.of_arguments(s) if changed else None)
        if aval is None or not self.refine(s.out, aval):
            return s
        out = self.get(s.out)
        assert isinstance(out, Var)
        new = self.makers[out] = Apply((out,), s.fn, s.args, s.kwargs, s.at)
        return new

    def refine(self, v: Var, aval: Aval) -> bool:
        """Give a value another abstract value, where this says more."""
        if not isinstance(aval, Num | Arr | Seq) or aval == v.aval or not _includes(v.aval, aval):
            return False
        new = self.env[v] = Var(aval, v.hint)
        if v in self.lengths.of:
            self.lengths.of[new] = self.lengths.of[v]
        return True

    def loop(self, s: Loop) -> Loop:
        """The loop, and what is known of what it carries."""
        new, carries = self.carried(s)
        for k, aval in carries.items():
            self.refine(s.outs[k], aval)
        for v, result in zip(s.lists, new.body.results[len(s.outs) :], strict=False):
            self.refine(v, Seq(result.aval))
        return dataclasses.replace(new, outs=self.vars(s.outs), lists=self.vars(s.lists)) if self.env else new

    def carried(self, s: Loop) -> tuple[Loop, dict[int, Aval]]:
        """A carry of which little is known is taken for what the loop starts from, then for what that leads to."""
        env, assumed = self.env, _starts(s)
        while True:
            self.env = dict(env)
            new = self.under(s, assumed)
            found = {k: join(aval, new.body.results[k].aval) for k, aval in assumed.items()}
            if found == assumed:
                return new, assumed
            assumed = found

    def under(self, s: Loop, assumed: dict[int, Aval]) -> Loop:
        """The loop, with carries of these kinds; what says no more than is known already is left out of them."""
        for source, item in zip(s.iters, s.body.params[len(s.outs) :], strict=True):
            if values := self.lengths.range_of(source):
                self.counters[item] = values
        for k, aval in list(assumed.items()):
            if not all([self.refine(b.params[k], aval) for b in blocks(s)]):
                del assumed[k]
                for b in blocks(s):
                    self.env.pop(b.params[k], None)
        new = with_blocks(s, self.block)
        assert isinstance(new, Loop)
        return new

    def spread(self, s: Loop) -> tuple[list[Apply], Loop]:
        """The loop with numbers that become arrays as arrays from the start (`passes.spread`), and what makes these."""
        if not any(isinstance(aval, Num) for aval in _starts(s).values()) or not self.lengths.steps(s):
            return [], s
        env = self.env
        self.env = dict(env)
        results = self.under(s, _starts(s)).body.results
        first, self.env = self.env, dict(env)
        arrays = {k: array for k in _starts(s) if (array := spread_to(s.init[k], results[k].aval)) is not None}
        starts = {k: spread(s.init[k], array, s.at, s.body.params[k].hint) for k, array in arrays.items()}
        new = dataclasses.replace(s, init=tuple(starts[k].out if k in starts else a for k, a in enumerate(s.init)))
        carries = self.carried(new)[1]
        fits = all(carries.get(k) == array for k, array in arrays.items()) and is_spread(
            s, lambda a: resolve(first, a).aval, lambda a: resolve(self.env, a).aval
        )
        self.env = env
        return (list(starts.values()), new) if fits else ([], s)

    def of_list(self, s: Apply) -> Aval | None:
        """The array that a list of known length becomes."""
        if s.fn not in STACKING or len(s.args) != 1 or s.kwargs or not isinstance(s.args[0].aval, Seq):
            return None
        item, lengths = s.args[0].aval.item, self.lengths.of.get(s.args[0], ())
        dtype, shape = dtype_of(item), shape_of(item)
        if not lengths or not lengths[0] or dtype is None or not isinstance(item, Num | Arr) or not is_known(shape):
            return None
        return Arr(dtype, (lengths[0], *shape))  # type: ignore[misc]

    def of_arguments(self, s: Apply) -> Aval | None:
        rule = lookup(s.fn)
        return infer(s.fn, s.args, s.kwargs, rule is not None and rule.pure)

    # --- slices that move -------------------------------------------------------------------------

    def of_slices(self, s: Apply) -> Aval | None:
        """A part of an array, by slices that are equally long wherever the loops around take them."""
        if s.fn is not operator.getitem or not isinstance(s.args[0].aval, Arr) or not isinstance(s.out.aval, Arr):
            return None
        shape, lengths, part = s.args[0].aval.shape, s.out.aval.shape, list(s.out.aval.shape or ())
        if shape is None or lengths is None or is_known(lengths):
            return None
        axis = place = 0
        for item in self.items(s.args[1]):
            if isinstance(item, Const) and item.value is None:
                place += 1
            elif item.aval == INT:
                axis += 1
            elif (cut := self.cut(item)) is not None and place < len(part):
                if part[place] is None:
                    part[place] = self.length(cut, shape[axis])
                axis, place = axis + 1, place + 1
            else:
                return None
        return Arr(s.out.aval.dtype, tuple(part))

    def items(self, index: Atom) -> tuple[Atom, ...]:
        maker = self.makers.get(index)
        return maker.args if maker is not None and maker.fn is runtime.make_tuple else (index,)

    def cut(self, item: Atom) -> tuple[Atom, ...] | None:
        """Start, stop and step of a slice."""
        if isinstance(item, Const) and isinstance(item.value, slice):
            return Const(item.value.start), Const(item.value.stop), Const(item.value.step)
        maker = self.makers.get(item)
        return (*maker.args, Const(None))[:3] if maker is not None and maker.fn is slice and len(maker.args) > 1 else None

    def length(self, cut: tuple[Atom, ...], n: int | None) -> int | None:
        """How much a slice takes of an axis of n entries, where it never reaches over an end."""
        start, stop, step = cut
        if not isinstance(step, Const) or step.value not in (None, 1) or n is None:
            return None
        first = number(0) if isinstance(start, Const) and start.value is None else self.affine(start)
        last = number(n) if isinstance(stop, Const) and stop.value is None else self.affine(stop)
        if first is None or last is None or (last - first).factors:
            return None
        length = (last - first).constant
        inside = length >= 0 and self.least(first) >= 0 and self.least(number(n) - last) >= 0
        return length if inside else None

    def affine(self, a: Atom) -> Affine | None:
        """An integer by the counters of the loops."""
        if isinstance(a, Const):
            return number(a.value) if type(a.value) is int else None
        if a in self.counters:
            return unknown(a)
        s = self.makers.get(a)
        if s is None or s.fn not in (operator.add, operator.sub, operator.mul) or a.aval != INT:
            return None
        x, y = map(self.affine, s.args)
        if x is None or y is None:
            return None
        if s.fn is not operator.mul:
            return x + y if s.fn is operator.add else x - y
        return x * y.constant if not y.factors else y * x.constant if not x.factors else None

    def least(self, e: Affine) -> int:
        """The smallest value over the ranges of the counters."""
        ends = ((n * self.counters[v][0], n * self.counters[v][-1]) for v, n in e.factors.items())  # type: ignore[index]
        return e.constant + sum(map(min, ends))


def _starts(s: Loop) -> dict[int, Aval]:
    """What the carries of which little is known start from."""
    return {k: a.aval for k, a in enumerate(s.init) if a is not UNDEF and _is_vague(s.outs[k].aval)}


def _includes(vague: Aval, aval: Aval) -> bool:
    """Does this say more of a value, and nothing else?  An array of any rank may be a number, too (`boxed`)."""
    if isinstance(vague, Arr) and vague.shape is None and isinstance(aval, Num | Arr):
        return dtype_of(join(aval, vague)) == vague.dtype
    return join(aval, vague) == vague


def _is_vague(aval: Aval) -> bool:
    return aval == ANY or (isinstance(aval, Arr) and (aval.dtype is None or not is_known(aval.shape)))
