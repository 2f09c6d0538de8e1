"""Where a derivative does not exist, or is computed badly if one is careless: the table in `adjoint.rules`, end to end."""

import math
import warnings

import numpy as np
import pytest

from adjoint import check_grads, grad, jvp, vjp

A = np.array


def softplus(x):
    return np.sum(np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0.0))


def logsumexp(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def guarded_log(x):
    safe = np.where(x > 0.0, x, 1.0)
    return np.sum(np.where(x > 0.0, np.log(safe), 0.0))


def norm_or_zero(x):
    return np.linalg.norm(x)


CASES = [
    (lambda x: abs(x), 0.0, 0.0),
    (lambda x: np.sum(np.abs(x)), A([0.0, -2.0]), A([0.0, -1.0])),
    (norm_or_zero, np.zeros(3), np.zeros(3)),
    (lambda x: np.linalg.norm(x, 1), np.zeros(2), np.zeros(2)),
    (lambda x: np.hypot(x, 0.0), 0.0, 0.0),
    (lambda x: np.std(x), np.ones(3), np.zeros(3)),
    (lambda x: np.max(x), A([3.0, 1.0, 3.0]), A([0.5, 0.0, 0.5])),
    (lambda x: np.min(x), A([1.0, 1.0, 3.0]), A([0.5, 0.5, 0.0])),
    (lambda x: np.maximum(x, 2.0), 2.0, 0.5),
    (lambda x: max(x, 2.0), 2.0, 0.5),
    (lambda x: np.median(x), A([1.0, 2.0, 2.0, 2.0]), A([0.0, 1 / 3, 1 / 3, 1 / 3])),
    (lambda x: np.sum(np.sort(x) * A([1.0, 2.0, 3.0])), A([2.0, 1.0, 3.0]), A([2.0, 1.0, 3.0])),
    (lambda x: np.sum(np.clip(x, 0.0, 1.0)), A([0.0, 0.5, 1.0, 2.0]), A([1.0, 1.0, 1.0, 0.0])),
    (lambda x: x**0, 0.0, 0.0),
    (lambda x: x**1, 0.0, 1.0),
    (lambda x: x**2.5, 0.0, 0.0),
    (lambda p: 0.0**p, 2.0, 0.0),
    (lambda x: x**3, -2.0, 12.0),
    (lambda x: np.sum(x**2), A([-2.0, 0.0]), A([-4.0, 0.0])),
    (lambda x: np.sum(np.power(x, A([0, 1, 3]))), A([0.0, 0.0, -2.0]), A([0.0, 1.0, 12.0])),
    (lambda x: np.prod(x), A([0.0, 2.0, 3.0]), A([6.0, 0.0, 0.0])),
    (lambda x: np.sum(np.where(x > 0.0, x, np.inf * (x > 9.0))), A([1.0, 2.0]), A([1.0, 1.0])),
    (guarded_log, A([0.0, 2.0]), A([0.0, 0.5])),
    (softplus, A([-800.0, 800.0]), A([0.0, 1.0])),
    (logsumexp, A([800.0, 800.0, -800.0]), A([0.5, 0.5, 0.0])),
    (lambda x: np.logaddexp.reduce(x), A([800.0, 800.0, -800.0]), A([0.5, 0.5, 0.0])),
    (lambda x: np.sum(np.logaddexp(0.0, x)), A([-800.0, 0.0, 800.0]), A([0.0, 0.5, 1.0])),
    (lambda x: np.logaddexp(x, -np.inf), -np.inf, 0.0),
    (lambda x: np.log1p(x), 1e-300, 1.0),
    (lambda x: np.expm1(x), -1e-300, 1.0),
    (lambda x: math.hypot(x, 0.0), 0.0, 0.0),
    (lambda x: math.dist([x], [0.0]), 0.0, 0.0),
    (lambda x: math.pow(x, 3.0), -2.0, 12.0),
    (lambda x: x**-1, -2.0, -0.25),
    (lambda p: math.pow(0.0, p), 2.0, 0.0),
    (lambda x: np.sum(np.linalg.norm(x, axis=1)), A([[0.0, 0.0], [3.0, 4.0]]), A([[0.0, 0.0], [0.6, 0.8]])),
    (lambda x: np.linalg.norm(x, 3), np.zeros(2), np.zeros(2)),
    (lambda x: np.linalg.norm(x, np.inf), A([2.0, -2.0]), A([0.5, -0.5])),
    (lambda x: np.linalg.norm(x, "fro"), np.zeros((2, 2)), np.zeros((2, 2))),
    (lambda x: np.linalg.vector_norm(x), np.zeros(2), np.zeros(2)),
    (lambda x: np.sum(np.hypot(x, x)), np.zeros(2), np.zeros(2)),
    (lambda x: np.sum(np.std(x, axis=0)), np.ones((3, 2)), np.zeros((3, 2))),
    (lambda x: np.sum(np.max(x, axis=1)), A([[1.0, 1.0], [2.0, 3.0]]), A([[0.5, 0.5], [0.0, 1.0]])),
    (lambda x: np.fmax(x, 2.0), 2.0, 0.5),
    (lambda x: np.ptp(x), A([1.0, 1.0, 2.0]), A([-0.5, -0.5, 1.0])),
    (lambda x: np.quantile(x, 0.5), A([1.0, 1.0, 1.0]), np.full(3, 1 / 3)),
    (lambda x: np.median(x), A([1.0, 1.0, 3.0, 3.0]), np.full(4, 0.25)),
    (lambda x: np.sum(np.sort(x, axis=0) * A([[1.0], [2.0]])), A([[1.0], [1.0]]), A([[1.0], [2.0]])),
    (lambda x: np.partition(x, 1)[1], A([2.0, 1.0, 2.0]), A([1.0, 0.0, 0.0])),
    (lambda bound: np.clip(0.0, bound, 1.0), 0.0, 0.0),
    (lambda x: np.minimum(np.maximum(x, 0.0), 1.0), 1.0, 0.5),
    (lambda x: np.sinc(x), 0.0, 0.0),
    (lambda x: np.sum(np.cumprod(x)), A([2.0, 0.0, 3.0]), A([1.0, 8.0, 0.0])),
    (lambda x: np.sum(np.where(x != 0.0, 1.0 / np.where(x == 0.0, 1.0, x), 0.0)), A([0.0, 2.0]), A([0.0, -0.25])),
    (lambda x: np.nanmax(x), A([1.0, np.nan, 1.0]), A([0.5, 0.0, 0.5])),
    (lambda x: np.logaddexp(x, -x), 800.0, 1.0),
    (lambda x: np.logaddexp2(x, 0.0), 2000.0, 1.0),
    (lambda x: np.sum(np.nan_to_num(x)), A([1.0, np.nan, np.inf]), A([1.0, 0.0, 0.0])),
    (lambda x: np.nansum(x), A([1.0, np.nan]), A([1.0, 0.0])),
]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # np.inf * 0 in the primal
@pytest.mark.parametrize(("fun", "x", "expected"), CASES)
def test_edge(fun, x, expected):
    np.testing.assert_allclose(grad(fun)(x), expected, rtol=1e-12, atol=1e-300)
    for k in np.ndindex(np.shape(x)):  # forward mode says the same
        dot = np.zeros_like(x)
        dot[k] = 1.0
        tangent = jvp(fun, (x,), (dot if isinstance(x, np.ndarray) else 1.0,))[1]
        np.testing.assert_allclose(tangent, np.asarray(expected)[k], rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(("fun", "x"), [(np.sqrt, 0.0), (np.cbrt, 0.0), (np.arcsin, 1.0), (np.arccosh, 1.0)])
def test_an_infinite_slope_is_what_numpy_gives(fun, x):
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(grad(lambda x: np.sum(fun(x)))(np.full(2, x)), [np.inf, np.inf])
        np.testing.assert_array_equal(jvp(lambda x: fun(x), (np.full(2, x),), (np.ones(2),))[1], [np.inf, np.inf])


@pytest.mark.parametrize("fun", [lambda x: math.sqrt(x), lambda x: x**0.5, lambda x: math.asin(x + 1.0)])
def test_an_infinite_slope_of_python_floats_is_an_error_of_python(fun):
    for derivative in (lambda: grad(fun)(0.0), lambda: jvp(fun, (0.0,), (1.0,))):
        with pytest.raises(ZeroDivisionError):
            derivative()


@pytest.mark.parametrize("fun", [guarded_log, softplus, logsumexp])
def test_no_warning_where_the_primal_gives_none(fun):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grad(fun)(A([0.0, 1.0, 2.0]))


@pytest.mark.parametrize(
    "fun",
    [
        softplus, logsumexp, norm_or_zero, lambda x: np.mean(x**2) / 3, lambda x: np.std(x), lambda x: np.median(x * 2.0),
        lambda x: np.sum(np.sqrt(x) * np.pi), lambda x: np.sum(np.where(x > 1.0, x, 0.5)), lambda x: np.prod(x[1:]),
    ],
)  # fmt: skip
def test_float32_stays_float32(fun):
    x = A([0.5, 1.5, 2.5], dtype=np.float32)
    assert grad(fun)(x).dtype == np.float32
    assert np.asarray(jvp(fun, (x,), (x,))[1]).dtype == np.asarray(fun(x)).dtype


# --- complex numbers ------------------------------------------------------------------------------

Z = A([0.3 + 1.1j, -0.7 + 0.2j, 0.5 - 0.4j])


def test_the_convention():
    """∂f/∂x - i ∂f/∂y of a real f(x + iy), as JAX; f′ of a holomorphic f seeded with 1."""
    np.testing.assert_allclose(grad(lambda z: np.sum(np.abs(z) ** 2))(Z), 2.0 * np.conj(Z))
    np.testing.assert_allclose(grad(lambda z: np.sum(np.real(z)))(Z), np.ones(3))
    np.testing.assert_allclose(grad(lambda z: np.sum(np.imag(z)))(Z), np.full(3, -1j))
    np.testing.assert_allclose(vjp(lambda z: z**3, Z)[1](np.ones(3, complex))[0], 3.0 * Z**2)
    np.testing.assert_allclose(jvp(lambda z: z**3, (Z,), (np.ones(3, complex),))[1], 3.0 * Z**2)


@pytest.mark.parametrize(
    "fun",
    [
        lambda z: np.exp(z) * np.sin(z), lambda z: np.conj(z) * z**2, lambda z: np.abs(z), lambda z: np.angle(z),
        lambda z: np.real(z) * np.imag(z), lambda z: np.fft.ifft(np.fft.fft(z) ** 2), lambda z: z / (1.0 + np.conj(z)),
        lambda z: np.linalg.norm(z), lambda z: np.sum(z.real**2 + np.log(z).imag), lambda z: z @ np.conj(z),
    ],
)  # fmt: skip
def test_complex_functions(fun):
    check_grads(fun, (Z,))


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2), lambda x: np.fft.irfft(np.fft.rfft(x) * 1j).real,
        lambda x: np.angle(x + 1j * x**2), lambda x: np.abs(np.exp(1j * x) + x), lambda x: (x * (1 + 2j)).imag,
    ],
)  # fmt: skip
def test_real_to_complex_to_real(fun):
    check_grads(fun, (A([0.4, 1.3, 0.8]),))
    assert vjp(fun, A([0.4, 1.3, 0.8]))[1](np.ones_like(fun(A([0.4, 1.3, 0.8]))))[0].dtype == np.float64


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("n", [0, 2])
def test_a_list_of_no_arrays_is_an_array_of_no_rows(n, optimize):
    def summed(x, n):
        rows = []
        for k in range(n):
            rows.append(x * k)
        return np.sum(rows) + x[0]

    np.testing.assert_array_equal(grad(summed, optimize=optimize)(A([0.0, 1.0, 2.0]), n), A([1.0, 0.0, 0.0]) + n // 2)
