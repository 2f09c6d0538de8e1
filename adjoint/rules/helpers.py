"""Arithmetic on axes, shapes and indices, for the rules; and two array primitives that NumPy lacks.

The small functions here are `constant`: where their arguments are known (they usually are), lowering
evaluates them when the gradient is built and nothing of them is left in the generated text.
"""

import math

import numpy as np

from adjoint.errors import Unsupported
from adjoint.rules.registry import constant, jvp_rule, vjp_rule


def present(module, *names):
    """Those of the functions that this version of a library has."""
    return tuple(getattr(module, name) for name in names if hasattr(module, name))


# ── axes and shapes ──────────────────────────────────────────────────────────────────────────────


def axes_of(axis, ndim):
    """The axes meant by `axis`, from 0 up: axes_of(-1, 3) is (2,), axes_of(None, 2) is (0, 1)."""
    if axis is None:
        return tuple(range(ndim))
    axes = (axis,) if isinstance(axis, (int, np.integer)) else axis
    return tuple(int(k) % ndim if ndim else 0 for k in axes)


def from_end(axis, ndim):
    """The axis counted from the end, which broadcasting leaves as it is: from_end(0, 3) is -3."""
    return axis - ndim if axis >= 0 else axis


def count(shape, axis):
    """How many entries a reduction over `axis` joins."""
    return math.prod(shape[k] for k in axes_of(axis, len(shape)))


def inverse(axes, ndim):
    """The permutation that undoes transpose(axes)."""
    if axes is None:
        return tuple(reversed(range(ndim)))
    axes = axes_of(axes, ndim)
    return tuple(axes.index(k) for k in range(ndim))


def reduced_last(axis, ndim):
    """The permutation that brings the axes of a reduction to the end, in their order."""
    axes = axes_of(axis, ndim)
    return tuple(k for k in range(ndim) if k not in axes) + tuple(sorted(axes))


def at(axis, key, ndim):
    """The index that applies `key` to one axis: at(1, slice(0, 2), 3) is [:, 0:2, :]."""
    axis = axis % ndim
    return (slice(None),) * axis + (key,) + (slice(None),) * (ndim - axis - 1)


def rest(axis, ndim):
    """All axes but those meant by `axis`."""
    axes = axes_of(axis, ndim)
    return tuple(k for k in range(ndim) if k not in axes)


def permuted(shape, order):
    """The shape of transpose(order)."""
    return tuple(shape[k] for k in order)


def rolled_axes(axis, start, ndim):
    """np.rollaxis as a permutation."""
    return np.rollaxis(np.empty(tuple(range(ndim))), axis, start).shape  # axis k is k long


def pieces(how, shapes, axis):
    """The index of each array's part in what np.concatenate, vstack, hstack, dstack or column_stack made of them."""
    shapes = [_promoted(how, tuple(s)) for s in shapes]
    if axis is None:
        shapes, axis = [(math.prod(s),) for s in shapes], 0
    start, parts = 0, []
    for shape in shapes:
        parts.append(at(axis, slice(start, start + shape[axis]), len(shape)))
        start += shape[axis]
    return tuple(parts)


def _promoted(how, shape):
    """The shape in which each function takes an array."""
    if how == "concatenate" or (how == "hstack" and shape):
        return shape
    row = shape or (1,)
    promoted = {
        "hstack": row,
        "vstack": shape if len(shape) > 1 else (1, *row),
        "column_stack": shape if len(shape) > 1 else (*row, 1),
        "dstack": shape if len(shape) > 2 else (*shape, 1) if len(shape) == 2 else (1, *row, 1),
    }
    return promoted[how]


def block_pieces(rows, nested):
    """The index of each part in np.block, from the shapes of its rows (of one row, where it is not nested)."""
    ndim = max(2 if nested else 1, *(len(s) for row in rows for s in row))
    top, slices = 0, []
    for row in rows:
        shapes = [(1,) * (ndim - len(s)) + tuple(s) for s in row]
        left, parts = 0, []
        for shape in shapes:
            columns = slice(left, left + shape[-1])
            down = (slice(top, top + shape[-2]),) if nested else (slice(None),) if ndim > 1 else ()
            parts.append((slice(None),) * (ndim - 1 - len(down)) + down + (columns,))
            left += shape[-1]
        slices.append(tuple(parts))
        top += shapes[0][-2] if nested else 0
    return tuple(slices)


