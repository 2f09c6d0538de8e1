"""Derivatives checked against differences: what every gradient of ours has to agree with.

Three things that share one idea, a walk over nested values:

- `numerical_gradient(fun, args)` moves one entry of the arguments at a time, and looks what that does to the result;
- `check_grads(fun, args)` asks adjoint for the same numbers, and hands both to `compare`;
- `assert_same(actual, expected)` compares any two nested values, and says where they differ.

A nested value is built of tuples, namedtuples, lists, dicts and dataclasses. Its *float leaves* are what can be
differentiated: floats, complex numbers, and NumPy scalars and arrays of them. All other leaves (ints, strings, `None`,
arrays of ints, objects, functions) are passed to the function as they are, and have `None` for a gradient. Every
evaluation is given its own copy of the arguments, because a function may write to them.

    >>> numerical_gradient(lambda p: p["w"] * p["n"] + 1.0, [{"w": 4.0, "n": 2}])
    {'w': 2.0, 'n': None}

Complex numbers follow JAX: the gradient of a real `f(x + iy)` is `df/dx - i df/dy`, and a complex result is contracted
with its cotangent by `Re(sum(result * cotangent))`.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

DEFAULT_MODES = ("rev", "fwd")

Index = tuple[int, ...]  # of an entry of a leaf: () for the only one of a scalar

# --- nested values ---------------------------------------------------------------------------------------------------


def is_float_leaf(leaf: Any) -> bool:
    """Whether this can be differentiated: a float or complex number, or an array of them.

    >>> [is_float_leaf(leaf) for leaf in (1.0, 1j, np.ones(2), np.float32(1), 1, True, np.arange(2), "a", None)]
    [True, True, True, True, False, False, False, False, False]
    """
    if isinstance(leaf, np.ndarray | np.generic):
        return leaf.dtype.kind in "fc"
    return isinstance(leaf, float | complex)


def _parts(tree: Any) -> list[tuple[str, Any]] | None:
    """What a container holds, each part with the text that reads it; `None` for a leaf."""
    if isinstance(tree, dict):
        return [("[" + repr(key).replace("'", '"') + "]", tree[key]) for key in tree]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return [("." + name, part) for name, part in zip(tree._fields, tree, strict=True)]
    if isinstance(tree, tuple | list):
        return [(f"[{place}]", part) for place, part in enumerate(tree)]
    if is_dataclass(tree) and not isinstance(tree, type):
        return [("." + field.name, getattr(tree, field.name)) for field in fields(tree)]
    return None


def _like(tree: Any, parts: Sequence[Any]) -> Any:
    """A container like this one, with other parts."""
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*parts)
    if isinstance(tree, tuple | list):
        return type(tree)(parts)
    new = copy.copy(tree)
    if isinstance(tree, dict):
        new.update(zip(tree, parts, strict=True))
    else:
        for field, part in zip(fields(tree), parts, strict=True):
            object.__setattr__(new, field.name, part)  # a frozen dataclass has no other way
    return new


def map_leaves(visit: Callable[[str, Any], Any], tree: Any, path: str = "") -> Any:
    """The same structure, its leaves replaced by `visit(path, leaf)`.

    >>> map_leaves(lambda path, leaf: path, {"W": [1.0, 2.0], "b": 3}, "params")
    {'W': ['params["W"][0]', 'params["W"][1]'], 'b': 'params["b"]'}
    """
    parts = _parts(tree)
    if parts is None:
        return visit(path, tree)
    return _like(tree, [map_leaves(visit, part, path + step) for step, part in parts])


def float_leaves(tree: Any, path: str = "") -> list[tuple[str, Any]]:
    """The leaves that can be differentiated, in order, each with its path.

    >>> float_leaves({"W": [1.0, "relu"], "b": 3}, "params")
    [('params["W"][0]', 1.0)]
    """
    found: list[tuple[str, Any]] = []
    map_leaves(lambda place, leaf: found.append((place, leaf)) if is_float_leaf(leaf) else None, tree, path)
    return found


def copied(tree: Any) -> Any:
    """A copy that shares nothing that could be written to; what has no copy (a function, a module) is shared."""
    return map_leaves(lambda path, leaf: _copied_leaf(leaf), tree)


def _copied_leaf(leaf: Any) -> Any:
    if isinstance(leaf, np.ndarray):
        return leaf.copy(order="K")
    if inspect.isroutine(leaf) or inspect.ismodule(leaf):
        return leaf
    try:
        return copy.deepcopy(leaf)
    except Exception:  # any class may refuse, in any way
        return leaf


def _moved(args: list[Any], path: str, index: Index, change: complex) -> list[Any]:
    """A copy of the arguments with one entry changed; paths start at the list of arguments itself, as in `[0]["W"]`."""

    def visit(place: str, leaf: Any) -> Any:
        if place != path:
            return _copied_leaf(leaf)
        if not isinstance(leaf, np.ndarray):
            return type(leaf)(leaf + change)
        new = leaf.copy(order="K")
        new[index] += change
        return new

    return map_leaves(visit, args)


def _entry(args: list[Any], path: str, index: Index) -> complex:
    return complex(np.asarray(dict(float_leaves(args))[path])[index])


# --- differences -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Line:
    """The function along one entry of its arguments: `line(h)` is its value there, and the step that was really made.

    The two differ from `h`, because `x + h` is rounded: in float32 by 1e-7 of `x`, which is 1e-5 of a usual `h`.
    """

    fun: Callable[..., Any]  # has a real scalar for a result
    args: list[Any]
    path: str
    index: Index
    direction: complex = 1.0  # 1j along the imaginary axis
    value: float = 0.0  # where the line starts

    def __call__(self, step: float) -> tuple[float, float]:
        args = _moved(self.args, self.path, self.index, step if self.direction == 1.0 else step * self.direction)
        made = (_entry(args, self.path, self.index) - _entry(self.args, self.path, self.index)) / self.direction
        try:
            return _real(self.fun(*args)), made.real
        except (ValueError, ArithmeticError):  # a step too far, over the edge of where the function is defined
            return float("nan"), made.real

    @property
    def precision(self) -> float:
        """Of the coarsest argument, as it is what the result is rounded to."""
        return max(precision(leaf) for _, leaf in float_leaves(self.args))

    @property
    def step(self) -> float:
        """The first step to try: the precision's fourth root, relative to the entry (see `numerical_gradient`)."""
        return float(self.precision**0.25 * max(abs(_entry(self.args, self.path, self.index)), 0.1))


