"""scipy.linalg: functions of matrices.

The derivative of f(A) in the direction E is the Fréchet derivative L(A, E), and the cotangent of A is L(Aᵀ, g): both
stand in the upper right corner of f([[A, E], [0, A]]) (Mathias, "A chain rule for matrix functions", 1996; Higham,
"Functions of matrices", 2008, theorem 3.6).  That takes f of a matrix twice as large.  `expm` has an algorithm of its own
(Al-Mohy & Higham 2009), `sqrtm` is a Sylvester equation: X Ẋ + Ẋ X = Ȧ, singular where two eigenvalues of X add
to zero.
"""

import numpy as np
from scipy import linalg

from adjoint.rules.contraction import mT
from adjoint.rules.functional import unsupported
from adjoint.rules.registry import jvp_rule, vjp_rule


def doubled(a, e):
    """[[a, e], [0, a]]"""
    top = np.concatenate((a, e), axis=-1)
    return np.concatenate((top, np.concatenate((np.zeros_like(a), a), axis=-1)), axis=-2)


def corner(x):
    n = np.shape(x)[-1] // 2
    return x[..., :n, n:]


def length(e):
    """The size of a direction, and 1 of none: e is divided by it, so that it is no larger than its matrix."""
    size = np.max(np.abs(e))
    return size + (size == 0)


def block_rule(fn):
    """Register a function of a matrix by that of the matrix doubled."""

    @vjp_rule(fn)
    def pulled(g, z, A):
        return corner(fn(doubled(mT(A), g / length(g)))) * length(g)

    @jvp_rule(fn)
    def pushed(t, z, A):
        return corner(fn(doubled(A, t[0] / length(t[0])))) * length(t[0])


for _fn in (linalg.cosm, linalg.sinm, linalg.tanm, linalg.coshm, linalg.sinhm, linalg.tanhm):
    block_rule(_fn)


def without_estimate(disp):
    unsupported(not disp, "a function of a matrix with disp=False", "Leave it out: the estimate of the error has no derivative.")


@vjp_rule(linalg.logm)
def logm(g, z, A, disp=True):
    without_estimate(disp)
    return corner(linalg.logm(doubled(mT(A), g / length(g)))) * length(g)


@jvp_rule(linalg.logm)
def logm_jvp(t, z, A, disp=True):
    without_estimate(disp)
    return corner(linalg.logm(doubled(A, t[0] / length(t[0])))) * length(t[0])


@vjp_rule(linalg.signm)
def signm(g, z, A, disp=True):
    without_estimate(disp)
    return corner(linalg.signm(doubled(mT(A), g / length(g)))) * length(g)


@jvp_rule(linalg.signm)
def signm_jvp(t, z, A, disp=True):
    without_estimate(disp)
    return corner(linalg.signm(doubled(A, t[0] / length(t[0])))) * length(t[0])


@vjp_rule(linalg.fractional_matrix_power)
def fractional_matrix_power(g, z, A, t):
    """By the exponent: A^t log A."""
    a_bar = corner(linalg.fractional_matrix_power(doubled(mT(A), g / length(g)), t)) * length(g)
    return a_bar, (None if isinstance(t, int) else np.sum(g * (z @ linalg.logm(A))))


@jvp_rule(linalg.fractional_matrix_power)
def fractional_matrix_power_jvp(dots, z, A, t):
    total = 0.0
    if dots[0] is not None:
        size = length(dots[0])
        total = corner(linalg.fractional_matrix_power(doubled(A, dots[0] / size), t)) * size
    return total if dots[1] is None else total + dots[1] * (z @ linalg.logm(A))


@vjp_rule(linalg.sqrtm)
def sqrtm(g, z, A, disp=True, blocksize=64):
    without_estimate(disp)
    return linalg.solve_sylvester(mT(z), mT(z), g)


@jvp_rule(linalg.sqrtm)
def sqrtm_jvp(t, z, A, disp=True, blocksize=64):
    without_estimate(disp)
    return linalg.solve_sylvester(z, z, t[0])


@vjp_rule(linalg.expm)
def expm(g, z, A):
    return linalg.expm_frechet(mT(A), g, compute_expm=False)


@jvp_rule(linalg.expm)
def expm_jvp(t, z, A):
    return linalg.expm_frechet(A, t[0], compute_expm=False)


@vjp_rule(linalg.expm_frechet)
def expm_frechet(g, z, A, E, method=None, compute_expm=True, check_finite=True):
    """L(A, E) is a block of exp([[A, E], [0, A]]), and that has its cotangent by `expm`."""
    value_bar, g = g if compute_expm else (None, g)
    a_bar = e_bar = 0.0
    if g is not None:
        n = np.shape(A)[-1]
        m = mT(doubled(A, E))
        placed = np.concatenate((np.zeros_like(g), g), axis=-1)
        whole = linalg.expm_frechet(m, np.concatenate((placed, np.zeros_like(placed)), axis=-2), compute_expm=False)
        a_bar, e_bar = whole[..., :n, :n] + whole[..., n:, n:], whole[..., :n, n:]
    if value_bar is not None:
        a_bar = a_bar + linalg.expm_frechet(mT(A), value_bar, compute_expm=False)
    return a_bar, e_bar


@jvp_rule(linalg.expm_frechet)
def expm_frechet_jvp(t, z, A, E, method=None, compute_expm=True, check_finite=True):
    """The same blocks move together: [[Ȧ, Ė], [0, Ȧ]]."""
    a_dot = np.zeros_like(A) if t[0] is None else t[0]
    e_dot = np.zeros_like(E) if t[1] is None else t[1]
    whole = linalg.expm_frechet(doubled(A, E), doubled(a_dot, e_dot), compute_expm=False)
    n = np.shape(A)[-1]
    return (whole[..., :n, :n], corner(whole)) if compute_expm else corner(whole)
