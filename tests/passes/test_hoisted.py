"""What is made before the loops that would make it again and again, and what must stay where it is."""

import random
from math import exp, gamma, log, pow, sin

import numpy as np
import pytest
from passes.programs import inputs, lowered, ours, run, same
from passes.test_arithmetic import _made
from passes.test_passes import close, programs

from adjoint import AdjointError, grad, ir, value_and_grad
from adjoint.passes import hoisted
from adjoint.testing import assert_same

X = np.linspace(0.3, 1.7, 12)
M = np.linspace(0.1, 2.0, 12).reshape(3, 4)


def depths(function):
    """How many loops are around each call of a function that takes its time."""
    found = []

    def visit(block, depth):
        for s in block.stmts:
            if isinstance(s, ir.Apply) and s.fn in (exp, log, sin, np.exp):
                found.append(depth)
            for inner in ir.blocks(s):
                visit(inner, depth + isinstance(s, ir.Loop))

    visit(function.body, 0)
    return found


def outcome(function, values):
    try:
        return run(function, values)
    except Exception as error:
        return type(error), str(error)


def means_the_same(fun, *args):
    before = lowered(fun, *args)
    text = ir.show(before)
    after = ir.check(hoisted(before))
    assert ir.show(before) == text
    values = inputs(before, fun, args)
    a, b = outcome(after, values), outcome(before, values)
    assert same(a, b), ir.show(after)
    return before, after


def becomes(fun, *args, calls):
    before, after = means_the_same(fun, *args)
    assert depths(after) == calls, (depths(before), ir.show(after))


def stays(fun, *args):
    before, after = means_the_same(fun, *args)
    assert ir.show(after) == ir.show(before)


def mixture(logs, x):
    s = 0.0
    for i in range(len(x)):
        for k in range(3):
            for a in range(4):
                s += exp(logs[k, a]) * x[i]
    return s


def over_one(logs, x):
    s = 0.0
    for i in range(len(x)):
        for k in range(3):
            for a in range(4):
                s += np.exp(logs[k, 3 - 1] * 2.0) * x[i] * a
    return s


def of_nothing_that_counts(logs, x):
    s = 0.0
    for i in range(len(x)):
        for k in range(3):
            s += sin(logs[0, 1]) * x[i]
    return s


def backwards(logs, x):
    s = 0.0
    for i in range(len(x)):
        for k in reversed(range(3)):
            for a in range(3, -1, -1):
                s = 0.5 * s + exp(logs[k, a]) * x[i]
    return s


def of_the_middle(logs, x):
    s = 0.0
    for i in range(len(x)):
        for k in range(3):
            for a in range(4):
                s += exp(logs[k, a] * x[i])
                s += sin(logs[k, 0])
    return s


def test_what_does_not_change_is_made_before():
    becomes(mixture, M, X, calls=[2])
    becomes(over_one, M, X, calls=[1])
    becomes(of_nothing_that_counts, M, X, calls=[0])
    becomes(backwards, M, X, calls=[2])
    stays(of_the_middle, M, X)  # what exp raises it raises first
    becomes(lambda logs, x: mixture(logs, x) + over_one(logs, x), M, X, calls=[2, 1])


def test_gradients_read_the_new_tape():
    """The reverse sweep too; and nothing is recorded at every step."""
    for fun in (mixture, over_one, of_nothing_that_counts, backwards):
        made = grad(fun, (0, 1))
        assert_same(made(M, X), grad(fun, (0, 1), optimize=False)(M, X), rtol=1e-12, atol=1e-13)
        assert_same(
            grad(fun, (0, 1), compile=lambda f: f)(M, X), grad(fun, (0, 1), optimize=False)(M, X), rtol=1e-12, atol=1e-13
        )
        assert "tape_tape_tape" not in made.source
    assert "= np.empty((3, 4))" in grad(mixture, compile=lambda f: f).source_for(M, X)


