"""Straight-line code on numbers: operators, `math`, names assigned in every way that a statement can."""

import math
import math as m
from math import cos, exp, log, sin, sqrt

import numpy as np
from numpy import pi as PI

from .registry import group

case = group("straight")

GRAVITY = 9.81
SCALES = (0.5, 2.0)
SETTINGS = {"rate": 0.1, "shift": 3.0}


@case(2.0, 3.0, features="the paper's example")
def product_and_sine(x1, x2):
    z = x1 * x2 + sin(x1)
    return z


@case(2.0, 3.0, 1.0, 4.0, features="abs, absolute error of a linear layer")
def absolute_error(x, w, b, y_true):
    return abs(y_true - (x * w + b))


@case(1.0, 3.0, -3.0, features="operators")
def sum_times(x, y, z):
    p = x + y
    g = p * z
    return g


@case(4.0, 3.0, features="a value used on two paths")
def two_paths(a, b):
    c = a + b
    d = a * c
    return d


@case(230.3, 33.2, features="operators, nested expression")
def nested_quotients(a, b):
    return (a / b - a) * (b / a + a + b) * (a - b)


@case(43.0, 3.0, 2.0, features="math functions, reused subexpression")
def log_of_square(a, b, c):
    f = math.sin(a * b) + math.exp(c - a / b)
    return math.log(f * f) * c


@case(1.5, features="all arithmetic operators")
def every_operator(x):
    return +x - -x + x * 2 / 3 - 7 // 2 + 7 % 4 * x + x**3 - 2**x + (-x) ** 2


@case(1.5, 2.5, features="power with an active exponent")
def power_of_two_actives(x, y):
    return x**y + y**-x


@case(7.3, 2.1, features="modulo, floor division")
def remainder(x, y):
    q = x // y
    return x % y + q * y * 0.5


@case(0.7, features="augmented assignment")
def augmented(x):
    y = x
    y += 3.0
    y *= x
    y -= x / 2
    y /= x + 1
    y **= 2
    return y


@case(0.7, features="chained assignment")
def chained(x):
    a = b = c = x * x
    a = a + 1.0
    b *= 2.0
    return a * b * c


@case(0.7, 1.3, features="tuple assignment, swap")
def swapped(x, y):
    a, b = x * 2, y * 3
    a, b = b, a
    return a / b


@case(0.7, 1.3, features="simultaneous assignment reads the old values")
def fibonacci_step(a, b):
    a, b = b, a + b
    a, b = b, a * b
    return a - b * b


@case(0.7, 1.3, 0.4, features="unpacking, nested, star")
def unpacked(x, y, z):
    (a, b), c = (x, y * x), z
    first, *rest = a, b, c
    *init, last = rest
    [p, q] = init[0], last
    return first * p - q**2


@case(1.1, features="a name reused for its own successors")
def renamed(x):
    x = x * x
    x = sin(x)
    x = x + x
    return x


@case(0.8, features="annotations, docstring, comments")
def annotated(x: float) -> float:
    """A docstring with the word return in it."""
    y: float = x * 2.0  # a comment
    z: float
    # another one
    z = y**2
    "a string that does nothing"
    return z + y


@case(0.3, 0.9, features="non-ASCII names")
def greek(α, größe):
    λ = α * größe
    δλ = λ**2 - α
    return δλ * λ


@case(0.3, 0.9, features="several statements a line, continuation lines")
def crowded(x, y):
    a = x * 2; b = y * 3; c = a - b  # fmt: skip
    return (a
            + b * c
            - x
            * y) + \
        c  # fmt: skip


@case(0.6, features="math functions")
def math_table(x):
    a = math.sin(x) + math.cos(x) * math.tan(x)
    b = math.asin(x) + math.acos(x) - math.atan(x)
    c = math.sinh(x) * math.cosh(x) - math.tanh(x)
    d = math.exp(x) + math.log(x) + math.sqrt(x) + math.expm1(x) + math.log1p(x)
    e = math.asinh(x) + math.acosh(x + 1) + math.atanh(x)
    return a * b + c * d - e


@case(0.6, 2.2, features="math functions of two arguments")
def math_of_two(x, y):
    return math.hypot(x, y) + math.atan2(y, x) * math.pow(x, y) + math.fmod(y, x) + math.copysign(x, -y) + math.fabs(-x)


@case(0.6, features="math functions, special")
def math_special(x):
    return math.erf(x) + math.erfc(2 * x) * math.gamma(x + 2) - math.lgamma(x + 3)


@case(8.0, features="math functions, logarithms and roots")
def math_logs(x):
    return math.log2(x) + math.log10(x) + math.log(x, 3) + math.cbrt(x) + math.exp2(x / 4) + math.isqrt(int(x))


@case(30.0, features="math constants, degrees")
def angles(degrees):
    phi = math.radians(degrees)
    return math.sin(phi) * math.pi + math.degrees(phi**2) / 180 + math.tau * phi - math.e


@case(2.7, features="rounding has derivative zero")
def rounding(x):
    return x * math.floor(x) + math.ceil(x) * x**2 - round(x) - math.trunc(x) * x + int(x) * x


