"""Convolution, interpolation, and polynomials given by their coefficients, highest first."""

import numpy as np

from adjoint.rules.helpers import convolve_pad, factorials, leading_zeros, recur, refuse, scatter
from adjoint.rules.linalg import eigvals, eigvals_jvp, lstsq, solution_dot
from adjoint.rules.registry import jvp_rule, vjp_rule
from adjoint.rules.ufuncs import tangent_sum

# ── convolution ──────────────────────────────────────────────────────────────────────────────────


@vjp_rule(np.convolve)
def convolve(g, z, a, v, mode="full"):
    """g, brought to the length of the full convolution, correlated with the other factor."""
    g = g if mode == "full" else np.pad(g, convolve_pad(np.size(a), np.size(v), mode, False))
    return convolved(g, v, np.size(a)), convolved(g, a, np.size(v))


def convolved(g, other, n):
    """The n entries of g * reversed(other) where they overlap wholly."""
    return np.reshape(np.convolve(g, np.ravel(other)[::-1], "full")[np.size(other) - 1 : np.size(other) - 1 + n], (n,))


@jvp_rule(np.convolve)
def convolve_jvp(t, z, a, v, mode="full"):
    return tangent_sum(
        None if t[0] is None else np.convolve(t[0], v, mode), None if t[1] is None else np.convolve(a, t[1], mode)
    )


@vjp_rule(np.correlate)
def correlate(g, z, a, v, mode="valid"):
    """The convolution of a with v reversed and conjugated."""
    g = g if mode == "full" else np.pad(g, convolve_pad(np.size(a), np.size(v), mode, True))
    a_bar = convolved(g, np.conj(np.ravel(v))[::-1], np.size(a))
    return a_bar, np.conj(convolved(g, a, np.size(v)))[::-1]


@jvp_rule(np.correlate)
def correlate_jvp(t, z, a, v, mode="valid"):
    return tangent_sum(
        None if t[0] is None else np.correlate(t[0], v, mode), None if t[1] is None else np.correlate(a, t[1], mode)
    )


# ── interpolation ────────────────────────────────────────────────────────────────────────────────


def knots(x, xp, fp, period):
    """The argument, the knots and the values there; a period repeats the last knot before and the first behind."""
    if period is None:
        return np.asarray(x), np.asarray(xp), np.asarray(fp), None
    order = np.argsort(np.remainder(xp, period))
    ring = np.take(np.remainder(xp, period), order)
    values = np.take(fp, order)
    ring = np.concatenate((ring[-1:] - period, ring, ring[:1] + period))
    return np.remainder(x, period), ring, np.concatenate((values[-1:], values, values[:1])), order


def unknot(bar, order):
    """Back from the repeated and sorted knots."""
    if order is None:
        return bar
    n = np.shape(order)
    ring = bar[1:-1] + scatter(bar[:1], slice(-1, None), n) + scatter(bar[-1:], slice(0, 1), n)
    return np.take(ring, np.argsort(order))


@vjp_rule(np.interp)
def interp(g, z, x, xp, fp, left=None, right=None, period=None):
    """Between knots i and i + 1, a fraction w of the way.  At a knot, the slope to its right."""
    at_x, at_knots, values, order = knots(x, xp, fp, period)
    n = np.size(at_knots)
    below, above = at_x < at_knots[0], at_x > at_knots[-1]
    outside = below | above
    i = np.clip(np.searchsorted(at_knots, at_x, "right") - 1, 0, max(n - 2, 0))
    j = np.minimum(i + 1, n - 1)
    width = np.take(at_knots, j) - np.take(at_knots, i)
    width = width + (width == 0)
    slope = (np.take(values, j) - np.take(values, i)) / width
    w = np.clip((at_x - np.take(at_knots, i)) / width, 0.0, 1.0)
    x_bar = np.where(outside, 0.0, g * slope)
    g_inner = g if left is None else np.where(below, 0.0, g)
    g_inner = g_inner if right is None else np.where(above, 0.0, g_inner)
    xp_bar = -(scatter(x_bar * (1.0 - w), i, (n,)) + scatter(x_bar * w, j, (n,)))
    fp_bar = scatter(g_inner * (1.0 - w), i, (n,)) + scatter(g_inner * w, j, (n,))
    left_bar, right_bar = np.where(below, g, 0.0), np.where(above, g, 0.0)
    return x_bar, unknot(xp_bar, order), unknot(fp_bar, order), left_bar, right_bar


