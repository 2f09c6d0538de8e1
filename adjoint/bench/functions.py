"""The functions of the benchmark, and beside each its gradient as an expert writes it by hand.

A gradient by hand is the limit for a program of NumPy, so these are not weakened: sums that commute with a
product are taken first, the outer products of a loop are one matrix product after it, and what the derivative
does not need is not computed.  What they may not do is change the function: they do the same work forwards.

The tests compare each with finite differences.
"""

from __future__ import annotations

from math import cos, exp, log, sin
from typing import Any

import numpy as np

# --- two numbers --------------------------------------------------------------------------------


def two_floats(x1: Any, x2: Any) -> Any:
    return x1 * x2 + sin(x1)


def two_floats_by_hand(x1: Any, x2: Any) -> Any:
    return x2 + cos(x1), x1


# --- Rosenbrock's valley, vectorised ------------------------------------------------------------


def rosenbrock(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_by_hand(x: Any) -> Any:
    a = x[:-1]
    valley = 200.0 * (x[1:] - a * a)
    g = np.zeros_like(x)
    g[1:] = valley
    g[:-1] -= 2.0 * (a * valley + (1.0 - a))
    return g


# --- a loop of numbers --------------------------------------------------------------------------


def scalar_loop(x: Any, n: Any) -> Any:
    s = x
    for _ in range(n):
        s = s + sin(s) * x
    return s


def scalar_loop_by_hand(x: Any, n: Any) -> Any:
    tape = []
    s = x
    for _ in range(n):
        tape.append(s)
        s = s + sin(s) * x
    s_bar, x_bar = 1.0, 0.0
    for k in range(n - 1, -1, -1):
        s = tape[k]
        x_bar += s_bar * sin(s)
        s_bar += s_bar * x * cos(s)
    return x_bar + s_bar


# --- logistic regression ------------------------------------------------------------------------


def logistic(w: Any, b: Any, X: Any, y: Any) -> Any:
    z = X @ w + b
    return np.mean(np.log1p(np.exp(-z)) + (1.0 - y) * z)


def logistic_by_hand(w: Any, b: Any, X: Any, y: Any) -> Any:
    z_bar = (1.0 / (1.0 + np.exp(-(X @ w + b))) - y) / len(y)
    return z_bar @ X, np.sum(z_bar)


# --- a network with one hidden layer ------------------------------------------------------------


def mlp(params: Any, images: Any, labels: Any) -> Any:
    hidden = np.tanh(images @ params["W1"] + params["b1"])
    scores = hidden @ params["W2"] + params["b2"]
    log_p = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(labels)), labels])


