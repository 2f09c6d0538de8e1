"""What loops over entries of arrays become: windows that slide (`carried`), and what is cleared after them (`cleared`)."""

import random
import sys

import numpy as np
import pytest
from passes.programs import inputs, lowered, ours, run, same
from passes.test_arithmetic import _made
from passes.test_passes import close, programs

from adjoint import grad, ir, runtime
from adjoint.passes import carried, cleared, scatters, simplify, tidied
from adjoint.testing import assert_same, check_grads

X = np.linspace(0.3, 1.7, 12)


def touches(function):
    """How often a loop's body reads, writes and adds to entries, all loops together."""
    names = {"getitem": 0, "array_set": 0, "index_add": 0}

    def visit(block, inside):
        for s in block.stmts:
            if inside and isinstance(s, ir.Apply) and s.fn.__name__ in names:
                names[s.fn.__name__] += 1
            for inner in ir.blocks(s):
                visit(inner, True)

    visit(function.body, False)
    return tuple(names.values())


def means_the_same(transform, fun, *args):
    """The program, and what the pass makes of it: the results are the same to the bit."""
    before = ours(lowered(fun, *args))
    after = ir.check(transform(before))
    values = inputs(before, fun, args)
    assert same(run(after, values), run(before, values)), ir.show(after)
    return before, after


def becomes(transform, fun, *args, touched):
    _, after = means_the_same(transform, fun, *args)
    assert touches(after) == touched, ir.show(after)


def stays(transform, fun, *args):
    before, after = means_the_same(transform, fun, *args)
    assert ir.show(after) == ir.show(before)


# --- carried --------------------------------------------------------------------------------------


def stencil(g, y):
    g = g.copy()
    for i in range(1, 11):
        g[i + 1] += y[i]
        g[i - 1] += y[i] * 0.5
        g[i] += y[i] - 2.0
    return g


def stencil_downwards(g, y):
    g = g.copy()
    for i in range(10, 0, -1):
        g[i - 1] += y[i]
        g[i + 1] += y[i] * 0.5
        g[i] += y[i] - 2.0
    return g


def in_place(g, y):
    g = g.copy()
    left = 0.0
    for i in range(1, 11):
        here = g[i]
        g[i] = left + here - 2.0 * y[0] * here
        g[i - 1] += here
        left = here
    return g


def with_a_gap(g, y):
    g = g.copy()
    for i in range(3, 12):
        g[i] += y[i]
        g[i - 3] += y[i] * 0.5
    return g


def in_two_dimensions(h, y):
    h = h.copy()
    for i in range(1, 5):
        for j in range(1, 5):
            h[i, j - 1] += y[j]
            h[i, j + 1] += y[i]
            h[i - 1, j] += y[0]
            h[i + 1, j] -= y[1]
            h[i, j] = h[i, j] * 0.5
    return h


def test_windows_slide():
    becomes(carried, stencil, X, X, touched=(3 + 1, 1, 0))  # y[i], three times, and the entry that comes in
    becomes(carried, stencil_downwards, X, X, touched=(3 + 1, 1, 0))
    becomes(carried, in_place, X, X, touched=(1 + 1, 1, 0))
    becomes(carried, with_a_gap, X, X, touched=(2 + 1, 1, 0))
    becomes(carried, in_two_dimensions, np.arange(36.0).reshape(6, 6), X, touched=(4 + 5, 3, 2))
    becomes(carried, stencil, X * (1 + 2j), X, touched=(3 + 1, 1, 0))


def test_the_same_loop_in_other_places():
    def reads_afterwards(g, y):
        g = g.copy()
        before = g
        h = g.copy()
        for i in range(1, 11):
            h[i] += y[i]
            h[i - 1] += y[i]
        return before + h

    def in_a_loop(g, y):
        g = g.copy()
        for _ in range(len(y)):
            for i in range(1, 11):
                g[i] += y[i]
                g[i - 1] += g[i]
        return g

    def reads_what_was(g, y):
        g = g.copy()
        for i in range(1, 11):
            old = g[i + 1]
            g[i + 1] = y[i] * old
            g[i] += g[i + 1] * old
        return g

    for fun in (reads_afterwards, in_a_loop, reads_what_was):
        before, after = means_the_same(carried, fun, X, X)
        assert touches(after) < touches(before)


