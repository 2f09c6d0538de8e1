"""The Hessian of this function with respect to `W` and `b`, times a vector:

    def linear_layer(W, b, x, y_true):
        y = W @ x + b
        error = y - y_true
        return np.sum(error * error)
"""

import numpy as np


def linear_layer_grad_jvp(W, b, x, y_true, W_dot, b_dot):
    # forward sweep
    y_dot = W_dot @ x + b_dot
    # reverse sweep
    error_bar_dot = y_dot + y_dot  # return np.sum(error * error)
    W_bar_dot = np.outer(error_bar_dot, x)
    return W_bar_dot, error_bar_dot
