"""The value of this function and its tangent along tangents of `x1` and `x2`:

    def introduction(x1, x2):
        z = x1 * x2 + sin(x1)
        return z
"""

from math import cos, sin


def introduction_jvp(x1, x2, x1_dot, x2_dot):
    z_dot = x1_dot * x2 + x2_dot * x1 + x1_dot * cos(x1)
    z = x1 * x2 + sin(x1)
    return z, z_dot
