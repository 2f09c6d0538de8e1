"""What a derivative rule promises, checked against the primal and nothing else.

`check(row)` calls the functions of a rule as plain Python and compares

  - the VJP, for random cotangents, with differences of the primal along random directions,
  - the JVP with the same differences,
  - the shape of every cotangent, after summing away what broadcasting added.

The engine's part (summing down to the argument's shape, casting to its dtype) is done here by `settle`.
Cotangents are paired with tangents as Re ∑ x̄ ẋ, without conjugation.
"""

from __future__ import annotations

import ast
import inspect
import pathlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adjoint.rules.registry import MADE, RULES, WRITTEN, Rule


@dataclass
class Row:
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    fixed: tuple[Any, ...] = ()  # parameters (index or name) that are numbers but no variables: tolerances and such
    tol: float = 2e-6
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


# ── values with several leaves ───────────────────────────────────────────────────────────────────


def active(x: Any) -> bool:
    """May x carry a derivative?"""
    if isinstance(x, (list, tuple)):
        return any(active(item) for item in x)
    return isinstance(x, (float, complex, np.ndarray, np.generic)) and np.result_type(x).kind in "fc"


def map_leaves(f: Callable[[Any], Any], x: Any) -> Any:
    """f at each number or array of nested sequences; None where there is no derivative."""
    if isinstance(x, (list, tuple)):
        return [map_leaves(f, item) for item in x]
    return f(x) if active(x) else None


def combine(f: Callable[..., Any], *xs: Any) -> Any:
    first = xs[0]
    if isinstance(first, (list, tuple)):
        return [combine(f, *items) for items in zip(*xs, strict=True)]
    return first if not active(first) else f(*xs)


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


# ── the rule of a call ───────────────────────────────────────────────────────────────────────────


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


def arguments(row: Row) -> list[tuple[Any, Any]]:
    """The arguments of the call that may vary, by position or keyword."""
    given = [*enumerate(row.args), *row.kwargs.items()]
    return [(key, x) for key, x in given if active(x) and key not in row.fixed]


def cotangents(row: Row, g: Any, z: Any) -> dict[Any, Any]:
    """The cotangent of each varying argument, by position or keyword, as the engine would have it."""
    rule = RULES[row.fn]
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


def tangent(row: Row, dots: dict[Any, Any], z: Any) -> Any:
    """The tangent of the result by the rule's JVP."""
    rule = RULES[row.fn]
    if rule.partials is not None:
        total: Any = 0.0
        for k, p in enumerate(rule.partials[: len(row.args)]):
            if callable(p) and k in dots:
                total = total + p(z, *row.args, **row.kwargs) * dots[k]
        return total if np.iscomplexobj(z) else np.real(total)
    if rule.jvp is not None:
        listed = parameters(rule.jvp, row)
        names = [key for key, _ in listed]
        t: list[Any] = [None] * len(listed)
        for key, dot in dots.items():
            t[key if isinstance(key, int) else names.index(key)] = dot
        return rule.jvp(tuple(t), z, *row.args, **row.kwargs)
    assert rule.linear
    if set(dots) != {0}:
        return NotImplemented
    return row.fn(dots[0], *row.args[1:], **row.kwargs)


# ── the check ────────────────────────────────────────────────────────────────────────────────────


def random_like(rng: np.random.Generator) -> Callable[[Any], Any]:
    def draw(x: Any) -> Any:
        value = rng.normal(size=np.shape(x))
        if np.result_type(x).kind == "c":
            value = value + 1j * rng.normal(size=np.shape(x))
        if isinstance(x, np.ndarray):
            out = np.empty_like(x)  # lies in memory as x does
            out[...] = value
            return out
        return complex(value) if np.iscomplexobj(x) else float(value)

    return draw


def moved(row: Row, dots: dict[Any, Any], h: float) -> Any:
    args, kwargs = list(row.args), dict(row.kwargs)
    for key, dot in dots.items():
        target: Any = args if isinstance(key, int) else kwargs
        was = target[key]
        target[key] = combine(lambda x, d: x + h * d, was, dot)
        if isinstance(was, tuple):
            target[key] = tuple(target[key])
    return as_plain((row.call or row.fn)(*args, **kwargs))


def as_plain(z: Any) -> Any:
    return list(z) if isinstance(z, (tuple, list)) else z


def difference(row: Row, dots: dict[Any, Any], h: float = 2e-4) -> Any:
    """The derivative along a direction, by central differences of sixth order."""
    points = [moved(row, dots, k * h) for k in (-3, -2, -1, 1, 2, 3)]
    return combine(
        lambda a, b, c, d, e, f: ((f - a) / 60.0 - 0.15 * (e - b) + 0.75 * (d - c)) / h,
        *points,
    )


def close(found: float, expected: float, scale: float, tol: float, what: str) -> None:
    assert abs(found - expected) <= tol * max(1.0, scale), f"{what}: {found} by the rule, {expected} by differences"


def check(row: Row, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    draw = random_like(rng)
    z = (row.call or row.fn)(*row.args, **row.kwargs)
    seeds = [map_leaves(draw, z)]
    if isinstance(z, tuple):  # a result that nothing reads has no cotangent
        seeds += [[g if i == k else None for i, g in enumerate(seeds[0])] for k in range(len(z)) if active(z[k])]
    for g in seeds:
        bars = cotangents(row, g, z)
        for key, x in arguments(row):
            for _ in range(2):
                dots = {key: map_leaves(draw, x)}
                z_dot = difference(row, dots)
                expected, found = pair(g, z_dot), pair(bars[key], dots[key])
                scale = sum(float(np.sum(np.abs(a))) for a in leaves(z_dot))
                close(found, expected, scale, row.tol, f"{row}: VJP of argument {key}")
                check_tangent(row, dots, z, g, expected, scale)


def check_tangent(row: Row, dots: dict[Any, Any], z: Any, g: Any, expected: float, scale: float) -> None:
    rule = RULES[row.fn]
    if rule.partials is None and rule.jvp is None and not rule.linear:
        return
    z_dot = tangent(row, dots, z)
    if z_dot is NotImplemented:
        return
    close(pair(g, as_list(z_dot, z)), expected, scale, row.tol, f"{row}: JVP along argument {next(iter(dots))}")


def as_list(z_dot: Any, z: Any) -> Any:
    """The tangent in the shape of the result."""
    if isinstance(z, (tuple, list)):
        return [None if d is None else d for d in z_dot]
    return None if z_dot is None else np.broadcast_to(np.asarray(z_dot), np.shape(z))


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
