"""Functions that use SciPy, through `grad` and checked against differences; and SciPy stays optional."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

pytest.importorskip("scipy")

import scipy.special
import scipy.special as sp
from scipy import fft, linalg, ndimage, signal, sparse, stats
from scipy.sparse.linalg import factorized, splu, spsolve
from scipy.spatial.distance import cdist, pdist
from scipy.linalg import lu_factor
from scipy.special import expit, gammaln
from scipy.stats import norm, t

from adjoint import AdjointError, MissingRule, Unsupported, check_grads, grad, jvp, value_and_grad

X = np.array([0.3, 0.7])


def run(program):
    """The output of a program in a process of its own."""
    text = textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_adjoint_does_not_import_scipy():
    assert run("import adjoint, sys; print(any(m.startswith('scipy') for m in sys.modules))") == "False"


def test_a_gradient_without_scipy_does_not_import_it(tmp_path):
    (tmp_path / "f.py").write_text("import math\ndef f(x):\n    return math.gamma(x)\n")
    program = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import adjoint, f
        adjoint.grad(f.f)(1.5)
        print(any(m.startswith(("scipy", "adjoint.rules.scipy")) for m in sys.modules))
    """
    assert run(program) == "False"


@pytest.mark.parametrize("order", ["import adjoint, f", "import f, adjoint"])
def test_rules_are_read_when_scipy_has_been_imported(tmp_path, order):
    (tmp_path / "f.py").write_text("from scipy.special import expit\ndef f(x):\n    return expit(x)\n")
    program = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        {order}
        print(adjoint.grad(f.f)(0.0), "adjoint.rules.scipy.special" in sys.modules)
    """
    assert run(program) == "0.25 True"


def test_a_rule_of_the_user_counts(tmp_path):
    program = """
        import adjoint, scipy.special, numpy as np
        adjoint.elementwise(scipy.special.expit, lambda z, x: 7.0)
        from adjoint.rules.registry import lookup
        print(lookup(scipy.special.expit).partials[0](0.0, 0.0))
    """
    assert run(program) == "7.0"


# ── scipy.special ────────────────────────────────────────────────────────────────────────────────


def by_any_name(x):
    return np.sum(expit(x) * gammaln(x) + sp.expit(x) * scipy.special.expit(x))


def several_results(x, a):
    s, c = sp.fresnel(x)
    return np.sum(s * c) + np.sum(sp.airy(x)[0]) + sp.jv(a, 2.0) + sp.sici(a)[1]


def with_keywords(a, x):
    return np.sum(sp.spherical_jn(2, x, derivative=True)) + sp.jvp(1, a, n=2) + sp.lambertw(a, k=0).real + sp.zeta(a + 1.0)


def of_parameters(a, x):
    return np.sum(sp.betainc(a, 2.0, x) + sp.gammaincinv(a, x)) + sp.logsumexp(a * x, b=x)


def softmax_loss(x):
    return -sp.log_softmax(x)[0] + np.max(sp.softmax(x))


@pytest.mark.parametrize(
    ("f", "args"),
    [(by_any_name, (X,)), (by_any_name, (0.4,)), (several_results, (X, 1.3)), (with_keywords, (1.3, X)),
     (of_parameters, (1.3, X)), (softmax_loss, (X,))],
)  # fmt: skip
def test_special(f, args):
    check_grads(f, args)


def twice(x):
    return sp.gammaln(x) * sp.expit(x) + sp.jv(1.0, x) + sp.ive(0.5, x) + sp.xlogy(x, x) + sp.erf(x) + sp.ellipk(x / 3.0)


def test_second_and_third_derivatives():
    check_grads(grad(twice), (0.7,), modes=("rev",))
    third = grad(grad(grad(lambda x: sp.gammaln(x))))(0.7)
    np.testing.assert_allclose(third, sp.polygamma(2, 0.7))


def test_no_derivative_by_an_integer_order():
    with pytest.raises(Unsupported, match="argument 1: it is an integer"):
        grad(lambda n: sp.yn(n, 2.0))(2.0)


# ── scipy.stats ──────────────────────────────────────────────────────────────────────────────────


def likelihood(x, mu, s):
    return -np.sum(stats.norm.logpdf(x, loc=mu, scale=s)) + norm.cdf(mu) + np.sum(stats.gamma.logpdf(x * x, s, scale=2.0))


def quantiles(a, x):
    return stats.beta.ppf(0.3, a, 2.0) + t.logcdf(a, 3.0, scale=a) + np.sum(stats.truncnorm.pdf(x, -a, a, 0.1))


def counts(a, x):
    return np.sum(stats.poisson.logpmf(np.array([1, 2]), a)) + stats.dirichlet.logpdf(np.array([0.2, 0.8]), x)


def gaussian(mu, chol, x):
    return np.sum(stats.multivariate_normal.logpdf(x, mu, chol @ chol.T)) + stats.multivariate_normal.entropy(cov=chol @ chol.T)


def frozen(mu, s, x):
    d = stats.norm(mu, scale=s)
    return np.sum(d.logpdf(x)) + d.ppf(0.3)


DISTRIBUTION = stats.gamma(2.0, scale=1.5)


def frozen_outside(x):
    return np.sum(DISTRIBUTION.logpdf(x)) + DISTRIBUTION.cdf(x[0])


def frozen_argument(d, x):
    return np.sum(d.logpdf(x))


@pytest.mark.parametrize(
    ("f", "args"),
    [(likelihood, (X, 0.2, 1.3)), (quantiles, (1.3, X)), (counts, (1.3, X)), (frozen, (0.1, 1.3, X)),
     (gaussian, (X, np.array([[1.0, 0.2], [0.1, 2.0]]), np.ones((3, 2)))), (frozen_outside, (X,))],
)  # fmt: skip
def test_stats(f, args):
    check_grads(f, args)


def test_a_frozen_distribution_is_told_apart():
    gradient = grad(frozen_argument, wrt=1)
    np.testing.assert_allclose(gradient(stats.norm(0.0, 2.0), X), -X / 4.0)
    np.testing.assert_allclose(gradient(stats.norm(0.0, 1.0), X), -X)
    np.testing.assert_allclose(gradient(stats.expon(0.0, 2.0), X), [-0.5, -0.5])


def test_nothing_outside_the_support():
    np.testing.assert_array_equal(grad(lambda x: np.sum(stats.gamma.pdf(x, 2.5)))(np.array([-1.0, -2.0])), [0.0, 0.0])
    np.testing.assert_array_equal(grad(lambda x: np.sum(stats.beta.cdf(x, 2.5, 3.0)))(np.array([-1.0, 2.0])), [0.0, 0.0])


def test_methods_of_a_distribution_are_written_as_such():
    gradient = grad(lambda x, mu: stats.norm.cdf(x, mu))
    gradient(0.3, 0.2)
    assert "stats.norm.pdf(x, mu)" in gradient.source


# ── scipy.linalg ─────────────────────────────────────────────────────────────────────────────────

SPD = np.array([[3.0, 0.5, 0.2], [0.5, 2.0, 0.3], [0.2, 0.3, 1.5]])
B = np.array([0.3, -0.4, 1.0])


def gaussian_process(log_length, noise, x, y):
    """The marginal likelihood, as it is written everywhere."""
    k = np.exp(-0.5 * (x[:, None] - x[None, :]) ** 2 / np.exp(2.0 * log_length)) + noise * np.eye(3)
    factor = linalg.cho_factor(k, lower=True)
    return 0.5 * y @ linalg.cho_solve(factor, y) + np.sum(np.log(np.diag(factor[0])))


def by_cholesky(a, b):
    upper = linalg.cholesky(a)
    half = linalg.solve_triangular(upper, b, trans=1)
    return half @ half + np.sum(linalg.solve(a, b, assume_a="pos"))


def by_lu(a, b):
    factors = lu_factor(a)
    p, l, u = linalg.lu(a)
    return np.sum(linalg.lu_solve(factors, b)) + np.sum((p @ l) * u.T)


def by_eigenvalues(a, b):
    w, v = linalg.eigh(a)
    return np.sum(np.log(w) * (v.T @ b) ** 2) + linalg.eigvalsh(a)[0] + linalg.svdvals(a)[1] + linalg.det(a)


def by_qr(a, b):
    q, r = linalg.qr(a[:, :2], mode="economic")
    return np.sum(linalg.solve_triangular(r, q.T @ b)) + linalg.norm(linalg.inv(a)) + linalg.pinv(a)[0, 1]


def matrix_functions(a, b):
    return np.sum(linalg.expm(0.3 * a) @ b) + np.sum(linalg.logm(a)) + linalg.sqrtm(a)[0, 1] + linalg.cosm(a)[0, 0]


def of_structure(a, b):
    t = linalg.toeplitz(b + 2.0, b[::-1])
    blocks = linalg.block_diag(a, t)
    return np.sum(blocks**2) + np.sum(linalg.solve_toeplitz(B + np.array([3.0, 0, 0]), b)) + np.sum(linalg.circulant(b) @ b)


def banded(a, b):
    ab = np.stack([np.concatenate((np.zeros(1), a[0, 1:])), np.diag(a), np.concatenate((a[1, :2], np.zeros(1)))])
    return np.sum(linalg.solve_banded((1, 1), ab, b) * b)


def equations(a, b):
    x = linalg.solve_sylvester(a, a.T, np.outer(b, b))
    return np.sum(x * linalg.solve_discrete_lyapunov(0.2 * a, a)) + linalg.polar(a)[0][0, 1]


def tridiagonal(a, b):
    w, v = linalg.eigh_tridiagonal(np.diag(a), b[:2])
    return np.sum(w**3) + np.sum((v * w) @ v.T * a)


@pytest.mark.parametrize(
    "f", [by_cholesky, by_lu, by_eigenvalues, by_qr, matrix_functions, of_structure, banded, equations, tridiagonal]
)
def test_linalg(f):
    check_grads(f, (SPD, B), modes=("rev",))


def test_gaussian_process():
    check_grads(gaussian_process, (0.2, 0.1, B, np.array([1.0, 2.0, 0.5])))


def test_what_has_no_derivative_is_refused_with_the_reason():
    with pytest.raises(Unsupported, match="a Schur form is not unique"):
        grad(lambda a: np.sum(linalg.schur(a)[0]))(SPD)


# ── scipy.fft, scipy.signal ──────────────────────────────────────────────────────────────────────

TONE = np.array([0.3, -0.4, 1.0, 0.2, 0.7, -0.1, 0.5, 0.9])


def spectrum(x):
    return np.sum(abs(fft.rfft(x)) ** 2) + np.sum(fft.dct(x, norm="ortho")[:3]) + np.sum(fft.dctn(x.reshape(2, 4))[0])


def blurred(x, kernel):
    smooth = signal.convolve(x, kernel, mode="same")
    return np.sum(signal.fftconvolve(smooth, kernel) ** 2) + np.sum(signal.correlate(x, kernel, mode="valid") * 0.3)


def filtered(x, kernel):
    b, a = signal.butter(2, 0.4)
    y = signal.lfilter(b, a, x) + signal.filtfilt(b, a, x, padlen=3)
    return np.sum(signal.lfilter(kernel, [1.0, 0.3], y) ** 2)


def in_sections(x, kernel):
    sos = signal.butter(4, 0.4, output="sos")
    image = signal.convolve2d(x.reshape(2, 4), kernel.reshape(1, 3), "same", "wrap")
    return np.sum(signal.sosfilt(sos, x) ** 2) + np.sum(signal.detrend(image) ** 2)


@pytest.mark.parametrize(
    ("f", "args"),
    [(spectrum, (TONE,)), *[(f, (TONE, np.array([0.2, 0.5, 0.1]))) for f in (blurred, filtered, in_sections)]],
)
def test_signals(f, args):
    check_grads(f, args, modes=("rev",))


def test_the_coefficients_of_filtfilt_are_refused():
    with pytest.raises(Unsupported, match="two calls of lfilter"):
        grad(lambda b: np.sum(signal.filtfilt(b, [1.0], TONE, padlen=3)))(np.array([0.3, 0.4]))


# ── scipy.ndimage, scipy.spatial ─────────────────────────────────────────────────────────────────


def image(x, kernel):
    y = ndimage.gaussian_filter(x.reshape(2, 4), sigma=0.7)
    y = ndimage.convolve(y, kernel.reshape(1, 3), mode="nearest") + ndimage.uniform_filter(y, size=3)
    return np.sum(ndimage.zoom(y, 1.5) ** 2) + np.sum(ndimage.correlate1d(y, kernel, axis=1))


def warped(x, shift):
    where = np.stack((np.array([0.3, 0.6]) + shift, np.array([1.2, 2.7]) - shift))
    return np.sum(ndimage.map_coordinates(x.reshape(2, 4), where, order=1) ** 2)


def kernel_matrix(x, y):
    k = np.exp(-cdist(x, y, "sqeuclidean")) + cdist(x, y)
    return np.sum(k) + np.sum(pdist(x, metric="cityblock") ** 2)


@pytest.mark.parametrize(
    ("f", "args"),
    [(image, (TONE, np.array([0.2, 0.5, 0.1]))), (warped, (TONE, 0.11)), (kernel_matrix, (SPD, np.stack((B, X[0] * B))))],
)
def test_images_and_distances(f, args):
    check_grads(f, args)


# ── scipy.sparse ─────────────────────────────────────────────────────────────────────────────────

MATRIX = sparse.csr_matrix(np.array([[4.0, 1.0, 0.0], [0.3, 3.0, 0.5], [0.0, 0.7, 2.0]]))


def sparse_system(b):
    return np.sum(spsolve(MATRIX, MATRIX @ b * b) ** 2) + np.sum(MATRIX.dot(b) ** 2)


def test_sparse_matrices():
    check_grads(sparse_system, (B,), modes=("rev",))


D = np.array([2.0, 3.0, 0.5])


def by_places(d):
    """Two of the entries stand at the same place."""
    a = sparse.csr_matrix((d, ([0, 1, 1], [0, 1, 1])), shape=(2, 2))
    return np.sum((a @ np.array([1.0, 2.0])) ** 2) + np.sum(a.toarray() ** 3) + np.sum(a.dot(np.outer(d[:2], d)) ** 2)


def by_diagonals(d):
    a, above = sparse.diags([d, d[1:], 0.3], [0, 1, -1], shape=(3, 3)).tocsr(), sparse.diags_array(d, offsets=1)
    return np.sum(spsolve(a.T + a * 2.0, B) ** 2) + np.sum(sparse.diags(d) @ (B * d)) + np.sum(above @ np.ones(4))


def beside_others(d, b):
    """With a matrix from outside, and right-hand sides in columns."""
    a = sparse.csc_matrix((d, (np.arange(3), np.arange(3))))
    return np.sum(spsolve(MATRIX + a, b)) + np.sum(spsolve(a - 0.1 * MATRIX, np.stack((b, b * b), axis=1)))


def by_rows(d):
    a = sparse.csr_array((d, np.array([0, 2, 1]), np.array([0, 2, 3, 3])), shape=(3, 3))
    c = sparse.csc_array((d, np.array([0, 2, 1]), np.array([0, 2, 3, 3])), shape=(3, 3))
    beside = np.sum((MATRIX - c) @ d) + np.sum(MATRIX.toarray() @ c)
    return np.sum(d @ (a / 2.0)) + np.sum(a.diagonal() ** 2) + (-a).sum() ** 2 + beside


def by_the_whole(x):
    a = sparse.csr_matrix(x)
    return np.sum(spsolve(a.tocsc(), B) ** 2) + np.sum(a @ B)


@pytest.mark.parametrize(
    ("f", "args"),
    [(by_places, (D,)), (by_diagonals, (D,)), (beside_others, (D, B)), (by_rows, (D,)), (by_the_whole, (MATRIX.toarray(),))],
)
def test_sparse_matrices_of_variables(f, args):
    assert value_and_grad(f)(*args)[0] == pytest.approx(f(*args), rel=1e-14)
    check_grads(f, args, order=2)


def test_the_source_of_a_sparse_system():
    gradient = grad(lambda d: np.sum(spsolve(sparse.csr_matrix((d, ([0, 1], [0, 1]))), np.ones(2))))
    np.testing.assert_allclose(gradient(X), -1.0 / X**2)
    assert "solved(d, " in gradient.source


def test_what_is_not_known_of_a_sparse_matrix_is_refused():
    def full(d):
        return sparse.csr_matrix((d, ([0, 1], [0, 1])))

    with pytest.raises(Unsupported, match="two sparse matrices") as error:
        grad(lambda d: np.sum((full(d) @ full(d)).toarray()))(X)
    assert "full(d) @ full(d)" in str(error.value)
    with pytest.raises(AdjointError, match="csr_matrix"):
        grad(lambda d: sparse.csr_matrix((d, ([0, 1], [0, 1]))).power(2).sum())(X)


@pytest.mark.parametrize("mode", ["constant", "nearest", "mirror", "reflect", "wrap", "grid-wrap"])
def test_the_formulas_of_transformed_images_are_scipys(mode):
    """What is differentiated is what SciPy computes, inside of the image and outside."""
    from adjoint.rules.scipy.resampling import at_coordinates, rotated, shifted, transformed

    rng = np.random.default_rng(0)
    for order in range(6):
        for shape in ((7,), (6, 5), (4, 3, 5)):
            picture, where = rng.normal(size=shape), rng.uniform(-6.0, 11.0, (len(shape), 20))
            options = (order, mode, 0.3, True)
            near = {"order": order, "mode": mode, "cval": 0.3}
            found = at_coordinates(picture, where, *options)
            np.testing.assert_allclose(found, ndimage.map_coordinates(picture, where, **near), atol=1e-7)
            by, matrix = rng.uniform(-2.0, 2.0, len(shape)), np.eye(len(shape)) + 0.2 * rng.normal(size=(len(shape),) * 2)
            np.testing.assert_allclose(shifted(picture, by, *options), ndimage.shift(picture, by, **near), atol=1e-7)
            found = transformed(picture, matrix, by, shape, *options)
            np.testing.assert_allclose(found, ndimage.affine_transform(picture, matrix, by, **near), atol=1e-7)
            if len(shape) > 1:
                turned = ndimage.rotate(picture, 33.3, **near)
                np.testing.assert_allclose(rotated(picture, 33.3, (0, 1), turned.shape, *options), turned, atol=1e-7)


def transformed_image(x, angle, shift):
    turned = ndimage.rotate(x.reshape(2, 4), angle, mode="reflect")
    return np.sum(turned**2) + np.sum(ndimage.shift(x.reshape(2, 4), [shift, 0.1], mode="nearest", order=2) ** 3)


def test_second_derivatives_of_transformed_images():
    check_grads(transformed_image, (TONE, 20.0, 0.3), order=2)


# --- factorisations -------------------------------------------------------------------------------

DATA, PLACES = np.array([4.0, 3.0, 2.0, 0.7, 0.2, 0.3]), (np.array([0, 1, 2, 0, 1, 2]), np.array([0, 1, 2, 1, 0, 2]))


def stepped(d, b):
    """Implicit steps with one factorisation."""
    lu = splu(sparse.csc_matrix((d, PLACES), shape=(3, 3)))
    for _ in range(3):
        b = lu.solve(b) + lu.solve(b * b, "T")
    return np.sum(b**2)


def stepped_by_a_constant(b):
    lu, solve = splu(MATRIX.tocsc()), factorized(MATRIX.tocsc())
    return np.sum(lu.solve(b) * solve(b * b)) + lu.L.sum()


def test_factors_of_a_sparse_matrix():
    check_grads(stepped, (DATA, np.array([1.0, 2.0, 3.0])), order=2)
    check_grads(stepped_by_a_constant, (np.arange(1.0, 1.0 + MATRIX.shape[0]),))
    text = grad(stepped).source_for(DATA, np.ones(3))
    assert text.count("factors(") == 1  # in both sweeps


@pytest.mark.parametrize("f", [
    lambda d: splu(sparse.kron(sparse.diags(d), MATRIX).tocsc()).solve(np.ones(6 * MATRIX.shape[0]))[0],
    lambda d: splu(sparse.csc_matrix((d, PLACES), shape=(3, 3))).L.sum(),
    lambda d: splu(sparse.csc_matrix((d * 1j, PLACES), shape=(3, 3))).solve(np.ones(3) * 1j).real[0],
])  # fmt: skip
def test_what_factors_have_no_derivative_of(f):
    f(DATA)
    with pytest.raises((Unsupported, MissingRule)):
        grad(f)(DATA)
    with pytest.raises((Unsupported, MissingRule)):
        jvp(f, (DATA,), (DATA,))
