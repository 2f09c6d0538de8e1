"""The gradient of this function with respect to `x`:

    def first_above(x, limit):
        total = 0.0
        for value in x:
            total += value * value
            if total > limit:
                break
        return sqrt(total)
"""

from math import sqrt
import numpy as np


def first_above_grad(x, limit):
    # forward sweep
    total = 0.0
    count = 0
    for i in range(12):
        count += 1
        value = x[i]
        total = total + value * value
        if total > limit:
            break
    # reverse sweep
    total_bar = 0.5 / sqrt(total)      # return sqrt(total)
    x_bar = np.zeros(12)
    for i in reversed(range(count)):   # for value in x:
        value = x[i]
        value_bar = total_bar * value  # total += value * value
        value_bar += value_bar
        x_bar[i] += value_bar
    return x_bar
