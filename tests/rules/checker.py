"""What a derivative rule promises, at the calls that the rows give.

Together `check(row)` and `check_twice(row)` are `adjoint.check_rule` with respect to the arguments that vary.  The second,
of the gradient's own derivatives and of single arguments and results, is for the `smallest` row of each rule and of each
set of arguments.

`cotangents(row, g, z)` calls a rule as plain Python, before the engine brings what it returns to its argument's shape and
dtype (`settle`).
"""

from __future__ import annotations

import ast
import inspect
import pathlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adjoint.rules.registry import MADE, RULES, WRITTEN, Rule, lookup
from adjoint.testing.rules import check_call, check_parts


@dataclass
class Row:
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    fixed: tuple[Any, ...] = ()  # parameters (index or name) that are numbers but no variables: tolerances and such
    tol: float | None = None
    call: Callable[..., Any] | None = None  # the primal for differences, where signs or phases must be kept in line

    def __str__(self) -> str:
        shapes = ",".join(str(np.shape(a)) if isinstance(a, np.ndarray) else type(a).__name__ for a in self.args)
        options = ",".join(f"{k}={v}" for k, v in self.kwargs.items() if not isinstance(v, np.ndarray))
        return f"{name(self.fn)}({shapes}{';' if options else ''}{options})"


def name(fn: Any) -> str:
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{owner.__name__}.{fn.__name__}"
    return getattr(fn, "__qualname__", str(fn))


def active(x: Any) -> bool:
    """May x carry a derivative?"""
    if isinstance(x, (list, tuple)):
        return any(active(item) for item in x)
    return isinstance(x, (float, complex, np.ndarray, np.generic)) and np.result_type(x).kind in "fc"


def arguments(row: Row) -> list[tuple[Any, Any]]:
    """The arguments of the call that may vary, by position or keyword."""
    given = [*enumerate(row.args), *row.kwargs.items()]
    return [(key, x) for key, x in given if active(x) and key not in row.fixed]


def check(row: Row) -> None:
    """A row with the sign of its result held in place is never among the `smallest`, and is looked at in its parts here."""
    wrt = [key for key, _ in arguments(row)]
    try:
        check_call(row.fn, row.args, row.kwargs, wrt, primal=row.call, rtol=row.tol)
        if row.call is not None:
            check_parts(row.fn, row.args, row.kwargs, wrt, row.call, row.tol)
    except Exception as error:
        raise AssertionError(f"{row}: {error}") from error


def check_twice(row: Row) -> None:
    wrt = [key for key, _ in arguments(row)]
    try:
        check_parts(row.fn, row.args, row.kwargs, wrt, rtol=row.tol)
        check_call(row.fn, row.args, row.kwargs, wrt, order=2, rtol=row.tol)
    except Exception as error:
        raise AssertionError(f"{row}: {error}") from error


def smallest(rows: Iterable[Row]) -> list[Row]:
    """Of the rows of one rule with the same arguments varying the one with the fewest entries.

    Functions may share a rule; and rules that one function makes, as it does for every distribution, are as one.
    """
    found: dict[Any, Row] = {}
    for row in rows:
        if row.call is None:
            rule = lookup(row.fn)
            own = (rule.vjp,) if rule.vjp else rule.partials or ()
            key = (tuple(getattr(f, "__code__", f) for f in own), frozenset(key for key, _ in arguments(row)))
            if key not in found or size(row) < size(found[key]):
                found[key] = row
    return list(found.values())


def size(row: Row) -> int:
    return sum(np.size(leaf) for _, x in arguments(row) for leaf in leaves(x))


def aligned(fn: Callable[..., Any], a: Any, *more: Any, **options: Any) -> Callable[..., Any]:
    """Eigenvectors or singular vectors with the signs they have at `a`: LAPACK may change them on the way."""
    reference = fn(a, *more, **options)

    def call(x: Any, *rest: Any, **kwargs: Any) -> Any:
        z = fn(x, *rest, **kwargs)
        first = 1 if len(z) == 2 else 0  # (w, v) or (u, s, vh)
        sign = np.sign(np.sum(reference[first] * z[first], axis=-2))
        turned = (z[0], z[1] * sign[..., None, :])
        if first == 0:
            turned = (z[0] * sign[..., None, :], z[1], z[2] * sign[..., :, None])
        return type(z)(*turned) if hasattr(z, "_fields") else turned

    return call


# ── a rule called as plain Python ────────────────────────────────────────────────────────────────


def map_leaves(f: Callable[[Any], Any], x: Any) -> Any:
    """f at each number or array of nested sequences; None where there is no derivative."""
    if isinstance(x, (list, tuple)):
        return [map_leaves(f, item) for item in x]
    return f(x) if active(x) else None


def leaves(x: Any) -> list[Any]:
    if isinstance(x, (list, tuple)):
        return [leaf for item in x for leaf in leaves(item)]
    return [x] if active(x) else []


