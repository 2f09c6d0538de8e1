"""Each pass on small programs: before and after, and where it must refuse; then all of them on the corpus.

`ours` says that adjoint has written the program: arithmetic of the user's is left as it is.
"""

import dataclasses
import functools
import math
import operator

import numpy as np
import pytest
from corpus import CASES
from passes.programs import inputs, lowered, ours, run, same

from adjoint import grad, ir, runtime
from adjoint.avals import ANY, FLOAT, Seq
from adjoint.passes import (
    COMPILED, PASSES, carried, cleared, contracted, cse, dce, emitted, factors, fission, linear, narrowed, optimised,
    prepared, restacked, rewind, scatters, simplify,
)
from adjoint.sweeps import reverse
from adjoint.runtime import identity

V = np.array([1.0, 2.0, 3.0])
M = np.arange(6.0).reshape(2, 3)


def becomes(transform, function, text):
    """The pass gives this listing, in which everything is defined once and before use."""
    before = ir.show(function)
    after = ir.check(transform(function))
    assert ir.show(function) == before  # the program that came in is left alone
    assert ir.leaves(after.result) == list(after.body.results)
    assert ir.show(after).strip() == text.strip("\n").rstrip(), ir.show(after)


def stays(transform, function):
    becomes(transform, function, ir.show(function))


# --- simplify: expressions ------------------------------------------------------------------------


def test_copies_go_and_their_names_stay():
    def f(x):
        y = identity(x * x)
        z = identity(y)
        return identity(z) * x

    text = """
f(x):
    y = mul(x, x)
    w3 = mul(y, x)
    return w3
"""
    becomes(simplify, lowered(f, 2.0), text)


def test_factors_of_one():
    def f(x, y):
        return 1.0 * x + (y / 1.0) * (x**1) - -1.0 * y

    text = """
f(x, y):
    w3 = mul(y, x)
    w4 = add(x, w3)
    w5 = neg(y)
    w6 = add(w4, y)
    return w6
"""
    becomes(simplify, ours(lowered(f, 2.0, 3.0)), text)
    stays(simplify, lowered(f, 2.0, 3.0))  # the user's own


def test_a_factor_that_makes_a_float_stays():
    def f(n, a):
        return 1.0 * n, np.multiply(1.0, a)

    stays(simplify, ours(lowered(f, 3, 2.0)))  # an int; a Python float that becomes a NumPy one
    stays(simplify, ours(lowered(f, 3, np.array(2.0))))  # an array that becomes a scalar


def test_double_minus():
    def f(x, y):
        return -(-x), x + (-y), x - (-y)

    text = """
f(x, y):
    w3 = neg(x)
    w4 = neg(y)
    w5 = sub(x, y)
    w6 = neg(y)
    w7 = add(x, y)
    return (x, w5, w7)
"""
    becomes(simplify, ours(lowered(f, 2.0, 3.0)), text)


def test_a_minus_that_is_read_elsewhere_stays():
    def cell(W, b, x, n):
        for _ in range(n):
            x = x * (1.0 / (1.0 + np.exp(-(W @ x + b))))
        return np.sum(x)

    source = grad(cell, (0, 1)).source_for(np.ones((3, 3)), V, V, 9)
    reverse_sweep = source.split("# reverse sweep")[1]
    assert " -" not in reverse_sweep.replace(" - ", "")  # the two signs of the logistic function are one: none
    assert "_bar -=" not in reverse_sweep


def test_zeros_that_are_added_to():
    def f(x):
        return np.zeros(3) + x, np.zeros_like(x) + x, x + 0.0

    after = dce(simplify(ours(lowered(f, V))))
    assert not after.body.stmts
    assert ir.leaves(after.result) == [*after.body.params] * 3


def test_zeros_of_another_shape_or_dtype_stay():
    def f(x):
        return np.zeros((2, 3)) + x

    stays(simplify, ours(lowered(f, V)))
    stays(simplify, ours(lowered(f, M.astype(np.float32))))


def test_arithmetic_of_numbers():
    def f(x):
        return x * (2.0 * 3.0 - 1.0) + 1.0 / 0.0

    text = """
f(x):
    w2 = mul(x, 5.0)
    w3 = truediv(1.0, 0.0)
    w4 = add(w2, w3)
    return w4
"""
    becomes(simplify, ours(lowered(f, 2.0)), text)  # what raises, raises when it runs


