"""Loops: `for` over everything, `while`, `break`, `continue`, `else`, zero trips, what is left of the names."""

import math

import numpy as np

from .registry import group

case = group("control")

V = np.array([0.6, -1.2, 2.3, 0.3])
A = np.array([[1.0, -0.5, 2.0], [0.3, 0.8, -1.1]])
LAYERS = ["double", "square", "double"]


@case(1.5, 4, features="for range")
@case(1.5, 0, features="for range, zero trips")
def power_by_loop(x, n):
    y = 1.0
    for i in range(n):
        y = y * x
    return y


@case(1.5, features="for range, start, stop, step")
def range_with_step(x):
    y = x
    for i in range(1, 10, 3):
        y = y + x**i / i
    return y


@case(1.1, features="for range, negative step")
def range_downwards(x):
    y = 0.0
    for i in range(5, 0, -2):
        y = y * x + i
    return y


@case(1.1, 2, 9, 3, features="for range, run-time bounds")
@case(1.1, 9, 2, -3, features="for range, run-time bounds, negative")
def range_of_arguments(x, start, stop, step):
    y = x
    for i in range(start, stop, step):
        y = math.sin(y) * i + x
    return y


@case(V, features="for over an array")
def over_array(x):
    total = 0.0
    for v in x:
        total += v**2
    return total


@case(A, features="for over the rows of a matrix")
def over_rows(a):
    total = 0.0
    for row in a:
        total = total + np.sum(row) ** 2
    return total


@case([1.0, 2.5, -0.5], features="for over a list")
def over_list(values):
    product = 1.0
    for v in values:
        product *= v
    return product


@case((1.0, 2.5, -0.5), features="for over a tuple")
def over_tuple(values):
    y = 0.0
    for v in values:
        y = math.tanh(y + v)
    return y


@case({"a": 1.5, "b": -0.5}, features="for over a dict, its values, its items")
def over_dict(params):
    total = 0.0
    for key in params:
        total += params[key] ** 2
    for value in params.values():
        total *= value
    for key, value in params.items():
        if key != "b":
            total -= 3 * value
    return total


@case(V, features="enumerate")
def with_enumerate(x):
    total = 0.0
    for i, v in enumerate(x):
        total += i * v**2
    for k, v in enumerate([x[0], x[1]], start=1):
        total *= v**k
    return total


@case(V, [1.0, 2.0, 3.0, 4.0], features="zip")
def with_zip(x, y):
    total = 0.0
    for a, b in zip(x, y):
        total = total + a * b
    return total


@case([1.0, 2.0, 3.0], [0.5, 0.4], features="zip of lists of two lengths, enumerate of zip")
def zip_and_enumerate(x, y):
    total = 0.0
    for i, (a, b) in enumerate(zip(x, y)):
        total += (i + 1) * a * b**2
    return total


@case([1.0, 2.0, 3.0], features="reversed")
def with_reversed(coefficients):
    y = 0.0
    for c in reversed(coefficients):
        y = y * 0.5 + c
    for i in reversed(range(3)):
        y += i * coefficients[i]
    return y


@case({"b": 1.5, "a": -0.5, "c": 2.0}, features="sorted keys")
def over_sorted_keys(params):
    y = 0.0
    for key in sorted(params):
        y = y * 2 + params[key] ** 2
    return y


@case(1.3, features="for over strings of a configuration")
def over_config(x):
    for layer in LAYERS:
        if layer == "double":
            x = 2 * x
        elif layer == "square":
            x = x * x
    return x


@case(1.3, "+-*", features="for over the characters of a string")
def over_characters(x, program):
    y = x
    for op in program:
        if op == "+":
            y = y + x
        elif op == "-":
            y = y - 0.5
        else:
            y = y * x
    return y


@case(1.3, features="for over constants")
def over_constants(x):
    y = 0.0
    for c in (1.0, -2.0, 3.0):
        y += c * x**c
    for name, factor in [("a", 2.0), ("b", 3.0)]:
        y *= factor
    return y


