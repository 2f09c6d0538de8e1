"""Many sweeps along given directions: as many at once as the program allows.

Directions are one array for each float leaf, of shape `(count, *leaf.shape)`, a `Stack`; the results come
back in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .batch import NotVectorised
from .errors import WrongArgument
from .lower.abstract import signature
from .operators import Forward, ForwardMany, Tangent
from .pullbacks import Halves, HalvesMany, Turning
from .tangents import float_leaves, map_floats

AT_ONCE = 256  # directions in one sweep
ENTRIES = 2_000_000  # of the arguments or the result, in all directions of a sweep

Stack = list[Any]


@dataclass(frozen=True)
class Directions:
    """So many directions, made when they are asked for: those from `start` to `stop`."""

    count: int
    part: Callable[[int, int], Stack]


def identity(value: Any) -> Directions:
    """The directions of all entries of a value, one after the other."""
    leaves = float_leaves(value)
    ends = np.cumsum([0, *map(np.size, leaves)])

    def part(start: int, stop: int) -> Stack:
        out = []
        for leaf, first, size in zip(leaves, ends, map(np.size, leaves), strict=False):
            ones = np.zeros((stop - start, size), np.asarray(leaf).dtype)
            k = np.arange(max(start, first), min(stop, first + size))
            ones[k - start, k - first] = 1
            out.append(ones.reshape((stop - start, *np.shape(leaf))))
        return out

    return Directions(int(ends[-1]), part)


class Sweeps:
    """Forward and reverse sweeps of one function along any number of directions."""

    def __init__(self, fun: Callable[..., Any], wrt: tuple[int | str, ...], has_aux: bool) -> None:
        self.fun, self.wrt, self.has_aux = fun, wrt, has_aux
        self.tangent = Tangent(fun, wrt, Forward(True, has_aux))
        self.halves = Halves(fun, wrt, Turning(has_aux))
        self._forward: dict[int, Tangent] = {}  # by how many directions they take
        self._reverse: dict[int, HalvesMany] = {}
        self._one_by_one: set[Any] = set()  # signatures whose programs take one direction only

    def pushed(self, args: Any, kwargs: Any, inputs: Any, seeds: Directions) -> Iterator[tuple[Any, Stack, Stack]]:
        """For some directions at a time: the value, the tangents of the inputs, and those of the value."""
        size = at_once(seeds.count, inputs)
        many = self._forward.setdefault(size, Tangent(self.fun, self.wrt, ForwardMany(size, self.has_aux)))
        if not self._takes_many("forward", many, size, args, kwargs):
            size = 1
        for start in range(0, max(seeds.count, 1), size):
            part = seeds.part(start, min(start + size, seeds.count))
            if size > 1:
                value, tangents = many.run(args, arranged(inputs, padded(part, size)), kwargs)
                yield value, part, [found[: len(part[0])] for found in float_leaves(tangents)]
            else:
                one = [p[0] for p in part] if seeds.count else [np.zeros(p.shape[1:], p.dtype) for p in part]
                value, tangents = self.tangent.run(args, arranged(inputs, one), kwargs)
                yield value, part, [np.asarray(found)[None][: len(part[0])] for found in float_leaves(tangents)]

    def pulled(
        self, args: Any, kwargs: Any, inputs: Any, seeds_of: Callable[[Any], Directions]
    ) -> Iterator[tuple[Any, Stack, Stack]]:
        """For some directions at a time: the value, its cotangents, and those of the inputs.  The function runs once."""
        size = at_once(self.tangent.rows(args, kwargs) or 0, inputs)
        many = self._reverse.setdefault(size, HalvesMany(self.fun, self.wrt, Turning(self.has_aux), size))
        if not self._takes_many("reverse", many, size, args, kwargs):
            size = 1
        made = (many if size > 1 else self.halves).found(args, kwargs)
        whole, tape = made.call(args, kwargs)
        value = whole[0] if self.has_aux else whole
        refuse_complex(value, "result")
        reverse = made.emitted.functions[made.run.__name__.removesuffix("_forward") + "_reverse"]
        seeds = seeds_of(value)
        for start in range(0, max(seeds.count, 1), size):
            part = seeds.part(start, min(start + size, seeds.count))
            if size > 1:
                found = float_leaves(reverse(tape, arranged(value, padded(part, size))))
                yield whole, part, [f[: len(part[0])] for f in found]
            else:
                one = [p[0] if seeds.count else np.zeros(p.shape[1:], p.dtype) for p in part]
                found = float_leaves(reverse(tape, arranged(value, one)))
                yield whole, part, [np.asarray(f)[None][: seeds.count] for f in found]

    def _takes_many(self, mode: str, many: Tangent | HalvesMany, size: int, args: Any, kwargs: Any) -> bool:
        """Is there a program that takes so many directions at once?"""
        key = (mode, size, tuple(map(signature, args)), tuple((k, signature(v)) for k, v in kwargs.items()))
        if size == 1 or key in self._one_by_one:
            return False
        try:
            many.found(args, kwargs)
        except NotVectorised:
            self._one_by_one.add(key)
            return False
        return True

    def source(self, args: Any, kwargs: Any, forward: bool) -> str:
        """The source of a sweep along one direction."""
        return (self.tangent if forward else self.halves).source_for(*args, **kwargs)


def at_once(count: int, inputs: Any) -> int:
    """How many directions to take in one sweep, for `count` of them."""
    entries = sum(np.size(leaf) for leaf in float_leaves(inputs))
    return max(1, min(count, AT_ONCE, ENTRIES // max(entries, 1)))


def padded(part: Stack, size: int) -> Stack:
    """The directions, and zeros, so many in all."""
    missing = size - len(part[0])
    return [np.concatenate((p, np.zeros((missing, *p.shape[1:]), p.dtype))) if missing else p for p in part]


def arranged(value: Any, parts: Stack) -> Any:
    """A structure like `value` with these for its float leaves."""
    left = iter(parts)

    def put(leaf: Any) -> Any:  # a direction of one number is a number
        part = next(left)
        return part if isinstance(leaf, np.ndarray) or np.ndim(part) else type(leaf)(part)

    return map_floats(put, value)


def refuse_complex(value: Any, what: str) -> None:
    if any(np.iscomplexobj(leaf) for leaf in float_leaves(value)):
        raise WrongArgument(
            f"The {what} is complex: its derivative depends on the direction.",
            "Use `jvp` or `vjp`, and say along which; or take real and imaginary parts.",
        )
