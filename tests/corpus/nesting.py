"""Loops in loops, loops that exchange, grow or shrink what they carry, loops one after another."""

import math

import numpy as np

from .registry import group

case = group("control")

V = np.array([0.6, -1.2, 2.3, 0.3])
A = np.array([[1.0, -0.5, 2.0], [0.3, 0.8, -1.1]])


@case(1.3, 5, features="nested for")
def nested_for(x, n):
    total = 0.0
    for i in range(n):
        for j in range(i):
            total = total + math.sin(i * x) * j
    return total


@case(V, features="nested for, bilinear, issue 3")
def bilinear(x):
    s = 0.0
    n = len(x)
    for i in range(n):
        for j in range(n):
            s = s + x[i] * x[j] * (i + j)
    return s


@case(1.02, features="three nested loops")
def triple_loop(x):
    y = x
    for i in range(2):
        for j in range(3):
            z = y
            for k in range(2):
                z = z * x + k
            y = y + z * j
        y = y / 2
    return y


@case(A, -0.7, features="return in a nested loop")
@case(A, 5.0, features="return in a nested loop, not taken")
def return_in_nested_loop(a, limit):
    total = limit
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            total = total + a[i, j] * limit
            if a[i, j] < limit + 0.3:
                return total * a[i, j]
        total = total * 2
    return total


@case(1.2, features="break in a nested loop")
def break_in_nested_loop(x):
    total = 0.0
    for i in range(1, 5):
        p = x
        for j in range(10):
            p = p * x
            if p > 2 + i:
                break
        total = total + p * i
    return total


@case(1.2, features="continue in the outer loop from after the inner one")
def continue_after_inner(x):
    total = 0.0
    for i in range(4):
        s = 0.0
        for j in range(i):
            s += x**j
        if s > 2:
            continue
        total += s * x
        total *= 1.1
    return total


@case(1.2, features="two names exchanged by a loop")
def fibonacci(x):
    a, b = 1.0, x
    for _ in range(6):
        a, b = b, a + b * x
    return b - a


@case(1.2, features="three names rotated by a loop")
def rotated_names(x):
    a, b, c = x, x**2, 1.0
    for _ in range(5):
        a, b, c = b, c * x, a + b
    return a + 2 * b + 3 * c


@case(1.2, features="shape changes in a loop")
def growing_array(x):
    v = np.array([x])
    for i in range(3):
        v = np.concatenate([v, v * x + i])
    return np.sum(v**2) / len(v)


@case(V, features="shape shrinks in a loop")
def pairwise_sums(x):
    while len(x) > 1:
        x = x[1:] * x[:-1] + x[1:]
    return x[0]


@case(1.2, features="float becomes an array in a loop")
def becomes_an_array(x):
    y = 0.0
    for i in range(3):
        y = y + x * np.arange(3.0) ** i
    return np.sum(y**2)


@case(1.2, features="loop with a list being built")
def recorded_states(x):
    states = [x]
    for i in range(4):
        states.append(states[-1] * x + states[0])
    return sum(states)


@case(1.2, features="assert, pass, string in a loop")
def odd_statements(x):
    for i in range(3):
        pass
    for i in range(3):
        assert x is not None
        "documentation"
        x = x * 1.5
    return x


@case(1.2, features="walrus in while")
def walrus_in_while(x):
    total, n = 0.0, 3
    while (n := n - 1) >= 0:
        total += x**n
    while (y := total * x) < 10:
        total = y + 1
    return total * y


@case(1.2, features="try in a loop, continue from except")
def try_in_loop(x):
    total = 0.0
    for d in (1.0, 0.0, 2.0):
        try:
            total += x / d
        except ZeroDivisionError:
            continue
        total *= x
    return total


@case(0.5, 7, features="loop over bits, while with integer state")
def power_by_squaring(x, n):
    result, base = 1.0, x
    while n:
        if n & 1:
            result = result * base
        base = base * base
        n >>= 1
    return result


@case(1.2, features="nested while")
def nested_while(x):
    i, y = 0, x
    while i < 3:
        z = y
        while z < 6:
            z = z * 1.7 + 0.1
        y = y + z / 10
        i += 1
    return y


@case(V, features="index computed in the loop")
def stride_loop(x):
    total, i = 0.0, 0
    while i < len(x):
        total = total + x[i] * x[len(x) - 1 - i]
        i += 2 if x[i] > 0 else 1
    return total


@case(0.3, 40, features="many iterations")
def logistic_map(x, n):
    for _ in range(n):
        x = 2.7 * x * (1 - x)
    return x


@case(1.2, features="loops one after another with the same names")
def loops_in_sequence(x):
    y = x
    for i in range(3):
        y = y * x
    for i in range(2):
        y = y + i * x
    for y2 in (y, y * y):
        y = y + y2
    return y


@case(A, features="over the entries of a matrix, ndindex, shape")
def over_entries(a):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            if i == j:
                continue
            total += a[i, j] ** (i + 1)
    return total


@case(1.2, features="loop-invariant value, used in the loop and after")
def invariant_in_loop(x):
    c = math.exp(x)
    y = 0.0
    for i in range(4):
        y = y + c * i
    return y * c
