"""The gradient of this function with respect to `x` and `slope`:

    def branch(x, slope):
        if x > 0.0:
            y = x * x
        else:
            y = slope * x
        return sin(y)
"""

from math import cos


def branch_grad(x, slope):
    # forward sweep
    w1 = x > 0.0
    y = x * x if w1 else slope * x
    # reverse sweep
    y_bar = cos(y)             # return sin(y)
    if w1:                     # if x > 0.0:
        x_bar = y_bar * x      # y = x * x
        x_bar += x_bar
        slope_bar = 0.0
    else:
        slope_bar = y_bar * x  # y = slope * x
        x_bar = y_bar * slope
    return x_bar, slope_bar
