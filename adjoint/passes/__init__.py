"""Passes: each is a function from program to program, total and without flags, in a file of its own.

    BEFORE    on the lowered program, before it is differentiated
    PASSES    on the gradient
    COMPILED  on the gradient, where it will be compiled

in this order.  Any of them may be left out, and the answer stays the same, but for rounding where a pass
does arithmetic in another order (`scatters`, `linear`, `factors`, `fission`,
`restacked`, `contracted`, `packed`).  Naive generation, then
general clean-up: `reverse` copies, multiplies by one and records whatever its pullbacks mention;
what that was too much goes away here.
"""

from __future__ import annotations

from collections.abc import Callable

from ..ir import Function
from .carried import carried
from .cleared import cleared
from .contracted import contracted
from .cse import cse
from .dce import dce
from .emitted import emitted
from .factors import factors
from .fission import fission
from .hoisted import hoisted
from .linear import linear
from .logistic import gathered, spelled
from .measured import measured
from .narrowed import narrowed
from .packed import packed
from .restacked import restacked
from .rewind import rewind
from .rows import rows
from .scatters import scatters
from .simplify import simplify

__all__ = [
    "BEFORE", "COMPILED", "PASSES", "carried", "cleared", "contracted", "cse", "dce", "emitted", "factors", "fission",
    "gathered", "hoisted", "linear", "measured", "narrowed", "optimised", "packed", "prepared", "restacked", "rewind", "rows",
    "scatters", "simplify", "spelled", "tidied",
]

BEFORE = (
    emitted,  # lists that a loop appends to are emitted by it
    dce,
    measured,  # and as long as it runs
    gathered,  # the logistic function, differentiated as one
)

TIDYING = (
    spelled,  # and written as it was
    simplify,  # no copies, no factor 1
    cse,  # each value once
    simplify,  # what became the same on both sides of an `if`
    dce,  # what nobody reads, tapes above all
    scatters,  # what is added to parts of arrays, once for each part
    linear,  # sums before products
    scatters,
    simplify,
    cse,
    factors,  # constants that are multiplied with each other
    rewind,  # tapes of what an array still holds, or can be made to hold again
    narrowed,  # of the other arrays that are written to, what is read of them
    cse,
    dce,
)

PASSES = (
    *TIDYING,
    cleared,  # at once what a loop clears entry by entry
    dce,
    fission,  # out of loops what can be done for all steps at once
    restacked,  # tapes that are made from others
    scatters,
    simplify,
    contracted,  # sums of products of large arrays
    dce,
    packed,  # like operations on small arrays, as one
    rows,  # rows that are recorded, as one array
    hoisted,  # before a loop what is the same whenever it comes by
    simplify,
    dce,
)

COMPILED = (  # loops are as good as operations on whole arrays there, and stay
    *TIDYING,
    hoisted,
    carried,  # in variables what one iteration after the other adds to
    cleared,  # at once what a loop clears entry by entry
    scatters,
    simplify,
    dce,
)


def prepared(function: Function) -> Function:
    """The program as it is to be differentiated."""
    return _through(BEFORE, function)


def optimised(function: Function) -> Function:
    """The program with all of `PASSES` applied, in order."""
    return _through(PASSES, function)


def tidied(function: Function) -> Function:
    """The program for a compiler, with all of `COMPILED` applied, in order."""
    return _through(COMPILED, function)


def _through(passes: tuple[Callable[[Function], Function], ...], function: Function) -> Function:
    """The program with the passes applied; one that stands here again does nothing to what it has made itself."""
    settled: dict[Callable[[Function], Function], Function] = {}
    for transform in passes:
        if settled.get(transform) is not function:
            function = settled[transform] = transform(function)
    return function
