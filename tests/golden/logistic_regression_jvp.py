"""The value of this function and its tangent along tangents of `w` and `b`:

    def logistic_regression(w, b, X, y):
        p = 1.0 / (1.0 + np.exp(-(X @ w + b)))
        return -np.mean(y * np.log(p) + (1.0 - y) * np.log(1.0 - p))
"""

import numpy as np


def logistic_regression_jvp(w, b, X, y, w_dot, b_dot):
    p = 1.0 / (1.0 + np.exp(-(X @ w + b)))
    w1 = 1.0 - p
    w1_dot = -(X @ w_dot + b_dot) * (p * w1)
    p_dot = -w1_dot
    w2 = 1.0 - y
    w3_dot = np.mean(p_dot / p * y + w1_dot / w1 * w2)
    w3 = np.mean(y * np.log(p) + w2 * np.log(w1))
    w4 = -w3
    w4_dot = -w3_dot
    return w4, w4_dot
