"""Arrays made from lists that a loop of known length makes, and slices that a loop moves: their shapes are known."""

import random

import numpy as np
import pytest

from adjoint import grad
from adjoint.avals import Arr
from adjoint.ir import Apply, Loop
from adjoint.passes import dce, emitted, measured
from adjoint.passes.lengths import Lengths
from adjoint.testing import check_grads
from passes.programs import lowered

XS = np.linspace(0.1, 0.9, 10)


def trajectory(x, xs):
    history = []
    s = 1.0
    for a in xs:
        s = s + 0.1 * np.sin(s * x + a)
        history.append(s)
    return np.mean((np.array(history) - xs) ** 2)


def of_rows(x, xs):
    rows = np.stack([np.sin(a * np.asarray(xs) * x) for a in xs])
    return np.sum((rows @ xs) ** 2)


def table(x, xs):
    h = []
    for i in range(4):
        row = []
        for j in range(3):
            row.append(x * xs[i] * j)
        h.append(row)
    return np.sum(np.array(h) ** 2)


def shorter(x, xs):
    """As many as the shortest of the two."""
    h = []
    for i, a in zip(range(30), xs):  # noqa: B905
        h.append(a * x + i)
    return np.sum(np.array(h) ** 2)


def chosen(x, xs):
    return np.sum(np.array([np.sin(a * x) for a in xs if a > 0.2]) ** 2)


def stopped(x, xs):
    h = []
    for a in xs:
        h.append(x * a)
        if a > 0.5:
            break
    return np.sum(np.array(h) ** 2)


def continued(x, xs):
    h = [x]
    for a in xs:
        h.append(h[-1] * a)
    return np.sum(np.array(h) ** 2)


def never(x, xs):
    h = []
    for i in range(0):
        h.append(x * i)
    return np.sum(np.array(h) * 2) + x


def read_in_branches_and_loops(x, xs):
    u = np.array([x * a for a in xs])
    v = u * 2 if x > 0 else u[1:]
    for _ in range(3):
        u = u * v[: len(u)]
    return np.sum(u)


def of_integers(x, xs):
    ks = []
    for k in range(10):
        ks.append(k * k)
    return np.sum(np.array(ks) * xs * x)


@pytest.mark.parametrize("sequence", [np.array, list], ids=["array", "list"])
@pytest.mark.parametrize(
    "f", [trajectory, of_rows, table, shorter, chosen, stopped, continued, never, read_in_branches_and_loops, of_integers],
)
def test_right(f, sequence):
    check_grads(lambda x: f(x, sequence(XS)), (0.7,), modes=("rev", "fwd"))
    assert grad(f)(0.7, sequence(XS)) == pytest.approx(grad(f, optimize=False)(0.7, sequence(XS)), rel=1e-12)


@pytest.mark.parametrize("f", [trajectory, of_rows, table, shorter, of_integers])
def test_nothing_is_summed_over_axes_that_may_be_there(f):
    source = grad(f).source_for(0.7, XS)
    assert "unbroadcast" not in source
    assert "np.shape" not in source


def _measured(f, xs):
    program = emitted(lowered(f, 0.7, xs))
    return program, measured(program)


def test_shapes():
    _, program = _measured(trajectory, XS)
    shapes = [s.out.aval.shape for s in program.body.stmts if isinstance(s, Apply) and isinstance(s.out.aval, Arr)]
    assert shapes[:3] == [(10,)] * 3  # the array, the difference, and its square


@pytest.mark.parametrize("f", [chosen, stopped, continued, never])
def test_a_length_that_is_not_known_stays_so(f):
    before, after = _measured(f, XS)
    assert after is before


@pytest.mark.parametrize(("xs", "steps"), [(XS, 10), (np.linspace(0, 1, 40), 30), (list(XS), None)])
def test_a_zip_is_as_long_as_the_shortest(xs, steps):
    before, _ = _measured(shorter, xs)
    lengths = Lengths()
    lengths.note(before.body)
    assert [lengths.steps(s) for s in before.body.stmts if isinstance(s, Loop)] == [steps]


def rows_of_means(x, xs):
    """What is in the list is known once the carry is, and that once the slice is."""
    level, rows = 0.0, []
    for i in range(8):
        level = level + np.mean(xs[i : i + 3]) * x
        rows.append(level)
    return np.sum((np.array(rows) - xs[:8]) ** 2)


