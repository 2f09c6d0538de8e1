"""The value and the gradient of this function with respect to `a`:

    def newton_sqrt(a):
        x = a
        while abs(x * x - a) > 1e-12 * a:
            x = 0.5 * (x + a / x)
        return x
"""


def newton_sqrt_grad(a):
    # forward sweep
    x_tape = []
    w1_tape = []
    x = a
    while abs(x * x - a) > 1e-12 * a:
        x_tape.append(x)
        w1 = a / x
        w1_tape.append(w1)
        x = 0.5 * (x + w1)
    # reverse sweep
    x_bar = 1.0
    a_bar = 0.0
    # while abs(x * x - a) > 1e-12 * a:
    for x_2, w1 in zip(reversed(x_tape), reversed(w1_tape)):
        w2_bar = x_bar * 0.5  # x = 0.5 * (x + a / x)
        a_bar += w2_bar / x_2
        x_bar = w2_bar - w2_bar * (w1 / x_2)
    a_bar += x_bar
    return x, a_bar
