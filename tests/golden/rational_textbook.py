"""The gradient of this function with respect to `a` and `b`, in the textbook form:

    def rational(a, b):
        return (a / b - a) * (b / a + a + b) * (a - b)
"""


def rational_grad(a, b, result_bar=1.0):
    # forward sweep
    w1 = a
    w2 = b
    w3 = w1 / w2           # a / b
    w4 = w3 - w1           # a / b - a
    w5 = w2 / w1           # b / a
    w6 = w5 + w1           # b / a + a
    w7 = w6 + w2           # b / a + a + b
    w8 = w4 * w7           # (a / b - a) * (b / a + a + b)
    w9 = w1 - w2           # a - b
    w10 = w8 * w9          # (a / b - a) * (b / a + a + b) * (a - b)
    # reverse sweep
    w10_bar = result_bar
    w8_bar = w10_bar * w9  # w10 = w8 * w9
    w9_bar = w10_bar * w8
    w1_bar = w9_bar        # w9 = w1 - w2
    w2_bar = -w9_bar
    w4_bar = w8_bar * w7   # w8 = w4 * w7
    w7_bar = w8_bar * w4
    w6_bar = w7_bar        # w7 = w6 + w2
    w2_bar += w7_bar
    w5_bar = w6_bar        # w6 = w5 + w1
    w1_bar += w6_bar
    w2_bar += w5_bar / w1  # w5 = w2 / w1
    w1_bar -= w5_bar * (w5 / w1)
    w3_bar = w4_bar        # w4 = w3 - w1
    w1_bar -= w4_bar
    w1_bar += w3_bar / w2  # w3 = w1 / w2
    w2_bar -= w3_bar * (w3 / w2)
    return w1_bar, w2_bar
