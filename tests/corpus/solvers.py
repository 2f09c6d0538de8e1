"""Solvers and sweeps that write in place, in the style of scientific NumPy code and of its benchmark suites."""

import math

import numpy as np

from .registry import group

case = group("writes")

V = np.array([0.6, -1.2, 2.3, 0.3])
S = np.array([[3.0, 0.5, -0.2], [0.1, 2.5, 0.7], [0.4, -0.3, 4.0]])
P = np.array([[2.0, 0.3, -0.1], [0.3, 1.5, 0.2], [-0.1, 0.2, 1.2]])
G = np.array([[0.2, 0.5, -0.3, 0.8], [1.0, -0.6, 0.4, 0.1], [0.3, 0.9, 0.7, -0.2], [0.6, -0.1, 0.5, 0.4]])
B = np.sin(np.arange(20.0)).reshape(4, 5)
CUBE = np.cos(np.arange(64.0)).reshape(4, 4, 4)


# --- linear algebra in scalar loops -------------------------------------------------------------------


@case(P, features="Cholesky in place, scalar loops, lower triangle")
def cholesky_in_place(A):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * A[j, k]
            A[i, j] /= A[j, j]
        for k in range(i):
            A[i, i] -= A[i, k] * A[i, k]
        A[i, i] = np.sqrt(A[i, i])
    return np.sum(np.tril(A) ** 2 * S)


@case(S, V[:3], features="LU and two triangular solves, scalar loops")
def ludcmp(A, b):
    n = len(b)
    x, y = np.zeros(n), np.zeros(n)
    for i in range(n):
        for j in range(i):
            w = A[i, j]
            for k in range(j):
                w -= A[i, k] * A[k, j]
            A[i, j] = w / A[j, j]
        for j in range(i, n):
            w = A[i, j]
            for k in range(i):
                w -= A[i, k] * A[k, j]
            A[i, j] = w
    for i in range(n):
        w = b[i]
        for j in range(i):
            w -= A[i, j] * y[j]
        y[i] = w
    for i in range(n - 1, -1, -1):
        w = y[i]
        for j in range(i + 1, n):
            w -= A[i, j] * x[j]
        x[i] = w / A[i, i]
    return np.sum(x**2)


@case(S, V[:3], features="LU with partial pivoting, rows exchanged one by one, right-hand side too")
def pivoted_elimination(A, b):
    n = len(b)
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(A[i, k]) > abs(A[p, k]):
                p = i
        if p != k:
            for j in range(n):
                A[k, j], A[p, j] = A[p, j], A[k, j]
            b[k], b[p] = b[p], b[k]
        for i in range(k + 1, n):
            factor = A[i, k] / A[k, k]
            A[i, k:] -= factor * A[k, k:]
            b[i] -= factor * b[k]
    for i in reversed(range(n)):
        b[i] = (b[i] - A[i, i + 1 :] @ b[i + 1 :]) / A[i, i]
    return np.sum(b * b)


@case(S, features="modified Gram-Schmidt, in place, scalar loops")
def gramschmidt_scalar(A):
    m, n = A.shape
    R = np.zeros((n, n))
    for k in range(n):
        norm = 0.0
        for i in range(m):
            norm += A[i, k] * A[i, k]
        R[k, k] = math.sqrt(norm)
        for i in range(m):
            A[i, k] /= R[k, k]
        for j in range(k + 1, n):
            for i in range(m):
                R[k, j] += A[i, k] * A[i, j]
            for i in range(m):
                A[i, j] -= A[i, k] * R[k, j]
    return np.sum(R**2 * S) + A[0, 2] * A[1, 1]


@case(S, V[:3], features="triangular solve, slices")
def trisolv(L, b):
    x = np.empty_like(b)
    for i in range(len(b)):
        x[i] = (b[i] - L[i, :i] @ x[:i]) / L[i, i]
    return np.sum(x**3)


@case(np.array([0.3, 0.2, -0.1, 0.15]), features="Levinson-Durbin recursion, reversed slices")
def durbin(r):
    y = np.empty_like(r)
    alpha, beta = -r[0], 1.0
    y[0] = -r[0]
    for k in range(1, len(r)):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.dot(np.flip(r[:k]), y[:k])) / beta
        y[:k] += alpha * np.flip(y[:k])
        y[k] = alpha
    return np.sum(y**2)


@case(B, features="covariance matrix filled by rows and columns")
def covariance(data):
    data -= np.mean(data, axis=0)
    m = data.shape[1]
    cov = np.zeros((m, m))
    for i in range(m):
        cov[i:m, i] = cov[i, i:m] = data[:, i] @ data[:, i:m] / (data.shape[0] - 1.0)
    return np.sum(cov**3)