def test_what_stays():
    def known_only_then(logs, x, n):
        s = 0.0
        for i in range(n):
            for k in range(3):
                s += exp(logs[k, 0]) * i
        return s

    def as_long_as(logs, x):
        s = 0.0
        for i in range(len(x)):
            for k in range(3):
                s += exp(logs[k, 0]) * i
                if s > 10.0:
                    break
        return s

    def in_a_branch(logs, x):
        s = 0.0
        for i in range(len(x)):
            for k in range(3):
                if x[i] > 1.0:
                    s += exp(logs[k, 0])
        return s

    def triangular(logs, x):
        s = 0.0
        for i in range(3):
            for k in range(i):
                s += exp(logs[k, 0])
        return s

    def of_what_changes(logs, x):
        logs, s = logs.copy(), 0.0
        for i in range(len(x)):
            for k in range(3):
                s += exp(logs[k, 0])
                logs[k, 0] = logs[k, 0] * 0.5
        return s

    def after_something_that_raises(logs, x):
        s = 0.0
        for i in range(len(x)):
            s += log(x[i] - 0.1)
            for k in range(3):
                s += exp(logs[k, 0])
        return s

    def after_an_index_that_may(logs, x, j):
        s = 0.0
        for i in range(len(x)):
            s += x[j]
            for k in range(3):
                s += exp(logs[k, 0])
        return s

    def with_an_effect(logs, x):
        s = 0.0
        for i in range(2):
            print("step", i)
            for k in range(3):
                s += exp(logs[k, 0])
        return s

    def whole_arrays(logs, x):
        s = np.zeros(4)
        for i in range(len(x)):
            for k in range(3):
                s = s + np.exp(logs[k])
        return s

    def once(logs, x):
        s = 0.0
        for i in range(1):
            for k in range(3):
                s += exp(logs[k, 0]) * i
        return s

    for fun in (as_long_as, in_a_branch, triangular, of_what_changes, with_an_effect, whole_arrays, once):
        stays(fun, M, X)
    stays(known_only_then, M, X, 3)
    stays(after_something_that_raises, M, X)
    stays(after_an_index_that_may, M, X, 3)


def test_the_first_error_is_the_one_that_it_was():
    """At the first step `log` of the vector raises, then `exp` of the matrix would; and at no step, none does."""

    def both(logs, x):
        s = 0.0
        for i in range(len(x)):
            s += log(x[i])
            for k in range(3):
                s += exp(logs[k, 0])
        return s

    with pytest.raises(ValueError, match="domain"):
        grad(both, (0, 1))(1e4 * M, -X)
    with pytest.raises(OverflowError):
        grad(both, (0, 1))(1e4 * M, X)
    with pytest.raises(OverflowError):
        grad(mixture, (0, 1))(1e4 * M, X)
    assert_same(grad(mixture)(1e4 * M, X[:0]), np.zeros((3, 4)))


def test_the_first_error_is_the_one_that_it_was_also_of_one_function():
    """`pow` of the vector is out of its domain, and of the matrix out of range; so is `gamma`; a list is too short."""

    def powers(logs, x):
        s = 0.0
        for i in range(len(x)):
            s += pow(x[i], 0.5)
            for k in range(3):
                s += pow(logs[k, 0], 400.0)
        return s

    def factorials(logs, x):
        s = 0.0
        for i in range(len(x)):
            s += gamma(x[i])
            for k in range(3):
                s += gamma(logs[k, 0])
        return s

    def items(logs, x, weights):
        s = 0.0
        for i in range(len(x)):
            s += weights[i + 5]
            for k in range(3):
                s += exp(logs[k, 0])
        return s

    for fun, x in [(powers, -X), (factorials, np.floor(-X))]:
        for options in ({}, {"compile": lambda f: f}):
            with pytest.raises(ValueError, match="domain"):
                value_and_grad(fun, (0, 1), **options)(1e4 * M, x)
            with pytest.raises(OverflowError):
                value_and_grad(fun, (0, 1), **options)(1e4 * M, X)
    with pytest.raises(IndexError):
        value_and_grad(items)(1e4 * M, X, [1.0, 2.0])


