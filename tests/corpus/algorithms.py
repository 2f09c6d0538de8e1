"""Well-known algorithms, written plainly: what someone would bring along on the first day."""

import math

import numpy as np

from .registry import group

case = group("combos")

X = np.array([[0.5, 1.2, -0.3], [1.1, -0.7, 0.4], [-0.2, 0.8, 0.9], [0.6, 0.1, -1.3]])
Y = np.array([1.0, 0.0, 1.0, 0.0])


@case(2.0, features="Newton iteration")
def newton_cube_root(a):
    x = a
    for _ in range(50):
        step = (x**3 - a) / (3 * x**2)
        x = x - step
        if abs(step) < 1e-12:
            break
    return x


@case(2.0, 0.0, features="bisection, the ends depend on the arguments")
def bisection(a, lo):
    hi = lo + a
    for _ in range(12):
        mid = 0.5 * (lo + hi)
        if mid**3 - a * mid - 1 > 0:
            hi = mid
        else:
            lo = mid
    return 0.5 * (lo + hi)


@case(2.0, 1.0, features="secant method")
def secant(a, guess):
    f = lambda x: x * math.exp(x) - a
    x0, x1 = guess, guess * 0.9
    while abs(x1 - x0) > 1e-7:
        x0, x1 = x1, x1 - f(x1) * (x1 - x0) / (f(x1) - f(x0))
    return x1


@case(0.8, 1.5, features="RK4")
def runge_kutta(k, y0):
    def f(t, y):
        return -k * y + math.sin(t)

    y, h = y0, 0.2
    for i in range(5):
        t = i * h
        k1 = f(t, y)
        k2 = f(t + h / 2, y + h / 2 * k1)
        k3 = f(t + h / 2, y + h / 2 * k2)
        k4 = f(t + h, y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


@case(np.array([10.0, 5.0]), (1.1, 0.4, 0.1, 0.4), features="ODE, Lotka-Volterra, Euler")
def lotka_volterra(state, rates):
    a, b, d, g = rates
    dt = 0.01
    for _ in range(20):
        prey, predator = state
        change = np.array([a * prey - b * prey * predator, d * prey * predator - g * predator])
        state = state + dt * change
    return state[0] * state[1]


@case(1.0, 2.5, 8, features="trapezoid rule")
def trapezoid(a, b, n):
    h = (b - a) / n
    total = 0.5 * (math.sin(a) + math.sin(b))
    for i in range(1, n):
        total += math.sin(a + i * h)
    return total * h


@case(0.3, 1.9, features="adaptive Simpson, recursion")
def adaptive_simpson(a, b):
    f = lambda x: math.exp(-x * x)

    def simpson(lo, hi):
        return (hi - lo) / 6 * (f(lo) + 4 * f((lo + hi) / 2) + f(hi))

    def integrate(lo, hi, whole, eps):
        mid = (lo + hi) / 2
        left, right = simpson(lo, mid), simpson(mid, hi)
        if abs(left + right - whole) < 15 * eps:
            return left + right + (left + right - whole) / 15
        return integrate(lo, mid, left, eps / 2) + integrate(mid, hi, right, eps / 2)

    return integrate(a, b, simpson(a, b), 1e-5)


@case([1.0, -0.5, 2.0, 0.3], 0.7, features="Horner")
def horner(coefficients, x):
    y = 0.0
    for c in coefficients[::-1]:
        y = y * x + c
    return y


@case(np.array([0.5, -1.0, 0.3]), np.linspace(-1, 1, 7), np.linspace(0, 2, 7) ** 2, wrt=0, features="polynomial fit loss")
def polynomial_fit(c, x, y):
    prediction = sum(ck * x**k for k, ck in enumerate(c))
    return np.mean((prediction - y) ** 2) + 0.01 * np.sum(c**2)


@case(np.array([0.2, -0.4, 0.1]), 0.05, X, Y, wrt=(0, 1), features="logistic regression")
def logistic_regression(w, b, x, y):
    z = x @ w + b
    p = 1.0 / (1.0 + np.exp(-z))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) + 0.5 * np.sum(w**2)


