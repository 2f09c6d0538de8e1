"""Where rules are kept: one `Rule` for each primitive, and the decorators that make them.

A rule is an ordinary Python function.  It is lowered like the user's code, inlined into the
generated source and simplified with the rest, so it is written once, for arrays of any shape, and
says nothing of broadcasting or dtypes: the engine brings every cotangent to the shape and dtype of
its argument in one place.

    elementwise(np.sin, lambda z, x: np.cos(x))                  # ∂z/∂x, given z = sin(x)
    elementwise(np.multiply, lambda z, x, y: y, lambda z, x, y: x)

    @vjp_rule(np.outer)                                          # (cotangent, result, *arguments)
    def outer(g, z, a, b):
        return g @ np.ravel(b), np.ravel(a) @ g                  # one cotangent per argument

    linear(np.negative, ...)                                     # its own JVP
    constant(np.floor, why="piecewise constant")                 # derivative zero

No rule is read before the first gradient is built, or the first rule of the user's is given: to import
adjoint is cheap.  Those of a large library that is not needed otherwise (SciPy) wait until the user's program has
imported the library's module, too: `LIBRARIES` says which file belongs to which module.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Partial = Callable[..., Any] | str | None  # a text says why there is none


@dataclass
class Rule:
    """What is known of one primitive."""

    fn: Callable[..., Any]
    partials: tuple[Partial, ...] | None = None  # elementwise: ∂z/∂argument k
    vjp: Callable[..., Any] | None = None
    jvp: Callable[..., Any] | None = None
    linear: bool = False  # linear in its first argument: its own JVP
    constant: str | None = None  # why the derivative is zero
    refused: str | None = None  # why there is none
    pure: bool = True  # False: has an effect or draws random numbers
    view: bool = False  # the result may share memory with the first argument
    cheap: bool = False  # rather computed again than recorded
    parameters: tuple[tuple[str, Any], ...] = ()  # names and defaults, where the function itself does not tell
    where: str = ""  # the file and line that first said something of it

    @property
    def differentiable(self) -> bool:
        return self.constant is None and (self.partials is not None or self.vjp is not None or self.linear)


    def refuses(self, partial: Partial) -> str | None:
        """Why there is no derivative for the argument of this partial.  None is zero in a rule of ours only."""
        if partial is None and not self.where.startswith(_FOLDER):
            return "its rule has None for it; if the derivative is zero, give a function that returns 0.0"
        return partial if isinstance(partial, str) else None


RULES: dict[Any, Rule] = {}
# `infer` applies a function to arrays of ones and looks at the result, which does not tell what depends on values:
BY_VALUE: set[Any] = set()  # functions whose result's shape and dtype do
SHAPE_BY_VALUE: set[Any] = set()  # its shape
DTYPE_BY_VALUE: set[Any] = set()  # whether it is complex
SHAPE_BY_ARGUMENT: dict[Any, tuple[int, str]] = {}  # functions whose result's shape depends on the value of this argument
CALLED: set[Any] = set()  # rules that generated code calls, though their source may be there
OWNERS: dict[int, Any] = {}  # the objects whose methods have rules, by identity: `scipy.stats.norm`

_FAMILIES = (
    "complex_numbers", "constants", "containers", "contraction", "differences", "draws", "fft", "joining", "linalg", "mapped",
    "norms", "poly", "reductions", "scalar", "series", "sets", "shaping", "sorting", "ufunc_methods", "ufuncs", "windows",
)  # fmt: skip
_SCIPY = (
    "fft", "integrate", "interpolate", "linalg", "ndimage", "optimize", "signal", "sparse", "sparse.linalg", "spatial",
    "spatial.distance", "special", "stats",
)  # fmt: skip
LIBRARIES = {f"scipy.{family}": f"adjoint.rules.scipy.{family.partition('.')[0]}" for family in _SCIPY}
_waiting = [  # the files that are not read yet, each after the module that has to be there
    *(("numpy", f"adjoint.rules.{family}") for family in _FAMILIES),
    *LIBRARIES.items(),
    ("scipy.optimize", "adjoint.rules.scipy.fitting"), ("scipy.stats", "adjoint.rules.scipy.statistics"),
    ("scipy.spatial.distance", "adjoint.rules.scipy.distances"),
]
_reading, _now = threading.RLock(), list[str]()  # the files that are being read: these register rules


def read_rules() -> None:
    """Read the rules of NumPy's functions, and those of the libraries that have been imported since the last time.

    To be called before a table here is looked at.  Another thread that reads them is waited for.
    """
    with _reading:
        found = [(module, file) for module, file in _waiting if module in sys.modules and not _now]
        try:
            for module, file in found:
                _now.append(file)
                importlib.import_module(file)
                _waiting.remove((module, file))  # not before: what was interrupted is read again
        finally:
            if found:
                _now.clear()


_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep  # not by `pathlib`: it is slow, and each rule asks
_FOLDER = "rules/"  # where our own are


def _caller() -> str:
    """Where a rule is given: the first line outside of this file."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__ and frame.f_back is not None:
        frame = frame.f_back
    path = frame.f_code.co_filename
    if path.startswith(_OURS):
        path = path.removeprefix(_OURS).replace(os.sep, "/")
    elif path.startswith(_FOLDER):  # of the user's
        path = f"./{path}"
    return f"{path}:{frame.f_lineno}"