def mlp_by_hand(params: Any, images: Any, labels: Any) -> Any:
    hidden = np.tanh(images @ params["W1"] + params["b1"])
    p = np.exp(hidden @ params["W2"] + params["b2"])
    p /= np.sum(p, axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1.0
    p /= len(labels)
    z_bar = p @ params["W2"].T
    z_bar *= 1.0 - hidden * hidden
    return {"W1": images.T @ z_bar, "b1": np.sum(z_bar, axis=0), "W2": hidden.T @ p, "b2": np.sum(p, axis=0)}


# --- a recurrent network ------------------------------------------------------------------------


def rnn(W: Any, U: Any, b: Any, xs: Any, y: Any) -> Any:
    h = np.zeros(len(b))
    for t in range(len(xs)):
        h = np.tanh(W @ h + U @ xs[t] + b)
    return np.sum((h - y) ** 2)


def rnn_by_hand(W: Any, U: Any, b: Any, xs: Any, y: Any) -> Any:
    steps = len(xs)
    h = np.zeros((steps + 1, len(b)))
    for t in range(steps):
        h[t + 1] = np.tanh(W @ h[t] + U @ xs[t] + b)
    z_bar = np.empty((steps, len(b)))
    h_bar = 2.0 * (h[steps] - y)
    slope = 1.0 - h[1:] * h[1:]
    for t in range(steps - 1, -1, -1):
        z_bar[t] = h_bar * slope[t]
        h_bar = z_bar[t] @ W
    return z_bar.T @ h[:-1], z_bar.T @ xs, np.sum(z_bar, axis=0)


# --- elements read in a loop --------------------------------------------------------------------


def neighbours(x: Any) -> Any:
    s = 0.0
    for i in range(1, len(x)):
        s += x[i] * x[i - 1]
    return s


def neighbours_by_hand(x: Any) -> Any:
    g = np.zeros_like(x)
    for i in range(len(x) - 1, 0, -1):
        g[i] += x[i - 1]
        g[i - 1] += x[i]
    return g


# --- the heat equation, in three styles ---------------------------------------------------------


def heat(u: Any, target: Any, k: Any, steps: Any) -> Any:
    u = u.copy()
    for _ in range(steps):
        u[1:-1] += k * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum((u - target) ** 2)


def heat_without_writes(u: Any, target: Any, k: Any, steps: Any) -> Any:
    """For libraries that cannot differentiate a write."""
    for _ in range(steps):
        u = np.concatenate((u[:1], u[1:-1] + k * (u[2:] - 2.0 * u[1:-1] + u[:-2]), u[-1:]))
    return np.sum((u - target) ** 2)


def heat_by_hand(u: Any, target: Any, k: Any, steps: Any) -> Any:
    u = u.copy()
    for _ in range(steps):
        u[1:-1] += k * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    g = 2.0 * (u - target)
    for _ in range(steps):
        d = k * g[1:-1]
        g[1:-1] -= 2.0 * d
        g[2:] += d
        g[:-2] += d
    return g


def heat_loops(u: Any, target: Any, k: Any, steps: Any) -> Any:
    u = u.copy()
    for _ in range(steps):
        left = u[0]
        for i in range(1, len(u) - 1):
            here = u[i]
            u[i] = here + k * (left - 2.0 * here + u[i + 1])
            left = here
    return np.sum((u - target) ** 2)


def heat_loops_by_hand(u: Any, target: Any, k: Any, steps: Any) -> Any:
    u = u.copy()
    n = len(u)
    for _ in range(steps):
        left = u[0]
        for i in range(1, n - 1):
            here = u[i]
            u[i] = here + k * (left - 2.0 * here + u[i + 1])
            left = here
    g = 2.0 * (u - target)
    for _ in range(steps):
        left = 0.0  # the cotangent of the inner point before, as it was
        for i in range(1, n - 1):
            here = g[i]
            g[i - 1] += k * here
            g[i] = (1.0 - 2.0 * k) * here + k * left
            left = here
        g[n - 1] += k * left
    return g


def heat_buffers(u: Any, target: Any, k: Any, steps: Any) -> Any:
    now, then = u.copy(), u.copy()
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            then[i] = now[i] + k * (now[i - 1] - 2.0 * now[i] + now[i + 1])
        now, then = then, now
    return np.sum((now - target) ** 2)


def heat_buffers_by_hand(u: Any, target: Any, k: Any, steps: Any) -> Any:
    now, then = u.copy(), u.copy()
    n = len(u)
    for _ in range(steps):
        for i in range(1, n - 1):
            then[i] = now[i] + k * (now[i - 1] - 2.0 * now[i] + now[i + 1])
        now, then = then, now
    g, old = 2.0 * (now - target), np.zeros(n)
    for _ in range(steps):
        old[0], old[1] = g[0], 0.0
        for i in range(1, n - 1):
            d = k * g[i]
            old[i - 1] += d
            old[i] += g[i] - 2.0 * d
            old[i + 1] = d
        old[n - 1] += g[n - 1]
        g, old = old, g
    return g


# --- a mixture of Gaussians ---------------------------------------------------------------------


def gmm(alphas: Any, means: Any, logs: Any, lower: Any, x: Any, mask: Any) -> Any:
    """The log-likelihood of x, with factors of the inverse covariances that are lower triangular: their diagonals
    are exp(logs), what is below is lower.  Srajer, Kukelova, Fitzgibbon, A benchmark of selected algorithmic
    differentiation tools, 2018, section 2.3."""
    below = lower * mask
    scales = np.exp(logs)
    centred = x - means[:, None, :]  # component, point, coordinate
    scaled = scales[:, None, :] * centred + centred @ np.swapaxes(below, 1, 2)
    terms = (alphas + np.sum(logs, axis=1))[:, None] - 0.5 * np.sum(scaled * scaled, axis=2)
    top = np.max(terms, axis=0)
    likelihood = np.sum(top + np.log(np.sum(np.exp(terms - top), axis=0)))
    prior = 0.5 * (np.sum(scales * scales) + np.sum(below * below))
    return likelihood - len(x) * np.log(np.sum(np.exp(alphas))) + prior


def gmm_by_hand(alphas: Any, means: Any, logs: Any, lower: Any, x: Any, mask: Any) -> Any:
    below = lower * mask
    scales = np.exp(logs)
    centred = x - means[:, None, :]
    scaled = scales[:, None, :] * centred
    scaled += centred @ np.swapaxes(below, 1, 2)
    terms = (alphas + np.sum(logs, axis=1))[:, None] - 0.5 * np.sum(scaled * scaled, axis=2)
    p = np.exp(terms - np.max(terms, axis=0))
    p /= np.sum(p, axis=0)  # how much of each point each component answers for
    of_component = np.sum(p, axis=1)
    scaled *= -p[:, :, None]  # now its cotangent
    total = np.sum(scaled, axis=1)
    weights = np.exp(alphas)
    alphas_bar = of_component - (len(x) / np.sum(weights)) * weights
    means_bar = -(scales * total + (total[:, None, :] @ below)[:, 0])
    logs_bar = of_component[:, None] + scales * (np.einsum("knd,knd->kd", scaled, centred) + scales)
    lower_bar = (np.swapaxes(scaled, 1, 2) @ centred + below) * mask
    return alphas_bar, means_bar, logs_bar, lower_bar


def gmm_loops(alphas: Any, means: Any, logs: Any, lower: Any, x: Any) -> Any:
    total = 0.0
    terms = np.zeros(len(alphas))
    for i in range(len(x)):
        for k in range(len(alphas)):
            term = alphas[k]
            for a in range(x.shape[1]):
                scaled = exp(logs[k, a]) * (x[i, a] - means[k, a])
                for b in range(a):
                    scaled += lower[k, a, b] * (x[i, b] - means[k, b])
                term += logs[k, a] - 0.5 * scaled * scaled
            terms[k] = term
        top = np.max(terms)
        s = 0.0
        for k in range(len(alphas)):
            s += exp(terms[k] - top)
        total += top + log(s)
    weights = 0.0
    for k in range(len(alphas)):
        weights += exp(alphas[k])
    return total - len(x) * log(weights)


def gmm_loops_by_hand(alphas: Any, means: Any, logs: Any, lower: Any, x: Any) -> Any:
    components, d = means.shape
    alphas_bar, means_bar = np.zeros_like(alphas), np.zeros_like(means)
    logs_bar, lower_bar = np.zeros_like(logs), np.zeros_like(lower)
    scales = np.exp(logs)
    terms, scaled = np.zeros(components), np.zeros((components, d))
    for i in range(len(x)):
        for k in range(components):
            term = alphas[k]
            for a in range(d):
                z = scales[k, a] * (x[i, a] - means[k, a])
                for b in range(a):
                    z += lower[k, a, b] * (x[i, b] - means[k, b])
                term += logs[k, a] - 0.5 * z * z
                scaled[k, a] = z
            terms[k] = term
        top = np.max(terms)
        s = 0.0
        for k in range(components):
            terms[k] = exp(terms[k] - top)
            s += terms[k]
        for k in range(components):
            p = terms[k] / s
            alphas_bar[k] += p
            for a in range(d):
                z_bar = -p * scaled[k, a]
                logs_bar[k, a] += p + z_bar * scales[k, a] * (x[i, a] - means[k, a])
                means_bar[k, a] -= z_bar * scales[k, a]
                for b in range(a):
                    lower_bar[k, a, b] += z_bar * (x[i, b] - means[k, b])
                    means_bar[k, b] -= z_bar * lower[k, a, b]
    weights = np.exp(alphas)
    alphas_bar -= (len(x) / np.sum(weights)) * weights
    return alphas_bar, means_bar, logs_bar, lower_bar


# --- long short-term memory ---------------------------------------------------------------------


def sigmoid(z: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-z))


