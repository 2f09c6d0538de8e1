"""Nested functions and lambdas, and the variables that they share with the function around them."""

import math

from .registry import group

case = group("functions")


@case(1.3, features="nested def")
def nested_def(x):
    def square(t):
        return t * t

    return square(x) + square(square(x))


@case(1.3, features="nested def in nested def")
def doubly_nested(x):
    def outer(t):
        def inner(u):
            return u * t + x

        return inner(t) + inner(1.0)

    return outer(x * 2)


@case(1.3, 0.4, features="closure over an active value")
def closure_over_active(x, y):
    z = x * y

    def shifted(t):
        return math.sin(t) + z

    return shifted(x) * shifted(y)


@case(1.3, features="closure over a value rebound later")
def closure_rebound(x):
    a = x

    def scaled(t):
        return a * t

    before = scaled(2.0)
    a = x**3
    return before + scaled(5.0)


@case(1.3, features="closure over a value bound later")
def closure_before_binding(x):
    def add(t):
        return t + later

    later = x**2
    return add(x) * add(1.0)


@case(1.3, features="closures made in a loop see the last value")
def closures_in_a_loop(x):
    fs = []
    for k in range(3):
        y = x + k
        fs.append(lambda t: t * y)
    return sum(f(2.0) for f in fs)


@case(1.3, features="default argument binds early")
def early_binding(x):
    fs = [lambda t, k=k, y=x**k: t * y + k for k in range(3)]
    return sum(f(x) for f in fs)


@case(1.3, features="nonlocal")
def with_nonlocal(x):
    total = x

    def add(v):
        nonlocal total
        total = total * v + 1

    add(x)
    add(3.0)
    return total


@case(1.3, features="nonlocal in a loop")
def accumulates_through_closure(x):
    count, total = 0, 0.0

    def record(value):
        nonlocal count, total
        count += 1
        total += value * count

    for i in range(4):
        record(x**i)
    return total / count


@case(1.3, features="lambda, lambdas on one line")
def two_lambdas(x):
    f, g = lambda t: t**2 + x, lambda t: math.sin(t) * x
    return f(g(x)) + g(f(1.0))


@case(1.3, features="lambda called at once, lambda returning a lambda")
def curried(x):
    add = lambda a: lambda b: a + b * x
    return add(x)(2.0) * (lambda t: t + 1)(x)


@case(1.3, features="function returned")
def makes_a_function(x):
    def polynomial(a, b):
        def p(t):
            return a * t**2 + b * t + x

        return p

    p = polynomial(x, 2.0)
    q = polynomial(3.0, x)
    return p(x) * q(0.5)


@case(1.3, features="cell shared by two closures")
def shared_cell(x):
    state = x

    def bump(by):
        nonlocal state
        state = state + by * x

    def read():
        return state**2

    bump(1.0)
    first = read()
    bump(2.0)
    return first * read()


@case(1.3, features="cells in lists and dicts")
def mutable_cell(x):
    box = {"value": x}
    history = []

    def update(factor):
        history.append(box["value"])
        box["value"] = box["value"] * factor + 1

    for k in (1.0, 2.0, x):
        update(k)
    return box["value"] + sum(history)