@case(B, features="correlation matrix, small deviations replaced through a mask")
def correlation(data):
    mean, stddev = np.mean(data, axis=0), np.std(data, axis=0)
    stddev[stddev <= 0.1] = 1.0
    data -= mean
    data /= np.sqrt(data.shape[0]) * stddev
    m = data.shape[1]
    corr = np.eye(m)
    for i in range(m - 1):
        corr[i + 1 : m, i] = corr[i, i + 1 : m] = data[:, i] @ data[:, i + 1 : m]
    return np.sum(np.sin(corr) * np.arange(m))


# --- partial differential equations --------------------------------------------------------------------


@case(G, 0.1, 3, features="heat equation, 2-D, explicit, two buffers")
def heat_2d_explicit(u, r, steps):
    new = np.empty_like(u)
    for _ in range(steps):
        new[:] = u
        new[1:-1, 1:-1] += r * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1])
        u, new = new, u
    return np.sum(u**2)


def tridiagonal(a, b, c, d):
    """Solves in place: the answer is left in d."""
    n = len(d)
    for i in range(1, n):
        w = a[i] / b[i - 1]
        b[i] -= w * c[i - 1]
        d[i] -= w * d[i - 1]
    d[-1] /= b[-1]
    for i in range(n - 2, -1, -1):
        d[i] = (d[i] - c[i] * d[i + 1]) / b[i]


@case(G, 0.3, 2, features="heat equation, 2-D, implicit, a direction at a time")
def heat_2d_implicit(u, r, steps):
    n = u.shape[0]
    for _ in range(steps):
        for i in range(n):
            tridiagonal(np.full(n, -r), np.full(n, 1.0 + 2.0 * r), np.full(n, -r), u[i])
        for j in range(n):
            tridiagonal(np.full(n, -r), np.full(n, 1.0 + 2.0 * r), np.full(n, -r), u[:, j])
    return np.sum(u**2)


@case(G, 2, features="alternating directions, columns and rows swept by turns")
def adi(u, steps):
    n = len(u)
    v, p, q = np.empty_like(u), np.empty_like(u), np.empty_like(u)
    a, b, c = -0.4, 1.8, -0.4
    for _ in range(steps):
        for x, y in ((v, u), (u, v)):
            x[0, 1 : n - 1] = x[n - 1, 1 : n - 1] = 1.0
            x[1 : n - 1, 0] = x[1 : n - 1, n - 1] = 1.0
            x[0, 0] = x[0, -1] = x[-1, 0] = x[-1, -1] = 0.5
            p[1 : n - 1, 0] = 0.0
            q[1 : n - 1, 0] = x[0, 1 : n - 1]
            for j in range(1, n - 1):
                p[1 : n - 1, j] = -c / (a * p[1 : n - 1, j - 1] + b)
                right = -a * y[j, : n - 2] + (1.0 + 2.0 * a) * y[j, 1 : n - 1] - c * y[j, 2:n]
                q[1 : n - 1, j] = (right - a * q[1 : n - 1, j - 1]) / (a * p[1 : n - 1, j - 1] + b)
            for j in range(n - 2, 0, -1):
                x[j, 1 : n - 1] = p[1 : n - 1, j] * x[j + 1, 1 : n - 1] + q[1 : n - 1, j]
    return np.sum(u**2)


@case(G, G.T * 0.5, G**2, features="finite differences in the time domain, 2-D")
def fdtd_2d(ex, ey, hz):
    for t in range(3):
        ey[0, :] = 0.1 * t
        ey[1:, :] -= 0.5 * (hz[1:, :] - hz[:-1, :])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])
    return np.sum(hz**2) + np.sum(ex * ey)


@case(CUBE, features="heat equation, 3-D, two buffers")
def heat_3d(A):
    B = A.copy()
    for _ in range(2):
        for new, old in ((B, A), (A, B)):
            new[1:-1, 1:-1, 1:-1] = (
                0.125 * (old[2:, 1:-1, 1:-1] - 2.0 * old[1:-1, 1:-1, 1:-1] + old[:-2, 1:-1, 1:-1])
                + 0.125 * (old[1:-1, 2:, 1:-1] - 2.0 * old[1:-1, 1:-1, 1:-1] + old[1:-1, :-2, 1:-1])
                + 0.125 * (old[1:-1, 1:-1, 2:] - 2.0 * old[1:-1, 1:-1, 1:-1] + old[1:-1, 1:-1, :-2])
                + old[1:-1, 1:-1, 1:-1] ** 2
            )
    return np.sum(A**2)