def lstm(weight: Any, bias: Any, extra: Any, h: Any, c: Any, xs: Any) -> Any:
    """Predicts each item of a sequence from those before it, by layers of cells that do not mix.

    weight and bias are (layers, 4 gates, width), h and c (layers, width), extra (3, width), xs (steps, width).
    The network of Srajer, Kukelova, Fitzgibbon, 2018.
    """
    h, c = h.copy(), c.copy()
    loss = 0.0
    for t in range(len(xs) - 1):
        x = xs[t] * extra[0]
        for k in range(len(weight)):
            forget = sigmoid(x * weight[k, 0] + bias[k, 0])
            enter = sigmoid(h[k] * weight[k, 1] + bias[k, 1])
            leave = sigmoid(x * weight[k, 2] + bias[k, 2])
            change = np.tanh(h[k] * weight[k, 3] + bias[k, 3])
            c[k] = c[k] * forget + enter * change
            h[k] = leave * np.tanh(c[k])
            x = h[k].copy()
        y = x * extra[1] + extra[2]
        loss -= np.sum(xs[t + 1] * (y - np.log(2.0 + np.sum(np.exp(y)))))
    return loss


def lstm_without_writes(weight: Any, bias: Any, extra: Any, h: Any, c: Any, xs: Any) -> Any:
    """For libraries that cannot differentiate a write."""
    hs, cs = [h[k] for k in range(len(weight))], [c[k] for k in range(len(weight))]
    loss = 0.0
    for t in range(len(xs) - 1):
        x = xs[t] * extra[0]
        for k in range(len(weight)):
            forget = sigmoid(x * weight[k, 0] + bias[k, 0])
            enter = sigmoid(hs[k] * weight[k, 1] + bias[k, 1])
            leave = sigmoid(x * weight[k, 2] + bias[k, 2])
            change = np.tanh(hs[k] * weight[k, 3] + bias[k, 3])
            cs[k] = cs[k] * forget + enter * change
            hs[k] = leave * np.tanh(cs[k])
            x = hs[k]
        y = x * extra[1] + extra[2]
        loss = loss - np.sum(xs[t + 1] * (y - np.log(2.0 + np.sum(np.exp(y)))))
    return loss