def precision(leaf: Any) -> float:
    """The machine epsilon of a leaf's type.

    >>> precision(1.0) < 3e-16 < 1e-7 < precision(np.ones(3, np.float32))
    True
    """
    return float(np.finfo(np.asarray(leaf).dtype).eps)


def _real(result: Any) -> float:
    if not isinstance(result, int) and (not is_float_leaf(result) or np.ndim(result) != 0):
        raise TypeError(f"a gradient needs a scalar result, and this one is {_described(result)}")
    if np.iscomplexobj(result):
        raise TypeError(f"a gradient needs a real result, and this one is complex: {result!r}")
    return float(result)


def _central(line: _Line, step: float) -> float:
    (above, up), (below, down) = line(step), line(-step)
    return (above - below) / (up - down)


def _extrapolated(line: _Line) -> float:
    """Richardson's difference with the step that it is least sensitive to: usually the first that is tried."""
    best, spread = float("nan"), float("inf")
    for step in (line.step, line.step / 8, line.step / 64):
        coarse, fine = _central(line, step), _central(line, step / 2)
        if abs(fine - coarse) < spread:
            best, spread = (4.0 * fine - coarse) / 3.0, abs(fine - coarse)
        rounding = 16 * line.precision * abs(line.value) / step
        if spread <= max(rounding, 100 * line.precision**0.5 * abs(best)):
            break
    return best


