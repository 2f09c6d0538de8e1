"""The Hessian of this function with respect to `x`, times a vector:

    def rosenbrock(x):
        valley = x[1:] - x[:-1] ** 2
        return np.sum(100.0 * valley**2 + (1.0 - x[:-1]) ** 2)
"""

import numpy as np


def rosenbrock_grad_jvp(x, x_dot):
    # forward sweep
    w1_dot = x_dot[:-1]
    w1 = x[:-1]
    w2 = 2 * w1
    valley_dot = x_dot[1:] - w1_dot * w2
    valley = x[1:] - w1 ** 2
    # reverse sweep
    w3_bar_dot = -2 * w1_dot  # return np.sum(100.0 * valley**2 + (1.0 - x[:-1]) ** 2)
    x_bar_dot = np.zeros(5)
    valley_bar_dot = 200.0 * valley_dot
    valley_bar = 200.0 * valley
    # valley = x[1:] - x[:-1] ** 2
    x_bar_dot[:-1] = w3_bar_dot * valley_bar - valley_bar_dot * w2 - w3_bar_dot
    x_bar_dot[1:] += valley_bar_dot
    return x_bar_dot
