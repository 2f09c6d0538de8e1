"""The gradient of this function with respect to `t` and `rate`:

    def damped(t, rate=0.5):
        '''Only what the derivative needs is computed.'''
        envelope = exp(-rate * t)
        unused = cos(3.0 * t)
        return envelope * 2.0
"""

from math import exp


def damped_grad(t, rate=0.5):
    # forward sweep
    w1 = -rate
    envelope = exp(w1 * t)
    # reverse sweep
    w2_bar = 2.0 * envelope  # envelope = exp(-rate * t)
    t_bar = w2_bar * w1
    rate_bar = -w2_bar * t
    return t_bar, rate_bar