def pair(bar: Any, dot: Any) -> float:
    """Re ∑ x̄ ẋ, absent ones being zero."""
    if bar is None or dot is None:
        return 0.0
    if isinstance(dot, (list, tuple)):
        return sum(pair(bar[k], d) for k, d in enumerate(dot))
    return float(np.real(np.sum(np.asarray(bar) * dot)))


def settle(bar: Any, x: Any) -> Any:
    """What the engine does with a cotangent: sum it down to its argument's shape, cast it to its dtype."""
    if bar is None:
        return None
    if isinstance(x, (list, tuple)):
        assert len(bar) == len(x), f"{len(bar)} cotangents for {len(x)} items"
        return [settle(bar[k], item) if active(item) else None for k, item in enumerate(x)]
    shape = np.shape(x)
    bar = np.asarray(bar)
    if bar.ndim > len(shape):
        bar = bar.sum(axis=tuple(range(bar.ndim - len(shape))))
    for axis, n in enumerate(shape[len(shape) - bar.ndim :]):
        if n == 1 and bar.shape[axis] != 1:
            bar = bar.sum(axis=axis, keepdims=True)
    assert np.broadcast_shapes(bar.shape, shape) == shape, f"cotangent of shape {bar.shape} for an argument of {shape}"
    bar = np.broadcast_to(bar, shape)
    kind = np.result_type(x)
    return (bar if kind.kind == "c" else bar.real).astype(kind)


def parameters(rule_function: Callable[..., Any], row: Row) -> list[tuple[str, Any]]:
    """The rule's parameters after (g, z) that the call gives, in order, with those of *args one by one."""
    bound = inspect.signature(rule_function).bind(None, None, *row.args, **row.kwargs)
    bound.apply_defaults()
    listed = []
    for k, (key, value) in enumerate(bound.arguments.items()):
        if k < 2:
            continue
        if inspect.signature(rule_function).parameters[key].kind is inspect.Parameter.VAR_POSITIONAL:
            listed += [(f"{key}{i}", item) for i, item in enumerate(value)]
        else:
            listed.append((key, value))
    return listed


def cotangents(row: Row, g: Any, z: Any) -> dict[Any, Any]:
    """The cotangent of each varying argument, by position or keyword, as the engine would have it."""
    rule = lookup(row.fn)
    if rule.partials is not None:
        wanted = {key for key, _ in arguments(row)}
        bars = [
            g * p(z, *row.args, **row.kwargs) if callable(p) and k in wanted else None
            for k, p in enumerate(rule.partials[: len(row.args)])
        ]
        names = []
    else:
        bars = rule.vjp(g, z, *row.args, **row.kwargs)
        listed = parameters(rule.vjp, row)
        names = [key for key, _ in listed]
        bars = bars if isinstance(bars, tuple) else (bars,)
    result = {}
    for key, x in arguments(row):
        at = key if isinstance(key, int) else names.index(key)
        result[key] = settle(bars[at] if at < len(bars) else None, x)
    return result


# ── what the engine relies on ────────────────────────────────────────────────────────────────────


def unlike_their_primals(rules: Iterable[tuple[Any, Rule]]) -> list[str]:
    """The rules whose parameters after (cotangent, result) are not the primal's, in order and by name."""
    wrong = []
    for fn, rule in rules:
        if isinstance(fn, np.ufunc):
            continue
        try:
            theirs = list(inspect.signature(fn).parameters.values())
        except (TypeError, ValueError):
            continue
        theirs = [p for p in theirs if p.kind is not p.VAR_KEYWORD]
        for f in (rule.vjp, rule.jvp):
            if f is None:
                continue
            own = list(inspect.signature(f).parameters.values())[2:]
            star = any(p.kind is p.VAR_POSITIONAL for p in (*own, *theirs))
            for k, p in enumerate(theirs):
                if p.name == "self":
                    continue
                keyword = p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
                if keyword and p.name not in [q.name for q in own]:
                    wrong.append(f"{name(fn)}: no {p.name} in {f.__name__}{inspect.signature(f)}")
                elif not star and p.kind is not p.KEYWORD_ONLY and k < len(own) and keyword and own[k].name != p.name:
                    wrong.append(f"{name(fn)}: {own[k].name} where {p.name} is in {f.__name__}")
    return wrong


def called_without_a_rule(modules: Iterable[Any], names: dict[str, Any]) -> set[str]:
    """What the rules in these modules call of `names` (np, math, …) that has no rule itself."""
    missing = set()
    for module in modules:
        assert module.__file__ is not None
        for node in ast.walk(ast.parse(pathlib.Path(module.__file__).read_text())):
            if module.__name__.endswith(".helpers") and not getattr(node, "name", "").startswith("recur_"):
                continue  # the small functions there are constant themselves
            bodies = node.body if isinstance(node, ast.FunctionDef) else [node] if isinstance(node, ast.Lambda) else []
            for call in (c for body in bodies for c in ast.walk(body) if isinstance(c, ast.Call)):
                text = ast.unparse(call.func)
                if text.split(".")[0] in names and text.replace(".", "").isidentifier():
                    if not any(eval(text, names) in known for known in (RULES, MADE, WRITTEN)):
                        missing.add(f"{text} in {module.__name__}")
    return missing
