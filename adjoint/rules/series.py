"""numpy.polynomial: series z(x) = Σ c[n] B[n](x) in a basis of polynomials, lowest degree first.

    polyval(x, c), chebval(x, c), …       x̄ = z̄ Σ c[n] B'[n](x),  c̄[n] = Σ z̄ B[n](x)
    polyder(c), polyint(c), …             linear in c: a matrix
    polyvander(x, deg), …                 the values B[n](x) themselves; B' is B times the matrix of the derivative

The six bases are alike, and have the same rules.
"""

import numpy as np
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial

from adjoint.rules.functional import refuse_active, unsupported
from adjoint.rules.registry import constant, jvp_rule, vjp_rule
from adjoint.rules.ufuncs import tangent_sum


def basis(val, vander, der, integ):
    """Give the functions of one basis their rules."""

    @vjp_rule(val)
    def value(g, z, x, c, tensor=True):
        unsupported(not tensor and np.ndim(c) > 1, "a series with `tensor=False`", "Evaluate one column at a time.")
        powers = vander(np.ravel(x), np.shape(c)[0] - 1)
        if np.ndim(c) == 1:
            return g * val(x, der(c)), np.ravel(g) @ powers
        c_bar = np.reshape(g, (*np.shape(c)[1:], np.size(x))) @ powers
        return g * val(x, der(c)), np.moveaxis(c_bar, -1, 0)

    @jvp_rule(val)
    def value_jvp(t, z, x, c, tensor=True):
        return tangent_sum(
            None if t[0] is None else t[0] * val(x, der(c), tensor), None if t[1] is None else val(x, t[1], tensor)
        )

    @vjp_rule(vander)
    def values(g, z, x, deg):
        return np.sum(g * (z[..., : max(deg, 1)] @ der(np.eye(deg + 1, dtype=np.result_type(z)))), axis=-1)

    @jvp_rule(vander)
    def values_jvp(t, z, x, deg):
        return np.expand_dims(np.atleast_1d(t[0]), -1) * (z[..., : max(deg, 1)] @ der(np.eye(deg + 1, dtype=np.result_type(z))))

    @vjp_rule(der, linear=True)
    def derivative(g, z, c, m=1, scl=1, axis=0):
        return along(der(one(c, axis), m, scl), g, axis)

    @vjp_rule(integ)
    def integral(g, z, c, m=1, k=(), lbnd=0, scl=1, axis=0):
        refuse_active(k, CONSTANTS)
        refuse_active(lbnd, CONSTANTS)
        refuse_active(scl, CONSTANTS)
        return along(integ(one(c, axis), m, [], lbnd, scl), g, axis)

    @jvp_rule(integ)
    def integral_jvp(t, z, c, m=1, k=(), lbnd=0, scl=1, axis=0):
        unsupported(any([dot is not None for dot in t[1:]]), "the integral of a series by anything but its coefficients")
        return integ(t[0], m, [], lbnd, scl, axis)


CONSTANTS = "the constants of integration, where it starts, and its scale have no rule"


def one(c, axis):
    """The identity matrix for the coefficients along an axis."""
    return np.eye(np.shape(c)[axis], dtype=np.result_type(c))


def along(matrix, g, axis):
    """The transposed matrix applied along an axis."""
    return np.moveaxis(np.tensordot(matrix, g, ((0,), (axis,))), 0, axis)


basis(polynomial.polyval, polynomial.polyvander, polynomial.polyder, polynomial.polyint)
basis(chebyshev.chebval, chebyshev.chebvander, chebyshev.chebder, chebyshev.chebint)
basis(legendre.legval, legendre.legvander, legendre.legder, legendre.legint)
basis(hermite.hermval, hermite.hermvander, hermite.hermder, hermite.hermint)
basis(hermite_e.hermeval, hermite_e.hermevander, hermite_e.hermeder, hermite_e.hermeint)
basis(laguerre.lagval, laguerre.lagvander, laguerre.lagder, laguerre.lagint)

constant(
    legendre.leggauss, chebyshev.chebgauss, hermite.hermgauss, hermite_e.hermegauss, laguerre.laggauss, chebyshev.chebpts1,
    chebyshev.chebpts2, why="of an integer",
)  # fmt: skip
