"""The gradient of this function with respect to `x`:

    def running_product(x):
        y = np.zeros(len(x))
        y[0] = x[0]
        for i in range(1, len(x)):
            y[i] = y[i - 1] * x[i]
        return np.sum(y)
"""

import numpy as np


def running_product_grad(x):
    # forward sweep
    y = np.zeros(5)
    y[0] = x[0]
    for i in range(1, 5):
        y[i] = y[i - 1] * x[i]
    # reverse sweep
    y_bar = np.full((5,), 1.0)
    x_bar = np.zeros(5)
    for i in reversed(range(1, 5)):  # for i in range(1, len(x)):
        w1 = i - 1
        w2_bar = y_bar[i]            # y[i] = y[i - 1] * x[i]
        w3_bar = w2_bar * x[i]
        x_bar[i] += w2_bar * y[w1]
        y_bar[w1] += w3_bar
    x_bar[0] += y_bar[0]             # y[0] = x[0]
    return x_bar
