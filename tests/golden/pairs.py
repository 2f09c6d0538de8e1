"""The gradient of this function with respect to `x`:

    def pairs(x):
        total = 0.0
        for i in range(len(x)):
            for j in range(i):
                total += x[i] * x[j] * (i + j)
        return total
"""

import numpy as np


def pairs_grad(x):
    x_bar = np.zeros(4)
    for i in reversed(range(4)):      # for i in range(len(x)):
        for j in reversed(range(i)):  # for j in range(i):
            w1_bar = 1.0 * (i + j)    # total += x[i] * x[j] * (i + j)
            w2_bar = w1_bar * x[j]
            x_bar[j] += w1_bar * x[i]
            x_bar[i] += w2_bar
    return x_bar
