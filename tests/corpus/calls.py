"""How arguments reach a function: by position, keyword, default, `*args`, `**kwargs`; functions of other modules."""

import math

import numpy as np

from . import straight
from .arrays import norms
from .registry import group

case = group("functions")

V = np.array([0.6, -1.2, 2.3, 0.3])


def affine(x, scale=2.0, shift=1.0):
    return scale * x + shift


@case(1.3, features="defaults and keywords")
def keywords(x):
    return affine(x) + affine(x, 3.0) * affine(x, shift=x) - affine(scale=x, x=2.0)


@case(1.3, features="the case's own defaults")
def own_defaults(x, n=3, scale=0.5):
    return scale * x**n


@case(1.3, 0.5, features="keyword-only parameters")
def keyword_only(x, y):
    def f(a, *, b, c=2.0):
        return a * b + c * b**2

    return f(x, b=y) + f(y, c=x, b=1.0)


@case(1.3, 0.5, features="positional-only parameters")
def positional_only(x, y, /, z=2.0):
    def f(a, /, b):
        return a - b * a

    return f(x, y) * f(y, b=x) * z


@case(1.3, 0.5, 2.0, features="*args of the case")
def varargs(*values):
    total = 0.0
    for v in values:
        total += v**2
    return total * values[0] / len(values)


@case(1.3, 0.5, 2.0, features="*args after a parameter")
def rest_args(x, *rest):
    first, second = rest
    return x * first + second**x


@case(1.3, 0.5, features="*args passed on")
def passes_args_on(*args):
    def product(a, b):
        return a * b + a

    def forward(*inner, times=1.0):
        return product(*inner) * times

    return forward(*args) + forward(*args, times=3.0) + forward(args[1], *args[:1])


@case(1.3, 0.5, features="**kwargs")
def keyword_dict(x, y):
    def weighted(**named):
        total = 0.0
        for name, value in named.items():
            total += value * len(name)
        return total * named["a"]

    return weighted(a=x, bb=y) + weighted(a=y)


@case(1.3, 0.5, features="**kwargs passed on, merged")
def passes_kwargs_on(x, y):
    def forward(**options):
        return affine(**options) + affine(y, **{k: v for k, v in options.items() if k != "x"})

    settings = {"scale": y, "shift": 0.5}
    return forward(x=x, **settings) * affine(x, **{**settings, "shift": x})


@case(1.3, 0.5, features="args and kwargs together")
def everything(x, y):
    def f(a, b=2.0, *more, c=1.0, **others):
        return a * b + sum(more) * c + others.get("d", 0.0) + others.get("e", 0.3)

    return f(x) + f(x, y, x * y, 4.0, c=y, d=x**2)


@case([1.3, 0.5], {"scale": 2.0, "shift": 0.1}, features="unpacking arguments into a call")
def unpacked_call(pair, options):
    return affine(*pair) + affine(pair[0], **options) + math.hypot(*pair) + max(*pair)


@case(1.3, features="keyword arguments of NumPy functions")
def numpy_keywords(x):
    v = np.array([x, x**2, 1.0])
    kwargs = {"axis": 0, "keepdims": True}
    return np.sum(v, **kwargs)[0] + np.sum(a=v, axis=0) + np.clip(v, a_min=0.5, a_max=1.5)[0]


@case(1.3, 0.5, features="functions of another module")
def other_modules(x, y):
    return straight.product_and_sine(x, y) + straight.swapped(x, y=y) * straight.reads_globals(x)


@case(V, np.array([[1.0, -0.5], [0.3, 0.8]]), features="function imported by name from another module")
def imported_function(x, a):
    return norms(x, a) * x[0]


@case(1.3, features="the same function called many times, at different types")
def at_several_types(x):
    def f(t):
        return t * t + 1

    return f(x) + np.sum(f(np.array([x, 2.0]))) + f(3) * x + f(f(x))


@case(1.3, features="specialised on a constant argument")
def constant_arguments(x):
    def f(t, kind, n):
        if kind == "power":
            return t**n
        return t * n

    return f(x, "power", 3) + f(x, "times", 3) * f(x, kind="power", n=2)


@case(1.3, features="arguments evaluated in order, with effects")
def evaluation_order(x):
    seen = []

    def note(v):
        seen.append(v)
        return v

    y = note(x) * 2 + note(x**2)
    z = affine(note(3 * x), shift=note(y))
    return z + seen[0] * seen[-1] + len(seen)


@case(1.3, features="a parameter rebound in the callee")
def rebinds_parameter(x):
    def f(t, n):
        t = t * n
        n = t + n
        return n * t

    y = f(x, 2.0)
    return y * x


@case((1.3, 0.5), features="a tuple parameter unpacked")
def tuple_parameter(pair):
    def dist(p, q):
        (x1, y1), (x2, y2) = p, q
        return math.hypot(x1 - x2, y1 - y2)

    return dist(pair, (0.2, 0.9)) + dist((pair[1], 1.0), pair)


@case(1.3, features="a called function that is also returned and stored")
def first_class(x):
    table = {"f": affine, "g": math.sin}
    fs = (table["f"], table["g"], abs)
    name = "g" if x > 1 else "f"
    return fs[0](x) * table[name](x) + fs[-1](-x)


@case(1.3, None, features="function or None as an argument")
@case(1.3, math.tanh, features="function or None as an argument")
def optional_function(x, activation=None):
    y = x**2
    if activation is not None:
        y = activation(y)
    if callable(activation):
        y = y * 2
    return y


@case(1.3, features="result of a call indexed, called, unpacked")
def result_used_at_once(x):
    def pair(t):
        return {"a": t, "b": [t**2, lambda u: u * t]}

    return pair(x)["b"][1](pair(2.0)["a"]) + pair(x)["b"][0]


@case(V, features="helper with an optional axis")
def optional_axis(x):
    def softmax(v, axis=None, temperature=1.0):
        e = np.exp((v - np.max(v, axis=axis, keepdims=True)) / temperature)
        return e / np.sum(e, axis=axis, keepdims=True)

    table = softmax(x.reshape(2, 2), axis=1)
    return softmax(x)[0] + table[1, 0] * softmax(x, temperature=2.0)[2]


@case(1.3, 0.5, features="starred list, several stars")
def several_stars(x, y):
    def total(a, b, c, d):
        return a - b * c + d**2

    left, right = [x, y], (2.0, x * y)
    both = [*left, *right]
    return total(*left, *right) + total(*both) * total(1.0, *both[1:])


@case(1.3, features="inner function takes the outer's name for a parameter")
def same_names(x):
    def f(x, y=x):
        return x * y

    return f(2.0) + f(x, x) + f(y=x, x=3.0)