@case(1.3, features="while")
def while_counter(x):
    i = 0
    y = x
    while i < 4:
        y = y * x + i
        i += 1
    return y


@case(1.3, features="while, data-dependent")
def while_growing(x):
    y = x
    while y < 50:
        y = y * y + x
    return y


@case(1.3, features="while, zero trips")
def while_never(x):
    y = x**2
    while y < 0:
        y = y + 1
    return y


@case(2.0, features="while, Newton's square root")
def newton_sqrt(a):
    x = a
    while abs(x * x - a) > 1e-9:
        x = 0.5 * (x + a / x)
    return x


@case(1.3, features="while True, break")
def while_true(x):
    n = 0
    while True:
        x = x * 1.5
        n += 1
        if x > 10:
            break
    return x * n


@case(1.3, features="break in for")
def break_in_for(x):
    y = 1.0
    for i in range(100):
        y = y * x
        if y > 5:
            break
        y = y + 0.1
    return y


@case(1.3, features="continue in for")
def continue_in_for(x):
    y = 0.0
    for i in range(6):
        if i % 2 == 0:
            continue
        y = y + x**i
    return y


@case(1.3, features="break and continue, while")
def break_and_continue(x):
    y, i = x, 0
    while i < 20:
        i += 1
        if i % 3 == 0:
            continue
        y = y * x
        if y > 8:
            y = y - x
            break
        y = y + i * 0.1
    return y


@case(V, features="for else, break not taken")
@case(np.abs(V), features="for else, break never taken")
def for_else(x):
    y = 1.0
    for v in x:
        if v < 0:
            y = y * 100 * v
            break
        y = y + v**2
    else:
        y = y * 3
    return y


@case(1.3, features="while else")
def while_else(x):
    y = x
    while y < 5:
        y = y * 2
        if y == 0:
            break
    else:
        y = y + x**2
    return y


@case(V, features="return in a loop")
@case(np.abs(V), features="return in a loop, not taken")
def return_in_loop(x):
    total = 0.0
    for v in x:
        if v < 0:
            return total * v
        total = total + v**2
    return total


@case(1.2, features="loop variable used after the loop")
def loop_variable_afterwards(x):
    y = 0.0
    for i in range(4):
        t = x * i
        y += t**2
    return y * i + t


@case([1.2, 0.4, 2.2], features="item variable used after the loop")
def item_afterwards(values):
    total = 0.0
    for v in values:
        total += v
    return total * v


@case(1.2, features="loop variable reassigned in the body")
def loop_variable_reassigned(x):
    y = 0.0
    for i in range(4):
        i = i * x
        y = y + i**2
    return y + i


@case(1.2, features="the counter shadows a parameter")
def counter_shadows(x):
    y = x
    for x in (2.0, 3.0):
        y = y * x
    return y + x


@case(1.2, features="a variable carried and unchanged on some paths")
def conditional_update(x):
    best, last = x, 0.0
    for k in range(5):
        candidate = math.sin(k * x)
        if candidate > best or k == 0:
            best = candidate
            last = k * best
    return best + last


@case(V, features="running maximum")
def maximum_by_loop(x):
    best = x[0]
    for v in x[1:]:
        if v > best:
            best = v
    return best**2


@case({"a": 1.5, "b": -0.5}, {"a": 2, "c": 1}, features="dict keys, key in another dict")
def over_keys(params, powers):
    total = 1.0
    for key in params.keys():
        if key in powers:
            total *= params[key] ** powers[key]
        else:
            total += params[key]
    for key in list(powers):
        total += params.get(key, 0.0) * powers[key]
    return total


@case(V, features="range over len, index from the end, ndenumerate, ndindex")
def index_loops(x):
    total = 0.0
    for i in range(len(x) - 1, -1, -1):
        total = total * 0.5 + x[i] * x[-1 - i]
    for (i,), v in np.ndenumerate(x):
        total += i * v**2
    for i, j in np.ndindex(2, 2):
        total += x[2 * i + j] * j
    return total
