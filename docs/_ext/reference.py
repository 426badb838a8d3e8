"""The reference of the code: autodoc, in the book's own words, tied to the chapters.

The docstrings are plain text: paragraphs, lines that begin with `Formula:`,
`Shapes:`, `Errors:` and the like, and doctests. Here they become what autodoc
reads. Each object links to the pages that quote it, and its name in a page's code
links back to its entry.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cells import read_cells
from docutils import nodes
from source import IMPORTS, PACKAGE
from sphinx import addnodes
from sphinx.ext.intersphinx import InventoryAdapter
from sphinx.transforms import SphinxTransform

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

PREFIX = "reference_"
#: A line of a docstring that names what it is about, such as `Errors: ...`.
FIELD = re.compile(r"(PyTorch|[A-Z][a-z]+(?: (?:and|or|of) [a-z]+)*): +(.*)")
SPECIAL = re.compile(r"([*|\\])|_(?=\W|$)")
CODE = re.compile(r"`([^`]+)`")
#: The name in a definition or an assignment that begins a line of highlighted code.
DEFINED = re.compile(
    r'(^|<pre><span></span>)((?:<span class="k">(?:def|class)</span>'
    r'<span class="w"> </span>)?)<span class="(n[fcn]?)">(\w+)</span>'
    r'(?=<span class="p">[(:]|<span class="w"> </span><span class="o">=</span>|\()',
    re.MULTILINE,
)


# Docstrings


def marked_up(lines: list[str]) -> list[str]:
    """A docstring of the book as reStructuredText."""
    found: list[str] = []
    for paragraph in paragraphs(lines):
        if paragraph[0].lstrip().startswith(">>>"):
            found += paragraph
        elif all(line.startswith((" ", "\t")) for line in paragraph):
            found += ["::", "", *paragraph]
        else:
            found += fields(paragraph)
        found.append("")
    return found


def paragraphs(lines: list[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []


def fields(paragraph: list[str]) -> list[str]:
    """The lines of a paragraph, those that are about something as fields."""
    if not any(FIELD.fullmatch(line) for line in paragraph):
        return [literal(line.strip()) for line in paragraph]
    found: list[str] = []
    for line in paragraph:
        if field := FIELD.fullmatch(line):
            if found and not found[-1].startswith((":", " ")):
                found.append("")
            found.append(f":{field[1]}: {literal(field[2])}")
        else:
            indent = "    " if found and found[-1].startswith((":", " ")) else ""
            found.append(indent + literal(line.strip()))
    return found


def literal(line: str) -> str:
    """A line with its code marked as code, and nothing else taken for markup."""
    parts = CODE.split(line)
    parts[::2] = [SPECIAL.sub(r"\\\g<0>", part) for part in parts[::2]]
    parts[1::2] = [f"``{part}``" for part in parts[1::2]]
    return "".join(parts)


def on_docstring(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    lines[:] = marked_up(lines)


class KeepOutOfIndex(SphinxTransform):
    """The index leads to what the book explains; the reference has its own order."""

    # After `terms` has entered its own, before Sphinx collects the index.
    default_priority = 847

    def apply(self, **kwargs: Any) -> None:
        if self.env.docname.startswith(PREFIX):
            for node in list(self.document.findall(addnodes.index)):
                node.parent.remove(node)


class PublicNames(SphinxTransform):
    """Call classes by the names they are documented under, not where they are defined.

    `torch.nn.modules.module.Module` is `torch.nn.Module` to everybody.
    """

    default_priority = 848

    def apply(self, **kwargs: Any) -> None:
        if self.env.docname.startswith(PREFIX):
            known = InventoryAdapter(self.env).main_inventory.get("py:class", {})
            for link in self.document.findall(addnodes.pending_xref):
                link["reftarget"] = public(link["reftarget"], known)


def public(name: str, known: Container[str]) -> str:
    """The shortest known name that leaves out modules in the middle, else the name.

    >>> public("torch.nn.modules.module.Module", {"torch.nn.Module"})
    'torch.nn.Module'
    >>> public("torch._C.Generator", {"torch.nn.Module"})
    'torch._C.Generator'
    """
    *modules, last = name.split(".")
    for k in range(1, len(modules)):
        if (shorter := ".".join([*modules[:k], last])) in known:
            return shorter
    return name


# Links to the chapters, and back


def quoted(env: BuildEnvironment) -> dict[str, list[str]]:
    """For each object of the package, the pages that quote it, in reading order."""
    found: dict[str, list[str]] = {}
    for page in sorted(env.all_docs, key=lambda name: section(env, name)):
        if page.startswith(PREFIX):
            continue
        text = Path(env.doc2path(page)).read_text(encoding="utf-8")
        for cell in read_cells(text):
            for reference in cell.quotes:
                found.setdefault(f"{PACKAGE}.{reference}", [])
                if page not in found[f"{PACKAGE}.{reference}"]:
                    found[f"{PACKAGE}.{reference}"].append(page)
    return found


def section(env: BuildEnvironment, page: str) -> tuple[tuple[int, ...], str]:
    """What pages are ordered by: numbered ones first."""
    return env.toc_secnumbers.get(page, {}).get("", (999,)), page


def outdated(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The reference is written anew when a page quotes something else."""
    now = quoted(env)
    before = getattr(env, "quoted_by", None)
    env.quoted_by = now  # type: ignore[attr-defined]
    return [page for page in env.all_docs if page.startswith(PREFIX) and now != before]


