"""Numerical kernels that write in place, as scientific code does all day."""

import math

import numpy as np

from .registry import group

case = group("writes")

V = np.array([0.6, -1.2, 2.3, 0.3])
U = np.array([0.1, 0.5, -0.4, 0.9, 0.2, 0.7])
S = np.array([[3.0, 0.5, -0.2], [0.1, 2.5, 0.7], [0.4, -0.3, 4.0]])
P = np.array([[2.0, 0.3, -0.1], [0.3, 1.5, 0.2], [-0.1, 0.2, 1.2]])
G = np.array([[0.2, 0.5, -0.3, 0.8], [1.0, -0.6, 0.4, 0.1], [0.3, 0.9, 0.7, -0.2], [0.6, -0.1, 0.5, 0.4]])


@case(U, 4, features="Jacobi, 1-D, buffers copied")
def jacobi_1d(u, steps):
    b = u.copy()
    for _ in range(steps):
        b[1:-1] = (u[:-2] + u[1:-1] + u[2:]) / 3.0
        u[1:-1] = (b[:-2] + b[1:-1] + b[2:]) / 3.0
    return np.sum(u**2)


@case(G, 3, features="Jacobi, 2-D")
def jacobi_2d(u, steps):
    for _ in range(steps):
        new = u.copy()
        new[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
        u = new
    return np.sum(u * u)


@case(U, 3, features="Gauss-Seidel, scalar loop in place")
def gauss_seidel_1d(u, steps):
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            u[i] = 0.5 * (u[i - 1] + u[i + 1]) - 0.1 * u[i] ** 2
    return np.sum(u**2)


@case(G, 2, features="Gauss-Seidel, 2-D")
def gauss_seidel_2d(u, steps):
    n = u.shape[0]
    for t in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                u[i, j] = (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] + u[i, j]) / 5.0
    return u[1, 1] * u[2, 2] + np.sum(u)


@case(S, features="LU in place")
def lu_in_place(a):
    n = len(a)
    for k in range(n):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    return np.sum(np.log(np.abs(np.diag(a)))) + a[2, 0]


@case(S, features="LU in place, rows at once, partial pivoting")
def lu_pivoted(a):
    n = a.shape[0]
    for k in range(n - 1):
        p = k + np.argmax(np.abs(a[k:, k]))
        if p != k:
            a[[k, p]] = a[[p, k]]
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return np.sum(a**2)


@case(P, features="Cholesky, scalar loops")
def cholesky(a):
    n = len(a)
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = 0.0
            for k in range(j):
                s += L[i, k] * L[j, k]
            if i == j:
                L[i, i] = math.sqrt(a[i, i] - s)
            else:
                L[i, j] = (a[i, j] - s) / L[j, j]
    return np.sum(L**3)


@case(S, features="Gram-Schmidt")
def gram_schmidt(a):
    q = np.zeros_like(a)
    r = np.zeros((3, 3))
    for j in range(3):
        v = a[:, j].copy()
        for i in range(j):
            r[i, j] = q[:, i] @ a[:, j]
            v -= r[i, j] * q[:, i]
        r[j, j] = np.sqrt(np.sum(v * v))
        q[:, j] = v / r[j, j]
    return np.sum(r) + q[0, 2] * q[1, 1]


@case(S, V[:3], features="triangular solve, scalar loops")
def triangular_solve(a, b):
    n = len(b)
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        total = b[i]
        for j in range(i + 1, n):
            total -= a[i, j] * x[j]
        x[i] = total / a[i, i]
    return np.sum(x**2)


@case(V[:3] * 0.2, np.array([3.0, 2.5, 4.0, 3.5]), V[1:] * 0.3, V, features="Thomas algorithm")
def thomas(lower, diagonal, upper, d):
    n = len(d)
    c = np.zeros(n - 1)
    c[0] = upper[0] / diagonal[0]
    d[0] /= diagonal[0]
    for i in range(1, n):
        m = diagonal[i] - lower[i - 1] * c[i - 1]
        if i < n - 1:
            c[i] = upper[i] / m
        d[i] = (d[i] - lower[i - 1] * d[i - 1]) / m
    for i in range(n - 2, -1, -1):
        d[i] -= c[i] * d[i + 1]
    return np.sum(d**2)


@case(U, 0.3, 4, features="heat equation, explicit")
def heat_explicit(u, r, steps):
    u = u.copy()
    for _ in range(steps):
        u[1:-1] += r * (u[2:] - 2 * u[1:-1] + u[:-2])
        u[0] = u[-1] = 0.0
    return np.sum(u**2)


