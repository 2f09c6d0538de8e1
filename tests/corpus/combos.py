"""Language features combined: small programs whose control flow, calls and containers meet in one place."""

import functools
import math
from dataclasses import dataclass

import numpy as np

from .registry import group

case = group("combos")

V = np.array([0.6, -1.2, 2.3, 0.3])


@case(1.2, features="break in a nested loop in a recursive closure")
def break_in_recursive_closure(x):
    def descend(y, depth):
        if depth == 0:
            return y
        total = 0.0
        for i in range(3):
            z = y
            for j in range(10):
                z = z * 1.4 + x * 0.1
                if z > 3 + i:
                    break
            total += z * (j + 1)
        return descend(total / 20, depth - 1) + x

    return descend(x, 3)


@case([0.3, 1.9, -0.5, 2.2], features="early return in while in for with lists")
def early_return_in_while_in_for(values):
    seen = []
    for v in values:
        w = v
        while w < 4:
            w = w * 1.5 + 0.4
            if len(seen) > 5:
                return sum(seen) * w
            seen.append(w)
        seen[-1] = seen[-1] * v
    return sum(seen)


@case(1.2, {"mode": "square", "steps": 3, "gain": 0.7}, features="dict of options, closures, while, walrus")
def configured(x, options):
    def square(t):
        return t * t * options["gain"]

    step = {"square": square, "sine": math.sin}[options["mode"]]
    n = 0
    while (n := n + 1) <= options["steps"]:
        x = step(x) + (0.5 if n % 2 else -0.1)
    return x


@case(V, features="comprehension of closures, filter, reduce")
def closures_of_items(x):
    fs = [lambda t, a=a, i=i: a * t**i for i, a in enumerate(x) if a > 0]
    return functools.reduce(lambda total, f: total + f(x[1]), fs, 0.0) * len(fs)


@case(1.2, features="try in a while in a method, break in except")
def try_in_method(x):
    class Solver:
        def __init__(self, start):
            self.x = start
            self.failures = 0

        def step(self):
            try:
                self.x = math.sqrt(self.x) - 0.3
            except ValueError:
                self.failures += 1
                raise
            return self.x

    solver = Solver(x)
    total = 0.0
    while True:
        try:
            total += solver.step()
        except ValueError:
            break
    return total + solver.x * solver.failures


@case([("shift", 0.5), ("scale", 2.0), ("wave", None), ("scale", 0.3)], 1.2, features="match in a loop, list of tuples")
def interpreter(program, x):
    for instruction in program:
        match instruction:
            case ("shift", by):
                x = x + by
            case ("scale", factor) if factor > 1:
                x = x * factor
            case ("scale", factor):
                x = x / factor
            case (_, None):
                x = math.sin(x)
    return x


@case({"op": "+", "args": [{"op": "x"}, {"op": "*", "args": [{"op": "c", "value": 2.5}, {"op": "x"}]}]}, 1.2, features="recursion over a tree of dicts")
def expression_tree(node, x):
    if node["op"] == "x":
        return x
    if node["op"] == "c":
        return node["value"]
    left, right = (expression_tree(child, x) for child in node["args"])
    return left + right if node["op"] == "+" else left * right


@case(1.2, features="generator with condition in a recursive function in a dict")
def recursive_sums(x):
    table = {}

    def walk(n):
        if n not in table:
            table[n] = x if n < 2 else sum(walk(k) / (k + 1) for k in range(n) if k % 2 == n % 2) + x * n
        return table[n]

    return walk(6) * walk(5)


@case(0.7, 0.2, features="conditions as a game, nested else")
def game(x, y):
    score, level = 0.0, 1
    for turn in range(8):
        if turn % 3 == 0:
            x = x * 1.1 + y
            if x > 1.5:
                level += 1
                score += x**2
                continue
            elif y > 1:
                score -= y
        elif x * y > 0.9:
            score += math.sqrt(x * y) * level
            if level > 2:
                break
        else:
            y += 0.1 * x
        score *= 1.0 + 0.01 * turn
    else:
        score += 100 * x
    return score + x * y


@case([1.0, 2.0, -1.0, 0.5], features="stack of states, pop in while, continue")
def depth_first(values):
    total = 0.0
    stack = [(0, 1.0)]
    while stack:
        place, weight = stack.pop()
        if place >= len(values):
            continue
        v = values[place]
        total += weight * v
        if v > 0:
            stack.append((2 * place + 1, weight * v))
        stack.append((2 * place + 2, weight / (1 + v**2)))
    return total


@case(V, features="loop over slices calling a nested function with early return")
def windows(x):
    def weight(w):
        if w[0] < 0:
            return np.sum(w**2)
        for v in w:
            if v < 0:
                return -v * w[0]
        return np.prod(w)

    return sum(weight(x[i : i + 2]) * (i + 1) for i in range(len(x) - 1))


@dataclass
class State:
    x: float
    v: float
    log: list


@case(State(0.5, 0.0, []), 2.0, features="dataclass updated by a function in a loop, list field")
def spring_simulation(state, k):
    def advance(s, dt):
        a = -k * s.x
        s.v += a * dt
        s.x += s.v * dt
        s.log.append(s.x)

    for _ in range(6):
        advance(state, 0.1)
        if state.v < -0.4:
            state.v = -0.5 * state.v
    return sum(state.log) + state.v**2


