"""How long the lists of a program are."""

from __future__ import annotations

import numpy as np

from ..avals import INT, Arr, Seq, is_known, shape_of
from ..ir import Apply, Atom, Block, Const, Loop, blocks


class Lengths:
    """How long lists are, and the lists in them: `(1023, 2)`, as far as that is known."""

    def __init__(self) -> None:
        self.of: dict[Atom, tuple[int, ...]] = {}
        self.ranges: dict[Atom, range] = {}

    def note(self, block: Block) -> None:
        for s in block.stmts:
            if isinstance(s, Apply) and s.fn is range and all(isinstance(a, Const) and a.aval == INT for a in s.args):
                self.ranges[s.out] = range(*(a.value for a in s.args))  # type: ignore[union-attr]
            if isinstance(s, Loop):
                for source, item in zip(s.iters, s.body.params[len(s.outs) :], strict=True):
                    self.of[item] = self.of.get(source, ())[1:]
            for inner in blocks(s):
                self.note(inner)
            n = self.steps(s) if isinstance(s, Loop) else None
            if n is not None:
                for v, r in zip(s.lists, s.body.results[len(s.outs) :], strict=False):  # type: ignore[union-attr]
                    self.of[v] = (n, *self.of.get(r, ()))

    def range_of(self, source: Atom) -> range | None:
        if isinstance(source, Const):
            return source.value if isinstance(source.value, range) else None
        return self.ranges.get(source)

    def steps(self, loop: Loop) -> int | None:
        """How often the body is run, if that is certain: as often as the shortest of what it goes through is long."""
        if loop.test is not None or loop.stops:
            return None
        lengths = [self.length(source) for source in loop.iters]
        return None if None in lengths else min(lengths, default=None)  # type: ignore[type-var]

    def length(self, source: Atom) -> int | None:
        r, shape = self.range_of(source), shape_of(source.aval)
        if r is not None:
            return len(r)
        if isinstance(source.aval, Arr) and shape and isinstance(shape[0], int):
            return shape[0]
        known = self.of.get(source)
        return known[0] if known else None

    def array(self, a: Atom) -> Arr | None:
        """What a value is as one array: a list of lists of arrays, all of one shape."""
        aval, depth = a.aval, 0
        while isinstance(aval, Seq):
            aval, depth = aval.item, depth + 1
        lengths = self.of.get(a, ())
        if not isinstance(aval, Arr) or not is_known(aval.shape) or len(lengths) < depth or (aval.boxed and depth == 0):
            return None
        return Arr(aval.dtype, (*lengths[:depth], *aval.shape))  # type: ignore[misc]

    def shape(self, a: Atom) -> tuple[int, ...] | None:
        """The shape of that array, if it is one of floats."""
        array = self.array(a)
        return array.shape if array is not None and array.dtype == np.float64 else None
