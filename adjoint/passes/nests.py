"""A nest of loops of the forward sweep, beside the loops of the reverse sweep that go back over its tapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..ir import Apply, Atom, Block, Function, Loop, Stmt, Var, blocks, defined, reads, with_body, with_stmts


@dataclass(eq=False)
class Pair:
    """A loop, the loop that goes back over it, and the pairs inside them."""

    forward: Loop
    backward: Loop
    outer: Pair | None
    tapes: dict[Var, Var] = field(default_factory=dict)  # what is recorded -> what the reversed loop takes off the tape
    inner: list[Pair] = field(default_factory=list)

    @property
    def stack(self) -> tuple[Loop, ...]:
        """The loops of the forward sweep, from the outermost."""
        return (*(self.outer.stack if self.outer else ()), self.forward)

    def upwards(self) -> Iterator[Pair]:
        yield self
        if self.outer is not None:
            yield from self.outer.upwards()

    def all(self) -> Iterator[Pair]:
        yield self
        for inner in self.inner:
            yield from inner.all()


def uses(block: Block) -> Counter[Atom]:
    """How often each value is read, constants too."""
    read: list[Atom] = []
    todo = [block]
    while todo:
        block = todo.pop()
        for stmt in block.stmts:
            if isinstance(stmt, Apply):
                read.extend(stmt.atoms())
            else:
                read.extend(reads(stmt))
                todo.extend(blocks(stmt))
        read.extend(block.results)
    return Counter(read)


def with_pairs(function: Function, changed: Callable[[Pair, list[Stmt], set[Var]], tuple[Loop, Loop] | None]) -> Function:
    """The function with what `changed` makes of its pairs, each given with the statements before it and what is defined there."""
    used = uses(function.body)
    stmts = list(function.body.stmts)
    earlier = set(function.body.params)
    for i, forward in enumerate(stmts):
        earlier.update(defined(stmts[i - 1]) if i else ())
        if not isinstance(forward, Loop) or not forward.lists or forward.at.sweep != "forward":
            continue
        for k, backward in enumerate(stmts[i + 1 :], i + 1):
            pair = nest(forward, backward, used) if isinstance(backward, Loop) else None
            if pair is not None:
                loops = changed(pair, stmts[:i], earlier)
                if loops is not None:
                    stmts[i], stmts[k] = loops
                break
    return with_body(function, with_stmts(function.body, stmts))


def nest(forward: Loop, backward: Loop, used: Counter[Atom], outer: Pair | None = None) -> Pair | None:
    """The pair, if the second loop goes back over tapes of the first that nothing else reads."""
    if backward.reverse == forward.reverse or backward.test is not None or backward.stops:
        return None
    pair = Pair(forward, backward, outer)
    n, m = len(forward.outs), len(backward.outs)
    taken_off = {item: r for r, item in outer.tapes.items()} if outer is not None else {}
    for source, item in zip(backward.iters, backward.body.params[m:], strict=True):
        # The tape of an inner loop is an item of the tape of the loop around it.
        tape = taken_off.get(source) if outer is not None else source  # type: ignore[arg-type]
        if tape in forward.lists and used[source] == 1:
            r = forward.body.results[n + forward.lists.index(tape)]
            if isinstance(r, Var) and r not in pair.tapes:
                pair.tapes[r] = item
    if not pair.tapes:
        return None
    left = [s for s in backward.body.stmts if isinstance(s, Loop)]
    for a in forward.body.stmts:
        found = next((p for b in left if isinstance(a, Loop) and (p := nest(a, b, used, pair)) is not None), None)
        if found is not None:
            pair.inner.append(found)
            left.remove(found.backward)
    return pair