def test_windows_that_do_not():
    def reads_the_whole(g, y):
        g = g.copy()
        for i in range(1, 11):
            g[i] += np.sum(g)
            g[i - 1] += y[i]
        return g

    def from_the_end(g, y):
        g = g.copy()
        for i in range(11):
            g[i] += y[i]
            g[i - 1] += y[i]
        return g

    def one_fixed_entry(g, y):
        g = g.copy()
        for i in range(1, 11):
            g[i] += y[i]
            g[i - 1] += g[3]
        return g

    def in_a_branch(g, y):
        g = g.copy()
        for i in range(1, 11):
            g[i] += y[i]
            if y[i] > 1.0:
                g[i - 1] += y[i]
        return g

    def two_steps(g, y):
        g = g.copy()
        for i in range(1, 11, 2):
            g[i] += y[i]
            g[i - 1] += y[i]
        return g

    def scaled(g, y):
        g = g.copy()
        for i in range(1, 6):
            g[2 * i] += y[i]
            g[2 * i - 1] += y[i]
        return g

    def until(g, y):
        g = g.copy()
        for i in range(1, 11):
            g[i] += y[i]
            g[i - 1] += y[i]
            if y[i] > 1.0:
                break
        return g

    def both_kept(g, y):
        g = g.copy()
        kept = []
        for i in range(1, 11):
            g[i] += y[i]
            kept.append(g.copy())
            g[i - 1] += y[i]
        return sum(kept)

    def diagonal(h, y):
        h = h.copy()
        for i in range(1, 5):
            h[i, i] += y[i]
            h[i, i - 1] += y[i]
        return h

    def one_row_or_two(h, y):
        h = h.copy()
        for i in range(5):
            for k in range(3):
                for j in range(1, 5):
                    h[i, j] += y[j]
                    h[i, j - 1] += y[i]
                    h[k, j] *= 2.0
        return h

    def rows(h, y):
        h = h.copy()
        for i in range(1, 6):
            h[i] += y[:6]
            h[i - 1] += y[i]
        return h

    for fun in (reads_the_whole, from_the_end, one_fixed_entry, in_a_branch, two_steps, scaled, until, both_kept):
        stays(carried, fun, X, X)
    for fun in (diagonal, one_row_or_two, rows):
        stays(carried, fun, np.arange(36.0).reshape(6, 6), X)
    stays(carried, stencil, X.astype(np.float32), X.astype(np.float32))  # a Python number has more digits

    def unknown(g, y, n):
        g = g.copy()
        for i in range(1, n):
            g[i] += y[i]
            g[i - 1] += y[i]
        return g

    stays(carried, unknown, X, X, 11)

    def outside(g, y):
        g = g.copy()
        for i in range(1, 13):
            g[i] += y[0]
            g[i - 1] += y[0]
        return g

    program = lowered(outside, X, X)
    assert ir.show(carried(ours(program))) == ir.show(ours(program))


def test_what_the_user_wrote_stays():
    program = lowered(stencil, X, X)
    assert carried(program).body.stmts[-1].body.stmts == program.body.stmts[-1].body.stmts


# --- cleared --------------------------------------------------------------------------------------


def cleared_in_a_loop(g, y):
    g, s = g.copy(), 0.0
    for i in range(1, 11):
        s += g[i] * y[i]
        g[i] = 0.0
    return g, s


def all_of_it(g, y):
    g, s = g.copy(), 0.0
    for i in range(11, -1, -1):
        s += g[i] * y[i]
        g[i] = 1.0
    return g, s


