"""Give each chapter its notebook, its script, its source and a button to copy all.

Both files hold the code cells as they stand on the page, so that they run where
the book is not. The notebook's text is the chapter's, in plain Markdown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cells import Expanded
from chapters import pages
from docutils import nodes
from myst_nb.core.read import read_myst_markdown_notebook
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

BLOCK = re.compile(
    r"^(?P<fence>`{3,}|:{3,})\{(?P<name>[\w:-]+)\} *(?P<argument>.*)\n"
    r"(?P<body>(?:.*\n)*?)(?P=fence)\s*$",
    re.MULTILINE,
)
OPTION_LINES = re.compile(r"\A(?::[\w-]+:.*\n)+")
ROLE = re.compile(r"\{([\w:-]+)\}`([^`]+)`")
TARGET = re.compile(r"^\([\w-]+\)=\n", re.MULTILINE)
PAGE_ONLY = ("toctree", "index", "bibliography")


def plain(text: str, number: Callable[[str, str], str]) -> str:
    """MyST as the plain Markdown (with `$` math) that every notebook reader knows.

    `number(role, label)` says how a reference is written out.
    """
    text = BLOCK.sub(lambda match: block(match, number), text)
    text = TARGET.sub("", text)
    return re.sub(r"\n{3,}", "\n\n", ROLE.sub(lambda m: role(m, number), text)).strip()


def block(match: re.Match[str], number: Callable[[str, str], str]) -> str:
    name, argument = match["name"], match["argument"].strip()
    body = OPTION_LINES.sub("", match["body"]).strip()
    body = plain(body, number)
    if name in PAGE_ONLY or name == "solution-end":
        return ""
    if name == "math":
        return f"$$\n{body}\n$$"
    if name == "dress":
        return f"*{body}*" if body else ""
    if name == "solution-start":
        return f"**Solution** ({number('exercise', argument)})"
    if name == "exercise":
        return f"**Exercise. {argument}**\n\n{body}"
    if name == "answer":
        return quoted(f"**Answer**\n\n{body}")
    if name == "explorable":
        return quoted("An interactive figure stands here in the book.\n\n" + body)
    if name in ("admonition", "note", "warning", "tip", "important"):
        return quoted(f"**{argument or name.capitalize()}**\n\n{body}")
    return body


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def role(match: re.Match[str], number: Callable[[str, str], str]) -> str:
    name, content = match[1], match[2]
    shown = re.fullmatch(r"(.*\S)\s*<(.+)>", content)
    if name in ("eq", "numref", "ref", "doc", "prf:ref"):
        return number(name, shown[2] if shown else content)
    if name.startswith("cite"):
        return f"[{content}]"
    if shown:
        return shown[1]
    if name.startswith("py:") or name in ("func", "class", "meth", "mod"):
        return f"`{content.removeprefix('~')}`"
    return content


def shown_cells(page: Expanded, path: Path) -> list[NotebookNode]:
    """The cells of a page, without those that only compute its numbers."""
    read = read_myst_markdown_notebook(page.filled, path=path)
    return [
        cell
        for cell in read.cells
        if "remove-cell" not in cell.metadata.get("tags", [])
    ]


def notebook(shown: list[NotebookNode], number: Callable[[str, str], str]) -> str:
    """The chapter as a notebook without outputs, the same bytes each time."""
    cells: list[dict[str, Any]] = []
    for cell in shown:
        source = cell.source
        if cell.cell_type == "markdown" and not (source := plain(source, number)):
            continue
        entry = {"cell_type": cell.cell_type, "id": f"cell-{len(cells)}"}
        entry |= {"metadata": {}, "source": source.splitlines(keepends=True)}
        if cell.cell_type == "code":
            entry |= {"execution_count": None, "outputs": []}
        cells.append(entry)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def script(shown: list[NotebookNode], title: str) -> str:
    """The chapter's code cells, in order, as one file."""
    cells = [cell.source for cell in shown if cell.cell_type == "code"]
    return (
        f"# {title}: all code of the chapter, in order.\n\n"
        + "\n\n\n".join(cells)
        + "\n"
    )


def numbers(env: BuildEnvironment) -> Callable[[str, str], str]:
    """How references are written in a notebook: with the numbers of the book."""
    labels = env.domains.standard_domain.anonlabels
    titles = env.domains.standard_domain.labels
    figures = {
        (docname, identifier): (kind, ".".join(map(str, number)))
        for docname, kinds in env.toc_fignumbers.items()
        for kind, entries in kinds.items()
        for identifier, number in entries.items()
    }
    words = {"figure": "Figure", "code-block": "Listing", "table": "Table"}

    def number(role: str, label: str) -> str:
        if role == "doc":
            title = env.titles.get(label.strip("/"))
            return title.astext() if title is not None else label
        if role == "eq":
            equations = env.domains["math"].data["objects"]  # type: ignore[index]
            docname, serial = equations.get(label, ("", None))
            chapter = env.toc_secnumbers.get(docname, {}).get("", ())[:1]
            parts = [*chapter, serial]
            return f"equation ({'.'.join(map(str, parts))})"
        key = labels.get(label, ("", ""))
        if key in figures:
            kind, text = figures[key]
            return f"{words.get(kind, 'Exercise')} {text}"
        return titles[label][2] if label in titles else label.replace("-", " ")

    return number


def write_files(app: Sphinx, name: str) -> None:
    shown = shown_cells(pages(app.env)[name], Path(app.env.doc2path(name)))
    files = {
        f"notebooks/{name}.ipynb": notebook(shown, numbers(app.env)),
        f"scripts/{name}.py": script(shown, app.env.titles[name].astext()),
    }
    for target, text in files.items():
        path = app.outdir / target
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def on_page(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.Node
) -> None:
    """Write the chapter's files, and put the bar with them under its title.

    Their text holds numbers and titles of other pages, as the page itself does, and
    is written when the page is.
    """
    if name not in pages(app.env):
        return
    write_files(app, name)
    if name == app.config.root_doc:
        return
    to, source = context["pathto"], context["sourcename"]
    bar = (
        '<div class="chapter-tools" role="group" aria-label="This chapter as files">'
        '<button type="button" class="copy-chapter" hidden>Copy all code</button>'
        f'<a href="{to(f"notebooks/{name}.ipynb", 1)}" download>Notebook</a>'
        f'<a href="{to(f"scripts/{name}.py", 1)}" download>Script</a>'
        f'<a href="{to(f"_sources/{source}", 1)}">Source</a>'
        "</div>"
    )
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{bar}", 1)
    app.add_js_file("copy-chapter.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", on_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
