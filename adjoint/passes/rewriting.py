"""Rewriting a program statement by statement, by rules that look at what a statement reads.

    rules[s.fn](s, around)

                        None: it stays as it is
                        an atom: that is its value
                        statements, of which the last makes what it made

`around` knows what makes the operands, in this block or around it, and how often each is read.  The rules
are applied to every statement in turn, to those they have just given too, until there is nothing left for them to do.
What nobody reads any longer is removed.  Statements of the user's are left alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from ..ir import Apply, Atom, Block, Function, If, Loop, Stmt, Var, blocks, with_atoms, with_blocks, with_stmts
from .certain import Facts
from .dce import dce
from .nests import uses
from .rename import finish, resolve


class Around:
    """What is known where a statement stands."""

    def __init__(self, body: Block) -> None:
        self.body = body
        self.facts = Facts()
        self.reads = uses(body)
        self.here: dict[Var, Apply] = {}  # what the block makes itself

    @cached_property
    def readers(self) -> dict[Var, list[Apply]]:
        """The statements that call something with a value."""
        found: dict[Var, list[Apply]] = {}
        todo = [self.body]
        while todo:
            for s in todo.pop().stmts:
                if isinstance(s, Apply):
                    for a in s.atoms():
                        if isinstance(a, Var):
                            found.setdefault(a, []).append(s)
                todo.extend(blocks(s))
        return found

    def once(self, a: Atom, *fns: Any) -> Apply | None:
        """The statement of this block that makes a value, if it calls one of `fns` and this is its one reader."""
        s = self.here.get(a) if isinstance(a, Var) else None
        return s if s is not None and s.fn in fns and not s.effect and self.reads[s.out] == 1 else None


Rule = Callable[[Apply, Around], "Atom | list[Apply] | None"]


def rewritten(function: Function, rules: Mapping[Any, Rule]) -> Function:
    """The program with each rule applied wherever it applies: to statements that call its key."""
    while _calls(function.body, rules):
        walk = _Walk(rules, Around(function.body))
        body = walk.block(function.body)
        if not walk.changes:
            break
        function = dce(finish(function, body, walk.env))
    return function


class _Walk:
    """One walk over the program."""

    def __init__(self, rules: Mapping[Any, Rule], around: Around) -> None:
        self.rules, self.around = rules, around
        self.env: dict[Var, Atom] = {}  # what stands for what is removed
        self.changes = 0

    def get(self, a: Atom) -> Atom:
        return resolve(self.env, a)

    def block(self, b: Block) -> Block:
        around = self.around
        outer, around.here = around.here, {}
        stmts: list[Stmt] = []
        for s in b.stmts:
            if self.env:
                s = current(s, self.get)
            if isinstance(s, Apply) and s.fn not in self.rules:  # most of them
                self.stays(s)
                stmts.append(s)
            else:
                stmts.extend(self.statement(s))
        around.here = outer
        results = tuple(map(self.get, b.results))
        return with_stmts(b, stmts) if results == b.results else Block(b.params, tuple(stmts), results)

    def statement(self, s: Stmt) -> list[Stmt]:
        if not isinstance(s, Apply):
            return [with_blocks(s, self.block)]
        rule = self.rules.get(s.fn) if _is_ours(s) else None
        new = None if rule is None else rule(s, self.around)
        if new is None:
            self.stays(s)
            return [s]
        self.changes += 1
        if isinstance(new, list):
            return [t for n in new for t in self.statement(current(n, self.get))]
        self.env[s.out] = new
        return []

    def stays(self, s: Apply) -> None:
        for v in s.outs:
            self.around.facts.makers[v] = self.around.here[v] = s


def _is_ours(s: Apply) -> bool:
    return s.at.sweep != "forward" and not s.effect and len(s.outs) == 1


def _calls(block: Block, rules: Mapping[Any, Rule]) -> bool:
    """Is there a statement that a rule may apply to?"""
    return any(
        _is_ours(s) and s.fn in rules if isinstance(s, Apply) else any(_calls(inner, rules) for inner in blocks(s))
        for s in block.stmts
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
