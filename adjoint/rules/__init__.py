"""Derivative rules: the registry, and one file for each family of primitives."""

from . import (
    complex_numbers,
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
    sets,
    shaping,
    sorting,
    ufunc_methods,
    ufuncs,
)
