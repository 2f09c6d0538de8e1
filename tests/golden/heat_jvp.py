"""The value of this function and its tangent along tangents of `u` and `alpha`:

    def heat(u, alpha, steps):
        for _ in range(steps):
            u[1:-1] += alpha * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        return np.sum(u**2)
"""

import numpy as np


def heat_jvp(u, alpha, steps, u_dot, alpha_dot):
    u = np.array(u)
    u_dot = np.array(u_dot)
    for _ in range(steps):
        w1_dot = u_dot[2:] - u_dot[1:-1] * 2.0 + u_dot[:-2]
        w1 = u[2:] - 2.0 * u[1:-1] + u[:-2]
        w2 = alpha * w1
        u_dot[1:-1] += alpha_dot * w1 + w1_dot * alpha
        u[1:-1] += w2
    w3 = np.sum(u ** 2)
    w3_dot = np.sum(2 * u_dot * u)
    return w3, w3_dot