@case(1.2, features="a function that builds functions in a recursion, called in a loop")
def towers(x):
    def build(n):
        if n == 0:
            return lambda t: t
        inner = build(n - 1)
        return lambda t: inner(math.sin(t) + x) * n

    total = 0.0
    for k, f in enumerate([build(n) for n in range(4)]):
        y = f(x)
        if k and y < 0:
            continue
        total += y
    return total


@case([3.0, -1.0, 2.0], 0.4, features="sorting, zip, conditional expression, unpacking in one")
def ranked(values, decay):
    order = sorted(range(len(values)), key=lambda i: -values[i])
    total, weight = 0.0, 1.0
    for rank, i in enumerate(order):
        v = values[i]
        total, weight = total + weight * (v if v > 0 else decay * v), weight * decay
    return total * weight


@case(1.2, 3, features="mutual recursion with a list passed along")
def parser_like(x, n):
    out = []

    def term(k):
        if k == 0:
            out.append(x)
            return 1.0
        return factor(k - 1) * x + out[-1]

    def factor(k):
        out.append(out[-1] * 2 if out else x**2)
        if k == 0:
            return x
        return term(k - 1) - 0.5

    return term(n) * sum(out)


@case({"a": [1.0, 2.0], "b": [0.5]}, features="items, nested comprehension, star call, max")
def grouped(table):
    means = {key: sum(vs) / len(vs) for key, vs in table.items()}
    worst = max(abs(v - means[key]) for key, vs in table.items() for v in vs)
    return math.hypot(*means.values()) + worst * sum(len(vs) * means[k] for k, vs in table.items())


@case(1.2, features="while else in a function called from a comprehension")
def steps_to_limit(x):
    def steps(t):
        n = 0
        while t < 10:
            t = t * t + 0.5
            n += 1
            if n == 4:
                break
        else:
            t = t / n if n else t
        return t

    return sum(steps(x * s) for s in (0.3, 1.0, 20.0))


@case(np.array([[0.2, 0.7], [0.5, 0.1]]), features="loop-carried tuple of arrays and floats")
def carried_tuple(a):
    state = (np.ones(2), 0.0, [])
    for k in range(4):
        v, total, norms = state
        v = a @ v + 0.1 * k
        n = np.sqrt(v @ v)
        if n > 1:
            v = v / n
        state = (v, total + n, norms + [n])
    return state[1] + state[2][-1] * state[0][0]


@case(1.2, features="exception through two frames, finally, state")
def exception_through_frames(x):
    log = []

    def inner(t):
        try:
            if t > 2:
                raise OverflowError
            return t**2
        finally:
            log.append(t)

    def outer(t):
        for k in range(5):
            t = inner(t) + 0.3
        return t

    try:
        y = outer(x)
    except OverflowError:
        y = x * 3
    return y + sum(log)


@case("tanh,linear,square", 0.6, [0.5, -1.5, 2.0], features="layers configured by a string, getattr of a module")
def string_configured_layers(spec, x, weights):
    for name, w in zip(spec.split(","), weights):
        z = w * x + 0.1
        if name == "linear":
            x = z
        elif hasattr(math, name):
            x = getattr(math, name)(z)
        else:
            x = z**2 if name == "square" else 0.0
    return x


@case(V, 3, features="array and int arguments, nested closure in a loop, default")
def filtered_signal(x, width):
    def window(center, half=width // 2):
        lo, hi = max(0, center - half), min(len(x), center + half + 1)
        piece = x[lo:hi]
        return piece.mean() if len(piece) == width else piece[0] * 0.5

    smooth = np.array([window(i) for i in range(len(x))])
    return np.sum((x - smooth) ** 2)


@case(0.8, features="class hierarchy, functions in a dict of lists, recursion with accumulator")
def scene(x):
    class Node:
        def __init__(self, *children):
            self.children = children

        def size(self):
            return x + sum(c.size() for c in self.children)

    class Leaf(Node):
        def size(self):
            return x**2

    class Twice(Node):
        def size(self):
            return 2 * super().size()

    root = Node(Leaf(), Twice(Leaf(), Node()), Twice())
    return root.size()


@case(1.1, features="loop unrolled over heterogenous tuple")
def heterogeneous(x):
    total = 0.0
    for item in (x, 2, np.array([x, 1.0]), [x, x**2], "abc", None, (x,)):
        if item is None:
            continue
        if isinstance(item, str):
            total *= len(item)
        elif isinstance(item, (list, tuple)):
            total += sum(item)
        else:
            total += np.sum(item) * 0.5
    return total


@case(1.1, 2.0, features="two accumulators and a flag, break out of two loops")
def break_out_of_two(x, limit):
    found, total, where = False, 0.0, 0
    for i in range(1, 6):
        for j in range(1, 6):
            total += math.log(1 + i * x) / j
            if total > limit:
                found = True
                where = i * 10 + j
                break
        if found:
            break
        total *= 0.9
    return total * where if found else total


@case([1.0, 2.0, 3.0], 0.5, features="stateful closure used in a comprehension in a while")
def moving_average(values, alpha):
    def smoother(start):
        level = start

        def update(v):
            nonlocal level
            level = alpha * v + (1 - alpha) * level
            return level

        return update

    rounds, out = 0, 0.0
    while rounds < 2:
        update = smoother(values[0] + rounds)
        out += sum([update(v) ** (i + 1) for i, v in enumerate(values)])
        rounds += 1
    return out