@case(
    {"W1": X.T / 2, "b1": np.zeros(4), "W2": np.array([[0.3, -0.2, 0.5, 0.1]]).T, "b2": np.array([0.1])},
    X,
    Y,
    wrt=0,
    features="MLP from a dict",
)
def small_mlp(params, x, y):
    hidden = np.tanh(x @ params["W1"] + params["b1"])
    out = hidden @ params["W2"] + params["b2"]
    return np.mean((out[:, 0] - y) ** 2)


@case([(X.T / 2, np.ones(4) * 0.1), (np.eye(4)[:, :2], np.zeros(2))], X, features="MLP from a list of layers")
def mlp_of_layers(layers, x):
    for i, (W, b) in enumerate(layers):
        x = x @ W + b
        if i < len(layers) - 1:
            x = np.where(x > 0, x, 0.1 * x)
    return np.sum(x**2)


@case({"Wx": X[:2].T * 0.3, "Wh": np.array([[0.5, -0.1], [0.2, 0.4]]), "h0": np.array([0.1, 0.0])}, X, features="RNN over a list of states")
def rnn_loss(params, xs):
    states = [params["h0"]]
    for x in xs:
        states.append(np.tanh(x @ params["Wx"] + states[-1] @ params["Wh"]))
    return sum(np.sum(h**2) for h in states[1:]) / len(states)


@case([1.0, 1.3, 0.8, 1.1], 0.2, 0.5, features="scalar Kalman filter, likelihood")
def kalman_scalar(measurements, q, r):
    x, p, loglik = 0.0, 1.0, 0.0
    for z in measurements:
        p = p + q
        s = p + r
        gain = p / s
        residual = z - x
        x = x + gain * residual
        p = (1 - gain) * p
        loglik -= 0.5 * (math.log(2 * math.pi * s) + residual**2 / s)
    return loglik


@case(100.0, 105.0, 0.5, 0.02, 0.25, features="Black-Scholes with erf")
def black_scholes(s, k, t, r, sigma):
    def cdf(x):
        return 0.5 * (1 + math.erf(x / math.sqrt(2)))

    d1 = (math.log(s / k) + (r + sigma**2 / 2) * t) / (sigma * math.sqrt(t))
    d2 = d1 - sigma * math.sqrt(t)
    return s * cdf(d1) - k * math.exp(-r * t) * cdf(d2)


@case(100.0, 98.7, 0.2, features="binomial tree, American put, lists")
def binomial_tree(s, k, sigma):
    n, dt, r = 6, 0.1, 0.03
    u = math.exp(sigma * math.sqrt(dt))
    p = (math.exp(r * dt) - 1 / u) / (u - 1 / u)
    values = [max(k - s * u ** (2 * j - n), 0.0) for j in range(n + 1)]
    for step in range(n - 1, -1, -1):
        values = [
            max(math.exp(-r * dt) * (p * values[j + 1] + (1 - p) * values[j]), k - s * u ** (2 * j - step))
            for j in range(step + 1)
        ]
    return values[0]


@case(np.array([[0.9, 0.2], [-0.1, 1.1]]), 11, features="matrix power by squaring")
def matrix_power(a, n):
    result = np.eye(len(a))
    while n > 0:
        if n % 2 == 1:
            result = result @ a
        a = a @ a
        n //= 2
    return np.trace(result)


@case(X, Y, features="least squares by the normal equations")
def least_squares(x, y):
    w = np.linalg.solve(x.T @ x, x.T @ y)
    return np.sum((x @ w - y) ** 2) + w[0]


@case(X, Y, features="conjugate gradients")
def conjugate_gradients(x, y):
    A, b = x.T @ x + 0.1 * np.eye(3), x.T @ y
    w = np.zeros(3)
    r = b - A @ w
    p = r
    for _ in range(3):
        Ap = A @ p
        alpha = (r @ r) / (p @ Ap)
        w = w + alpha * p
        new = r - alpha * Ap
        p = new + (new @ new) / (r @ r) * p
        r = new
    return w @ np.array([1.0, 2.0, -1.0])


