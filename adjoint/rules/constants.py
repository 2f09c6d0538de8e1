"""Functions whose derivative is zero wherever it exists, by reason.

A constant function ends the path of a derivative: nothing is recorded for it.  `sign` is not here,
since that of a complex number is not constant (ufuncs.py).
"""

import builtins
import math
import operator

import numpy as np

from adjoint.rules.registry import DTYPE_BY_VALUE, SHAPE_BY_VALUE, constant

constant(
    np.floor, np.ceil, np.trunc, np.rint, np.fix, np.round, np.around, np.ndarray.round, np.floor_divide, np.spacing,
    operator.floordiv, math.floor, math.ceil, math.trunc, math.ulp, builtins.round, int, operator.index,
    why="piecewise constant",
)  # fmt: skip

constant(
    operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge, operator.not_, operator.truth,
    operator.is_, operator.is_not, operator.contains, bool, isinstance, callable, hasattr, any, all, id, hash,
    np.less, np.less_equal, np.equal, np.not_equal, np.greater, np.greater_equal, np.isclose, np.allclose,
    np.array_equal, np.array_equiv, np.logical_and, np.logical_or, np.logical_not, np.logical_xor,
    np.all, np.any, np.ndarray.all, np.ndarray.any, np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf,
    np.signbit, np.isin, np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj, np.isscalar, np.iterable,
    math.isnan, math.isinf, math.isfinite, math.isclose,
    why="true or false",
)  # fmt: skip

constant(
    np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort, np.searchsorted,
    np.digitize, np.nonzero, np.flatnonzero, np.argwhere, np.count_nonzero, np.ndarray.argmax, np.ndarray.argmin,
    np.ndarray.argsort, np.ndarray.argpartition, np.ndarray.nonzero, np.ndarray.searchsorted,
    np.unravel_index, np.ndindex, np.ravel_multi_index, np.indices, np.ix_, np.diag_indices, np.diag_indices_from,
    np.tril_indices, np.triu_indices, np.tril_indices_from, np.triu_indices_from, np.mask_indices,
    np.linalg.matrix_rank,
    why="an index or a count",
)  # fmt: skip

constant(
    np.shape, np.ndim, np.size, len, range, slice, type, np.result_type, np.promote_types, np.can_cast,
    np.broadcast_shapes, np.finfo, np.iinfo, np.dtype, np.common_type, np.min_scalar_type, np.shares_memory,
    np.may_share_memory, np.issubdtype,
    why="depends on shape and dtype only",
)  # fmt: skip

constant(
    np.zeros, np.ones, np.empty, np.zeros_like, np.ones_like, np.empty_like, np.eye, np.identity, np.tri,
    np.bartlett, np.blackman, np.hamming, np.hanning,
    np.polynomial.legendre.leggauss, np.polynomial.hermite.hermgauss, np.polynomial.chebyshev.chebgauss,
    why="does not read its argument's values",
)  # fmt: skip

constant(
    operator.and_, operator.or_, operator.xor, operator.invert, operator.lshift, operator.rshift,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift, np.gcd, np.lcm,
    np.packbits, np.unpackbits, math.gcd, math.lcm, math.factorial, math.comb, math.perm, math.isqrt,
    ord, chr, str, repr, format, bin, hex, oct, ascii,
    np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.bool_,
    np.bitwise_count,
    why="integers or text",
)  # fmt: skip

# ── what dummies cannot tell ─────────────────────────────────────────────────────────────────────

SHAPE_BY_VALUE.update((
    np.nonzero, np.flatnonzero, np.argwhere, np.ndarray.nonzero, np.compress, np.ndarray.compress, np.extract,
    np.unique, np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values, np.union1d, np.setxor1d,
    np.intersect1d, np.setdiff1d, np.trim_zeros, np.bincount, np.mask_indices, np.delete, np.linalg.lstsq,
    np.roots, np.poly, np.polymul, np.polydiv,
))  # fmt: skip
DTYPE_BY_VALUE.update((np.linalg.eig, np.linalg.eigvals, np.roots, np.poly, np.real_if_close))
