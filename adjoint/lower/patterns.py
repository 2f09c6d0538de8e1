"""`match`: each case is a test and some bindings, tried in order."""

from __future__ import annotations

from typing import Any

import gast

from ..ir import Const, Var
from . import attributes, calls, control, expressions, statements
from .context import Frame, Lowering
from .values import Attributes, Entries, Items, Ref, Tuple, Value


def match_statement(lo: Lowering, frame: Frame, node: Any) -> None:
    subject = expressions.expression(lo, frame, node.subject)

    def case(k: int) -> Value:
        if k == len(node.cases):
            return Const(None)
        one = node.cases[k]
        test = matches(lo, frame, one.pattern, subject)

        def body() -> Value:
            statements.statements(lo, frame, one.body)
            return Const(None)

        def guarded() -> Value:
            if one.guard is None:
                return body()
            asked = expressions.truth(lo, frame, one.guard, expressions.expression(lo, frame, one.guard))
            return control.choose(lo, frame, one.guard, asked, body, lambda: case(k + 1))

        return control.choose(lo, frame, node, test, guarded, lambda: case(k + 1))

    case(0)


def matches(lo: Lowering, frame: Frame, pattern: Any, subject: Value) -> Var | Const:
    """Whether the subject fits; binds the names of the pattern on the way."""
    match pattern:
        case gast.MatchValue():
            value = expressions.expression(lo, frame, pattern.value)
            equal = calls.operate(lo, frame, pattern, expressions.COMPARE[gast.Eq], [subject, value])
            return expressions.truth(lo, frame, pattern, equal)
        case gast.MatchSingleton():
            known = expressions.identical(lo, subject, Const(pattern.value))
            if known is not None:
                return Const(known)
            same = lo.apply(expressions.COMPARE[gast.Is], [subject, Const(pattern.value)], frame=frame, node=pattern)
            return expressions.truth(lo, frame, pattern, same)
        case gast.MatchAs():
            fits: Var | Const = Const(True)
            if pattern.pattern is not None:
                fits = matches(lo, frame, pattern.pattern, subject)
            if pattern.name is not None:
                expressions.bind(lo, frame, pattern.name, subject)
            return fits
        case gast.MatchOr():
            return any_of(lo, frame, pattern, [matches(lo, frame, p, subject) for p in pattern.patterns])
        case gast.MatchSequence():
            return sequence(lo, frame, pattern, subject)
        case gast.MatchClass():
            return instance(lo, frame, pattern, subject)
        case gast.MatchMapping():
            return mapping(lo, frame, pattern, subject)
    raise lo.refuse(frame, pattern, "This pattern is not understood.", "Use `if` and `isinstance`.")


def all_of(lo: Lowering, frame: Frame, node: Any, tests: list[Var | Const]) -> Var | Const:
    result: Value = Const(True)
    for test in tests:
        result = control.choose(lo, frame, node, result, lambda test=test: test, lambda: Const(False))
    return expressions.truth(lo, frame, node, result)


def any_of(lo: Lowering, frame: Frame, node: Any, tests: list[Var | Const]) -> Var | Const:
    result: Value = Const(False)
    for test in tests:
        result = control.choose(lo, frame, node, result, lambda: Const(True), lambda test=test: test)
    return expressions.truth(lo, frame, node, result)


def sequence(lo: Lowering, frame: Frame, pattern: Any, subject: Value) -> Var | Const:
    content = lo.state.heap[subject.cell] if isinstance(subject, Ref) else subject
    if not isinstance(content, Tuple | Items):
        if isinstance(content, Const | Attributes | Entries):
            return Const(False)
        raise lo.refuse(frame, pattern, "How many items this has is not known.", "Match on a tuple.")
    items, patterns = list(content.items), pattern.patterns
    star = next((i for i, p in enumerate(patterns) if isinstance(p, gast.MatchStar)), None)
    if star is None:
        if len(items) != len(patterns):
            return Const(False)
        return all_of(lo, frame, pattern, [matches(lo, frame, p, v) for p, v in zip(patterns, items, strict=True)])
    after = len(patterns) - star - 1
    if len(items) < len(patterns) - 1:
        return Const(False)
    pairs = [*zip(patterns[:star], items[:star], strict=True)]
    pairs += [*zip(patterns[star + 1 :], items[len(items) - after :], strict=True)]
    if patterns[star].name is not None:
        rest = lo.cell(Items(tuple(items[star : len(items) - after])))
        expressions.bind(lo, frame, patterns[star].name, rest)
    return all_of(lo, frame, pattern, [matches(lo, frame, p, v) for p, v in pairs])


def instance(lo: Lowering, frame: Frame, pattern: Any, subject: Value) -> Var | Const:
    cls = expressions.expression(lo, frame, pattern.cls)
    fits = expressions.truth(lo, frame, pattern, calls.call(lo, frame, pattern, Const(isinstance), [subject, cls], {}))
    if isinstance(fits, Const) and not fits.value:
        return fits
    assert isinstance(cls, Const)
    tests = [fits]
    names = list(getattr(cls.value, "__match_args__", ()))
    if pattern.patterns and not names:  # int(x), str(s): the subject itself
        tests += [matches(lo, frame, p, subject) for p in pattern.patterns]
    else:
        pairs = [*zip(names, pattern.patterns, strict=False), *zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)]
        for name, p in pairs:
            tests.append(matches(lo, frame, p, attributes.attribute(lo, frame, pattern, subject, name)))
    return all_of(lo, frame, pattern, tests)


def mapping(lo: Lowering, frame: Frame, pattern: Any, subject: Value) -> Var | Const:
    content = lo.state.heap[subject.cell] if isinstance(subject, Ref) else subject
    if not isinstance(content, Entries):
        return Const(False)
    tests: list[Var | Const] = []
    taken = []
    for key_node, p in zip(pattern.keys, pattern.patterns, strict=True):
        key = expressions.constant_key(lo, frame, key_node, expressions.expression(lo, frame, key_node))
        found = content.get(key)
        if found is None:
            return Const(False)
        taken.append(key)
        tests.append(matches(lo, frame, p, found))
    if pattern.rest is not None:
        rest = Entries(tuple((k, v) for k, v in content.entries if k not in taken))
        expressions.bind(lo, frame, pattern.rest, lo.cell(rest))
    return all_of(lo, frame, pattern, tests)