def numerical_gradient(
    fun: Callable[..., Any], args: Sequence[Any], wrt: int | tuple[int, ...] = 0, method: str = "auto"
) -> Any:
    """The gradient of a function with a real scalar result, by differences.

    `wrt` is the place of an argument, or a tuple of places, for a tuple of gradients. A gradient has its argument's
    structure, with `None` where there is nothing to differentiate. The arguments are never written to.

        >>> def loss(params, x):
        ...     return np.sum((params["w"] * x - params["b"]) ** 2)
        >>> gradient = numerical_gradient(loss, ({"w": np.array([1.0, 2.0]), "b": 3.0}, np.array([1.0, -1.0])))
        >>> np.round(gradient["w"], 6), round(gradient["b"], 6)
        (array([-4., 10.]), 14.0)

    `"central"` is `D(h) = (f(x + h) - f(x - h)) / 2h`, whose error is `h^2 f'''/6 + ...`: even powers only. So the
    combination `(4 D(h/2) - D(h)) / 3` is free of the first and errs by `O(h^4)`; that is one step of Richardson's
    extrapolation (L. F. Richardson, Phil. Trans. R. Soc. A 210, 1911, pp. 307-357). With a rounding error of about
    `eps/h` the best `h` is near `eps^(1/5)`; ours is `eps^(1/4)`, a little smaller, to stay away from kinks. `"auto"`
    extrapolates, tries smaller steps where `D(h)` and `D(h/2)` disagree, and keeps the best agreement, as does
    C. J. F. Ridders, Adv. Eng. Softw. 4 (2), 1982, pp. 75-76.
    """
    if method not in ("auto", "central"):
        raise ValueError(f'method is "auto" or "central", not {method!r}')
    args = list(args)
    value = _real(fun(*copied(args)))

    def along(path: str, index: Index, direction: complex) -> float:
        line = _Line(fun, args, path, index, direction, value)
        return _extrapolated(line) if method == "auto" else _central(line, line.step)

    if isinstance(wrt, tuple):
        return tuple(_gradient(along, args[place], f"[{place}]") for place in wrt)
    return _gradient(along, args[wrt], f"[{wrt}]")


def _gradient(along: Callable[[str, Index, complex], float], arg: Any, path: str) -> Any:
    """A gradient put together from the derivatives along every entry of an argument."""

    def visit(path: str, leaf: Any) -> Any:
        if not is_float_leaf(leaf):
            return None
        gradient = np.empty_like(leaf, subok=False)
        for index in np.ndindex(gradient.shape):
            gradient[index] = along(path, index, 1.0)
            if np.iscomplexobj(leaf):
                gradient[index] -= 1j * along(path, index, 1j)
        return gradient if isinstance(leaf, np.ndarray) else type(leaf)(gradient[()])

    return map_leaves(visit, arg, path)


def _kink(line: _Line) -> str:
    """What the function does on either side, if it looks as if it had no derivative here.

    The differences to the right and to the left lie `h f''` apart where the function is smooth, so that they come
    together as the step shrinks. At a kink or a jump they do not.
    """

    def sides(step: float) -> tuple[float, float]:
        (above, up), (below, down) = line(step), line(-step)
        return (line.value - below) / -down, (above - line.value) / up

    apart = abs(np.subtract(*sides(line.step)))
    left, right = sides(line.step / 8)
    rounding = 64 * line.precision * max(abs(line.value), 1.0) / line.step
    if abs(left - right) <= max(0.5 * apart, 1e-3 * max(abs(left), abs(right)), rounding):
        return ""
    return f"\nThe function looks non-differentiable here: from the left {left:.6g}, from the right {right:.6g}."


# --- comparing -------------------------------------------------------------------------------------------------------


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    if isinstance(value, dict):
        return f"a {type(value).__name__} with the keys {list(value)}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return f"{value!r} ({type(value).__name__})"


def _unlike(path: str, actual: Any, expected: Any) -> AssertionError:
    return AssertionError(f"{path}: {_described(actual)}, where {_described(expected)} was expected")


