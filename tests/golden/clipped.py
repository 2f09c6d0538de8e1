"""The gradient of this function with respect to `w`:

    def clipped(w, x, limit):
        total = 0.0
        h = x
        for _ in range(3):
            h = np.tanh(w * h)
            with cotangent(h) as h_bar:
                h_bar = np.clip(h_bar, -limit, limit)
            total += np.sum(h)
        return total
"""

import numpy as np


def clipped_grad(w, x, limit):
    # forward sweep
    x_tape = []
    x_tape_2 = []
    for _ in range(3):
        x_tape.append(x)
        x = np.tanh(w * x)
        x_tape_2.append(x)
    # reverse sweep
    x_bar = np.zeros(2)
    w_bar = np.zeros(2)
    # for _ in range(3):
    for x, h in zip(reversed(x_tape), reversed(x_tape_2)):
        # with cotangent(h) as h_bar:
        h_bar = np.clip(x_bar + 1.0, -limit, limit)
        w1_bar = h_bar * (1.0 - h * h)  # h = np.tanh(w * h)
        w_bar += w1_bar * x
        x_bar = w1_bar * w
    return w_bar
