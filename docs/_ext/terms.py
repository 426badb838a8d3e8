"""Say in the glossary where the book introduces each term, and fill the index.

The place is that of the first ``{term}`` in reading order. Pages before it do
without the word: a test reads their sources. In the index stand the sections in
which each chapter first links a term or a name of PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

GLOSSARY = "glossary"


class Place(NamedTuple):
    """A section of a page."""

    page: str
    anchor: str
    title: str


class FillIndex(SphinxTransform):
    """Enter the first link of a page to each term and each name of PyTorch."""

    # After the labels of sections are known, before Sphinx collects the index.
    default_priority = 845

    def apply(self, **kwargs: Any) -> None:
        entered = set()
        for link in list(self.document.findall(addnodes.pending_xref)):
            entry = heading(link)
            if entry and entry not in entered:
                entered.add(entry)
                around = section(link)
                node = addnodes.index(
                    entries=[("single", entry, around["ids"][0], "", None)]
                )
                around.insert(1, node)


def heading(link: addnodes.pending_xref) -> str:
    """What the index calls the thing a link leads to, if it is to be there."""
    target = link["reftarget"]
    if link.get("reftype") == "term":
        return str(target)
    if link.get("refdomain") == "py" and target.startswith("torch."):
        holder, _, name = target.rpartition(".")
        return f"{name} ({holder})"
    return ""


def section(node: nodes.Element) -> nodes.section:
    """The section that holds the node."""
    while not isinstance(node, nodes.section):
        node = node.parent
    return node


def places(env: BuildEnvironment) -> dict[str, dict[str, Place]]:
    """For each page, the section that first links each term."""
    found: dict[str, dict[str, Place]] = env.__dict__.setdefault("term_places", {})
    return found


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Note the terms of a page that was read."""
    page = app.env.docname
    found: dict[str, Place] = {}
    for link in doctree.findall(addnodes.pending_xref):
        if link.get("reftype") == "term":
            place = around(link, page)
            found.setdefault(link["reftarget"].lower(), place)
    places(app.env)[page] = found


def around(node: nodes.Element, page: str) -> Place:
    """The section that holds the node; of a page's first one, the page itself."""
    holder = section(node)
    title = next(holder.findall(nodes.title)).astext()
    below_another = isinstance(holder.parent, nodes.section)
    return Place(page, holder["ids"][0] if below_another else "", title)


def forget(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    places(env).pop(page, None)


def merge(app: Sphinx, env: BuildEnvironment, pages: set[str], other: object) -> None:
    theirs: dict[str, dict[str, Place]] = getattr(other, "term_places", {})
    places(env).update({page: theirs[page] for page in pages if page in theirs})


def first(env: BuildEnvironment) -> dict[str, Place]:
    """Where the book introduces each term."""
    found: dict[str, Place] = {}
    for page in reading_order(env, env.config.root_doc):
        if page != GLOSSARY:
            for term, place in places(env).get(page, {}).items():
                found.setdefault(term, place)
    return found


def reading_order(env: BuildEnvironment, page: str) -> Iterator[str]:
    """Numbered pages, as the tables of contents list them: those that teach."""
    if page in env.toc_secnumbers:
        yield page
    for below in env.toctree_includes.get(page, []):
        yield from reading_order(env, below)


def outdated(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The glossary is written anew when a term has moved."""
    now = {term: (place, number(env, place)) for term, place in first(env).items()}
    before = getattr(env, "terms_shown", None)
    env.terms_shown = now  # type: ignore[attr-defined]
    return [GLOSSARY] if now != before and GLOSSARY in env.all_docs else []


def number(env: BuildEnvironment, place: Place) -> str:
    anchor = f"#{place.anchor}" if place.anchor else ""
    digits = env.toc_secnumbers.get(place.page, {}).get(anchor, ())
    return ".".join(map(str, digits))


def show(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """End each entry of the glossary with a link to the place."""
    if page != GLOSSARY:
        return
    introduced = first(app.env)
    for entry in doctree.findall(nodes.definition_list_item):
        names = [each.astext().lower() for each in entry.findall(nodes.term)]
        place = next((introduced[name] for name in names if name in introduced), None)
        paragraphs = list(entry.findall(nodes.paragraph))
        if place and paragraphs:
            paragraphs[-1] += nodes.Text(" ")
            paragraphs[-1] += link_to(app, place)


def link_to(app: Sphinx, place: Place) -> nodes.reference:
    address = app.builder.get_relative_uri(GLOSSARY, place.page)
    text = f"{number(app.env, place)} {place.title}".strip()
    return nodes.reference(
        "",
        text,
        internal=True,
        refuri=address + (f"#{place.anchor}" if place.anchor else ""),
        classes=["introduced"],
    )


def name_places(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Give the index the titles its entries lead to, each once, in reading order."""
    if page != "genindex":
        return
    order = ["glossary", *reading_order(app.env, app.config.root_doc)]
    order += sorted(set(app.env.all_docs) - set(order))
    pages = {app.builder.get_relative_uri(page, each): each for each in order}

    def places(links: list[tuple[str, str]]) -> list[tuple[str, str]]:
        first: dict[str, str] = {}
        for _, link in links:
            first.setdefault(pages[link.partition("#")[0]], link)
        return [
            (app.env.titles[each].astext(), first[each])
            for each in order
            if each in first
        ]

    context["places"] = places


def setup(app: Sphinx) -> ExtensionMetadata:
    """Collect the terms of each page; complete the glossary and the index."""
    app.add_transform(FillIndex)
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    # After Sphinx has numbered the sections.
    app.connect("env-get-updated", outdated, priority=900)
    app.connect("doctree-resolved", show)
    app.connect("html-page-context", name_places)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