def in_a_nest(h, y):
    h, s = h.copy(), 0.0
    for i in range(1, 5):
        for j in range(5):
            s += h[i, j + 1] * y[j]
            h[i, j + 1] = 0.0
    return h, s


def ahead(g, y):
    g, s = g.copy(), 0.0
    for i in range(10, 0, -1):
        s = s * g[i] + g[i - 1] * y[i]
        g[i] = 0.0
    return g, s


def test_what_is_cleared_entry_by_entry_is_cleared_after():
    becomes(cleared, cleared_in_a_loop, X, X, touched=(2, 0, 0))
    becomes(cleared, all_of_it, X, X, touched=(2, 0, 0))
    becomes(cleared, ahead, X, X, touched=(3, 0, 0))
    _, after = means_the_same(cleared, in_a_nest, np.arange(36.0).reshape(6, 6), X)
    assert touches(after) == (2, 0, 0)
    assert "array_set(h_2, (slice(1, 5, None), slice(1, 6, None)), 0.0)" in ir.show(after)
    assert "slice(None, None, None), 1.0)" in ir.show(cleared(ours(lowered(all_of_it, X, X))))


def test_what_is_not():
    def reads_the_one_before(g, y):
        g, s = g.copy(), 0.0
        for i in range(1, 11):
            s += g[i - 1] * y[i]
            g[i] = 0.0
        return g, s

    def from_behind(g, y):
        g, s = g.copy(), 0.0
        for i in range(10, -1, -1):
            s += g[i - 1] * y[i]
            g[i] = 0.0
        return g, s

    def reads_it_cleared(g, y):
        g, s = g.copy(), 0.0
        for i in range(1, 11):
            g[i] = 0.0
            s += g[i]
        return g, s

    def reads_the_whole(g, y):
        g, s = g.copy(), 0.0
        for i in range(1, 11):
            s += np.sum(g)
            g[i] = 0.0
        return g, s

    def from_the_end(g, y):
        g, s = g.copy(), 0.0
        for i in range(11):
            s += g[i - 1] * y[i]
            g[i - 1] = 0.0
        return g, s

    def in_a_branch(g, y):
        g, s = g.copy(), 0.0
        for i in range(11):
            s += g[i]
            if s > 2.0:
                g[i] = 0.0
        return g, s

    def different(g, y):
        g, s = g.copy(), 0.0
        for i in range(11):
            s += g[i]
            g[i] = y[i]
        return g, s

    def twice(g, y):
        g, s = g.copy(), 0.0
        for i in range(11):
            s += g[i]
            g[i] = 0.0
            g[0] = 2.0
        return g, s

    def until(g, y):
        g, s = g.copy(), 0.0
        for i in range(11):
            s += g[i]
            g[i] = 0.0
            if s > 2.0:
                break
        return g, s

    def columns(h, y):
        h, s = h.copy(), 0.0
        for i in range(5):
            for j in range(5):
                s += h[j, i] * y[j]
                h[i, j] = 0.0
        return h, s

    around = reads_the_one_before, from_behind, reads_the_whole, from_the_end
    for fun in (*around, reads_it_cleared, in_a_branch, different, twice, until):
        stays(cleared, fun, X, X)
    stays(cleared, columns, np.arange(36.0).reshape(6, 6), X)


