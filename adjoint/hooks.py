"""Work on a cotangent or a tangent where it flows: blocks of the user's function that run in another sweep.

    with adjoint.cotangent(h) as h_bar:
        h_bar = np.clip(h_bar, -1.0, 1.0)

In the IR this is `h = hook(h, ...)`: the value itself, and the block beside it.  `reverse` puts the block
where it has the cotangent of h, `forward` where it has the tangent; what remains of it is a copy.
"""

from __future__ import annotations

from typing import Any

from . import runtime
from .ir import Apply, At, Block, Stmt, with_blocks


class _Manager:
    """What a block gets when the function is called as it stands: zero, since nothing is differentiated."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __enter__(self) -> Any:
        return runtime.zeros_like(self._value)

    def __exit__(self, *error: object) -> None:
        return None


class cotangent(_Manager):
    """`with cotangent(h) as h_bar:` runs its block in the reverse sweep, with the cotangent of `h`.

    `h` is a number or an array, and `h_bar` has its shape.  What the block does to `h_bar`, in place or by
    assigning to it, is done to the cotangent that flows on from `h` to what it was computed from; a block that only
    prints or asserts leaves it alone.  The block may read other variables, as they are where it stands.  It runs once
    for each time that `h` was there (last to first, in a loop) and a cotangent reaches it.

    In a call of the function itself there is no cotangent: Python runs the block, on zeros, and the value
    of the function is not changed by it.  In forward mode the block does not run.

    >>> import numpy as np
    >>> from adjoint import cotangent, grad
    >>> def f(x):
    ...     h = x * x
    ...     with cotangent(h) as h_bar:
    ...         h_bar = np.clip(h_bar, -1.0, 1.0)
    ...     return 5.0 * h
    >>> f(3.0), grad(f)(3.0)
    (45.0, 6.0)

    Refused when the gradient is built: a block that changes something else that is read outside it.
    """


class tangent(_Manager):
    """`with tangent(h) as h_dot:` runs its block in forward mode, with the tangent of `h`; else like `cotangent`.

    >>> from adjoint import jvp, tangent
    >>> def f(x):
    ...     h = x * x
    ...     with tangent(h) as h_dot:
    ...         h_dot = 10.0 * h_dot
    ...     return h
    >>> jvp(f, (3.0,), (1.0,))
    (9.0, 60.0)
    """


class Hook:
    """The identity, with a block for the cotangent or the tangent of its first argument.

    The parameters of the block are the cotangent and what stands in the other arguments; its result is
    the new cotangent.  It stands in `Apply.fn`.
    """

    def __init__(self, kind: str, block: Block) -> None:
        self.__name__, self.kind, self.block = "hook", kind, block

    def __call__(self, x: Any, *others: Any) -> Any:
        return x


def without_hooks(stmt: Stmt) -> Stmt:
    """The statement with copies for hooks: they have had their effect."""
    if isinstance(stmt, Apply):
        if not isinstance(stmt.fn, Hook):
            return stmt
        return Apply(stmt.outs, runtime.identity, stmt.args[:1], (), At(stmt.at.place, stmt.at.sweep))
    return with_blocks(stmt, lambda block: Block(block.params, tuple(map(without_hooks, block.stmts)), block.results))
