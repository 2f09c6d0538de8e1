"""The gradient of this function with respect to `L` and `b`:

    def triangular_solve(L, b):
        n = len(b)
        x = np.zeros(n)
        for i in range(n):
            s = b[i]
            for j in range(i):
                s -= L[i, j] * x[j]
            x[i] = s / L[i, i]
        return np.sum(x**2)
"""

import numpy as np


def triangular_solve_grad(L, b):
    # forward sweep
    x = np.zeros(4)
    for i in range(4):
        s = b[i]
        for j in range(i):
            s = s - L[i, j] * x[j]
        x[i] = s / L[i, i]
    # reverse sweep
    x_bar = 2 * x
    b_bar = np.zeros(4)
    L_bar = np.zeros((4, 4))
    for i in reversed(range(4)):      # for i in range(n):
        w1 = L[i, i]
        w2_bar = x_bar[i]             # x[i] = s / L[i, i]
        x_bar[i] = 0.0
        s_bar = w2_bar / w1
        L_bar[i, i] -= w2_bar * (x[i] / w1)
        for j in reversed(range(i)):  # for j in range(i):
            w3_bar = -s_bar           # s -= L[i, j] * x[j]
            w4_bar = w3_bar * x[j]
            x_bar[j] += w3_bar * L[i, j]
            L_bar[i, j] += w4_bar
        b_bar[i] += s_bar             # s = b[i]
    return L_bar, b_bar