def test_one_number_times_an_array_is_not_spread_first():
    def f(x, g):
        return np.broadcast_to(g, (3,)) * x + 3.0 * np.broadcast_to(2.0, np.shape(x)) * x

    text = """
f(x, g):
    w3 = mul(g, x)
    w4 = mul(6.0, x)
    w5 = add(w3, w4)
    return w5
"""
    becomes(lambda p: dce(simplify(p)), ours(lowered(f, V, 2.0)), text)
    becomes(lambda p: dce(simplify(p)), ours(lowered(f, V, np.float64(2.0))), text)


def test_it_is_spread_where_that_changes_shape_or_dtype():
    def f(x, g):
        return np.broadcast_to(g, (2, 3)) * x

    stays(simplify, ours(lowered(f, V, 2.0)))
    stays(simplify, ours(lowered(f, M.astype(np.float32), 2.0)))  # float64 becomes float32


def test_shapes_that_are_not_known_may_be_known_to_agree():
    def f(x):
        y = x[x > 1.0]
        z = y**2
        g = runtime.unbroadcast(np.broadcast_to(1.0, np.shape(z)), z)
        return runtime.unbroadcast(g * (2 * y), y)

    text = """
f(x):
    w2 = gt(x, 1.0)
    y = getitem(x, w2)
    w4 = mul(2, y)
    return w4
"""
    becomes(lambda p: dce(simplify(p)), ours(lowered(f, V)), text)


def test_conversions_that_change_nothing():
    def f(x, y):
        return y.astype(np.dtype(float)), float(x), np.reshape(y, (3,)), [x, 1.0][0]

    after = dce(simplify(ours(lowered(f, 2.0, V))))
    x, y = after.body.params
    assert after.body.results[:3] == (y, x, y)


# --- simplify: branches and loops -----------------------------------------------------------------


def test_a_test_made_before_is_not_made_again():
    def f(x, t):
        c = t > 0
        if c:
            if c:
                y = 2.0 * x
            else:
                y = x
        else:
            y = 3.0
        return y

    text = """
f(x, t):
    c = gt(t, 0)
    w4 = if c:
        y = mul(2.0, x)
        yield y
    else:
        yield 3.0
    return w4
"""
    becomes(simplify, lowered(f, 2.0, 1.0), text)


def test_the_same_on_both_sides():
    def f(x, t):
        if t > 0:
            y = identity(x)
            flag = True
        else:
            y = x
            flag = False
        return y, flag

    text = """
f(x, t):
    w3 = gt(t, 0)
    return (x, w3)
"""
    becomes(lambda p: dce(simplify(p)), lowered(f, 2.0, 1.0), text)


def test_a_name_bound_on_one_side_only_stays():
    def f(x, t):
        if t > 0:
            y = 2.0 * x
        if t > 0:
            return y
        return x

    function = lowered(f, 2.0, 1.0)
    assert "undefined" in ir.show(simplify(function)) or "undefined" not in ir.show(function)
    assert run(simplify(function), [2.0, 1.0]) == (4.0,)
    assert run(simplify(function), [2.0, -1.0]) == (2.0,)


def test_a_carry_that_does_not_change():
    def f(x, n):
        y, z = x, 1.0
        for _ in range(n):
            z = z * y
            y = identity(y)
        return y * z

    text = """
f(x, n):
    w3 = range(n)
    z_2 = loop z = 1.0 for _ in w3:
        z_3 = mul(z, x)
        yield z_3
    w8 = mul(x, z_2)
    return w8
"""
    becomes(simplify, lowered(f, 2.0, 3), text)


def test_a_loop_that_never_runs():
    def f(x):
        for _ in range(3, 3):
            x = x * 2.0
        return x

    text = """
f(x):
    return x
"""
    becomes(simplify, lowered(f, 2.0), text)


def test_a_loop_that_may_run_stays():
    def f(x, n):
        for _ in range(n):
            x = x * 2.0
        return x

    stays(simplify, lowered(f, 2.0, 0))


# --- cse ------------------------------------------------------------------------------------------


def test_each_value_once():
    def f(x, t):
        a = math.sin(x)
        if t > 0:
            a = a * math.sin(x)
        else:
            a = a + math.cos(x)
        return a * math.cos(x)

    text = """
f(x, t):
    a = sin(x)
    w4 = gt(t, 0)
    a_2 = if w4:
        a_3 = mul(a, a)
        yield a_3
    else:
        w7 = cos(x)
        a_4 = add(a, w7)
        yield a_4
    w9 = cos(x)
    w10 = mul(a_2, w9)
    return w10
"""
    becomes(cse, lowered(f, 2.0, 1.0), text)  # one branch's cosine is not there for the other, nor for what follows