def test_a_gradient_that_is_compiled():
    pytest.importorskip("numba", exc_type=ImportError)
    assert_same(grad(mixture, (0, 1), compile="numba")(M, X), grad(mixture, (0, 1))(M, X), rtol=1e-12, atol=1e-13)


# --- random nests ---------------------------------------------------------------------------------


def program(seed):
    """Nests of two or three loops with dear functions of this and that in them."""
    rng = random.Random(seed)
    lines = ["def f(m, x, n):", "    m, s = m.copy(), 0.5", f"    for i in range({rng.choice(['3', 'n', 'len(x)', '1, 3'])}):"]
    inner = ["i"]
    depth = "        "
    dear = ["exp", "sin", "np.exp", "np.sin", "log"]

    def value():
        places = ["m[k % 3, 1]", "m[1, 2]", "x[k]", "x[i]", "m[k, i]", "s", "x[2]"]
        if "a" in inner:
            places += ["m[k, a]", "m[a, k]", "x[a + 1]"] * 2
        places = [p for p in places if "k" in inner or "k" not in p]
        return rng.choice(places)

    def statement():
        kind = rng.random()
        if kind < 0.6:
            return f"s += {rng.choice(dear)}({value()}{rng.choice(['', ' * 0.5', ' - 0.2'])}) * {value()}"
        if kind < 0.75:
            return f"s = s * 0.5 + {value()}"
        if kind < 0.8:
            return f"m[1, 2] = {value()}"
        if kind < 0.85:
            return "s = 1.0 / s"
        return f"s += {value()} if s > 1.0 else {rng.choice(dear)}({value()})"

    def block(depth, left):
        for _ in range(rng.choice([0, 0, 1])):
            lines.append(depth + statement())
        if left:
            word = "k" if "k" not in inner else "a"
            inner.append(word)
            head = rng.choice(["range(3)", "range(2)", "reversed(range(3))", "range(2, 0, -1)", "range(i)", "range(n)"])
            lines.append(f"{depth}for {word} in {head}:")
            block(depth + "    ", left - 1)
            inner.pop()
        for _ in range(rng.choice([1, 1, 2]) if not left else rng.choice([0, 0, 1])):
            lines.append(depth + statement())

    block(depth, rng.choice([1, 2, 2]))
    return "from math import exp, sin, log\n" + "\n".join([*lines, "    return s"]) + "\n"


ARGS = (np.linspace(0.25, 1.5, 12).reshape(3, 4), np.linspace(0.3, 2.0, 5), 2)


@pytest.mark.parametrize("seed", range(0, 400, 50))
def test_random_nests_keep_their_meaning(seed):
    for k in range(seed, seed + 50):
        fun = _made(program(k))
        means_the_same(fun, *ARGS)
        means_the_same(fun, *(1e3 * ARGS[0], ARGS[1], 3))
        means_the_same(fun, *(ARGS[0], -ARGS[1], 1))


def test_random_nests_are_changed():
    found = 0
    for k in range(200):
        before = lowered(_made(program(k)), *ARGS)
        found += ir.show(hoisted(before)) != ir.show(before)
    assert found > 30, found


@pytest.mark.parametrize("seed", range(0, 150, 30))
def test_gradients_of_random_nests(seed):
    for k in range(seed, seed + 30):
        fun = _made(program(k))
        with np.errstate(all="ignore"):
            results = []
            for options in ({}, {"optimize": False}, {"compile": lambda f: f}):
                try:
                    results.append(grad(fun, (0, 1), **options)(*ARGS))
                except AdjointError:
                    raise
                except Exception as error:
                    results.append(type(error))
        if isinstance(results[1], type):
            assert all(r is results[1] for r in results), (k, results)
        else:
            for r in results:
                assert_same(r, results[1], rtol=1e-9, atol=1e-9)


def test_gradients_of_the_corpus():
    for case, _, gradient, _, values, expected in programs():
        after = run(ir.check(hoisted(ours(gradient))), values)
        assert all(close(a, b) for a, b in zip(after, expected, strict=True)), case
