"""Exercises with their level, and solutions that fold without a script.

sphinx-exercise numbers, gates and labels; here its nodes become plain HTML: an
exercise says its number, level and name in one line, and a solution of the class
``dropdown`` is a ``<details>``. Each links to the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx_exercise.nodes import (
    exercise_enumerable_node,
    exercise_node,
    exercise_subtitle,
    solution_end_node,
    solution_node,
    solution_start_node,
)
from sphinx_exercise.utils import get_node_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

EXERCISES = (exercise_node, exercise_enumerable_node)
LEVELS = ("recall", "practice", "challenge")


class exercise_heading(nodes.paragraph):  # noqa: N801 (docutils names nodes so)
    """The line that says number, level and name."""


class solution_summary(nodes.paragraph):  # noqa: N801
    """The line that opens a solution."""


class UnwrapContent(SphinxTransform):
    """Take the contents out of the ``<section>`` that sphinx-exercise puts them in.

    Each of those sections has the same id, and each would lower the headings in it.
    """

    default_priority = 400  # after sphinx-exercise has merged its gates

    def apply(self, **kwargs: Any) -> None:
        """Unwrap every exercise and solution; report gates that stayed open."""
        for node in list(self.document.findall(nodes.section)):
            if isinstance(node.parent, (*EXERCISES, solution_node)):
                node.parent.replace(node, node.children)
        for start in list(self.document.findall(solution_start_node)):
            logger.warning(
                "the solution does not end in the section where it starts",
                location=start,
                type="solutions",
            )
            start.parent.remove(start)
        for end in list(self.document.findall(solution_end_node)):
            end.parent.remove(end)


class NameExercises(SphinxPostTransform):
    """Give exercises and solutions their first lines and the links between them."""

    default_priority = 19  # before sphinx-exercise makes titles of its own

    def run(self, **kwargs: Any) -> None:
        """Go through the exercises, then the solutions of a page."""
        for node in list(self.document.findall(nodes.Element)):
            if isinstance(node, EXERCISES):
                self.name_exercise(node)
        for solution in list(self.document.findall(solution_node)):
            self.name_solution(solution)

    def registered(self) -> dict[str, dict[str, Any]]:
        """What sphinx-exercise knows of every page, by label."""
        return getattr(self.env, "sphinx_exercise_registry", {})

    def number_of(self, exercise: nodes.Element) -> str:
        """``Exercise 1.2``, or ``Exercise`` where none are numbered."""
        number = ""
        if isinstance(exercise, exercise_enumerable_node):
            number = get_node_number(self.app, exercise, "exercise")
        pattern: str = self.config.numfig_format["exercise"]
        return (pattern % number).strip()

    def link(self, node: nodes.Element, target: nodes.Element, text: str) -> nodes.Node:
        """A paragraph that links to an exercise or a solution."""
        page = ""
        if target["docname"] != node["docname"]:
            builder = self.app.builder
            page = builder.get_relative_uri(node["docname"], target["docname"])
        # no refid: sphinx-exercise would write a text of its own
        uri = f"{page}#{target['label']}"
        reference = nodes.reference("", text, internal=True, refuri=uri)
        return nodes.paragraph("", "", reference, classes=["exercise-link"])

    def solutions_of(self, exercise: nodes.Element) -> Iterator[nodes.Element]:
        """The solutions that name an exercise, whatever page they are on."""
        for entry in self.registered().values():
            if entry["node"].get("target_label") == exercise["label"]:
                yield entry["node"]

    def name_exercise(self, exercise: nodes.Element) -> None:
        """Number, level and name; a link to each solution at the end."""
        level = [name for name in LEVELS if name in exercise["classes"]]
        parts = [
            nodes.inline("", self.number_of(exercise), classes=["exercise-number"]),
            *(nodes.inline("", name, classes=["exercise-level"]) for name in level),
        ]
        for subtitle in exercise[0].findall(exercise_subtitle):
            name = nodes.inline("", "", classes=["exercise-name"])
            name += [child.deepcopy() for child in subtitle.children]
            parts.append(name)
        heading = exercise_heading("", "", classes=["exercise-title"])
        for position, part in enumerate(parts):
            heading += [nodes.Text(" · "), part] if position else part
        exercise[0] = heading
        for solution in self.solutions_of(exercise):
            exercise += self.link(exercise, solution, "Solution")

    def name_solution(self, solution: nodes.Element) -> None:
        """``Solution to Exercise 1.2``; a link back at the end."""
        summary = solution_summary("", "", classes=["solution-title"])
        target = self.registered().get(solution["target_label"])
        if target is None:  # sphinx-exercise warns of it
            summary += nodes.Text("Solution")
        else:
            number = self.number_of(target["node"])
            summary += nodes.Text(f"Solution to {number}")
            solution += self.link(solution, target["node"], f"Back to {number}")
        solution[0] = summary


def visit_exercise(self: HTML5Translator, node: nodes.Element) -> None:
    """No admonition: themes give those a glyph."""
    self.body.append(self.starttag(node, "div"))


def depart_exercise(self: HTML5Translator, node: nodes.Element) -> None:
    """Close what ``visit_exercise`` opened."""
    self.body.append("</div>\n")


def visit_heading(self: HTML5Translator, node: nodes.Element) -> None:
    """A line of its own; exercises are no part of the outline."""
    self.body.append(self.starttag(node, "p", ""))


def depart_heading(self: HTML5Translator, node: nodes.Element) -> None:
    """The permalink ends the line."""
    self.add_permalink_ref(node.parent, "Link to this exercise")
    self.body.append("</p>\n")


def folds(node: nodes.Element) -> bool:
    """Whether a solution is folded until the reader opens it."""
    return "dropdown" in node["classes"]


def visit_solution(self: HTML5Translator, node: nodes.Element) -> None:
    """A ``<details>`` where folding was asked for."""
    self.body.append(self.starttag(node, "details" if folds(node) else "div"))


def depart_solution(self: HTML5Translator, node: nodes.Element) -> None:
    """Close what ``visit_solution`` opened."""
    self.body.append("</div>\n</details>\n" if folds(node) else "</div>\n</div>\n")


def visit_summary(self: HTML5Translator, node: nodes.Element) -> None:
    """Text alone: no paragraph and no link belongs into a ``<summary>``."""
    self.body.append(self.starttag(node, "summary" if folds(node.parent) else "p", ""))


def depart_summary(self: HTML5Translator, node: nodes.Element) -> None:
    """The rest of the solution is its body."""
    self.body.append("</summary>\n" if folds(node.parent) else "</p>\n")
    self.body.append('<div class="solution-body">\n')


def drop_stylesheet(app: Sphinx, config: Config) -> None:
    """sphinx-exercise's stylesheet draws a glyph of a font that is not there."""
    files = app.registry.css_files
    files[:] = [entry for entry in files if entry[0] != "exercise.css"]