SAID = [0]


def said() -> int:
    """How often a program has registered a rule of its own: a gradient built before the last time may be another now."""
    return SAID[0]


def _rule(fn: Callable[..., Any]) -> Rule:
    where = _caller()
    ours = where.startswith(_FOLDER)
    if not ours:
        SAID[0] += 1
        read_rules()  # what the user says of a function comes after what we say, and counts
    if fn not in RULES:
        RULES[fn] = Rule(fn, where=where)
        if isinstance(fn, types.MethodType):
            OWNERS[id(fn.__self__)] = fn.__self__
    return RULES[fn]


def _each(fns: Any) -> tuple[Callable[..., Any], ...]:
    return fns if isinstance(fns, tuple) else (fns,)


def elementwise(fn: Any, *partials: Partial, cheap: bool = False, inline: bool = True) -> None:
    """Give the partial derivatives of a function that works entry by entry.

    `fn` is a callable, or a tuple of callables with the same meaning.  `partials[k]` is a function
    `(result, *arguments)` that gives ∂result/∂argument k entry by entry, or None for an argument that is
    no number (a derivative with respect to it is not asked for, and refused if it is), or a text that says why
    there is no derivative: it stands in the refusal.  VJP and JVP both follow.  `cheap` says that the
    function is rather computed again in the reverse sweep than recorded.  A rule is spliced into the generated
    source; with `inline=False`, or where it has no source that is understood (it is written in C, made by
    `exec`, a `functools.partial`), the generated source calls it.

    >>> import numpy as np
    >>> from adjoint import elementwise, grad
    >>> def soft(x):
    ...     return np.log1p(np.exp(x))
    >>> elementwise(soft, lambda z, x: 1.0 / (1.0 + np.exp(-x)))
    >>> grad(lambda x: soft(x) * 2.0)(0.0)
    1.0
    """
    for f in _each(fn):
        rule = _rule(f)
        rule.partials, rule.cheap = partials, cheap
    if not inline:
        CALLED.update(p for p in partials if callable(p))


def vjp_rule(
    *fns: Callable[..., Any], view: bool = False, linear: bool = False, inline: bool = True
) -> Callable[[Any], Any]:
    """Give the vector-Jacobian product of `fns`: functions, methods (`MyClass.method`) or callable objects.

    The decorated function takes `(cotangent, result, *the primal's own parameters)`, with the
    primal's names and defaults, and returns the cotangents of the primal's arguments in order: one
    value when there is one argument, otherwise a tuple, with None for an argument that is no number, or that no
    derivative is asked for: it is refused where one is, and zero is written 0.0.  A cotangent has the structure and
    shape of its argument, or one that broadcasting could have come from; only a rule of which not all results were
    read, whose cotangents are then None, may return None for what it does not know.  The cotangent of a
    tuple, list or dict is one of the same kind; that of a single tuple is returned as `((a, b),)`.  `inline` as
    for `elementwise`.  `view` says that the result may share memory with an argument, so that a write to the one would
    be seen in the other; it need not be said where it shows when the function is given an array of ones.

    >>> import numpy as np
    >>> from adjoint import grad, vjp_rule
    >>> def clipped(x, bound):
    ...     return np.clip(x, -bound, bound)
    >>> @vjp_rule(clipped)
    ... def clipped_vjp(g, z, x, bound):
    ...     return g, None                      # straight through, also where it is clipped
    >>> grad(lambda x: clipped(x, 1.0) * 3.0)(2.0)
    3.0

    Using a rule raises `BadRule` where it returns too many or too few cotangents, one of a wrong shape, or None where
    the gradient depends on the argument.
    """

    def register(rule_function: Callable[..., Any]) -> Callable[..., Any]:
        if not inline:
            CALLED.add(rule_function)
        for f in fns:
            rule = _rule(f)
            rule.vjp, rule.view, rule.linear = rule_function, view, rule.linear or linear
        return rule_function

    return register


