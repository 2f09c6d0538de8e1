"""scipy.stats: statistics of a sample, said with NumPy's means and sums.

    zscore(a)               (a - mean) / std
    skew(a), kurtosis(a)    m₃ / m₂^(3/2), m₄ / m₂² - 3, of the central moments mₖ
    entropy(p, q)           Σ p log(p / q), both divided by their sums
"""

import numpy as np
from scipy import special, stats

from adjoint.rules.functional import unsupported
from adjoint.rules.helpers import count
from adjoint.rules.registry import written_as


def plain(nan_policy):
    unsupported(nan_policy != "propagate", "a statistic with another `nan_policy`", "Leave out what is NaN before.")


def zmap(scores, compare, axis=0, ddof=0, nan_policy="propagate"):
    plain(nan_policy)
    return (scores - np.mean(compare, axis=axis, keepdims=True)) / np.std(compare, axis=axis, ddof=ddof, keepdims=True)


def zscore(a, axis=0, ddof=0, nan_policy="propagate"):
    return zmap(np.asarray(a), a, axis, ddof, nan_policy)


def central_moment(a, order, axis, keepdims):
    return np.mean((a - np.mean(a, axis=axis, keepdims=True)) ** order, axis=axis, keepdims=keepdims)


def skew(a, axis=0, bias=True, nan_policy="propagate", *, keepdims=False):
    plain(nan_policy)
    a = np.asarray(a)
    value = central_moment(a, 3, axis, keepdims) / central_moment(a, 2, axis, keepdims) ** 1.5
    n = count(np.shape(a), axis)
    return value if bias or n < 3 else np.sqrt((n - 1.0) * n) / (n - 2.0) * value


def kurtosis(a, axis=0, fisher=True, bias=True, nan_policy="propagate", *, keepdims=False):
    plain(nan_policy)
    a = np.asarray(a)
    value = central_moment(a, 4, axis, keepdims) / central_moment(a, 2, axis, keepdims) ** 2
    n = count(np.shape(a), axis)
    if not bias and n > 3:
        value = ((n * n - 1.0) * value - 3.0 * (n - 1.0) ** 2) / ((n - 2.0) * (n - 3.0)) + 3.0
    return value - 3.0 if fisher else value


def entropy(pk, qk=None, base=None, axis=0, *, nan_policy="propagate", keepdims=False):
    plain(nan_policy)
    pk = np.asarray(pk)
    pk = pk / np.sum(pk, axis=axis, keepdims=True)
    if qk is None:
        terms = special.entr(pk)
    else:
        qk = np.asarray(qk)
        terms = special.rel_entr(pk, qk / np.sum(qk, axis=axis, keepdims=True))
    total = np.sum(terms, axis=axis, keepdims=keepdims)
    return total if base is None else total / np.log(base)


def gmean(a, axis=0, dtype=None, weights=None, nan_policy="propagate", keepdims=False):
    plain(nan_policy)
    a = np.asarray(a, dtype=dtype)
    return np.exp(np.average(np.log(a), axis=axis, weights=weights, keepdims=keepdims))


def hmean(a, axis=0, dtype=None, *, weights=None, nan_policy="propagate", keepdims=False):
    plain(nan_policy)
    a = np.asarray(a, dtype=dtype)
    return 1.0 / np.average(1.0 / a, axis=axis, weights=weights, keepdims=keepdims)


def variation(a, axis=0, nan_policy="propagate", ddof=0, *, keepdims=False):
    plain(nan_policy)
    return np.std(a, axis=axis, ddof=ddof, keepdims=keepdims) / np.mean(a, axis=axis, keepdims=keepdims)


def median_abs_deviation(x, axis=0, center=np.median, scale=1.0, nan_policy="propagate"):
    plain(nan_policy)
    deviation = np.median(np.abs(x - center(x, axis=axis, keepdims=True)), axis=axis)
    return deviation / (special.ndtri(0.75) if scale == "normal" else scale)


for _said in (zmap, zscore, skew, kurtosis, entropy, gmean, hmean, variation, median_abs_deviation):
    written_as(getattr(stats, _said.__name__), _said)
