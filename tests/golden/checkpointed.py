"""The gradient of this function with respect to `u` and `alpha`:

    def diffusion(u, alpha, steps):
        for _ in checkpoint(range(steps), snapshots=3):
            u[1:-1] += alpha * (u[2:] - 2.0 * u[1:-1] + u[:-2])
            u = u + 0.1 * np.sin(u)
        return np.sum(u**2)
"""

import numpy as np
from adjoint.schedule import all_stops, stops


def diffusion_grad(u, alpha, steps):
    # forward sweep
    starts = []
    u_snapshots = []
    u = np.array(u)
    start = 0
    for stop in all_stops(steps, 3):
        starts.append(start)
        u_snapshots.append(np.copy(u))
        for _ in range(start, stop):
            w1 = alpha * (u[2:] - 2.0 * u[1:-1] + u[:-2])
            u[1:-1] += w1
            u = u + 0.1 * np.sin(u)
        start = stop
    # reverse sweep
    u_bar = 2 * u
    alpha_bar = 0.0
    for k in reversed(range(steps)):        # for _ in checkpoint(range(steps), snapshots=3):
        start = starts.pop()
        u_2 = u_snapshots.pop()
        free = 3 - len(starts)
        u_2 = np.array(u_2)
        start_2 = start
        for stop in stops(start, k, free):
            starts.append(start_2)
            u_snapshots.append(np.copy(u_2))
            for _ in range(start_2, stop):
                w2 = alpha * (u_2[2:] - 2.0 * u_2[1:-1] + u_2[:-2])
                u_2[1:-1] += w2
                u_2 = u_2 + 0.1 * np.sin(u_2)
            start_2 = stop
        w3 = u_2[2:] - 2.0 * u_2[1:-1] + u_2[:-2]
        u_2[1:-1] += alpha * w3
        u_bar += 0.1 * u_bar * np.cos(u_2)  # u = u + 0.1 * np.sin(u)
        w1_bar = u_bar[1:-1]                # u[1:-1] += alpha * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        alpha_bar += np.sum(w1_bar * w3)
        w4_bar = w1_bar * alpha
        u_bar[:-2] += w4_bar
        u_bar[1:-1] -= 2.0 * w4_bar
        u_bar[2:] += w4_bar
    alpha_bar = float(alpha_bar)
    return u_bar, alpha_bar
