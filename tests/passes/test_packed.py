"""Like operations on small arrays that are done as one: where, where not, and that the numbers stay, for random bodies too."""

import random

import numpy as np
import pytest
from passes.test_arithmetic import _made
from passes.test_fission import body_of

from adjoint import grad, hvp, jvp, value_and_grad, vjp
from adjoint.testing import assert_same, check_grads, numerical_gradient

RNG = np.random.default_rng(1)


def normal(*shape):
    return 0.5 * RNG.normal(size=shape)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def rows(W, U, b, xs):
    h = np.zeros(W.shape[1])
    loss = 0.0
    for x in xs:
        forget = sigmoid(x * W[0] + h * U[0] + b[0])
        enter = sigmoid(x * W[1] + h * U[1] + b[1])
        h = forget * h + enter * np.tanh(x * W[2] + h * U[2] + b[2])
        loss += np.sum(h * h)
    return loss


def layers(W, b, h, c, xs):
    """Cells written in place; what the gates read differs from gate to gate."""
    h, c = h.copy(), c.copy()
    loss = 0.0
    for t in range(len(xs) - 1):
        x = xs[t] * 0.7
        for k in range(len(W)):
            forget = sigmoid(x * W[k, 0] + b[k, 0])
            enter = sigmoid(h[k] * W[k, 1] + b[k, 1])
            leave = sigmoid(x * W[k, 2] + b[k, 2])
            change = np.tanh(h[k] * W[k, 3] + b[k, 3])
            c[k] = c[k] * forget + enter * change
            h[k] = leave * np.tanh(c[k])
            x = h[k].copy()
        loss += np.sum(x * xs[t + 1])
    return loss


def matrices(Wf, Wi, Wo, Wg, bf, bi, bo, bg, xs):
    h, c = np.zeros(len(bf)), np.zeros(len(bf))
    for x in xs:
        v = np.concatenate([h, x])
        f, i, o = sigmoid(Wf @ v + bf), sigmoid(Wi @ v + bi), sigmoid(Wo @ v + bo)
        c = f * c + i * np.tanh(Wg @ v + bg)
        h = o * np.tanh(c)
    return np.sum(h * c)


def parts(W, b, xs):
    n = len(b) // 4
    h, c = np.zeros(n), np.zeros(n)
    loss = 0.0
    for x in xs:
        z = W @ np.concatenate([h, x]) + b
        c = sigmoid(z[:n]) * c + sigmoid(z[n : 2 * n]) * np.tanh(z[3 * n :])
        h = sigmoid(z[2 * n : 3 * n]) * np.tanh(c)
        loss += np.sum(h)
    return loss


def gru(Wz, Uz, bz, Wr, Ur, br, Wh, Uh, bh, xs):
    h = np.zeros(len(bz))
    for x in xs:
        z, r = sigmoid(Wz @ x + Uz @ h + bz), sigmoid(Wr @ x + Ur @ h + br)
        h = (1.0 - z) * h + z * np.tanh(Wh @ x + Uh @ (r * h) + bh)
    return np.sum(h * h)


