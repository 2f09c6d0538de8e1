"""The corpus: some hundred small plain functions, written as people write them; every derivative test runs over `CASES`.

One file a family: what a function shows stands in its `features`. All are differentiable where they are evaluated, and
away from kinks, so that differences can be trusted (`test_testing.py` checks that of every case).
"""

# ruff: noqa: F401  imported to be registered
from . import (
    algorithms,
    aliases,
    arrays,
    calls,
    closures,
    combos,
    containers,
    control,
    effects,
    functions,
    kernels,
    loops,
    methods,
    nesting,
    objects,
    pitfalls,
    solvers,
    straight,
    writers,
    writes,
)
from .registry import CASES, Case

__all__ = ["CASES", "Case"]