def _pairs(actual: Any, expected: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """The leaves of the expected value, with what stands in the actual one's same place."""
    theirs = _parts(expected)
    if theirs is None:
        yield path, actual, expected
        return
    ours = _parts(actual)
    if ours is None or type(actual) is not type(expected) or [step for step, _ in ours] != [step for step, _ in theirs]:
        raise _unlike(path, actual, expected)
    for (step, part), (_, other) in zip(ours, theirs, strict=True):
        yield from _pairs(part, other, path + step)


@dataclass(frozen=True)
class _Difference:
    """Where two float leaves differ most, measured in what is tolerated: more than 1 is too much."""

    excess: float
    path: str
    index: Index
    actual: Any
    expected: Any

    @property
    def place(self) -> str:
        return self.path + ("[" + ", ".join(map(str, self.index)) + "]" if self.index else "")


def _difference(path: str, actual: Any, expected: Any, rtol: float, atol: float) -> _Difference:
    if not isinstance(actual, int | float | complex | np.ndarray | np.generic):
        raise _unlike(path, actual, expected)
    ours, theirs = np.asarray(actual), np.asarray(expected)
    if ours.shape != theirs.shape:
        raise AssertionError(f"{path}: shape {ours.shape}, where {theirs.shape} was expected")
    if isinstance(expected, np.ndarray | np.generic) and ours.dtype != theirs.dtype:
        raise AssertionError(f"{path}: dtype {ours.dtype}, where {theirs.dtype} was expected")
    ours, theirs = ours.astype(np.complex128), theirs.astype(np.complex128)
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = np.abs(ours - theirs) / (atol + rtol * np.abs(theirs))
    excess = np.where((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)), 0.0, np.nan_to_num(excess, nan=np.inf))
    index = np.unravel_index(int(np.argmax(excess)), excess.shape) if excess.size else ()
    worst = tuple(int(part) for part in index)
    numbers = [np.asarray(value)[worst].item() if excess.size else None for value in (actual, expected)]
    return _Difference(float(np.max(excess, initial=0.0)), path, worst, *numbers)


def assert_same(actual: Any, expected: Any, rtol: float = 1e-9, atol: float = 0.0, path: str = "result") -> None:
    """Two nested values agree: structure, shapes and dtypes of arrays, floats within tolerance, all else by `==`.

    >>> assert_same({"w": [1.0, 2.0]}, {"w": [1.0, 2.5]})
    Traceback (most recent call last):
    AssertionError: result["w"][1]: 2.0, where 2.5 was expected (off by 0.5)
    """
    for place, ours, theirs in _pairs(actual, expected, path):
        if is_float_leaf(theirs):
            found = _difference(place, ours, theirs, rtol, atol)
            if found.excess > 1.0:
                off = abs(found.actual - found.expected)
                raise AssertionError(
                    f"{found.place}: {found.actual!r}, where {found.expected!r} was expected (off by {off:.3g})"
                )
        elif not _same_leaf(ours, theirs):
            raise _unlike(place, ours, theirs)


def _same_leaf(actual: Any, expected: Any) -> bool:
    if type(actual) is not type(expected):
        return False
    if isinstance(expected, np.ndarray):
        return bool(actual.dtype == expected.dtype and np.array_equal(actual, expected))
    compares = getattr(type(expected), "__eq__", None) != getattr(object, "__eq__", None)
    return bool(actual == expected) if compares else True  # an object that cannot tell its copies from itself


Explain = Callable[[str, Index], str]


def _nothing(path: str, index: Index) -> str:
    return ""


def compare(
    actual: Any, numeric: Any, name: str, rtol: float, atol: float, what: str = "gradient", explain: Explain = _nothing
) -> None:
    """The derivative by the argument `name` agrees with the differences, or an `AssertionError` that says where not.

    A leaf with `None` in `numeric` has no derivative: adjoint may have `None` there, or zeros. `explain` is asked for
    more about the worst entry.

    >>> compare({"b": 4.004}, {"b": 4.0}, "params", rtol=1e-6, atol=1e-9)
    Traceback (most recent call last):
    AssertionError: the gradient with respect to argument params is wrong at params["b"]:
        adjoint      4.004
        differences  4.0
        off by 0.004, relatively 0.000999, where 4.001e-06 is tolerated
    """
    if actual is None and not float_leaves(numeric):
        return
    found = []
    for path, ours, theirs in _pairs(actual, numeric, name):
        if theirs is not None:
            found.append(_difference(path, ours, theirs, rtol, atol))
        elif not _vanishes(ours):
            raise AssertionError(f"{path}: nothing to differentiate here, but the {what} is {_described(ours)}")
    worst = max(found, key=lambda difference: difference.excess, default=None)
    if worst is None or worst.excess <= 1.0:
        return
    off, size = abs(worst.actual - worst.expected), max(abs(worst.actual), abs(worst.expected))
    raise AssertionError(
        f"the {what} with respect to argument {name} is wrong at {worst.place}:\n"
        f"    adjoint      {worst.actual!r}\n"
        f"    differences  {worst.expected!r}\n"
        f"    off by {off:.4g}, relatively {off / size if size else off:.3g}, "
        f"where {atol + rtol * abs(worst.expected):.4g} is tolerated" + explain(worst.path, worst.index)
    )


