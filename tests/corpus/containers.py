"""Containers: tuples, namedtuples, lists, dicts, dataclasses; as arguments, on the way, and in results."""

import math
from collections import OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from .registry import group

case = group("containers")

V = np.array([0.6, -1.2, 2.3, 0.3])
M = np.array([[1.0, -0.5], [0.3, 0.8]])

Point = namedtuple("Point", ["x", "y"])


class Gaussian(NamedTuple):
    mean: float
    sigma: float = 1.0
    label: str = "g"


@dataclass
class Params:
    W: np.ndarray
    b: float
    name: str = "layer"
    size: int = 2


@dataclass(frozen=True)
class Spring:
    k: float
    rest: float = 1.0

    def energy(self, length):
        return 0.5 * self.k * (length - self.rest) ** 2


@dataclass
class Model:
    layers: list[Any] = field(default_factory=list)
    scale: float = 1.0


@case((1.3, 0.5), features="tuple argument")
def tuple_argument(pair):
    x, y = pair
    return x * y + pair[0] ** 2


@case([1.3, 0.5, 2.0], features="list argument")
def list_argument(values):
    return values[0] * values[1] + values[-1] ** 2


@case({"a": 1.3, "b": 0.5}, features="dict argument")
def dict_argument(params):
    return params["a"] * params["b"] + params["a"] ** 2


@case({"W": M, "b": np.array([0.1, -0.2]), "steps": 3, "name": "net"}, V[:2], features="dict of arrays and other leaves")
def dict_of_arrays(params, x):
    for _ in range(params["steps"]):
        x = np.tanh(params["W"] @ x + params["b"])
    return np.sum(x**2) * len(params["name"])


@case(Point(1.3, 0.5), features="namedtuple argument")
def namedtuple_argument(p):
    x, y = p
    return math.hypot(p.x, p.y) + x * p[1] + y


@case(Gaussian(0.3, 0.8), 1.1, features="typed namedtuple argument, default fields")
def typed_namedtuple(g, x):
    z = (x - g.mean) / g.sigma
    return -0.5 * z**2 - math.log(g.sigma) + len(g.label)


@case(Params(M, 0.5), V[:2], features="dataclass argument")
def dataclass_argument(params, x):
    y = params.W @ x + params.b
    return np.sum(y**2) * params.size if params.name == "layer" else 0.0


@case(Spring(2.0), 1.4, features="frozen dataclass argument, method")
def frozen_dataclass(spring, length):
    return spring.energy(length) + spring.k * spring.rest


@case(Model([Params(M, 0.5), Params(M * 0.5, -0.1, "last")], 2.0), V[:2], features="dataclass of a list of dataclasses")
def nested_dataclass(model, x):
    for layer in model.layers:
        x = np.tanh(layer.W @ x + layer.b)
    return np.sum(x) * model.scale


@case({"layers": [(M, 0.1), (M.T, -0.2)], "out": {"w": V[:2], "n": 2}}, features="nested argument")
def nested_argument(net):
    x = np.ones(2)
    for W, b in net["layers"]:
        x = np.sin(W @ x + b)
    return net["out"]["w"] @ x * net["out"]["n"]


@case([[1.0, 2.0], [0.5, -1.0, 3.0], []], features="ragged lists")
def ragged_lists(rows):
    total = 0.0
    for row in rows:
        for v in row:
            total += v**2
        total *= 1 + len(row)
    return total + rows[1][-1] * rows[0][1]


@case([1.3, 2, "a", None, True, 0.5], features="list of mixed leaves")
def mixed_list(items):
    total = 0.0
    for item in items:
        if isinstance(item, float):
            total += item**2
        elif isinstance(item, str):
            total *= 2
        elif item is None:
            total += 1.0
    return total * items[1]


@case((1.3, (2.0, [0.5, {"k": 3.0}])), features="all containers nested")
def deeply_nested(t):
    a, (b, [c, d]) = t
    return a * b + c * d["k"] + t[1][1][1]["k"] ** 2


