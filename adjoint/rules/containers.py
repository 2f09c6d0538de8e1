"""Rules for what lowering itself adds to a program: displays, items, sums of cotangents.

The cotangent of a list is a list (or an array: it is only ever indexed), that of a tuple a tuple.
"""

from __future__ import annotations

import operator

import numpy as np

from .. import runtime
from ..schedule import all_stops, stops
from .registry import RULES, Rule, constant, linear, vjp_rule

constant(slice, range, len, why="builds or measures a container")
constant(print, format, repr, str, why="its result is text, or nothing", pure=False)
constant(setattr, runtime.turn, runtime.raise_, runtime.check, runtime.check_apart,
    runtime.refuse, runtime.refill, runtime.store, why="has an effect, and no result", pure=False)
constant(runtime.load, why="reads a variable from outside")
constant(runtime.keys, runtime.order, list.index, list.count, tuple.index, tuple.count, why="an order, a place or a count")
constant(all_stops, stops, why="a schedule")
constant(np.errstate, why="a context")

constant(runtime.stop_gradient, why="said to be constant")
RULES[runtime.stop_gradient].view = True

linear(runtime.identity, view=True)


@vjp_rule(runtime.identity, linear=True, view=True)
def identity(g, z, x):
    return g


@vjp_rule(runtime.owned, runtime.kept, linear=True)
def owned(g, z, x):
    return g


@vjp_rule(runtime.floats, runtime.arrays, linear=True)
def floats(g, z, x):
    """What was an array has an array for its cotangent."""
    return np.array(g)


@vjp_rule(runtime.set_item)
def set_item(g, z, items, index, item):
    return runtime.set_item(g, index, runtime.zeros_like(item)), None, g[index]


@vjp_rule(list, linear=True)
def to_list(g, z, x):
    return g


@vjp_rule(runtime.of_shape)
def of_shape(g, z, seed, value):
    return g, None


@vjp_rule(runtime.unbroadcast)
def unbroadcast(g, z, cotangent, x):
    return g, None  # the engine brings it to the shape of the cotangent


def as_array(g, z):
    """The cotangent of an array, to be indexed: that of an array without axes is a number."""
    return np.array(g) if np.ndim(z) == 0 else g


@vjp_rule(runtime.index_add)
def index_add(g, z, x, index, v):
    return g, None, as_array(g, z)[index]


@vjp_rule(runtime.add)
def add(g, z, a, b):
    return g, g


constant(runtime.zeros_like, why="does not depend on the values")

@vjp_rule(runtime.array_set)
def array_set(g, z, x, index, v):
    g = as_array(g, z)
    v_bar = runtime.owned(g[index])  # read before it is set to zero
    return runtime.array_set(g, index, 0.0), None, v_bar


@vjp_rule(runtime.array_put)
def array_put(g, z, x, index, v):
    v_bar = runtime.put_back(g, index)
    return runtime.array_put(g, index, 0.0), None, v_bar


@vjp_rule(runtime.put_back, linear=True)
def put_back(g, z, cotangent, index):
    return runtime.array_put(np.zeros_like(cotangent), index, g)


@vjp_rule(operator.concat, linear=True)
def concat(g, z, a, b):
    """`a + b` on lists: `reverse` takes this rule for `operator.add` where its result is a list."""
    return g[: len(a)], g[len(a) :]


@vjp_rule(runtime.repeat, linear=True)
def repeat(g, z, items, times):
    """`items * times` on lists, likewise."""
    return runtime.folded(g, len(items))


@vjp_rule(runtime.picked, linear=True)
def picked(g, z, items, places):
    return runtime.placed(g, places)


@vjp_rule(runtime.placed, linear=True)
def placed(g, z, items, places):
    return runtime.picked(g, places)


@vjp_rule(runtime.folded, linear=True)
def folded(g, z, items, n):
    return runtime.repeat(g, len(items) // n)


# `getitem`, `make_list`, `make_tuple` and `make_dict` are pulled back by `reverse` itself, which adds into the
# cotangent of the container in place; so are `append` and `popped`.
for _fn in (operator.getitem, runtime.append, runtime.popped, runtime.make_list, runtime.make_tuple, runtime.make_dict):
    RULES[_fn] = Rule(_fn, linear=True, cheap=_fn is operator.getitem)
# Attributes and objects are followed when the program is lowered; where that was not possible a cotangent
# has no way, which `reverse` says.
RULES[getattr] = Rule(getattr, cheap=True)
RULES[tuple] = Rule(tuple)  # of a list of a length that is known only when the program runs
RULES[runtime.make_object] = Rule(runtime.make_object)
