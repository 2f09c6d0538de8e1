"""Rewriting a program statement by statement, by a rule that looks at what a statement reads.

    rule(s, around)     None: it stays as it is
                        an atom: that is its value
                        statements, of which the last makes what it made

`around` knows what makes the operands, in this block or around it, and how often each is read.  The rule
is applied to every statement in turn, to those it has just given too, until there is nothing left for it to do.
What nobody reads any longer is removed.  Statements of the user's are left alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ..ir import Apply, Atom, Block, Function, If, Loop, Stmt, Var, blocks, with_atoms, with_blocks
from .certain import Facts
from .dce import needed
from .nests import uses
from .rename import finish, resolve


class Around:
    """What is known where a statement stands."""

    def __init__(self, body: Block) -> None:
        self.facts = Facts()
        self.reads = uses(body)
        self.readers: dict[Var, list[Apply]] = {}  # those that call something with it
        self._note(body)
        self.here: dict[Var, Apply] = {}  # what the block makes itself

    def _note(self, block: Block) -> None:
        for s in block.stmts:
            if isinstance(s, Apply):
                for a in s.atoms():
                    if isinstance(a, Var):
                        self.readers.setdefault(a, []).append(s)
            for inner in blocks(s):
                self._note(inner)

    def once(self, a: Atom, *fns: Any) -> Apply | None:
        """The statement of this block that makes a value, if it calls one of `fns` and this is its one reader."""
        s = self.here.get(a) if isinstance(a, Var) else None
        return s if s is not None and s.fn in fns and not s.effect and self.reads[s.out] == 1 else None


Rule = Callable[[Apply, Around], "Atom | list[Apply] | None"]


def rewritten(function: Function, rule: Rule) -> Function:
    """The program with the rule applied wherever it applies."""
    while True:
        env: dict[Var, Atom] = {}
        around, changes = Around(function.body), 0

        def get(a: Atom) -> Atom:
            return resolve(env, a)

        def block(b: Block) -> Block:
            outer, around.here = around.here, {}
            stmts = [new for s in b.stmts for new in statement(current(s, get) if env else s)]
            around.here = outer
            return Block(b.params, tuple(stmts), tuple(map(get, b.results)))

        def statement(s: Stmt) -> list[Stmt]:
            if not isinstance(s, Apply):
                return [with_blocks(s, block)]
            nonlocal changes
            new = None if s.at.sweep == "forward" or s.effect or len(s.outs) != 1 else rule(s, around)
            if new is None:
                around.facts.note(s)
                around.here.update(dict.fromkeys(s.outs, s))
                return [s]
            changes += 1
            if isinstance(new, list):
                return [t for n in new for t in statement(current(n, get))]
            env[s.out] = new
            return []

        function = finish(function, block(function.body), env)
        if not changes:
            return function
        body = function.body
        function = dataclasses.replace(
            function, body=Block(body.params, tuple(needed(body.stmts, body.results)), body.results)
        )


def current(s: Stmt, get: Callable[[Atom], Atom]) -> Stmt:
    """The statement with `get` of each atom that it reads itself."""
    match s:
        case Apply():
            return with_atoms(s, get)
        case If():
            return dataclasses.replace(s, test=get(s.test))
        case Loop():
            snapshots = None if s.snapshots is None else get(s.snapshots)
            init, iters = tuple(map(get, s.init)), tuple(map(get, s.iters))
            return dataclasses.replace(s, init=init, iters=iters, snapshots=snapshots)
    raise AssertionError(s)