@case({3: 1.5, "x": 2.0, (1, 2): 0.5, None: 0.1}, features="dict keys of many types")
def odd_keys(table):
    return table[3] * table["x"] + table[1, 2] ** 2 * table[None]


@case(1.3, features="tuples on the way")
def tuples_on_the_way(x):
    t = (x, x**2)
    u = t + (3.0, x * 2)
    v = (u, t)
    return v[0][3] * v[1][1] + u[2] * len(u)


@case(1.3, features="lists on the way, append, extend, insert, pop")
def list_methods(x):
    items = [x]
    items.append(x**2)
    items.extend([3.0 * x, 4.0])
    items.insert(1, math.sin(x))
    last = items.pop()
    first = items.pop(0)
    items.reverse()
    return items[0] * items[1] + items[2] * last - first * len(items)


@case(1.3, 0.5, features="item assignment, del, clear, remove, copy")
def list_edits(x, y):
    items = [x, y, x * y, 7.0]
    other = items.copy()
    items[0] = items[1] * 2
    items[-1] += x
    del items[1]
    other[2] = 5.0
    alias = items
    alias[0] = alias[0] * x
    return items[0] * items[2] + other[0] * other[2] + len(items)


@case(1.3, features="+ and * on lists")
def list_algebra(x):
    a = [x, 2.0] + [x**2]
    b = [x] * 3 + [1.0] * 2
    c = 2 * [0.0]
    c += [x, x]
    return a[2] * b[2] + sum(a + b) * len(c) + c[3]


@case([1.0, 2.0, 3.0, 4.0], features="slices of lists")
def list_slices(values):
    head, tail = values[:2], values[2:]
    middle = values[1:-1]
    backwards = values[::-1]
    return head[0] * tail[1] + sum(middle) * backwards[0] + sum(values[::2]) ** 2


@case([1.0, 2.0, 3.0, 4.0], features="slice assignment on a list")
def list_slice_assignment(values):
    items = list(values)
    items[1:3] = [values[0] * 2, 5.0, values[3] ** 2]
    items[:1] = []
    return items[0] * items[2] + items[-1] + len(items)


@case([1.0, 2.0, 3.0, 4.0], features="star-unpacking")
def star_unpacking(values):
    first, *middle, last = values
    *init, _ = values
    a, b = middle
    joined = [*init, first * last, *middle]
    return a * b + sum(joined) + joined[3] ** 2


@case(1.3, features="dicts on the way")
def dict_methods(x):
    d = {"a": x, "b": x**2}
    d["c"] = d["a"] * d["b"]
    d["a"] += 1.0
    d.update(b=3.0 * x, e=2.0)
    d.setdefault("f", x)
    d.setdefault("a", 100.0)
    gone = d.pop("e")
    total = sum(d.values()) + d.get("a") * d.get("zz", 4.0)
    return total * gone + len(d) + ("b" in d) * x


@case({"a": 1.3, "b": 0.5}, features="dict copies and merges")
def dict_merges(params):
    merged = {**params, "b": params["a"] ** 2, "c": 2.0}
    other = params | {"a": 5.0}
    copied = dict(params)
    copied["a"] = copied["a"] * copied["b"]
    pairs = dict([("p", params["a"]), ("q", 1.0)], r=params["b"])
    return merged["b"] * other["b"] + copied["a"] * pairs["p"] * pairs["r"] + merged["c"] * other["a"]


@case([1.0, -2.0, 3.0], features="len, in, sum, min, max, abs, round, pow")
def builtins_on_lists(values):
    n = len(values)
    total = sum(values) + sum(values, 10.0)
    spread = max(values) - min(values)
    extra = abs(values[1]) + pow(values[2], 2) + round(values[0] + 0.2)
    if 5.0 in values or n == 4:
        return 0.0
    return total * spread + extra * n


