"""Distributions with their parameters: `stats.norm(mu, sigma).logpdf(x)` is `stats.norm.logpdf(x, mu, sigma)`.

An object whose methods have rules (`registry.OWNERS`) is *frozen* when it is called.  The result exists while
the program is lowered only; one that comes from outside is read there, its family under a guard.
"""

from __future__ import annotations

from typing import Any

from ..ir import Const
from ..rules.registry import OWNERS
from . import attributes, calls
from .context import Frame, Lowering
from .specials import special
from .values import Attributes, Entries, Partial, Ref, Tuple, Value


class Frozen:
    """The class of a distribution frozen inside the function."""


def freeze(lo: Lowering, dist: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    entries = (("dist", Const(dist)), ("args", Tuple(tuple(args))), ("kwds", lo.cell(Entries(tuple(kwargs.items())))))
    return lo.cell(Attributes(Frozen, entries))


def is_frozen(cls: type) -> bool:
    return cls is Frozen or (cls.__module__.startswith("scipy.stats.") and cls.__name__ in _FROM_OUTSIDE)


_FROM_OUTSIDE = ("rv_continuous_frozen", "rv_discrete_frozen")


def method(lo: Lowering, frame: Frame, node: Any, value: Ref, content: Attributes, name: str) -> Value | None:
    """The method of this name of the distribution; None for what is no method of it."""
    if name in ("dist", "args", "kwds"):
        return None
    found = attributes.attribute(lo, frame, node, value, "dist")
    if isinstance(found, Const):
        dist = found.value
    else:  # from outside: a copy of the distribution
        assert isinstance(found, Ref)
        made = lo.state.heap[found.cell]
        dist = next((d for d in OWNERS.values() if isinstance(made, Attributes) and type(d) is made.cls), None)
    if dist is None or not hasattr(dist, name):
        return None
    given = [attributes.attribute(lo, frame, node, value, part) for part in ("args", "kwds")]
    return Partial(Const(_of_frozen), (Const(getattr(dist, name)), *given), {})


def _of_frozen(method: Any, args: Any, kwds: Any, *more: Any, **options: Any) -> Any:
    return method(*more, *args, **{**options, **kwds})


@special(_of_frozen)
def _call(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    bound, given, named, *more = args
    assert isinstance(given, Tuple)
    return calls.call(
        lo, frame, node, bound, [*more, *given.items], {**kwargs, **calls.entries_of(lo, frame, node, named)}
    )
