"""numpy.fft.  All are linear, so each is its own tangent.

The matrix of a Fourier transform is symmetric: the cotangent of `fft` is an `fft` (not its inverse),
cropped or padded back to the argument's length.  The transforms of real signals compute half of a
spectrum: `rfft` transposed is the real part of an fft; in `irfft` each frequency but the first (and
the middle one, if any) stands for itself and its mirror image, so that it counts twice.
"""

import numpy as np

from adjoint.rules.helpers import fft_lengths, kept, mirrored_weights, missing, other_norm
from adjoint.rules.registry import jvp_rule, vjp_rule


def fit(x, shape):
    """x cropped, or padded with zeros, to a shape."""
    if np.shape(x) == shape:
        return x
    return np.pad(x[kept(np.shape(x), shape)], missing(np.shape(x), shape))


@vjp_rule(np.fft.fft, linear=True)
def fft(g, z, a, n=None, axis=-1, norm=None, out=None):
    return fit(np.fft.fft(g, axis=axis, norm=norm), np.shape(a))


@vjp_rule(np.fft.ifft, linear=True)
def ifft(g, z, a, n=None, axis=-1, norm=None, out=None):
    return fit(np.fft.ifft(g, axis=axis, norm=norm), np.shape(a))


@vjp_rule(np.fft.fftn, linear=True)
def fftn(g, z, a, s=None, axes=None, norm=None, out=None):
    return fit(np.fft.fftn(g, axes=fft_lengths(np.shape(a), s, axes)[1], norm=norm), np.shape(a))


@vjp_rule(np.fft.ifftn, linear=True)
def ifftn(g, z, a, s=None, axes=None, norm=None, out=None):
    return fit(np.fft.ifftn(g, axes=fft_lengths(np.shape(a), s, axes)[1], norm=norm), np.shape(a))


@vjp_rule(np.fft.fft2, linear=True)
def fft2(g, z, a, s=None, axes=(-2, -1), norm=None, out=None):
    return fit(np.fft.fftn(g, axes=axes, norm=norm), np.shape(a))


@vjp_rule(np.fft.ifft2, linear=True)
def ifft2(g, z, a, s=None, axes=(-2, -1), norm=None, out=None):
    return fit(np.fft.ifftn(g, axes=axes, norm=norm), np.shape(a))


@vjp_rule(np.fft.rfft, linear=True)
def rfft(g, z, a, n=None, axis=-1, norm=None, out=None):
    n = np.shape(a)[axis] if n is None else n
    return fit(np.real(np.fft.fft(g, n, axis, norm)), np.shape(a))


@vjp_rule(np.fft.irfft, linear=True)
def irfft(g, z, a, n=None, axis=-1, norm=None, out=None):
    half = np.conj(np.fft.rfft(g, axis=axis, norm=other_norm(norm)))
    return fit(half * mirrored_weights(np.shape(z), axis, np.ndim(a), np.result_type(z)), np.shape(a))


@vjp_rule(np.fft.rfftn, linear=True)
def rfftn(g, z, a, s=None, axes=None, norm=None, out=None):
    lengths, axes = fft_lengths(np.shape(a), s, axes)
    return fit(np.real(np.fft.fftn(g, lengths, axes, norm)), np.shape(a))


@vjp_rule(np.fft.rfft2, linear=True)
def rfft2(g, z, a, s=None, axes=(-2, -1), norm=None, out=None):
    return rfftn(g, z, a, s, axes, norm)


@vjp_rule(np.fft.irfftn, linear=True)
def irfftn(g, z, a, s=None, axes=None, norm=None, out=None):
    axes = fft_lengths(np.shape(a), s, axes)[1]
    half = np.conj(np.fft.rfft(g, axis=axes[-1], norm=other_norm(norm)))
    half = half * mirrored_weights(np.shape(z), axes[-1], np.ndim(a), np.result_type(z))
    return fit(np.fft.ifftn(half, axes=axes[:-1], norm=norm) if len(axes) > 1 else half, np.shape(a))


@vjp_rule(np.fft.irfft2, linear=True)
def irfft2(g, z, a, s=None, axes=(-2, -1), norm=None, out=None):
    return irfftn(g, z, a, s, axes, norm)


@vjp_rule(np.fft.hfft, linear=True)
def hfft(g, z, a, n=None, axis=-1, norm=None, out=None):
    """irfft of the conjugate, scaled as the inverse."""
    return np.conj(irfft(g, z, a, n, axis, other_norm(norm)))


@vjp_rule(np.fft.ihfft, linear=True)
def ihfft(g, z, a, n=None, axis=-1, norm=None, out=None):
    """The conjugate of rfft, scaled as the inverse."""
    return rfft(np.conj(g), z, a, n, axis, other_norm(norm))


@vjp_rule(np.fft.fftshift, linear=True)
def fftshift(g, z, x, axes=None):
    return np.fft.ifftshift(g, axes)


@vjp_rule(np.fft.ifftshift, linear=True)
def ifftshift(g, z, x, axes=None):
    return np.fft.fftshift(g, axes)


@vjp_rule(np.fft.fftfreq, np.fft.rfftfreq)
def fftfreq(g, z, n, d=1.0, device=None):
    return None, -(np.sum(g * z) / d)


@jvp_rule(np.fft.fftfreq, np.fft.rfftfreq)
def fftfreq_jvp(t, z, n, d=1.0, device=None):
    return -(t[1] * z / d)
