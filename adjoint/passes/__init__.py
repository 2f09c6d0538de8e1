"""Passes: each is a function from program to program, total and without flags, in a file of its own.

`PASSES` is their order.  Any of them may be left out, and the answer stays the same.
"""

from __future__ import annotations

from .dce import dce

__all__ = ["dce"]
