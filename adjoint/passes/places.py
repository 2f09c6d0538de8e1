"""Which parts of an array a nest of loops reads and writes, and which writes come over a part that was read.

    for k in range(n):
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]          # A[k, k] was read; no later iteration writes there
            ...

A *chain* follows one array through a loop: the carry, its updates in order, inner loops and branches
among them.  Each *version* of the array stands between two of these elements.  `Chains.over` says which
writes may change a part of a version after that version was there.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .. import runtime
from ..avals import INT, Arr, Aval, Cut, Obj
from ..infer import infer
from ..ir import Apply, Atom, Block, Const, If, Loop, Stmt, Var, blocks, defined
from .affine import Affine, equal, feasible, number, unknown
from .nests import Pair

UPDATES = (runtime.array_set, runtime.index_add, runtime.array_put)
ALTERNATIVES = 64  # ways in which indices may be negative or not; more are not looked at

Stack = tuple[Loop, ...]
Path = tuple[int, ...]
Conditions = tuple[tuple[Atom, bool], ...]  # tests, and how they came out


@dataclass
class Chain:
    """One array through one loop: `versions[k]` stands after `elements[k - 1]`."""

    loop: Loop
    carry: int
    versions: list[Var]
    elements: list[Stmt]
    inner: dict[Loop, Chain] = field(default_factory=dict)

    def all(self) -> Iterator[Var]:
        """The versions in this loop, and in those inside it."""
        yield from self.versions
        for chain in self.inner.values():
            yield from chain.all()


@dataclass(frozen=True, eq=False)
class Write:
    """A statement that writes to a part; one in a branch cannot be taken back."""

    stmt: Apply
    stack: Stack
    path: Path
    part: Aval  # what is known of the part
    conditions: Conditions = ()  # of the branches it stands in


@dataclass(frozen=True)
class Version:
    """Where a version of an array stands: in which loop, after which of the elements of its chain."""

    chain: Chain
    number: int
    stack: Stack
    path: Path
    family: int  # which carry of the outermost loop


class Chains:
    """The arrays that a nest of loops carries."""

    def __init__(self, root: Loop, before: Sequence[Stmt] = ()) -> None:
        self.root = root
        self.makers: dict[Var, Stmt] = {v: s for s in before for v in defined(s)}
        self.stacks: dict[Var, Stack] = {}  # the loops inside which a value is made
        self.items: dict[Var, tuple[Loop, int]] = {}
        self._same_as: dict[Var, Var] = {}  # values of the reversed loops -> those of the forward loops
        self.versions: dict[Var, Version] = {}
        self.writes: dict[int, list[Write]] = {}
        self.chains: dict[int, Chain] = {}
        self._decided: dict[frozenset[object], bool] = {}  # which systems of inequalities are feasible
        self._look((root,), root.body)
        for c, param in enumerate(root.body.params[: len(root.outs)]):
            if isinstance(param.aval, Arr) and not param.aval.boxed:
                chain = self._chain(root, c)
                if chain is not None and chain.elements:
                    self.chains[c] = chain
                    self.writes[c] = []
                    self._enter(c, chain, (root,), ())

    def _look(self, stack: Stack, block: Block) -> None:
        self.stacks.update(dict.fromkeys(block.params, stack))
        if block is stack[-1].body:
            items = block.params[len(stack[-1].outs) :]
            self.items.update((p, (stack[-1], k)) for k, p in enumerate(items))
        for stmt in block.stmts:
            for v in defined(stmt):
                self.makers[v], self.stacks[v] = stmt, stack
            for inner in blocks(stmt):
                self._look((*stack, stmt) if isinstance(stmt, Loop) else stack, inner)

    def mirror(self, pair: Pair) -> None:
        """Take notice of the loop that goes back, so that indices in it can be compared with those in the other."""
        if pair.outer is None:
            self._look((pair.backward,), pair.backward.body)
        self._same_as.update((item, r) for r, item in pair.tapes.items())
        for item, *ends in self._ranges(pair.backward):
            for other, *others in self._ranges(pair.forward):
                if all(_alike(self._affine(a, "r"), self._affine(b, "r")) for a, b in zip(ends[:2], others[:2], strict=True)):  # type: ignore[arg-type]
                    if ends[2] == -others[2]:  # type: ignore[operator]
                        self._same_as[item] = other
        for inner in pair.inner:
            self.mirror(inner)

    def same(self, v: Var) -> Var:
        """A value of the reversed loops as the forward loops call it, where they have it."""
        return self._same_as.get(v, v)

    # --- chains -----------------------------------------------------------------------------------

    def _chain(self, loop: Loop, carry: int) -> Chain | None:
        body = loop.body
        direct = _direct(body)
        v, elements, versions = body.results[carry], [], []
        inner: dict[Loop, Chain] = {}
        while v is not body.params[carry]:
            stmt = direct.get(v) if isinstance(v, Var) else None
            before = self._before(stmt, v)
            if stmt is None or before is None:
                return None
            if isinstance(stmt, Loop):
                found = self._chain(stmt, stmt.outs.index(v))
                if found is None:
                    return None
                inner[stmt] = found
            elements.append(stmt)
            versions.append(v)
            v = before
        return Chain(loop, carry, [v, *reversed(versions)], elements[::-1], inner)  # type: ignore[list-item]

    def _before(self, stmt: Stmt | None, v: Atom) -> Atom | None:
        """The version that a statement made `v` of."""
        match stmt:
            case Apply() if stmt.fn in UPDATES and not stmt.effect:
                return stmt.args[0]
            case Loop() if v in stmt.outs:
                return stmt.init[stmt.outs.index(v)]
            case If() if type(stmt) is If:
                bases = [_base(side, side.results[stmt.outs.index(v)], self) for side in (stmt.then, stmt.orelse)]
                return bases[0] if bases[0] is bases[1] else None
        return None

    def _enter(self, family: int, chain: Chain, stack: Stack, path: Path) -> None:
        for k, v in enumerate(chain.versions):
            self.versions[v] = Version(chain, k, stack, (*path, k), family)
        for k, stmt in enumerate(chain.elements, 1):
            if isinstance(stmt, Loop):
                self._enter(family, chain.inner[stmt], (*stack, stmt), (*path, k))
            else:
                for write, conditions in _updates(stmt, chain.versions[k]):
                    part = infer(operator.getitem, write.args[:2], (), True)
                    self.writes[family].append(Write(write, stack, (*path, k), part, conditions))

    # --- which writes come over what was read -----------------------------------------------------

    def over(
        self, version: Version, stack: Stack, index: Atom | None, conditions: Conditions = ()
    ) -> frozenset[Write]:
        """The writes that may change, after this version, the part that is read of it.

        `index` None is the whole array; `stack` are the loops around the read, `conditions` the branches.
        """
        writes = self.writes[version.family]
        return frozenset(w for w in writes if self._comes_over(version, stack, index, conditions, w))

    def _comes_over(
        self, version: Version, stack: Stack, index: Atom | None, conditions: Conditions, write: Write
    ) -> bool:
        common = len(list(itertools.takewhile(lambda pair: pair[0] is pair[1], zip(version.stack, write.stack, strict=False))))
        domains = {"r": self._domain(stack, "r"), "w": self._domain(write.stack, "w")}
        array = version.chain.versions[0].aval
        places = list(itertools.product(
            self._places(array, index, "r", domains["r"]), self._places(array, write.stmt.args[1], "w", domains["w"]),
            *(self._holds(test, how, "r") for test, how in conditions),
            *(self._holds(test, how, "w") for test, how in write.conditions),
        ))
        if len(places) > ALTERNATIVES:
            return True
        for level in range(common + 1):
            order = [a for loop in version.stack[:level] for a in self._same(loop)]
            if level < common:
                order += self._before_in(version.stack[level])
            elif write.path[common - 1] <= version.path[common - 1]:
                continue  # in the same iterations it comes first
            if any(self._feasible([*domains["r"], *domains["w"], *order, *itertools.chain(*way)]) for way in places):
                return True
        return False

    def _feasible(self, inequalities: list[Affine]) -> bool:
        """The same system comes again, for other reads at one place and when a value is made again: it is solved once."""
        system = frozenset((a.constant, frozenset(a.factors.items())) for a in inequalities)
        if system not in self._decided:
            self._decided[system] = feasible(inequalities)
        return self._decided[system]

    def _ranges(self, loop: Loop) -> Iterator[tuple[Var, Atom | None, Atom | None, int]]:
        """The items of a loop that count: with start, stop and step."""
        items = loop.body.params[len(loop.outs) :]
        for item, source in zip(items, loop.iters, strict=True):
            maker = self.makers.get(source) if isinstance(source, Var) else None
            sign = -1 if loop.reverse else 1
            if isinstance(source, Const) and isinstance(source.value, range):
                r = source.value
                yield item, Const(r.start), Const(r.stop), r.step * sign
            elif isinstance(maker, Apply) and maker.fn is range:
                args = (Const(0), *maker.args) if len(maker.args) == 1 else maker.args
                step = args[2] if len(args) == 3 else Const(1)
                if isinstance(step, Const):
                    yield item, args[0], args[1], step.value * sign

    def _domain(self, stack: Stack, tag: str) -> list[Affine]:
        out = []
        for loop in stack:
            for item, start, stop, step in self._ranges(loop):
                first, end, x = self._affine(start, tag), self._affine(stop, tag), unknown((tag, item))
                sign = 1 if (step > 0) != loop.reverse else -1
                if first is not None:
                    out.append((x - first) * sign)
                if end is not None:
                    out.append((end - x) * sign - number(1))
        return out

    def _same(self, loop: Loop) -> list[Affine]:
        """The read and the write are in the same iteration."""
        return [a for item, *_ in self._ranges(loop) for a in equal(unknown(("r", item)), unknown(("w", item)))]

    def _before_in(self, loop: Loop) -> list[Affine]:
        """The write is in a later iteration than the read."""
        return [
            (unknown(("w", item)) - unknown(("r", item))) * (1 if step > 0 else -1) - number(1)
            for item, _, _, step in self._ranges(loop)
        ]

    def _affine(self, a: Atom | None, tag: str) -> Affine | None:
        """An integer as a sum of multiples of what the loops count, and of what does not change in them."""
        if isinstance(a, Const):
            return number(a.value) if type(a.value) is int else None
        if a is None or a.aval != INT:
            return None
        a = self._same_as.get(a, a)
        if a in self.items:
            loop, k = self.items[a]
            counted = {item for item, *_ in self._ranges(loop)}
            return unknown((tag, a)) if loop.body.params[len(loop.outs) + k] in counted else None
        outside = None if a in self.stacks else unknown(a)  # it is the same for every iteration
        maker = self.makers.get(a)
        if not isinstance(maker, Apply):
            return outside
        parts = [self._affine(b, tag) for b in maker.args]
        if any(p is None for p in parts):
            return outside
        match maker.fn, parts:
            case operator.add, [Affine() as x, Affine() as y]:
                return x + y
            case operator.sub, [Affine() as x, Affine() as y]:
                return x - y
            case operator.neg, [Affine() as x]:
                return x * -1
            case operator.mul, [Affine() as x, Affine() as y] if not x.factors or not y.factors:
                return y * x.constant if not x.factors else x * y.constant
        return outside

    def _holds(self, test: Atom, how: bool, tag: str) -> list[list[Affine]]:
        """What a test of integers says, one list of inequalities for each possibility."""
        maker = self.makers.get(self._same_as.get(test, test)) if isinstance(test, Var) else None
        if not isinstance(maker, Apply) or len(maker.args) != 2:
            return [[]]
        x, y = (self._affine(a, tag) for a in maker.args)
        if x is None or y is None:
            return [[]]
        less, more = [y - x - number(1)], [x - y - number(1)]
        true, false = {
            operator.eq: ([equal(x, y)], [less, more]), operator.ne: ([less, more], [equal(x, y)]),
            operator.lt: ([less], [[x - y]]), operator.ge: ([[x - y]], [less]),
            operator.gt: ([more], [[y - x]]), operator.le: ([[y - x]], [more]),
        }.get(maker.fn, ([[]], [[]]))
        return true if how else false

    def _places(self, array: object, index: Atom | None, tag: str, domain: list[Affine]) -> list[list[Affine]]:
        """The entries that an index picks: inequalities for the unknowns ("at", axis), one list for each possibility.

        A loop that counts from 0 leaves one sign of an index of the two: each would double the systems to solve.
        """
        shape = array.shape if isinstance(array, Arr) else None
        if index is None or shape is None:
            return [[]]
        ways: list[list[list[Affine]]] = []
        for axis, (item, n) in enumerate(zip(self.axes(index), shape, strict=False)):
            found = self._along(item, n, unknown(("at", axis)), tag)
            if found is None:
                break  # what stands further right may belong to any axis
            ways.append([way for way in found if self._feasible([*domain, *way])] if len(found) > 1 else found)
        return [[a for part in parts for a in part] for parts in itertools.product(*ways)]

    def axes(self, index: Atom) -> tuple[Atom, ...]:
        """The index taken apart, one item an axis."""
        if isinstance(index, Const):
            return tuple(map(Const, index.value)) if isinstance(index.value, tuple) else (index,)
        maker = self.makers.get(self._same_as.get(index, index))
        return maker.args if isinstance(maker, Apply) and maker.fn is runtime.make_tuple else (index,)

    def _along(self, item: Atom, n: int | None, at: Affine, tag: str) -> list[list[Affine]] | None:
        """Where an item of an index may point along an axis of length n; None if it may take more than one axis."""
        inside = [at] if n is None else [at, number(n - 1) - at]
        if item.aval == INT:
            e = self._affine(item, tag)
            return [inside] if e is None else [[*p, *equal(at, q)] if q is not None else [*p, *inside] for p, q in _signs(e, n)]
        ends = self._ends(item)
        if ends is None:
            return None if not isinstance(item.aval, Arr) or item.aval.shape is None or len(item.aval.shape) > 1 else [inside]
        out = [inside]
        for end, upper in zip(ends, (False, True), strict=True):
            e = None if end is None else self._affine(end, tag)
            if e is not None:
                further = [
                    [*p, *([] if q is None else [q - at - number(1)] if upper else [at - q])] for p, q in _signs(e, n)
                ]
                out = [a + b for a in out for b in further]
        return out

    def _ends(self, item: Atom) -> tuple[Atom | None, Atom | None] | None:
        """Start and stop of a slice that goes forward."""
        if isinstance(item.aval, Cut):
            if item.aval.step is not None and item.aval.step < 0:
                return None, None
            return (
                None if item.aval.start is None else Const(item.aval.start),
                None if item.aval.stop is None else Const(item.aval.stop),
            )
        maker = self.makers.get(self._same_as.get(item, item)) if isinstance(item, Var) else None
        if isinstance(maker, Apply) and maker.fn is slice:
            args = (Const(None), *maker.args) if len(maker.args) == 1 else maker.args
            forward = len(args) < 3 or (isinstance(args[2], Const) and (args[2].value is None or args[2].value > 0))
            return (_end(args[0]), _end(args[1])) if forward else (None, None)
        return (None, None) if item.aval == Obj(slice) else None


def _end(a: Atom) -> Atom | None:
    return None if isinstance(a, Const) and a.value is None else a


def _alike(a: Affine | None, b: Affine | None) -> bool:
    return a is not None and b is not None and a.constant == b.constant and dict(a.factors) == dict(b.factors)


def _signs(e: Affine, n: int | None) -> list[tuple[list[Affine], Affine | None]]:
    """An index counts from the start, or where it is negative from the end."""
    if not e.factors:
        return [([], e if e.constant >= 0 else e + number(n) if n is not None else None)]
    below = [e * -1 - number(1)]
    return [([e], e), (below, None if n is None else e + number(n))]


def _direct(block: Block) -> dict[Var, Stmt]:
    return {v: s for s in block.stmts for v in defined(s)}


def _base(block: Block, v: Atom, chains: Chains) -> Atom | None:
    """The version from outside that a result of a branch is made of, by updates of parts alone."""
    direct = _direct(block)
    while isinstance(v, Var) and v in direct:
        before = None if isinstance(direct[v], Loop) else chains._before(direct[v], v)
        if before is None:
            return None
        v = before
    return v


def _updates(stmt: Stmt, v: Atom) -> Iterator[tuple[Apply, Conditions]]:
    """The updates that make the version `v`: the statement itself, or those in its branches."""
    if isinstance(stmt, Apply):
        yield stmt, ()
    elif isinstance(stmt, If):
        for side, how in ((stmt.then, True), (stmt.orelse, False)):
            direct, w = _direct(side), side.results[stmt.outs.index(v)]
            while isinstance(w, Var) and w in direct:
                yield from ((update, ((stmt.test, how), *inner)) for update, inner in _updates(direct[w], w))
                w = _previous(direct[w], w)


def _previous(stmt: Stmt, v: Var) -> Atom:
    if isinstance(stmt, Apply):
        return stmt.args[0]
    assert isinstance(stmt, If)
    direct, w = _direct(stmt.then), stmt.then.results[stmt.outs.index(v)]
    while isinstance(w, Var) and w in direct:
        w = _previous(direct[w], w)
    return w
