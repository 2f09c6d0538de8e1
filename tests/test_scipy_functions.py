"""SciPy's functions that are passed functions: what these read of the program around them has its cotangent."""

import numpy as np
import pytest

pytest.importorskip("scipy")

from scipy import integrate, interpolate, optimize, stats
from scipy.integrate import quad
from scipy.optimize import brentq, fsolve

import adjoint
from adjoint import Unsupported, check_grads, grad
from adjoint.rules.registry import HIGHER, RULES

A = np.array([2.0, 0.5])

# ── equations ────────────────────────────────────────────────────────────────────────────────────


def closure(a, b):
    def g(x):
        return x**3 - a * x - b

    return brentq(g, 0.0, 10.0) * a


def residual(x, a, b):
    return np.exp(x) - a * b


def handed(a, b):
    return optimize.brentq(residual, -5, 5, args=(a, b), xtol=1e-14) + optimize.toms748(residual, -5, 5, args=(a, b))


def of_array(p):
    return optimize.ridder(lambda x: np.sum(p * x) - np.cos(x), 0, 2) + optimize.brenth(lambda x: x - p[0] * p[1], -9.0, 9.0)


def in_a_loop(a):
    total = 0.0
    for k in range(3):
        total += optimize.bisect(lambda x, shift: x**3 + x - shift, -4.0, 4.0, args=(a + k,), xtol=1e-13)
    return total


def by_newton(a):
    return optimize.newton(lambda x: x**2 - a, 1.0, fprime=lambda x: 2 * x, tol=1e-13)


def by_newton_each(a):
    return np.sum(optimize.newton(lambda x: x**2 - a, np.ones(2), tol=1e-13) ** 3)


def by_root_scalar(a):
    return optimize.root_scalar(lambda x, c: x**3 - c, args=(a,), bracket=[0, 5], xtol=1e-14).root


def by_fsolve(a, b):
    def equations(v):
        x, y = v
        return [x**2 + y**2 - a, x - b * y]

    s = fsolve(equations, [1.0, 1.0], xtol=1e-13)
    return s[0] * s[1] + a


def equations(v, a, b):
    return np.array([v[0] ** 2 + v[1] ** 2 - a[0], v[0] - b * v[1] * a[1]])


def by_root(a, b):
    res = optimize.root(equations, np.ones(2), args=(a, b), tol=1e-13)
    return np.sum(res.x**3) if res.success else 0.0


def fixed(a, b):
    return optimize.fixed_point(lambda x: np.cos(a * x) + b, 0.5, xtol=1e-13)


def fixed_array(a, b):
    return np.sum(optimize.fixed_point(lambda x: 0.3 * np.cos(a * x) + b, np.ones(2), xtol=1e-13) ** 2)


EQUATIONS = [
    (closure, (2.0, 3.0)), (handed, (2.0, 3.0)), (of_array, (np.array([0.3, 0.2]),)), (in_a_loop, (0.7,)),
    (by_newton, (2.0,)), (by_newton_each, (A,)), (by_root_scalar, (2.0,)), (by_fsolve, (2.0, 0.7)),
    (by_root, (A, 0.7)), (fixed, (0.7, 0.2)), (fixed_array, (0.7, A)),
]  # fmt: skip


@pytest.mark.parametrize(("f", "args"), EQUATIONS, ids=lambda f: getattr(f, "__name__", ""))
def test_equations(f, args):
    check_grads(f, args)


def with_full_output(a, b):
    x, report = brentq(lambda x: x**3 - a * x - b, 0.0, 10.0, full_output=True, xtol=1e-14)
    y, found = optimize.newton(lambda x: x**2 - a, 1.0, fprime=lambda x: 2 * x, tol=1e-13, full_output=True)
    both, _, _ = optimize.newton(lambda x: x**2 - a, np.ones(2), tol=1e-13, full_output=True)
    z, _, flag, _ = fsolve(lambda v: v**3 - a * b, np.ones(2), xtol=1e-13, full_output=True)
    w, _ = integrate.odeint(lambda y, t: -a * y, b, np.linspace(0.0, 1.0, 3), rtol=1e-11, atol=1e-12, full_output=1)
    assert report.converged and found.converged and flag in (1, 3)
    return x * y + np.sum(both * z) + w[2, 0]


