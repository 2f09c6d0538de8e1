"""The gradient of this function with respect to `u`:

    def jacobi_2d(u, steps):
        new = u.copy()
        for _ in range(steps):
            new[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
            u, new = new, u
        return np.sum(u**2)
"""

import numpy as np


def jacobi_2d_grad(u, steps):
    # forward sweep
    new = u.copy()
    u = np.array(u)
    for _ in range(steps):
        w1 = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2]
        w2 = w1 + u[1:-1, 2:]
        w3 = 0.25 * w2
        new[1:-1, 1:-1] = w3
        new, u = u, new
    # reverse sweep
    new_bar = np.zeros((4, 5))
    u_bar = 2 * u
    for _ in range(steps):
        w3_bar = np.array(u_bar[1:-1, 1:-1])  # new[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[...
        u_bar[1:-1, 1:-1] = 0.0
        w2_bar = w3_bar * 0.25
        new_bar[1:-1, 2:] += w2_bar
        new_bar[1:-1, :-2] += w2_bar
        new_bar[2:, 1:-1] += w2_bar
        new_bar[:-2, 1:-1] += w2_bar
        new_bar, u_bar = u_bar, new_bar
    u_bar += new_bar                          # new = u.copy()
    return u_bar
