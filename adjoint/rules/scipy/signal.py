"""scipy.signal: convolutions and filters.

A convolution is bilinear: the cotangent of one factor is the convolution of the result's with the other, reversed.  A
recursive filter transposed is the same filter run backwards; the cotangents of its coefficients are correlations
of that with its input and output (Oppenheim & Schafer, "Discrete-time signal processing").
"""

import numpy as np
from scipy import signal

from adjoint.rules.functional import refuse_active, unsupported
from adjoint.rules.helpers import scatter
from adjoint.rules.linalg import conj
from adjoint.rules.registry import constant, jvp_rule, refuse, vjp_rule
from adjoint.rules.scipy.ndimage import convolve1d
from adjoint.rules.ufuncs import tangent_sum

# ── convolutions ─────────────────────────────────────────────────────────────────────────────────


def full_pads(shape1, shape2, result, mode, axes):
    """The zeros around the result of a convolution that make it the full one, for each axis."""
    pads = []
    for k in range(len(shape1)):
        if k not in axes:
            pads.append((0, 0))
            continue
        n, m = shape1[k], shape2[k]
        start = 0 if mode == "full" else (m - 1) // 2 if mode == "same" else min(n, m) - 1
        pads.append((start, n + m - 1 - start - result[k]))
    return tuple(pads)


def all_axes(axes, ndim):
    if axes is None:
        return tuple(range(ndim))
    return tuple(k % ndim for k in ((axes,) if isinstance(axes, int) else axes))


constant(full_pads, all_axes, why="lengths")


@vjp_rule(signal.convolve)
def convolve(g, z, in1, in2, mode="full", method="auto"):
    axes = all_axes(None, np.ndim(in1))
    whole = np.pad(g, full_pads(np.shape(in1), np.shape(in2), np.shape(z), mode, axes))
    return signal.convolve(whole, np.flip(in2), "valid", method), signal.convolve(whole, np.flip(in1), "valid", method)


@jvp_rule(signal.convolve)
def convolve_jvp(t, z, in1, in2, mode="full", method="auto"):
    first = None if t[0] is None else signal.convolve(t[0], in2, mode, method)
    return first if t[1] is None else tangent_sum(first, signal.convolve(in1, t[1], mode, method))


@vjp_rule(signal.fftconvolve)
def fftconvolve(g, z, in1, in2, mode="full", axes=None):
    axes = all_axes(axes, np.ndim(in1))
    whole = np.pad(g, full_pads(np.shape(in1), np.shape(in2), np.shape(z), mode, axes))
    return (
        signal.fftconvolve(whole, np.flip(in2, axes), "valid", axes),
        signal.fftconvolve(whole, np.flip(in1, axes), "valid", axes),
    )


@jvp_rule(signal.fftconvolve)
def fftconvolve_jvp(t, z, in1, in2, mode="full", axes=None):
    first = None if t[0] is None else signal.fftconvolve(t[0], in2, mode, axes)
    return first if t[1] is None else tangent_sum(first, signal.fftconvolve(in1, t[1], mode, axes))


@vjp_rule(signal.oaconvolve)
def oaconvolve(g, z, in1, in2, mode="full", axes=None):
    return fftconvolve(g, z, in1, in2, mode, axes)


@jvp_rule(signal.oaconvolve)
def oaconvolve_jvp(t, z, in1, in2, mode="full", axes=None):
    return fftconvolve_jvp(t, z, in1, in2, mode, axes)


@vjp_rule(signal.correlate)
def correlate(g, z, in1, in2, mode="full", method="auto"):
    """The convolution with in2 reversed and conjugated."""
    first, second = convolve(g, z, in1, np.flip(conj(in2)), mode, method)
    return first, conj(np.flip(second))


@jvp_rule(signal.correlate)
def correlate_jvp(t, z, in1, in2, mode="full", method="auto"):
    first = None if t[0] is None else signal.correlate(t[0], in2, mode, method)
    return first if t[1] is None else tangent_sum(first, signal.correlate(in1, t[1], mode, method))


