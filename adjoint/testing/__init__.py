"""Derivatives checked against differences: what every gradient of ours has to agree with.

Three things that share one idea, a walk over nested values:

- `numerical_gradient(fun, args)` moves one entry of the arguments at a time, and looks what that does to the result;
- `check_grads(fun, args)` asks adjoint for the same numbers, and hands both to `compare`; `check_rule(fn, *args)` does so
  for a single primitive, and names its rule;
- `assert_same(actual, expected)` compares any two nested values, and says where they differ.

A nested value is built of tuples, namedtuples, lists, dicts and dataclasses. Its *float leaves* are what can be
differentiated: floats, complex numbers, and NumPy scalars and arrays of them. All other leaves (ints, strings, `None`,
arrays of ints, objects, functions) are passed to the function as they are, and have `None` for a gradient. Every
evaluation is given its own copy of the arguments, because a function may write to them.

    >>> numerical_gradient(lambda p: p["w"] * p["n"] + 1.0, [{"w": 4.0, "n": 2}])
    {'w': 2.0, 'n': None}

Complex numbers follow JAX: the gradient of a real `f(x + iy)` is `df/dx - i df/dy`, and a complex result is contracted
with its cotangent by `Re(sum(result * cotangent))`.
"""

from .comparing import assert_same, compare
from .differences import numerical_gradient
from .gradients import DEFAULT_MODES, check_grads, parameter_name
from .rules import check_rule
from .trees import active_places, copied, float_leaves, is_float_leaf, map_leaves, precision

__all__ = [
    "DEFAULT_MODES", "active_places", "assert_same", "check_grads", "check_rule", "compare", "copied", "float_leaves",
    "is_float_leaf", "map_leaves", "numerical_gradient", "parameter_name", "precision",
]  # fmt: skip
