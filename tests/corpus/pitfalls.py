"""What other tools, and our own first attempt, got wrong: each function is the smallest that shows one mistake."""

import math

import numpy as np

from .registry import group

case = group("combos")

V = np.array([0.6, -1.2, 2.3, 0.3])


@case(1.3, features="pitfall: a loop's init is also used in the loop")
def init_used_inside(x):
    y = x
    for _ in range(3):
        y = y * x
    return y + x


@case(1.3, features="pitfall: two carries with one init")
def one_init_for_two(x):
    a = b = x * x
    for _ in range(3):
        a, b = a * 1.1, b + a
    return a * b


@case([1.0, 2.0], features="pitfall: list cotangents must not concatenate")
def list_used_twice(values):
    def total(items):
        return sum(items)

    return total(values) * total(values) + values[0]


@case(1.3, features="pitfall: a value of one side of a branch, in a loop")
def recorded_on_one_side(x):
    y = x
    for i in range(6):
        if i % 2:
            z = math.sin(y)
            y = z * z * y
        else:
            y = y + 1
    return y


@case(1.3, features="pitfall: sibling loops' tapes")
def sibling_tapes(t):
    y = t
    for y_tape in range(1, 4):
        y = y * y * 0.5 + y_tape
    z = y
    for t_tape in [0.5, 0.7]:
        z = math.sin(z) * t_tape + y
    return z * y


@case(V, features="pitfall: cotangent zeroed before it is read")
def written_value_read_later(x):
    y = x * 1.0
    y[1] = y[1] * y[0]
    y[1] = y[1] * y[1]
    return y[1] + y[0]


@case(V, features="pitfall: a store to a part keeps the rest active")
def store_to_a_part(x):
    y = x * 2
    y[0] = 1.0
    return np.sum(y**2)


@case(V, features="pitfall: a constant store makes nothing active, an active one does")
def store_makes_active(x):
    y = np.zeros(3)
    y[0] = 5.0
    y[2] = x[0]
    z = y
    return np.sum(z * z)


@case(V, 2.0, features="pitfall: un-broadcasting")
def unbroadcast(x, s):
    m = x.reshape(4, 1)
    return np.sum(m + s) + np.sum(m * x) + np.sum((s + m) ** 2)


@case(np.array([[2.0]]), np.array([0.5, 1.0, 2.0]), features="pitfall: un-broadcasting kept axes")
def unbroadcast_ones(a, x):
    return np.sum(a * x) + np.sum(a**2 + x[:, None])


@case(V, features="pitfall: a gather must scatter-add")
def gather_twice(x):
    i = np.array([1, 1, 1, 0])
    return np.sum(x[i] * np.array([1.0, 10.0, 100.0, 1000.0]))


@case(V, features="pitfall: z = y; y += ...")
def alias_then_augment(x):
    y = x**2
    z = y
    y += x
    y = y * 2
    return np.sum(z * y)


@case(V, features="pitfall: a view that outlives an update")
def view_outlives(x):
    y = x * 1.0
    v = y[:2]
    a = np.sum(v**2)
    y[0] = a
    return np.sum(v) * a


@case(2.0, 0.5, features="pitfall: names that ours could clash with")
def clashing_names(w1, x_bar):
    w2 = w1 * x_bar
    w1_bar = math.sin(w2)
    f_grad = w1_bar + w1
    y_tape = [f_grad, w2]
    result = y_tape[0] * y_tape[1]
    z_bar = result * x_bar
    return z_bar


@case(2.0, 0.5, features="pitfall: names of builtins and modules")
def shadows_builtins(sum, list):
    np = sum * list
    abs = np + sum
    cos = math.cos(abs)
    return cos * np


@case(2.0, features="pitfall: names that are keywords in other places")
def soft_keywords(match):
    case = match * 2
    type = case + 1
    _ = type**2
    return _ * case


@case(1.3, features="pitfall: a result that is also an intermediate")
def result_in_the_middle(x):
    y = x * x
    z = y * 2
    z = z + 1
    return y


@case(1.3, features="pitfall: a variable overwritten by a function of itself, before the loop and in it")
def overwritten_chain(x):
    x = math.sin(x)
    for _ in range(3):
        x = x * math.exp(-x)
        x = x + 0.1
    x = x * x
    return x


@case(1.3, features="pitfall: a loop that assigns what it does not read")
def assigned_not_read(x):
    y = x
    for i in range(4):
        z = x * i
    return y * z


@case(1.3, 0, features="pitfall: zero trips, with a body that would overwrite")
def untouched_by_zero_trips(x, n):
    y = x * 3
    z = y
    for i in range(n):
        y = 0.0
        z = y * x
    return y * z


@case(1.3, features="pitfall: break at the very first iteration")
def immediate_break(x):
    y = x
    for i in range(5):
        if y > 1:
            break
        y = y * 100
    return y * 2 + i


@case(1.3, features="pitfall: an argument passed twice")
def same_argument_twice(x):
    def f(a, b):
        return a * b + a

    return f(x, x) * f(x, 2.0)


@case(V, features="pitfall: an array passed twice")
def same_array_twice(x):
    def f(a, b):
        return np.sum(a * b) + a[0]

    return f(x, x) + f(x, x[::-1])


@case(1.3, features="pitfall: integer power of zero, zero times infinity")
def safe_zero(x):
    zero = x - x
    return zero**2 + x**2 + zero * 5 + x * zero**1


@case(np.array([3.0, 0.0, -2.0]), features="pitfall: product with a zero factor")
def product_with_zero(x):
    return np.prod(x) + np.prod(x + 1)


@case(1.3, features="pitfall: an inner function's parameter named as the outer's variable")
def name_in_two_scopes(x):
    y = x**2

    def f(x):
        y = x * 3
        return y

    z = f(y)
    return z + y


@case(1.3, features="pitfall: deep chains of one name under branches")
def conditional_chain(x):
    y = x
    if x > 0:
        y = y * x
        if x > 1:
            y = y * x
            if x > 2:
                y = y * x
        y = y + 1
    y = y * y
    return y
