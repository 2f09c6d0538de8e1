"""A row for every rule of scipy.fft and scipy.signal: see rows.py."""

import numpy as np
from rules.checker import Row
from rules.rows_special import c, n
from scipy import fft, signal

ROWS: list[Row] = []


def row(fn, *args, fixed=(), tol=None, call=None, **kwargs):
    ROWS.append(Row(fn, args, kwargs, fixed, tol, call))


for norm in (None, "ortho", "forward"):
    for f in (fft.fft, fft.ifft, fft.irfft, fft.hfft):
        row(f, c(2, 5), norm=norm)
        row(f, c(5, 2), 8, 0, norm)
        row(f, c(5), 3, norm=norm)
    for f in (fft.rfft, fft.ihfft):
        row(f, n(2, 5), norm=norm)
        row(f, n(5, 2), 8, 0, norm)
    for f in (fft.fft2, fft.ifft2, fft.fftn, fft.ifftn, fft.irfft2, fft.irfftn, fft.hfft2, fft.hfftn):
        row(f, c(3, 4), norm=norm)
        row(f, c(2, 3, 4), (4, 6), (0, 2), norm)
    for f in (fft.rfft2, fft.rfftn, fft.ihfft2, fft.ihfftn):
        row(f, n(3, 4), norm=norm)
        row(f, n(2, 3, 4), (4, 6), (0, 2), norm)
    for kind in (1, 2, 3, 4):
        for f in (fft.dct, fft.idct, fft.dst, fft.idst):
            row(f, n(5), kind, norm=norm)
            row(f, n(4, 2), kind, 6, 0, norm)
            row(f, n(2, 6), kind, 4, norm=norm)
        for f in (fft.dctn, fft.idctn, fft.dstn, fft.idstn):
            row(f, n(3, 4), kind, norm=norm)
            row(f, n(2, 3, 4), kind, (4, 5), (0, 2), norm)
row(fft.fftshift, n(3, 4))
row(fft.ifftshift, n(3, 5), 1)

for mode in ("full", "same", "valid"):
    for f in (signal.convolve, signal.correlate):
        row(f, n(5), n(3), mode)
        row(f, n(3), n(5), mode)
        row(f, n(5, 4), n(2, 3), mode)
        row(f, c(5), c(2), mode)
    for f in (signal.fftconvolve, signal.oaconvolve):
        row(f, n(5), n(3), mode)
        row(f, n(5, 4), n(2, 3), mode)
        row(f, n(5, 4), n(3, 4), mode, axes=0)
    for f in (signal.convolve2d, signal.correlate2d):
        for boundary in ("fill", "wrap", "symm"):
            row(f, n(5, 4), n(2, 3), mode, boundary)
    row(signal.convolve2d, n(2, 2), n(4, 3), mode)
row(signal.convolve2d, n(5, 4), n(2, 3), "same", "fill", 0.7, fixed=(4,))
B, A = signal.butter(3, 0.3)
row(signal.lfilter, B, A, n(8))
row(signal.lfilter, B, 2.0 * A, n(8, 2), 0)
row(signal.lfilter, n(3), np.array([1.0]), n(2, 8))


SOS = signal.butter(4, 0.3, output="sos")
row(signal.sosfilt, SOS, n(8), fixed=(0,))
row(signal.sosfilt, SOS, n(8, 2), 0, fixed=(0,))
for padtype in ("odd", "even", "constant", None):
    row(signal.filtfilt, B, A, n(20), -1, padtype, fixed=(0, 1))
    row(signal.filtfilt, B, A, n(20, 2), 0, padtype, 5, fixed=(0, 1))
row(signal.detrend, n(2, 7))
row(signal.detrend, n(7, 2), 0, "constant")
row(signal.detrend, n(8), bp=4)
row(signal.hilbert, n(7))
row(signal.hilbert, n(6, 2), axis=0)
row(signal.hilbert, n(2, 5), 8)
row(signal.hilbert, n(7), N=4)
for mode in ("interp", "mirror", "nearest", "wrap", "constant"):
    row(signal.savgol_filter, n(8), 5, 2, mode=mode)
row(signal.savgol_filter, n(6, 2), 3, 1, 1, 2, axis=0)
row(signal.savgol_filter, n(2, 5), 5, 3)
