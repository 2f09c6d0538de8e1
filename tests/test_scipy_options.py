"""Options of SciPy's functions that a rule does not cover: refused with the user's line, and when the gradient is built
wherever it is known then."""

import pathlib

import numpy as np
import pytest

pytest.importorskip("scipy")

from scipy import fft, integrate, interpolate, linalg, ndimage, optimize, signal, special, stats
from scipy.spatial import distance

import adjoint
from adjoint import MissingRule, Unsupported, grad, jvp

X = np.arange(8.0) + 0.3
A = np.array([[3.0, 0.5, 0.2], [0.5, 2.0, 0.3], [0.2, 0.3, 1.5]])
TALL = np.arange(8.0).reshape(4, 2)


def state_of_a_filter(x):
    return np.sum(signal.lfilter([1.0, 0.5], [1.0, 0.3], x, zi=np.array([0.1]))[0])


def gust(x):
    return np.sum(signal.filtfilt([1.0, 0.5], [1.0, 0.3], x, method="gust"))


def axes_of_a_filter(a):
    return np.sum(ndimage.gaussian_filter(a, 1.0, axes=(0,)))


def orthogonalised(x):
    return fft.dct(x, orthogonalize=True)[1]


def second_kind(a):
    return linalg.eigh(a, type=2)[0][0]


def some_vectors(a):
    return linalg.eigh(a, subset_by_index=(0, 1))[1][0, 0]


def some_of_three_diagonals(x):
    return linalg.eigh_tridiagonal(x, x[1:], select="i", select_range=(0, 1))[1][0, 0]


def of_a_pair(a):
    return linalg.eig(a, A)[0][0].real


def left_ones(a):
    return linalg.eig(a, left=True)[1][0, 0].real


def tall_rq(a):
    return linalg.rq(a)[0][0, 0]


def full_svd(a):
    return linalg.svd(a)[0][0, 0]


def raw_qr(a):
    return linalg.qr(a, mode="raw")[1][0, 0]


def balanced(a):
    return linalg.matrix_balance(a, separate=True)[0][0, 0]


def splines_on_a_grid(a):
    return interpolate.RegularGridInterpolator((X[:3], X[:3]), a, method="slinear")(X[1:3])[0]


def periodic_pchip(x):
    return interpolate.PchipInterpolator(np.arange(8.0), x)(9.3, extrapolate="periodic") * 1.0


def smoothed(a):
    return interpolate.RectBivariateSpline(X[:4], X[:2], a, kx=1, ky=1, s=1.0)(0.5, 0.5)[0, 0]


def canberra(a):
    return np.sum(distance.cdist(a, a, "canberra"))


def weighted(x):
    return stats.gaussian_kde(x, weights=X)(0.5)[0]


def robust(x):
    return optimize.least_squares(lambda p: p - x, X, loss="soft_l1").x[0]


def scaled_airy(x):
    return special.airye(x * 1.0j)[0][0].real


def periodic_from_the_start(x):
    return interpolate.PchipInterpolator(np.arange(8.0), x, extrapolate="periodic")(9.3) * 1.0


def wider_box(a):
    return interpolate.RectBivariateSpline(X[:4], X[:2], a, bbox=[-1.0, 9.0, 0.0, 8.0], kx=1, ky=1)(0.5, 0.5)[0, 0]


def with_estimate(a):
    return linalg.logm(a, disp=False)[0][0, 0]


def root_with_estimate(a):
    return linalg.sqrtm(a, disp=False)[0][0, 0]


def without_nan(x):
    return stats.sem(x, nan_policy="omit")


def robust_fit(x):
    return optimize.curve_fit(lambda t, k: k * t, X, x, p0=[1.0], method="trf", loss="soft_l1")[0][0]


def fit_without_nan(x):
    return optimize.curve_fit(lambda t, k: k * t, X, x, p0=[1.0], nan_policy="omit")[0][0]


def more_equations(x):
    return optimize.root(lambda p: np.concatenate((p - x[:2], p * x[2:4])), [0.5, 0.5], method="lm").x[0]


def value_and_slope(a):
    return optimize.root_scalar(lambda x: (x**2 - a[0, 0], 2.0 * x), x0=1.0, fprime=True, method="newton").root


def complex_root(a):
    return optimize.newton(lambda x: x**2 + a[0, 0], 1.0j).imag