def test_full_output():
    check_grads(with_full_output, (2.0, 3.0))
    with pytest.raises(Unsupported, match="how the solution was found"):
        grad(lambda a: fsolve(lambda v: v - a, 1.0, full_output=True)[1]["fvec"][0])(1.5)


def test_the_source_of_a_root():
    gradient = grad(closure, wrt=(0, 1))
    gradient(2.0, 3.0)
    assert "brentq(g, 0.0, 10.0, args=(a, b))" in gradient.source
    assert "def g_pullback(x, a, b, seed):" in gradient.source


def test_the_second_derivative_of_a_root():
    """x = √a"""
    second = grad(grad(lambda a: brentq(lambda x: x * x - a, 0.0, 9.0, xtol=1e-14)))(4.0)
    np.testing.assert_allclose(second, -0.25 * 4.0**-1.5, rtol=1e-10)


def test_brackets_and_starts_do_not_move_a_root():
    assert grad(lambda a: brentq(lambda x: x - 1.0, a, 5.0))(0.3) == 0.0
    assert grad(lambda a: optimize.root(lambda x: x - 1.0, np.array([a, a])).x[0])(0.3) == 0.0


# ── minima ───────────────────────────────────────────────────────────────────────────────────────


def ridge(a, b):
    """(1 + b) x = a"""
    slope = lambda x: 2 * (x - a) + 2 * b * x
    res = optimize.minimize(lambda x: np.sum((x - a) ** 2) + b * np.sum(x * x), np.zeros(2), jac=slope, tol=1e-12)
    return np.sum(res.x**3) + res.fun


def ridge_known(a, b):
    x = a / (1.0 + b)
    return np.sum(x**3) + np.sum((x - a) ** 2) + b * np.sum(x * x)


def bounded(a, b):
    """The first variable stays at its bound."""
    bounds = [(1.0, 3.0), (None, None)]
    res = optimize.minimize(lambda x: np.sum((x - a) ** 2) + b * x[0] * x[1], np.ones(2), bounds=bounds, tol=1e-12)
    return np.sum(res.x**2)


def bounded_known(a, b):
    return 1.0 + (a[1] - 0.5 * b) ** 2


def of_one(a):
    return optimize.minimize_scalar(lambda x: (x - a) ** 2 * np.cosh(x - a), bracket=(-1.0, 2.0)).x ** 2


def value_of_one(a):
    return optimize.minimize_scalar(lambda x: (x - a) ** 2 + a**3, method="bounded", bounds=(-3.0, 3.0)).fun


def fitted(y):
    t = np.array([0.0, 1.0, 2.0, 3.0])
    res = optimize.least_squares(lambda p: p[0] + p[1] * t - y, np.zeros(2), xtol=1e-15, ftol=1e-15, gtol=1e-15)
    return res.x[0] * res.x[1] + res.cost


def fitted_known(y):
    t = np.stack((np.ones(4), np.arange(4.0)), axis=1)
    p = np.linalg.solve(t.T @ t, t.T @ y)
    return p[0] * p[1] + 0.5 * np.sum((t @ p - y) ** 2)


MINIMA = [
    (ridge, ridge_known, (A, 0.3)),
    (bounded, bounded_known, (0.5 * A, 0.3)),
    (of_one, lambda a: a * a, (0.7,)),
    (value_of_one, lambda a: a**3, (0.7,)),
    (fitted, fitted_known, (np.array([1.0, 0.8, 0.3, 0.2]),)),
]


