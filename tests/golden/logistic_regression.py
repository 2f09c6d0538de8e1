"""The gradient of this function with respect to `w` and `b`:

    def logistic_regression(w, b, X, y):
        p = 1.0 / (1.0 + np.exp(-(X @ w + b)))
        return -np.mean(y * np.log(p) + (1.0 - y) * np.log(1.0 - p))
"""

import numpy as np


def logistic_regression_grad(w, b, X, y):
    # forward sweep
    p = 1.0 / (1.0 + np.exp(-(X @ w + b)))
    w1 = 1.0 - p
    # reverse sweep
    p_bar = -0.25 * (y / p - (1.0 - y) / w1)  # return -np.mean(y * np.log(p) + (1.0 - y) * np.log(1.0 - p))
    w2_bar = p_bar * (p * w1)                 # p = 1.0 / (1.0 + np.exp(-(X @ w + b)))
    w_bar = w2_bar @ X
    b_bar = float(np.sum(w2_bar))
    return w_bar, b_bar