def tiled_shape(shape, reps):
    """(how often, how long) for each axis of np.tile, in one tuple."""
    reps = tuple(np.atleast_1d(reps).tolist())
    ndim = max(len(shape), len(reps))
    longs, oftens = (1,) * (ndim - len(shape)) + tuple(shape), (1,) * (ndim - len(reps)) + reps
    return tuple(n for pair in zip(oftens, longs, strict=True) for n in pair)


def resized_positions(size, shape):
    """Where in the ravelled argument each entry of np.resize comes from."""
    return np.arange(math.prod(shape)) % max(size, 1)


def pad_positions(shape, pad_width):
    """The index of the argument inside np.pad of it."""
    return tuple(slice(lo, lo + n) for (lo, _), n in zip(_pad_pairs(pad_width, len(shape)), shape, strict=True))


def pad_matrix(shape, pad_width, axis, mode, stat_length, reflect_type):
    """np.pad along one axis as a matrix (argument's entries × result's), for modes that are linear."""
    if mode not in ("mean", "linear_ramp", "reflect", "symmetric"):
        raise Unsupported(f"`np.pad` with `mode={mode!r}` has no derivative rule.", "Use `np.concatenate`.")
    lo, hi = _pad_pairs(pad_width, len(shape))[axis]
    options = {"reflect_type": reflect_type} if mode in ("reflect", "symmetric") else {}
    if mode == "mean" and stat_length is not None:
        options = {"stat_length": (_pad_pairs(stat_length, len(shape))[axis])}
    return np.array([np.pad(row, (lo, hi), mode, **options) for row in np.eye(shape[axis])])


def _pad_pairs(pad_width, ndim):
    if isinstance(pad_width, dict):
        pairs = [pad_width.get(k, pad_width.get(k - ndim, (0, 0))) for k in range(ndim)]
        return [(p, p) if isinstance(p, int) else tuple(p) for p in pairs]
    return [(int(lo), int(hi)) for lo, hi in np.broadcast_to(pad_width, (ndim, 2))]


def diagonal_index(shape, offset):
    """The index of a diagonal in the last two axes."""
    row, column = max(-offset, 0), max(offset, 0)
    k = np.arange(max(min(shape[-2] - row, shape[-1] - column), 0))
    return (..., k + row, k + column)


def inserted(before, after, obj, axis):
    """Where np.insert left the old entries of an array, and where it put the new ones, in their order."""
    n, m = (math.prod(before), math.prod(after)) if axis is None else (before[axis], after[axis])
    place = np.insert(np.arange(n), obj, -1 - np.arange(m - n))
    return np.flatnonzero(place >= 0), np.argsort(place, kind="stable")[: m - n][::-1]


def trimmed_start(filt, trim, axis):
    """How many zeros np.trim_zeros took away in front, for each axis."""
    filt = np.asarray(filt)
    entries = np.argwhere(filt)
    axes = axes_of(axis, filt.ndim)
    front = "f" in trim.lower() and len(entries) > 0
    return tuple(int(entries[:, k].min()) if front and k in axes else 0 for k in range(filt.ndim))


def kept(small, large):
    """The index of what an array of one shape keeps when cropped to another."""
    return tuple(slice(0, min(m, n)) for m, n in zip(small, large, strict=True))


def missing(small, large):
    """The np.pad widths that make an array of one shape as large as another, never negative."""
    return tuple((0, max(n - m, 0)) for m, n in zip(small, large, strict=True))


def memory_order(order, a):
    """`order` as "C" or "F": "A" and "K" ask the array how it lies in memory."""
    if order in ("C", "F"):
        return order
    flags = np.asarray(a).flags
    if flags.c_contiguous:
        return "C"
    if flags.f_contiguous:
        return "F"
    if order == "A":
        return "C"
    raise ValueError('order="K" of an array that is neither C nor Fortran contiguous: copy it first, or give "C"')


