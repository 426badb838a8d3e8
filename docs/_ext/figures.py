"""Figures that code cells draw: one SVG for light and dark, alt text, size.

The style (``_style/matplotlibrc``) draws text and axes in one ink. Here the ink
becomes ``currentColor`` and the file gets a stylesheet that sets ``color`` for light
and dark, so that an ``<img>`` follows the ``color-scheme`` of the page.

MyST-NB writes each image of a page to ``jupyter_execute/`` while it reads the page,
whether the page was executed or came from the cache, and never writes a name twice
(the name is the hash of the drawing). So ``doctree-read`` is where every published
figure passes, and it passes before any builder copies it.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

logger = logging.getLogger(__name__)

#: What the matplotlibrc draws text and axes in, and what matplotlib itself does.
INKS = ("#0b0c0d", "#000000")
#: The ink on a light and on a dark page.
LIGHT, DARK = "#1f2225", "#cfd0d0"
STYLE = (
    '<style id="theme">'
    f"svg{{color:{LIGHT};fill:currentColor}}"
    f"@media(prefers-color-scheme:dark){{svg{{color:{DARK}}}}}"
    "</style>"
)

#: An alt text that says nothing of what is to be seen.
DEFAULT_ALT = re.compile(
    r"""\W* (
        <figure\ size.*
      | (an?\ |the\ )? (image|figure|fig|plot|graph|chart|picture|diagram|output)
        [\s_\-.\d]*
      | \S* \.(svg|png|jpe?g|gif|pdf)
    ) \W*""",
    re.IGNORECASE | re.VERBOSE,
)


def shorten(path: str) -> str:
    """The numbers of a path, to two decimals.

    >>> shorten("M 40.194188 210.89976 L 2.000001 -3.5")
    'M 40.19 210.9 L 2 -3.5'
    """
    return re.sub(
        r"-?\d+\.\d{3,}(?!\d*e)",
        lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."),
        path,
    )


def theme(svg: str) -> str:
    """The drawing with its ink as ``currentColor`` and its stylesheet put in.

    >>> dark = theme('<svg width="9pt"><path style="stroke: #0b0c0d"/></svg>')
    >>> '<path style="stroke: currentColor"/>' in dark
    True

    Done twice it is done once.

    >>> theme(dark) == dark
    True
    """
    for ink in INKS:
        svg = re.sub(re.escape(ink) + r"\b", "currentColor", svg, flags=re.IGNORECASE)
    # what names the program, the date and foreign hosts
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!DOCTYPE[^>]*>\s*", "", svg)
    svg = re.sub(r"\s*<!--.*?-->", "", svg, flags=re.DOTALL)
    # a hundredth of a point is finer than any screen; this saves a fifth of the file
    svg = re.sub(r'(?<=\sd=")[^"]*', lambda path: shorten(path[0]), svg)
    svg = re.sub(r"\s*\n\s*", "\n", svg)
    svg = re.sub(r'<style id="theme">.*?</style>', "", svg, flags=re.DOTALL)
    return re.sub(r"(<svg\b[^>]*>)", r"\1" + STYLE, svg, count=1)


def size(svg: str) -> tuple[int, int] | None:
    """Width and height in CSS pixels, as the root element gives them.

    >>> size('<svg width="360pt" height="230.4pt"></svg>')
    (480, 307)
    """
    lengths = []
    for name in ("width", "height"):
        found = re.search(rf'<svg\b[^>]*?\s{name}="([\d.]+)(pt|px)?"', svg)
        if not found:
            return None
        lengths.append(round(float(found[1]) * (4 / 3 if found[2] == "pt" else 1)))
    return lengths[0], lengths[1]


def replace_text(path: Path, text: str) -> None:
    """Write a file that other processes may read or write at this moment."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False
    ) as part:
        part.write(text)
    Path(part.name).chmod(0o644)
    os.replace(part.name, path)


def is_drawn(node: nodes.Node) -> bool:
    """Whether a node is an image that a code cell made."""
    parent = node.parent
    return isinstance(node, nodes.image) and (
        isinstance(parent, nodes.container) and "mime_type" in parent
    )


def treat_figures(app: Sphinx, doctree: nodes.document) -> None:
    """Treat the drawings of a page and look at their alt texts."""
    drawn: list[nodes.image] = list(doctree.findall(is_drawn))  # type: ignore[arg-type]
    for position, node in enumerate(drawn):
        alt = node.get("alt", "").strip()
        place: nodes.Node = node
        while not place.line and place.parent is not None:
            place = place.parent
        if not alt or DEFAULT_ALT.fullmatch(alt):
            problem = f"says nothing: {alt!r}" if alt else "is missing"
            logger.warning(
                "the alt text of a figure %s", problem, location=place, type="figures"
            )
        path = Path(app.srcdir, node["uri"].lstrip("/")).resolve()
        if path.suffix != ".svg":
            logger.warning(
                "a figure is %s and not svg: was it drawn outside the book's profile?",
                path.suffix[1:],
                location=place,
                type="figures",
            )
        else:
            text = path.read_text(encoding="utf-8")
            themed = theme(text)
            if themed != text:
                replace_text(path, themed)
            measured = size(themed)
            if measured and not {"width", "height", "scale"} & set(node.attributes):
                node["size"] = measured
        node["lazy"] = position > 0


def visit_image(self: HTML5Translator, node: nodes.image) -> None:
    """Sphinx's image, with its size and how to load it for a drawing."""
    HTML5Translator.visit_image(self, node)
    extra = ""
    if "size" in node:
        extra += ' width="{}" height="{}"'.format(*node["size"])
    if node.get("lazy"):
        extra += ' loading="lazy" decoding="async"'
    if extra:
        self.body[-1] = self.body[-1].replace("<img ", f"<img{extra} ", 1)


def depart_image(self: HTML5Translator, node: nodes.image) -> None:
    """Nothing to close, as in Sphinx."""
    HTML5Translator.depart_image(self, node)


def kernel_environment(docs: Path) -> dict[str, str]:
    """What ``os.environ`` must say for kernels to draw in the book's style.

    IPython writes into the folder that holds its profile, hence a copy, which goes
    when the process ends.
    """
    profile = Path(tempfile.mkdtemp(prefix="book-ipython-"))
    atexit.register(shutil.rmtree, profile, ignore_errors=True)
    shutil.copytree(docs / "_style" / "ipython", profile, dirs_exist_ok=True)
    return {
        "MATPLOTLIBRC": str(docs / "_style" / "matplotlibrc"),
        "IPYTHONDIR": str(profile),
        # The kernel's own choice; matplotlib may be imported before the kernel starts.
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


def setup(app: Sphinx) -> ExtensionMetadata:
    """Treat figures when a page is read; write sizes into its HTML."""
    app.connect("doctree-read", treat_figures)
    app.add_node(nodes.image, override=True, html=(visit_image, depart_image))
    return {
        "version": "1.0",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