def show_pages(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """End each entry of the reference with the pages that quote the object."""
    if not page.startswith(PREFIX):
        return
    by = app.env.quoted_by  # type: ignore[attr-defined]
    for entry in doctree.findall(addnodes.desc):
        signature, content = entry.children[0], entry.children[-1]
        if not isinstance(signature, nodes.Element):
            continue
        names: list[str] = signature.get("ids", [])
        shown = [each for name in names for each in by.get(name, [])]
        if not shown or not isinstance(content, addnodes.desc_content):
            continue
        line = nodes.paragraph(classes=["quoted-by"])
        line += nodes.Text("In ")
        for k, each in enumerate(shown):
            line += nodes.Text(", " if k else "")
            address = app.builder.get_relative_uri(page, each)
            title = app.env.titles[each].astext()
            line += nodes.reference("", title, internal=True, refuri=address)
        content += line


def addresses(app: Sphinx, page: str) -> dict[str, str]:
    """Where the reference has the objects that a page quotes, by their bare names."""
    by = app.env.quoted_by  # type: ignore[attr-defined]
    known = app.env.domains.python_domain.objects
    found = {}
    for name, pages in by.items():
        if page in pages and name in known and not name.endswith(f".{IMPORTS}"):
            entry = known[name]
            address = app.builder.get_relative_uri(page, entry.docname)
            found[name.rpartition(".")[2]] = f"{address}#{entry.node_id}"
    return found


def link_names(body: str, known: dict[str, str]) -> str:
    """Make links of the names that a page's code defines and the reference has."""

    def link(match: re.Match[str]) -> str:
        start, keyword, kind, name = match.groups()
        if name not in known:
            return match[0]
        return (
            f'{start}{keyword}<a class="to-reference" href="{known[name]}">'
            f'<span class="{kind}">{name}</span></a>'
        )

    return DEFINED.sub(link, body)


def on_page(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.Node
) -> None:
    if doctree is not None and (known := addresses(app, name)):
        context["body"] = link_names(context["body"], known)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.intersphinx")
    app.add_transform(KeepOutOfIndex)
    app.add_transform(PublicNames)
    app.connect("autodoc-process-docstring", on_docstring)
    # After Sphinx has numbered the sections.
    app.connect("env-get-updated", outdated, priority=900)
    app.connect("doctree-resolved", show_pages)
    app.connect("html-page-context", on_page)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
