"""The reference of the code: docstrings as the book writes them, links both ways."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ext.tiny import build
from reference import link_names, marked_up, public

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("One line.", "One line."),
        ("Give `x` back.", "Give ``x`` back."),
        ("2 * x and |x|, w_ and w_1", r"2 \* x and \|x\|, w\_ and w_1"),
        ("`a * b`", "``a * b``"),
        ("Formula: w x + b.\nErrors: none.", ":Formula: w x + b.\n:Errors: none."),
        ("Formula: w x\n+ b.", ":Formula: w x\n    + b."),
        ("First.\nErrors: none.", "First.\n\n:Errors: none."),
        ("Shapes and errors: as before.", ":Shapes and errors: as before."),
        ("PyTorch: `torch.tanh`.", ":PyTorch: ``torch.tanh``."),
        ("See this: one.", "See this: one."),
        (">>> 2 * x\n4", ">>> 2 * x\n4"),
        ("    a table", "::\n\n    a table"),
    ],
)
def test_docstring_becomes_markup(written, wanted):
    assert "\n".join(marked_up(written.splitlines())).strip() == wanted


def test_paragraphs_stay_apart():
    assert marked_up(["One.", "", "", "Two."]) == ["One.", "", "Two.", ""]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("torch.nn.modules.module.Module", "torch.nn.Module"),
        ("torch._C.Generator", "torch.Generator"),
        ("torch.nn.Module", "torch.nn.Module"),
        ("torch.nn.modules.Other", "torch.nn.modules.Other"),
        ("int", "int"),
    ],
)
def test_class_is_called_by_its_public_name(name, found):
    assert public(name, {"torch.nn.Module", "torch.Generator"}) == found


KNOWN = {"f": "r.html#f", "A": "r.html#A", "B": "r.html#B"}


@pytest.mark.parametrize(
    ("line", "linked"),
    [
        ('<span class="k">def</span><span class="w"> </span>{}(x):', "nf f"),
        ('<pre><span></span><span class="k">class</span><span class="w"> </span>{}:',
         "nc A"),
        ('{}<span class="w"> </span><span class="o">=</span> 1', "n B"),
    ],
)  # fmt: skip
def test_defined_name_becomes_a_link(line, linked):
    kind, name = linked.split()
    span = f'<span class="{kind}">{name}</span>'
    body = line.format(span).replace(f"{span}(", f'{span}<span class="p">(</span>')
    body = body.replace(f"{span}:", f'{span}<span class="p">:</span>')
    link = f'<a class="to-reference" href="{KNOWN[name]}">{span}</a>'
    assert link_names(body, KNOWN) == body.replace(span, link)


@pytest.mark.parametrize(
    "line",
    [
        '    <span class="k">def</span><span class="w"> </span>'
        '<span class="nf">f</span><span class="p">(</span>',
        '<span class="k">def</span><span class="w"> </span>'
        '<span class="nf">g</span><span class="p">(</span>',
        '<span class="nb">print</span><span class="p">(</span>'
        '<span class="n">f</span><span class="p">)</span>',
    ],
)
def test_other_names_are_left(line):
    assert link_names(line, KNOWN) == line


CONF = f"""
import sys
from pathlib import Path
sys.path[:0] = [{str(DOCS / "_ext")!r}, str(Path(__file__).parent / "code")]
extensions = ["myst_parser", "reference"]
exclude_patterns = ["code"]
autodoc_default_options = {{"members": True}}
suppress_warnings = ["myst.directive_unknown"]
"""
MODULE = '''"""One idea."""


def double(x):
    """Twice a number.

    Formula: 2 * x.

    >>> double(2)
    4
    """
    return 2 * x
'''
QUOTING = "# One\n\n```{code-cell}\n:quote: one.double\n```\n"


def test_entries_name_the_pages_that_quote_them_and_follow_them(tmp_path):
    (tmp_path / "code" / "neuralnet").mkdir(parents=True)
    (tmp_path / "code" / "neuralnet" / "__init__.py").touch()
    (tmp_path / "code" / "neuralnet" / "one.py").write_text(MODULE)
    (tmp_path / "conf.py").write_text(CONF)
    index = "# Tiny\n\n```{toctree}\n:numbered:\none\nreference_all\n```\n"
    (tmp_path / "index.md").write_text(index)
    (tmp_path / "one.md").write_text(QUOTING)
    rst = "# All\n\n```{eval-rst}\n.. automodule:: neuralnet.one\n```\n"
    (tmp_path / "reference_all.md").write_text(rst)

    assert build(tmp_path) == ""
    page = tmp_path / "html" / "reference_all.html"
    assert "<p>2 * x.</p>" in page.read_text()
    assert re.search(r'>In <a [^>]*href="one.html">One</a>', page.read_text())
    assert "double" not in (tmp_path / "html" / "genindex.html").read_text()

    (tmp_path / "one.md").write_text("# One\n\nNothing.\n")
    assert build(tmp_path) == ""
    assert "one.html" not in page.read_text().partition("<p>2 * x.</p>")[2][:300]
