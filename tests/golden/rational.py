"""The gradient of this function with respect to `a` and `b`:

    def rational(a, b):
        return (a / b - a) * (b / a + a + b) * (a - b)
"""


def rational_grad(a, b):
    # forward sweep
    w1 = a / b
    w2 = w1 - a
    w3 = b / a
    w4 = w3 + a + b
    w5 = w2 * w4
    w6 = a - b
    # reverse sweep
    w2_bar = w6 * w4  # return (a / b - a) * (b / a + a + b) * (a - b)
    w4_bar = w6 * w2
    a_bar = w5 + w4_bar - w4_bar * (w3 / a) - w2_bar
    a_bar += w2_bar / b
    b_bar = w4_bar - w5 + w4_bar / a - w2_bar * (w1 / b)
    return a_bar, b_bar
