"""The value of this function and its tangent along tangents of `W` and `U` and `b`:

    def recurrent(W, U, b, inputs):
        h = np.zeros(len(b))
        for x in inputs:
            h = np.tanh(W @ h + U @ x + b)
        return np.sum(h * h)
"""

import numpy as np


def recurrent_jvp(W, U, b, inputs, W_dot, U_dot, b_dot):
    h = np.zeros(3)
    h_dot = np.zeros(3)
    for i in range(len(inputs)):
        x = inputs[i]
        w1_dot = W_dot @ h + W @ h_dot + U_dot @ x + b_dot
        h = np.tanh(W @ h + U @ x + b)
        h_dot = w1_dot * (1.0 - h * h)
    w2 = np.sum(h * h)
    w2_dot = np.sum(h_dot * (h + h))
    return w2, w2_dot
