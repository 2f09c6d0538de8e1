"""Functions: recursive, passed about, chosen at run time, decorated. Captured ones: `closures.py`; arguments: `calls.py`."""

import functools
import itertools
import math
import operator
from functools import partial, reduce
from operator import itemgetter, mul

import numpy as np

from .registry import group

case = group("functions")

V = np.array([0.6, -1.2, 2.3, 0.3])


def compose(f, g):
    return lambda t: f(g(t))


@case(1.3, features="function of functions at module level")
def composed(x):
    h = compose(math.sin, lambda t: t * x)
    return compose(h, h)(x)


def twice(f, x):
    return f(f(x))


@case(1.3, features="function passed as an argument")
def applies_twice(x):
    def step(t):
        return t * x + 1

    return twice(step, x) + twice(math.cos, x)


@case(1.3, math.sin, features="function as the argument of the case")
@case(1.3, lambda t: t**2, features="lambda as the argument of the case")
def calls_its_argument(x, f):
    return f(x) * x + f(2.0 * x)


@case(1.3, features="functions in a list")
def functions_in_a_list(x):
    total = 0.0
    for f in [math.sin, math.cos, lambda t: t**2, twice_of_sine]:
        total = total + f(x) * 2
    return total


def twice_of_sine(t):
    return 2 * math.sin(t)


ACTIVATIONS = {"tanh": np.tanh, "relu": lambda v: np.maximum(v, 0.0), "square": lambda v: v * v}


@case(V, "tanh", features="functions in a dict, chosen by a string")
@case(V, "relu", features="functions in a dict, chosen by a string")
def chosen_by_name(x, name):
    activate = ACTIVATIONS[name]
    return np.sum(activate(x) * ACTIVATIONS["square"](x))


@case(1.3, features="function chosen at run time")
@case(0.3, features="function chosen at run time")
def chosen_at_run_time(x):
    f = math.exp if x > 1 else math.log
    if x > 0.5:
        g = lambda t: t**3
    else:
        g = math.sqrt
    return f(x) + g(x)


@case(1.3, features="recursion")
def recursive_power(x):
    def power(t, n):
        if n == 0:
            return 1.0
        return t * power(t, n - 1)

    return power(x, 5) + power(2.0, 3) * x


def factorial_like(x, n):
    return 1.0 if n == 0 else (x + n) * factorial_like(x, n - 1)


@case(0.5, 6, features="recursion, conditional expression")
def recursion_at_module_level(x, n):
    return factorial_like(x, n)


@case(0.5, 5, features="recursion, the case itself")
def fibonacci_polynomial(x, n):
    if n < 2:
        return x if n else 1.0
    return x * fibonacci_polynomial(x, n - 1) + fibonacci_polynomial(x, n - 2)


@case(0.9, features="recursion on an active condition")
def halving(x):
    if x < 0.1:
        return x**2
    return halving(x / 2) * 3 + x


def is_even(x, n):
    if n == 0:
        return x
    return is_odd(x * 1.1, n - 1)


def is_odd(x, n):
    if n == 0:
        return -x
    return is_even(x + 0.5, n - 1)


@case(1.3, features="mutual recursion")
def mutual_recursion(x):
    return is_even(x, 5) * is_odd(x, 3)


@case(0.4, features="recursion, tree")
def tree_sum(x):
    def walk(v, depth):
        if depth == 0:
            return math.sin(v)
        return walk(v * 0.9, depth - 1) + walk(v + 0.1, depth - 1)

    return walk(x, 4)


@case(V, features="recursion over slices")
def divide_and_conquer(x):
    if len(x) == 1:
        return x[0]
    half = len(x) // 2
    return divide_and_conquer(x[:half]) * 2 + divide_and_conquer(x[half:]) ** 2


@case(1.0001, 150, features="deep recursion")
def deep_recursion(x, n):
    if n == 0:
        return x
    return deep_recursion(x * 1.001, n - 1) + 0.01


@case((1.0, (2.0, (3.0, None))), features="recursion over a structure")
def linked_list(node):
    if node is None:
        return 0.0
    value, rest = node
    return value**2 + 0.5 * linked_list(rest)


@case(1.3, features="partial")
def with_partial(x):
    square = partial(pow, x)
    scale = functools.partial(scaled_sum, 2.0, b=x)
    return square(2) + scale(3.0) + partial(scaled_sum, c=1.0, b=x)(x)


def scaled_sum(a, c, b=1.0):
    return a * b + c * b**2


@case([1.3, 0.4, 2.0], features="reduce")
def with_reduce(values):
    product = reduce(lambda a, b: a * b, values)
    horner = functools.reduce(lambda acc, c: acc * 0.5 + c, values, 1.0)
    return product + horner * reduce(operator.add, values)


