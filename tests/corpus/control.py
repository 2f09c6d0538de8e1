"""Branches, early exits, exceptions, `with`, `match`: control flow without loops; the loops are in `loops.py`."""

import contextlib
import math
from dataclasses import dataclass

import numpy as np

from .registry import group

case = group("control")

V = np.array([0.6, -1.2, 2.3, 0.3])


@case(1.5, features="if")
@case(-1.5, features="if not taken")
def if_only(x):
    y = x * 2
    if x > 0:
        y = y * x
    return y


@case(1.5, features="if, else")
@case(-1.5, features="if, else")
def if_else(x):
    if x > 0:
        y = x**2
    else:
        y = -x
    return y * x


@case(0.5, features="elif")
@case(1.5, features="elif")
@case(3.5, features="elif")
def elif_chain(x):
    if x < 1:
        y = x
    elif x < 2:
        y = x**2
    elif x < 3:
        y = x**3
    else:
        y = math.exp(x)
    return y + 1.0


@case(1.5, 0.5, features="nested if")
@case(-1.5, 0.5, features="nested if")
def nested_if(x, y):
    if x > 0:
        if y > 1:
            z = x * y
        else:
            z = x / y
        z = z + 1
    else:
        z = x - y
        if y > 0:
            z *= 2
    return z * x


@case(1.5, features="return in both branches")
@case(-1.5, features="return in both branches")
def returns_twice(x):
    if x > 0:
        return x**2
    else:
        return math.exp(x)


@case(1.5, features="early return")
@case(0.5, features="early return")
def early_return(x):
    if x < 1:
        return 3 * x
    y = math.sin(x)
    return y * x


@case(1.5, features="several early returns")
@case(-2.5, features="several early returns")
@case(0.2, features="several early returns")
def guard_clauses(x):
    if x < -1:
        return x**2
    y = x + 1
    if y < 2:
        y = y * 3
        if x > 0:
            return y
        y = y + x
    z = y**2
    if z > 100:
        return 0.0
    return z


@case(1.5, features="first bound in a branch")
@case(2.5, features="first bound in a branch")
def bound_in_a_branch(x):
    if x > 2:
        scale = 3.0
        shift = x
    else:
        scale = x
        shift = 1.0
    return scale * x + shift


@case(1.5, True, features="bound in one branch only")
def bound_in_one_branch(x, flag):
    if flag:
        extra = x**2
    y = x
    if flag:
        y = y * extra
    return y


@case(1.5, features="branch on an active value computed before")
def branch_on_computed(x):
    y = math.sin(x)
    if y > 0.5 and x < 2 or x > 10:
        y = y * 2
    if not (y < 1):
        y = y - x
    return y


@case(1.5, 2.5, features="swap in a branch")
def ordered(a, b):
    if a < b:
        a, b = b, a
    return a**2 / b


@case(1.5, features="if, a branch with pass, constant branch")
def branch_with_pass(x):
    if x > 1:
        pass
    else:
        x = x * 10
    if x < 0:
        y = 0.0
    elif x > 1:
        y = x
    else:
        y = 1.0
    return x * y


@case(1.5, "double", features="branch on a string")
@case(1.5, "square", features="branch on a string")
def by_mode(x, mode):
    if mode == "double":
        return 2 * x
    elif mode in ("square", "power"):
        return x**2
    raise ValueError(mode)


@case(1.5, None, features="branch on None")
@case(1.5, 0.5, features="branch on None")
def optional_bias(x, bias):
    y = x**2
    if bias is not None:
        y = y + bias * x
    return y


@case(1.5, 3, features="branch on an int")
def by_parity(x, n):
    if n % 2:
        y = x**n
    else:
        y = -(x**n)
    return y * n


@case(V, features="branch on a reduction of an array")
def branch_on_array(x):
    if np.max(np.abs(x)) > 1:
        x = x / np.linalg.norm(x)
    if (x > 0).any():
        return x[x > 0].sum()
    return np.sum(x)


@case(V, features="branch on shape")
@case(V.reshape(2, 2), features="branch on shape")
def branch_on_shape(x):
    if x.ndim == 1:
        x = x[None, :]
    rows, cols = x.shape
    if rows == cols:
        return np.trace(x) ** 2
    return np.sum(x**2) / cols


@case(1.5, features="conditional expressions, nested")
def nested_conditional_expressions(x):
    y = x if x > 2 else x**2 if x > 1 else x**3
    return (y if y > x else -y) * (1 if x > 0 else -1)


@case(2.5, features="relu, leaky, several piecewise functions")
@case(-0.5, features="relu, leaky, several piecewise functions")
def activations(x):
    relu = x if x > 0 else 0.0
    leaky = x if x > 0 else 0.01 * x
    hard = 1.0 if x > 2 else (-1.0 if x < -2 else x)
    return relu + 2 * leaky + 3 * hard * x


@case(1.5, 0.5, features="and, or in tests with active operands")
def short_circuit(x, y):
    if x > 0 and 1 / x > 0.5 and (y < 0 or math.log(y) < 0):
        return x * y
    return x - y


@case(0.5, 1.5, 2.5, features="chained comparison")
def between(lo, x, hi):
    if lo < x < hi:
        return (x - lo) / (hi - lo)
    return lo * hi


@case(1.5, features="walrus in a test")
def walrus_in_test(x):
    if (y := x**2) > 2:
        return y * x
    return y


