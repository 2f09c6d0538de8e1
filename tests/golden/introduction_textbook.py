"""The gradient of this function with respect to `x1` and `x2`, in the textbook form:

    def introduction(x1, x2):
        z = x1 * x2 + sin(x1)
        return z
"""

from math import cos, sin


def introduction_grad(x1, x2, z_bar=1.0):
    # forward sweep
    w1 = x1
    w2 = x2
    w3 = w1 * w2               # x1 * x2
    w4 = sin(w1)               # sin(x1)
    w5 = w3 + w4               # z
    # reverse sweep
    w5_bar = z_bar
    w3_bar = w5_bar            # w5 = w3 + w4
    w4_bar = w5_bar
    w1_bar = w4_bar * cos(w1)  # w4 = sin(w1)
    w1_bar += w3_bar * w2      # w3 = w1 * w2
    w2_bar = w3_bar * w1
    return w1_bar, w2_bar