@case([1.0, -2.0, 3.0], features="any, all, with generators")
def any_and_all(values):
    y = sum(values)
    if any(v < 0 for v in values):
        y = y * values[1]
    if all(v > 0 for v in values):
        y = y * 100
    return y + any(values) * values[0]


@case([1.0, 2.0, 3.0], [0.1, 0.2, 0.3], features="zip, map, enumerate, reversed, into lists")
def builtins_into_lists(a, b):
    pairs = list(zip(a, b))
    places = list(enumerate(a))
    backwards = list(reversed(b))
    columns = list(zip(*pairs))
    first = tuple(map(lambda p: p[0] * p[1], pairs))
    return pairs[1][0] * places[2][1] + backwards[0] * first[2] + sum(columns[1]) * places[1][0]


@case([3.0, 1.0, 2.0], features="sorted, sort, index, count")
def sorting(values):
    ordered = sorted(values)
    falling = sorted(values, reverse=True)
    mine = list(values)
    mine.sort(key=lambda v: (v - 1.4) ** 2)
    return ordered[0] * falling[0] ** 2 + mine[2] * values.index(max(values)) + mine[0] * values[2]


@case([1.0, -2.0, 3.0], features="list comprehension, condition")
def comprehensions(values):
    squares = [v**2 for v in values]
    positive = [v for v in values if v > 0]
    scaled = [v * i if i % 2 else -v for i, v in enumerate(values)]
    return sum(squares) * len(positive) + positive[1] * scaled[0] + scaled[2] * squares[1]


@case([1.0, -2.0, 3.0], features="nested comprehensions, two for")
def nested_comprehensions(values):
    table = [[v * w for w in values] for v in values]
    flat = [e for row in table for e in row if e > 0]
    pairs = [(a, b) for a in values for b in values if a < b]
    return sum(flat) + table[0][2] * table[1][1] + sum(a * b**2 for a, b in pairs)


@case({"a": 1.3, "b": 0.5, "c": -2.0}, features="dict comprehension, condition")
def dict_comprehension(params):
    squares = {k: v**2 for k, v in params.items() if k != "c"}
    by_place = {i: params[k] for i, k in enumerate(params)}
    return squares["a"] * by_place[2] + sum(squares.values()) * len(squares)


@case([1.3, 0.5, 2.0], features="set of ints, set comprehension")
def sets_of_ints(values):
    chosen = {0, 2}
    odd = {i for i in range(5) if i % 2}
    total = 0.0
    for i in sorted(chosen | odd):
        if i < len(values):
            total += values[i] * (i + 1)
    return total * (2.0 if 1 in chosen else values[0])


@case([1.3, 0.5, 2.0], features="generator into sum, max, math.prod, list")
def generators_into_reducers(values):
    norm = math.sqrt(sum(v * v for v in values))
    biggest = max(v * 2 for v in values)
    product = math.prod(v + 1 for v in values)
    listed = list(v / norm for v in values)
    return norm * biggest + product * listed[0] + math.fsum(values) * math.prod(values)


@case(1.3, features="comprehension over range and closures")
def comprehension_of_terms(x):
    terms = [x**k / math.factorial(k) for k in range(6)]
    weights = [1.0 / (k + 1) for k in range(len(terms))]
    return sum(w * t for w, t in zip(weights, terms, strict=True))


@case(1.3, 0.5, features="np.array and np.stack of active scalars and rows")
def arrays_from_lists(x, y):
    v = np.array([k * x + y for k in range(4)])
    rows = [v * k for k in range(1, 4)]
    stacked = np.stack(rows)
    table = np.array([[x, y], [y, x * y]])
    return np.sum(stacked**2) + np.sum(np.array(rows)[1] * v) + np.linalg.det(table) + np.vstack(rows)[2, 1]


@case(1.3, features="list of arrays, changed one at a time")
def list_of_arrays(x):
    blocks = [np.ones(2) * x, np.arange(3.0)]
    blocks[1] = blocks[1] * x + 1
    blocks.append(np.concatenate(blocks))
    return sum(np.sum(b**2) for b in blocks)


