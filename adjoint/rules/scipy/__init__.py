"""Derivative rules for SciPy: one file for each of its modules.

Nothing here is imported with adjoint.  `registry.LIBRARIES` says which file belongs to which module of
SciPy, and the file is read when a gradient is built in a program that has imported that module.
"""
