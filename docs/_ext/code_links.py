"""Link the names of PyTorch, Python and the rest in code to their documentation.

The hard part, following names through imports, assignments and return types, is done
by sphinx-codeautolink. Its Sphinx extension is not used: it parses all earlier code
of a page again for each block, and reads every written page into a tree of tags and
back, which together took twice the time of all else that Sphinx does here; and it
leaves out pages that are written again only because a neighbour changed.
"""

from __future__ import annotations

import ast
import hashlib
import html
import os
import re
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
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
#: Where a name comes from, and how it is written.
Key = tuple[tuple[str, ...], str]


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


@dataclass
class Links:
    """What is kept with the doctrees: the blocks of pages, the address of each name.

    To follow a name, the packages it comes from are imported, which takes longer than
    to write a page again; so each is followed once. What the addresses depend on is
    in `made_for`.
    """

    blocks: dict[str, list[Block]] = field(default_factory=dict)
    addresses: dict[Key, str] = field(default_factory=dict)
    made_for: str = ""

    def follow(self, blocks: Iterable[Block], known: Mapping[str, str]) -> None:
        for block in blocks:
            for name in block.names:
                if key(name) not in self.addresses:
                    self.addresses[key(name)] = follow(name, known)

    def find(self, name: Name) -> str:
        return self.addresses.get(key(name), "")


def key(name: Name) -> Key:
    return tuple(name.import_components), name.code_str


def follow(name: Name, known: Mapping[str, str]) -> str:
    """The address of a name, "" for what is not known."""
    # Empty where two calls follow each other, as in f(x)(y).
    if not name.code_str or name.import_components[-1] == NameBreak.call:
        return ""  # A variable: its value has a type, but it is no name of PyTorch.
    try:
        return known.get(resolve_location(name, known), "")
    except CouldNotResolve:
        return ""


def links_of(env: BuildEnvironment) -> Links:
    if not hasattr(env, "code_links"):
        env.code_links = Links()  # type: ignore[attr-defined]
    return env.code_links  # type: ignore[attr-defined,no-any-return]


@cache
def known_addresses(env: BuildEnvironment) -> Mapping[str, str]:
    """The addresses of all names of Python that the shipped inventories hold."""
    return {
        name: item.uri
        for kind, items in InventoryAdapter(env).main_inventory.items()
        if kind.startswith("py:")
        for name, item in items.items()
    }


def on_outdated(
    app: Sphinx,
    env: BuildEnvironment,
    added: set[str],
    changed: set[str],
    removed: set[str],
) -> list[str]:
    """Read pages with code again when an inventory or a package has changed."""
    packages = sorted(os.listdir(sysconfig.get_path("purelib")))
    given = repr((sorted(known_addresses(env).items()), packages))
    made_for = hashlib.sha256(given.encode()).hexdigest()
    links = links_of(env)
    if links.made_for == made_for:
        return []
    env.code_links = Links(links.blocks, {}, made_for)  # type: ignore[attr-defined]
    return sorted(links.blocks)


def on_before_read(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Import what names are followed into, once for all processes that read pages.

    Where names are known from the last build, most pages need none of it.
    """
    if not links_of(env).addresses:
        for name in app.config.code_links_import:
            import_module(name)


def on_read(app: Sphinx, doctree: nodes.document) -> None:
    found = [
        node.astext()
        for node in doctree.findall(nodes.FixedTextElement)
        if isinstance(node, nodes.doctest_block)
        or (isinstance(node, nodes.literal_block) and is_python(node))
    ]
    if found:
        links = links_of(app.env)
        blocks = links.blocks[app.env.docname] = read_blocks(found)
        links.follow(blocks, known_addresses(app.env))


def is_python(node: nodes.literal_block) -> bool:
    return node.get("language") in LANGUAGES or node.astext().startswith(">>>")


def on_purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    links_of(env).blocks.pop(docname, None)


def on_merge(
    app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment
) -> None:
    ours, theirs = links_of(env), links_of(other)
    ours.blocks |= {name: theirs.blocks[name] for name in docnames & {*theirs.blocks}}
    ours.addresses |= theirs.addresses


def on_page(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.Node
) -> None:
    links = links_of(app.env)
    if name in links.blocks and "body" in context:
        context["body"] = link_body(context["body"], links.blocks[name], links.find)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("sphinx.ext.intersphinx")
    app.add_config_value("code_links_import", [], "", list)
    app.connect("env-get-outdated", on_outdated)
    app.connect("env-before-read-docs", on_before_read)
    app.connect("doctree-read", on_read)
    app.connect("env-purge-doc", on_purge)
    app.connect("env-merge-info", on_merge)
    # After `reference` has made links of what a page defines.
    app.connect("html-page-context", on_page, priority=600)
    return {
        "version": "1",
        "env_version": 2,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
