"""scipy.special: elliptic integrals and functions, and the arithmetic-geometric mean.

Formulas: DLMF 19.4 for the incomplete integrals, 22.13 for the Jacobian functions, 19.18 for Carlson's.
"""

import math

import numpy as np
from scipy import special

from adjoint.rules.registry import elementwise, jvp_rule, vjp_rule
from adjoint.rules.scipy.orders import of_shape
from adjoint.rules.scipy.special_arrays import scaled, weighted

# K′(m) and E′(m) by Carlson's R_D, which has no difference of nearly equal numbers: DLMF 19.25.1


def ellipk_slope(m):
    return special.elliprd(0.0, 1.0, 1.0 - m) / 6.0


def ellipe_slope(m):
    return -special.elliprd(0.0, 1.0 - m, 1.0) / 6.0


def reduced(phi):
    """phi less the nearest multiple k π, and k."""
    k = np.round(phi / math.pi)
    return phi - k * math.pi, k


def ellipkinc_by_m(phi, m):
    r, k = reduced(phi)
    s = np.sin(r)
    return s**3 * special.elliprd(np.cos(r) ** 2, 1.0, 1.0 - m * s * s) / 6.0 + 2.0 * k * ellipk_slope(m)


def ellipeinc_by_m(phi, m):
    r, k = reduced(phi)
    s = np.sin(r)
    return 2.0 * k * ellipe_slope(m) - s**3 * special.elliprd(np.cos(r) ** 2, 1.0 - m * s * s, 1.0) / 6.0



elementwise(special.ellipk, lambda z, m: ellipk_slope(m))
elementwise(special.ellipkm1, lambda z, p: -special.elliprd(0.0, 1.0, p) / 6.0)
elementwise(special.ellipe, lambda z, m: ellipe_slope(m))
elementwise(
    special.ellipkinc,
    lambda z, phi, m: 1.0 / np.sqrt(1.0 - m * np.sin(phi) ** 2),
    lambda z, phi, m: ellipkinc_by_m(phi, m),
)
elementwise(
    special.ellipeinc,
    lambda z, phi, m: np.sqrt(1.0 - m * np.sin(phi) ** 2),
    lambda z, phi, m: ellipeinc_by_m(phi, m),
)
# R_F, R_C, R_D, R_G and R_J are homogeneous and analytic for positive arguments
elementwise(
    special.elliprf,
    lambda z, x, y, w: -special.elliprd(y, w, x) / 6.0,
    lambda z, x, y, w: -special.elliprd(x, w, y) / 6.0,
    lambda z, x, y, w: -special.elliprd(x, y, w) / 6.0,
)
elementwise(
    special.elliprc,
    lambda z, x, y: np.where(y > 0, -special.elliprd(np.abs(y), np.abs(y), x) / 6.0, (z - x**-0.5) / (2.0 * (y - x - (x == y)))),
    lambda z, x, y: np.where(y > 0, -special.elliprd(x, np.abs(y), np.abs(y)) / 3.0, (x**0.5 / y - z) / (2.0 * (y - x - (x == y)))),
)
elementwise(
    special.elliprd,
    lambda z, x, y, w: of_shape(special.elliprd, 0, x, y, w),
    lambda z, x, y, w: of_shape(special.elliprd, 1, x, y, w),
    lambda z, x, y, w: of_shape(special.elliprd, 2, x, y, w),
)
elementwise(
    special.elliprg,
    lambda z, x, y, w: of_shape(special.elliprg, 0, x, y, w),
    lambda z, x, y, w: of_shape(special.elliprg, 1, x, y, w),
    lambda z, x, y, w: of_shape(special.elliprg, 2, x, y, w),
)
elementwise(
    special.elliprj,
    lambda z, x, y, w, p: of_shape(special.elliprj, 0, x, y, w, p),
    lambda z, x, y, w, p: of_shape(special.elliprj, 1, x, y, w, p),
    lambda z, x, y, w, p: of_shape(special.elliprj, 2, x, y, w, p),
    lambda z, x, y, w, p: of_shape(special.elliprj, 3, x, y, w, p),
)


def agm_by_first(z, a, b):
    """The mean is π/4 (a + b) / K(m) with m = ((a - b) / (a + b))²."""
    s = a + b
    m = ((a - b) / s) ** 2
    return z / s - z * ellipk_slope(m) / special.ellipk(m) * 4.0 * b * (a - b) / s**3


elementwise(special.agm, agm_by_first, lambda z, a, b: agm_by_first(z, b, a))


def ellipj_slopes(z, u, m):
    """Of sn, cn, dn and the amplitude φ, by u and by m; φ(u, m) inverts the integral F(φ, m)."""
    sn, cn, dn, phi = z
    by_m = -dn * ellipkinc_by_m(phi, m)
    return (
        (cn * dn, -sn * dn, -m * sn * cn, dn),
        (cn * by_m, -sn * by_m, -(0.5 * sn * sn + m * sn * cn * by_m) / dn, by_m),
    )


@vjp_rule(special.ellipj)
def ellipj(g, z, u, m):
    by_u, by_m = ellipj_slopes(z, u, m)
    return weighted(g, by_u), weighted(g, by_m)


@jvp_rule(special.ellipj)
def ellipj_jvp(t, z, u, m):
    by_u, by_m = ellipj_slopes(z, u, m)
    if t[0] is None:
        return scaled(by_m, t[1])
    if t[1] is None:
        return scaled(by_u, t[0])
    return both(scaled(by_u, t[0]), scaled(by_m, t[1]))


def both(a, b):
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]