@case([np.array([1.0, 2.0]), np.array([[0.5]])], features="list of arrays of other shapes, argument")
def sum_of_squares_of_leaves(arrays):
    return sum(np.sum(a**2) * (i + 1) for i, a in enumerate(arrays)) + arrays[0][1] * arrays[1].item()


@case(1.3, features="a list in a tuple in a dict, changed in the innermost")
def nested_mutation(x):
    state = {"history": ([x], [0.0]), "n": 0}
    for k in range(3):
        state["history"][0].append(state["history"][0][-1] * x)
        state["history"][1][0] += x * k
        state["n"] += 1
    return sum(state["history"][0]) * state["history"][1][0] / state["n"]


@case(1.3, features="two names for one list")
def aliased_list(x):
    a = [x, 1.0]
    b = a
    b[1] = x**2
    b.append(3.0)
    c = a + []
    c[0] = 100.0
    return a[0] * a[1] * len(a) + c[0]


@case(1.3, features="dict keyed by ints and tuples, built in loops")
def memo_table(x):
    table = {(0, 0): x}
    for i in range(3):
        for j in range(3):
            if (i, j) not in table:
                up = table.get((i - 1, j), 0.0)
                left = table.get((i, j - 1), 0.0)
                table[i, j] = up * 0.5 + left * x + i
    return table[2, 2] * table[1, 1]


@case(1.3, features="while over a list used as a stack")
def stack_machine(x):
    stack = []
    for token in ["x", "x", "*", "2", "x", "+", "*"]:
        if token == "x":
            stack.append(x)
        elif token == "*":
            b, a = stack.pop(), stack.pop()
            stack.append(a * b)
        elif token == "+":
            b, a = stack.pop(), stack.pop()
            stack.append(a + b)
        else:
            stack.append(float(token))
    return stack[0]


@case(1.3, features="defaultdict, OrderedDict, deque")
def other_containers(x):
    groups = defaultdict(list)
    for k in range(5):
        groups[k % 2].append(x**k)
    ordered = OrderedDict(first=x, second=x**2)
    window = deque([x, 2.0], maxlen=2)
    window.append(x * 3)
    return sum(groups[0]) * sum(groups[1]) + ordered["second"] * window[0] + window[1]


@case(1.3, 0.5, features="namedtuple on the way, _replace")
def makes_namedtuples(x, y):
    p = Point(x, y=x * y)
    q = p._replace(x=3.0)
    return p.x * q.y + q.x * p[1] + sum(Point(y, 2.0))


@case(1.3, 0.5, features="dataclass on the way, replace")
def makes_dataclasses(x, y):
    s = Spring(x, rest=y)
    t = replace(s, k=2.0 * y)
    p = Params(np.array([[x, y], [y, 1.0]]), x * y)
    p.b = p.b + 1.0
    return s.energy(1.5) + t.energy(x) + np.trace(p.W @ p.W) * p.b


@case(Point(Spring(1.3, 0.5), [2.0, 0.1]), features="namedtuple of a dataclass and a list")
def mixed_structure(p):
    return p.x.energy(p.y[0]) + p.y[1] * p.x.k


@case(1.3, features="tuple comparison, truth of containers")
def truth_of_containers(x):
    items = []
    y = x
    if not items:
        items.append(x)
        y = y * 2
    if items and (1, 2) < (1, 3):
        y = y + items[0] ** 2
    return y if {"a": 1} else -y


@case(1.3, out="tree", features="dict for a result")
def dict_result(x):
    return {"square": x**2, "pair": (x, x * 3.0), "array": np.array([x, 1.0])}


@case([1.3, 0.5], out="tree", features="list for a result")
def list_result(values):
    return [v**2 for v in values] + [values[0] * values[1]]


@case({"b": 1.0, "a": 2.0}, out="tree", features="the argument's structure for a result")
def gradient_step(params):
    return {k: v - 0.1 * v**2 for k, v in params.items()}
