"""Say in the glossary where the book introduces each term.

The place is that of the first ``{term}`` in reading order. Pages before it do
without the word: a test reads their sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from docutils import nodes
from sphinx import addnodes

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
    while not isinstance(node, nodes.section):
        node = node.parent
    title = next(node.findall(nodes.title)).astext()
    below_another = isinstance(node.parent, nodes.section)
    return Place(page, node["ids"][0] if below_another else "", title)


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


def setup(app: Sphinx) -> ExtensionMetadata:
    """Collect the terms of each page; complete the glossary."""
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    # After Sphinx has numbered the sections.
    app.connect("env-get-updated", outdated, priority=900)
    app.connect("doctree-resolved", show)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