def _vanishes(value: Any) -> bool:
    parts = _parts(value)
    if parts is not None:
        return all(_vanishes(part) for _, part in parts)
    return value is None or (isinstance(value, int | float | np.ndarray | np.generic) and not np.any(value))


# --- checking --------------------------------------------------------------------------------------------------------


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

    result = fun(*copied(args))
    simple = is_float_leaf(result) and np.ndim(result) == 0 and not np.iscomplexobj(result)
    cotangent = None if simple else _random_like(result)
    scalar = fun if simple else lambda *args: _inner(fun(*args), cotangent)
    value = _real(scalar(*copied(args)))
    numeric = numerical_gradient(scalar, args, places)
    found = []
    for mode in modes:
        what = "gradient" if mode == "rev" else "tangent"
        unmodified = copied(args)
        ours = _reverse(fun, args, places, cotangent) if mode == "rev" else _forward(fun, args, places, cotangent)
        for place, actual, expected in zip(places, ours, numeric, strict=True):
            name = parameter_name(fun, place)

            def explain(path: str, index: Index, place: int = place, name: str = name) -> str:
                return _kink(_Line(scalar, args, f"[{place}]" + path.removeprefix(name), index, 1.0, value))

            tolerances = _tolerances(args, value, expected, rtol, atol)
            compare(actual, expected, name, *tolerances, what, explain)
        assert_same(args, unmodified, rtol=0.0, path=f"computing the {what} changed args")
        found.append(ours)
    for place, one, other in zip(places, found[0], found[-1], strict=True):
        _agree(one, other, parameter_name(fun, place), max(precision(leaf) for _, leaf in float_leaves(args)), value)
    if order > 1:
        import adjoint

        check_grads(adjoint.grad(_weighted(fun, cotangent), wrt=places), args, order - 1, modes, places, rtol, atol)


def _agree(one: Any, other: Any, name: str, coarsest: float, value: float) -> None:
    """The same gradient by two modes: what the dot product test asks, for every entry."""
    close, rounding = coarsest**0.5, 100 * coarsest * max(abs(value), 1.0)
    sizes = [float(np.max(np.abs(leaf), initial=0.0)) for _, leaf in float_leaves(one)]
    largest = max([size for size in sizes if np.isfinite(size)], default=0.0)
    for path, ours, theirs in _pairs(other, one, name):
        if is_float_leaf(theirs) and is_float_leaf(ours):
            worst = _difference(path, ours, theirs, close, close * largest + rounding)
            if worst.excess > 1.0:
                raise AssertionError(
                    f"the two modes differ at {worst.place}: {worst.expected!r} by one, {worst.actual!r} by the other"
                )