@case(V, 0.3, features="heat equation, implicit")
def heat_implicit(u, r):
    n = len(u)
    m = np.zeros((n, n))
    for i in range(n):
        m[i, i] = 1 + 2 * r
        if i > 0:
            m[i, i - 1] = -r
        if i < n - 1:
            m[i, i + 1] = -r
    for _ in range(3):
        u[:] = np.linalg.solve(m, u)
    return np.sum(u**2)


@case(U, 0.1, 4, features="Burgers, upwind, masks")
def burgers(u, dt, steps):
    for _ in range(steps):
        flux = 0.5 * u**2
        left = np.roll(flux, 1)
        right = np.roll(flux, -1)
        du = np.where(u > 0, flux - left, right - flux)
        u = u - dt * du
        u[0], u[-1] = 0.0, u[-2]
    return np.sum(u**2)


def pressure_poisson(p, b, sweeps):
    for _ in range(sweeps):
        old = p.copy()
        p[1:-1, 1:-1] = 0.25 * (old[1:-1, 2:] + old[1:-1, :-2] + old[2:, 1:-1] + old[:-2, 1:-1] - b[1:-1, 1:-1])
        p[:, -1] = p[:, -2]
        p[0, :] = p[1, :]
        p[-1, :] = 0.0


@case(G, -0.5 * G.T, 0.05, features="Navier-Stokes cavity, a solver that fills its argument")
def cavity(u, v, dt):
    p = np.zeros_like(u)
    b = np.zeros_like(u)
    for _ in range(2):
        un, vn = u.copy(), v.copy()
        b[1:-1, 1:-1] = un[1:-1, 2:] - un[1:-1, :-2] + vn[2:, 1:-1] - vn[:-2, 1:-1]
        pressure_poisson(p, b, 3)
        u[1:-1, 1:-1] = un[1:-1, 1:-1] - dt * un[1:-1, 1:-1] * (un[1:-1, 1:-1] - un[1:-1, :-2])
        u[1:-1, 1:-1] -= dt * (p[1:-1, 2:] - p[1:-1, :-2])
        v[1:-1, 1:-1] = vn[1:-1, 1:-1] - dt * (p[2:, 1:-1] - p[:-2, 1:-1])
        u[-1, :] = 1.0
        u[0, :] = 0.0
        v[:, 0] = 0.0
    return np.sum(u**2) + np.sum(v**2)


@case(np.array([[0.0, 0.1], [1.2, 0.0], [-0.3, 0.9]]), np.array([1.0, 2.0, 0.5]), features="N-body, masks, half kicks")
def n_body(pos, mass):
    vel = np.zeros_like(pos)
    dt = 0.05

    def acceleration(pos):
        dx = pos[None, :, :] - pos[:, None, :]
        inv = np.sum(dx**2, axis=2) + 0.01 * (1 - np.eye(len(pos)))
        inv[inv > 0] = inv[inv > 0] ** -1.5
        return np.einsum("ijk,ij,j->ik", dx, inv, mass)

    acc = acceleration(pos)
    KE = np.zeros(4)
    for i in range(3):
        vel += acc * dt / 2.0
        pos += vel * dt
        acc = acceleration(pos)
        vel += acc * dt / 2.0
        KE[i + 1] = 0.5 * np.sum(mass[:, None] * vel**2)
    return np.sum(KE) + np.sum(pos[0] ** 2)


@case(np.array([0.3, 0.9, -0.2, 0.4]), features="FFT by butterflies on preallocated buffers")
def fft_butterflies(x):
    re = x[[0, 2, 1, 3]]
    im = np.zeros(4)
    size = 2
    while size <= 4:
        half = size // 2
        for start in range(0, 4, size):
            for k in range(half):
                c, s = math.cos(2 * math.pi * k / size), -math.sin(2 * math.pi * k / size)
                a, b = start + k, start + k + half
                tr, ti = c * re[b] - s * im[b], s * re[b] + c * im[b]
                re[b], im[b] = re[a] - tr, im[a] - ti
                re[a] += tr
                im[a] += ti
        size *= 2
    return np.sum((re**2 + im**2) * np.arange(4))


@case(np.array([1.0, 1.3, 0.8]), P[:2, :2], np.array([[0.1, 0.0], [0.0, 0.2]]), features="Kalman filter with matrices")
def kalman_filter(zs, covariance, noise):
    F = np.array([[1.0, 0.1], [0.0, 1.0]])
    x = np.zeros(2)
    p = covariance.copy()
    means = np.zeros((3, 2))
    for t in range(3):
        x = F @ x
        p = F @ p @ F.T + noise
        s = p[0, 0] + 0.5
        gain = p[:, 0] / s
        x += gain * (zs[t] - x[0])
        p -= np.outer(gain, p[0])
        means[t] = x
    return np.sum(means**2) + np.trace(p)