def lstm_by_hand(weight: Any, bias: Any, extra: Any, h: Any, c: Any, xs: Any) -> Any:
    layers, width = len(weight), xs.shape[1]
    steps = len(xs) - 1
    inputs = np.empty((steps, layers, 4, width))  # of the gates
    gates = np.empty((steps, layers, 4, width))
    cells, squashed = np.empty((steps + 1, layers, width)), np.empty((steps, layers, width))
    tops, y_bars = np.empty((steps, width)), np.empty((steps, width))
    h = h.copy()
    cells[0] = c
    for t in range(steps):
        x = xs[t] * extra[0]
        for k in range(layers):
            into, gate = inputs[t, k], gates[t, k]
            into[0] = x
            into[1] = h[k]
            into[2] = x
            into[3] = h[k]
            z = into * weight[k] + bias[k]
            gate[:3] = 1.0 / (1.0 + np.exp(-z[:3]))
            gate[3] = np.tanh(z[3])
            cells[t + 1, k] = cells[t, k] * gate[0] + gate[1] * gate[3]
            squashed[t, k] = np.tanh(cells[t + 1, k])
            h[k] = gate[2] * squashed[t, k]
            x = h[k]
        tops[t] = x
        e = np.exp(x * extra[1] + extra[2])
        y_bars[t] = (np.sum(xs[t + 1]) / (2.0 + np.sum(e))) * e - xs[t + 1]
    slopes = gates * (1.0 - gates)
    slopes[:, :, 3] = 1.0 - gates[:, :, 3] * gates[:, :, 3]
    onto_cell = gates[:, :, 2] * (1.0 - squashed * squashed)
    z_bars = np.empty((steps, layers, 4, width))
    x_bars = np.empty((steps, width))
    top_bars = y_bars * extra[1]
    h_bar, c_bar = np.zeros((layers, width)), np.zeros((layers, width))
    for t in range(steps - 1, -1, -1):
        above = top_bars[t]
        for k in range(layers - 1, -1, -1):
            gate, z_bar = gates[t, k], z_bars[t, k]
            out = h_bar[k] + above
            inside = c_bar[k] + out * onto_cell[t, k]
            z_bar[0] = inside * cells[t, k]
            z_bar[1] = inside * gate[3]
            z_bar[2] = out * squashed[t, k]
            z_bar[3] = inside * gate[1]
            z_bar *= slopes[t, k]
            c_bar[k] = inside * gate[0]
            back = z_bar * weight[k]
            h_bar[k] = back[1] + back[3]
            above = back[0] + back[2]
        x_bars[t] = above
    extra_bar = np.empty((3, width))
    extra_bar[0] = np.sum(x_bars * xs[:-1], axis=0)
    extra_bar[1] = np.sum(y_bars * tops, axis=0)
    extra_bar[2] = np.sum(y_bars, axis=0)
    return np.sum(z_bars * inputs, axis=0), np.sum(z_bars, axis=0), extra_bar