@jvp_rule(np.interp)
def interp_jvp(t, z, x, xp, fp, left=None, right=None, period=None):
    at_x, at_knots, values, order = knots(x, xp, fp, period)
    n = np.size(at_knots)
    below, above = at_x < at_knots[0], at_x > at_knots[-1]
    i = np.clip(np.searchsorted(at_knots, at_x, "right") - 1, 0, max(n - 2, 0))
    j = np.minimum(i + 1, n - 1)
    width = np.take(at_knots, j) - np.take(at_knots, i)
    width = width + (width == 0)
    slope = np.where(below | above, 0.0, (np.take(values, j) - np.take(values, i)) / width)
    w = np.clip((at_x - np.take(at_knots, i)) / width, 0.0, 1.0)
    total = np.zeros_like(z) if t[0] is None else slope * t[0]
    if t[1] is not None:
        xp_dot = knot_tangents(t[1], order)
        total = total - slope * ((1.0 - w) * np.take(xp_dot, i) + w * np.take(xp_dot, j))
    if t[2] is not None:
        fp_dot = knot_tangents(t[2], order)
        total = total + (1.0 - w) * np.take(fp_dot, i) + w * np.take(fp_dot, j)
    if left is not None:
        total = np.where(below, 0.0 if t[3] is None else t[3], total)
    if right is not None:
        total = np.where(above, 0.0 if t[4] is None else t[4], total)
    return total


def knot_tangents(dot, order):
    """The tangents of the knots that `knots` sorted and repeated."""
    if order is None:
        return np.asarray(dot)
    ring = np.take(dot, order)
    return np.concatenate((ring[-1:], ring, ring[:1]))


# ── polynomials ──────────────────────────────────────────────────────────────────────────────────


@vjp_rule(np.polyval)
def polyval(g, z, p, x):
    return np.ravel(g) @ np.vander(np.ravel(x), len(p)), g * np.polyval(np.polyder(p), x)


@jvp_rule(np.polyval)
def polyval_jvp(t, z, p, x):
    return tangent_sum(
        None if t[0] is None else np.polyval(t[0], x), None if t[1] is None else t[1] * np.polyval(np.polyder(p), x)
    )


@vjp_rule(np.polyder, linear=True)
def polyder(g, z, p, m=1):
    n = len(p)
    return np.concatenate((g * np.polyder(np.ones(n), m), np.zeros(min(m, n))))


@vjp_rule(np.polyint)
def polyint(g, z, p, m=1, k=None):
    n = len(p)
    return g[:n] * np.polyint(np.ones(n), m)[:n], None, g[n:] / factorials(m)


@jvp_rule(np.polyint)
def polyint_jvp(t, z, p, m=1, k=None):
    p_dot = np.zeros(len(p)) if t[0] is None else t[0]
    return np.polyint(p_dot, m) if len(t) < 3 or t[2] is None else np.polyint(p_dot, m, t[2])


@vjp_rule(np.polyadd)
def polyadd(g, z, a1, a2):
    """The shorter one had zeros put in front."""
    return g[np.size(g) - np.size(a1) :], g[np.size(g) - np.size(a2) :]


@vjp_rule(np.polysub)
def polysub(g, z, a1, a2):
    return g[np.size(g) - np.size(a1) :], -g[np.size(g) - np.size(a2) :]


@vjp_rule(np.polymul)
def polymul(g, z, a1, a2):
    """Leading zeros, which NumPy drops, get 0."""
    m, n = leading_zeros(a1), leading_zeros(a2)
    a1_bar = convolved(g, a2[n:], np.size(a1) - m)
    a2_bar = convolved(g, a1[m:], np.size(a2) - n)
    return np.concatenate((np.zeros(m), a1_bar)), np.concatenate((np.zeros(n), a2_bar))


@jvp_rule(np.polyadd)
def polyadd_jvp(t, z, a1, a2):
    return np.polyadd(np.zeros_like(a1) if t[0] is None else t[0], np.zeros_like(a2) if t[1] is None else t[1])


@jvp_rule(np.polysub)
def polysub_jvp(t, z, a1, a2):
    return np.polysub(np.zeros_like(a1) if t[0] is None else t[0], np.zeros_like(a2) if t[1] is None else t[1])


@vjp_rule(np.roots)
def roots(g, z, p):
    """p(r) = 0 for every p: so ṙ = -ṗ(r) / p'(r).  Multiple roots give inf."""
    return (g * -(1.0 / np.polyval(np.polyder(p), z))) @ np.vander(z, len(p))