def edge_places(shape1, shape2, boundary):
    """Where in the first image, ravelled, each entry of the image with its surroundings comes from; -1: from outside."""
    places = np.arange(shape1[0] * shape1[1]).reshape(shape1)
    widths = [(m - 1, m - 1) for m in shape2]
    if boundary in ("fill", "pad"):
        return np.pad(places, widths, constant_values=-1)
    return np.pad(places, widths, "wrap" if boundary in ("wrap", "circular") else "symmetric")


constant(edge_places, why="indices")


def image_pads(shape1, shape2, result, mode, correlates):
    """As `full_pads`; but scipy.signal.correlate2d takes the middle at m // 2."""
    if mode != "same" or not correlates:
        return full_pads(shape1, shape2, result, mode, (0, 1))
    return tuple((m // 2, m - 1 - m // 2) for m in shape2)


constant(image_pads, why="lengths")


@vjp_rule(signal.convolve2d)
def convolve2d(g, z, in1, in2, mode="full", boundary="fill", fillvalue=0):
    if mode == "valid" and np.shape(in1)[0] < np.shape(in2)[0]:
        second, first = of_images(g, z, in2, in1, mode, boundary, fillvalue, False)
        return first, second
    return of_images(g, z, in1, in2, mode, boundary, fillvalue, False)


def of_images(g, z, in1, in2, mode, boundary, fillvalue, correlates):
    """The valid part of the convolution of in1 with its surroundings."""
    n = np.size(in1)
    places = edge_places(np.shape(in1), np.shape(in2), boundary)
    outside = np.full(1, fillvalue, dtype=np.result_type(in1))
    around = np.concatenate((np.ravel(in1), outside))[places]
    whole = np.pad(g, image_pads(np.shape(in1), np.shape(in2), np.shape(z), mode, correlates))
    bar = signal.convolve2d(whole, in2[::-1, ::-1], "full")
    in1_bar = scatter(np.ravel(bar), np.ravel(places) % (n + 1), (n + 1,))[:n]
    return np.reshape(in1_bar, np.shape(in1)), signal.convolve2d(around, whole[::-1, ::-1], "valid")[::-1, ::-1]


@vjp_rule(signal.correlate2d)
def correlate2d(g, z, in1, in2, mode="full", boundary="fill", fillvalue=0):
    first, second = of_images(g, z, in1, conj(in2)[::-1, ::-1], mode, boundary, fillvalue, True)
    return first, conj(second[::-1, ::-1])


# ── filters ──────────────────────────────────────────────────────────────────────────────────────


def last(x, axis):
    return np.moveaxis(x, axis, -1)


def run_back(b, a, g):
    """The filter along the last axis, from the end to the start."""
    return signal.lfilter(b, a, g[..., ::-1])[..., ::-1]


def lags(v, x, count):
    """∑ v[n] x[n - k] for k < count."""
    n = np.shape(x)[-1]
    return np.array([np.sum(v[..., k:] * x[..., : n - k]) for k in range(count)])


def no_state(zi):
    unsupported(zi is not None, "a filter with a state of its own (zi=)")



def filter_bars(g, y, b, a, x):
    """The cotangents of b, a and x, all along the last axis."""
    v = run_back(np.ones(1), a, g)
    return lags(v, x, np.size(b)), -lags(v, y, np.size(a)), run_back(b, a, g)


@vjp_rule(signal.lfilter)
def lfilter(g, z, b, a, x, axis=-1, zi=None):
    no_state(zi)
    b_bar, a_bar, x_bar = filter_bars(last(g, axis), last(z, axis), b, a, last(x, axis))
    return b_bar, a_bar, np.moveaxis(x_bar, -1, axis)


@jvp_rule(signal.lfilter)
def lfilter_jvp(t, z, b, a, x, axis=-1, zi=None):
    no_state(zi)
    total = None if t[2] is None else signal.lfilter(b, a, t[2], axis)
    if t[0] is not None:
        total = tangent_sum(total, signal.lfilter(t[0], a, x, axis))
    if t[1] is not None:
        total = tangent_sum(total, -signal.lfilter(np.ones(1), a, signal.lfilter(t[1], np.ones(1), z, axis), axis))
    return total


@vjp_rule(signal.sosfilt)
def sosfilt(g, z, sos, x, axis=-1, zi=None):
    """One section after another."""
    no_state(zi)
    sections, x_bar = sections_back(last(g, axis), sos, last(x, axis))
    return np.stack(sections), np.moveaxis(x_bar, -1, axis)


def sections_back(g, sos, x):
    b, a = sos[0, :3], sos[0, 3:]
    y = signal.lfilter(b, a, x)
    if np.shape(sos)[0] == 1:
        b_bar, a_bar, x_bar = filter_bars(g, y, b, a, x)
        return [np.concatenate((b_bar, a_bar))], x_bar
    rest, y_bar = sections_back(g, sos[1:], y)
    b_bar, a_bar, x_bar = filter_bars(y_bar, y, b, a, x)
    return [np.concatenate((b_bar, a_bar)), *rest], x_bar


@jvp_rule(signal.sosfilt)
def sosfilt_jvp(t, z, sos, x, axis=-1, zi=None):
    no_state(zi)
    unsupported(t[0] is not None, "scipy.signal.sosfilt by its sections")
    return signal.sosfilt(sos, t[1], axis)


def filtfilt_pad(length, b, a, padtype, padlen):
    """How far scipy.signal.filtfilt extends the signal."""
    if padtype is None:
        return 0
    return 3 * max(np.size(a), np.size(b)) if padlen is None else padlen


def extension(n, p, padtype):
    """The matrix, less the signal itself, that extends it by p entries at both ends."""
    eye = np.eye(n)
    left, right = eye[p:0:-1], eye[-2 : -p - 2 : -1]
    if padtype == "odd":
        return 2.0 * eye[:1] - left, 2.0 * eye[-1:] - right
    if padtype == "even":
        return left, right
    return np.repeat(eye[:1], p, axis=0), np.repeat(eye[-1:], p, axis=0)


def settled_response(b, a, n):
    """What a filter that has settled on 1 gives when there is nothing more."""
    state = signal.lfilter_zi(b, a)
    return signal.lfilter([1.0], a, np.concatenate((state, np.zeros(n)))[:n])


constant(filtfilt_pad, extension, settled_response, signal.lfilter_zi, why="of filters that stay as they are")


@vjp_rule(signal.filtfilt)
def filtfilt(g, z, b, a, x, axis=-1, padtype="odd", padlen=None, method="pad", irlen=None):
    """Extended, filtered, turned, filtered, turned and cut; each of these transposed, last to first."""
    why = "the coefficients of filtfilt have no derivative: use two calls of lfilter"
    refuse_active(b, why)
    refuse_active(a, why)
    unsupported(method != "pad", 'scipy.signal.filtfilt(method="gust")')
    g, n = last(g, axis), np.shape(x)[axis]
    p = filtfilt_pad(n, b, a, padtype, padlen)
    response = settled_response(b, a, n + 2 * p)
    zeros = np.zeros(np.shape(g)[:-1] + (p,))
    bar = np.concatenate((zeros, g, zeros), axis=-1)
    bar = once_back(once_back(bar[..., ::-1], b, a, response)[..., ::-1], b, a, response)
    if p > 0:
        before, after = extension(n, p, padtype)
        bar = bar[..., p : n + p] + bar[..., :p] @ before + bar[..., n + p :] @ after
    return None, None, np.moveaxis(bar, -1, axis)


def once_back(g, b, a, response):
    """The transpose of a filter that starts settled on its first input."""
    bar = run_back(b, a, g)
    first = bar[..., :1] + np.sum(g * response, axis=-1, keepdims=True)
    return np.concatenate((first, bar[..., 1:]), axis=-1)


@jvp_rule(signal.filtfilt)
def filtfilt_jvp(t, z, b, a, x, axis=-1, padtype="odd", padlen=None, method="pad", irlen=None):
    unsupported(t[0] is not None or t[1] is not None, "scipy.signal.filtfilt by its coefficients")
    return signal.filtfilt(b, a, t[2], axis, padtype, padlen, method, irlen)


@vjp_rule(signal.detrend, linear=True)
def detrend(g, z, data, axis=-1, type="linear", bp=0, overwrite_data=False):
    """A projection, and symmetric."""
    return signal.detrend(g, axis, type, bp)


def positive_frequencies(n, axis, ndim, like):
    """The weights of the analytic signal: twice the positive frequencies, none of the negative."""
    h = np.zeros(n, dtype=like.real.dtype)
    h[0], h[1 : (n + 1) // 2] = 1.0, 2.0
    if n % 2 == 0:
        h[n // 2] = 1.0
    return np.reshape(h, (-1,) + (1,) * (ndim - 1 - axis % ndim))


constant(positive_frequencies, why="weights")


@vjp_rule(signal.hilbert, linear=True)
def hilbert(g, z, x, N=None, axis=-1):
    """Fourier transform, weights, and the transform back: the same two turned round, since both are symmetric."""
    weights = positive_frequencies(np.shape(z)[axis], axis, np.ndim(z), z)
    bar = np.moveaxis(np.fft.fft(weights * np.fft.ifft(g, axis=axis), axis=axis), axis, -1)
    missing = max(np.shape(x)[axis] - np.shape(z)[axis], 0)  # entries that were cut off
    whole = np.pad(bar[..., : np.shape(x)[axis]], [(0, 0)] * (np.ndim(x) - 1) + [(0, missing)])
    return np.moveaxis(whole, -1, axis)


def edge_fits(window_length, polyorder, deriv, delta):
    """The polynomials that are fitted to the first and the last window, as matrices."""
    half = window_length // 2
    fits = signal.savgol_filter(np.eye(window_length), window_length, polyorder, deriv, delta, axis=0)
    return fits[:half], fits[window_length - half :]


constant(edge_fits, signal.savgol_coeffs, why="weights")


@vjp_rule(signal.savgol_filter, linear=True)
def savgol_filter(g, z, x, window_length, polyorder, deriv=0, delta=1.0, axis=-1, mode="interp", cval=0.0):
    """A correlation; at both ends, where `mode` says so, what a polynomial fitted to the last window has there."""
    weights = signal.savgol_coeffs(window_length, polyorder, deriv=deriv, delta=delta)
    if mode != "interp":
        unsupported(mode == "constant" and cval != 0.0, "`savgol_filter` with `cval`", "Add what it gives of zeros.")
        return convolve1d(g, z, x, weights, axis, None, mode)[0]
    half = window_length // 2
    first, end = edge_fits(window_length, polyorder, deriv, delta)
    g = np.moveaxis(g, axis, -1)
    n = np.shape(g)[-1]
    inner = np.concatenate((np.zeros_like(g[..., :half]), g[..., half : n - half], np.zeros_like(g[..., :half])), axis=-1)
    bar = convolve1d(inner, None, inner, weights, -1, None, "constant")[0]
    rest = [(0, 0)] * (np.ndim(g) - 1)
    front = np.pad(g[..., :half] @ first, [*rest, (0, n - window_length)])
    back = np.pad(g[..., n - half :] @ end, [*rest, (n - window_length, 0)])
    return np.moveaxis(bar + front + back, -1, axis)


refuse(signal.medfilt, signal.wiener, why="it is not differentiable where windows change order; use scipy.ndimage filters")
refuse(
    signal.stft, signal.istft, signal.welch, signal.csd, signal.periodogram, signal.spectrogram,
    why="write it with scipy.fft.rfft of windowed frames, which is differentiated",
)  # fmt: skip

# Their results are known where nothing that they are made of is differentiated.
refuse(
    *(getattr(signal.windows, name) for name in signal.windows.__all__),
    why="the parameters of a window have no derivative rule",
)  # fmt: skip
refuse(
    signal.butter, signal.cheby1, signal.cheby2, signal.ellip, signal.bessel, signal.firwin, signal.firwin2, signal.iirfilter,
    signal.iirnotch, signal.iirpeak, signal.remez, signal.tf2sos, signal.sos2tf, signal.zpk2sos, signal.zpk2tf, signal.tf2zpk,
    why="the design of a filter has no derivative rule",
)  # fmt: skip