def sorting_order(xs, key, reverse):
    """The positions in `xs` of the entries of sorted(xs, key=…, reverse=…)."""
    value = (lambda k: xs[k]) if key is None else (lambda k: key(xs[k]))
    return sorted(range(len(xs)), key=value, reverse=reverse)


# ── subscripts and the axes of products ──────────────────────────────────────────────────────────


def tensordot_axes(axes, a_ndim, b_ndim):
    """For each factor of np.tensordot: the axes to sum over for its cotangent, and the order to put the rest in.

    The result has the free axes of a, then those of b.
    """
    if isinstance(axes, (int, np.integer)):
        over_a, over_b = tuple(range(a_ndim - axes, a_ndim)), tuple(range(axes))
    else:
        over_a, over_b = axes_of(axes[0], a_ndim), axes_of(axes[1], b_ndim)
    free_a, free_b = rest(over_a, a_ndim), rest(over_b, b_ndim)
    n = len(free_a)
    # tensordot(g, b) has the free axes of a, then the summed axes of b in ascending order
    summed_a = tuple(a for _, a in sorted(zip(over_b, over_a, strict=True)))
    order_a = inverse(free_a + summed_a, a_ndim)
    # tensordot(a, g) has the summed axes of a in ascending order, then the free axes of b
    summed_b = tuple(b for _, b in sorted(zip(over_a, over_b, strict=True)))
    order_b = inverse(summed_b + free_b, b_ndim)
    g_a, g_b = tuple(range(n, n + len(free_b))), tuple(range(n))
    return (g_a, free_b, order_a), (free_a, g_b, order_b)


def kron_shapes(a, b):
    """The shape of np.kron with each axis in two, and the shapes of its factors with as many axes."""
    n = max(len(a), len(b))
    a, b = (1,) * (n - len(a)) + tuple(a), (1,) * (n - len(b)) + tuple(b)
    return tuple(k for pair in zip(a, b, strict=True) for k in pair), a, b


def einsum_text(subscripts, result):
    """The subscripts of np.einsum(a, [0, 1], …, [1, 0]) in letters."""

    def letters(numbers):
        return "".join("..." if k is Ellipsis else _LETTERS[k] for k in numbers)

    text = ",".join(letters(s) for s in subscripts)
    return text if result is None else f"{text}->{letters(result)}"


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _einsum_parts(text, ndims):
    """The subscripts of each operand and of the result, with letters for "..." too."""
    inputs, arrow, result = text.replace(" ", "").partition("->")
    terms = inputs.split(",")
    spare = [c for c in reversed(_LETTERS) if c not in text]
    lengths = [n - len(t.replace("...", "")) if "..." in t else 0 for t, n in zip(terms, ndims, strict=True)]
    dots = "".join(spare[: max(lengths, default=0)])
    terms = [t.replace("...", dots[len(dots) - n :]) for t, n in zip(terms, lengths, strict=True)]
    if not arrow:
        every = "".join(terms)
        result = dots + "".join(sorted(c for c in set(every) if every.count(c) == 1 and c not in dots))
    return terms, result.replace("...", dots), spare[len(dots) :]


def _einsum_own(text, ndims, k):
    """Of operand k: its subscripts with each repeated letter given a new name, those pairs, and letters all its own."""
    terms, result, spare = _einsum_parts(text, ndims)
    others = result + "".join(terms[:k] + terms[k + 1 :])
    target = ""
    pairs = []
    for c in terms[k]:
        if c in target:
            pairs.append(c + spare[len(pairs)])
            c = pairs[-1][1]
        target += c
    return terms, result, target, pairs, [c for c in terms[k] if c not in others]


def einsum_plan(text, ndims, k):
    """The subscripts of the einsum that gives the cotangent of operand k, for (g, the others, ones, eyes)."""
    terms, result, target, pairs, alone = _einsum_own(text, ndims, k)
    ones = ["".join(dict.fromkeys(alone))] if alone else []
    return ",".join([result, *terms[:k], *terms[k + 1 :], *ones, *pairs]) + "->" + target


