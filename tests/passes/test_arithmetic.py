"""The passes that do arithmetic in another order: factors, linear, scatters; and shifts that cancel.

Each on small programs: before and after, the numbers, and where it must refuse.  `ours` says that adjoint has
written the program.
"""

import functools
import re

import numpy as np
import pytest
from passes.programs import inputs, lowered, ours, run

from adjoint import grad, hessian, ir, runtime
from adjoint.passes import contracted, dce, factors, linear, scatters, simplify
from adjoint.shifts import cancelled
from adjoint.testing import assert_same, check_grads, numerical_gradient

V = np.array([1.0, 2.0, 3.0])
W = np.array([0.5, -1.5, 0.25])
M = np.arange(6.0).reshape(2, 3)
N = np.arange(12.0).reshape(3, 4) - 5.0
B = np.arange(24.0).reshape(2, 3, 4) / 7.0


def text_of(transform, fun, *args, written=True):
    """The listing of the program after the pass; its numbers are those from before."""
    before = dce(ours(lowered(fun, *args)) if written else lowered(fun, *args))
    after = dce(ir.check(transform(before)))
    values = inputs(before, fun, args)
    assert_same(run(after, values), run(before, values), rtol=1e-13, atol=1e-13)
    return [line.strip() for line in ir.show(after).strip().splitlines()[1:]]


def operations(lines):
    """What the lines compute, without the names of intermediate values."""
    return [re.sub(r"\b(w\d+|\w_\d)\b", "·", line.split(" = ", 1)[-1]) for line in lines]


def stays(transform, fun, *args, written=True):
    before = dce(ours(lowered(fun, *args)) if written else lowered(fun, *args))
    assert ir.show(transform(before)) == ir.show(before)


# --- factors --------------------------------------------------------------------------------------


def test_constants_are_multiplied():
    assert operations(text_of(factors, lambda x: 100.0 * (2 * x), V)) == ["mul(200.0, x)", "return ·"]
    assert operations(text_of(factors, lambda x: 0.5 * (2 * x), V)) == ["return x"]
    assert operations(text_of(factors, lambda x: -(0.5 * -x), V)) == ["mul(0.5, x)", "return ·"]
    assert operations(text_of(factors, lambda x: 100.0 * (2 * x), 3.0)) == ["mul(200.0, x)", "return ·"]


def test_a_factor_goes_to_the_front_or_to_the_smallest():
    assert operations(text_of(factors, lambda x, y: x * (2.0 * y), V, W)) == ["mul(2.0, x)", "mul(·, y)", "return ·"]
    assert operations(text_of(factors, lambda x, s: 3.0 * (x * (2.0 * s)), V, 1.5)) == ["mul(6.0, s)", "mul(x, ·)", "return ·"]
    assert operations(text_of(factors, lambda x: 3.0 * (x * x), V)) == ["mul(3.0, x)", "mul(·, x)", "return ·"]


def test_a_common_factor_is_taken_out_of_a_sum():
    expected = ["sub(x, y)", "mul(0.25, ·)", "return ·"]
    assert operations(text_of(factors, lambda x, y: 0.25 * x - 0.25 * y, V, W)) == expected
    assert operations(text_of(factors, lambda x, y: 0.25 * x + -(0.25 * y), V, W)) == expected
    assert operations(text_of(factors, lambda x: 2.0 * x + 3.0 * x, V)) == ["mul(5.0, x)", "return ·"]

    def twice(x, y):
        z = x * (0.5 * y)
        return z + z

    assert operations(text_of(factors, twice, V, W)) == ["mul(0.5, x)", "mul(·, y)", "add(z, z)", "return ·"]


def test_the_user_s_name_keeps_its_value():
    def f(x, y):
        half = 0.5 * x
        return 2.0 * (half * y)

    assert "half" in " ".join(text_of(factors, f, V, W))


def test_a_quotient_of_a_constant_is_one_division():
    assert operations(text_of(factors, lambda x, y: 1.0 / x * y, V, W)) == ["truediv(y, x)", "return ·"]
    stays(factors, lambda x, s: 1.0 / s * x, V, 1.5)  # it would divide three times instead of once


