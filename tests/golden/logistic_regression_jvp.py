"""The value of this function and its tangent along tangents of `w` and `b`:

    def logistic_regression(w, b, X, y):
        p = 1.0 / (1.0 + np.exp(-(X @ w + b)))
        return -np.mean(y * np.log(p) + (1.0 - y) * np.log(1.0 - p))
"""

import numpy as np


def logistic_regression_jvp(w, b, X, y, w_dot, b_dot):
    w1 = np.exp(-(X @ w + b))
    w2 = 1.0 + w1
    p = 1.0 / w2
    w3_dot = -(X @ w_dot + b_dot) * w1 * (p / w2)
    p_dot = -w3_dot
    w4 = 1.0 - y
    w3 = 1.0 - p
    w5_dot = np.mean(p_dot / p * y + w3_dot / w3 * w4)
    w5 = np.mean(y * np.log(p) + w4 * np.log(w3))
    w6 = -w5
    w6_dot = -w5_dot
    return w6, w6_dot