def test_a_list_of_what_a_loop_carries():
    check_grads(lambda x: rows_of_means(x, XS), (0.7,), modes=("rev", "fwd"))
    source = grad(rows_of_means).source_for(0.7, XS)
    assert "unbroadcast" not in source


# --- slices ---------------------------------------------------------------------------------------

W = np.array([0.5, -1.0, 2.0])


def convolution(x, w):
    k = len(w)
    y = np.zeros(len(x) - k + 1)
    for i in range(len(y)):
        y[i] = np.sum(x[i : i + k] * w)
    return np.sum(y**2)


def image(x, w):
    x = np.outer(x, x[:7])
    w = np.outer(w, w[:2])
    out = np.zeros((8, 6))
    for i in range(8):
        for j in range(6):
            out[i, j] = np.sum(np.tanh(x[i : i + 3, j : j + 2]) * w)
    return np.sum(out**2)


def strided(x, w):
    s = 0.0
    for i in range(3):
        s += np.sum((x[2 * i + 1 : 2 * i + 4] - w) ** 2)
    return s


def blocks_of_rows(x, w):
    p, s = 3, 0.0
    for i in range(3):
        s += np.sum(np.sin(x[i * p : (i + 1) * p] * w))
    return s


def backwards(x, w):
    s = 0.0
    for i in range(7, -1, -2):
        s += np.sum((x[i : i + 3] * w) ** 2)
    return s


def around(x, w):
    s = 0.0
    for i in range(1, len(x) - 1):
        s += np.sum((x[i - 1 : i + 2] * w) ** 2)
    return s


def clipped(x, w):
    """The last ones are shorter."""
    s = 0.0
    for i in range(len(x)):
        part = x[i : i + 3]
        s += np.sum((part * w[: len(part)]) ** 2)
    return s


def wrapped(x, w):
    """The first is empty."""
    s = 0.0
    for i in range(len(x) - 1):
        part = x[i - 1 : i + 2]
        s += np.sum((part * w[: len(part)]) ** 2)
    return s


def growing(x, w):
    s = 0.0
    for i in range(len(x)):
        s += np.sum((x[:i] * w[0]) ** 2)
    return s


def counted_by_hand(x, w):
    s, i = 0.0, 0
    while i + 3 <= len(x):
        s += np.sum((x[i : i + 3] * w) ** 2)
        i += 2
    return s


SLICED = [convolution, image, strided, blocks_of_rows, backwards, around]


@pytest.mark.parametrize("f", [*SLICED, clipped, wrapped, growing, counted_by_hand])
def test_slices_are_right(f):
    check_grads(f, (XS, W), modes=("rev", "fwd"))
    for got, textbook in zip(grad(f, (0, 1))(XS, W), grad(f, (0, 1), optimize=False)(XS, W), strict=True):
        np.testing.assert_allclose(got, textbook, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("f", SLICED)
def test_what_slices_take_is_not_asked_for(f):
    source = grad(f).source_for(XS, W)
    assert "unbroadcast" not in source
    assert "np.shape" not in source


@pytest.mark.parametrize("f", [clipped, wrapped, growing, counted_by_hand])
def test_slices_that_differ_have_no_length(f):
    program = dce(emitted(lowered(f, XS, W)))
    assert measured(program) is program


@pytest.mark.parametrize("seed", range(8))
def test_random_slices(seed):
    """What is said of a slice holds in every iteration."""
    rng = random.Random(seed)
    known = 0
    for _ in range(12):
        n, first, last = rng.randint(1, 9), rng.randint(-2, 4), rng.randint(-2, 8)
        step, a, b, c = rng.choice([-2, -1, 1, 2]), rng.choice([-1, 1, 2]), rng.randint(-2, 3), rng.randint(-2, 5)

        def f(x, n=n, first=first, last=last, step=step, a=a, b=b, c=c):
            s = 0.0
            for i in range(first, last, step):
                s += np.sum(x[a * i + b : a * i + c] ** 2)
            return s

        x = np.linspace(1.0, 2.0, n)
        want = np.zeros(n)
        for i in range(first, last, step):
            want[a * i + b : a * i + c] += 2 * x[a * i + b : a * i + c]
        np.testing.assert_allclose(grad(f)(x), want, rtol=1e-14)
        known += "unbroadcast" not in grad(f).source_for(x)
    assert known
