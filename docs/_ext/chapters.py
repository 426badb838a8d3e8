"""Make executed pages of the chapters: quotation, execution, numbers in prose.

At `source-read` the quotations of a page are filled in (`cells`, `source`), the
page is executed (`execution`), and each number the prose asks for is put in its
place. A quoted file becomes a dependency of the page. Warnings that come later
have their line numbers led back to the chapter as it was written.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import sys
from pathlib import Path
from typing import Any

from cells import VALUE, ChapterError, Expanded, expand, read_cells, typeset
from docutils import nodes
from docutils.parsers.rst import directives
from execution import execute, python_version, values
from source import locate, quote
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError
from sphinx.transforms import SphinxTransform
from sphinx.util import logging as sphinx_logging
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.writers.html5 import HTML5Translator

logger = sphinx_logging.getLogger(__name__)


class BrokenChapter(SphinxError):
    """Stops the build with one message that names chapter and line."""

    category = "The book was not built"


def on_source_read(app: Sphinx, docname: str, source: list[str]) -> None:
    path = app.env.doc2path(docname)
    text = source[0]
    try:
        if not read_cells(text):
            return
        source[0] = build_page(app, docname, Path(path), text)
    except ChapterError as error:
        shown = Path(path).relative_to(Path(app.confdir))
        raise BrokenChapter(f"{shown.as_posix()}:{error.line}: {error}") from None


def build_page(app: Sphinx, docname: str, path: Path, text: str) -> str:
    package = Path(app.confdir) / app.config.chapter_package
    for cell in read_cells(text):
        for reference in cell.quotes:
            note_dependency(app.env, reference, package)
    kernelspec = kernel_line(Path(app.confdir), app.config.chapter_fingerprint)
    page = expand(text, lambda reference: quote(reference, package), kernelspec)

    def progress(cell: int, total: int) -> None:
        if sys.stdout.isatty():
            logger.info(f"\rexecuting {docname}: cell {cell} of {total} ", nonl=True)

    executed = execute(
        page,
        path,
        Path(app.config.nb_execution_cache_path),
        app.config.nb_execution_timeout,
        app.env.myst_config,  # type: ignore[attr-defined]
        progress,
    )
    if executed.fresh:
        count = sum(cell.cell_type == "code" for cell in executed.notebook.cells)
        logger.info(f"\rexecuted {docname}: {count} cells" + " " * 20)
    page.filled = fill(page, values(executed.notebook))
    pages(app.env)[docname] = page
    return page.filled


def note_dependency(env: BuildEnvironment, reference: str, package: Path) -> None:
    try:
        env.note_dependency(str(locate(reference, package)[0]))
    except ValueError:
        return  # An unknown reference is reported, with its line, by `expand`.


def fill(page: Expanded, found: dict[str, str]) -> str:
    """Put the computed values in the place of their keys."""
    lines = []
    for line, origin in zip(page.lines, page.origin, strict=True):
        for match in VALUE.finditer(line):
            if match[2] not in found:
                raise ChapterError(origin, f"no value was computed for {match[0]}")
        if ":alt:" in line:
            line = VALUE.sub(lambda match: typeset(found[match[2]]), line)
        else:
            line = VALUE.sub(
                lambda match: f"{{value}}`{typeset(found[match[2]])}`", line
            )
        lines.append(line)
    return "\n".join(lines) + "\n"


class ValueRole(SphinxRole):
    """A number that the page computed, set as text."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        return [nodes.inline(self.rawtext, self.text, classes=["value"])], []


def kernel_line(root: Path, patterns: list[str]) -> str:
    """Front matter that names the kernel and all else that outputs depend on.

    The execution cache compares cells and this line: another Python, another
    version of a package, or a change in a file that matches `patterns` makes
    every page run again.
    """
    digest = hashlib.sha256(f"{python_version()} {sys.platform}".encode())
    for distribution in ("torch", "numpy", "matplotlib", "ipykernel", "ipython"):
        digest.update(f"{distribution} {version(distribution)}\n".encode())
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            if path.is_file():
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return f"kernelspec: {{name: python3, display_name: Python {digest.hexdigest()[:16]}}}"


def version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


class dress(nodes.Element):
    """Caption, label and alt text on their way to the cell that follows."""


class fold(nodes.General, nodes.Element):
    """Input or output of a cell behind a summary, which is its first child."""


class summary(nodes.General, nodes.TextElement):
    """The words on which a fold opens."""


class Dress(SphinxDirective):
    has_content = True
    option_spec = {
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


class DressCells(SphinxTransform):
    """Give each cell the caption, label and alt text that stood in its options."""

    # After MyST has parsed, before Sphinx collects labels and numbers.
    default_priority = 500

    def apply(self, **kwargs: Any) -> None:
        for node in list(self.document.findall(dress)):
            cell = node.next_node(nodes.container, descend=False, siblings=True)
            assert cell is not None and cell.get("nb_element") == "cell_code"
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

    def fold(
        self, cell: nodes.Element, part: str, option: str, node: dress
    ) -> None:
        """Put the input or output of the cell into a fold."""
        shown = [each for each in cell.children if part in each["classes"]]
        if not shown:
            logger.warning("the cell to %s has no %s", option, part, location=node)
            return
        folded = fold("", summary("", node[option]), classes=[option])
        cell.replace(shown[0], folded)
        folded += shown[0]

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


def pages(env: BuildEnvironment) -> dict[str, Expanded]:
    """The expanded text of every chapter that was read."""
    if not hasattr(env, "chapter_pages"):
        env.chapter_pages = {}  # type: ignore[attr-defined]
    return env.chapter_pages  # type: ignore[attr-defined,no-any-return]


def on_purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    pages(env).pop(docname, None)


def on_merge(
    app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment
) -> None:
    pages(env).update(
        {name: page for name, page in pages(other).items() if name in docnames}
    )


class OriginalLines(logging.Filter):
    """Leads `page.md:312` in a warning back to the line of the written chapter."""

    def __init__(self, app: Sphinx) -> None:
        super().__init__()
        self.app = app

    def filter(self, record: logging.LogRecord) -> bool:
        location = getattr(record, "location", None)
        if isinstance(location, str) and not hasattr(record, "original_line"):
            record.original_line = True
            path, _, number = location.rpartition(":")
            page = self.page(path)
            if page and number.isdigit():
                line = min(max(int(number), 1), len(page.origin))
                record.location = f"{path}:{page.origin[line - 1]}"
        return True

    def page(self, path: str) -> Expanded | None:
        env = getattr(self.app, "env", None)
        docname = env.path2doc(path) if env else None
        return pages(env).get(docname) if env and docname else None


def is_worth_showing(record: logging.LogRecord) -> bool:
    """Whether a message is more than myst-nb's word on each page's cache."""
    return record.levelno >= logging.WARNING or "mystnb" not in record.name


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("chapter_package", "code/neuralnet", "env", str)
    app.add_config_value("chapter_fingerprint", [], "env", list)
    app.add_role("value", ValueRole())
    app.add_node(dress)
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_node(summary, html=(visit_summary, depart_summary))
    app.add_directive("dress", Dress)
    app.add_transform(DressCells)
    app.connect("source-read", on_source_read)
    app.connect("env-purge-doc", on_purge)
    app.connect("env-merge-info", on_merge)
    for name in ("myst_nb", "myst_parser", "sphinx_multitoc_numbering"):
        logging.getLogger(f"sphinx.{name}").setLevel(logging.WARNING)
    for handler in logging.getLogger("sphinx").handlers:
        handler.addFilter(OriginalLines(app))
        handler.addFilter(is_worth_showing)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
