"""A program of the IR as text, for people: the stages `lowered`, `reversed` and `optimised`."""

from __future__ import annotations

from typing import Any

from .ir import UNDEF, Apply, Atom, Block, Const, Function, If, Loop, Tree, Try, Var, With


def listing(function: Function) -> str:
    """The program as text: names as the user wrote them, `w1, w2, ...` for the rest."""
    names: dict[Var, str] = {}
    taken: set[str] = set()

    def name(v: Var) -> str:
        if v not in names:
            if v.hint is not None:
                base = v.hint
            elif v.bar_of is not None:
                base = name(v.bar_of) + "_bar"
            elif v.dot_of is not None:
                base = name(v.dot_of) + "_dot"
            else:
                base = f"w{len(names) + 1}"
            found, k = base, 1
            while found in taken:
                k += 1
                found = f"{base}_{k}"
            taken.add(found)
            names[v] = found
        return names[v]

    def atom(a: Atom) -> str:
        if a is UNDEF:
            return "undefined"
        return name(a) if isinstance(a, Var) else constant(a)

    def atoms(values: Any) -> str:
        return ", ".join(map(atom, values))

    lines: list[str] = []

    def block(b: Block, indent: str) -> None:
        for stmt in b.stmts:
            statement(stmt, indent)

    def statement(stmt: Any, indent: str) -> None:
        match stmt:
            case Apply():
                named = [f"{k}={atom(a)}" for k, a in stmt.kwargs]
                call = f"{fn_name(stmt.fn)}({', '.join([*map(atom, stmt.args), *named])})"
                lines.append(f"{indent}{atoms(stmt.outs)} = {call}{'  !' if stmt.effect else ''}")
            case Try():
                lines.append(f"{indent}{atoms(stmt.outs) or '()'} = try:")
                block(stmt.then, indent + "    ")
                lines.append(f"{indent}    yield {atoms(stmt.then.results)}")
                kinds = ", ".join(c.__name__ for c in stmt.caught)
                lines.append(f"{indent}except {kinds} as {atoms(stmt.orelse.params)}:")
                block(stmt.orelse, indent + "    ")
                lines.append(f"{indent}    yield {atoms(stmt.orelse.results)}")
            case With():
                lines.append(f"{indent}{atoms(stmt.outs) or '()'} = with {atom(stmt.test)} as {atoms(stmt.then.params)}:")
                block(stmt.then, indent + "    ")
                lines.append(f"{indent}    yield {atoms(stmt.then.results)}")
            case If():
                lines.append(f"{indent}{atoms(stmt.outs) or '()'} = if {atom(stmt.test)}:")
                for side, word in ((stmt.then, ""), (stmt.orelse, "else:")):
                    if word:
                        lines.append(f"{indent}{word}")
                    block(side, indent + "    ")
                    lines.append(f"{indent}    yield {atoms(side.results)}")
            case Loop():
                n = len(stmt.outs)
                carries = ", ".join(
                    f"{name(p)} = {atom(a)}" for p, a in zip(stmt.body.params[:n], stmt.init, strict=True)
                )
                over = f" for {atoms(stmt.body.params[n:])} in {atoms(stmt.iters)}" if stmt.iters else ""
                back = " reversed" if stmt.reverse else ""
                lines.append(f"{indent}{atoms(stmt.defined) or '()'} = loop{back} {carries}{over}:")
                if stmt.test is not None:
                    block(stmt.test, indent + "    ")
                    lines.append(f"{indent}    while {atoms(stmt.test.results)} ({atoms(stmt.test.params)})")
                block(stmt.body, indent + "    ")
                lines.append(f"{indent}    yield {atoms(stmt.body.results)}")

    header = ", ".join(f"{p.name}" for p in function.params)
    lines.append(f"{function.name}({header}):")
    for p in function.params:
        if isinstance(p.tree, Tree):
            lines.append(f"    {tree(p.tree, atom)} = {p.name}")
        else:
            atom(p.tree)
    block(function.body, "    ")
    lines.append(f"    return {tree(function.result, atom)}")
    return "\n".join(lines) + "\n"


def tree(value: Any, atom: Any) -> str:
    if not isinstance(value, Tree):
        return str(atom(value))
    parts = [tree(p, atom) for p in value.parts]
    if value.cls is list:
        return f"[{', '.join(parts)}]"
    if issubclass(value.cls, tuple) and not hasattr(value.cls, "_fields"):
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    if value.cls is dict:
        return "{" + ", ".join(f"{k!r}: {p}" for k, p in zip(value.keys, parts, strict=True)) + "}"
    return f"{value.cls.__name__}({', '.join(f'{k}={p}' for k, p in zip(value.keys, parts, strict=True))})"


def constant(a: Const) -> str:
    value = a.value
    return getattr(value, "__name__", None) or repr(value)


def fn_name(fn: Any) -> str:
    return getattr(fn, "__name__", None) or repr(fn)