CASES = {
    "rows": (rows, (0, 1, 2), (normal(3, 4), normal(3, 4), normal(3, 4), normal(9, 4))),
    "layers": (layers, (0, 1, 2, 3), (normal(2, 4, 3), normal(2, 4, 3), normal(2, 3), normal(2, 3), normal(12, 3))),
    "matrices": (matrices, tuple(range(8)), (*(normal(3, 5) for _ in range(4)), *(normal(3) for _ in range(4)), normal(12, 2))),
    "parts": (parts, (0, 1), (normal(12, 5), normal(12), normal(12, 2))),
    "gru": (
        gru, tuple(range(9)),
        (*(normal(*s) for _ in range(3) for s in ((3, 2), (3, 3), (3,))), normal(12, 2)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_right(name):
    fun, wrt, args = CASES[name]
    check_grads(fun, args, wrt=wrt)
    kept = [a.copy() for a in args]
    value, found = value_and_grad(fun, wrt)(*args)
    assert_same(list(args), kept)
    assert_same(value, fun(*args), rtol=1e-13)
    assert_same(found, grad(fun, wrt, optimize=False)(*args), rtol=1e-10, atol=1e-12)
    short = (*args[:-1], args[-1][:1])
    assert_same(grad(fun, 0)(*short), numerical_gradient(fun, short, 0), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_derivatives_of_gradients_and_pullbacks_are_right(name):
    fun, wrt, args = CASES[name]
    v, u = (np.cos(np.arange(args[0].size, dtype=float) * k).reshape(args[0].shape) for k in (1, 2))
    along = lambda t: float(np.sum(grad(fun, 0)(args[0] + t * u, *args[1:]) * v))
    assert_same(np.sum(hvp(fun, 0)(*args, v) * u), numerical_gradient(along, (0.0,), 0), rtol=1e-5, atol=1e-7)
    _, along = jvp(lambda a: fun(a, *args[1:]), (args[0],), (v,))
    assert_same(along, np.sum(grad(fun, 0)(*args) * v), rtol=1e-9, atol=1e-11)
    twice_over = lambda *a: sum(np.sum(g * g) for g in grad(fun, wrt)(*a))
    assert_same(grad(twice_over, wrt)(*args), grad(twice_over, wrt, optimize=False)(*args), rtol=1e-8, atol=1e-9)
    _, pullback = vjp(fun, *args)
    for once, twice, g in zip(pullback(1.0), pullback(2.0), grad(fun, wrt)(*args), strict=False):
        assert_same(once, g, rtol=1e-11)
        assert_same(twice, 2.0 * g, rtol=1e-11)


def forward_sweep(name):
    fun, wrt, args = CASES[name]
    return grad(fun, wrt).source_for(*args).split("# reverse sweep")[0]


def test_rows_side_by_side_are_one_operand():
    source = forward_sweep("layers")
    assert "np.array([x, w1, x, w1]) * W[k]" in source
    assert "+ b[k]" in source
    assert source.count("np.exp(") == 1
    assert "forget = " in source


def test_what_does_not_change_is_stacked_before_the_loop():
    source = forward_sweep("matrices")
    before, inside = source.split("    for ")
    assert "np.array([Wf, Wi, Wo, Wg])" in before
    assert "np.array([bf, bi, bo, bg])" in before
    assert inside.count(" @ ") == 1
    assert inside.count("np.exp(") == 1


def test_parts_of_a_vector_are_rows():
    source = forward_sweep("parts")
    assert source.count("np.exp(") == 1
    assert "np.reshape(" in source


def test_rows_that_are_recorded_are_recorded_together():
    fun, wrt, args = CASES["layers"]
    source = grad(fun, wrt).source_for(*args)
    body = body_of(source, "for ")
    assert sum(".append(" in line for line in body) == 1, body
    assert "np.stack([" in source or "np.stack(w" in source  # what the reverse sweep multiplies with, before its loops


def test_a_loop_goes_back_over_what_is_recorded_together():
    """How often the loop is run is not known: nothing is moved out of it."""

    def gated(w, b, x, n):
        for _ in range(n):
            f, i, o = sigmoid(x * w[0] + b[0]), sigmoid(x * w[1] + b[1]), sigmoid(x * w[2] + b[2])
            x = f * x + i * o
        return np.sum(x * x)

    w, b, x = normal(3, 4), normal(3, 4), normal(4)
    source = grad(gated, (0, 1, 2)).source_for(w, b, x, 9)
    tapes = [line for line in source.splitlines() if "_tape = []" in line]
    assert len(tapes) == 2, source  # of x, and of the gates
    for n in (0, 1, 9):
        for i in range(3):
            assert_same(grad(gated, i)(w, b, x, n), numerical_gradient(gated, (w, b, x, n), i), rtol=1e-6, atol=1e-8)
    assert_same(hvp(gated, 0)(w, b, x, 9, w), hvp(gated, 0)(w, b, x, 9, 2.0 * w) / 2.0, rtol=1e-10)
    check_grads(gated, (w, b, x, 9), wrt=(0, 1, 2), order=2)


def packed_in(fun, *args, wrt=0):
    source = grad(fun, wrt).source_for(*args)
    return "np.array([" in source or "np.reshape(" in source or "[0:" in source


# Not packed, each for a reason of its own.


def depends(w, x):
    s = x
    for _ in range(5):
        a = np.sin(s * w[0])
        b = np.sin(a * w[1])
        c = np.sin(b * w[2])
        s = np.tanh(c * w[3])
    return np.sum(s)


def carried(w, x):
    """Each is carried on, one by one."""
    a = b = c = d = x
    for _ in range(5):
        a, b, c, d = np.sin(b * w[0]), np.sin(c * w[1]), np.sin(d * w[2]), np.sin(a * w[3])
    return np.sum(a + b * c - d)


def written(w, x):
    total = 0.0
    for _ in range(5):
        a, b, c, d = np.sin(x * w[0]), np.sin(x * w[1]), np.sin(x * w[2]), np.sin(x * w[3])
        a[0] = 1.0
        b[1] = 2.0
        c[0] = a[1]
        d *= b
        total += np.sum(a * b * c * d)
        x = x + 0.1 * a
    return total


def kept(w, x):
    """A list holds one of them."""
    found = []
    for _ in range(5):
        a, b, c, d = np.sin(x * w[0]), np.sin(x * w[1]), np.sin(x * w[2]), np.sin(x * w[3])
        found.append(b)
        x = x + 0.1 * a * c * d
    return np.sum(np.array(found) ** 2)


def told(w, x):
    said = []
    for k in range(5):
        a, b, c = np.sin(x * w[0]), np.sin(x * w[1]), np.sin(x * w[2])
        if k == 3:
            said.append(float(np.max(b)))
        x = x + 0.1 * a * b * c
    return np.sum(x) + len(said)


def whole_before(w, x):
    """Numbers after `...` are of the last axis."""
    x = x.copy()
    for _ in range(5):
        x[..., 0] **= 2
        a, b, c = np.sin(x * w[..., 0, :]), np.sin(x * w[..., 1, :]), np.sin(x * w[..., 2, :])
        x[:2] = (a * b * c)[:2]
    return np.sum(x)


STAY = {"depends": depends, "carried": carried, "written": written, "kept": kept, "told": told, "whole_before": whole_before}


@pytest.mark.parametrize("name", STAY)
def test_awkward_bodies_are_right(name):
    args = (normal(4, 3), normal(3))
    check_grads(STAY[name], args, wrt=(0, 1))
    found = grad(STAY[name], (0, 1))(*args)
    assert_same(found, grad(STAY[name], (0, 1), optimize=False)(*args), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ["depends", "carried"])
def test_what_needs_each_other_or_is_carried_on_is_not_packed(name):
    assert "np.array([" not in grad(STAY[name]).source_for(normal(4, 3), normal(3)).split("# reverse sweep")[0]


def test_large_arrays_and_few_operations_stay():
    fun, wrt, _ = CASES["rows"]
    assert not packed_in(fun, normal(3, 900), normal(3, 900), normal(3, 900), normal(9, 900), wrt=wrt)

    def few(w, x):
        for _ in range(9):
            x = np.sin(x * w[0]) + np.cos(x * w[1])
        return np.sum(x)

    assert not packed_in(few, normal(2, 3), normal(3))
    assert_same(grad(few)(normal(2, 3), normal(3)).shape, (2, 3))


def test_other_dtypes_stay_as_they_are():
    fun, wrt, args = CASES["rows"]
    single = [a.astype(np.float32) for a in args]
    assert not packed_in(fun, *single, wrt=wrt)
    for g, wanted in zip(grad(fun, wrt)(*single), grad(fun, wrt)(*args), strict=True):
        assert g.dtype == np.float32
        assert_same(g, wanted.astype(np.float32), rtol=1e-4, atol=1e-5)


def test_a_loop_that_is_not_entered():
    fun, wrt, (*params, xs) = CASES["rows"]
    for g, p in zip(grad(fun, wrt)(*params, xs[:0]), params, strict=True):
        assert_same(g, np.zeros_like(p))

    def counted(w, x, n):
        for _ in range(n):
            a, b, c = np.sin(x * w[0]), np.sin(x * w[1]), np.sin(x * w[2])
            x = a * b + np.tanh(b * c + x)
        return np.sum(x * w[0])

    w, x = normal(3, 4), normal(4)
    for n in (0, 1, 6):
        assert_same(grad(counted, (0, 1))(w, x, n)[0], numerical_gradient(counted, (w, x, n), 0), rtol=1e-6, atol=1e-8)


def test_the_primal_raises_what_it_raised():
    def beyond(w, x, many):
        for k in range(4):
            a, b, c, d = np.sin(x * w[k, 0]), np.sin(x * w[k, 1]), np.sin(x * w[k, 2]), np.sin(x * w[k, 3])
            x = x + a * b * c * d * many[k]
        return np.sum(x)

    w, x = normal(3, 4, 3), normal(3)
    for many in ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0]):
        with pytest.raises(IndexError) as wanted:
            beyond(w, x, many)
        with pytest.raises(IndexError) as found:
            grad(beyond)(w, x, many)
        assert str(found.value).splitlines()[0] == str(wanted.value)


def program(seed):
    """A cell of gates that read rows, parts, vectors and matrices; sometimes written in place, sometimes in layers."""
    rng = random.Random(seed)
    nested = rng.random() < 0.4
    k = "k" if nested else rng.choice(["0", "1"])
    lines = [
        "def sigmoid(z):", "    return 1.0 / (1.0 + np.exp(-z))", "def f(W, M, P, Q, R, b, xs):",
        "    h, c, r = np.zeros(3), b * 0.5, np.ones((2, 3))",
        "    total, seen = 0.0, []",
        f"    for t in range({rng.choice(['12', 'len(xs)', '1'])}):", "        x = xs[t] * 0.5",
        "        z = M @ h + np.concatenate([b, x, b, x])",
    ]
    depth = 2
    if nested:
        lines.append("        for k in range(2):")
        depth = 3

    def put(line):
        lines.append("    " * depth + line)

    order = list(range(4))
    if rng.random() < 0.3:
        rng.shuffle(order)
    vectors = ["x", "h", "c", f"r[{k}]", "b", "x"]
    one = rng.choice(vectors)
    family = rng.choice(["rows", "rows", "parts", "vectors", "matrices", "mixed"])
    fn = rng.choice(["sigmoid({})", "np.sin({})", "np.tanh({})", "({}) * 0.5"])
    gates = []
    for j in order:
        v = one if rng.random() < 0.6 else rng.choice(vectors)
        leaf = {
            "rows": f"{v} * W[{k}, {j}] + W[{rng.choice([k, '1'])}, {j}]", "parts": f"z[{3 * j}:{3 * j + 3}]",
            "vectors": f"{v} * {['P[0]', 'P[1]', 'b', 'P[2]'][j]}", "matrices": f"{'PQRQ'[j]} @ {v} + W[0, {j}]",
            "mixed": f"{v} * W[{k}, {rng.randrange(4)}] - {rng.choice(vectors)}",
        }[family]
        gates.append(f"g{j}")
        put(f"g{j} = {(fn if rng.random() < 0.8 else 'np.cos({})').format(leaf)}")
        if rng.random() < 0.15:
            vectors.append(f"g{j}")
    for _ in range(rng.randrange(4)):
        g = rng.choice(gates)
        put(rng.choice([
            f"{g}[0] = 0.5", f"{g} *= 0.5", f"seen.append({g})", f"r[{k}] = {g}", f"r[{k}] += {g} * x", f"c = {g}",
            f"if np.sum({g}) > 0.3:\n{'    ' * (depth + 1)}{g} = {g} * x", f"total += np.sum({g} * {g})",
        ]))
    put(f"c = np.tanh(c * {rng.choice(gates)} + {rng.choice(gates)} * {rng.choice(gates)})")
    put(f"h = {rng.choice(gates)} * np.tanh(c) - 0.3 * {rng.choice(gates)}")
    if rng.random() < 0.4:
        put(f"total += np.sum({rng.choice(gates)} * {rng.choice(vectors)})")
    lines += ["    for s in seen:", "        total += np.sum(s * s)", "    return total + np.sum(h * c) + np.sum(r * W[0, :2])"]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(40))
def test_random_cells(seed):
    fun = _made(program(seed))
    rng = np.random.default_rng(seed)
    args = tuple(0.5 * rng.normal(size=shape) for shape in ((2, 4, 3), (12, 3), (3, 3), (3, 3), (3, 3), (3,), (12, 3)))
    wrt = (0, 1, 2, 3, 5)
    found = grad(fun, wrt)(*args)
    assert_same(found, grad(fun, wrt, optimize=False)(*args), rtol=1e-9, atol=1e-11)
    assert_same(found[0], numerical_gradient(fun, args, 0), rtol=1e-5, atol=1e-7)
    if seed % 5 == 0:
        over = lambda w: np.sum(grad(fun)(w, *args[1:]) ** 2)
        u = np.cos(np.arange(24.0)).reshape(2, 4, 3)
        wanted = numerical_gradient(lambda t: over(args[0] + t * u), (0.0,), 0)
        assert_same(np.sum(grad(over)(args[0]) * u), wanted, rtol=1e-4, atol=1e-6)


def test_random_cells_are_packed():
    args = tuple(np.ones(shape) for shape in ((2, 4, 3), (12, 3), (3, 3), (3, 3), (3, 3), (3,), (12, 3)))
    sources = [grad(_made(program(seed)), (0, 1, 2, 3, 5)).source_for(*args).split("# reverse sweep")[0] for seed in range(20)]
    assert sum("np.array([" in source or "np.reshape(" in source or "[0:" in source for source in sources) > 5
