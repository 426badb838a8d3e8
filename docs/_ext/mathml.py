"""Math as MathML, written when the book is built.

``html_math_renderer = "mathml"`` turns each formula into MathML with math-core.
A formula that math-core cannot turn is a warning with the formula's place, what is
wrong and the formula, so that a build whose warnings are errors fails.
"""

from __future__ import annotations

import html
import re
from functools import cache
from html.entities import html5
from typing import TYPE_CHECKING, Any

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

#: Environments that would print a number beside the one that Sphinx gives.
NUMBERED = re.compile(r"\\(begin|end)\{(align|gather|equation|alignat|multline)\}")
ENVIRONMENT = re.compile(
    r"\\begin\{(\w+\*?)\}(?:(?!\\begin\{).)*?\\end\{\1\}", re.DOTALL
)
#: A prime is raised already; as a superscript it would be raised and small.
PRIMED = r"<(m[io]|mtext)\b[^>]*>[^<]*</\2>|<mrow><mspace/><mi>[^<]*</mi></mrow>"
PRIME = re.compile(rf"<msup>({PRIMED})<mo>([′″‴])</mo></msup>")
ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(\w+;)")


@cache
def converter(namespace: bool) -> LatexToMathML:
    """The converter; EPUB is XML, and there MathML needs its namespace."""
    return LatexToMathML(
        annotation=True, fancy_error=False, xml_namespace=namespace, macros={}
    )


def breaks_lines(latex: str) -> bool:
    r"""Whether a line break stands outside every environment: it would be dropped.

    >>> breaks_lines(r"a \\ b"), breaks_lines(r"\begin{cases} a \\ b \end{cases}")
    (True, False)
    """
    before = ""
    while before != latex:
        before, latex = latex, ENVIRONMENT.sub("", latex)
    return r"\\" in latex


def prepare(latex: str) -> str:
    r"""Display LaTeX as Sphinx reads it, in the environments that math-core has.

    >>> prepare(r"\begin{align} a &= b \end{align}")
    '\\begin{align*} a &= b \\end{align*}'

    Parts with an empty line between them are formulas below each other.

    >>> prepare("a = b\n\nc = d") == r"\begin{gathered} a = b \\ c = d \end{gathered}"
    True
    """
    latex = NUMBERED.sub(r"\\\1{\2*}", latex.strip())
    latex = re.sub(r"\\(begin|end)\{split\}", r"\\\1{aligned}", latex)
    parts = [part.strip() for part in re.split(r"\n\s*\n", latex) if part.strip()]
    parts = [
        rf"\begin{{aligned}} {part} \end{{aligned}}" if breaks_lines(part) else part
        for part in parts
    ]
    if len(parts) < 2:
        return "".join(parts)
    return r"\begin{gathered} " + r" \\ ".join(parts) + r" \end{gathered}"


def to_mathml(latex: str, *, display: bool = False, namespace: bool = False) -> str:
    r"""MathML of a formula; ``LatexError`` says where in it math-core stopped.

    >>> to_mathml("x")[:17]
    '<math><semantics>'

    Named entities become characters (XML knows five of them) and the attribute that
    no schema allows on ``mtable`` goes.

    >>> "⁡" in to_mathml(r"\sin x"), "&ApplyFunction;" in to_mathml(r"\sin x")
    (True, False)
    """
    made = converter(namespace).convert_with_local_state(latex, displaystyle=display)
    made = made.replace(' scriptlevel="0"', "")
    made = PRIME.sub(r'<mrow>\1<mo lspace="0" rspace="0">\3</mo></mrow>', made)
    return ENTITY.sub(lambda found: html5.get(found[1], found[0]), made)


def render(writer: HTML5Translator, node: nodes.Element, display: bool) -> str:
    """MathML of a node, or the LaTeX itself and a warning."""
    latex = prepare(node.astext()) if display else node.astext()
    namespace = writer.builder.name == "epub"
    try:
        if not latex.strip():
            raise ValueError("the formula is empty.")
        if breaks_lines(latex):
            raise ValueError("a line break outside every environment.")
        return to_mathml(latex, display=display, namespace=namespace)
    except (LatexError, ValueError) as error:
        place: nodes.Node | None = node
        while place is not None and not place.line:
            place = place.parent
        problem = re.sub(r"^(\d+): ", r"at character \1: ", str(error))
        message = "formula cannot be turned into MathML: %s In: %s"
        arguments = (problem, " ".join(latex.split()))
        logger.warning(message, *arguments, location=place or node, type="mathml")
        return f'<code class="math-error">{html.escape(latex)}</code>'


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    """An inline formula is a ``<math>`` and nothing around it."""
    self.body.append(render(self, node, display=False))
    raise nodes.SkipNode


def visit_math_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Number and permalink first, then the formula in a box that scrolls."""
    wrapped = isinstance(node.parent, nodes.container)  # by furo, say
    around = node.parent.parent if wrapped else node.parent
    if isinstance(around, nodes.TextElement):
        logger.warning(
            "display formula inside a paragraph: give it a block of its own",
            location=around,
            type="mathml",
        )
    ids = node["ids"]
    if wrapped and node.parent["ids"] == ids:
        node["ids"] = []  # the wrapper has them already
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    node["ids"] = ids
    name = "Equation"
    if node.get("number"):
        number = get_node_equation_number(self, node)
        name += f" {number}"
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(
        f'<div class="math-scroll" role="group" aria-label="{name}" tabindex="0">'
        f"{render(self, node, display=True)}</div></div>\n"
    )
    raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the renderer; conf.py chooses it by ``html_math_renderer``."""
    inline: Any = (visit_math, None)
    block: Any = (visit_math_block, None)
    app.add_html_math_renderer("mathml", inline, block)
    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
