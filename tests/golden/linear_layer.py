"""The value and the gradient of this function with respect to `W` and `b`:

    def linear_layer(W, b, x, y_true):
        y = W @ x + b
        error = y - y_true
        return np.sum(error * error)
"""

import numpy as np


def linear_layer_grad(W, b, x, y_true):
    # forward sweep
    y = W @ x + b
    error = y - y_true
    w1 = np.sum(error * error)
    # reverse sweep
    error_bar = error + error  # return np.sum(error * error)
    W_bar = np.outer(error_bar, x)
    return w1, (W_bar, error_bar)