def test_a_recurrence_adds_to_what_is_not_cleared_yet():
    def recurrence(g, y):
        g = g.copy()
        for i in range(10, 0, -1):
            w = g[i]
            g[i] = 0.0
            g = runtime.index_add(g, i - 1, w * y[i])
        return g

    becomes(cleared, recurrence, X, X, touched=(2, 0, 1))

    def added_before(g, y):
        g = g.copy()
        for i in range(10):
            g = runtime.index_add(g, i, y[i])
            w = g[i]
            g[i] = 0.0
            g = runtime.index_add(g, i + 2, w)
        return g

    becomes(cleared, added_before, X, X, touched=(2, 0, 2))

    def behind(g, y):
        g = g.copy()
        for i in range(10, 0, -1):
            w = g[i]
            g[i] = 0.0
            g = runtime.index_add(g, i + 1, w * y[i])
        return g

    def to_what_it_has_cleared(g, y):
        g = g.copy()
        for i in range(10, 0, -1):
            w = g[i]
            g[i] = 0.0
            g = runtime.index_add(g, i, w * y[i])
        return g

    def with_itself(g, y):
        g = g.copy()
        for i in range(10, 0, -1):
            g[i] = 0.0
            g = runtime.index_add(g, i - 1, np.sum(g))
        return g

    def read_after(g, y):
        g, s = g.copy(), 0.0
        for i in range(10, 0, -1):
            g[i] = 0.0
            g = runtime.index_add(g, i - 1, y[i])
            s += g[i]
        return g, s

    for fun in (behind, to_what_it_has_cleared, with_itself, read_after):
        stays(cleared, fun, X, X)


@pytest.mark.parametrize("seed", range(0, 200, 50))
def test_random_recurrences(seed):
    """What is read, cleared and added to, in any order, at places near each other."""
    changed = 0
    for k in range(seed, seed + 50):
        rng = random.Random(k)
        lines = [
            rng.choice(["s = s * 0.5 + g[i + {}]", f"g = runtime.index_add(g, i + {{}}, {rng.choice(['s', 'y[i]'])})"]).format(n)
            for n in (rng.randint(-2, 2) for _ in range(rng.randint(1, 3)))
        ]
        lines.insert(rng.randint(0, len(lines)), f"g[i + {rng.choice([0, 0, 1])}] = 0.0")
        span = rng.choice(["range(8, 2, -1)", "range(3, 9)"])
        head = ["def f(g, y):", "    g, s = g.copy(), 1.0", f"    for i in {span}:"]
        fun = _made("\n".join([*head, *(f"        {line}" for line in lines), "    return g, s"]))
        before, after = means_the_same(cleared, fun, X, X)
        changed += ir.show(after) != ir.show(before)
    assert changed


def test_a_clearing_that_nobody_sees_is_left_out():
    def smoothed(x, a):
        y = np.empty_like(x)
        y[0] = x[0]
        for t in range(1, len(x)):
            y[t] = a * x[t] + (1 - a) * y[t - 1]
        return np.sum(y**2)

    check_grads(smoothed, (X, 0.3), modes=("rev", "fwd"))
    assert "= 0.0" not in grad(smoothed).source_for(X, 0.3)

    def seen(x, a):
        y = np.zeros(12)
        for t in range(1, len(x)):
            y[t] = a * x[t] + (1 - a) * y[t - 1]
            x = x * y[t]
        return np.sum(y**2) + np.sum(x)

    check_grads(seen, (X, 0.3), modes=("rev", "fwd"))


# --- random loops ---------------------------------------------------------------------------------