def jvp_rule(*fns: Callable[..., Any], inline: bool = True) -> Callable[[Any], Any]:
    """Give the Jacobian-vector product of `fns`.

    The decorated function takes `(tangents, result, *the primal's own parameters)`, where `tangents`
    is a tuple with one entry per argument (None for an argument without one), and returns the
    tangent of the result.  `inline` as for `elementwise`.

    >>> from adjoint import jvp, jvp_rule
    >>> def cube(x):
    ...     return x * x * x
    >>> @jvp_rule(cube)
    ... def cube_jvp(t, z, x):
    ...     return t[0] * 3.0 * x * x
    >>> jvp(lambda x: cube(x), (2.0,), (1.0,))
    (8.0, 12.0)
    """

    def register(rule_function: Callable[..., Any]) -> Callable[..., Any]:
        if not inline:
            CALLED.add(rule_function)
        for f in fns:
            _rule(f).jvp = rule_function
        return rule_function

    return register


def linear(*fns: Callable[..., Any], view: bool = False) -> None:
    """Say that `fns` are linear in their first argument, so that each is its own JVP.

    Reverse mode needs the transpose too: `vjp_rule(f, linear=True)` gives both at once.

    >>> from adjoint import jvp, linear
    >>> def halved(x):
    ...     return x / 2.0
    >>> linear(halved)
    >>> jvp(lambda x: halved(x), (3.0,), (1.0,))
    (1.5, 0.5)
    """
    for f in fns:
        rule = _rule(f)
        rule.linear, rule.view = True, view or rule.view


def constant(*fns: Callable[..., Any], why: str, pure: bool = True) -> None:
    """Say that the derivative of `fns` is zero wherever it exists, and why.

    >>> import numpy as np
    >>> from adjoint import constant, grad
    >>> def level(x):
    ...     return np.floor(10.0 * x) / 10.0
    >>> constant(level, why="piecewise constant")
    >>> float(grad(lambda x: level(x) * x)(0.25))
    0.2
    """
    for f in fns:
        rule = _rule(f)
        rule.constant, rule.pure = why, pure


def refuse(*fns: Callable[..., Any], why: str) -> None:
    """Say that the derivative of `fns` is not to be had, and why: it stands in the error."""
    for f in fns:
        _rule(f).refused = why


def lookup(fn: Callable[..., Any]) -> Rule | None:
    """The rule of a callable, or None."""
    if isinstance(fn, Higher):
        fn = fn.fn
    elif isinstance(fn, PartOf):
        fn = (fn.fn, fn.name)  # type: ignore[assignment]
    elif isinstance(fn, Evaluated):
        fn = (fn.cls, "()")  # type: ignore[assignment]
    elif isinstance(fn, Logistic):
        fn = Logistic
    try:
        rule = RULES.get(fn)
    except TypeError:  # not hashable
        return None
    if rule is None:
        read_rules()
        rule = RULES.get(fn)
    return rule


def known(value: Any) -> bool:
    """For use inside rules: is this argument known when the gradient is built?

    Lowering answers True for a constant; called as plain Python it is always False, so that a rule
    takes its general path.
    """
    return False


# ── primitives that are passed a function ────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Calls:
    """How a primitive calls the functions that it is passed: `brentq(f, a, b, args=…)` calls `f(x, *args)`.

    `positional` are the primitive's parameters up to the last that a derivative may flow to, the function first;
    `kinds` says of what kind the function's own arguments are, given those of the primitive's; `result` of what kind
    the primitive's result is, or is a class, an attribute of which is a primitive of its own (`PartOf`).
    """

    positional: tuple[str, ...]
    kinds: Callable[[dict[str, Any]], tuple[Any, ...]]
    result: Any
    parts: dict[str, Callable[[dict[str, Any]], Any]] | None = None
    returns: str = "number"  # or "array"
    others: tuple[str, ...] = ()  # other parameters that take a function of the same arguments
    plain: tuple[str, ...] = ()  # options that must be left as they are
    starts: tuple[str, ...] = ()  # options that the result does not depend on: where a search starts
    full: Callable[[dict[str, Any]], int] | None = None  # how many results it gives with `full_output=True`


