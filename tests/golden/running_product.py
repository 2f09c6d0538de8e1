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
    y_bar = np.broadcast_to(1.0, (5,))  # return np.sum(y)
    w1 = y_bar[4]
    x_bar = np.zeros(5)
    for i in reversed(range(1, 5)):     # for i in range(1, len(x)):
        w2 = i - 1
        w3_bar = w1                     # y[i] = y[i - 1] * x[i]
        w4_bar = w3_bar * x[i]
        x_bar[i] += w3_bar * y[w2]
        w1 = y_bar[w2] + w4_bar
    x_bar[0] += w1                      # y[0] = x[0]
    return x_bar