REFUSED = [
    (state_of_a_filter, X, "a state of its own"), (gust, X, "gust"), (axes_of_a_filter, A, "axes="),
    (orthogonalised, X, "orthogonalize="), (second_kind, A, "type=2 or 3"), (some_vectors, A, "some of the eigenvectors"),
    (some_of_three_diagonals, X, "some of the eigenvectors"), (of_a_pair, A, "a pair of matrices"),
    (left_ones, A, "left eigenvectors"), (tall_rq, TALL, "a tall matrix"), (full_svd, TALL, "full decomposition"),
    (raw_qr, A, "raw"), (balanced, A, "separate=True"), (splines_on_a_grid, A, "another method"), (periodic_pchip, X, "periodic"),
    (smoothed, TALL, "smoothing"), (canberra, TALL, "this metric"), (weighted, X, "weights"), (robust, X, "another loss"),
    (scaled_airy, X, "complex argument"), (periodic_from_the_start, X, "periodic"), (wider_box, TALL, "bbox="),
    (with_estimate, A, "disp=False"), (root_with_estimate, A, "disp=False"), (without_nan, X, "omit"),
    (robust_fit, X, "another loss"), (fit_without_nan, X, "omit"), (more_equations, X, "more equations than unknowns"),
    (value_and_slope, A, "`fprime=` is not understood"), (complex_root, A, "complex"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x", "what"), REFUSED, ids=lambda f: getattr(f, "__name__", ""))
def test_an_option_is_refused_when_the_gradient_is_built(f, x, what, monkeypatch):
    monkeypatch.setattr(adjoint.runtime, "refuse", lambda *args: pytest.fail("found when it ran"))
    with pytest.raises(Unsupported, match=what) as error:
        grad(f)(x)
    assert error.value.spot.function == f.__name__
    assert error.value.spot.source.strip().startswith("return ")


def pivots(a):
    return np.sum(linalg.ldl(a)[0] ** 2)


def test_what_only_the_values_tell_is_refused_when_it_runs():
    gradient = grad(pivots)
    assert np.all(np.isfinite(gradient(A)))
    with pytest.raises(Unsupported, match=r"in pivots\n.*linalg.ldl\(a\).*\n *\^+\n.*D has blocks of two rows"):
        gradient(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))


def tangent_of_the_width(s):
    return ndimage.gaussian_filter(X, s)[0]


LINEAR = (gust, axes_of_a_filter, orthogonalised)  # the tangent is the same function of the tangent, options and all


@pytest.mark.parametrize(("f", "x", "what"), REFUSED, ids=lambda f: getattr(f, "__name__", ""))
def test_forward_mode_refuses_an_option_too(f, x, what, monkeypatch):
    monkeypatch.setattr(adjoint.runtime, "refuse", lambda *args: pytest.fail("found when it ran"))
    if f in LINEAR:
        direction = np.cos(x)
        assert jvp(f, (x,), (direction,))[1] == pytest.approx(f(x + direction) - f(x))
        return
    with pytest.raises(Unsupported, match=what) as error:
        jvp(f, (x,), (x,))
    assert error.value.spot.function == f.__name__


NO_DERIVATIVE_BY = [
    (lambda c: np.pad(X, 2, constant_values=c)[0], 2.5), (lambda c: np.nan_to_num(X / 0.0, posinf=c)[0], 2.5),
    (lambda c: np.unwrap(X, period=c)[3], 2.5), (lambda c: np.interp(9.3, X, X, period=c), 2.5),
    (lambda c: np.var(X, ddof=c), 1.5), (lambda c: distance.cdist(TALL, TALL + 1.0, "minkowski", p=c)[0, 0], 2.5),
    (lambda c: ndimage.correlate1d(X, [1.0, 2.0], mode="constant", cval=c)[0], 2.5),
    (lambda c: ndimage.gaussian_filter(X, 1.2, mode="constant", cval=c)[0], 2.5),
    (lambda c: ndimage.zoom(X, 1.5, mode="constant", cval=c, grid_mode=True)[0], 2.5),
    (lambda c: stats.gaussian_kde(X, bw_method=c)(0.2)[0], 0.5),
    (lambda c: interpolate.CubicSpline(X, X, bc_type=((1, c), (2, 0.3)))(2.2) * 1.0, 1.5),
    (lambda c: optimize.minimize_scalar(lambda x: (x - 2.0) ** 2, bounds=(0.0, c)).x, 1.0),
    (lambda c: optimize.minimize(lambda x: (x[0] - 2.0) ** 2, [0.5], bounds=[(0.0, c)]).x[0], 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("f", "at"), NO_DERIVATIVE_BY)
def test_no_mode_takes_an_argument_without_a_derivative_for_a_constant(f, at):
    """A JVP that reads no tangent of an argument says that the derivative is zero, or nothing; the VJP says which."""
    for derivative in (grad(f), lambda c: jvp(f, (c,), (1.0,))):
        with pytest.raises((Unsupported, MissingRule)):
            derivative(at)


def test_nor_where_the_argument_is_given_twice():
    points = np.array([[0.0], [1.5]])
    with pytest.raises(MissingRule):
        jvp(lambda c: distance.cdist(points * c, points, "minkowski", p=c)[0, 1], (2.5,), (1.0,))
    with pytest.raises(MissingRule):
        jvp(lambda c: np.pad(c, 2, constant_values=c)[0], (np.ones(1),), (np.ones(1),))


def test_where_a_search_starts_is_not_asked_for():
    def root(a):
        return optimize.root_scalar(lambda x: x**3 - a, bracket=(a - 1.5, a + 1.0), xtol=1e-14).root

    assert jvp(root, (2.0,), (1.0,))[1] == pytest.approx(grad(root)(2.0)) == pytest.approx(2.0 ** (-2 / 3) / 3)


def test_forward_mode_refuses_what_is_not_known_before():
    with pytest.raises(Unsupported, match="by its width") as error:
        jvp(tangent_of_the_width, (0.7,), (1.0,))
    assert error.value.spot.function == "tangent_of_the_width"


def test_no_rule_raises_an_error_that_lowering_does_not_see():
    """`unsupported(…)` is seen; a `raise` in a helper that is taken for a constant would be left out with its call."""
    for file in (pathlib.Path(adjoint.__file__).parent / "rules" / "scipy").glob("*.py"):
        assert "raise NotImplementedError" not in file.read_text(), file.name


def test_an_integral_of_another_kind_is_refused():
    with pytest.raises(Unsupported, match="weight"):
        grad(lambda a: integrate.quad(lambda x: a * x, 0.0, 1.0, weight="cos", wvar=2.0)[0])(1.0)
