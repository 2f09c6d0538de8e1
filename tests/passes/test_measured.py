"""Arrays made from lists that a loop of known length makes: their shapes are known."""

import numpy as np
import pytest

from adjoint import grad
from adjoint.avals import Arr
from adjoint.ir import Apply, Loop
from adjoint.passes import emitted, measured
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
