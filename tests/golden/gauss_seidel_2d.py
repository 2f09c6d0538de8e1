"""The gradient of this function with respect to `u`:

    def gauss_seidel_2d(u, steps):
        n, m = u.shape
        for _ in range(steps):
            for i in range(1, n - 1):
                for j in range(1, m - 1):
                    u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
        return np.sum(u**2)
"""

import numpy as np


def gauss_seidel_2d_grad(u, steps):
    # forward sweep
    u = np.array(u)
    for _ in range(steps):
        for i in range(1, 3):
            for j in range(1, 4):
                w1 = u[i - 1, j] + u[i + 1, j]
                w2 = w1 + u[i, j - 1]
                w3 = w2 + u[i, j + 1]
                w4 = 0.25 * w3
                u[i, j] = w4
    # reverse sweep
    u_bar = 2 * u
    for _ in range(steps):
        for i in reversed(range(1, 3)):      # for i in range(1, n - 1):
            for j in reversed(range(1, 4)):  # for j in range(1, m - 1):
                w4_bar = u_bar[i, j]         # u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1]...
                u_bar[i, j] = 0.0
                w3_bar = w4_bar * 0.25
                u_bar[i, j + 1] += w3_bar
                u_bar[i, j - 1] += w3_bar
                u_bar[i + 1, j] += w3_bar
                u_bar[i - 1, j] += w3_bar
    return u_bar
