"""What the loops of a program count, where that is known, and how indices are made of it.

    r = range(1, 499)
    loop ... for i in r backwards:           i is 498, 497, ... 1
        w1 = add(i, 1)                       w1 is i and 1
        w2 = getitem(u, w1)
"""

from __future__ import annotations

import operator

from .. import runtime
from ..avals import INT
from ..infer import infer
from ..ir import Apply, At, Atom, Block, Const, Loop, Stmt, Var, blocks

Offset = tuple[Atom | None, int]


class Counters:
    """What is known of the integers that count, and of indices."""

    def __init__(self, body: Block) -> None:
        self.makers: dict[Var, Apply] = {}
        self.look(body)

    def look(self, block: Block) -> None:
        for s in block.stmts:
            if isinstance(s, Apply):
                self.makers.update(dict.fromkeys(s.outs, s))
            for inner in blocks(s):
                self.look(inner)

    def counter(self, loop: Loop) -> tuple[Var, range] | None:
        """An item of the loop that counts by one, and its values in the order of the iterations."""
        for source, item in zip(loop.iters, loop.body.params[len(loop.outs) :], strict=True):
            r = self.range_of(source)
            if r is not None and abs(r.step) == 1:
                return item, r[::-1] if loop.reverse else r
        return None

    def range_of(self, source: Atom) -> range | None:
        if isinstance(source, Const):
            return source.value if isinstance(source.value, range) else None
        s = self.makers.get(source)
        if s is None or s.fn is not range or s.kwargs or not all(isinstance(a, Const) and a.aval == INT for a in s.args):
            return None
        values = [a.value for a in s.args]  # type: ignore[union-attr]
        return range(*values) if 0 not in values[2:] else None

    def parts(self, index: Atom) -> tuple[Atom, ...]:
        """The items of an index."""
        if isinstance(index, Const):
            return tuple(map(Const, index.value)) if isinstance(index.value, tuple) else (index,)
        s = self.makers.get(index)
        return s.args if s is not None and s.fn is runtime.make_tuple and not s.kwargs else (index,)

    def offset(self, i: Atom) -> Offset | None:
        """An integer as a value (None: zero) and a number added to it."""
        if isinstance(i, Const):
            return (None, i.value) if type(i.value) is int else None
        if i.aval != INT:
            return None
        s = self.makers.get(i)
        if s is None or s.fn not in (operator.add, operator.sub) or s.kwargs:
            return i, 0
        x, y = s.args
        if s.fn is operator.add and isinstance(x, Const):
            x, y = y, x
        if not isinstance(y, Const) or type(y.value) is not int:
            return i, 0
        inner = self.offset(x)
        if inner is None:
            return i, 0
        return inner[0], inner[1] + (y.value if s.fn is operator.add else -y.value)


def written(i: Offset, stmts: list[Stmt]) -> Atom:
    """The integer itself; `stmts` is where it is computed."""
    base, plus = i
    if base is None:
        return Const(plus)
    if plus == 0:
        return base
    fn = operator.add if plus > 0 else operator.sub
    out = Var(INT)
    stmts.append(Apply((out,), fn, (base, Const(abs(plus))), at=At(sweep="reverse")))
    return out


def index_of(parts: tuple[Atom, ...], stmts: list[Stmt]) -> Atom:
    """An index of these items."""
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(a, Const) for a in parts):
        return Const(tuple(a.value for a in parts))  # type: ignore[union-attr]
    index = Var(infer(runtime.make_tuple, parts, (), True))
    stmts.append(Apply((index,), runtime.make_tuple, parts, at=At(sweep="reverse")))
    return index