@case(G, 2, features="Seidel, 2-D, rows at once then a scalar recurrence")
def seidel_2d(A, steps):
    n = len(A)
    for _ in range(steps):
        for i in range(1, n - 1):
            A[i, 1:-1] += A[i - 1, :-2] + A[i - 1, 1:-1] + A[i - 1, 2:] + A[i, 2:] + A[i + 1, :-2] + A[i + 1, 1:-1] + A[i + 1, 2:]
            for j in range(1, n - 1):
                A[i, j] += A[i, j - 1]
                A[i, j] /= 9.0
    return np.sum(A**2)


def build_up_b(b, rho, dt, u, v, dx, dy):
    b[1:-1, 1:-1] = rho * (
        1 / dt * ((u[1:-1, 2:] - u[1:-1, 0:-2]) / (2 * dx) + (v[2:, 1:-1] - v[0:-2, 1:-1]) / (2 * dy))
        - ((u[1:-1, 2:] - u[1:-1, 0:-2]) / (2 * dx)) ** 2
        - 2 * ((u[2:, 1:-1] - u[0:-2, 1:-1]) / (2 * dy) * (v[1:-1, 2:] - v[1:-1, 0:-2]) / (2 * dx))
        - ((v[2:, 1:-1] - v[0:-2, 1:-1]) / (2 * dy)) ** 2
    )


def pressure(nit, p, dx, dy, b):
    pn = np.empty_like(p)
    for q in range(nit):
        pn[:] = p.copy()
        p[1:-1, 1:-1] = (
            (pn[1:-1, 2:] + pn[1:-1, 0:-2]) * dy**2 + (pn[2:, 1:-1] + pn[0:-2, 1:-1]) * dx**2
        ) / (2 * (dx**2 + dy**2)) - dx**2 * dy**2 / (2 * (dx**2 + dy**2)) * b[1:-1, 1:-1]
        p[:, -1] = p[:, -2]
        p[0, :] = p[1, :]
        p[:, 0] = p[:, 1]
        p[-1, :] = 0