@case(np.array([[0.9, 0.2], [0.4, 1.1], [0.1, 0.7]]), np.array([[0.3, -0.2], [0.5, 0.1]]), features="Viterbi-like max")
def viterbi(scores, transition):
    best = list(scores[0])
    for t in range(1, len(scores)):
        new = []
        for j in range(2):
            candidates = [best[i] + transition[i, j] for i in range(2)]
            new.append(max(candidates) + scores[t][j])
        best = new
    return max(best) ** 2


@case(np.array([[1.2, -0.3, 0.5], [0.1, 0.9, -1.0]]), np.array([0, 2]), features="softmax cross-entropy")
def softmax_cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.mean(logp[np.arange(len(labels)), labels])


@case(X, X[:2] + 0.2, features="k-means, one step")
def kmeans_distance(points, centers):
    distances = np.array([[np.sum((p - c) ** 2) for c in centers] for p in points])
    nearest = np.argmin(distances, axis=1)
    new = [np.mean(points[nearest == k], axis=0) for k in range(len(centers)) if np.any(nearest == k)]
    return sum(np.min(distances, axis=1)) + np.sum(np.stack(new) ** 2)


@case([0.5, 1.5, 2.5], 1.1, features="Lagrange interpolation")
def lagrange(ys, x):
    nodes = [0.0, 1.0, 2.5]
    total = 0.0
    for i, (xi, yi) in enumerate(zip(nodes, ys)):
        term = yi
        for j, xj in enumerate(nodes):
            if i != j:
                term = term * (x - xj) / (xi - xj)
        total += term
    return total


@case([0.5, 1.5, -0.5, 2.0], 0.3, features="De Casteljau, list shrinks")
def bezier(points, t):
    while len(points) > 1:
        points = [(1 - t) * a + t * b for a, b in zip(points[:-1], points[1:])]
    return points[0]


@case(0.7, 12, features="continued fraction, Chebyshev recurrence")
def chebyshev(x, n):
    t0, t1 = 1.0, x
    for _ in range(n - 1):
        t0, t1 = t1, 2 * x * t1 - t0
    fraction = x
    for k in range(n, 0, -1):
        fraction = k + x / fraction
    return t1 + fraction


@case(1.3, 0.6, features="arithmetic-geometric mean")
def agm(a, b):
    while abs(a - b) > 1e-10:
        a, b = (a + b) / 2, math.sqrt(a * b)
    return a


@case(1.3, 60, features="Taylor series with a stopping rule")
def exponential_series(x, most):
    term = total = 1.0
    for n in range(1, most):
        term *= x / n
        total += term
        if abs(term) < 1e-13 * abs(total):
            break
    return total


@case(np.array([1.5, -0.5]), 0.02, features="gradient descent, unrolled")
def unrolled_descent(start, rate):
    x, y = start
    for _ in range(10):
        gx = -2 * (1 - x) - 4 * x * (y - x**2)
        gy = 2 * (y - x**2)
        x, y = x - rate * gx, y - rate * gy
    return (1 - x) ** 2 + (y - x**2) ** 2


@case(np.array([-1.2, 1.0, 0.7, 1.4]), features="Rosenbrock")
def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@case([0.4, 1.2, -0.3], [1, 0, 1], {"lr": 0.1, "beta": 0.9}, features="perceptron with momentum, dict of state")
def momentum_training(xs, labels, settings):
    state = {"w": 0.1, "m": 0.0}
    for epoch in range(2):
        for x, label in zip(xs, labels):
            p = 1 / (1 + math.exp(-state["w"] * x))
            g = (p - label) * x
            state["m"] = settings["beta"] * state["m"] + g
            state["w"] -= settings["lr"] * state["m"]
    return state["w"]


@case([[0.1, 1.0, 4.0], [1.0, 0.2, 1.5], [4.0, 1.5, 0.3]], features="Floyd-Warshall with nested lists")
def shortest_path(d):
    n = len(d)
    dist = [row[:] for row in d]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if dist[i][k] + dist[k][j] < dist[i][j]:
                    dist[i][j] = dist[i][k] + dist[k][j]
    return dist[0][2] ** 2 + dist[1][0]


