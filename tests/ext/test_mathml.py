"""Math: MathML in the page, a number before it, warnings with their place."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import html5lib
import mathml
import pytest

from tests.ext.tiny import build

DOCS = Path(__file__).parents[2] / "docs"
STATIC = DOCS / "_static"
CONF = f"""
import sys
sys.path.insert(0, {str(DOCS / "_ext")!r})
extensions = ["myst_parser", "mathml"]
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_dmath_double_inline = True
html_math_renderer = "mathml"
html_theme = "furo"
numfig = True
math_numfig = True
numfig_secnum_depth = 1
"""
INDEX = """# Book

```{toctree}
:numbered:
one
two
```
"""
ONE = r"""# One

The slope $f'(x)$ and $a < b$ here.

```{math}
:label: eq-update
w \leftarrow w - \eta \frac{\partial E}{\partial w}
```

\begin{align}
a &= b \\
c &= \sin d
\end{align}

```{math}
a = b

c = d
```

See {eq}`eq-update`.
"""
TWO = r"""# Two

Fine $x$.

Words and $\substack{a}$ here.

```{math}
:label: eq-bad
\frac{a
```

$a & b$

$a \\ b$

Words $$x$$ words.
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A tiny book, built once; its folder and its warnings."""
    folder = tmp_path_factory.mktemp("mathml")
    (folder / "conf.py").write_text(CONF)
    (folder / "index.md").write_text(INDEX)
    (folder / "one.md").write_text(ONE)
    (folder / "two.md").write_text(TWO)
    return folder, build(folder)


@pytest.fixture(scope="module")
def one(book):
    """The page without mistakes."""
    return (book[0] / "html" / "one.html").read_text()


def warnings_of(text: str) -> list[tuple[int, str]]:
    found = re.findall(r"two\.md:(\d+): WARNING: (.*)", text)
    return [(int(line), message) for line, message in found]


def test_page_without_mistakes_has_no_warning(book):
    assert "one.md" not in book[1]


def test_inline_formula_is_mathml_with_its_latex(one):
    assert '<annotation encoding="application/x-tex">a &lt; b</annotation>' in one


def test_display_formula_is_displayed(one):
    assert one.count('<math display="block">') == 3


def test_number_comes_before_the_formula(one):
    block = re.search(r'<div class="math notranslate.*?</div></div>', one, re.DOTALL)
    assert block is not None
    assert block[0].index("(1.1)") < block[0].index("<math")
    assert 'class="headerlink" href="#equation-eq-update"' in block[0]


def test_formula_scrolls_in_a_named_box_that_the_keyboard_reaches(one):
    named = re.findall(r'<div class="math-scroll" role="group" aria-label="(.*?)"', one)
    assert named == ["Equation 1.1", "Equation 1.2", "Equation"]
    assert one.count('class="math-scroll"') == one.count('tabindex="0"')


def test_numbers_do_not_double(one):
    for formula in re.findall(r"<math display.*?</math>", one, re.DOTALL):
        assert not re.search(r"<mtext>\(\d+\)</mtext>", formula)


def test_reference_finds_the_number(one):
    assert re.search(r'href="#equation-eq-update">\(1\.1\)</a>', one) or re.search(
        r'href="#equation-eq-update"><span[^>]*>\(1\.1\)', one
    )


def test_no_id_is_given_twice(one):
    ids = re.findall(r'\sid="([^"]+)"', one)
    assert sorted(ids) == sorted(set(ids))
    assert "equation-eq-update" in ids


def test_page_is_html5(one):
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(one)
    codes = {code for _, code, _ in parser.errors}
    assert not codes - {"unexpected-char-in-doctype"}, codes


def test_bad_formulas_warn_with_line_problem_and_formula(book):
    found = dict(warnings_of(book[1]))
    assert "Unknown command" in found[5]
    assert r"\substack{a}" in found[5]
    assert "Expected closing token" in found[7]
    assert r"\frac{a" in found[7]
    assert "may only appear in a table-like" in found[12]
    assert "a & b" in found[12]
    assert "a line break outside every environment" in found[14]
    assert "inside a paragraph" in found[16]
    assert len(warnings_of(book[1])) == 5


def test_bad_formula_shows_its_latex(book):
    page = (book[0] / "html" / "two.html").read_text()
    assert r'<code class="math-error">\frac{a</code>' in page


def test_epub_gets_xml(book):
    folder, _ = book
    (folder / "two.md").write_text("# Two\n")
    (folder / "conf.py").write_text(CONF + "\nversion = '1'\nhtml_theme='epub'\n")
    build(folder, "epub")
    page = (folder / "epub" / "one.xhtml").read_text()
    formulas = re.findall(r"<math.*?</math>", page, re.DOTALL)
    assert len(formulas) == 5
    for formula in formulas:
        tag = ElementTree.fromstring(formula).tag
        assert tag == "{http://www.w3.org/1998/Math/MathML}math"


@pytest.mark.parametrize(
    "latex",
    [
        r"\begin{cases} z & z > 0 \\ 0 & \text{otherwise} \end{cases}",
        r"\begin{aligned} a &= b \\ &= c \end{aligned}",
        r"\begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}",
        r"\operatorname*{arg\,max}_k z_k",
        r"\mathbf{W} \in \mathbb{R}^{n \times m}, \qquad \hat t_c, \lVert x \rVert",
        "a &= b \\\\\nc &= d",
    ],
)
def test_what_the_book_writes_is_valid_xml(latex):
    made = mathml.to_mathml(mathml.prepare(latex), display=True)
    ElementTree.fromstring(made)


def test_line_break_is_never_dropped():
    assert "<mtr>" in mathml.to_mathml(mathml.prepare(r"a = b \\ c = d"), display=True)


@pytest.mark.parametrize("name", ["align", "gather", "equation", "multline"])
def test_environment_gets_its_star(name):
    latex = rf"\begin{{{name}}} a \end{{{name}}}"
    assert mathml.prepare(latex) == rf"\begin{{{name}*}} a \end{{{name}*}}"


@pytest.mark.parametrize("latex", ["f'(x)", r"\tanh''(z)", "(a + b)'", r"\text{relu}'"])
def test_prime_is_not_made_small_twice(latex):
    made = mathml.to_mathml(latex)
    assert "msup" not in made
    ElementTree.fromstring(made)


def test_power_stays_a_superscript():
    assert "msup" in mathml.to_mathml("f^2(x)")


def test_every_font_of_the_stylesheet_is_there_and_small():
    sheet = (STATIC / "fonts.css").read_text()
    names = re.findall(r'url\("([^"]+)"\)', sheet)
    assert len(names) == 3
    assert all((STATIC / name).stat().st_size < 200_000 for name in names)
    assert len(list((STATIC / "fonts").glob("*-LICENSE.txt"))) == 2


def test_fonts_hold_what_the_book_writes():
    ttlib = pytest.importorskip("fontTools.ttLib")
    text = ttlib.TTFont(STATIC / "fonts" / "source-serif-4-roman.woff2")
    assert not [
        char for char in "ηθλ∂−×±¹²³⁴₁→←āō≈≤≠" if ord(char) not in text.getBestCmap()
    ]
    math = ttlib.TTFont(STATIC / "fonts" / "stix-two-math.woff2")
    assert not [
        char for char in "𝑤𝐱𝜂∂∇∑∏√ℝ∈←→λ⏟" if ord(char) not in math.getBestCmap()
    ]
    assert "MATH" in math