def test_factors_refuse():
    stays(factors, lambda x: 1e20 * (1e-20 * x), V)  # on the way it might be too small
    stays(factors, lambda x: 4096.0 * (2.0 * x), V.astype(np.float32))
    stays(factors, lambda x: 100.0 * (2.0 * x), V.astype(np.float16))
    stays(factors, lambda x: 100.0 * (2.0 * x), V, written=False)  # the user wrote it so
    stays(factors, lambda n: 0.5 * (2 * n), np.array([1, 2]))  # no integers are left of floats
    stays(factors, lambda n: 1.0 * (n * 1), 3)
    stays(factors, lambda x: x + x, V)

    def read_twice(x, y):
        w = 2.0 * x
        return np.sin(w) + 3.0 * w

    stays(factors, read_twice, V, W)


def test_factors_keep_what_is_not_finite():
    def f(x):
        return np.sum(2.0 * (3.0 * x) ** 2)

    x = np.array([np.inf, -np.inf, np.nan, 1e-300, 1e200])
    with np.errstate(all="ignore"):
        assert_same(grad(f)(x), 36.0 * x)


# --- linear ---------------------------------------------------------------------------------------


def test_sums_come_before_products():
    def by_matrix(x, w):
        return np.sum(x @ w, axis=0)

    assert operations(text_of(linear, by_matrix, M, N)) == ["sum(x, axis=0)", "matmul(·, w)", "return ·"]

    def batched(x, w):
        return np.sum(x @ w, axis=1, keepdims=True)

    other = np.ones((2, 4, 5))
    assert operations(text_of(linear, batched, B, other)) == ["sum(x, axis=1, keepdims=True)", "matmul(·, w)", "return ·"]

    def steady(x, s):
        return np.sum(s * x, axis=1, keepdims=True)

    assert operations(text_of(linear, steady, M, np.ones((2, 1)))) == ["sum(x, axis=1, keepdims=True)", "mul(s, ·)", "return ·"]
    assert operations(text_of(linear, lambda x: np.sum(-x), V)) == ["sum(x)", "neg(·)", "return ·"]
    assert operations(text_of(linear, lambda x, s: np.sum(x / s, axis=0), M, V))[-1] == "return ·"


def test_sum_of_a_sum_where_it_helps():
    def f(x, w, y):
        return np.sum(x @ w + y, axis=0)

    found = operations(text_of(linear, f, M, N, np.ones((2, 4))))
    assert found == ["sum(x, axis=0)", "matmul(·, w)", "sum(y, axis=0)", "add(·, ·)", "return ·"]
    stays(linear, lambda x, y: np.sum(x + y, axis=0), M, M)


def test_linear_refuses():
    stays(linear, lambda x, s: np.sum(s * x, axis=0, keepdims=True), M, np.ones((2, 1)))  # it varies along the axis
    stays(linear, lambda x, s: np.sum(s * x, axis=1), M, np.ones((2, 1)))
    stays(linear, lambda x, w: np.sum(x @ w, axis=1), M, N)
    stays(linear, lambda x, w: np.sum(x @ w), M, N)
    stays(linear, lambda x, w: np.sum(x @ w, axis=0), M, N, written=False)
    stays(linear, lambda x: np.sum(x * x, axis=0), M)

    def read_twice(x, w):
        y = x @ w
        return np.sum(y, axis=0) * np.sin(y)

    stays(linear, read_twice, M, N)


def test_sums_stay_in_the_precision_of_the_product():
    def f(x, s):
        return np.sum(x * s, axis=0)

    single = np.full((1000, 3), 100.3, np.float32)
    stays(linear, f, single, np.full(3, 1e-3))  # summed in double precision
    assert "mul" in operations(text_of(linear, f, single, np.full(3, 0.5, np.float32)))[1]
    stays(linear, f, single.astype(np.float16), np.full(3, 1e-3, np.float16))  # 100300 is too large


def test_transposes_go():
    def product(x, y):
        return np.transpose(np.transpose(x) @ y)

    assert operations(text_of(linear, product, M, np.ones((2, 4)))) == ["transpose(y)", "matmul(·, x)", "return ·"]
    turned = np.ones((2, 5, 4))
    swapped = text_of(linear, lambda x, y: np.swapaxes(np.swapaxes(x, -1, -2) @ y, 1, 2), np.ones((2, 5, 3)), turned)
    assert operations(swapped) == ["swapaxes(y, 1, 2)", "matmul(·, x)", "return ·"]
    stays(linear, lambda x, y: np.swapaxes(np.swapaxes(x, 0, 1), 1, 2), B, V)
    stays(linear, lambda x, y: np.transpose(x @ y), M, N)


