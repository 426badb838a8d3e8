"""Find the source of a named object of the package, for quotation in a chapter.

`activations.sigmoid` names the object `sigmoid` of `code/neuralnet/activations.py`,
`solutions.activations.largest_slope` one of a subpackage, and
`activations.imports` the imports of the module that a reader's machine can do.
Nothing is imported: the text comes from the syntax tree.
"""

from __future__ import annotations

import ast
import difflib
import functools
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "neuralnet"
IMPORTS = "imports"


class QuotationError(ValueError):
    """A quotation that cannot be made; the text says why and what to do."""


def locate(reference: str, package: Path) -> tuple[Path, str]:
    """The file and the object's name that a reference stands for."""
    *modules, name = reference.split(".")
    path = package.joinpath(*modules).with_suffix(".py") if modules else package
    if not path.is_file():
        known = [
            ".".join(p.relative_to(package).with_suffix("").parts)
            for p in sorted(package.rglob("*.py"))
            if p.stem != "__init__"
        ]
        raise QuotationError(
            f"cannot quote {reference!r}: no module {'.'.join(modules)!r} in "
            f"code/{PACKAGE}{suggestion('.'.join(modules), known)}"
        )
    return path, name


@functools.lru_cache(maxsize=64)
def parsed(text: str) -> ast.Module:
    """The syntax tree of a module, kept: chapters quote it many times over."""
    return ast.parse(text)


def quote(reference: str, package: Path) -> str:
    """The source of the named object, docstrings cut to their first line."""
    path, name = locate(reference, package)
    shown = path.relative_to(package.parent.parent).as_posix()
    text = path.read_text(encoding="utf-8")
    try:
        tree = parsed(text)
    except SyntaxError as error:
        raise QuotationError(
            f"cannot quote {reference!r}: {shown}:{error.lineno}: {error.msg}"
        ) from error
    lines = text.splitlines()
    if name == IMPORTS:
        return "\n".join(segment(node, lines) for node in portable_imports(tree))
    found = [node for node in tree.body if name in names(node)]
    if not found:
        known = [each for node in tree.body for each in names(node)]
        raise QuotationError(
            f"cannot quote {reference!r}: no {name!r} in {shown}"
            f"{suggestion(name, known)}"
        )
    if len(found) > 1:
        places = " and ".join(str(node.lineno) for node in found)
        raise QuotationError(
            f"cannot quote {reference!r}: {shown} defines {name!r} more than once "
            f"(lines {places})"
        )
    return segment(found[0], lines)


def suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1, 0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def names(node: ast.stmt) -> list[str]:
    """The names that a top-level statement defines, imports left out."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Assign():
            targets = [name for target in node.targets for name in ast.walk(target)]
            return [name.id for name in targets if isinstance(name, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def portable_imports(tree: ast.Module) -> Iterator[ast.stmt]:
    """The imports of a module that also work where the package is not."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            origins = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origins = {(node.module or "").split(".")[0]}
        else:
            continue
        if node_level(node) == 0 and not origins & {PACKAGE, "__future__"}:
            yield node


def node_level(node: ast.stmt) -> int:
    return node.level if isinstance(node, ast.ImportFrom) else 0


def segment(node: ast.stmt, lines: list[str]) -> str:
    """The lines of a statement with its decorators and the comment above it."""
    decorators = getattr(node, "decorator_list", [])
    start = min([node.lineno, *(each.lineno for each in decorators)])
    while start > 1 and lines[start - 2].startswith("#"):
        start -= 1
    end = node.end_lineno or node.lineno
    kept = dict(enumerate(lines[start - 1 : end], start))
    for docstring in docstrings(node):
        shorten(docstring, kept)
    return "\n".join(kept.values())


def docstrings(node: ast.AST) -> Iterator[ast.Expr]:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for each in ast.walk(node):
        if isinstance(each, definitions) and ast.get_docstring(each) is not None:
            yield each.body[0]  # type: ignore[misc]


def shorten(docstring: ast.Expr, kept: dict[int, str]) -> None:
    """Cut a docstring to its first line, on lines keyed by their number."""
    first, last = docstring.lineno, docstring.end_lineno or docstring.lineno
    if first == last:
        return
    kept[first] = kept[first].rstrip() + '"""'
    for number in range(first + 1, last + 1):
        del kept[number]
