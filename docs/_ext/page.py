"""What is put right on each page after theme and extensions have had their say."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# Their cells and folds are styled in book.css; theirs weigh 40 kB a page.
UNUSED = ("mystnb.", "exercise.css", "sphinx-codeautolink.css")


def on_page(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.Node
) -> None:
    context["css_files"] = [
        sheet
        for sheet in context["css_files"]
        if not any(part in str(getattr(sheet, "filename", sheet)) for part in UNUSED)
    ]
    # furo calls the captions of the sidebar headings and does not say of which level.
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )


def setup(app: Sphinx) -> dict[str, Any]:
    # After furo has made its navigation.
    app.connect("html-page-context", on_page, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
