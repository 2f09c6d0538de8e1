"""Loops that are cut: what is left in them, and that the numbers stay, for random bodies too."""

import random
import re

import numpy as np
import pytest
from passes.test_arithmetic import _made

from adjoint import grad, hvp, vjp
from adjoint.testing import assert_same, check_grads, numerical_gradient

RNG = np.random.default_rng(0)


def body_of(source, head):
    """The lines inside the last loop that begins so."""
    lines = source.splitlines()
    first = max(i for i, line in enumerate(lines) if line.strip().startswith(head))
    depth = len(lines[first]) - len(lines[first].lstrip())
    inner = []
    for line in lines[first + 1 :]:
        if len(line) - len(line.lstrip()) <= depth:
            break
        inner.append(line.split("  # ")[0].strip())
    return [line for line in inner if line and not line.startswith("#")]


def recurrent(W, U, b, xs):
    h = np.zeros(len(b))
    for t in range(len(xs)):
        h = np.tanh(W @ h + U @ xs[t] + b)
    return np.sum(h * h)


def layered(w, b, h, xs):
    """Two layers, written in place: the gradients of w and b have an axis for the inner loop."""
    h = h.copy()
    total = 0.0
    for t in range(len(xs) - 1):
        x = xs[t] * 0.5
        for k in range(len(w)):
            gate = 1.0 / (1.0 + np.exp(-x * w[k, 2]))
            h[k] = gate * np.tanh(h[k] * w[k, 0] + x * w[k, 1] + b[k])
            x = h[k].copy()
        total += np.sum(x * xs[t + 1])
    return total


def counted(W, b, xs):
    """Its gradient reads what it records, all steps at once and one by one."""
    h = np.zeros(3)
    for t in range(1, len(xs)):
        z = W @ h + xs[t] - xs[t - 1] * b
        h = 1 / (1 + np.exp(-z))
    return np.sum(h**2)


def shifted(w, xs):
    """Rows beside the one that the loop is at."""
    s = np.zeros(3)
    for t in range(1, 11):
        s = np.sin(s + w * xs[t - 1]) + xs[t + 1] * w
    return np.sum(s)


def columns(w, xs):
    s = np.zeros(3)
    for t in range(12):
        s = np.tanh(s + w[:, t] * xs[t])
    return np.sum(s * s)


def normal(*shape):
    return RNG.normal(size=shape)


