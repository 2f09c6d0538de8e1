"""Derivative rules: the registry, and one file for each family of primitives."""

from . import (
    constants,
    containers,
    contraction,
    differences,
    fft,
    joining,
    linalg,
    norms,
    poly,
    reductions,
    scalar,
    shaping,
    sorting,
    ufunc_methods,
    ufuncs,
)