def test_numbers_are_the_same_only_if_their_types_are():
    def f(x):
        return x * 1, x * 1.0, x * True, x * 0.0, x * -0.0

    stays(cse, dce(simplify(lowered(f, 2.0))))


def test_new_containers_are_not_shared():
    def f(x):
        a = np.zeros(3)
        b = np.zeros(3)
        a = runtime.index_add(a, 0, x)
        return np.sum(a * b)

    stays(cse, lowered(f, 2.0))


def test_random_draws_are_not_shared():
    def f(x):
        return x * np.random.rand() + np.random.rand()

    stays(cse, lowered(f, 2.0))


def test_a_loop_records_and_reads_each_value_once():
    xs, a, b, y, first, second, last = (ir.Var(Seq(FLOAT), hint=h) for h in "xs a b y first second last".split())
    body = ir.Block((a, b), (ir.Apply((y,), operator.mul, (a, b)),), (y, y))
    loop = ir.Loop((), (first, second), None, (), (xs, xs), None, body)
    total = ir.Apply((last,), operator.add, (first, second))
    function = ir.Function("f", (ir.Param("xs", xs),), ir.Block((xs,), (loop, total), (last,)), last)
    text = """
f(xs):
    first = loop  for a in xs:
        y = mul(a, a)
        yield y
    last = add(first, first)
    return last
"""
    becomes(cse, function, text)
    xs.aval = ANY  # may be an iterator, that can be gone through only once
    assert "for a, b in xs, xs" in ir.show(cse(function))


# --- emitted --------------------------------------------------------------------------------------


def test_a_comprehension_is_emitted():
    def f(x, n):
        return sum([x * i for i in range(n)])

    text = """
f(x, n):
    w3 = range(n)
    w5 = loop  for i in w3:
        w6 = mul(x, i)
        yield w6
    w7 = sum(w5)
    return w7
"""
    becomes(prepared, lowered(f, 2.0, 3), text)


def test_a_list_that_is_not_empty_at_first():
    def f(x, n):
        ys = [x]
        for i in range(n):
            ys.append(x * i)
        return sum(ys) * ys[-1]

    text = """
f(x, n):
    w3 = range(n)
    w4 = make_list(x)
    w6 = loop  for i in w3:
        w7 = mul(x, i)
        yield w7
    w8 = add(w4, w6)
    w9 = sum(w8)
    w10 = getitem(w8, -1)
    w11 = mul(w9, w10)
    return w11
"""
    becomes(prepared, lowered(f, 2.0, 3), text)
    gradient = reverse(prepared(lowered(f, 2.0, 3)), [0], seed="one", value=False)
    assert run(gradient, [2.0, 3]) == (32.0,)  # of 8 x²


def test_appending_in_a_while_and_before_a_break():
    def f(x, most):
        xs, ys = [], []
        while x < most:
            x = x * x
            xs.append(x)
        for y in xs:
            ys.append(y * 2.0)
            if y > 10.0:
                break
        return sum(xs) * sum(ys)

    function = lowered(f, 1.5, 100.0)
    after = ir.check(prepared(function))
    assert "append" in ir.show(function)
    assert "append" not in ir.show(after)
    assert run(after, [1.5, 100.0]) == run(function, [1.5, 100.0])


def test_not_emitted():
    def in_one_branch(x, n):
        ys = []
        for i in range(n):
            if i % 2:
                ys.append(x * i)
        return sum(ys)

    def read_in_the_loop(x, n):
        ys = []
        for i in range(n):
            ys.append(x * len(ys))
        return sum(ys)

    def in_two_loops(x, n):
        ys = []
        for i in range(n):
            for j in range(i):
                ys.append(x * j)
        return sum(ys)

    def twice(x, n):
        ys = []
        for i in range(n):
            ys.append(x)
            ys.append(x * i)
        return sum(ys)

    for f in (in_one_branch, read_in_the_loop, in_two_loops, twice):
        stays(emitted, lowered(f, 2.0, 3))


# --- all of them, on the corpus -------------------------------------------------------------------


@functools.cache
def programs():
    """Of each case that lowers and runs: the primal, its gradient, the arguments and what the gradient gives."""
    found = []
    for case in CASES:
        args = case.fresh_args()
        wrt = [case.wrt] if isinstance(case.wrt, int) else list(case.wrt)
        try:
            primal = lowered(case.fun, *args)
            values = inputs(primal, case.fun, args)
            gradient = reverse(primal, wrt, seed="one", value=True)
            found.append((case, primal, gradient, wrt, values, run(gradient, values)))
        except Exception:  # for the tests of lowering and of reverse
            continue
    return found


