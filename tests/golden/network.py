"""The value and the gradient of this function with respect to `params`:

    def network(params, images, labels):
        hidden = np.tanh(images @ params["W1"] + params["b1"])
        scores = hidden @ params["W2"] + params["b2"]
        log_p = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
        return -np.mean(log_p[np.arange(len(labels)), labels])
"""

import numpy as np


def network_grad(params, images, labels):
    W1 = params['W1']
    b1 = params['b1']
    W2 = params['W2']
    b2 = params['b2']
    # forward sweep
    hidden = np.tanh(images @ W1 + b1)
    scores = hidden @ W2 + b2
    w1 = np.exp(scores)
    w2 = np.sum(w1, axis=1, keepdims=True)
    log_p = scores - np.log(w2)
    w3 = np.arange(6)
    w4 = -np.mean(log_p[w3, labels])
    # reverse sweep
    w5 = -1.0 / 6                   # return -np.mean(log_p[np.arange(len(labels)), labels])
    scores_bar = -w5 / w2 * w1      # log_p = scores - np.log(np.sum(np.exp(scores), axis=1, ke...
    scores_bar[w3, labels] += w5
    hidden_bar = scores_bar @ W2.T  # scores = hidden @ params["W2"] + params["b2"]
    # hidden = np.tanh(images @ params["W1"] + params["b1"])
    w6_bar = hidden_bar * (1.0 - hidden * hidden)
    W1_bar = images.T @ w6_bar
    b1_bar = np.sum(w6_bar, axis=0)
    W2_bar = hidden.T @ scores_bar
    b2_bar = np.sum(scores_bar, axis=0)
    return w4, {'W1': W1_bar, 'b1': b1_bar, 'W2': W2_bar, 'b2': b2_bar}
