"""What is put right on each page after theme and extensions have had their say."""

from __future__ import annotations

import copy
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

# Their cells and folds are styled in book.css; theirs weigh 40 kB a page.
UNUSED = ("mystnb.", "exercise.css")

# Roles and landmarks that theme and docutils leave incomplete, as axe reports them.
MENDED_BODY = {
    # A heading says of which level it is.
    'class="caption" role="heading"': 'class="caption" role="heading" aria-level="3"',
    # No browser knows list items of this deprecated role.
    ' role="doc-biblioentry"': "",
    'role="list" class="citation-list"': 'class="citation-list"',
}
# Browsers would begin a line with the full stop after a formula.
FORMULA_END = re.compile(r"(<math>(?:(?!</?math\b).)*</math>[.,;:!?)]+)", re.DOTALL)
MENDED_PAGE = {
    # Two landmarks of one kind are told apart by name.
    '<aside class="sidebar-drawer">': (
        '<aside class="sidebar-drawer" aria-label="The book">'
    ),
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="This page">',
    '<aside class="toc-drawer no-toc">': (
        '<aside class="toc-drawer no-toc" aria-label="This page">'
    ),
}


# Names, brackets and spaces in code have the colour of the text: their marks are a
# quarter of a chapter's bytes.
PLAIN_CODE = re.compile(r'<span class="[npw]">([^<]*)</span>')


def mend(text: str, wrong: dict[str, str]) -> str:
    """Replace each wrong piece of markup by the right one."""
    for before, after in wrong.items():
        text = text.replace(before, after)
    return text


def on_page(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.Node
) -> None:
    context["css_files"] = [
        sheet
        for sheet in context["css_files"]
        if not any(part in str(getattr(sheet, "filename", sheet)) for part in UNUSED)
    ]
    for part in ("body", "furo_navigation_tree"):
        context[part] = mend(context.get(part, ""), MENDED_BODY)
    context["body"] = FORMULA_END.sub(
        r'<span class="no-break">\1</span>', context["body"]
    )


def on_updated(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Write all pages again when a title, a number or a place has changed.

    Each page shows those of the others, in its references, beside its text and under
    it; Sphinx itself would write only the pages that hold or list the changed one.
    """
    now = (
        {name: title.astext() for name, title in env.titles.items()},
        env.toc_secnumbers,
        env.toc_fignumbers,
        env.toctree_includes,
        env.domains.standard_domain.labels,
        env.domains.math_domain.equations,
    )
    before = getattr(env, "outline", None)
    env.outline = copy.deepcopy(now)  # type: ignore[attr-defined]
    return [] if now == before else sorted(env.all_docs)


def on_finished(app: Sphinx, exception: Exception | None) -> None:
    """Mend what the theme's own template writes around the page."""
    if exception or app.builder.format != "html":
        return
    for path in sorted(app.outdir.glob("*.html")):
        text = path.read_text(encoding="utf-8")
        mended = PLAIN_CODE.sub(r"\1", mend(text, MENDED_PAGE))
        if mended != text:
            path.write_text(mended, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    # Does nothing while pages are read, and does not say so.
    if numbering := app.extensions.get("sphinx_multitoc_numbering"):
        numbering.parallel_read_safe = True
    # After furo has made its navigation, and after the links in code.
    app.connect("html-page-context", on_page, priority=900)
    # After Sphinx has numbered the sections.
    app.connect("env-get-updated", on_updated, priority=900)
    app.connect("build-finished", on_finished, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
