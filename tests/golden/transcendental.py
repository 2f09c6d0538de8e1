"""The gradient of this function with respect to `a` and `b` and `c`:

    def transcendental(a, b, c):
        f = sin(a * b) + exp(c - a / b)
        return log(f * f) * c
"""

from math import cos, exp, log, sin


def transcendental_grad(a, b, c):
    # forward sweep
    w1 = a * b
    w2 = a / b
    w3 = exp(c - w2)
    f = sin(w1) + w3
    w4 = f * f
    # reverse sweep
    f_bar = c / w4 * f   # return log(f * f) * c
    f_bar += f_bar
    w5_bar = f_bar * w3  # f = sin(a * b) + exp(c - a / b)
    c_bar = log(w4) + w5_bar
    w2_bar = -w5_bar
    w1_bar = f_bar * cos(w1)
    a_bar = w2_bar / b + w1_bar * b
    b_bar = w1_bar * a - w2_bar * (w2 / b)
    return a_bar, b_bar, c_bar
