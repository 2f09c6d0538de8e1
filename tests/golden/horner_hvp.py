"""The Hessian of this function with respect to `x`, times a vector:

    def horner(x, coefficients):
        y = 0.0
        for c in coefficients:
            y = y * x + c
        return y
"""


def horner_grad_jvp(x, coefficients, x_dot):
    # forward sweep
    y_tape = []
    y_tape_dot = []
    y = 0.0
    y_dot = 0.0
    for i in range(len(coefficients)):
        y_tape.append(y)
        y_tape_dot.append(y_dot)
        c = coefficients[i]
        y_dot = y_dot * x + x_dot * y
        y = y * x + c
    # reverse sweep
    y_bar = 1.0
    y_bar_dot = 0.0
    x_bar_dot = 0.0
    # for c in coefficients:
    for y, y_dot in zip(reversed(y_tape), reversed(y_tape_dot)):
        # y = y * x + c
        y_bar_2_dot = y_bar_dot * x + x_dot * y_bar
        x_bar_dot += y_bar_dot * y + y_dot * y_bar
        y_bar = y_bar * x
        y_bar_dot = y_bar_2_dot
    return (x_bar_dot,)
