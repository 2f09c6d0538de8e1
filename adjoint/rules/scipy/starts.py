"""Of what kind the function that a solver is passed is given its argument: like what the solver starts from."""

import numpy as np

from adjoint.avals import Arr, Num, Parts, Seq, shape_of
from adjoint.errors import Unsupported

FLOAT = Num("float")


def number(avals):
    return (FLOAT,)


def real(name, avals):
    """The kind of a start, which is not complex: where a function is not holomorphic its slope is no number."""
    start = avals.get(name, FLOAT)
    if getattr(start, "kind", "") == "complex" or (isinstance(start, Arr) and start.dtype is not None and start.dtype.kind == "c"):
        raise Unsupported(f"`{name}` is complex.", "Solve for the real and the imaginary part.")
    return start


def vector(name):
    """One array with as many entries as the start of this name."""

    def kind(avals):
        start = real(name, avals)
        if isinstance(start, Seq | Parts):
            return Arr(np.dtype(float), (len(start.items) if isinstance(start, Parts) else None,))
        shape = shape_of(start)
        if shape is None or len(shape) > 1:
            raise Unsupported(f"`{name}` is not one row of numbers.", "Give an array of one dimension.")
        return Arr(np.dtype(float), shape or (1,))

    return kind
