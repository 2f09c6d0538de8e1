"""A loop that goes back is cut in three: what can be done for all steps at once, before it and after it, and the rest.

    for h, x in zip(reversed(h_tape), reversed(xs)):        slope_all = 1.0 - np.array(h_tape) ** 2
        slope = 1.0 - h ** 2                                for slope in reversed(slope_all):
        z_bar = h_bar * slope                       ->          z_bar = h_bar * slope
        W_bar += np.outer(z_bar, x)                             z_bars.append(z_bar)
        b_bar += z_bar                                          h_bar = z_bar @ W
        h_bar = z_bar @ W                                   W_bar += np.array(z_bars).T @ xs
                                                            b_bar += np.sum(np.array(z_bars), axis=0)

What is made entry by entry from tapes and from what does not change is made from whole tapes before the loop;
sums that nothing in the loop reads are taken after it, outer products as one product of matrices.  Inner
loops first: what comes before and after them belongs to the body of the loop around, and is moved on.
Of the factors of a product those from tapes are multiplied with each other first; where two of them are so large
that their product is infinite, so is the result, or nan.

For arrays that are small, so that the calls are what takes the time (`SMALL` entries), of known shapes, in a loop
whose number of steps is known and not zero; and only where fewer operations are left (`cost`).  Results
differ by rounding.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from typing import Any

import numpy as np

from .. import runtime
from ..avals import INT, Arr, Seq, is_known, shape_of
from ..infer import infer
from ..ir import (
    Apply, At, Atom, Block, Const, Function, If, Loop, Stmt, Var, defined, free_of, with_blocks, with_body, with_stmts,
)
from .certain import is_basic
from .lengths import Lengths
from .nests import uses

SMALL = 512  # entries of what a step works on
MOST = 2**22  # entries of what all steps work on: a tape is not doubled where it is large
ROW = 0.3  # of an operation, for a row that is copied from a list into an array
TAKEN = 0.4  # for a row that a loop takes from an array; from a list, or onto one, it is a tenth
ENTRYWISE = {operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pow}
SUMS = (operator.add, operator.sub)
VIEWS = (runtime.make_tuple, slice, operator.getitem)


def fission(function: Function) -> Function:
    lengths = Lengths()
    lengths.note(function.body)
    return with_body(function, _block(function.body, lengths))


def _block(block: Block, lengths: Lengths) -> Block:
    stmts: list[Stmt] = []
    for s in block.stmts:
        if isinstance(s, Loop) and s.at.sweep == "reverse":
            new = divided(s, lengths)
            if new is not None and cost(new, lengths) < 0.9 * cost([s], lengths):
                stmts += new
                continue
        stmts.append(with_blocks(s, lambda inner: _block(inner, lengths)))
    return with_stmts(block, stmts)


# --- how much -------------------------------------------------------------------------------------


def cost(stmts: list[Stmt] | tuple[Stmt, ...], lengths: Lengths) -> float:
    """About how many operations are done."""
    total = 0.0
    for s in stmts:
        match s:
            case Apply() if s.fn is np.array and isinstance(s.args[0].aval, Seq):
                total += 1 + ROW * math.prod(lengths.of.get(s.args[0], (10,)))
            case Apply():
                total += s.fn not in (runtime.make_tuple, slice)
            case If():
                total += max(cost(s.then.stmts, lengths), cost(s.orelse.stmts, lengths))
            case Loop():
                n = lengths.steps(s)
                more = 0.1 * len(s.lists) + sum(TAKEN if isinstance(a.aval, Arr) else 0.1 for a in s.iters)
                total += (10 if n is None else n) * (cost(s.body.stmts, lengths) + more)
    return total


# --- cutting --------------------------------------------------------------------------------------


def divided(loop: Loop, lengths: Lengths) -> list[Stmt] | None:
    """What comes before the loop, the loop that is left, and what comes after; None where all of it must stay."""
    n = lengths.steps(loop)
    if not n or loop.snapshots is not None or loop.count is not None or loop.body.params[len(loop.outs) :] == ():
        return None
    stmts: list[Stmt] = []
    for s in loop.body.stmts:
        inner = divided(s, lengths) if isinstance(s, Loop) else None
        stmts += [s] if inner is None else inner
    return Cut(loop, stmts, n, lengths).done()


class Cut:
    def __init__(self, loop: Loop, stmts: list[Stmt], n: int, lengths: Lengths) -> None:
        self.loop, self.stmts, self.n, self.lengths = loop, stmts, n, lengths
        self.body = Block(loop.body.params, tuple(stmts), loop.body.results)
        self.count = uses(self.body)
        self.makers: dict[Atom, Stmt] = {v: s for s in stmts for v in defined(s)}
        self.sources: dict[Atom, Atom] = dict(zip(loop.body.params[len(loop.outs) :], loop.iters, strict=True))
        self.local: set[Atom] = {*loop.body.params, *self.makers}
        self.before: list[Stmt] = []
        self.after: list[Stmt] = []
        self.stacks: dict[Atom, Atom] = {}
        self.late: set[Atom] = set()  # what is made after the loop
        self.emitted: dict[Var, Var] = {}
        self.early: set[Stmt] = set()
        self.sums: set[Stmt] = set()  # sums and differences that nothing but sums reads
        self.at = At(sweep="reverse")

    def done(self) -> list[Stmt] | None:
        self.hoist()
        self.sort()
        self.chains = {i: chain for i in range(len(self.loop.outs)) if (chain := self.chain(i))}
        self.final = self.final_ones()
        rest = [s for s in self.stmts if s not in self.final and s not in self.early]
        if rest == list(self.loop.body.stmts) and not self.before:
            return None
        n = len(self.loop.outs)
        keep = [i for i in range(n) if i not in self.chains]
        results = self.body.results
        kept = (*(results[i] for i in keep), *results[n:])
        read = {v for s in rest for v in free_of(s)} | {r for r in kept if isinstance(r, Var)}
        border = [s.out for s in self.stmts if s in self.early and isinstance(s, Apply) and s.out in read]
        rows = [self.stack(v) for v in border]
        for i, chain in self.chains.items():
            self.add_up(i, chain)
        loop = dataclasses.replace(
            self.loop,
            outs=tuple(self.loop.outs[i] for i in keep),
            lists=(*self.loop.lists, *self.emitted.values()),
            init=tuple(self.loop.init[i] for i in keep),
            iters=(*self.loop.iters, *rows),
            body=Block(
                (*(self.body.params[i] for i in keep), *self.body.params[n:], *border),
                tuple(rest), (*kept, *self.emitted),
            ),
        )
        return [*self.before, loop, *self.after]

    def hoist(self) -> None:
        """What is the same in every step goes before the loop."""
        left: list[Stmt] = []
        for s in self.stmts:
            if isinstance(s, Apply) and not s.effect and self.is_fixed(s) and (s.fn in VIEWS or is_entrywise(s)):
                self.before.append(dataclasses.replace(s, at=self.at))
                self.local -= set(s.outs)
            else:
                left.append(s)
        self.stmts = left

    def is_fixed(self, s: Apply) -> bool:
        read = s.fn is not operator.getitem or isinstance(s.args[0].aval, Arr)
        return read and not any(a in self.local for a in s.atoms())

    def is_small(self, shape: tuple[Any, ...] | None) -> bool:
        size = math.prod(shape or ())
        return size <= SMALL and self.n * size <= MOST

    # --- what is known before the loop --------------------------------------------------------------

    def sort(self) -> None:
        """Find what is made from tapes alone; of a product the factors that are, are multiplied first."""
        ready: set[Atom] = {v for v, source in self.sources.items() if self.lengths.shape(source) is not None}
        found: list[Stmt] = []
        for s in self.stmts:
            parts = self.regrouped(s, ready) if isinstance(s, Apply) else None
            for t in [s] if parts is None else parts:
                found.append(t)
                self.makers.update(dict.fromkeys(defined(t), t))
                if isinstance(t, Apply) and self.is_early(t, ready):
                    self.early.add(t)
                    ready.add(t.out)
        self.stmts = found

    def is_early(self, s: Apply, ready: set[Atom]) -> bool:
        mine = [a for a in s.args if a in self.local]
        if s.effect or not mine or not all(a in ready or (is_entrywise(s) and self.is_row(a)) for a in mine):
            return False
        return self.stacks_up(s) or (s.fn is np.array and len(s.args) == 1 and not s.kwargs and isinstance(s.args[0].aval, Seq))

    def regrouped(self, s: Apply, ready: set[Atom]) -> list[Apply] | None:
        """`(g * a) * b` as `g * (a * b)`, where a and b come from tapes."""
        g, b = self.apart(s, ready)
        inner = self.makers.get(g) if g is not None else None
        if not isinstance(inner, Apply) or inner.at.sweep == "forward" or self.count[inner.out] != 1:
            return None
        h, a = self.apart(inner, ready)
        if h is None or a is None or b is None:
            return None
        part = Var(s.out.aval)
        self.local.add(part)
        return [Apply((part,), s.fn, (a, b), at=s.at), Apply(s.outs, s.fn, (h, part), at=s.at)]

    def apart(self, s: Apply, ready: set[Atom]) -> tuple[Atom | None, Atom | None]:
        """The factor of a product that the loop makes, and the one from tapes."""
        if s.fn not in (operator.mul, np.multiply) or not self.stacks_up(s):
            return None, None
        for g, a in (s.args, s.args[::-1]):
            if g in self.local and g not in ready and a in ready and shape_of(a.aval) == shape_of(g.aval):
                return g, a
        return None, None

    def stacks_up(self, s: Apply) -> bool:
        """Is it done entry by entry, and with one more axis in front of what changes means the same?"""
        shape = shape_of(s.out.aval)
        if not is_entrywise(s) or not shape or not self.is_small(shape):
            return False
        return all(len(shape_of(a.aval) or ()) == len(shape) if a in self.local else True for a in s.args)

    def is_row(self, a: Atom) -> bool:
        """Is it `xs[t]`, where t is what the loop counts, and xs is the same all along?"""
        s = self.makers.get(a)
        if not isinstance(s, Apply) or s.fn is not operator.getitem or s.args[0] in self.local:
            return False
        found = self.counted(s.args[1], s.args[0])
        return self.lengths.shape(a) is not None and found is not None and found[1]

    def counted(self, index: Atom, array: Atom) -> tuple[Atom, bool] | None:
        """The index for all steps at once, and whether it has one more axis for them; None where there is no such."""
        if index not in self.local:
            return (index, False) if is_basic(index) else None
        maker = self.makers.get(index)
        items = maker.args if isinstance(maker, Apply) and maker.fn is runtime.make_tuple else (index,)
        cuts = [self.cut(a) for a in items]
        changing = [k for k, a in enumerate(items) if a in self.local]
        shape = shape_of(array.aval)
        if len(changing) != 1 or not is_basic(index) or not is_known(shape):
            return None
        at, cut = changing[0], cuts[changing[0]]
        if cut is None or not all(a.aval == INT for a in items[:at]):
            return None
        if cut.value == slice(0, shape[at]):  # type: ignore[index]
            cut = Const(slice(None))
        parts = [*items[:at], cut, *items[at + 1 :]]
        if len(parts) == 1:
            return cut, True
        if all(isinstance(p, Const) for p in parts):
            return Const(tuple(p.value for p in parts)), True  # type: ignore[union-attr]
        whole = Var(infer(runtime.make_tuple, tuple(parts), (), True))
        self.before.append(Apply((whole,), runtime.make_tuple, tuple(parts), at=self.at))
        return whole, True

    def cut(self, a: Atom) -> Const | None:
        """The slice that a counter runs through, or one with a number added to it."""
        plus = 0
        maker = self.makers.get(a)
        if isinstance(maker, Apply) and maker.fn in (operator.add, operator.sub) and isinstance(maker.args[1], Const):
            if type(maker.args[1].value) is int:
                plus = maker.args[1].value if maker.fn is operator.add else -maker.args[1].value
                a = maker.args[0]
        r = self.lengths.range_of(self.sources[a]) if a in self.sources else None
        if r is None or r.step != 1 or r.start + plus < 0:
            return None
        return Const(slice(r.start + plus, r.stop + plus))

    # --- what is only needed after it ---------------------------------------------------------------

    def chain(self, i: int) -> list[Apply] | None:
        """The statements that add to carry number i, if they are all there is to it."""
        param, v = self.body.params[i], self.body.results[i]
        if not isinstance(param.aval, Arr) or not is_known(param.aval.shape) or not param.aval.shape or v is param:
            return None
        if param.aval.dtype != np.float64 or self.count[param] != 1:
            return None
        found: list[Apply] = []
        while v is not param:
            s = self.makers.get(v)
            if not isinstance(s, Apply) or self.count[v] != 1 or not self.adds(s):
                return None
            found.append(s)
            v = s.args[0]
        return found[::-1]

    def adds(self, s: Apply) -> bool:
        part = s.args[-1]
        if part not in self.local or s.kwargs or not self.can_stack(part):
            return False
        small = self.is_small(self.lengths.shape(part))
        if s.fn in (operator.add, operator.sub):
            maker = self.makers.get(part)
            product = isinstance(maker, Apply) and maker.fn is np.outer and self.count[part] == 1 and self.may_wait(maker)
            return shape_of(part.aval) == shape_of(s.out.aval) and (small or product)
        if s.fn is not runtime.index_add or self.counted(s.args[1], s.args[0]) is None:
            return False
        place = infer(operator.getitem, s.args[:2], (), True)
        return shape_of(place) == shape_of(part.aval) and small

    def final_ones(self) -> set[Stmt]:
        """What the chains are made of, and what only they read."""
        final: set[Stmt] = {s for chain in self.chains.values() for s in chain}
        self.sums = {s for s in final if isinstance(s, Apply) and s.fn in SUMS}
        readers: dict[Atom, list[Stmt | None]] = {}
        for s in self.stmts:
            for a in free_of(s):
                readers.setdefault(a, []).append(s)
        n = len(self.loop.outs)
        for k, r in enumerate(self.body.results):
            if k >= n or k not in self.chains:
                readers.setdefault(r, []).append(None)
        for s in reversed(self.stmts):
            if s in final or not isinstance(s, Apply) or s.effect or len(s.outs) != 1:
                continue
            known = readers.get(s.out, [None])
            if s.fn in (*SUMS, operator.neg) and all(r in self.sums for r in known) and self.may_wait(s):
                self.sums.add(s)
            if s.fn is np.outer and not all(r in self.sums for r in known):
                continue
            if all(r in final for r in known) and (
                self.may_wait(s) or s.fn in (runtime.make_tuple, slice) or self.is_row(s.out)
            ):
                final.add(s)
        return final

    def may_wait(self, s: Apply) -> bool:
        mine = [a for a in s.args if a in self.local]
        if not mine or not all(map(self.can_stack, mine)):
            return False
        if s.fn is np.outer:
            fits = self.n * math.prod(shape_of(s.out.aval) or ()) ** 0.5 <= MOST
            return fits and len(s.args) == 2 and all(len(shape_of(a.aval) or ()) == 1 for a in s.args)
        return self.stacks_up(s) or (s.fn is np.array and isinstance(s.args[0].aval, Seq) and not s.kwargs)

    def add_up(self, i: int, chain: list[Apply]) -> None:
        acc = self.loop.init[i]
        for s in chain:
            out = self.loop.outs[i] if s is chain[-1] else s.out.again()
            part = s.args[-1]
            if s.fn is runtime.index_add:
                found = self.counted(s.args[1], s.args[0])
                assert found is not None
                index, stacked = found
                total = self.stack(part) if stacked else self.total(part)
                self.after.append(Apply((out,), s.fn, (acc, index, total), at=s.at))
            else:
                self.after.append(Apply((out,), s.fn, (acc, self.total(part)), at=s.at))
            acc = out

    def total(self, part: Atom) -> Var:
        """The sum over all steps: that of a sum of outer products is a sum of products of matrices."""
        if part not in self.local:
            return self.made(operator.mul, (Const(self.n), part), self.at)
        s = self.makers.get(part)
        if isinstance(s, Apply) and s in self.sums and self.has_product(part):
            return self.made(s.fn, tuple(map(self.total, s.args)), s.at)
        if isinstance(s, Apply) and s.fn is np.outer and s in self.final:
            if not all(a in self.local for a in s.args):  # one of the vectors is the same in all steps
                return self.made(s.fn, tuple(self.total(a) if a in self.local else a for a in s.args), s.at)
            u, v = (self.stack(a) for a in s.args)
            turned = self.made(np.transpose, (u,), s.at)
            return self.made(operator.matmul, (turned, v), s.at)
        return self.made(np.sum, (self.stack(part),), s.at if isinstance(s, Apply) else self.at, (("axis", Const(0)),))

    def has_product(self, a: Atom) -> bool:
        s = self.makers.get(a)
        if not isinstance(s, Apply) or s not in self.final:
            return False
        return s.fn is np.outer or (s in self.sums and any(map(self.has_product, s.args)))

    # --- all steps at once --------------------------------------------------------------------------

    def stack(self, a: Atom) -> Atom:
        """The values that `a` has in all steps, as one array with an axis for them in front."""
        if a not in self.local:
            return a
        if a not in self.stacks:
            self.stacks[a] = self.stacked(a)
        return self.stacks[a]

    def can_stack(self, a: Atom) -> bool:
        """Are its shape, and the length of the list that the loop takes it from, known?"""
        source = self.sources.get(a, a)
        return self.lengths.shape(a) is not None and (isinstance(source.aval, Arr) or self.lengths.shape(source) is not None)

    def stacked(self, a: Atom) -> Atom:
        source, s = self.sources.get(a), self.makers.get(a)
        if source is not None:
            return source if isinstance(source.aval, Arr) else self.array(source, self.at)
        if isinstance(s, Apply) and (s in self.early or s in self.final or self.is_row(a)):
            if s.fn is np.array:
                inner = s.args[0]
                return self.array(self.sources[inner] if inner in self.sources else self.list_of(inner), s.at)
            if s.fn is operator.getitem:
                found = self.counted(s.args[1], s.args[0])
                assert found is not None
                if isinstance(found[0], Const) and found[0].value == slice(None):
                    return s.args[0]
                return self.made(s.fn, (s.args[0], found[0]), self.at)
            at = s.at if s.at.sweep == "reverse" else self.at
            return self.made(s.fn, tuple(self.stack(b) for b in s.args), at, hint=named_all(a))
        return self.array(self.list_of(a), self.at)

    def list_of(self, a: Atom) -> Var:
        """The list of what `a` is in each step."""
        assert isinstance(a, Var)
        if a not in self.emitted:
            self.emitted[a] = Var(Seq(a.aval))
            self.lengths.of[self.emitted[a]] = (self.n, *self.lengths.of.get(a, ()))
            self.late.add(self.emitted[a])
        return self.emitted[a]

    def array(self, items: Atom, at: At) -> Var:
        aval = self.lengths.array(items)
        assert aval is not None
        return self.made(np.array, (items,), at, aval=aval)

    def made(
        self, fn: Any, args: tuple[Atom, ...], at: At, kwargs: tuple[tuple[str, Atom], ...] = (), aval: Any = None,
        hint: str | None = None,
    ) -> Var:
        out = Var(infer(fn, args, kwargs, True) if aval is None else aval, hint)
        late = any(a in self.late for a in args)
        if late:
            self.late.add(out)
        (self.after if late else self.before).append(Apply((out,), fn, args, kwargs, at))
        return out


def named_all(v: Atom) -> str | None:
    """What the array of all values of a variable of the user's is called."""
    if not isinstance(v, Var) or v.hint is None or v.bar_of is not None or v.dot_of is not None:
        return None
    return v.hint if v.hint.endswith("_all") else f"{v.hint}_all"


def is_entrywise(s: Apply) -> bool:
    """Arithmetic of arrays, or a function of NumPy's that works entry by entry."""
    if s.kwargs or s.effect or len(s.outs) != 1 or not isinstance(s.out.aval, Arr) or s.out.aval.boxed:
        return False
    if s.out.aval.dtype != np.float64 or not is_known(s.out.aval.shape):
        return False
    ufunc = isinstance(s.fn, np.ufunc) and s.fn.signature is None and s.fn.nout == 1 and s.fn.nin == len(s.args)
    return (s.fn in ENTRYWISE or ufunc) and all(is_known(shape_of(a.aval)) for a in s.args)
