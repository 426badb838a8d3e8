"""Give code cells their captions, labels, alt texts and folds; fold answers.

`chapters` writes a `{dress}` directive before each cell that has such options;
here it becomes a caption, a figure or a fold of the cell that follows.
"""

from __future__ import annotations

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)


class dress(nodes.Element):  # noqa: N801 (docutils names nodes so)
    """Caption, label and alt text on their way to the cell that follows."""


class fold(nodes.General, nodes.Element):  # noqa: N801
    """Input or output of a cell behind a summary, which is its first child."""


class summary(nodes.General, nodes.TextElement):  # noqa: N801
    """The words on which a fold opens."""


class Dress(SphinxDirective):
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "figure": directives.unchanged,
        "label": directives.unchanged,
        "alt": directives.unchanged,
        "fold": directives.unchanged,
        "predict": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        node = dress(**self.options)
        if self.content:
            caption = nodes.caption()
            inline, messages = self.parse_inline(" ".join(self.content))
            caption += inline
            caption += messages
            self.set_source_info(caption)
            node += caption
        self.set_source_info(node)
        return [node]


class Answer(SphinxDirective):
    """``{answer}``: text behind a summary, for questions without a marker."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        node = fold("", summary("", "Answer"), classes=["answer"])
        node += self.parse_content_to_nodes()
        self.set_source_info(node)
        return [node]


class DressCells(SphinxTransform):
    """Give each cell the caption, label and alt text that stood in its options."""

    # After MyST has parsed, before Sphinx collects labels and numbers.
    default_priority = 500

    def apply(self, **kwargs: Any) -> None:
        for node in list(self.document.findall(dress)):
            cell = node.next_node(nodes.container, descend=False, siblings=True)
            assert cell is not None
            assert cell.get("nb_element") == "cell_code"
            if "alt" in node:
                for image in cell.findall(nodes.image):
                    image["alt"] = node["alt"]
            if "figure" in node:
                self.caption_figure(cell, node)
            elif node.children:
                self.caption_listing(cell, node)
            for option, part in [("fold", "cell_input"), ("predict", "cell_output")]:
                if option in node:
                    self.fold(cell, part, option, node)
            node.parent.remove(node)

    def fold(self, cell: nodes.Element, part: str, option: str, node: dress) -> None:
        """Put the input or output of the cell into a fold."""
        parts = [each for each in cell.children if isinstance(each, nodes.Element)]
        shown = [each for each in parts if part in each["classes"]]
        if not shown:
            logger.warning("the cell to %s has no %s", option, part, location=node)
            return
        folded = fold("", summary("", node[option]), classes=[option])
        cell.replace(shown[0], folded)
        folded += shown[0]
        if option == "fold" and "figure" in node:
            # First the figure, then how it is drawn.
            cell.remove(folded)
            cell.append(folded)

    def caption_figure(self, cell: nodes.Element, node: dress) -> None:
        images = list(cell.findall(nodes.image))
        if len(images) != 1:
            logger.warning(
                f"the cell of figure {node['figure']!r} draws {len(images)} images; "
                "a figure is one",
                location=node,
            )
            return
        bundle: nodes.Element = images[0]
        while bundle.get("nb_element") != "mime_bundle":
            bundle = bundle.parent
        figure = nodes.figure(align="default")
        figure.source, figure.line = node.source, node.line
        bundle.parent.replace(bundle, figure)
        figure += bundle
        figure += node[0]
        self.name(figure, node["figure"])

    def caption_listing(self, cell: nodes.Element, node: dress) -> None:
        block = next(iter(cell.findall(nodes.literal_block)))
        wrapper = nodes.container(
            "", literal_block=True, classes=["literal-block-wrapper"]
        )
        wrapper.source, wrapper.line = node.source, node.line
        block.parent.replace(block, wrapper)
        wrapper += node[0]
        wrapper += block
        if "label" in node:
            self.name(wrapper, node["label"])

    def name(self, node: nodes.Element, label: str) -> None:
        node["names"].append(nodes.fully_normalize_name(label))
        self.document.note_explicit_target(node, node)


def visit_fold(self: HTML5Translator, node: fold) -> None:
    self.body.append(self.starttag(node, "details", CLASS="fold"))


def depart_fold(self: HTML5Translator, node: fold) -> None:
    self.body.append("</details>\n")


def visit_summary(self: HTML5Translator, node: summary) -> None:
    self.body.append("<summary>")


def depart_summary(self: HTML5Translator, node: summary) -> None:
    self.body.append("</summary>\n")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_node(dress)
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_node(summary, html=(visit_summary, depart_summary))
    app.add_directive("dress", Dress)
    app.add_directive("answer", Answer)
    app.add_transform(DressCells)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
