"""The gradient of this function with respect to `W` and `b`, in the textbook form:

    def linear_layer(W, b, x, y_true):
        y = W @ x + b
        error = y - y_true
        return np.sum(error * error)
"""

import numpy as np


def linear_layer_grad(W, b, x, y_true, result_bar=1.0):
    # forward sweep
    w1 = W
    w2 = b
    w3 = x
    w4 = y_true
    w5 = w1 @ w3                            # W @ x
    w6 = w5 + w2                            # y
    w7 = w6 - w4                            # error
    w8 = w7 * w7                            # error * error
    w9 = np.sum(w8)                         # np.sum(error * error)
    # reverse sweep
    w9_bar = result_bar
    w8_bar = np.broadcast_to(w9_bar, (2,))  # w9 = np.sum(w8)
    w7_bar = w8_bar * w7                    # w8 = w7 * w7
    w7_bar += w8_bar * w7
    w6_bar = w7_bar                         # w7 = w6 - w4
    w5_bar = w6_bar                         # w6 = w5 + w2
    w2_bar = w6_bar
    w1_bar = np.outer(w5_bar, w3)           # w5 = w1 @ w3
    return w1_bar, w2_bar
