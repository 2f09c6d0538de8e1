"""The gradient of this function with respect to `x`:

    def rosenbrock(x):
        valley = x[1:] - x[:-1] ** 2
        return np.sum(100.0 * valley**2 + (1.0 - x[:-1]) ** 2)
"""

import numpy as np


def rosenbrock_grad(x):
    # forward sweep
    w1 = x[:-1]
    valley = x[1:] - w1 ** 2
    # reverse sweep
    x_bar = np.zeros(5)
    valley_bar = 200.0 * valley  # return np.sum(100.0 * valley**2 + (1.0 - x[:-1]) ** 2)
    # valley = x[1:] - x[:-1] ** 2
    x_bar[:-1] = -2 * (valley_bar * w1 + (1.0 - w1))
    x_bar[1:] += valley_bar
    return x_bar
