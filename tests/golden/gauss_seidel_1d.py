"""The gradient of this function with respect to `u`:

    def gauss_seidel_1d(u, steps):
        for _ in range(steps):
            for i in range(1, len(u) - 1):
                u[i] = 0.5 * (u[i - 1] + u[i + 1]) - 0.1 * u[i] ** 2
        return np.sum(u**2)
"""

import numpy as np


def gauss_seidel_1d_grad(u, steps):
    # forward sweep
    u = np.array(u)
    w1_tape_tape = []
    for _ in range(steps):
        w1_tape = []
        for i in range(1, 5):
            w1 = u[i]
            w1_tape.append(w1)
            w2 = 0.5 * (u[i - 1] + u[i + 1]) - 0.1 * w1 ** 2
            u[i] = w2
        w1_tape_tape.append(w1_tape)
    # reverse sweep
    u_bar = 2 * u
    for w1_tape in reversed(w1_tape_tape):  # for _ in range(steps):
        # for i in range(1, len(u) - 1):
        for i, w1 in zip(reversed(range(1, 5)), reversed(w1_tape)):
            w2_bar = u_bar[i]               # u[i] = 0.5 * (u[i - 1] + u[i + 1]) - 0.1 * u[i] ** 2
            u_bar[i] = -0.2 * w2_bar * w1
            w3_bar = w2_bar * 0.5
            u_bar[i + 1] += w3_bar
            u_bar[i - 1] += w3_bar
    return u_bar