def program(seed):
    """A loop over entries of a vector and a matrix: most of what it does slides, some does not."""
    rng = random.Random(seed)
    up = rng.random() < 0.5
    head = "range(2, 9)" if up else rng.choice(["range(8, 1, -1)", "reversed(range(2, 9))"])
    lines = ["def f(g, h, y):", "    g, h, s, t = g.copy(), h.copy(), 0.0, 1.0"]
    depth = "    "
    if rng.random() < 0.6:
        lines.append(f"{depth}for k in range({rng.choice([1, 2, 3])}, {rng.choice([4, 6])}):")
        depth += "    "
    else:
        lines.append(f"{depth}k = {rng.choice([0, 2, 5])}")
    lines.append(f"{depth}for i in {head}:")
    inner = depth + "    "
    offsets = rng.sample([" - 2", " - 1", "", " + 1", " + 2"], rng.choice([1, 2, 2, 3]))
    row = rng.choice(["k", "k - 1", "2"])

    def entry():
        if rng.random() < 0.65:
            return f"g[i{rng.choice(offsets)}]"
        if rng.random() < 0.8:
            return f"h[{row}, i{rng.choice(offsets)}]"
        return rng.choice(["h[k, i]", "h[k + 1, i]", "h[i, k]", "g[k]", "g[-i]", "h[k - 1, i - 1]"])

    def value():
        return rng.choice([entry(), "y[i]", "s", "t", "2.5", f"{entry()} * 0.5", f"(y[i] - {entry()})", "0.0"])

    for _ in range(rng.randrange(2, 7)):
        kind = rng.random()
        if kind < 0.4:
            lines.append(f"{inner}{entry()} += {value()}")
        elif kind < 0.6:
            lines.append(f"{inner}{entry()} = {value()}")
        elif kind < 0.75:
            lines.append(f"{inner}{rng.choice('st')} = {value()} * 0.25 + {value()}")
        elif kind < 0.9:
            lines.append(f"{inner}{entry()} = 0.0")
        else:
            lines += [f"{inner}if {value()} > 0.7:", f"{inner}    {rng.choice(['s = t', f'{entry()} += 1.5'])}"]
    return "\n".join([*lines, "    return g, h, s, t"]) + "\n"


@pytest.fixture
def however_short(monkeypatch):
    monkeypatch.setattr(sys.modules["adjoint.passes.carried"], "SHORTEST", 1)


ARGS = (np.linspace(-1.0, 2.0, 11), np.sin(np.arange(121.0)).reshape(11, 11), np.cos(np.arange(11.0)))


@pytest.mark.parametrize("seed", range(0, 400, 50))
def test_random_loops_keep_their_meaning(seed, however_short):
    for k in range(seed, seed + 50):
        fun = _made(program(k))
        for transform in (carried, cleared, lambda p: simplify(carried(cleared(p)))):
            means_the_same(transform, fun, *ARGS)


def test_random_loops_slide(however_short):
    found = {carried: 0, cleared: 0}
    for seed in range(300):
        before = ours(lowered(_made(program(seed)), *ARGS))
        for transform in found:
            found[transform] += ir.show(transform(before)) != ir.show(before)
    assert found[carried] > 50 and found[cleared] > 10, found


@pytest.mark.parametrize("seed", range(0, 100, 20))
def test_gradients_of_random_loops(seed, however_short, monkeypatch):
    """With every pass that a compiler's program goes through."""
    monkeypatch.setattr("adjoint.dispatch.optimised", tidied)
    for k in range(seed, seed + 20):
        inner = _made(program(k))

        def fun(g, h, y, inner=inner):
            g, h, s, t = inner(g, h, y)
            return np.sum(np.sin(g)) + np.sum(h * h) + s * t

        with np.errstate(all="ignore"):
            found = grad(fun, (0, 1, 2))(*ARGS)
            assert_same(found, grad(fun, (0, 1, 2), optimize=False)(*ARGS), rtol=1e-9, atol=1e-9)


def test_gradients_of_the_corpus(however_short):
    for case, _, gradient, _, values, expected in programs():
        for transform in (carried, cleared):
            after = run(ir.check(transform(gradient)), values)
            assert all(close(a, b) for a, b in zip(after, expected, strict=True)), case


# --- what was just written ------------------------------------------------------------------------


def test_an_entry_that_was_just_written_is_not_read():
    def f(g, y):
        g, v = g.copy(), y[2] * 2.0
        g[3] = v
        g[4] += 1.0
        return g, g[3]

    def perhaps_elsewhere(g, y, k=3):
        g = g.copy()
        g[3] = y[2] * 2.0
        g[k] = 5.0
        return g, g[3]

    def python_number(g, y):
        g = g.copy()
        g[3] = 2.0
        return g, g[3]

    _, after = means_the_same(scatters, f, X, X)
    assert "getitem(g_" not in ir.show(after)
    for fun in (perhaps_elsewhere, python_number):
        _, after = means_the_same(scatters, fun, X, X)
        assert "getitem(g_" in ir.show(after)