@case(G[None, :, :, None] * np.array([1.0, -0.5]), np.linspace(-1, 1, 16).reshape(2, 2, 2, 2), features="convolution layer")
def convolution(images, weights):
    n, h, w, _ = images.shape
    k = weights.shape[0]
    output = np.empty((n, h - k + 1, w - k + 1, weights.shape[3]))
    for i in range(h - k + 1):
        for j in range(w - k + 1):
            output[:, i, j, :] = np.sum(
                images[:, i : i + k, j : j + k, :, np.newaxis] * weights[np.newaxis, :, :, :], axis=(1, 2, 3)
            )
    return np.sum(np.maximum(output, 0.0) ** 2)


@case(np.array([0.9, 2.2, 3.4]), np.array([1.0, 2.5, 2.9]), features="dynamic-programming table, soft minimum")
def soft_alignment(a, b):
    n, m = len(a), len(b)
    D = np.zeros((n + 1, m + 1))
    D[0, 1:] = D[1:, 0] = 10.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = (a[i - 1] - b[j - 1]) ** 2
            before = np.array([D[i - 1, j], D[i, j - 1], D[i - 1, j - 1]])
            D[i, j] = cost - np.log(np.sum(np.exp(-before)))
    return D[n, m]


@case(100.0, 99.1, 0.2, features="option tree by backward induction, in place")
def option_tree(s, k, sigma):
    n, dt, r = 5, 0.1, 0.02
    u = np.exp(sigma * np.sqrt(dt))
    p = (np.exp(r * dt) - 1 / u) / (u - 1 / u)
    prices = s * u ** (2.0 * np.arange(n + 1) - n)
    values = np.maximum(k - prices, 0.0)
    for i in range(n - 1, -1, -1):
        values[: i + 1] = np.exp(-r * dt) * (p * values[1 : i + 2] + (1 - p) * values[: i + 1])
        prices = s * u ** (2.0 * np.arange(i + 1) - i)
        values[: i + 1] = np.maximum(values[: i + 1], k - prices)
    return values[0]


@case(np.array([1.0, 2.0, 0.5]), np.array([0.3, -0.2, 0.1, 0.4]), features="FEM assembly, np.ix_")
def fem_assembly(stiffness, load):
    n = len(stiffness) + 1
    K = np.zeros((n, n))
    unit = np.array([[1.0, -1.0], [-1.0, 1.0]])
    for e, k in enumerate(stiffness):
        d = np.array([e, e + 1])
        K[np.ix_(d, d)] += k * unit
    K[0, :] = 0.0
    K[0, 0] = 1.0
    u = np.linalg.solve(K, load)
    return load @ u + np.max(u)


@case(V, features="prefix sums, running product in place")
def prefix_sums(x):
    y = x.copy()
    for i in range(1, len(y)):
        y[i] += y[i - 1]
    for i in range(len(y) - 2, -1, -1):
        y[i] *= y[i + 1]
    return y[0] + np.sum(y)


@case(V, features="insertion sort in place")
def insertion_sort(x):
    for i in range(1, len(x)):
        j = i
        while j > 0 and x[j - 1] > x[j]:
            x[j - 1], x[j] = x[j], x[j - 1]
            j -= 1
    return np.sum(x * np.arange(1.0, 5.0) ** 2)


@case(U, 0.02, features="wave equation, three buffers rotated")
def wave_equation(u, c):
    old, now, new = u * 0.9, u.copy(), np.zeros_like(u)
    for _ in range(4):
        new[1:-1] = 2 * now[1:-1] - old[1:-1] + c * (now[2:] - 2 * now[1:-1] + now[:-2])
        new[0], new[-1] = new[1], 0.0
        old, now, new = now, new, old
    return np.sum(now**2)


@case(np.array([0.5, -0.3, 0.8]), features="Adam, moments in place, dict of buffers")
def adam(start):
    w = start.copy()
    buffers = {"m": np.zeros(3), "v": np.zeros(3)}
    for t in range(1, 4):
        g = 2 * w * np.cos(w**2)
        buffers["m"] *= 0.9
        buffers["m"] += 0.1 * g
        buffers["v"][:] = 0.99 * buffers["v"] + 0.01 * g**2
        w -= 0.1 * (buffers["m"] / (1 - 0.9**t)) / (np.sqrt(buffers["v"] / (1 - 0.99**t)) + 1e-8)
    return np.sum(w**2)


@case(P, features="power iteration, normalised in place")
def power_iteration(a):
    v = np.ones(3)
    for _ in range(6):
        np.matmul(a, v.copy(), out=v)
        v /= np.linalg.norm(v)
    return v @ a @ v