def einsum_extents(text, ndims, k, shape):
    """The shape of the operand of ones (none, or one), and the sizes of the eyes, that `einsum_plan` speaks of."""
    terms, _, _, pairs, alone = _einsum_own(text, ndims, k)
    size = dict(zip(terms[k], shape, strict=True))
    return (tuple(size[c] for c in dict.fromkeys(alone)),) if alone else (), tuple(size[pair[0]] for pair in pairs)


# ── for linalg, fft and sorting ──────────────────────────────────────────────────────────────────


def tensor_rows(axes, ndim):
    """The permutation that np.linalg.tensorsolve does first."""
    moved = [int(k) for k in (axes or ())]
    return tuple(k for k in range(ndim) if k not in moved) + tuple(moved)


def fft_lengths(shape, s, axes):
    """The lengths and axes of an n-dimensional transform."""
    if axes is None:
        axes = tuple(range(len(shape))) if s is None else tuple(range(len(shape) - len(s), len(shape)))
    if s is None:
        s = (-1,) * len(axes)
    return tuple(shape[k] if n in (-1, None) else n for n, k in zip(s, axes, strict=True)), tuple(axes)


def mirrored_weights(shape, axis, ndim, dtype):
    """2 for each frequency of a real signal that has a mirror image, else 1; along one axis."""
    n = shape[axis]
    weights = np.full(n // 2 + 1, 2.0, dtype)
    weights[0] = 1.0
    if n % 2 == 0:
        weights[-1] = 1.0
    return weights.reshape((-1,) + (1,) * (ndim - 1 - axis % ndim))


def other_norm(norm):
    """The scaling of the inverse transform."""
    return {"forward": "backward", "ortho": "ortho"}.get(norm, "forward")


def along_index(indices, axis, shape):
    """The full index of np.take_along_axis."""
    axis, ndim = axis % len(shape), len(shape)
    index = [np.arange(n).reshape((-1,) + (1,) * (ndim - 1 - k)) for k, n in enumerate(shape)]
    index[axis] = indices
    return tuple(index)


def chosen_index(indices, n, mode):
    """Indices as np.take and np.choose understand them."""
    if mode == "wrap":
        return np.remainder(indices, n)
    return np.clip(indices, 0, n - 1) if mode == "clip" else np.asarray(indices)


def quantile_place(x, q, method, weights, skip_nan):
    """Where in the sorted last axis of x each quantile lies: the same quantile of the ranks."""
    ranks = np.argsort(np.argsort(x, axis=-1, kind="stable"), axis=-1, kind="stable").astype(float)
    options = {} if weights is None else {"weights": weights}
    if skip_nan:
        ranks = np.where(np.isnan(x), np.nan, ranks)
        place = np.nanquantile(ranks, q, axis=-1, method=method, **options)
    else:
        place = np.quantile(ranks, q, axis=-1, method=method, **options)
    return np.moveaxis(np.nan_to_num(place), 0, -1)


def quantile_slope(method, n):
    """How the place of a quantile among n entries grows with q."""
    if method in ("linear", "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased"):
        return n + {"linear": -1.0, "weibull": 1.0, "median_unbiased": 1 / 3, "normal_unbiased": 0.25}.get(method, 0.0)
    return 0.0 * n


def gradient_combs(n):
    """Five arrays that are 1 at every fifth entry, else 0, each one place on from the last."""
    return (np.arange(n) % 5 == np.arange(5).reshape(5, 1)).astype(float)


def band_index(n):
    """Where in np.gradient of the combs the coefficient stands that entry i has for entry i + d; and whether there is one."""
    i, d = np.arange(n), np.arange(-2, 3).reshape(5, 1)
    return ((i + d) % 5, i), (i + d >= 0) & (i + d < n)


def gradient_bands(n, spacing, edge_order, behind):
    """The coefficients of np.gradient along one axis: row d + 2 has what entry i takes from entry i + d.

    Entries five places apart do not meet, so five combs show all coefficients.  `behind` axes follow.
    """
    index, inside = band_index(n)
    slopes = np.gradient(gradient_combs(n), spacing, axis=1, edge_order=edge_order)
    return (slopes[index] * inside).reshape((5, n) + (1,) * behind)


def gradient_widths(n):
    """The places of the two widths between n coordinates that each entry of np.gradient is made of."""
    first = np.clip(np.arange(n) - 1, 0, max(n - 3, 0))
    return first, np.minimum(first + 1, n - 2)


def reduced_pieces(indices, n):
    """For ufunc.reduceat: the places it reads, and which result each goes into."""
    ends = [*indices[1:], n]
    spans = [range(i, j) if i < j else range(i, i + 1) for i, j in zip(indices, ends, strict=True)]
    places = [k for span in spans for k in span]
    return np.array(places, int), np.repeat(np.arange(len(spans)), [len(span) for span in spans])


def refuse(what, advice):
    """For use in rules, where a call of a kind that is known when the gradient is built has no derivative."""
    raise Unsupported(what, advice)


def convolve_pad(n, m, mode, correlates):
    """The zeros around the result of a convolution of n by m that make it the full one."""
    small, full = min(n, m), n + m - 1
    if mode == "valid":
        return (small - 1, small - 1)
    start = small // 2 if correlates and n < m else (small - 1) // 2
    return (start, full - max(n, m) - start)


def factorials(m):
    """(m - 1)!, …, 1!, 0!"""
    return np.array([math.factorial(k) for k in reversed(range(m))], dtype=float)


def leading_zeros(p):
    """How many coefficients np.poly1d drops; of an all-zero polynomial all but one."""
    p = np.asarray(p)
    return int(np.argmax(p != 0)) if np.any(p != 0) else p.size - 1


constant(
    axes_of, from_end, count, inverse, reduced_last, rest, permuted, rolled_axes, at, pieces, block_pieces, tiled_shape,
    resized_positions, pad_positions, pad_matrix, diagonal_index, inserted, trimmed_start, kept, missing, memory_order,
    sorting_order, tensordot_axes, kron_shapes, einsum_text, einsum_plan, einsum_extents,
    tensor_rows, fft_lengths, mirrored_weights, other_norm, along_index, chosen_index,
    quantile_slope, gradient_combs, band_index, gradient_widths, reduced_pieces, refuse,
    convolve_pad, factorials, leading_zeros,
    why="computes axes, shapes and indices",
)  # fmt: skip

# ── primitives ───────────────────────────────────────────────────────────────────────────────────


def scatter(x, index, shape):
    """Zeros of a shape, with the entries of x added at an index: the transpose of `x[index]`."""
    out = np.zeros(shape, dtype=np.asarray(x).dtype)
    np.add.at(out, index, x)
    return out


@vjp_rule(scatter, linear=True)
def scatter_vjp(g, z, x, index, shape):
    return g[index]


def recur(a, b):
    """The recurrence r[i] = a[i] * r[i - 1] + b[i] along the last axis, from r[-1] = 0.

    Products of many numbers are differentiated with it, exactly also where some are zero.
    """
    a, b = np.broadcast_arrays(a, b)
    r = np.array(b, dtype=np.result_type(a, b))
    for i in range(1, r.shape[-1]):
        r[..., i] += a[..., i] * r[..., i - 1]
    return r


@vjp_rule(recur)
def recur_vjp(g, z, a, b):
    """The adjoint is the recurrence the other way, with the coefficients one place on."""
    ahead = np.concatenate((a[..., 1:], np.zeros_like(a[..., :1])), axis=-1)
    b_bar = recur(ahead[..., ::-1], g[..., ::-1])[..., ::-1]
    return b_bar * before(z, 0.0), b_bar


@jvp_rule(recur)
def recur_jvp(t, z, a, b):
    a_dot, b_dot = t
    if a_dot is None:
        return recur(a, b_dot)
    return recur(a, a_dot * before(z, 0.0) if b_dot is None else a_dot * before(z, 0.0) + b_dot)


def before(x, first):
    """x one place on along the last axis, `first` in front."""
    return np.concatenate((np.full_like(x[..., :1], first), x[..., :-1]), axis=-1)
