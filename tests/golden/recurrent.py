"""The gradient of this function with respect to `W` and `U` and `b`:

    def recurrent(W, U, b, inputs):
        h = np.zeros(len(b))
        for x in inputs:
            h = np.tanh(W @ h + U @ x + b)
        return np.sum(h * h)
"""

import numpy as np


def recurrent_grad(W, U, b, inputs):
    # forward sweep
    h = np.zeros(3)
    w1 = len(inputs)
    h_tape = []
    h_tape_2 = []
    for i in range(w1):
        h_tape.append(h)
        x = inputs[i]
        h = np.tanh(W @ h + U @ x + b)
        h_tape_2.append(h)
    # reverse sweep
    h_bar = h + h                           # return np.sum(h * h)
    W_bar = np.zeros((3, 3))
    U_bar = np.zeros((3, 2))
    b_bar = np.zeros(3)
    # for x in inputs:
    for i, h, h_2 in zip(reversed(range(w1)), reversed(h_tape), reversed(h_tape_2)):
        x = inputs[i]
        w2_bar = h_bar * (1.0 - h_2 * h_2)  # h = np.tanh(W @ h + U @ x + b)
        b_bar += w2_bar
        U_bar += np.outer(w2_bar, x)
        h_bar = w2_bar @ W
        W_bar += np.outer(w2_bar, h)
    return W_bar, U_bar, b_bar