CASES = {
    "recurrent": (recurrent, (0, 1, 2, 3), (0.3 * normal(3, 3), normal(3, 2), normal(3), normal(12, 2))),
    "layered": (layered, (0, 1, 2, 3), (normal(2, 3, 3), normal(2, 3), normal(2, 3), normal(40, 3))),
    "shifted": (shifted, (0, 1), (normal(3), normal(12, 3))),
    "columns": (columns, (0, 1), (normal(3, 12), normal(12, 3))),
    "counted": (counted, (0, 1, 2), (normal(3, 3), normal(3), normal(5, 3))),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_right(name):
    fun, wrt, args = CASES[name]
    check_grads(fun, args, wrt=wrt)
    kept = [a.copy() for a in args]
    found = grad(fun, wrt)(*args)
    assert_same(list(args), kept)
    assert_same(found, grad(fun, wrt, optimize=False)(*args), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_derivatives_of_gradients_and_pullbacks_are_right(name):
    fun, wrt, args = CASES[name]
    v = np.cos(np.arange(args[0].size, dtype=float)).reshape(args[0].shape)
    wanted = numerical_gradient(lambda a: float(np.sum(grad(fun, 0)(a, *args[1:]) * v)), (args[0],), 0)
    assert_same(hvp(fun, 0)(*args, v), wanted, rtol=1e-5, atol=1e-7)
    check_grads(fun, args, wrt=wrt, order=2)
    twice_over = lambda *a: sum(np.sum(g * g) for g in grad(fun, wrt)(*a))
    assert_same(grad(twice_over, wrt)(*args), grad(twice_over, wrt, optimize=False)(*args), rtol=1e-8, atol=1e-9)
    _, pullback = vjp(fun, *args)
    for once, twice, g in zip(pullback(1.0), pullback(2.0), grad(fun, wrt)(*args), strict=False):
        assert_same(once, g, rtol=1e-12)
        assert_same(twice, 2.0 * g, rtol=1e-12)


def test_a_sum_of_outer_products_is_a_sum_of_products_of_matrices():
    fun, _, args = CASES["recurrent"]
    source = hvp(fun, 0).tangent.stage("source", *args)
    assert "outer" not in source
    assert source.count(".T @") == 2


def test_only_the_recurrence_stays_in_the_loop():
    fun, _, args = CASES["recurrent"]
    source = grad(fun, (0, 1, 2)).source_for(*args)
    body = body_of(source, "for ")
    assert len(body) == 3, body
    assert "outer" not in source
    assert sum("@" in line for line in body) == 1
    assert source.count(".T @") == 2


def test_inner_loops_are_cut_with_those_around():
    fun, _, args = CASES["layered"]
    source = grad(fun, (0, 1)).source_for(*args)
    assert not any(word in line for line in body_of(source, "for ") for word in ("w_bar[", "b_bar[", "1.0 -", "np.array"))
    assert "b_bar = np.sum(" in source
    assert "x_all = np.array(x_tape_tape)" in source  # called after what is in it
    assert "_bar_all * x_all, axis=0)" in source
    assert "w_bar[:, 0] += np.sum(" in source


def test_tapes_that_are_made_from_others_are_not_recorded():
    fun, _, args = CASES["layered"]
    source = grad(fun, (0, 1)).source_for(*args)
    assert "gate_tape" not in source
    assert "np.exp(" in source.split("reverse sweep")[-1]
    assert "x_tape_tape" in source

    def through_a_write(w, xs):
        y = np.zeros((2, 3))
        total = 0.0
        for t in range(30):
            for k in range(2):
                y[k] = np.sin(w[k] * xs[t]) + np.tanh(y[k])
                total += np.sum(np.exp(y[k] * w[k]) * np.tanh(y[k]))
        return total + np.sum(y)

    def changes_before_it_is_read(w, xs):
        y = np.zeros(3)
        total = 0.0
        for t in range(30):
            y = y + xs[t] * w
            z = np.sin(y * w)
            y = np.tanh(y + z)
            total += np.sum(np.exp(z * y) * w)
        return total

    for fun in (through_a_write, changes_before_it_is_read):
        w, xs = (normal(2, 3), normal(30, 3)) if fun is through_a_write else (normal(3), normal(30, 3))
        found = grad(fun, (0, 1))(w, xs)
        assert_same(found, grad(fun, (0, 1), optimize=False)(w, xs), rtol=1e-9, atol=1e-11)


def test_large_outer_products_are_summed_without_being_kept():
    def with_a_fixed_vector(W, x, b):
        s = np.zeros(len(b))
        for _ in range(12):
            s = np.tanh(W @ x + s * b)
        return np.sum(s)

    def read_again(W, x, b):
        s = b * 1.0
        for _ in range(12):
            s = np.tanh(W @ (s * x))
            W = 0.5 * W
        return np.sum(s)

    wide = 40
    args = (normal(wide, wide) / wide, normal(wide), normal(wide))
    for fun in (with_a_fixed_vector, read_again):
        source = grad(fun, (0, 1, 2)).source_for(*args)
        assert "outer(" not in "".join(line for line in source.splitlines() if "_tape" in line)
        assert_same(grad(fun, (0, 1, 2))(*args), grad(fun, (0, 1, 2), optimize=False)(*args), rtol=1e-9, atol=1e-11)
    fixed = grad(with_a_fixed_vector, 0).source_for(*args)
    assert not any("outer" in line for line in body_of(fixed, "for "))
    assert fixed.count("outer(") == 1


def test_an_item_of_a_list_has_no_axis_for_the_steps():
    def f(v, w):
        ws = [w * i for i in range(5)]
        total = 0.0
        s = np.zeros(3)
        for t in range(20):
            total = total + np.sum(np.sin(v) * ws[2])
            s = np.tanh(s + v * ws[2])
        return total + np.sum(s)

    v, w = normal(3), normal(3)
    found = grad(f, (0, 1))(v, w)
    assert_same(found, grad(f, (0, 1), optimize=False)(v, w), rtol=1e-9, atol=1e-11)
    assert_same(found[0], numerical_gradient(f, (v, w), 0), rtol=1e-6, atol=1e-8)


def test_tapes_of_several_loops_are_made_again():
    def f(w, xs):
        s, total = w * 1.0, 0.0
        for t in range(20):
            z = np.tanh(s * w)
            s = np.sin(z + xs[t])
            total += np.sum(z * s * z)
        for t in range(15):
            u = np.tanh(s * w)
            s = np.sin(u + xs[t])
            total += np.sum(u * s * u)
        return total

    w, xs = normal(3), normal(20, 3)
    source = grad(f, (0, 1)).source_for(w, xs)
    assert "z_tape" not in source
    assert "u_tape" not in source
    assert "z_all = np.tanh(s_all * w)" in source  # named after what they are all of
    assert_same(grad(f, (0, 1))(w, xs), grad(f, (0, 1), optimize=False)(w, xs), rtol=1e-9, atol=1e-11)


def test_tapes_of_masks_and_single_precision_keep_their_dtype():
    def f(w, xs):
        s, total = np.zeros(3), 0.0
        for t in range(20):
            mask, single = s > 0.1, (s * 2.0).astype(np.float32)
            z = np.sin(mask * w + s) + single * w
            s = np.tanh(z * mask + xs[t] * s + w)
            total += np.sum(z * s * mask)
        return np.sum(s) + total

    w, xs = normal(3), normal(20, 3)
    assert_same(grad(f, (0, 1))(w, xs), grad(f, (0, 1), optimize=False)(w, xs), rtol=1e-6, atol=1e-7)


def test_loops_that_stay():
    fun, wrt, (W, U, b, xs) = CASES["recurrent"]
    short = grad(fun, wrt).source_for(W, U, b, xs[:1])
    assert "np.array(" not in short  # nothing is gained in one step
    wide = 600
    large = (np.zeros((wide, wide)), np.zeros((wide, 2)), np.zeros(wide), xs)
    assert "1.0 - h * h" in "".join(body_of(grad(fun, 2).source_for(*large), "for "))  # large enough as it is

    def unknown(w, n):
        s = np.zeros(3)
        for _ in range(n):
            s = np.tanh(s + w)
        return np.sum(s)

    w = np.array([0.1, -0.2, 0.3])
    assert "np.array(" not in grad(unknown).source_for(w, 20)  # it may take no step at all
    assert_same(grad(unknown)(w, 0), np.zeros(3))
    assert_same(grad(unknown)(w, 20), numerical_gradient(unknown, (w, 20), 0), rtol=1e-6, atol=1e-8)


def program(seed):
    """A loop over rows with a few carries, some of which only collect; sometimes with a loop inside."""
    rng = random.Random(seed)
    values = ["s", "r", "w", "xs[t]", "xs[t + 1]", "m[1]", "v"]
    unary = ["np.sin({})", "np.tanh({})", "np.exp(-{} * {})", "{} * {}", "({} + {})", "({} - 0.5 * {})", "{} / (2.0 + {} * {})"]

    def term(names):
        form = rng.choice(unary)
        return form.format(*(rng.choice(names) for _ in range(form.count("{}"))))

    lines = ["def f(w, m, xs):", "    s = w * 1.0", "    r = np.zeros(3)", "    total = 0.0", "    h = m.copy()", "    v = w + 1.0"]
    lines.append(f"    for t in range({rng.choice(['11', 'len(xs) - 1', '1, 11'])}):")
    for _ in range(rng.randrange(2, 5)):
        target = rng.choice(["s", "s", "r", "v"])
        lines.append(f"        {target} = np.tanh({term(values)} + {rng.choice(values)})")
    if rng.random() < 0.5:
        lines.append("        for k in range(2):")
        lines.append(f"            h[k] = np.tanh({term([*values, 'h[k]', 'm[k]'])} + 0.5 * h[k])")
        if rng.random() < 0.5:
            lines.append(f"            s = s + 0.1 * h[k] * {rng.choice(values)}")
    if rng.random() < 0.5:
        lines.append(f"        s = np.tanh(np.outer({rng.choice(values)}, w) @ s)")
    if rng.random() < 0.3:
        lines += ["        if total > 0.3:", f"            s = s - 0.1 * {term(values)}"]
    lines.append(f"        total += np.sum({term(values)})")
    lines.append("    return total + np.sum(s * r) + np.sum(v) + np.sum(h * h)")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("seed", range(60))
def test_random_loops(seed):
    fun = _made(program(seed))
    rng = np.random.default_rng(seed)
    args = (0.5 * rng.normal(size=3), 0.5 * rng.normal(size=(2, 3)), 0.5 * rng.normal(size=(12, 3)))
    found = grad(fun, (0, 1, 2))(*args)
    assert_same(found, grad(fun, (0, 1, 2), optimize=False)(*args), rtol=1e-9, atol=1e-11)

    def again(w, m, xs):
        return sum(np.sum(g * g) for g in grad(fun, (0, 1, 2))(w, m, xs))

    assert_same(
        grad(again, (0, 1, 2))(*args), grad(again, (0, 1, 2), optimize=False)(*args), rtol=1e-8, atol=1e-9
    )


def test_random_loops_are_cut():
    args = (np.ones(3), np.ones((2, 3)), np.ones((12, 3)))
    sources = [grad(_made(program(seed)), (0, 1, 2)).source_for(*args) for seed in range(60)]
    assert sum("np.array(" in source.split("reverse sweep")[-1] for source in sources) > 40
    again = [source for source in sources if re.search(r" = np.(tanh|sin|exp)", source.split("reverse sweep")[-1])]
    assert len(again) > 10
