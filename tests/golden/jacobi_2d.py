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
    w1 = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2]
    w2 = w1 + u[1:-1, 2:]
    w3 = 0.25 * w2
    new[1:-1, 1:-1] = w3
    w4 = new[:-2, 1:-1] + new[2:, 1:-1] + new[1:-1, :-2]
    w5 = w4 + new[1:-1, 2:]
    w6 = 0.25 * w5
    u = np.array(u)
    u[1:-1, 1:-1] = w6
    w7 = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2]
    w8 = w7 + u[1:-1, 2:]
    w9 = 0.25 * w8
    new[1:-1, 1:-1] = w9
    # reverse sweep
    new_bar = 2 * new                       # return np.sum(u**2)
    w9_bar = np.array(new_bar[1:-1, 1:-1])  # new[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[...
    new_bar[1:-1, 1:-1] = 0.0
    w8_bar = w9_bar * 0.25
    u_bar = np.zeros((4, 5))
    u_bar[1:-1, 2:] += w8_bar
    u_bar[1:-1, :-2] += w8_bar
    u_bar[2:, 1:-1] += w8_bar
    u_bar[:-2, 1:-1] += w8_bar
    w6_bar = np.array(u_bar[1:-1, 1:-1])
    u_bar[1:-1, 1:-1] = 0.0
    w5_bar = w6_bar * 0.25
    new_bar[1:-1, 2:] += w5_bar
    new_bar[1:-1, :-2] += w5_bar
    new_bar[2:, 1:-1] += w5_bar
    new_bar[:-2, 1:-1] += w5_bar
    w3_bar = np.array(new_bar[1:-1, 1:-1])
    new_bar[1:-1, 1:-1] = 0.0
    w2_bar = w3_bar * 0.25
    u_bar[1:-1, 2:] += w2_bar
    u_bar[1:-1, :-2] += w2_bar
    u_bar[2:, 1:-1] += w2_bar
    u_bar[:-2, 1:-1] += w2_bar
    u_bar = u_bar + new_bar
    return u_bar
