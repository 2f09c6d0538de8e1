"""For rules of primitives that are passed a function: the derivatives of that function.

Each is understood by lowering only (`adjoint.functional`), where `f` is a function of the program; `args` are all its
arguments, those that were handed to it by `args=` or read around it last.
"""


import numpy as np

from adjoint.errors import Unsupported

_READ_ONLY = NotImplementedError("adjoint reads a rule that calls this, and never runs it.")


def pull(f, args, g):
    """The cotangents of `args`, from that of `f(*args)`; None for those that are not asked for."""
    raise _READ_ONLY


def pull_first(f, args, g):
    """The cotangent of the first of `args`."""
    raise _READ_ONLY


def pull_rest(f, args, g):
    """The cotangents of `args` without the first: a tuple."""
    raise _READ_ONLY


def push(f, args, tangents):
    """The tangent of `f(*args)`; None if none of the tangents is there, or it depends on none of them."""
    raise _READ_ONLY


def gradient_of(f):
    """The function that gives the gradient of f, whose result is a number, by its first argument."""
    raise _READ_ONLY


def cost_of(f):
    """The function that gives half the sum of squares of f."""
    raise _READ_ONLY


def value_of(f, args):
    """f(*args)"""
    raise _READ_ONLY


NUMBER = object()  # among the arguments of `define`: a float


def arity(f):
    """How many arguments a function of the program takes by position."""
    raise _READ_ONLY


def asked(x):
    """Is a derivative by this argument of the primitive asked for?"""
    raise _READ_ONLY


def applied(primitive, f, given, args):
    """`primitive(f, *given, args=args)`, where f takes arguments of its own and then `args`."""
    raise _READ_ONLY


def define(f, args):
    """A function written here, in terms that have rules, as one of the program: for `pull`, `push` and `applied`.

    For `pull` it computes what a primitive computes in another way, and has the derivative of that.  `args` are
    arguments like those that it will be called with, or `NUMBER`; those that are known stay known.  None
    where f returns None.
    """
    raise _READ_ONLY


def part(fn, name, result, args, **options):
    """`result.name`, of what `fn(*args, **options)` returned, which is differentiated again by the rule of that part."""
    raise _READ_ONLY


def evaluated(made, given, data, like):
    """`made(*given)`, of an object made of this data, which is differentiated again; its value is of the kind of `like`."""
    raise _READ_ONLY


def refuse_active(x, why):
    """Refuse, when the gradient is built, a call in which the gradient depends on this argument."""


def unsupported(given, what, advice=""):
    """Refuse a call of a kind that has no derivative, `what` in "There is no derivative of …".

    It is refused when the gradient is built, where it is known then whether the call is of that kind, and else when
    the derivative is computed; either way the error shows the line of the call.
    """
    if given:
        raise Unsupported(f"There is no derivative of {what}.", advice)


def refuse_full(shape, full):
    """The columns of a full U or Q beyond the rank are free to turn: they have no derivative."""
    unsupported(
        full and shape[-2] != shape[-1], "the vectors of the full decomposition of a matrix that is not square",
        'Ask for `svd(a, full_matrices=False)` or `qr(a, mode="reduced")`.',
    )  # fmt: skip


def refuse_stack(x, axes=2):
    """From version 1.15 on, SciPy applies a function of a matrix to each of a stack of them."""
    unsupported(np.ndim(x) > axes, "a function of scipy.linalg of a stack of matrices", "Apply it to one at a time.")


def scaled(bars, factor):
    """The cotangents times a number."""
    if len(bars) == 0:
        return ()
    return (None if bars[0] is None else factor * bars[0], *scaled(bars[1:], factor))


def nones(n):
    return (None,) * n


# Derivatives by all of `args` as one row of numbers, for solvers that take such.


def flat(parts):
    """Numbers and arrays as one row, those that are None left out; None if there are none."""
    rows = [np.ravel(part) for part in parts if part is not None]
    return np.concatenate(rows) if rows else None


def count(args):
    """How many numbers the cotangents of `args` that are asked for have."""
    return sum([np.size(a) for a in args if asked(a)])


def parted(row, args, start=0):
    """The cotangents of `args`, from a row of those that are asked for; None for the others."""
    if len(args) == 0:
        return ()
    if not asked(args[0]):
        return (None, *parted(row, args[1:], start))
    end = start + np.size(args[0])
    return (np.reshape(row[start:end], np.shape(args[0])), *parted(row, args[1:], end))


def present(dots):
    """Those tangents that are there."""
    return tuple([d for d in dots if d is not None])


def completed(flags, dots):
    """The tangents with None where there is none: for those where `flags` say that there is one."""
    if len(flags) == 0:
        return ()
    if flags[0]:
        return (dots[0], *completed(flags[1:], dots[1:]))
    return (None, *completed(flags[1:], dots))
