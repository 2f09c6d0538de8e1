"""Derivative rules: the registry, and one file for each family of primitives."""

from . import (  # noqa: F401  (each file registers its rules)
    constants,
    containers,
    contraction,
    fft,
    linalg,
    reductions,
    scalar,
    shaping,
    sorting,
    ufuncs,
)
