"""`check_rule`: all that a derivative rule promises, at one call of its primitive.

The call is written down as a function of what may vary, `def call(a, axis_1): return sum(a, axis=0)`, with everything else in
it as in a user's program; and that function's derivatives, as adjoint generates them, are compared with differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any


from ..errors import AdjointError
from .gradients import checked
from .texts import written
from .trees import active_places, is_float_leaf

Key = int | str  # of an argument: its place, or its name


def check_rule(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """The derivative rule of `fn` is right at these arguments, or an `AssertionError` that names it and says where not.

    Compared with differences of `fn` along every entry of every float among `args`: the VJP, the JVP, their agreement, the
    shape and dtype of what they give; the same of the gradient's own derivatives, where the rule can be differentiated
    again; of a function said to be constant, that nothing changes. `kwargs` are passed on as they are.

        >>> import numpy as np
        >>> from adjoint import vjp_rule
        >>> def energy(x, scale=1.0):
        ...     return scale * np.sum(x**2)
        >>> @vjp_rule(energy)
        ... def energy_vjp(g, z, x, scale=1.0):
        ...     return 2.0 * g * scale * x, g * z / scale
        >>> check_rule(energy, np.array([1.0, 2.0]), 0.5)

    Raises `ValueError` if `fn` has no rule, and what using the rule raises (`BadRule`, `Unsupported`).
    """
    wrt = active_places(args)
    check_call(fn, args, kwargs, wrt)
    check_parts(fn, args, kwargs, wrt)
    try:
        check_call(fn, args, kwargs, wrt, order=2)
    except AdjointError:  # said when a second derivative is asked for, not before
        pass


def check_call(
    fn: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    wrt: Sequence[Key],
    order: int = 1,
    primal: Callable[..., Any] | None = None,
    rtol: float | None = None,
) -> None:
    """The same of one call, with respect to the arguments at these places or of these names.

    `primal` is what differences are taken of, where `fn` itself has a sign or a phase to choose.
    """
    _check(fn, args, kwargs, wrt, None, tuple(range(len(wrt))), order, _modes(fn), primal, rtol)


def check_parts(
    fn: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    wrt: Sequence[Key],
    primal: Callable[..., Any] | None = None,
    rtol: float | None = None,
) -> None:
    """The same where a rule is given `None`: with a tangent of one argument only, and with one item of a tuple read."""
    modes = _modes(fn)
    if "fwd" in modes and len(wrt) > 1:
        for place in range(len(wrt)):
            _check(fn, args, kwargs, wrt, None, (place,), 1, ["fwd"], primal, rtol)
    result = (primal or fn)(*args, **kwargs)
    if isinstance(result, tuple):
        for item, part in enumerate(result):
            if is_float_leaf(part):
                _check(fn, args, kwargs, wrt, item, tuple(range(len(wrt))), 1, modes, primal, rtol)


def _modes(fn: Callable[..., Any]) -> list[str]:
    """The modes that a rule has something to say of."""
    from ..rules.registry import lookup

    rule = lookup(fn)
    if rule is None or not (rule.differentiable or rule.jvp or rule.constant):
        raise ValueError(f"`{_title(fn)}` has no derivative rule")
    return ["rev", "fwd"] if rule.differentiable or rule.constant else ["fwd"]


def _title(fn: Callable[..., Any]) -> str:
    return getattr(fn, "__qualname__", None) or repr(fn)


def _check(
    fn: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    wrt: Sequence[Key],
    item: int | None,
    places: tuple[int, ...],
    order: int,
    modes: list[str],
    primal: Callable[..., Any] | None,
    rtol: float | None,
) -> None:
    if not wrt:
        raise ValueError("no argument holds a float: there is nothing to differentiate")
    values = [args[key] if isinstance(key, int) else kwargs[key] for key in wrt]
    call = call_of(fn, args, kwargs, wrt, item)
    same = call if primal is None else call_of(primal, args, kwargs, wrt, item)
    try:
        checked(call, same, values, places, order, modes, rtol, None)
    except AssertionError as error:
        raise AssertionError(f"the rule of `{_title(fn)}`: {error}") from error


def call_of(
    fn: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], wrt: Sequence[Key], item: int | None = None
) -> Callable[..., Any]:
    """A function of the arguments `wrt` that calls `fn`, with the others in its text; or one item of what that returns.

    >>> import inspect, numpy as np
    >>> call = call_of(np.sum, (np.ones((2, 3)),), {"axis": 0}, (0,))
    >>> print(inspect.getsource(call))
    def call(x0):
        return sum(x0, axis=0)
    <BLANKLINE>
    >>> call(np.ones((2, 3)))
    array([2., 2., 2.])
    """
    name = getattr(fn, "__name__", "")
    name = name if name.isidentifier() and name not in ("call", "math") else "fn"
    namespace: dict[str, Any] = {name: fn, "math": math}
    arguments: list[tuple[Key, Any]] = [*enumerate(args), *kwargs.items()]
    said = [(key, _said(key, value, wrt, namespace)) for key, value in arguments]
    given = ", ".join(text if isinstance(key, int) else f"{key}={text}" for key, text in said)
    names = ", ".join(_name(key) for key in wrt)
    source = f"def call({names}):\n    return {name}({given}){'' if item is None else f'[{item}]'}\n"
    return written(source, namespace, f"call of {name}")


def _name(key: Key) -> str:
    return f"x{key}" if isinstance(key, int) else key


def _said(key: Key, value: Any, wrt: Sequence[Key], namespace: dict[str, Any]) -> str:
    """The text of an argument: its name where it varies, a literal, or the name of what has none."""
    if key in wrt:
        return _name(key)
    text = _literal(value)
    if text is None:
        text = f"{_name(key)}_given"
        namespace[text] = value
    return text


def _literal(value: Any) -> str | None:
    if type(value) is float and not math.isfinite(value):
        return f"float({str(value)!r})" if math.isnan(value) else "math.inf" if value > 0 else "-math.inf"
    if value is None or value is ... or type(value) in (bool, int, float, complex, str):
        return "..." if value is ... else repr(value)
    if type(value) is slice:
        return f"slice({', '.join(map(repr, (value.start, value.stop, value.step)))})"
    if type(value) in (tuple, list):
        items = [_literal(item) for item in value]
        if any(item is None for item in items):
            return None
        inside = ", ".join(str(item) for item in items)
        return f"[{inside}]" if type(value) is list else f"({inside},)" if len(items) == 1 else f"({inside})"
    return None