@jvp_rule(np.polymul)
def polymul_jvp(t, z, a1, a2):
    m, n = leading_zeros(a1), leading_zeros(a2)
    return tangent_sum(
        None if t[0] is None else np.convolve(np.asarray(t[0])[m:], np.asarray(a2)[n:]),
        None if t[1] is None else np.convolve(np.asarray(a1)[m:], np.asarray(t[1])[n:]),
    )


@jvp_rule(np.roots)
def roots_jvp(t, z, p):
    return -(np.polyval(t[0], z) / np.polyval(np.polyder(p), z))


@vjp_rule(np.poly)
def poly(g, z, seq_of_zeros):
    """∂p/∂r is -p / (x - r), and its coefficients follow b[k] = r b[k - 1] + p[k]."""
    r = np.asarray(seq_of_zeros)
    if np.ndim(r) == 2:
        r, matrix = np.linalg.eigvals(r), r
        return eigvals(poly_bar(g, z, r), r, matrix)
    return poly_bar(g, z, r)


def poly_bar(g, z, r):
    return -(quotients(z, r) @ g[1:])


def quotients(z, r):
    """The coefficients of p / (x - r), for each root a row."""
    n = np.size(r)
    return recur(np.expand_dims(r, 1) * np.ones((n, n)), np.ones((n, 1)) * z[:-1])


@jvp_rule(np.poly)
def poly_jvp(t, z, seq_of_zeros):
    r, r_dot = np.asarray(seq_of_zeros), np.asarray(t[0])
    if np.ndim(r) == 2:
        r, matrix = np.linalg.eigvals(r), r
        r_dot = eigvals_jvp((r_dot,), r, matrix)
    z_dot = np.concatenate((np.zeros(1), -(r_dot @ quotients(z, r))))
    return z_dot if np.iscomplexobj(z) else np.real(z_dot)


# ── fitting ──────────────────────────────────────────────────────────────────────────────────────


def fit_system(x, y, deg, w):
    """The matrix and right side whose least squares np.polyfit solves."""
    a = np.vander(x, deg + 1)
    if w is None:
        return a, y
    return np.expand_dims(w, 1) * a, (w if np.ndim(y) == 1 else np.expand_dims(w, 1)) * y


@vjp_rule(np.polyfit)
def polyfit(g, z, x, y, deg, rcond=None, full=False, w=None, cov=False):
    """That of the least squares problem with the rows w (x^deg, …, x, 1)."""
    if full or cov:
        return refuse("`np.polyfit` with `full=True` or `cov=True` has no derivative rule.", "Use `np.linalg.lstsq`.")
    a, b = fit_system(x, y, deg, w)
    a_bar, b_bar = lstsq((g, None, None, None), (z, np.zeros(0)), a, b, np.size(x) * np.finfo(np.result_type(a)).eps)
    powers = np.vander(x, deg + 1)
    slope = np.concatenate((np.vander(x, deg) * np.arange(deg, 0, -1), np.zeros((np.size(x), 1))), axis=1)
    rows = np.ones(np.size(x)) if w is None else w
    x_bar = np.sum(np.expand_dims(rows, 1) * a_bar * slope, axis=1)
    if np.ndim(y) == 1:
        return x_bar, b_bar * rows, None, None, None, np.sum(a_bar * powers, axis=1) + b_bar * y
    w_bar = np.sum(a_bar * powers, axis=1) + np.sum(b_bar * y, axis=1)
    return x_bar, b_bar * np.expand_dims(rows, 1), None, None, None, w_bar


@jvp_rule(np.polyfit)
def polyfit_jvp(t, z, x, y, deg, rcond=None, full=False, w=None, cov=False):
    a, b = fit_system(x, y, deg, w)
    powers = np.vander(x, deg + 1)
    a_dot, b_dot = np.zeros_like(a), np.zeros_like(b)
    rows = np.ones(np.size(x)) if w is None else w
    columns = rows if np.ndim(y) == 1 else np.expand_dims(rows, 1)
    if t[0] is not None:
        slope = np.concatenate((np.vander(x, deg) * np.arange(deg, 0, -1), np.zeros((np.size(x), 1))), axis=1)
        a_dot = a_dot + np.expand_dims(rows * t[0], 1) * slope
    if t[1] is not None:
        b_dot = b_dot + columns * t[1]
    if w is not None and t[5] is not None:
        a_dot = a_dot + np.expand_dims(t[5], 1) * powers
        b_dot = b_dot + (t[5] if np.ndim(y) == 1 else np.expand_dims(t[5], 1)) * y
    return solution_dot(a_dot, b_dot, np.linalg.pinv(a), a, z, b - a @ z)