@dataclass(frozen=True)
class Higher:
    """A primitive with a function of the program for its first argument.

    What that function reads of the program around it are further arguments, after the first `count`: the
    primitive hands them on by `args=`.
    """

    fn: Callable[..., Any]
    count: int

    def __call__(self, *args: Any, **options: Any) -> Any:
        extra = {"args": args[self.count :]} if len(args) > self.count else {}
        return self.fn(*args[: self.count], **extra, **options)


@dataclass(frozen=True)
class PartOf:
    """An attribute or item of what a primitive returned: `part(result, *the primitive's own arguments)`."""

    fn: Callable[..., Any]
    name: str | int

    def __call__(self, result: Any, *args: Any, **options: Any) -> Any:
        return result[self.name] if isinstance(self.name, int) else getattr(result, self.name)


def with_full_output(*fns: Callable[..., Any], most: int) -> None:
    """Give the first of the results with `full_output=True` the rule of the only one without; refuse the others."""
    for f in fns:
        refuse(*((f, k) for k in range(1, most)), why="it says how the solution was found")
        _first_of_results(f, RULES[f].vjp, RULES[f].jvp)


def _first_of_results(fn: Any, vjp: Any, jvp: Any) -> None:
    @vjp_rule((fn, 0))
    def pulled(g, z, result, *args, **options):
        return (None, *vjp(g, z, *args, **options))

    @jvp_rule((fn, 0))
    def pushed(t, z, result, *args, **options):
        return jvp(t[1:], z, *args, **options)


@dataclass(frozen=True)
class Evaluated:
    """A call of an object made of data: `spline(x)` as `value(spline, x, …, *what the object was made of)`."""

    cls: type
    count: int  # of the arguments of the call

    def __call__(self, made: Any, *args: Any) -> Any:
        return made(*args[: self.count])

    def defaults(self) -> list[Any]:
        """What the arguments of the call are where they are not given."""
        return [p.default for p in list(inspect.signature(self.cls.__call__).parameters.values())[1:]]


@dataclass(frozen=True)
class Logistic:
    """`1 / (1 + exp(u))` as the user wrote it: the functions, the ones, and whether the one comes first in the sum."""

    exp: Callable[..., Any]
    add: Callable[..., Any]
    divide: Callable[..., Any]
    term: int | float
    numerator: int | float
    term_first: bool

    def __call__(self, u: Any) -> Any:
        power = self.exp(u)
        return self.divide(self.numerator, self.add(self.term, power) if self.term_first else self.add(power, self.term))


HIGHER: dict[Any, Calls] = {}
MADE: set[type] = set()  # classes whose objects are made of data, and called


WRITTEN: dict[Any, Callable[..., Any]] = {}  # what is said in terms of others -> the function that says it


KEPT: set[Any] = set()  # of these, those whose own result is there beside
GENERATORS: dict[Any, type] = {}  # what makes an object that draws random numbers -> the object's class
STANDING: set[type] = set()  # the classes of what stands for such a result: their operators come first


def written_as(fn: Callable[..., Any], meaning: Callable[..., Any], kept: bool = False) -> None:
    """Say that a call of `fn` is to be lowered as one of `meaning`, a function with the same parameters.

    A call of `fn` in `meaning` is one of `fn`.  With `kept` an object that `meaning` makes stands for what `fn` makes,
    which is used where a value is needed.
    """
    WRITTEN[fn] = meaning
    if kept:
        KEPT.add(fn)


def made_of_data(*classes: type) -> None:
    """Say that the objects of these classes are functions of what they were made of: give a rule for `(cls, "()")`.

    The rule takes (cotangent, result, the object, the arguments of the call, those that the object was made of), all
    defaults filled in.
    """
    MADE.update(classes)


APPLIED: dict[Any, Callable[[dict[str, Any]], Any]] = {}  # what rules apply to functions -> the kind of the result


def applied_by_rules(fn: Callable[..., Any], names: tuple[str, ...], result: Callable[..., Any]) -> None:
    """Say that rules apply `fn` to functions of the program (`functional.applied`).

    `result` gives the kind of its result from that of the function's result and those of the arguments by `names`.
    """
    APPLIED[fn] = lambda avals: result(avals["f"], *(avals[k] for k in names))


def higher(*fns: Callable[..., Any], calls: Calls) -> None:
    """Say how `fns` call the function that they are passed."""
    for f in fns:
        HIGHER[f] = calls
        _rule(f).pure = False  # not to be tried out
