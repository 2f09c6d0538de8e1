"""A recurrent network learns a rhyme by heart, one character at a time.

The network is a loop over the text in plain NumPy, as one would write it on paper; its gradient is a loop over the text backwards.
Adam is written here too: there is no framework.

    python examples/characters.py
"""

import numpy as np

from adjoint import value_and_grad

TEXT = """\
Twinkle, twinkle, little star,
How I wonder what you are!
Up above the world so high,
Like a diamond in the sky.
"""
ALPHABET = sorted(set(TEXT))
CODES = np.array([ALPHABET.index(c) for c in TEXT])


def loss(params, state, codes):
    """The mean surprise at each next character, in nats, and the state at the end."""
    total = 0.0
    for k in range(len(codes) - 1):
        state = np.tanh(params["from_character"][codes[k]] + params["from_state"] @ state + params["bias"])
        scores = params["to_scores"] @ state
        total += np.log(np.sum(np.exp(scores))) - scores[codes[k + 1]]
    return total / (len(codes) - 1), state


def initial(rng, units=48):
    return {
        "from_character": 0.3 * rng.normal(size=(len(ALPHABET), units)),
        "from_state": rng.normal(size=(units, units)) / np.sqrt(units),
        "bias": np.zeros(units),
        "to_scores": 0.1 * rng.normal(size=(len(ALPHABET), units)),
    }


def train(epochs, rng, chunks=4, rate=0.005):
    """Adam on one chunk of the text after the other; the state goes on from chunk to chunk, the gradient does not."""
    params = initial(rng)
    mean = {name: np.zeros_like(value) for name, value in params.items()}
    square = {name: np.zeros_like(value) for name, value in params.items()}
    gradient = value_and_grad(loss, has_aux=True)
    losses, t, length = [], 0, len(CODES) // chunks
    for epoch in range(epochs):
        state = np.zeros(params["bias"].shape)
        for start in range(0, len(CODES) - length, length):
            (value, state), slopes = gradient(params, state, CODES[start : start + length + 1])
            t += 1
            for name, slope in slopes.items():
                mean[name] = 0.9 * mean[name] + 0.1 * slope
                square[name] = 0.999 * square[name] + 0.001 * slope**2
                step = mean[name] / (1 - 0.9**t) / (np.sqrt(square[name] / (1 - 0.999**t)) + 1e-8)
                params[name] = params[name] - rate * step
            losses.append(value)
        if epoch % (epochs // 4) == 0 or epoch == epochs - 1:
            print(f"epoch {epoch:3}   loss {np.mean(losses[-4:]):.3f}   {recited(params, 44)!r}")
    return params, gradient


def recited(params, length):
    """What the network says, given the first character and then its own."""
    code, state, said = CODES[0], np.zeros(params["bias"].shape), [CODES[0]]
    while len(said) < length:
        state = np.tanh(params["from_character"][code] + params["from_state"] @ state + params["bias"])
        code = int(np.argmax(params["to_scores"] @ state))
        said.append(code)
    return "".join(ALPHABET[code] for code in said)


def main(epochs=100):
    params, gradient = train(epochs, np.random.default_rng(0))
    text = recited(params, len(TEXT))
    right = np.mean([a == b for a, b in zip(text, TEXT, strict=True)])
    print(f"\n{text}\n{100 * right:.0f} % of its characters are right. The gradient that taught it:\n\n{gradient.source}")
    return right


if __name__ == "__main__":
    main()
