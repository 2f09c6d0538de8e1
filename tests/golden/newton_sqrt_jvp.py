"""The value of this function and its tangent along tangents of `a`:

    def newton_sqrt(a):
        x = a
        while abs(x * x - a) > 1e-12 * a:
            x = 0.5 * (x + a / x)
        return x
"""


def newton_sqrt_jvp(a, a_dot):
    x = a
    x_dot = a_dot
    while abs(x * x - a) > 1e-12 * a:
        w1 = a / x
        x_dot = (x_dot + (a_dot / x - x_dot * (w1 / x))) * 0.5
        x = 0.5 * (x + w1)
    return x, x_dot
