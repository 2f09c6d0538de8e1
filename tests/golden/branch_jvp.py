"""The value of this function and its tangent along tangents of `x` and `slope`:

    def branch(x, slope):
        if x > 0.0:
            y = x * x
        else:
            y = slope * x
        return sin(y)
"""

from math import cos, sin


def branch_jvp(x, slope, x_dot, slope_dot):
    if x > 0.0:
        y_dot = x_dot * (x + x)
        y = x * x
    else:
        y_dot = slope_dot * x + x_dot * slope
        y = slope * x
    w1 = sin(y)
    w1_dot = y_dot * cos(y)
    return w1, w1_dot
