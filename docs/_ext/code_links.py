"""Link the names of PyTorch, Python and the rest in code to their documentation.

The hard part, following names through imports, assignments and return types, is done
by sphinx-codeautolink. Its Sphinx extension is not used: it parses all earlier code
of a page again for each block, and reads every written page into a tree of tags and
back, which together took twice the time of all else that Sphinx does here; and it
leaves out pages that are written again only because a neighbour changed.
"""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.ext.intersphinx import InventoryAdapter
from sphinx_codeautolink.extension.block import clean_pycon, construct_name_pattern
from sphinx_codeautolink.extension.resolve import CouldNotResolve, resolve_location
from sphinx_codeautolink.parse import ImportTrackerVisitor, Name, NameBreak

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

LANGUAGES = ("ipython3", "python", "pycon")
#: A highlighted block: its opening tags, its code and its end.
HIGHLIGHTED = re.compile(
    r'(<div class="(?:highlight-(?:ipython3|python|pycon|default)|doctest)\b[^>]*>'
    r'<div class="highlight"><pre>(?:<span></span>)?)(.*?)(</pre>)',
    re.DOTALL,
)
TAG = re.compile(r"<[^>]+>")


@dataclass
class Block:
    """The code of a block and the names in it that come from imports."""

    code: str
    names: list[Name] = field(default_factory=list)


def read_blocks(sources: Iterable[str]) -> list[Block]:
    """Follow the names through the blocks of a page, one after the other.

    A block that is no Python, such as a mistake on show, has no names.

    >>> [block] = read_blocks(["import torch\\ntorch.ones(2)"])
    >>> [(name.code_str, name.lineno) for name in block.names]
    [('torch', 1), ('torch.ones', 2)]
    """
    tracker = ImportTrackerVisitor(None)
    blocks = []
    for code in sources:
        plain = clean_pycon(code)[1] if code.startswith(">>>") else code
        block = Block(code.rstrip())
        blocks.append(block)
        try:
            tree = ast.parse(plain)
        except SyntaxError:
            continue
        tracker.accessed = block.names
        tracker.visit(tree)
    return blocks


def link_names(code: str, names: Iterable[Name], find: Callable[[Name], str]) -> str:
    """Make links of names in highlighted code; `find` gives their address or ""."""
    lines = code.split("\n")
    for name in names:
        address = find(name)
        if not address:
            continue
        span = slice(name.lineno - 1, name.end_lineno)
        chosen = "\n".join(lines[span])
        # The last: in `a.b = a.b` the right-hand side is followed first.
        for match in reversed([*re.finditer(construct_name_pattern(name), chosen)]):
            start, end = match.start() + len(match[1]), match.end()
            link = f'<a class="code-link" href="{address}">{chosen[start:end]}</a>'
            lines[span] = (chosen[:start] + link + chosen[end:]).split("\n")
            break
    return "\n".join(lines)


def text(code: str) -> str:
    """The characters of highlighted code."""
    return html.unescape(TAG.sub("", code)).rstrip()


def link_body(body: str, blocks: Iterable[Block], find: Callable[[Name], str]) -> str:
    """Make links in the blocks of a page; they stand in it in the order of reading."""
    waiting = list(blocks)

    def link(match: re.Match[str]) -> str:
        shown = text(match[2])
        for index, block in enumerate(waiting):
            if block.code == shown:
                del waiting[: index + 1]
                return match[1] + link_names(match[2], block.names, find) + match[3]
        return match[0]

    return HIGHLIGHTED.sub(link, body)


def blocks_of(env: BuildEnvironment) -> dict[str, list[Block]]:
    if not hasattr(env, "code_blocks"):
        env.code_blocks = {}  # type: ignore[attr-defined]
    return env.code_blocks  # type: ignore[attr-defined,no-any-return]


def on_read(app: Sphinx, doctree: nodes.document) -> None:
    found = [
        node.astext()
        for node in doctree.findall(nodes.FixedTextElement)
        if isinstance(node, nodes.doctest_block)
        or (isinstance(node, nodes.literal_block) and is_python(node))
    ]
    if found:
        blocks_of(app.env)[app.env.docname] = read_blocks(found)


def is_python(node: nodes.literal_block) -> bool:
    return node.get("language") in LANGUAGES or node.astext().startswith(">>>")


def on_purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    blocks_of(env).pop(docname, None)


def on_merge(
    app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment
) -> None:
    theirs = blocks_of(other)
    blocks_of(env).update({each: theirs[each] for each in docnames & theirs.keys()})


def known_addresses(env: BuildEnvironment) -> Mapping[str, str]:
    """The addresses of all names of Python that the shipped inventories hold."""
    return {
        name: item.uri
        for kind, items in InventoryAdapter(env).main_inventory.items()
        if kind.startswith("py:")
        for name, item in items.items()
    }


def finder(known: Mapping[str, str]) -> Callable[[Name], str]:
    """A function that gives the address of a name, "" for what is not known."""

    @cache
    def find(components: tuple[str, ...], shown: str) -> str:
        name = Name(list(components), shown, 1, 1)
        try:
            return known.get(resolve_location(name, known), "")
        except CouldNotResolve:
            return ""

    def find_name(name: Name) -> str:
        # Empty where two calls follow each other, as in f(x)(y).
        if not name.code_str or name.import_components[-1] == NameBreak.call:
            return ""  # A variable: its value has a type, but it is no name of PyTorch.
        return find(tuple(name.import_components), name.code_str)

    return find_name


def on_page(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.Node
) -> None:
    blocks = blocks_of(app.env).get(name)
    if blocks and "body" in context:
        if not hasattr(app, "code_finder"):
            app.code_finder = finder(  # type: ignore[attr-defined]
                known_addresses(app.env)
            )
        find = app.code_finder  # type: ignore[attr-defined]
        context["body"] = link_body(context["body"], blocks, find)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("sphinx.ext.intersphinx")
    app.connect("doctree-read", on_read)
    app.connect("env-purge-doc", on_purge)
    app.connect("env-merge-info", on_merge)
    # After `reference` has made links of what a page defines.
    app.connect("html-page-context", on_page, priority=600)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