@pytest.mark.parametrize(("f", "known", "args"), MINIMA, ids=lambda f: getattr(f, "__name__", ""))
def test_minima(f, known, args):
    wrt = tuple(range(len(args)))
    for ours, theirs in zip(grad(f, wrt=wrt)(*args), grad(known, wrt=wrt)(*args), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("f", "known", "args"), MINIMA, ids=lambda f: getattr(f, "__name__", ""))
def test_minima_forward(f, known, args):
    tangents = tuple(0.3 + 0.1 * np.asarray(a) if isinstance(a, np.ndarray) else 0.4 for a in args)
    ours, theirs = (adjoint.jvp(fun, args, tangents)[1] for fun in (f, known))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("f", "known", "args"), MINIMA, ids=lambda f: getattr(f, "__name__", ""))
def test_second_derivatives_of_minima(f, known, args):
    """Forward over reverse and reverse over reverse."""
    for ours, theirs in zip(*(adjoint.jvp(grad(fun), args, tuple(np.ones_like(a) + 0.0 for a in args[:1]) + (None,) * len(args[1:]))
                              for fun in (f, known)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    ours, theirs = (grad(lambda x, fun=fun: np.sum(grad(fun)(x, *args[1:]) ** 2))(args[0]) for fun in (f, known))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


# ── fits ─────────────────────────────────────────────────────────────────────────────────────────

T = np.linspace(0.0, 3.0, 8)
DECAY = 2.0 * np.exp(-0.7 * T) + 0.1 * np.sin(5.0 * T)


def decay(t, a, b):
    return a * np.exp(-b * t)


def fit_of_data(y, t):
    """By the data and the places of the data; where to start is left out."""
    (a, b), covariance = optimize.curve_fit(decay, t, y, ftol=1e-14, xtol=1e-14, gtol=1e-14)
    return a * b + np.sum(covariance)


def fit_of_closure(y, level, sigma):
    model = lambda t, a, b: a * np.exp(-b * t) + level
    p, covariance = optimize.curve_fit(model, T, y, p0=[1.5, 0.5], sigma=sigma, ftol=1e-14, xtol=1e-14, gtol=1e-14)
    return np.sum(p**2) + np.sum(covariance)


def fit_of_correlated(y, level, sigma):
    model = lambda t, a, b: a * np.exp(-b * t) + level
    weights = np.diag(sigma) + 0.1 * sigma[0]
    start = np.array([1.5, 0.5])
    p, covariance = optimize.curve_fit(model, T, y, start, weights, absolute_sigma=True, ftol=1e-14, xtol=1e-14, gtol=1e-14)
    return np.sum(p**2) + np.sum(covariance)


def gauss_newton(y, t, level, factor, absolute):
    """The same fit and covariance by forty steps, `factor` being that of the covariance of the data."""
    p = np.array([2.0, 0.7])
    for _ in range(40):
        e = np.exp(-p[1] * t)
        slopes = np.linalg.solve(factor, np.stack((e, -p[0] * t * e), axis=1))
        away = np.linalg.solve(factor, y - p[0] * e - level)
        p = p + np.linalg.solve(slopes.T @ slopes, slopes.T @ away)
    covariance = np.linalg.inv(slopes.T @ slopes)
    return p, covariance if absolute else covariance * (np.sum(away * away) / 6)


def fit_of_data_known(y, t):
    p, covariance = gauss_newton(y, t, 0.0, np.eye(8), False)
    return p[0] * p[1] + np.sum(covariance)


def fit_of_closure_known(y, level, sigma):
    p, covariance = gauss_newton(y, T, level, np.diag(sigma), False)
    return np.sum(p**2) + np.sum(covariance)


def fit_of_correlated_known(y, level, sigma):
    p, covariance = gauss_newton(y, T, level, np.linalg.cholesky(np.diag(sigma) + 0.1 * sigma[0]), True)
    return np.sum(p**2) + np.sum(covariance)


FITS = [
    (fit_of_data, fit_of_data_known, (DECAY, T)), (fit_of_closure, fit_of_closure_known, (DECAY, 0.1, 0.1 + 0.05 * T)),
    (fit_of_correlated, fit_of_correlated_known, (DECAY, 0.1, 0.1 + 0.05 * T)),
]  # fmt: skip


@pytest.mark.parametrize(("f", "known", "args"), FITS, ids=lambda f: getattr(f, "__name__", ""))
def test_fits(f, known, args):
    wrt, dots = tuple(range(len(args))), tuple(np.cos(np.arange(np.size(a))).reshape(np.shape(a)) for a in args)
    dots = tuple(d if isinstance(a, np.ndarray) else float(d) for d, a in zip(dots, args, strict=True))
    value, tangent = adjoint.jvp(f, args, dots)
    assert value == f(*args)
    np.testing.assert_allclose(tangent, adjoint.jvp(known, args, dots)[1], rtol=1e-6)
    ours, theirs = (adjoint.jvp(grad(fun, wrt=wrt), args, dots) for fun in (f, known))
    for first, second in zip((*ours[0], *ours[1]), (*theirs[0], *theirs[1]), strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-5)


def test_a_parameter_at_its_bound_stays_there():
    def fit(y):
        p, _ = optimize.curve_fit(decay, T, y, [1.5, 0.5], bounds=([0.0, 0.0], [1.6, 3.0]), ftol=1e-14, xtol=1e-14, gtol=1e-14)
        return p[0] + p[1]

    def known(y):
        b = 0.5
        for _ in range(60):
            e = 1.6 * np.exp(-b * T)
            b = b + np.sum(-T * e * (y - e)) / np.sum((T * e) ** 2)
        return 1.6 + b

    np.testing.assert_allclose(fit(DECAY), known(DECAY), rtol=1e-6)
    np.testing.assert_allclose(grad(fit)(DECAY), grad(known)(DECAY), rtol=1e-4, atol=1e-5)


def test_a_fit_of_which_the_number_of_parameters_is_not_known_is_refused():
    with pytest.raises(Unsupported, match="How many parameters"):
        grad(lambda y: optimize.curve_fit(lambda t, *p: p[0] * t, T, y)[0][0])(DECAY)


# ── integrals and differential equations ─────────────────────────────────────────────────────────


def laplace(a, b, c):
    return quad(lambda x: np.exp(-c * x) * np.sin(a * x), 0.0, b)[0]


def over_the_line(p):
    value, _ = quad(lambda x, k: np.sum(p * x**2) * np.exp(-k * x**2), -np.inf, np.inf, args=(p[0],))
    return value


def by_gauss(a, b):
    return integrate.fixed_quad(lambda x: np.sin(a * x), a, b, n=4)[0]


def by_odeint(k, y0, t):
    y = integrate.odeint(lambda y, t, k: [-k * y[0] + np.sin(t), k * y[0] * y[1]], y0, t, args=(k,), rtol=1e-11, atol=1e-12)
    return np.sum(y[1:] ** 2)


def oscillator(k, y0, end):
    def rhs(t, y):
        return np.array([y[1], -k * y[0] + np.cos(t)])

    s = integrate.solve_ivp(rhs, (0.0, end), y0, rtol=1e-10, atol=1e-12)
    return s.y[0, -1] * s.y[1, -1]


def at_times(k, y0, start):
    s = integrate.solve_ivp(
        lambda t, y, k: -k * y**2 * t, (start, 1.0), y0, t_eval=np.linspace(0.2, 1, 4), args=(k,), method="DOP853", rtol=1e-11,
        atol=1e-12,
    )
    return np.sum(s.y**2) + s.t[0]


def network_ode(params, y0):
    def rhs(t, y):
        return np.tanh(params["w"] @ y + params["b"])

    return np.sum(integrate.solve_ivp(rhs, (0.0, 1.0), y0, t_eval=np.array([0.5, 1.0]), rtol=1e-10, atol=1e-12).y)


def of_samples(y, x):
    return (
        integrate.trapezoid(y, x) + integrate.simpson(y, x=x) + integrate.simpson(y, dx=0.3) + integrate.romb(y, dx=0.3)
        + np.sum(integrate.cumulative_trapezoid(y, x, initial=0) ** 2) + np.sum(integrate.cumulative_simpson(y, dx=0.2) ** 2)
    )  # fmt: skip


INTEGRALS = [
    (laplace, (2.0, 1.5, 0.3)), (over_the_line, (A,)), (by_gauss, (0.3, 1.7)),
    (by_odeint, (0.7, A, np.linspace(0.0, 1.0, 4))), (oscillator, (1.7, A, 1.3)), (at_times, (0.6, A, 0.1)),
    (network_ode, ({"w": np.array([[0.3, -0.8], [0.5, 0.1]]), "b": A}, A)),
    (of_samples, (np.array([1.0, 2.0, 0.5, 0.7, 0.1]), np.array([0.0, 0.3, 0.7, 1.0, 1.6]))),
]  # fmt: skip


def over_a_disc(a, r):
    """With limits that depend on the other variable, and on what is differentiated by."""
    return integrate.dblquad(lambda y, x: np.exp(-a * x * y) * x, 0.0, r, 0.0, lambda x: a * x)[0]


def density_in(a):
    weight = lambda z, y, x, k: k * x * y * z + a * z
    return integrate.tplquad(weight, 0.0, a, 0.0, lambda x: x, 0.0, lambda x, y: x + a, args=(2.0,))[0]


def in_a_box(a, b):
    value = integrate.nquad(lambda x, y, k: np.sin(a * x) * y + k * x, [lambda y, k: (0.0, y * k), (0.0, b)], args=(a,))[0]
    return value + integrate.nquad(lambda x: a * x * x, [[0.0, 1.0]])[0]


INTEGRALS += [(over_a_disc, (0.7, 1.2)), (density_in, (0.7,)), (in_a_box, (0.7, 1.2))]


@pytest.mark.parametrize(("f", "args"), INTEGRALS, ids=lambda f: getattr(f, "__name__", ""))
def test_integrals(f, args):
    check_grads(f, args)


@pytest.mark.parametrize(
    ("f", "args"), [row for row in INTEGRALS if row[0] is not density_in], ids=lambda f: getattr(f, "__name__", "")
)  # that of three integrals takes a minute
def test_second_derivatives_of_integrals(f, args):
    check_grads(f, args, order=2)


def test_a_hessian_and_a_third_derivative():
    """∫₀¹ exp(a x) dx, and y(1) of ẏ = -k y."""
    third = grad(grad(grad(lambda a: quad(lambda x: np.exp(a * x), 0.0, 1.0)[0])))(0.5)
    np.testing.assert_allclose(third, quad(lambda x: x**3 * np.exp(0.5 * x), 0.0, 1.0)[0], rtol=1e-8)

    def end(p):
        return integrate.solve_ivp(lambda t, y: -p[0] * y, (0.0, 1.0), p[1:], rtol=1e-10, atol=1e-12).y[0, -1]

    e = np.exp(-0.7)
    np.testing.assert_allclose(adjoint.hessian(end)(np.array([0.7, 2.0])), [[2.0 * e, -e], [-e, 0.0]], rtol=1e-6, atol=1e-7)


def test_an_integral_over_several_variables_is_what_scipy_gives():
    for f, args in ((over_a_disc, (0.7, 1.2)), (density_in, (0.7,)), (in_a_box, (0.7, 1.2))):
        assert adjoint.value_and_grad(f)(*args)[0] == f(*args)


# ── objects made of data ─────────────────────────────────────────────────────────────────────────

PLACES, DATA, AT = np.array([0.0, 0.7, 1.5, 2.2, 3.0]), np.array([1.0, 2.0, 1.5, 0.3, 0.8]), np.array([0.3, 1.1, 2.9])
TABLE = np.random.default_rng(0).normal(size=(5, 4))


def spline(y, at):
    s = interpolate.CubicSpline(PLACES, y)
    return np.sum(s(at) ** 2) + s(at[0]) + np.sum(interpolate.CubicSpline(PLACES, y, bc_type="natural")(at, 1))


def monotone(x, y, at):
    return np.sum(interpolate.PchipInterpolator(x, y)(at) ** 2)


def line(x, y, at):
    return np.sum(interpolate.interp1d(x, y)(at) ** 2)


def line_filled(y, at):
    return np.sum(interpolate.interp1d(PLACES, y, bounds_error=False, fill_value=0.5)(np.concatenate((at, 9.0 * at))) ** 2)


def cubic(y, at):
    return np.sum(interpolate.interp1d(PLACES, y, kind="cubic")(at) ** 2)


def grid(values, at):
    return np.sum(interpolate.RegularGridInterpolator((PLACES, PLACES[:4]), values)(at) ** 2)


def surface(values, at):
    s = interpolate.RectBivariateSpline(PLACES, PLACES[:4], values)
    return np.sum(s(at, at[:2] * 0.7) ** 2) + np.sum(s(at, 0.5 * at, grid=False)) + s(at[0], 0.3)[0, 0]


def density(sample, at):
    return np.sum(np.log(stats.gaussian_kde(sample)(at))) + np.sum(stats.gaussian_kde(sample, 0.4)(at[:1]))


def splines_of_rows(table, at):
    """Conditions at the ends, an axis, a derivative, periodic values, and points of two axes."""
    ends = ((1, np.array([0.5, 1.0, 0.2, 0.7, 2.0])), (2, np.zeros(5)))
    closed = np.concatenate((table[:, :3], table[:, :1]), axis=1)
    return (
        np.sum(interpolate.CubicSpline(PLACES[:4], table, axis=1, bc_type=ends)(np.stack((at, at * 0.5))) ** 2)
        + np.sum(interpolate.CubicSpline(PLACES, table, bc_type="clamped")(at, 2) ** 2)
        + np.sum(interpolate.CubicSpline(PLACES[:4], closed, -1, "periodic")(at + 3.0) ** 2)
        + np.sum(interpolate.CubicSpline(PLACES, table)(at + 2.0, extrapolate="periodic") ** 2)
    )


def monotone_rows(x, table, at):
    many = interpolate.PchipInterpolator(x, table, axis=0)
    two = interpolate.PchipInterpolator(x[:2], table[:, :2], axis=1)
    return np.sum(many(at) ** 2) + np.sum(many(at, 1) ** 2) + np.sum(many(at, 2) * table[0]) + np.sum(two(at) ** 2)


ORDER = np.array([2, 0, 4, 1, 3])


def lines_of_rows(x, table, at):
    shuffled = interpolate.interp1d(x[ORDER], table[ORDER], axis=0)
    return np.sum(shuffled(at) ** 2) + np.sum(interpolate.interp1d(x[:4], table, fill_value="extrapolate")(at + 1.0) ** 2)


def kinds(table, at):
    total = 0.0
    for kind in ("nearest", "previous", "next", "zero", "slinear", "quadratic", "cubic", 2):
        total = total + np.sum(interpolate.interp1d(PLACES, table, kind=kind, axis=0)(at) ** 2)
    return total


def grid_of_rows(x, values, at):
    """By the places too, with values outside filled in, and two values at each place."""
    places = (x, PLACES[:4])
    filled = interpolate.RegularGridInterpolator(places, values, bounds_error=False, fill_value=0.3)
    two = np.stack((values, values**2), axis=-1)
    beyond = interpolate.RegularGridInterpolator(places, two, bounds_error=False, fill_value=None)
    return np.sum(filled(2.0 * at) ** 2) + np.sum(beyond(2.0 * at) ** 2) + filled(at[0])[0] + np.sum(filled((at[:, 0], at[:, 1])))


def surfaces(values, at):
    s = interpolate.RectBivariateSpline(PLACES, PLACES[:4], values, kx=2, ky=2)
    return np.sum(s(at, at[:2], dx=1) ** 2) + np.sum(s(at + 1.5, at, grid=False) ** 2) + np.sum(s(at, at[:1], dy=1, dx=1) ** 2)


MADE = [
    (spline, (DATA, AT)), (monotone, (PLACES, DATA, AT)), (line, (PLACES, DATA, AT)), (line_filled, (DATA, AT)),
    (cubic, (DATA, AT)), (grid, (TABLE, np.array([[0.3, 0.2], [1.1, 1.9]]))), (surface, (TABLE, AT)),
    (density, (DATA, AT)), (density, (TABLE[:, :2].T, TABLE[:2, :2] + 0.3)),
    (splines_of_rows, (TABLE, AT)), (monotone_rows, (PLACES, TABLE, AT)), (lines_of_rows, (PLACES, TABLE, 0.5 * AT)),
    (kinds, (TABLE, AT + 0.03)), (grid_of_rows, (PLACES, TABLE, np.array([[0.3, 0.2], [1.07, 1.3]]))),
    (surfaces, (TABLE, AT + 0.03)),
]  # fmt: skip


@pytest.mark.parametrize(("f", "args"), MADE, ids=lambda f: getattr(f, "__name__", ""))
@pytest.mark.parametrize("order", [1, 2])
def test_objects_made_of_data(f, args, order):
    check_grads(f, args, order=order)


def test_the_values_of_pchip_are_scipys():
    """The definition that is differentiated is that of the primal."""
    from adjoint.rules.scipy.interpolate import pchip

    rng = np.random.default_rng(4)
    for _ in range(20):
        x, y = np.cumsum(rng.uniform(0.1, 1.0, 6)), np.round(rng.normal(size=6), 1)
        at = rng.uniform(x[0], x[-1], 9)
        np.testing.assert_allclose(pchip(x, y, at), interpolate.PchipInterpolator(x, y)(at), atol=1e-13)


def test_the_knots_of_a_spline_are_refused():
    with pytest.raises(Unsupported, match="places of its data"):
        grad(lambda x: interpolate.CubicSpline(x, DATA)(0.4) * 1.0)(PLACES)


def test_the_coefficients_of_a_spline_are_refused():
    with pytest.raises(adjoint.AdjointError, match="CubicSpline"):
        grad(lambda y: interpolate.CubicSpline(PLACES, y).c[0, 0])(DATA)


# ── what is refused ──────────────────────────────────────────────────────────────────────────────


def test_a_function_that_changes_something_is_refused():
    def f(a):
        count = [0.0]

        def g(x):
            count[0] = count[0] + 1.0
            return x - a

        return brentq(g, 0.0, 9.0) + count[0]

    with pytest.raises(Unsupported, match="changes `count` in place"):
        grad(f)(1.0)


def test_what_else_a_result_holds_is_refused():
    def f(a):
        return optimize.minimize(lambda x: np.sum((x - a) ** 2), np.zeros(2)).hess_inv[0, 0]

    with pytest.raises(adjoint.AdjointError, match=r"The attribute `hess_inv` of an object .* has no derivative rule"):
        grad(f)(1.0)


def test_options_that_are_not_understood_are_refused():
    with pytest.raises(Unsupported, match="full_output"):
        grad(lambda a: quad(lambda x: x - a, 0.0, 9.0, full_output=True)[0])(1.0)
    cons = {"type": "eq", "fun": np.sum}
    with pytest.raises(Unsupported, match="constraints"):
        grad(lambda a: optimize.minimize(lambda x: np.sum((x - a) ** 2), np.zeros(2), constraints=cons).x[0])(1.0)


def test_every_primitive_that_is_passed_a_function_is_tested():
    source = open(__file__).read()
    for fn in HIGHER:
        assert f"{fn.__name__}(" in source, fn
    parts = [key for key in RULES if isinstance(key, tuple)]
    assert parts
    for owner, name in parts:
        assert f"{owner.__name__}(" in source
        assert name == "()" or isinstance(name, int) or f".{name}" in source, name
