"""The gradient of this function with respect to `w` and `b`:

    def absolute_error(x, w, b, y_true):
        x2 = x * w + b
        return abs(y_true - x2)
"""


def absolute_error_grad(x, w, b, y_true):
    # forward sweep
    x2 = x * w + b
    w1 = y_true - x2
    # reverse sweep
    x2_bar = -(1.0 * ((w1 > 0) - (w1 < 0)))  # return abs(y_true - x2)
    w_bar = x2_bar * x                       # x2 = x * w + b
    return w_bar, x2_bar
