"""Minima of which a variable is held at a bound: it stays there, and the others move without it."""

import numpy as np
import pytest

pytest.importorskip("scipy")

from scipy import optimize

from adjoint import grad, jvp, vjp

FIT_T = np.linspace(0.0, 1.0, 9)
HELD = np.array([0.5, 0.3])


def held_variables(a, method):
    return optimize.minimize(
        lambda x: (x[0] - a) ** 2 + 2.0 * (x[1] - a) ** 2 + 0.1 * x[0] * x[1], HELD, bounds=[(0.0, 1.0), (None, None)],
        method=method, tol=1e-12,
    ).x  # fmt: skip


@pytest.mark.parametrize("method", ["L-BFGS-B", "trust-constr", "TNC", "SLSQP"])
def test_a_variable_held_at_its_bound_stays_there_wherever_the_solver_stops(method):
    """`trust-constr` stops 1e-6 short of the bound.  By hand: x₀ = 1, x₁ = a - 1/40."""
    _, pullback = vjp(lambda a: held_variables(a, method), 2.0)
    assert pullback(np.array([1.0, 0.0]))[0] == pytest.approx(0.0, abs=1e-12)
    assert pullback(np.array([0.0, 1.0]))[0] == pytest.approx(1.0)
    assert jvp(lambda a: held_variables(a, method), (2.0,), (1.0,))[1] == pytest.approx([0.0, 1.0])


def test_a_minimum_of_one_variable_at_its_bound():
    def least(a):
        return optimize.minimize_scalar(lambda x: (x - a) ** 2 * (1.0 + 0.1 * a), bounds=(0.0, 1.0), method="bounded").x

    assert grad(least)(2.0) == 0.0 and jvp(least, (2.0,), (1.0,))[1] == 0.0
    assert grad(least)(-2.0) == 0.0 and jvp(least, (-2.0,), (1.0,))[1] == 0.0
    assert grad(least)(0.3) == pytest.approx(1.0) and jvp(least, (0.3,), (1.0,))[1] == pytest.approx(1.0)


@pytest.mark.parametrize("method", ["trf", "dogbox"])
def test_a_fit_held_at_its_bound(method):
    """By hand: k = 1, and c fits y - t: the mean of it."""

    def fitted(y):
        return optimize.curve_fit(
            lambda t, k, c: k * t + c, FIT_T, y, p0=[0.5, 0.5], bounds=([0.0, -9.0], [1.0, 9.0]), method=method
        )[0]

    y = 2.0 * FIT_T + 0.1 * np.sin(9.0 * FIT_T)
    _, pullback = vjp(fitted, y)
    assert pullback(np.array([1.0, 0.0]))[0] == pytest.approx(np.zeros(9), abs=1e-12)
    assert pullback(np.array([0.0, 1.0]))[0] == pytest.approx(np.full(9, 1.0 / 9.0))
