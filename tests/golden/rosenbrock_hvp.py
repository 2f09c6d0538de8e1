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
    x_bar_dot = np.zeros(5)
    # return np.sum(100.0 * valley**2 + (1.0 - x[:-1]) ** 2)
    x_bar_dot[:-1] += w1_dot * (1.0 - w1) ** 0 * 2
    valley_dot = valley_dot * valley ** 0
    valley_bar_dot = valley_dot * 2 * 100.0
    valley_bar = 100.0 * (2 * valley)
    # valley = x[1:] - x[:-1] ** 2
    w1_bar_dot = -valley_bar_dot * w2 + w1_dot * w1 ** 0 * 2 * -valley_bar
    x_bar_dot[:-1] += w1_bar_dot
    x_bar_dot[1:] += valley_bar_dot
    return x_bar_dot