def test_the_sum_of_one_in_each_row():
    def f(x, labels):
        return -np.mean((x - np.log(np.sum(np.exp(x), axis=1, keepdims=True)))[np.arange(len(labels)), labels])

    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(8, 3)), np.array([0, 1, 2, 2, 1, 1, 0, 2])
    g = grad(f)
    assert_same(g(x, labels), numerical_gradient(f, (x, labels), 0), rtol=1e-6, atol=1e-8)
    source = g.source_for(x, labels)
    assert "zeros" not in source
    assert "add.at" not in source
    assert source.count("np.sum(w1") == 1

    def twice(x, rows, labels):  # a row may be named twice
        return np.sum(np.log(np.sum(np.exp(x), axis=1, keepdims=True))) - np.sum(x[rows, labels])

    rows = np.array([0, 0, 1, 2, 2, 2, 3, 4])
    assert "np.add.at" in grad(twice).source_for(x, rows, labels)
    assert_same(grad(twice)(x, rows, labels), numerical_gradient(twice, (x, rows, labels), 0), rtol=1e-6, atol=1e-8)


def test_the_sum_of_all_of_each_row_is_not_that_of_one():
    def f(b, m, c):
        x = m + b[:, None]
        return np.sum(x[np.arange(3), :]) + np.sum(x[np.arange(3), 1:] * c[1:]) + np.sum(x[np.arange(3), None])

    b, m = np.array([0.5, -0.25, 2.0]), np.arange(9.0).reshape(3, 3)
    assert_same(grad(f, (0, 1))(b, m, W), grad(f, (0, 1), optimize=False)(b, m, W))
    assert_same(grad(f)(b, m, W), numerical_gradient(f, (b, m, W), 0), rtol=1e-6, atol=1e-8)


def test_arange_longer_than_what_it_meets_may_name_a_place_twice():
    def f(x, k):
        return np.sum(np.sin(x[np.arange(2), k]))  # k has two rows: each place is named twice

    x, k = np.arange(6.0).reshape(2, 3), np.array([[0, 1], [0, 1]])
    assert "np.add.at" in grad(f).source_for(x, k)
    assert_same(grad(f)(x, k), numerical_gradient(f, (x, k), 0), rtol=1e-6, atol=1e-8)


# --- scatters -------------------------------------------------------------------------------------


def add_at(x, i, v):
    return runtime.index_add(x, i, v)


def test_what_goes_to_one_place_is_added_first():
    def f(x, a, b, c):
        return add_at(add_at(add_at(x, slice(1, None), a), 0, c), slice(1, None), b)

    found = operations(text_of(scatters, f, V, W[1:], W[:2], 0.5))
    assert found == ["add(a, b)", "index_add(x, 0, c)", "index_add(·, slice(1, None, None), ·)", "return ·"]


def test_a_write_in_between_is_not_passed_unless_it_is_elsewhere():
    def elsewhere(x, i, a, b, c):
        return add_at(runtime.array_set(add_at(x, i, a), i + 1, c), i, b)

    assert operations(text_of(scatters, elsewhere, V, 1, 0.5, 0.25, 4.0)) == [
        "add(i, 1)", "add(a, b)", "array_set(x, ·, c)", "index_add(·, i, ·)", "return ·",
    ]

    def perhaps_there(x, i, j, a, b, c):
        return add_at(runtime.array_set(add_at(x, i, a), j, c), i, b)

    stays(scatters, perhaps_there, V, 1, 1, 0.5, 0.25, 4.0)
    stays(scatters, elsewhere, V[:1], -1, 0.5, 0.25, 4.0)  # of a single entry, -1 and 0 are the same place


def test_adding_to_what_was_written():
    def f(x, i, a):
        return add_at(runtime.array_set(x, i, 0.0), i, a)

    assert operations(text_of(scatters, f, V, 1, 0.5)) == ["array_set(x, i, a)", "return ·"]

    def overlapping(x, a, b):
        zeroed = runtime.array_set(x, slice(1, -1), 0.0)
        return add_at(add_at(zeroed, slice(2, None), b), slice(1, -1), a)

    x = np.arange(5.0)
    text_of(scatters, overlapping, x, x[1:-1], x[2:])  # the numbers say that b is not written over


