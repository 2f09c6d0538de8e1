"""The gradient of this function with respect to `u` and `alpha`:

    def heat(u, alpha, steps):
        for _ in range(steps):
            u[1:-1] += alpha * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        return np.sum(u**2)
"""

import numpy as np


def heat_grad(u, alpha, steps):
    # forward sweep
    u = np.array(u)
    w1_tape = []
    for _ in range(steps):
        w1 = u[2:] - 2.0 * u[1:-1] + u[:-2]
        w1_tape.append(w1)
        u[1:-1] += alpha * w1
    # reverse sweep
    u_bar = 2 * u
    alpha_bar = 0.0
    for w1 in reversed(w1_tape):  # for _ in range(steps):
        w2_bar = u_bar[1:-1]      # u[1:-1] += alpha * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        alpha_bar += np.sum(w2_bar * w1)
        w1_bar = w2_bar * alpha
        u_bar[:-2] += w1_bar
        u_bar[1:-1] -= 2.0 * w1_bar
        u_bar[2:] += w1_bar
    alpha_bar = float(alpha_bar)
    return u_bar, alpha_bar
