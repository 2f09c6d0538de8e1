"""Derivatives by differences: one entry of the arguments is moved at a time.

    numerical_gradient(lambda x: x**3, [2.0])        11.999999999996788, or as near

`numerical_gradient` says which differences, and why; `kink` looks at the two sides of a point apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .trees import Index, copied, described, float_leaves, is_float_leaf, map_leaves, precision


def moved(args: list[Any], path: str, index: Index, change: complex) -> list[Any]:
    """A copy of the arguments with one entry changed; paths start at the list of arguments itself, as in `[0]["W"]`."""

    def visit(place: str, leaf: Any) -> Any:
        if place != path:
            return copied(leaf)
        if not isinstance(leaf, np.ndarray):
            return type(leaf)(leaf + change)
        new = leaf.copy(order="K")
        new[index] += change
        return new

    return map_leaves(visit, args)


def entry_of(args: list[Any], path: str, index: Index) -> complex:
    return complex(np.asarray(dict(float_leaves(args))[path])[index])


@dataclass(frozen=True)
class Line:
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
        args = moved(self.args, self.path, self.index, step if self.direction == 1.0 else step * self.direction)
        made = (entry_of(args, self.path, self.index) - entry_of(self.args, self.path, self.index)) / self.direction
        try:
            return real(self.fun(*args)), made.real
        except (ValueError, ArithmeticError):  # a step too far, over the edge of where the function is defined
            return float("nan"), made.real

    @property
    def precision(self) -> float:
        """Of the coarsest argument, as it is what the result is rounded to."""
        return max(precision(leaf) for _, leaf in float_leaves(self.args))

    @property
    def step(self) -> float:
        """The first step to try: the precision's fourth root, relative to the entry (see `numerical_gradient`)."""
        return float(self.precision**0.25 * max(abs(entry_of(self.args, self.path, self.index)), 0.1))


def real(result: Any) -> float:
    if not isinstance(result, int) and (not is_float_leaf(result) or np.ndim(result) != 0):
        raise TypeError(f"a gradient needs a scalar result, and this one is {described(result)}")
    if np.iscomplexobj(result):
        raise TypeError(f"a gradient needs a real result, and this one is complex: {result!r}")
    return float(result)


def _central(line: Line, step: float) -> float:
    (above, up), (below, down) = line(step), line(-step)
    return (above - below) / (up - down)


def _extrapolated(line: Line) -> float:
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
    value = real(fun(*copied(args)))

    def along(path: str, index: Index, direction: complex) -> float:
        line = Line(fun, args, path, index, direction, value)
        return _extrapolated(line) if method == "auto" else _central(line, line.step)

    if isinstance(wrt, tuple):
        return tuple(gradient_along(along, args[place], f"[{place}]") for place in wrt)
    return gradient_along(along, args[wrt], f"[{wrt}]")


def gradient_along(along: Callable[[str, Index, complex], float], arg: Any, path: str) -> Any:
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


def kink(line: Line) -> str:
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