def test_what_is_added_to_zeros_is_written_or_added_to_the_rest():
    def f(a, b):
        return add_at(add_at(np.zeros(3), slice(1, None), a), slice(None, 2), b)

    assert operations(text_of(scatters, f, W[1:], W[:2])) == [
        "zeros(3)", "array_set(x, slice(1, None, None), a)", "index_add(·, slice(None, 2, None), b)", "return ·",
    ]

    def onto(a, b):
        return add_at(np.zeros(3), slice(1, None), a) + np.sin(b)

    found = operations(text_of(scatters, onto, W[1:], W))
    assert found == ["sin(b)", "index_add(·, slice(1, None, None), a)", "return ·"]

    def wider(a, b):
        return add_at(np.zeros(1), 0, a) + np.sin(b)  # it is added to every entry

    assert "array_set" in " ".join(text_of(scatters, wider, 0.5, W))

    def shared(a, b):
        return add_at(np.zeros(3), slice(1, None), a) + b  # b is the caller's

    assert "index_add" not in " ".join(text_of(scatters, shared, W[1:], W))


def test_what_is_written_over_is_read_before():
    def f(x, i, a):
        y = add_at(x, i, a)
        part = y[i]
        return runtime.array_set(y, i, 2.0 * part)

    found = operations(text_of(scatters, f, M, 1, V))
    assert found == ["getitem(x, i)", "add(·, a)", "mul(2.0, part)", "array_set(x, i, ·)", "return ·"]

    def read_elsewhere(x, i, a):
        y = add_at(x, i, a)
        return runtime.array_set(y, i, y[i] * y[0])

    stays(scatters, read_elsewhere, M, 1, V)

    def broadcast(x, i, a):
        y = add_at(x, i, a)
        return runtime.array_set(y, i, y[i] * 2.0)

    text_of(scatters, broadcast, M, 1, 0.5)
    text_of(scatters, broadcast, M, 1, np.ones(1))


def test_what_stands_there_already_is_not_written():
    def f(x, i):
        part = x[i]
        return runtime.array_set(x, i, part), part

    assert operations(text_of(scatters, f, V, 1)) == ["getitem(x, i)", "return (x, part)"]
    assert operations(text_of(scatters, f, V, np.array([0, 2, 2])))[1:] == ["return (x, part)"]

    def changed_since(x, i):
        part = x[i]
        return runtime.array_set(add_at(x, 0, 1.0), i, part)

    stays(scatters, changed_since, V, 1)

    def of_another(x, y, i):
        return runtime.array_set(x, i, y[i])

    stays(scatters, of_another, V, W, 1)


def test_what_a_mask_picks_is_written_at_once():
    def f(u, c):
        u = u.copy()
        u[u > 0.5] = u[u > 0.5] * c
        u[u < 0.2] **= 2.0
        return np.sum(u**2)

    u = np.array([0.1, 0.7, 0.15, 0.9, 0.3])
    check_grads(f, (u, 1.5), modes=("rev", "fwd"))
    source = grad(f).source_for(u, 1.5)
    assert "unbroadcast" not in source
    assert "= 0.0" not in source


def test_adding_everywhere_is_adding():
    def f(x, a):
        return add_at(x, (slice(None), None), np.sin(a))

    found = operations(text_of(scatters, f, V, np.ones((3, 1))))
    assert found == ["sin(a)", "reshape(v, (3,))", "add(x, ·)", "return ·"]
    stays(scatters, f, V, np.ones((1, 1)))  # it is broadcast
    stays(scatters, lambda x, a: add_at(x, (slice(None, -1), None), a), V, np.ones((2, 1)))


@pytest.mark.parametrize("seed", range(40))
def test_random_writes(seed):
    """Chains of additions and writes at places that overlap: the numbers stay."""
    rng = np.random.default_rng(seed)
    places = ["0", "1", "-1", "i", "i + 1", "i - 1", "slice(1, None)", "slice(None, -1)", "slice(None, None, 2)", "i + 2"]
    lines = [f"y = {rng.choice(['np.zeros(5)', 'x.copy()', 'np.sin(x)'])}"]
    for _ in range(rng.integers(2, 7)):
        fn = rng.choice(["runtime.index_add", "runtime.index_add", "runtime.array_set"])
        lines.append(f"y = {fn}(y, {rng.choice(places)}, {rng.choice(['a', 'b', '0.0', 'a * b'])})")
    if rng.random() < 0.5:
        lines.append("y = y + np.cos(x)")
    text = "def f(x, i, a, b):\n" + "".join(f"    {line}\n" for line in lines) + "    return y\n"
    fun = _made(text)
    for i in (1, 2, -1, 0):
        text_of(scatters, fun, np.arange(1.0, 6.0), i, 0.5, 3.0)


