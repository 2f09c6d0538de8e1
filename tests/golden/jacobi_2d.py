"""The gradient of this function with respect to `u`:

    def jacobi_2d(u, steps):
        new = u.copy()
        for _ in range(steps):
            new[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
            u, new = new, u
        return np.sum(u**2)
"""

import numpy as np
from adjoint.runtime import array_set, index_add


def jacobi_2d_grad(u, steps):
    # forward sweep
    new = u.copy()
    u = np.array(u)
    for _ in range(steps):
        w1 = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2]
        w2 = w1 + u[1:-1, 2:]
        w3 = 0.25 * w2
        new = array_set(new, (slice(1, -1, None), slice(1, -1, None)), w3)
        new, u = u, new
    # reverse sweep
    new_bar = np.zeros((4, 5))
    u_bar = 2 * u
    for _ in reversed(range(steps)):          # for _ in range(steps):
        w3_bar = np.array(u_bar[1:-1, 1:-1])  # new[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[...
        new_2_bar = array_set(u_bar, (slice(1, -1, None), slice(1, -1, None)), 0.0)
        w2_bar = w3_bar * 0.25
        new_bar = index_add(new_bar, (slice(1, -1, None), slice(2, None, None)), w2_bar)
        new_bar = index_add(new_bar, (slice(1, -1, None), slice(None, -2, None)), w2_bar)
        new_bar = index_add(new_bar, (slice(2, None, None), slice(1, -1, None)), w2_bar)
        u_bar = index_add(new_bar, (slice(None, -2, None), slice(1, -1, None)), w2_bar)
        new_bar = new_2_bar
    u_bar = u_bar + new_bar
    return u_bar
