"""The value of this function and its tangent along tangents of `x1` and `x2`, in the textbook form:

    def introduction(x1, x2):
        z = x1 * x2 + sin(x1)
        return z
"""

from math import cos, sin


def introduction_jvp(x1, x2, x1_dot, x2_dot):
    w1_dot = x1_dot
    w1 = x1
    w2_dot = x2_dot
    w2 = x2
    w3_dot = w1_dot * w2 + w2_dot * w1
    w3 = w1 * w2  # x1 * x2
    w4 = sin(w1)  # sin(x1)
    w4_dot = w1_dot * cos(w1)
    w5_dot = w3_dot + w4_dot
    w5 = w3 + w4  # z
    return w5, w5_dot