@functools.cache
def _made(text):
    import linecache

    name = f"<random {abs(hash(text))}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    space = {"np": np, "runtime": runtime}
    exec(compile(text, name, "exec"), space)
    return space["f"]


# --- contracted -----------------------------------------------------------------------------------


def test_large_products_are_summed_without_being_made():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5, 1000, 10))

    def f(x, y):
        return np.sum(x * y, axis=1)

    assert operations(text_of(contracted, f, a, b)) == ["einsum('abc,abc->ac', x, y)", "return ·"]
    stays(contracted, f, a[:, :5], b[:, :5])  # small
    stays(contracted, lambda x, y: np.sum(x * y, axis=2), a, b)  # NumPy adds in pairs there
    stays(contracted, lambda x, y: np.sum(x * y, axis=1), a, b[:1])  # it is broadcast
    stays(contracted, f, a, b, written=False)
    stays(contracted, lambda x, y: np.sum(x * y, axis=None), a, b)
    small = np.arange(100000, dtype=np.int8).reshape(1000, 100)
    stays(contracted, lambda x, y: np.sum(x * y, axis=0), small, small)  # NumPy makes a sum of int64 of them


# --- shifts ---------------------------------------------------------------------------------------


def log_sum_exp(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def rows(x):
    top = np.max(x, axis=1, keepdims=True)
    return np.sum((x - top - np.log(np.sum(np.exp(x - top), axis=1, keepdims=True)))[:, 0] ** 2)


def columns(x):
    top = x.max(axis=0)
    return np.sum(top + np.log(np.exp(x - top).sum(axis=0)))


def softmax(x):
    e = np.exp(x - np.max(x, axis=1)[:, None])
    return np.sum(np.sin(e / np.sum(e, axis=1)[:, None]))


def tempered(x):
    top = np.max(x)
    return 0.5 * (top + np.log(np.mean(np.exp(2.0 * (x - top)))) / 2.0)


@pytest.mark.parametrize("fun", [log_sum_exp, rows, columns, softmax, tempered], ids=lambda f: f.__name__)
def test_a_shift_that_cancels_is_not_pulled_back(fun):
    x = np.array([[0.3, 1.2, -0.4], [1.0, 1.0, 0.2]])  # a tie, which max would have to share out
    assert len(cancelled(lowered(fun, x).body)) == 1
    assert "where" not in grad(fun).source_for(x)
    assert_same(grad(fun)(x), numerical_gradient(fun, (x,), 0), rtol=1e-6, atol=1e-8)
    if fun is not softmax:
        curvature = hessian(fun)(x)
        assert_same(curvature[0, 1], numerical_gradient(lambda x: grad(fun)(x)[0, 1], (x,), 0), rtol=1e-5, atol=1e-7)


def not_cancelled_shifts():
    def no_log(x):
        top = np.max(x)
        return top + np.sum(np.exp(x - top))

    def added_twice(x):
        top = np.max(x)
        return 2.0 * top + np.log(np.sum(np.exp(x - top)))

    def returned_too(x):
        top = np.max(x)
        return top + np.log(np.sum(np.exp(x - top))) + top * 1e-3

    def along_another_axis(x):
        top = np.max(x, axis=0)
        return np.sum(top[:2] + np.log(np.sum(np.exp(x - top), axis=1)))

    def crossed(x):
        top = np.max(x[:, :2], axis=0)
        return np.sum(top[:, None] + np.log(np.exp(x[:, :2] - top)))

    def not_understood(x):
        top = np.max(x)
        return top + np.log(np.sum(np.exp(x - top))) + np.sum(np.sin(x - top))

    def in_a_loop(x):
        top = np.max(x)
        total = 0.0
        for i in range(2):
            total = total + np.sum(x[i] - top)
        return total + 6.0 * top

    return [no_log, added_twice, returned_too, along_another_axis, crossed, not_understood, in_a_loop]


@pytest.mark.parametrize("fun", not_cancelled_shifts(), ids=lambda f: f.__name__)
def test_a_shift_that_stays_is_pulled_back(fun):
    x = np.array([[0.3, 1.2, -0.4], [1.0, 0.9, 0.2]])
    assert not cancelled(lowered(fun, x).body)
    assert_same(grad(fun)(x), numerical_gradient(fun, (x,), 0), rtol=1e-6, atol=1e-8)


def test_a_shift_that_is_not_finite_leaves_nothing_finite():
    with np.errstate(all="ignore"):
        for bad in (np.inf, np.nan):
            g = grad(columns)(np.array([[0.3, 1.0], [bad, 2.0]]))
            assert np.all(np.isnan(g[:, 0]))
            assert_same(g[:, 1], grad(columns)(np.array([[0.3, 1.0], [0.1, 2.0]]))[:, 1])


# --- all together ---------------------------------------------------------------------------------


def test_simplified_again_after():
    def f(x):
        return np.sum(0.5 * x * x)

    assert grad(f).source_for(V).splitlines()[-2:] == ["    x_bar = np.array(x)", "    return x_bar"]
    assert_same(grad(f)(V), V)


# --- constants in every entry ---------------------------------------------------------------------


def test_a_sum_of_constants_is_a_constant():
    spread = np.broadcast_to
    assert operations(text_of(simplify, lambda x: np.sum(spread(0.5, (2, 3)), axis=0) * x, V)) == ["return x"]
    assert operations(text_of(simplify, lambda x: np.sum(spread(0.5, (2, 3)), axis=1, keepdims=True) + x, V[:2])) == [
        "broadcast_to(1.5, (2, 1))", "add(·, x)", "return ·"
    ]
    assert operations(text_of(simplify, lambda x: np.sum(spread(-1.0, (5,))) / x, V)) == [
        "float64(-5.0)", "truediv(·, x)", "return ·"
    ]
    stays(simplify, lambda x: np.sum(spread(2.0, (2, 3)), where=x > 2.0, axis=0) + x, V)
    stays(simplify, lambda x: np.sum(spread(2.0, (2, 3)), initial=1.0) + x, V)
    stays(simplify, lambda x: np.sum(spread(2.0, (0, 3)), axis=0) + x, V)
    stays(simplify, lambda x, y: np.sum(spread(x, (2, 3)), axis=0) + y, V, W)


def test_a_constant_is_chosen_as_a_number():
    spread = np.broadcast_to
    assert operations(text_of(simplify, lambda x: np.where(x > 2.0, spread(1.0, (3,)), x), V))[1:] == [
        "where(·, 1.0, x)", "return ·"
    ]
    assert operations(text_of(simplify, lambda x: np.where(x > 2.0, 0.0, spread(1.0, (3,))), V))[1:] == [
        "where(·, 0.0, 1.0)", "return ·"
    ]
    stays(simplify, lambda x: np.where(x > 2.0, spread(1.0, (3,)), x), V.astype(np.float32))
    stays(simplify, lambda x, y: np.where(x > 2.0, spread(1.0, (2, 3)), y), V, M)


def test_once_an_array_is_that_array_spread():
    spread = np.broadcast_to
    assert operations(text_of(simplify, lambda x: spread(1.0, (2, 3)) * x, V)) == ["broadcast_to(x, (2, 3))", "return ·"]
    stays(simplify, lambda x: spread(1.0, (2, 3)) * x, V.astype(np.float32))


def everyday(x, mu, sigma):
    z = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
    return np.sum(-0.5 * ((z - mu) / sigma) ** 2 - np.log(sigma)) + np.sum(np.where(np.abs(x) < mu, x**2, x) + np.maximum(x, mu))


def test_gradients_of_everyday_sums():
    args = (np.sin(B), 0.3, 0.7)
    assert_same(grad(everyday, (0, 1, 2))(*args), grad(everyday, (0, 1, 2), optimize=False)(*args), rtol=1e-12, atol=1e-12)
    lines = grad(everyday, (0, 1, 2)).source_for(*args).splitlines()
    text = "\n".join(line.partition("#")[0] for line in lines)
    assert "where=True" not in text and "= -0.5" not in text and text.count("mean(") == 1 and "broadcast_to(1.0" not in text


def test_options_that_say_nothing_are_left_out():
    def f(x):
        return np.sum(x, axis=None, keepdims=False), np.max(x, axis=0, keepdims=False), np.mean(x, keepdims=True)

    assert operations(text_of(simplify, f, M))[:3] == ["sum(x)", "max(x, axis=0)", "mean(x, keepdims=True)"]
    stays(simplify, f, M, written=False)
