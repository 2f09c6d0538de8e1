"""`check_grads`: adjoint's derivatives of a function beside differences, in both modes and to any order."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .comparing import assert_same, compare, worst_of
from .differences import Line, gradient_along, kink, moved, numerical_gradient, real
from .texts import written
from .trees import (
    Index,
    active_places,
    copied,
    described,
    float_leaves,
    is_float_leaf,
    map_leaves,
    paired,
    pairs,
    precision,
    random_like,
)

DEFAULT_MODES = ("rev", "fwd")


def check_grads(
    fun: Callable[..., Any],
    args: Sequence[Any],
    order: int = 1,
    modes: Sequence[str] = DEFAULT_MODES,
    wrt: int | tuple[int, ...] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Adjoint's derivatives of `fun` at `args` agree with differences, or an `AssertionError` that says where not.

    The result may be a float, an array, or a nested value of them: all but a real scalar is contracted with a fixed
    random cotangent. `wrt=None` means every argument that holds a float. `modes` are `"rev"` (`adjoint.grad`, or
    `adjoint.vjp` where the result is not a scalar) and `"fwd"` (`adjoint.jvp`); where both are checked they also have to
    agree with each other, much closer than differences can tell. `order=2` also checks the gradient's derivatives, and so
    on. Tolerances fit the arguments' precision unless given.

        >>> def norm(x):
        ...     return np.sqrt(np.sum(x**2))
        >>> check_grads(norm, (np.array([3.0, 4.0]),))
    """
    if not modes or not set(modes) <= {"rev", "fwd"}:
        raise ValueError(f'modes are "rev" and "fwd", not {list(modes)}')
    if order < 1:
        raise ValueError(f"order is 1 or more, not {order}")
    args = list(args)
    places = wrt if isinstance(wrt, tuple) else (wrt,) if wrt is not None else active_places(args)
    if not places:
        raise ValueError("no argument holds a float: there is nothing to differentiate")

    checked(fun, fun, args, places, order, modes, rtol, atol)


def checked(
    fun: Callable[..., Any],
    primal: Callable[..., Any],
    args: list[Any],
    places: tuple[int, ...],
    order: int,
    modes: Sequence[str],
    rtol: float | None,
    atol: float | None,
) -> None:
    """The same, where the differences are those of `primal`: of `fun`, say, with a free sign held in place."""
    result = fun(*copied(args))
    simple = is_float_leaf(result) and np.ndim(result) == 0 and not np.iscomplexobj(result)
    cotangent = None if simple else random_like(result)
    scalar = primal if simple else lambda *args: paired(primal(*args), cotangent)
    value = real(scalar(*copied(args)))
    coarsest = max(precision(leaf) for _, leaf in float_leaves([args, result]))
    numeric = numerical_gradient(scalar, args, places)
    found = []
    for mode in modes:
        what = "gradient" if mode == "rev" else "tangent"
        unmodified = copied(args)
        derivative = by_reverse if mode == "rev" else by_forward
        ours = derivative(fun, args, places, result, cotangent)
        for place, actual, expected in zip(places, ours, numeric, strict=True):
            name = parameter_name(fun, place)

            def explain(path: str, index: Index, place: int = place, name: str = name) -> str:
                return kink(Line(scalar, args, f"[{place}]" + path.removeprefix(name), index, 1.0, value))

            tolerances = _tolerances(coarsest, value, expected, rtol, atol)
            compare(actual, _told(expected, args[place], actual), name, *tolerances, what, explain)
        assert_same(args, unmodified, rtol=0.0, path=f"computing the {what} changed args")
        found.append(ours)
    for place, one, other in zip(places, found[0], found[-1], strict=True):
        _agree(one, other, parameter_name(fun, place), coarsest, value)
    if order > 1:
        import adjoint

        gradient = adjoint.grad(weighted(fun, cotangent), wrt=places)
        checked(gradient, gradient, args, places, order - 1, modes, rtol, atol)


def _told(numeric: Any, arg: Any, actual: Any) -> Any:
    """The differences, but at entries that are infinite or NaN: these cannot be moved, and whatever we have there is taken."""
    ours = dict(float_leaves(actual))

    def visit(path: str, leaf: Any) -> Any:
        at = dict(float_leaves(arg)).get(path)
        if at is None or path not in ours or np.shape(ours[path]) != np.shape(leaf) or np.all(np.isfinite(at)):
            return leaf
        told = np.where(np.isfinite(at), leaf, ours[path]).astype(np.asarray(leaf).dtype)
        return told if isinstance(leaf, np.ndarray) else type(leaf)(told)

    return map_leaves(visit, numeric)


