"""Figures the reader can move: a custom element, a caption, a number.

``{explorable} element-name`` writes ``<element-name>`` into a ``<figure>``; what the
directive holds is the content of the element, and readers without script see it.
The script is ``_static/explorables/element-name.js``, loaded by the pages that use it,
after ``parts.js`` beside it, which holds what the scripts share.

``:data-file: data/name.json`` puts a JSON file of ``_static/`` into the page, as
``<script type="application/json">`` inside the element: nothing can be fetched from
``file://``. The page is written anew when the file changes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata, OptionSpec
    from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

#: Names a custom element may have, as the book writes them.
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class explorable(nodes.General, nodes.Element):  # noqa: N801 (docutils names nodes so)
    """The custom element; its children are what readers without script see."""


def parse_data(text: str) -> dict[str, str]:
    """Labels for the element, from a JSON object.

    >>> parse_data('{"x-label": "weight", "steps": 3}')
    {'x-label': 'weight', 'steps': '3'}
    """
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("it is not an object")
    for key, value in data.items():
        if not KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no name of a data attribute")
        if not isinstance(value, str | int | float):
            raise ValueError(f"the value of {key!r} is neither text nor a number")
    return {key: str(value) for key, value in data.items()}


def embedded(text: str) -> str:
    """JSON as a page can hold it in a script element: no ``<`` in it.

    Errors: `ValueError` for what is no JSON.

    >>> print(embedded('{"tag": "</script>", "w": [1, 2.50]}'))
    {"tag":"\\u003c/script>","w":[1,2.5]}
    """
    return json.dumps(json.loads(text), separators=(",", ":")).replace("<", "\\u003c")


class Explorable(SphinxDirective):
    """``{explorable} element-name`` with a label, a caption and a fallback."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[OptionSpec] = {
        "label": directives.unchanged_required,
        "caption": directives.unchanged_required,
        "data": directives.unchanged_required,
        "data-file": directives.unchanged_required,
    }

    def warn(self, message: str, *arguments: object) -> None:
        """A warning that names the directive's place."""
        logger.warning(
            message, *arguments, location=self.get_location(), type="explorables"
        )

    def run(self) -> list[nodes.Node]:
        """A figure that holds the element and its caption."""
        name = self.arguments[0]
        if not NAME.fullmatch(name):
            self.warn("%r is no name of a custom element", name)
            return []
        script = Path(self.env.srcdir, "_static", "explorables", f"{name}.js")
        self.env.note_dependency(str(script))
        self.env.note_dependency(str(script.with_name("parts.js")))
        if not script.is_file():
            self.warn("there is no script _static/explorables/%s.js", name)
        for option in ("label", "caption"):
            if option not in self.options:
                self.warn("the explorable %s has no %s", name, option)
        if not self.content:
            self.warn("the explorable %s has nothing for readers without script", name)
        element = explorable(
            name=name,
            data=self.data(),
            file=self.data_file(),
            script=script.is_file(),
        )
        self.set_source_info(element)
        self.state.nested_parse(self.content, self.content_offset, element)
        figure = nodes.figure("", element, classes=["explorable"])
        self.set_source_info(figure)
        if "caption" in self.options:
            text, messages = self.state.inline_text(
                self.options["caption"], self.lineno
            )
            caption = nodes.caption(self.options["caption"], "", *text, *messages)
            self.set_source_info(caption)
            figure += caption
        if "label" in self.options:
            self.options["name"] = self.options["label"]
            self.add_name(figure)
        return [figure]

    def data(self) -> dict[str, str]:
        """The ``data`` option, or nothing and a warning."""
        try:
            return parse_data(self.options.get("data", "{}"))
        except ValueError as error:
            self.warn("the data of the explorable cannot be used: %s", error)
            return {}

    def data_file(self) -> str:
        """The ``data-file`` as JSON that fits into a page, or nothing."""
        if "data-file" not in self.options:
            return ""
        path = Path(self.env.srcdir, "_static", self.options["data-file"])
        self.env.note_dependency(str(path))
        try:
            return embedded(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            self.warn("the data-file of the explorable cannot be used: %s", error)
            return ""


def visit_explorable(self: HTML5Translator, node: nodes.Element) -> None:
    """The element itself; in an EPUB, where there is none, its fallback."""
    name, data, file = node["name"], node["data"], node["file"]
    if self.builder.name == "epub":
        name, data, file = "div", {}, ""
    labels = "".join(
        f' data-{key}="{self.attval(value)}"' for key, value in sorted(data.items())
    )
    self.body.append(f'<{name} class="explorable-body"{labels}>\n')
    if file:
        self.body.append(f'<script type="application/json">{file}</script>\n')
    self.context.append(f"</{name}>\n")


def depart_explorable(self: HTML5Translator, node: nodes.Element) -> None:
    """Close what ``visit_explorable`` opened."""
    self.body.append(self.context.pop())


def pass_by(self: Any, node: nodes.Element) -> None:
    """Elsewhere the fallback stands alone."""


def load_scripts(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Load a page's scripts, each once, without holding up the page."""
    if doctree is None or app.builder.name == "epub":
        return
    used = {node["name"] for node in doctree.findall(explorable) if node["script"]}
    shared = Path(app.srcdir, "_static", "explorables", "parts.js").is_file()
    for name in [*(["parts"] if used and shared else []), *sorted(used)]:
        app.add_js_file(f"explorables/{name}.js", loading_method="defer")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive, its node and the loading of scripts."""
    app.add_directive("explorable", Explorable)
    app.add_node(
        explorable,
        html=(visit_explorable, depart_explorable),
        latex=(pass_by, pass_by),
        text=(pass_by, pass_by),
    )
    app.connect("html-page-context", load_scripts)
    return {
        "version": "1.0",
        "env_version": 2,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
