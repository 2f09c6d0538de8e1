"""The gradient of this function with respect to `x1` and `x2`:

    def introduction(x1, x2):
        z = x1 * x2 + sin(x1)
        return z
"""

from math import cos


def introduction_grad(x1, x2):
    x1_bar = cos(x1) + x2  # z = x1 * x2 + sin(x1)
    return x1_bar, x1
