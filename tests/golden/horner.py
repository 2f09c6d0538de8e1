"""The gradient of this function with respect to `x` and `coefficients`:

    def horner(x, coefficients):
        y = 0.0
        for c in coefficients:
            y = y * x + c
        return y
"""


def horner_grad(x, coefficients):
    # forward sweep
    w1 = len(coefficients)
    y_tape = []
    y = 0.0
    for i in range(w1):
        y_tape.append(y)
        c = coefficients[i]
        y = y * x + c
    # reverse sweep
    coefficients_bar = [0.0] * w1
    y_bar = 1.0
    x_bar = 0.0
    # for c in coefficients:
    for i, y in zip(reversed(range(w1)), reversed(y_tape)):
        x_bar += y_bar * y  # y = y * x + c
        coefficients_bar[i] += y_bar
        y_bar = y_bar * x
    return x_bar, coefficients_bar