@case([1.0, 2.2, 2.9], [1.2, 2.0, 3.3, 3.1], features="dynamic time warping with a dict")
def time_warping(a, b):
    cost = {}
    for i, u in enumerate(a):
        for j, v in enumerate(b):
            here = (u - v) ** 2
            before = [cost[q] for q in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if q in cost]
            cost[i, j] = here + (min(before) if before else 0.0)
    return cost[len(a) - 1, len(b) - 1]


@case([0.3, 0.9, -0.2, 0.4], 0.7, features="FFT, recursive, complex")
def recursive_fft(values, w):
    def fft(x):
        if len(x) == 1:
            return [x[0] + 0j]
        even, odd = fft(x[::2]), fft(x[1::2])
        half = len(x) // 2
        twisted = [complex(math.cos(2 * math.pi * k / len(x)), -math.sin(2 * math.pi * k / len(x))) * odd[k] for k in range(half)]
        return [even[k] + twisted[k] for k in range(half)] + [even[k] - twisted[k] for k in range(half)]

    spectrum = fft([w * v for v in values])
    return sum(k * abs(s) ** 2 for k, s in enumerate(spectrum))


@case(np.array([0.5, 1.0, -0.3]), np.array([0.2, -0.4, 0.9]), features="Rodrigues rotation, cross products")
def rotated(axis, v):
    theta = np.sqrt(np.sum(axis**2))
    k = axis / theta
    cross = np.array([k[1] * v[2] - k[2] * v[1], k[2] * v[0] - k[0] * v[2], k[0] * v[1] - k[1] * v[0]])
    out = v * np.cos(theta) + cross * np.sin(theta) + k * (k @ v) * (1 - np.cos(theta))
    return out[0] * 2 - out[1] * out[2]


@case([0.3, 0.4, 0.25], features="robot arm, angles accumulate")
def arm_reach(angles):
    x = y = phi = 0.0
    for a, length in zip(angles, (1.0, 0.8, 0.5)):
        phi += a
        x += length * math.cos(phi)
        y += length * math.sin(phi)
    return math.hypot(x - 1.0, y - 1.5)


@case(np.array([0.9, 0.3, 0.5]), np.array([[0.8, 0.2], [0.3, 0.7]]), features="hidden Markov model, forward algorithm")
def forward_algorithm(emission, transition):
    alpha = np.array([0.5, 0.5])
    loglik = 0.0
    for observed in (0, 1, 1, 2):
        p = emission[observed]
        alpha = (alpha @ transition) * np.array([p, 1 - p])
        total = alpha.sum()
        loglik += np.log(total)
        alpha = alpha / total
    return loglik


@case(X, features="attention")
def self_attention(x):
    scores = x @ x.T / math.sqrt(x.shape[1])
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    weights = weights / np.sum(weights, axis=-1, keepdims=True)
    return np.sum((weights @ x) ** 2)


@case(X, np.ones(3), np.zeros(3), features="batch normalisation")
def batch_norm(x, gamma, beta):
    mean, var = np.mean(x, axis=0), np.var(x, axis=0)
    y = gamma * (x - mean) / np.sqrt(var + 1e-5) + beta
    return np.sum(np.tanh(y) * x)


@case(0.4, 1.5, 0.1, features="cash flows, internal rate of return by Newton")
def internal_rate(c1, c2, guess):
    flows = [-1.0, c1, c2]
    rate = guess
    for _ in range(20):
        value = sum(c / (1 + rate) ** k for k, c in enumerate(flows))
        slope = sum(-k * c / (1 + rate) ** (k + 1) for k, c in enumerate(flows))
        rate -= value / slope
    return rate


@case(0.2, 0.9, features="Kepler's equation, fixed point iteration")
def kepler(e, m):
    E, old = m, m + 1
    while abs(E - old) > 1e-12:
        old = E
        E = m + e * math.sin(E)
    return math.cos(E) - e
