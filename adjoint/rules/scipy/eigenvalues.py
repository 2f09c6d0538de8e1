"""scipy.linalg: eigenvalues and eigenvectors.

Seeger et al. (2017) for eigh; Boeddeker et al., "On the computation of complex-valued gradients" (2017), for eig and
the generalized eigh.

Where SciPy reads one triangle of a matrix, so does the derivative.  Eigenvectors of nearly equal eigenvalues have a
derivative too large to be of use: cotangents are divided by the gap between them, inf or NaN where they are equal.  Eigenvalues
themselves, and functions of them that are symmetric, have no such difficulty.
"""

import inspect

import numpy as np
from scipy import linalg

from adjoint.rules import linalg as plain
from adjoint.rules.functional import refuse_stack, unsupported
from adjoint.rules.linalg import H, conj, eye_like, from_triangle, gaps, one_triangle, real, row
from adjoint.rules.registry import jvp_rule, vjp_rule

@vjp_rule(linalg.eigh)
def eigh(
    g, z, a, b=None, *, lower=True, eigvals_only=False, overwrite_a=False, overwrite_b=False, type=1,
    check_finite=True, subset_by_index=None, subset_by_value=None, driver=None,
):  # fmt: skip
    """a v = w b v, with vᴴ b v = 1."""
    unsupported(type != 1, "scipy.linalg.eigh with type=2 or 3")
    some = subset_by_index is not None or subset_by_value is not None
    if eigvals_only:
        w_bar, v_bar = g, None
        w, v = linalg.eigh(a, b, lower=lower, subset_by_index=subset_by_index, subset_by_value=subset_by_value)
    else:
        w_bar, v_bar = g
        w, v = z
    if w_bar is None and v_bar is None:
        return None
    unsupported(some and v_bar is not None, "some of the eigenvectors of scipy.linalg.eigh", "Ask for all of them.")
    triangle = "L" if lower else "U"
    inner = 0.0 if w_bar is None else row(w_bar) * eye_like(w)
    if v_bar is not None:
        inner = inner + gaps(w) * (H(v) @ conj(v_bar))
    a_bar = conj(one_triangle(v @ inner @ H(v), triangle))
    if b is None:
        return a_bar
    turn = inner * row(w)
    if v_bar is not None:
        turn = turn + 0.5 * row(real(np.linalg.diagonal(H(v) @ conj(v_bar)))) * eye_like(w)
    return a_bar, -conj(one_triangle(v @ turn @ H(v), triangle))


@vjp_rule(linalg.eigvalsh)
def eigvalsh(
    g, z, a, b=None, *, lower=True, overwrite_a=False, overwrite_b=False, type=1, check_finite=True,
    subset_by_index=None, subset_by_value=None, driver=None,
):  # fmt: skip
    return eigh(
        g, z, a, b, lower=lower, eigvals_only=True, type=type, subset_by_index=subset_by_index,
        subset_by_value=subset_by_value,
    )  # fmt: skip


@jvp_rule(linalg.eigh)
def eigh_jvp(
    t, z, a, b=None, *, lower=True, eigvals_only=False, overwrite_a=False, overwrite_b=False, type=1,
    check_finite=True, subset_by_index=None, subset_by_value=None, driver=None,
):  # fmt: skip
    some = subset_by_index is not None or subset_by_value is not None
    unsupported(type != 1, "scipy.linalg.eigh with type=2 or 3")
    unsupported(some and not eigvals_only, "some of the eigenvectors of scipy.linalg.eigh", "Ask for all of them.")
    triangle = "L" if lower else "U"
    if eigvals_only:
        w, v = linalg.eigh(a, b, lower=lower, subset_by_index=subset_by_index, subset_by_value=subset_by_value)
    else:
        w, v = z
    d = 0.0 if t[0] is None else H(v) @ from_triangle(t[0], triangle) @ v
    stretch = 0.0
    if t[1] is not None:
        shift = H(v) @ from_triangle(t[1], triangle) @ v
        d = d - shift * row(w)
        stretch = 0.5 * row(real(np.linalg.diagonal(shift))) * eye_like(w)
    w_dot = real(np.linalg.diagonal(d))
    return w_dot if eigvals_only else (w_dot, v @ (gaps(w) * d - stretch))


@jvp_rule(linalg.eigvalsh)
def eigvalsh_jvp(
    t, z, a, b=None, *, lower=True, overwrite_a=False, overwrite_b=False, type=1, check_finite=True,
    subset_by_index=None, subset_by_value=None, driver=None,
):  # fmt: skip
    return eigh_jvp(
        t, z, a, b, lower=lower, eigvals_only=True, type=type, subset_by_index=subset_by_index,
        subset_by_value=subset_by_value,
    )  # fmt: skip


def one_matrix(b, homogeneous):
    unsupported(b is not None or homogeneous, "the eigenvalues of a pair of matrices", "Solve by one of them first.")


@vjp_rule(linalg.eig)
def eig(
    g, z, a, b=None, left=False, right=True, overwrite_a=False, overwrite_b=False, check_finite=True,
    homogeneous_eigvals=False,
):  # fmt: skip
    one_matrix(b, homogeneous_eigvals)
    unsupported(left, "the left eigenvectors of scipy.linalg.eig", "Take the right ones of the transpose.")
    if not right:
        return plain.eigvals(g, z, a)
    return plain.eig(g, z, a)


@jvp_rule(linalg.eig)
def eig_jvp(
    t, z, a, b=None, left=False, right=True, overwrite_a=False, overwrite_b=False, check_finite=True,
    homogeneous_eigvals=False,
):  # fmt: skip
    one_matrix(b, homogeneous_eigvals)
    unsupported(left, "the left eigenvectors of scipy.linalg.eig", "Take the right ones of the transpose.")
    return plain.eig_jvp(t, z, a) if right else plain.eigvals_jvp(t, z, a)


if "overwrite_b" in inspect.signature(linalg.eigvals).parameters:  # SciPy 1.18

    @vjp_rule(linalg.eigvals)
    def eigvals(g, z, a, b=None, overwrite_a=False, overwrite_b=False, check_finite=True, homogeneous_eigvals=False):
        one_matrix(b, homogeneous_eigvals)
        return plain.eigvals(g, z, a)

    @jvp_rule(linalg.eigvals)
    def eigvals_jvp(t, z, a, b=None, overwrite_a=False, overwrite_b=False, check_finite=True, homogeneous_eigvals=False):
        one_matrix(b, homogeneous_eigvals)
        return plain.eigvals_jvp(t, z, a)

else:

    @vjp_rule(linalg.eigvals)
    def eigvals(g, z, a, b=None, overwrite_a=False, check_finite=True, homogeneous_eigvals=False):
        one_matrix(b, homogeneous_eigvals)
        return plain.eigvals(g, z, a)

    @jvp_rule(linalg.eigvals)
    def eigvals_jvp(t, z, a, b=None, overwrite_a=False, check_finite=True, homogeneous_eigvals=False):
        one_matrix(b, homogeneous_eigvals)
        return plain.eigvals_jvp(t, z, a)


@vjp_rule(linalg.matrix_balance)
def matrix_balance(g, z, A, permute=True, scale=True, separate=False, overwrite_a=False):
    """T⁻¹ A T with a T of powers of two, which stays as it is."""
    refuse_stack(A)
    unsupported(separate, "scipy.linalg.matrix_balance with separate=True")
    if g[0] is None:
        return None
    return linalg.solve(z[1].T, g[0]) @ z[1].T