@case(1.5, features="assert")
def with_assert(x):
    assert x > 0, f"x is {x}"
    y = math.log(x)
    assert not math.isnan(y)
    return y * x


@case(1.5, features="raise not taken")
def with_raise(x):
    if x <= 0:
        raise ValueError("x must be positive, not %r" % x)
    if not isinstance(x, (int, float)):
        raise TypeError from None
    return math.sqrt(x)


@case(1.5, features="try, except not taken")
def try_not_taken(x):
    try:
        y = 1.0 / x
    except ZeroDivisionError:
        y = 0.0
    return y * x**3


@case(1.5, features="try, except taken")
def try_taken(x):
    y = x * 2
    try:
        y = y * x
        z = y / 0
        y = z
    except ZeroDivisionError:
        y = y + x**2
    return y


@case(1.5, features="try, except as, else, finally")
def try_else_finally(x):
    steps = []
    try:
        y = math.sqrt(x)
    except (ValueError, TypeError) as error:
        y = x * 3
        steps.append(str(error))
    else:
        y = y * x
    finally:
        steps.append("done")
    return y * len(steps)


@case(-1.5, features="try, the exception raised by math")
@case(1.5, features="try, the exception raised by math")
def safe_log(x):
    try:
        return math.log(x)
    except ValueError:
        return -(x**2)


@case(1.5, features="try, a raise of one's own")
def raised_and_caught(x):
    y = x
    try:
        if x > 1:
            raise RuntimeError("too large")
        y = y * 5
    except RuntimeError:
        y = y**3
    return y


@case(1.5, {"a": 2.0}, features="try, KeyError")
def missing_key(x, table):
    try:
        scale = table["b"]
    except KeyError:
        scale = table["a"]
    return x * scale**2


@case(1.5, features="try in try, return in finally's try")
def nested_try(x):
    try:
        try:
            y = x / 0.0
        except ZeroDivisionError:
            y = x**2
            raise ValueError from None
        finally:
            y = y * 2
    except ValueError:
        return y + x
    return y


@case(np.array([1.0, 2.0, 0.5]), features="with errstate")
def under_errstate(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.log(x) / x
        if x[0] > 5:
            y = y * 2
    return np.sum(y * x)


@case(1.5, features="with, return inside, as")
def return_inside_with(x):
    with contextlib.nullcontext(3.0) as scale:
        y = x * scale
        if y > 4:
            return y**2
    return y


@case(1.5, features="with, two managers")
def two_managers(x):
    with contextlib.nullcontext(), contextlib.suppress(KeyError):
        x = x**2
    return x * 2


@case(1.5, "sin", features="match on constants")
@case(1.5, "nothing", features="match on constants")
def match_constant(x, name):
    match name:
        case "sin":
            y = math.sin(x)
        case "cos" | "cosine":
            y = math.cos(x)
        case _:
            y = x
    return y * x


@case(1.5, 3, features="match on ints, guards")
def match_guard(x, n):
    match n:
        case 0:
            return x
        case 1 | 2:
            return x**2
        case k if k > 2:
            return x**k
    return 0.0


@case(("scale", 2.0), 1.5, features="match on tuples")
@case(("shift", 2.0, 0.5), 1.5, features="match on tuples")
def match_tuple(op, x):
    match op:
        case ("scale", factor):
            return x * factor
        case ("shift", by, times):
            return x + by**2 * times
        case [other, *_]:
            raise ValueError(other)


@case(1.5, features="match on classes and values")
def match_class(x):
    match x:
        case int():
            return x * 1.0
        case float() as value if value > 0:
            return value**2
        case None:
            return 0.0
    return -x


@dataclass
class Circle:
    r: float


@dataclass
class Rectangle:
    a: float
    b: float


@case(Circle(1.5), features="match on class patterns with attributes")
@case(Rectangle(1.5, 2.0), features="match on class patterns by position")
def match_shapes(shape):
    match shape:
        case Circle(r=radius):
            return math.pi * radius**2
        case Rectangle(a, b) if a != b:
            return a * b + a
        case Rectangle(a=side):
            return side**2


@case({"kind": "quadratic", "a": 2.0, "b": 3.0}, 1.5, features="match on mappings")
def match_mapping(model, x):
    match model:
        case {"kind": "linear", "a": a}:
            return a * x
        case {"kind": "quadratic", "a": a, "b": b}:
            return a * x**2 + b * x
    return 0.0


@case(1.5, features="global flag")
def debug_branch(x):
    if __debug__:
        y = x * 2
    else:
        y = x
    return y


@case(0.3, 0.7, features="nested functions of branches")
def smoothstep(edge, x):
    t = (x - edge) / (1.0 - edge)
    if t <= 0:
        return 0.0
    if t >= 1:
        return 1.0
    return t * t * (3.0 - 2.0 * t)


@case(1.5, features="deeply nested branches")
def decision_tree(x):
    if x < 4:
        if x < 2:
            if x < 1:
                leaf = x
            else:
                if x * x < 2:
                    leaf = 2 * x
                else:
                    leaf = 3 * x * x
        else:
            leaf = 4.0
    else:
        leaf = 5 * x
    return leaf


@case(0.5, 2.0, features="the same name, float in one branch and array in the other")
def float_or_array(x, y):
    if y > 1:
        z = np.array([x, y])
    else:
        z = x
    return np.sum(z * z)


@case(2.0, features="del in a branch, rebinding")
def deletes(x):
    y = x**2
    if x > 1:
        z = y * 3
        del y
        y = z
    return y