def share_handlers(app: Sphinx) -> None:
    """Give ``singlehtml`` every handler of ``html``.

    sphinx-exercise registers handlers for ``singlehtml`` by name, and Sphinx then
    no longer finds those that other extensions registered for ``html``.
    """
    handlers = app.registry.translation_handlers
    handlers["singlehtml"] = handlers.get("singlehtml", {}) | handlers.get("html", {})


def forget_gates(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """sphinx-exercise keeps the gates of a page that is read again."""
    getattr(env, "sphinx_exercise_gated_registry", {}).pop(docname, None)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Load sphinx-exercise and put its HTML right."""
    app.setup_extension("sphinx_exercise")
    for kind in EXERCISES:
        app.add_node(kind, override=True, html=(visit_exercise, depart_exercise))
    app.add_node(solution_node, override=True, html=(visit_solution, depart_solution))
    app.add_node(exercise_heading, html=(visit_heading, depart_heading))
    app.add_node(solution_summary, html=(visit_summary, depart_summary))
    app.add_transform(UnwrapContent)
    app.add_post_transform(NameExercises)
    app.connect("config-inited", drop_stylesheet)
    app.connect("builder-inited", share_handlers)
    app.connect("env-purge-doc", forget_gates)
    return {
        "version": "1.0",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