def _agree(one: Any, other: Any, name: str, coarsest: float, value: float) -> None:
    """The same gradient by two modes: what the dot product test asks, for every entry."""
    close, rounding = coarsest**0.5, 100 * coarsest * max(abs(value), 1.0)
    sizes = [float(np.max(np.abs(leaf), initial=0.0)) for _, leaf in float_leaves(one)]
    largest = max([size for size in sizes if np.isfinite(size)], default=0.0)
    for path, ours, theirs in pairs(other, one, name):
        if is_float_leaf(theirs) and is_float_leaf(ours):
            worst = worst_of(path, ours, theirs, close, close * largest + rounding)
            if worst.excess > 1.0:
                raise AssertionError(
                    f"the two modes differ at {worst.place}: {worst.expected!r} by one, {worst.actual!r} by the other"
                )


def by_reverse(
    fun: Callable[..., Any], args: list[Any], places: tuple[int, ...], result: Any, cotangent: Any
) -> tuple[Any, ...]:
    import adjoint

    if cotangent is None:
        gradients = adjoint.grad(fun, wrt=places)(*args)
    else:
        ours, pullback = adjoint.vjp(fun, *args)
        assert_same(ours, result, rtol=1e-6, atol=1e-9, path="the primal result")
        cotangents = pullback(cotangent)
        gradients = tuple(cotangents[place] for place in places)
    if type(gradients) is not tuple or len(gradients) != len(places):
        raise AssertionError(f"gradients are {described(gradients)}, where a tuple of {len(places)} was expected")
    return gradients


def by_forward(
    fun: Callable[..., Any], args: list[Any], places: tuple[int, ...], result: Any, cotangent: Any
) -> tuple[Any, ...]:
    """The gradient, an entry at a time: the tangent of the result for a tangent of one entry."""
    import adjoint

    zeros = map_leaves(lambda path, leaf: np.zeros_like(leaf)[()] if is_float_leaf(leaf) else None, args)

    def along(path: str, index: Index, direction: complex) -> float:
        dots = moved(zeros, path, index, direction)
        tangents = [dot if place in places else None for place, dot in enumerate(dots)]
        ours, tangent = adjoint.jvp(fun, tuple(args), tuple(tangents))
        assert_same(ours, result, rtol=1e-6, atol=1e-9, path="the primal result")
        return real(tangent) if cotangent is None else paired(tangent, cotangent)

    return tuple(gradient_along(along, args[place], f"[{place}]") for place in places)


def _tolerances(
    coarsest: float, value: float, gradient: Any, rtol: float | None, atol: float | None
) -> tuple[float, float]:
    """What differences can be trusted with: `atol` is their rounding error, and a part of the largest entry."""
    if rtol is None:
        rtol = 1e-6 if coarsest < 1e-10 else 5e-3
    if atol is None:
        sizes = [float(np.max(np.abs(leaf), initial=0.0)) for _, leaf in float_leaves(gradient)]
        rounding = 50 * coarsest * max(abs(value), 1.0) / (0.1 * coarsest**0.25)
        atol = rounding + 1e-2 * rtol * max([size for size in sizes if np.isfinite(size)], default=0.0)
    return rtol, atol


def parameter_name(fun: Callable[..., Any], place: int) -> str:
    """What the function calls its argument at this place.

    >>> [parameter_name(lambda x, *rest: x, place) for place in (0, 1, 2)]
    ['x', 'rest[0]', 'rest[1]']
    """
    try:
        parameters = list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):
        return f"args[{place}]"
    for number, parameter in enumerate(parameters):
        if parameter.kind is parameter.VAR_POSITIONAL:
            return f"{parameter.name}[{place - number}]"
        if number == place and parameter.kind is not parameter.KEYWORD_ONLY:
            return parameter.name
    return f"args[{place}]"


def weighted(fun: Callable[..., Any], cotangent: Any) -> Callable[..., Any]:
    """The function contracted with a cotangent, as text that adjoint reads: the next order differentiates it.

    >>> import inspect
    >>> print(inspect.getsource(weighted(lambda x: (x, [x * x]), (2.0, [3.0]))))
    def total(*args):
        result = fun(*args)
        return np.sum(result[0] * weight_0) + np.sum(result[1][0] * weight_1)
    <BLANKLINE>
    """
    if cotangent is None:
        return fun
    terms, namespace = [], {"fun": fun, "np": np}
    for k, (path, weight) in enumerate(float_leaves(cotangent)):
        namespace[f"weight_{k}"] = weight
        term = f"result{path} * weight_{k}"
        terms.append(f"np.sum(np.real({term}))" if np.iscomplexobj(weight) else f"np.sum({term})")
    source = f"def total(*args):\n    result = fun(*args)\n    return {' + '.join(terms)}\n"
    return written(source, namespace, "weighted sum")
