"""Options of SciPy's functions that a rule does not cover: refused with the user's line, and when the gradient is built
wherever it is known then."""

import pathlib

import numpy as np
import pytest

pytest.importorskip("scipy")

from scipy import fft, integrate, interpolate, linalg, ndimage, optimize, signal, special, stats
from scipy.spatial import distance

import adjoint
from adjoint import Unsupported, grad, jvp

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


REFUSED = [
    (state_of_a_filter, X, "a state of its own"), (gust, X, "gust"), (axes_of_a_filter, A, "axes="),
    (orthogonalised, X, "orthogonalize="), (second_kind, A, "type=2 or 3"), (some_vectors, A, "some of the eigenvectors"),
    (some_of_three_diagonals, X, "some of the eigenvectors"), (of_a_pair, A, "a pair of matrices"),
    (left_ones, A, "left eigenvectors"), (tall_rq, TALL, "a tall matrix"), (full_svd, TALL, "full decomposition"),
    (raw_qr, A, "raw"), (balanced, A, "separate=True"), (splines_on_a_grid, A, "another method"), (periodic_pchip, X, "periodic"),
    (smoothed, TALL, "smoothing"), (canberra, TALL, "this metric"), (weighted, X, "weights"), (robust, X, "another loss"),
    (scaled_airy, X, "complex argument"),
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


def test_forward_mode_refuses_them_too():
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