@case(2.5, 3.5, features="builtins")
def builtins_of_numbers(x, y):
    return abs(x - y) * max(x, y) + min(x, y, 10.0) ** 2 + pow(x, 3) + pow(y, x) + float(x) + sum((x, y))


@case(3.7, 1.2, features="divmod")
def divided(x, y):
    q, r = divmod(x, y)
    return q * x + r * r


@case(0.4, features="module aliases, imported names")
def by_other_names(x):
    return m.sin(x) * cos(x) + exp(x) * log(1 + x) - sqrt(x) + PI * x


@case(1.2, features="import inside the function")
def imports_inside(x):
    import math as mathematics
    from math import sinh

    return mathematics.cosh(x) - sinh(2 * x)


@case(2.0, features="globals")
def reads_globals(t):
    return 0.5 * GRAVITY * t**2 * SCALES[1] + SCALES[0] * t - SETTINGS["shift"] * t * SETTINGS["rate"]


@case(2.0, features="constant folding, unused values")
def dead_code(x):
    unused = math.exp(x) * 1000
    n = 2 * 3 + 1
    also_unused = unused + n
    del also_unused
    return x * n


@case(1.7, features="conditional expression, comparison chain")
def conditional_expression(x):
    y = x**2 if 1.0 < x <= 2.0 else -x
    return y * (3.0 if x > 5 else x)


@case(1.7, 0.4, features="boolean operators give one of their operands")
def boolean_values(x, y):
    a = x and y
    b = 0.0 or x
    c = None or y
    return a * b + c**3


@case(1.7, features="arithmetic with booleans and comparisons")
def comparisons_as_numbers(x):
    return (x > 1) * x**2 + (x < 1) * x + (not x == 2) * 3 * x


@case(1.7, features="walrus")
def walrus_in_expression(x):
    return (y := x * x) + y * (z := y + 1) - z


@case(1.5, features="identity function")
def identity(x):
    return x


@case(1.5, 2.5, features="a parameter not used")
def ignores_one(x, y):
    return x * 3.0


@case(1.5, features="a constant result")
def constant_result(x):
    return 4.0


@case(1.3, 3, "ignored", None, features="int, string and None arguments")
def mixed_arguments(x, n, label, extra):
    return x**n + n


@case(1.3, features="integer and float constants, big and small")
def constants(x):
    return 1_000 * x + 1e-3 * x**2 - 0x10 * x + 0b11 + x * True + 1.0e5 / (x + 1e4)


@case(np.float64(1.3), np.float64(0.2), features="NumPy scalars")
def numpy_scalars(x, y):
    return np.sin(x) * y + x**2 / y + math.exp(y)


@case(np.float32(1.3), features="float32, NumPy scalars")
def single_precision(x):
    return x * x + np.sin(x) * np.float32(0.5)


@case(np.array(1.3), features="0-d arrays")
def zero_dimensional(x):
    return np.exp(x) * x - x**2


@case(1.3, 0.4, wrt=1, features="wrt one of several")
def by_the_second(x, y):
    return x * y**2


@case(1.3, 0.4, 2.0, wrt=(2, 0), features="wrt in another order")
def by_third_and_first(x, y, z):
    return x * y**2 * z - z**2


@case(1.3, features="lambda")
def through_lambda(x):
    square = lambda t: t * t
    return square(x) + square(x + 1)


case(0.9, 1.4, features="lambda, registered itself")(lambda x, y: x * y + math.sin(x) / y)


@case(0.9, 2.0, 0.5, 1.5, 0.3, features="long expression, deep nesting")
def deep_expression(a, b, c, d, e):
    return ((((a + b) * c - d) / e + a) * (b - (c - (d - (e - a))))) / (1 + (a * (b * (c * (d * e)))))


@case(0.3, features="string formatting beside the numbers")
def with_strings(x):
    label = f"x = {x:.2f}"
    name = "a" + "b" * 2
    return x * len(name) + len(label) * x**2


@case(2.3, features="cancelling terms")
def cancelling(x):
    y = x**3
    return y - y + x - (x - y) / y


@case(0.5, 0.25, features="operators of bits and ints beside active ones")
def integer_arithmetic(x, y):
    n = (5 & 3) + (1 << 3) - (6 ^ 2) + ~1
    k = -7 // 2 + -7 % 3
    return x * n + y**2 * k


@case(2.0, 3.0, features="is, is not, in, not in")
def tests_of_identity(x, y):
    nothing = None
    a = x if nothing is None else y
    b = y if "a" in ("a", "b") and 3 not in [1, 2] else x
    return a * b**2


@case(2.0, features="type tests at run time")
def type_tests(x):
    if isinstance(x, float):
        return x**2
    return -x


@case(1.4, features="multiplication by zero, additive zero")
def neutral_elements(x):
    return 0 * x + 1 * x**2 + 0 + x / 1 - (x - 0) ** 1


@case(1.4, features="sum of nested calls of one variable")
def nested_calls(x):
    return sin(cos(sin(cos(x * x) + x) * x) - x)


@case(4.0, 3.0, features="unused tuple parts")
def underscore(x, y):
    _, b, *_ = x * 9, y * 2, x, y
    return b * x