def cavity_flow(nt, nit, u, v, dt, dx, dy, p, rho, nu):
    un, vn = np.empty_like(u), np.empty_like(v)
    b = np.zeros(u.shape)
    for n in range(nt):
        un[:] = u.copy()
        vn[:] = v.copy()
        build_up_b(b, rho, dt, u, v, dx, dy)
        pressure(nit, p, dx, dy, b)
        u[1:-1, 1:-1] = (
            un[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / dx * (un[1:-1, 1:-1] - un[1:-1, 0:-2])
            - vn[1:-1, 1:-1] * dt / dy * (un[1:-1, 1:-1] - un[0:-2, 1:-1])
            - dt / (2 * rho * dx) * (p[1:-1, 2:] - p[1:-1, 0:-2])
            + nu * (
                dt / dx**2 * (un[1:-1, 2:] - 2 * un[1:-1, 1:-1] + un[1:-1, 0:-2])
                + dt / dy**2 * (un[2:, 1:-1] - 2 * un[1:-1, 1:-1] + un[0:-2, 1:-1])
            )
        )
        v[1:-1, 1:-1] = (
            vn[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / dx * (vn[1:-1, 1:-1] - vn[1:-1, 0:-2])
            - vn[1:-1, 1:-1] * dt / dy * (vn[1:-1, 1:-1] - vn[0:-2, 1:-1])
            - dt / (2 * rho * dy) * (p[2:, 1:-1] - p[0:-2, 1:-1])
            + nu * (
                dt / dx**2 * (vn[1:-1, 2:] - 2 * vn[1:-1, 1:-1] + vn[1:-1, 0:-2])
                + dt / dy**2 * (vn[2:, 1:-1] - 2 * vn[1:-1, 1:-1] + vn[0:-2, 1:-1])
            )
        )
        u[0, :] = 0
        u[:, 0] = 0
        u[:, -1] = 0
        u[-1, :] = 1
        v[0, :] = 0
        v[-1, :] = 0
        v[:, 0] = 0
        v[:, -1] = 0


@case(G * 0.1, G.T * 0.1, G * 0.05, 0.1, features="Navier-Stokes cavity: everything is delivered in arguments")
def cavity_energy(u, v, p, nu):
    cavity_flow(2, 2, u, v, 0.01, 0.5, 0.5, p, 1.2, nu)
    return np.sum(u**2 + v**2) + np.sum(p**2)


@case(CUBE[:3], np.cos(CUBE[:3]), features="horizontal diffusion, limited fluxes through a mask")
def hdiff(field, coefficient):
    lap = 4.0 * field[1:-1, 1:-1] - (field[2:, 1:-1] + field[:-2, 1:-1] + field[1:-1, 2:] + field[1:-1, :-2])
    flux = lap[:, 1:] - lap[:, :-1]
    flux[flux * (field[1:-1, 2:-1] - field[1:-1, 1:-2]) > 0.0] = 0.0
    out = field[1:-1, 1:-1].copy()
    out[:, 1:] -= coefficient[1:-1, 2:-1] * flux
    return np.sum(out**2)


@case(CUBE[:, :, :3] + 3.0, CUBE[:, :, 1:], features="vertical advection: a tridiagonal solve along the last axis")
def vadv(w, u):
    ccol, dcol = np.zeros_like(u), np.zeros_like(u)
    n = u.shape[2]
    for k in range(n):
        below = 0.25 * w[:, :, k]
        ccol[:, :, k] = below / (2.0 + below)
        dcol[:, :, k] = u[:, :, k] * w[:, :, k]
        if k > 0:
            divided = 1.0 / (2.0 - ccol[:, :, k - 1] * 0.1)
            ccol[:, :, k] *= divided
            dcol[:, :, k] = (dcol[:, :, k] - 0.1 * dcol[:, :, k - 1]) * divided
    data = dcol[:, :, n - 1].copy()
    for k in range(n - 2, -1, -1):
        data[:] = dcol[:, :, k] - ccol[:, :, k] * data
        dcol[:, :, k] = data
    return np.sum(dcol**2)


# --- signals and images --------------------------------------------------------------------------------


@case(np.array([0.3, 0.9, -0.2, 0.4]), np.array([0.1, -0.5, 0.7, 0.2]), features="FFT by butterflies, complex buffer")
def fft_complex(re, im):
    x = np.empty(4, dtype=complex)
    x[:] = (re + 1j * im)[[0, 2, 1, 3]]
    size = 2
    while size <= 4:
        half = size // 2
        twiddle = np.exp(-2j * np.pi * np.arange(half) / size)
        for start in range(0, 4, size):
            odd = twiddle * x[start + half : start + size]
            x[start + half : start + size] = x[start : start + half] - odd
            x[start : start + half] += odd
        size *= 2
    return np.sum(np.abs(x) ** 2 * np.arange(4.0))


@case(G, 0.25, features="recursive filter (Deriche), forwards and backwards")
def deriche(image, alpha):
    k = (1.0 - np.exp(-alpha)) ** 2 / (1.0 + alpha * np.exp(-alpha) - np.exp(2.0 * alpha))
    a, b = k, k * np.exp(-alpha) * (alpha - 1.0)
    y1, y2 = np.empty_like(image), np.empty_like(image)
    y1[:, 0] = a * image[:, 0]
    y1[:, 1] = a * image[:, 1] + b * image[:, 0] + alpha * y1[:, 0]
    for j in range(2, image.shape[1]):
        y1[:, j] = a * image[:, j] + b * image[:, j - 1] + alpha * y1[:, j - 1] - 0.1 * y1[:, j - 2]
    y2[:, -1] = 0.0
    y2[:, -2] = b * image[:, -1]
    for j in range(image.shape[1] - 3, -1, -1):
        y2[:, j] = a * image[:, j + 1] + b * image[:, j + 2] + alpha * y2[:, j + 1] - 0.1 * y2[:, j + 2]
    return np.sum((y1 + y2) ** 2)


@case(CUBE[:2, :, :, None] * np.array([1.0, -0.5]), features="ReLU and max pooling into a preallocated output")
def pooling(x):
    output = np.empty((x.shape[0], 2, 2, x.shape[3]))
    np.maximum(x, 0.0, out=x)
    for i in range(2):
        for j in range(2):
            output[:, i, j, :] = np.max(x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, :], axis=(1, 2))
    return np.sum(output**2)


@case(G, features="softmax in place")
def softmax_in_place(x):
    x -= np.max(x, axis=-1, keepdims=True)
    np.exp(x, out=x)
    x /= np.sum(x, axis=-1, keepdims=True)
    return np.sum(x**2 * G.T)


# --- tables, graphs, particles -------------------------------------------------------------------------


@case(G**2 + np.outer(np.arange(4.0), np.arange(4.0)) ** 0.5, features="shortest paths (Floyd-Warshall)")
def floyd_warshall(path):
    for k in range(path.shape[0]):
        path[:] = np.minimum(path[:], np.add.outer(path[:, k], path[k, :]))
    return np.sum(np.sin(path) * G)


@case(np.array([0.4, 1.3, -0.2, 0.8]), features="a table filled from the diagonal outwards (Nussinov)")
def nussinov(weights):
    n = len(weights)
    table = np.zeros((n, n))
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            table[i, j] = max(table[i, j - 1], table[i + 1, j], table[i, j])
            table[i, j] = max(table[i, j], table[i + 1, j - 1] + weights[i] * weights[j])
            for k in range(i + 1, j):
                table[i, j] = max(table[i, j], table[i, k] + table[k + 1, j])
    return table[0, n - 1] + np.sum(table)


@case(np.array([[0.0, 0.1], [1.2, 0.0], [-0.3, 0.9]]), np.array([1.0, 2.0, 0.5]), features="N-body, powers under a mask")
def n_body_masked(pos, mass):
    def acceleration(pos, acc):
        dx = pos[:, 0:1].T - pos[:, 0:1]
        dy = pos[:, 1:2].T - pos[:, 1:2]
        inv_r3 = dx**2 + dy**2
        inv_r3[inv_r3 > 0] = inv_r3[inv_r3 > 0] ** -1.5
        acc[:, 0:1] = (dx * inv_r3) @ mass[:, None]
        acc[:, 1:2] = (dy * inv_r3) @ mass[:, None]

    vel, acc = np.zeros_like(pos), np.empty_like(pos)
    KE, PE = np.zeros(3), np.zeros(3)

    def energy():
        return 0.5 * np.sum(mass[:, None] * vel**2), -np.sum(mass / np.sqrt(np.sum(pos**2, axis=1) + 0.1))

    acceleration(pos, acc)
    KE[0], PE[0] = energy()
    for i in range(2):
        vel += acc * 0.01
        pos += vel * 0.02
        acceleration(pos, acc)
        vel += acc * 0.01
        KE[i + 1], PE[i + 1] = energy()
    return np.sum(KE) + np.sum(PE**2)


@case(CUBE[:2] * 0.5, features="self-energies accumulated over index arithmetic (scattering)")
def scattering(G):
    n, m = G.shape[:2]
    sigma = np.zeros_like(G)
    for k in range(n):
        for q in range(n):
            for e in range(m):
                if e - q >= 0:
                    sigma[k, e] += G[k - q, e - q] * G[q, e]
    return np.sum(sigma**2)


@case(G, features="trace of tanh added to everything (go_fast)")
def go_fast(a):
    trace = 0.0
    for i in range(a.shape[0]):
        trace += np.tanh(a[i, i])
    a += trace
    return np.sum(a**2)


@case(100.0, 0.2, features="American option, two arrays shrunk by backward induction")
def american_put(s, sigma):
    n, dt, r, k = 4, 0.1, 0.03, 99.3
    up = np.exp(sigma * np.sqrt(dt))
    p = (np.exp(r * dt) - 1.0 / up) / (up - 1.0 / up)
    prices = np.zeros((n + 1, n + 1))
    prices[0, 0] = s
    for i in range(1, n + 1):
        prices[i, 0] = prices[i - 1, 0] * up
        prices[i, 1 : i + 1] = prices[i - 1, :i] / up
    value = np.zeros_like(prices)
    value[n] = np.maximum(k - prices[n], 0.0)
    for i in range(n - 1, -1, -1):
        value[i, : i + 1] = np.exp(-r * dt) * (p * value[i + 1, : i + 1] + (1.0 - p) * value[i + 1, 1 : i + 2])
        value[i, : i + 1] = np.maximum(value[i, : i + 1], k - prices[i, : i + 1])
    return value[0, 0]


# --- delivered in an argument --------------------------------------------------------------------------


def kernel(A):
    for i in range(1, len(A)):
        A[i] = 0.5 * A[i - 1] * A[i] + A[0]
    A[0] *= A[-1]


@case(V, features="a kernel that returns nothing, then a sum")
def loss_of_kernel(A):
    kernel(A)
    return A.sum()


kernel_then_sum_of_it = case(V, features="the same in a lambda's tuple")(lambda A: (kernel(A), np.sum(A))[1])


@case(G, V, features="a kernel given a column of the matrix")
def kernel_of_a_column(A, b):
    kernel(A[:, 1])
    kernel(b)
    return np.sum(A @ b)