def check_rule(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """The derivative rule of `fn` is right at these arguments, or an `AssertionError` that names it and says where not.

    Compared with differences of `fn` along every entry of every float among `args`: the VJP, the JVP, their agreement, the
    shape and dtype of what they give; of a function said to be constant, that nothing changes. `kwargs` are passed on.

        >>> from adjoint import vjp_rule
        >>> def energy(x, scale=1.0):
        ...     return scale * np.sum(x**2)
        >>> @vjp_rule(energy)
        ... def energy_vjp(g, z, x, scale=1.0):
        ...     return 2.0 * g * scale * x, g * z / scale
        >>> check_rule(energy, np.array([1.0, 2.0]), 0.5)

    Raises `ValueError` if `fn` has no rule, and what using the rule raises (`BadRule`, `Unsupported`).
    """
    from .rules.registry import lookup

    name = getattr(fn, "__qualname__", None) or repr(fn)
    rule = lookup(fn)
    if rule is None or not (rule.differentiable or rule.jvp or rule.constant):
        raise ValueError(f"`{name}` has no derivative rule")
    backwards = bool(rule.partials or rule.vjp or rule.constant)
    forwards = bool(rule.partials or rule.jvp or rule.linear or rule.constant)
    modes = [mode for mode, there in (("rev", backwards), ("fwd", forwards)) if there]

    def applied(*values: Any) -> Any:
        return fn(*values, **kwargs)

    try:
        check_grads(applied, args, modes=modes)
    except AssertionError as error:
        raise AssertionError(f"the rule of `{name}`: {error}") from None


def _reverse(fun: Callable[..., Any], args: list[Any], places: tuple[int, ...], cotangent: Any) -> tuple[Any, ...]:
    import adjoint

    if cotangent is None:
        gradients = adjoint.grad(fun, wrt=places)(*args)
    else:
        result, pullback = adjoint.vjp(fun, *args)
        assert_same(result, fun(*copied(args)), rtol=1e-6, atol=1e-9, path="the primal result")
        cotangents = pullback(cotangent)
        gradients = tuple(cotangents[place] for place in places)
    if type(gradients) is not tuple or len(gradients) != len(places):
        raise AssertionError(f"gradients are {_described(gradients)}, where a tuple of {len(places)} was expected")
    return gradients


def _forward(fun: Callable[..., Any], args: list[Any], places: tuple[int, ...], cotangent: Any) -> tuple[Any, ...]:
    """The gradient, an entry at a time: the tangent of the result for a tangent of one entry."""
    import adjoint

    zeros = map_leaves(lambda path, leaf: leaf * 0 if is_float_leaf(leaf) else None, args)

    def along(path: str, index: Index, direction: complex) -> float:
        moved = _moved(zeros, path, index, direction)
        tangents = [dot if path.startswith(f"[{place}]") else None for place, dot in enumerate(moved)]
        result, tangent = adjoint.jvp(fun, tuple(args), tuple(tangents))
        assert_same(result, fun(*copied(args)), rtol=1e-6, atol=1e-9, path="the primal result")
        return _real(tangent) if cotangent is None else _inner(tangent, cotangent)

    return tuple(_gradient(along, args[place], f"[{place}]") for place in places)


def _tolerances(
    args: list[Any], value: float, gradient: Any, rtol: float | None, atol: float | None
) -> tuple[float, float]:
    """What differences can be trusted with: `atol` is their rounding error, and a part of the largest entry."""
    coarsest = max(precision(leaf) for _, leaf in float_leaves(args))
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


def active_places(args: Sequence[Any]) -> tuple[int, ...]:
    """The places of the arguments that hold a float.

    >>> active_places((1.0, 2, "relu", [np.ones(3)]))
    (0, 3)
    """
    return tuple(place for place, arg in enumerate(args) if float_leaves(arg))


def _random_like(tree: Any) -> Any:
    """Random numbers of either sign, none near zero, for the float leaves; `None` for the others."""
    random = np.random.default_rng(0)

    def draw(path: str, leaf: Any) -> Any:
        if not is_float_leaf(leaf):
            return None
        drawn = random.uniform(0.5, 1.5, np.shape(leaf)) * random.choice([-1.0, 1.0], np.shape(leaf))
        if np.iscomplexobj(leaf):
            drawn = drawn + 1j * random.uniform(-1.0, 1.0, np.shape(leaf))
        return drawn.astype(leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(drawn)

    return map_leaves(draw, tree)


def _inner(tree: Any, other: Any) -> float:
    """`Re(sum(a * b))` over the float leaves of `other`."""
    pairs = [(ours, theirs) for _, ours, theirs in _pairs(tree, other, "tangent") if theirs is not None]
    return float(sum(np.sum(np.asarray(ours) * theirs).real for ours, theirs in pairs))


def _weighted(fun: Callable[..., Any], cotangent: Any) -> Callable[..., Any]:
    """The function contracted with a cotangent, in Python that adjoint reads: the next order differentiates it."""
    if cotangent is None:
        return fun
    if isinstance(cotangent, np.ndarray):
        return lambda *args: np.sum(fun(*args) * cotangent)
    if not isinstance(cotangent, tuple) or not all(is_float_leaf(part) for part in cotangent):
        raise ValueError(f"a higher order needs floats, arrays or a tuple of them, not {_described(cotangent)}")
    return lambda *args: sum(np.sum(part * weight) for part, weight in zip(fun(*args), cotangent, strict=True))
