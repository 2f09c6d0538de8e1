"""scipy.fft: as numpy.fft (rules/fft.py), and the cosine and sine transforms.

A cosine transform of type 2 is that of type 3 transposed, but for the weight of the first entry, and so with sine
transforms and the last entry; those of types 1 and 4 are symmetric, but for the weights at both ends in DCT-I
(Strang, "The discrete cosine transform", 1999).  With `norm="ortho"` they are orthogonal: transposed is inverse.
"""

import numpy as np
from scipy import fft as sfft

from adjoint.rules import fft as plain
from adjoint.rules.fft import fit
from adjoint.rules.functional import unsupported
from adjoint.rules.helpers import fft_lengths, other_norm
from adjoint.rules.registry import constant, vjp_rule

# ── Fourier transforms ───────────────────────────────────────────────────────────────────────────


@vjp_rule(sfft.fft, linear=True)
def fft(g, z, x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.fft(g, z, x, n, axis, norm)


@vjp_rule(sfft.ifft, linear=True)
def ifft(g, z, x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.ifft(g, z, x, n, axis, norm)


@vjp_rule(sfft.rfft, linear=True)
def rfft(g, z, x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.rfft(g, z, x, n, axis, norm)


@vjp_rule(sfft.irfft, linear=True)
def irfft(g, z, x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.irfft(g, z, x, n, axis, norm)


@vjp_rule(sfft.hfft, linear=True)
def hfft(g, z, x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.hfft(g, z, x, n, axis, norm)


@vjp_rule(sfft.ihfft, linear=True)
def ihfft(g, z, x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.ihfft(g, z, x, n, axis, norm)


@vjp_rule(sfft.fft2, linear=True)
def fft2(g, z, x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.fftn(g, z, x, s, axes, norm)


@vjp_rule(sfft.ifft2, linear=True)
def ifft2(g, z, x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.ifftn(g, z, x, s, axes, norm)


@vjp_rule(sfft.rfft2, linear=True)
def rfft2(g, z, x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.rfftn(g, z, x, s, axes, norm)


@vjp_rule(sfft.irfft2, linear=True)
def irfft2(g, z, x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.irfftn(g, z, x, s, axes, norm)


@vjp_rule(sfft.hfft2, linear=True)
def hfft2(g, z, x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    return hfftn(g, z, x, s, axes, norm)


@vjp_rule(sfft.ihfft2, linear=True)
def ihfft2(g, z, x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    return ihfftn(g, z, x, s, axes, norm)


@vjp_rule(sfft.fftn, linear=True)
def fftn(g, z, x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.fftn(g, z, x, s, axes, norm)


@vjp_rule(sfft.ifftn, linear=True)
def ifftn(g, z, x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.ifftn(g, z, x, s, axes, norm)


@vjp_rule(sfft.rfftn, linear=True)
def rfftn(g, z, x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.rfftn(g, z, x, s, axes, norm)


@vjp_rule(sfft.irfftn, linear=True)
def irfftn(g, z, x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    return plain.irfftn(g, z, x, s, axes, norm)


@vjp_rule(sfft.hfftn, linear=True)
def hfftn(g, z, x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    """irfftn of the conjugate, scaled as the inverse."""
    return np.conj(plain.irfftn(g, z, x, s, axes, other_norm(norm)))


@vjp_rule(sfft.ihfftn, linear=True)
def ihfftn(g, z, x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    """The conjugate of rfftn, scaled as the inverse."""
    return plain.rfftn(np.conj(g), z, x, s, axes, other_norm(norm))


@vjp_rule(sfft.fftshift, linear=True)
def fftshift(g, z, x, axes=None):
    return sfft.ifftshift(g, axes)


@vjp_rule(sfft.ifftshift, linear=True)
def ifftshift(g, z, x, axes=None):
    return sfft.fftshift(g, axes)


# ── cosine and sine transforms ───────────────────────────────────────────────────────────────────


def ends(ndim, axis, n, where, weight):
    """Ones along an axis, but `weight` at its first entry, its last or both."""
    weights = np.ones(n)
    if where in ("first", "both"):
        weights[0] = weight
    if where in ("last", "both"):
        weights[-1] = weight
    return weights.reshape((-1,) + (1,) * (ndim - 1 - axis % ndim))


def plain_orthogonalize(given, norm):
    unsupported(given is not None and given != (norm == "ortho"), "a cosine or sine transform with orthogonalize= of its own")


def inverse_type(kind):
    return {1: 1, 2: 3, 3: 2, 4: 4}[kind]


constant(ends, inverse_type, why="weights and options")


def transposed_dct(g, kind, axis, norm):
    n, ndim = np.shape(g)[axis], np.ndim(g)
    if norm == "ortho":
        return sfft.idct(g, kind, axis=axis, norm=norm)
    if kind == 1:
        weights = ends(ndim, axis, n, "both", 0.5)
        return sfft.dct(g / weights, 1, axis=axis, norm=norm) * weights
    if kind == 2:
        return sfft.dct(g * ends(ndim, axis, n, "first", 2.0), 3, axis=axis, norm=norm)
    if kind == 3:
        return sfft.dct(g, 2, axis=axis, norm=norm) * ends(ndim, axis, n, "first", 0.5)
    return sfft.dct(g, 4, axis=axis, norm=norm)


def transposed_dst(g, kind, axis, norm):
    n, ndim = np.shape(g)[axis], np.ndim(g)
    if norm == "ortho":
        return sfft.idst(g, kind, axis=axis, norm=norm)
    if kind == 2:
        return sfft.dst(g * ends(ndim, axis, n, "last", 2.0), 3, axis=axis, norm=norm)
    if kind == 3:
        return sfft.dst(g, 2, axis=axis, norm=norm) * ends(ndim, axis, n, "last", 0.5)
    return sfft.dst(g, kind, axis=axis, norm=norm)


@vjp_rule(sfft.dct, linear=True)
def dct(g, z, x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, orthogonalize=None):
    plain_orthogonalize(orthogonalize, norm)
    return fit(transposed_dct(g, type, axis, norm), np.shape(x))


@vjp_rule(sfft.idct, linear=True)
def idct(g, z, x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, orthogonalize=None):
    plain_orthogonalize(orthogonalize, norm)
    return fit(transposed_dct(g, inverse_type(type), axis, other_norm(norm)), np.shape(x))


@vjp_rule(sfft.dst, linear=True)
def dst(g, z, x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, orthogonalize=None):
    plain_orthogonalize(orthogonalize, norm)
    return fit(transposed_dst(g, type, axis, norm), np.shape(x))


@vjp_rule(sfft.idst, linear=True)
def idst(g, z, x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, orthogonalize=None):
    plain_orthogonalize(orthogonalize, norm)
    return fit(transposed_dst(g, inverse_type(type), axis, other_norm(norm)), np.shape(x))


def along_all(transposed, g, kind, axes, norm):
    """One axis after another."""
    if len(axes) == 0:
        return g
    return along_all(transposed, transposed(g, kind, axes[0], norm), kind, axes[1:], norm)


@vjp_rule(sfft.dctn, linear=True)
def dctn(g, z, x, type=2, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, orthogonalize=None):
    plain_orthogonalize(orthogonalize, norm)
    return fit(along_all(transposed_dct, g, type, fft_lengths(np.shape(x), s, axes)[1], norm), np.shape(x))


@vjp_rule(sfft.idctn, linear=True)
def idctn(g, z, x, type=2, s=None, axes=None, norm=None, overwrite_x=False, workers=None, orthogonalize=None):
    plain_orthogonalize(orthogonalize, norm)
    axes = fft_lengths(np.shape(x), s, axes)[1]
    return fit(along_all(transposed_dct, g, inverse_type(type), axes, other_norm(norm)), np.shape(x))


@vjp_rule(sfft.dstn, linear=True)
def dstn(g, z, x, type=2, s=None, axes=None, norm=None, overwrite_x=False, workers=None, orthogonalize=None):
    plain_orthogonalize(orthogonalize, norm)
    return fit(along_all(transposed_dst, g, type, fft_lengths(np.shape(x), s, axes)[1], norm), np.shape(x))


@vjp_rule(sfft.idstn, linear=True)
def idstn(g, z, x, type=2, s=None, axes=None, norm=None, overwrite_x=False, workers=None, orthogonalize=None):
    plain_orthogonalize(orthogonalize, norm)
    axes = fft_lengths(np.shape(x), s, axes)[1]
    return fit(along_all(transposed_dst, g, inverse_type(type), axes, other_norm(norm)), np.shape(x))