REASSOCIATING = (scatters, linear, factors, fission, restacked, contracted)


def without_rounding(function):
    """Every pass but those that do arithmetic in another order."""
    for transform in PASSES:
        if transform not in REASSOCIATING:
            function = transform(function)
    return function


@pytest.mark.parametrize("transform", [simplify, cse, dce, rewind, narrowed, without_rounding], ids=lambda f: f.__name__)
def test_gradients_keep_their_meaning(transform):
    for case, _, gradient, _, values, expected in programs():
        after = ir.check(transform(gradient))
        assert ir.leaves(after.result) == list(after.body.results)
        assert same(run(after, values), expected), case
    assert len(programs()) > 200


all_passes = functools.cache(optimised)  # the longest of them: once for all tests


@pytest.mark.parametrize("transform", [*REASSOCIATING, all_passes], ids=lambda f: f.__name__)
def test_gradients_keep_their_meaning_but_for_rounding(transform):
    for case, _, gradient, _, values, expected in programs():
        after = ir.check(transform(gradient))
        assert ir.leaves(after.result) == list(after.body.results)
        for got, want in zip(run(after, values), expected, strict=True):
            assert close(got, want) and alike(got, want), case


def alike(a, b):
    """Of one type, dtype and shape, down to the leaves."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    return not isinstance(a, np.ndarray | np.generic) or (a.dtype == b.dtype and a.shape == b.shape)


def test_every_pass_may_be_left_out():
    for case, _, gradient, _, values, expected in programs()[::3]:
        for passes in (PASSES, COMPILED):
            before = [gradient]  # each pass
            for transform in passes:
                before.append(transform(before[-1]))
            texts = [ir.show(program) for program in before]
            for left_out in dict.fromkeys(passes) if passes is PASSES else (carried, cleared):
                active = [k for k, transform in enumerate(passes) if transform is left_out and texts[k] != texts[k + 1]]
                if not active:  # nothing is different without it
                    continue
                after = before[active[0]]
                for transform in passes[active[0] :]:
                    after = after if transform is left_out else transform(after)
                for got, want in zip(run(ir.check(after), values), expected, strict=True):
                    assert close(got, want) and alike(got, want), (case, left_out)


@pytest.mark.parametrize("transform", [emitted, prepared, simplify, cse], ids=lambda f: f.__name__)
def test_primals_keep_their_meaning_and_their_gradients(transform):
    for case, primal, _, wrt, values, expected in programs():
        after = ir.check(transform(primal))
        gradient = ir.check(reverse(after, wrt, seed="one", value=True))
        for got, want in zip(run(gradient, values), expected, strict=True):
            assert close(got, want), case


def test_an_optimised_gradient_can_be_differentiated_again():
    compared = 0
    for case, _, gradient, wrt, values, _ in programs()[::4]:
        if case.group not in ("control", "functions", "straight", "combos") or len(wrt) != 1:
            continue
        results = []
        for first in (gradient, all_passes(gradient)):
            try:
                first = dataclasses.replace(first, result=ir.leaves(first.result)[-1], body=last_result(first.body))
                results.append(run(ir.check(reverse(first, wrt, seed="one", value=True)), values))
            except Exception as error:
                results.append(type(error))
        plain, better = results
        if not isinstance(plain, type):  # what only the optimised one can do is fine
            assert close(better, plain), case
            compared += 1
    assert compared > 10


def last_result(body):
    return ir.Block(body.params, body.stmts, body.results[-1:])


def test_deterministic_and_done():
    for case, _, gradient, _, _, _ in programs():
        once = all_passes(gradient)
        assert ir.show(optimised(gradient)) == ir.show(once), case
        assert size(optimised(once)) <= size(once) <= size(gradient), case


def test_what_stands_twice_leaves_what_it_has_made():
    """Its very object, so that nothing is done where there is nothing to do: `passes` passes over it there."""
    for case, _, gradient, _, _, _ in programs()[::3]:
        for passes in (PASSES, COMPILED):
            now = gradient
            for transform in passes:
                now = transform(now)
                assert passes.count(transform) == 1 or transform(now) is now, (case, transform)


def close(a, b):
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(close, a, b))
    if isinstance(a, float | complex | np.ndarray | np.generic):
        return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True)
    return same(a, b)


def size(function):
    def count(block):
        return sum(1 + sum(map(count, ir.blocks(s))) for s in block.stmts)

    return count(function.body)