@case([1.3, 0.4, 2.0], [1.0, 2.0, -1.0], features="map")
def with_map(values, weights):
    squares = map(lambda v: v**2, values)
    products = list(map(operator.mul, values, weights))
    return sum(squares) + products[0] * sum(map(math.sin, products))


@case([1.3, -0.4, 2.0, -3.0], features="filter")
def with_filter(values):
    positive = list(filter(lambda v: v > 0, values))
    return sum(positive) * len(positive) + sum(filter(None, values))


@case(1.3, 0.4, features="operator module")
def operator_functions(x, y):
    a = operator.add(x, y) * operator.sub(x, y) + mul(x, 3)
    b = operator.truediv(x, y) + operator.neg(x) + operator.pow(y, 2) + operator.pos(y)
    pair = (a, b)
    return itemgetter(1)(pair) * operator.getitem(pair, 0) + operator.abs(y)


@case(np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([1.0, 0.3]), features="operator.matmul")
def operator_matmul(a, v):
    return np.sum(operator.matmul(a, v) ** 2) + operator.matmul(v, v)


def logged(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        result = f(*args, **kwargs)
        return result * 1.0

    return wrapper


@logged
def cubed(x):
    return x**3


@case(1.3, features="decorated function, wraps")
def calls_decorated(x):
    return cubed(x) + cubed(2.0 * x)


def scaled_by(factor):
    def decorate(f):
        @functools.wraps(f)
        def wrapper(*args):
            return factor * f(*args)

        return wrapper

    return decorate


@case(1.3, features="the case is decorated, decorator with an argument")
@scaled_by(2.5)
@logged
def decorated_twice(x):
    return x**2 + math.sin(x)


@case(1.3, features="decorator inside")
def decorates_inside(x):
    def doubled(f):
        return lambda t: 2 * f(t) + x

    @doubled
    def g(t):
        return t**2

    return g(x)


@case(1.3, features="function with no result")
def calls_for_effect(x):
    log = []

    def note(value):
        log.append(value * 2)

    note(x)
    note(x**2)
    return log[0] * log[1]


@case(1.3, features="several results, one ignored")
def several_results_used(x):
    def both(t):
        return math.sin(t), math.cos(t)

    s, c = both(x)
    _, d = both(s)
    pair = both(c * 2)
    return s * d + pair[0] * pair[1]


@case(1.3, features="returns early in a called function")
def calls_with_early_return(x):
    def clamp(t, lo, hi):
        if t < lo:
            return lo
        if t > hi:
            return hi
        return t

    return clamp(x, 0.0, 1.0) + clamp(x, 0.0, 5.0) ** 2 + clamp(0.1, x, 2.0) * x


@case(1.3, features="a called function with a loop and a break")
def calls_with_loop(x):
    def first_above(t, limit):
        for k in range(20):
            t = t * 1.3
            if t > limit:
                break
        return t, k

    value, steps = first_above(x, 4.0)
    again, more = first_above(value * x, 10.0)
    return value * again + steps * x - more


@case(1.3, features="a local name shadows a function's")
def shadowed_names(x):
    def f(x):
        x = x * 2
        return x

    y = f(x + 1)
    sum = y * x
    return sum + x


@case(1.3, features="the function's own attributes")
def function_attributes(x):
    def f(t):
        return t * f.scale

    f.scale = 3.0
    return f(x) ** 2


@case(1.3, features="global constant read by a called function")
def calls_global_reader(x):
    return uses_global(x) + uses_global(1.0) * x


FACTOR = 2.5


def uses_global(t):
    return t**2 * FACTOR


@case([1.3, 0.4, 2.0], features="itertools")
def with_itertools(values):
    total = 0.0
    for a, b in itertools.combinations(values, 2):
        total += a * b
    for a, k in itertools.product(values, [1, 2]):
        total += a**k
    return total + sum(itertools.chain(values, [1.0])) + list(itertools.accumulate(values))[1] ** 2


@case([1.3, 0.4, 2.0], features="key functions")
def with_key_functions(values):
    largest = max(values, key=lambda v: abs(v - 1))
    ordered = sorted(values, key=lambda v: -v)
    return largest**2 + ordered[0] * ordered[2] + min(values, key=math.cos)


@case(1.3, features="fixed-point combinator")
def anonymous_recursion(x):
    fix = lambda f: (lambda t, n: f(f, t, n))
    power = fix(lambda self, t, n: 1.0 if n == 0 else t * self(self, t, n - 1))
    return power(x, 4)


@case(1.3, features="function composition by reduce")
def pipeline(x):
    stages = [math.sin, lambda t: t + x, math.exp]
    return reduce(lambda value, stage: stage(value), stages, x)


@case(1.3, features="a function that gets itself a default function")
def default_function(x):
    def apply(t, f=math.cosh):
        return f(t) * x

    return apply(x) + apply(x, math.sinh) + apply(x, f=lambda t: t)
