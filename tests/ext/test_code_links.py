"""Links in code: names followed through the blocks of a page, and put in its HTML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from code_links import Links, link_body, read_blocks, text
from ext.tiny import build
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonConsoleLexer, PythonLexer

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_ext"
KNOWN = {
    "math": "doc/math",
    "math.sqrt": "doc/sqrt",
    "print": "doc/print",
    "fractions.Fraction": "doc/Fraction",
    "fractions.Fraction.limit_denominator": "doc/limit",
}


def shown(code: str) -> str:
    """Code as it stands in a page."""
    is_console = code.startswith(">>>")
    lexer = PythonConsoleLexer() if is_console else PythonLexer()
    block = highlight(code, lexer, HtmlFormatter(wrapcode=False))
    return f'<div class="highlight-python notranslate">{block}</div>'


def links(*sources: str, known: dict[str, str] = KNOWN) -> list[tuple[str, str]]:
    """Address and text of the links in a page of these blocks."""
    body = "<p>and then</p>".join(map(shown, sources))
    blocks, links = read_blocks(sources), Links()
    links.follow(blocks, known)
    linked = link_body(body, blocks, links.find)
    assert re.sub("</?a[^>]*>", "", linked) == body
    found = re.findall(r'<a class="code-link" href="([^"]+)">(.*?)</a>', linked)
    return [(address, text(inside)) for address, inside in found]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("import math", [("doc/math", "math")]),
        (
            "import math as m\nm.sqrt(2)",
            [("doc/math", "math"), ("doc/sqrt", "m.sqrt")],
        ),
        ("from math import sqrt", [("doc/math", "math"), ("doc/sqrt", "sqrt")]),
        ("print(1)", [("doc/print", "print")]),
        ("print = 1\nprint", []),
        ("import math\nmath.nothing()", [("doc/math", "math")]),
        (
            "from fractions import Fraction as F\nhalf = F()\nhalf.limit_denominator()",
            [
                ("doc/Fraction", "Fraction"),
                ("doc/Fraction", "F"),
                ("doc/limit", "half.limit_denominator"),
            ],
        ),
        (">>> print(1)\n1", [("doc/print", "print")]),
        ("# print\n'print'", []),
        ("def f(\n", []),
        ("f(1)(2)", []),
    ],
)
def test_names_that_come_from_imports_are_linked(code, wanted):
    assert links(code) == wanted


def test_names_are_followed_from_block_to_block():
    assert links("import math", "no python :(", "math.sqrt(2)") == [
        ("doc/math", "math"),
        ("doc/sqrt", "math.sqrt"),
    ]


def test_blocks_of_the_same_code_have_the_names_of_their_places():
    again = "sqrt(2)"
    found = links(again, "from math import sqrt", again, "sqrt = 1", again)
    assert found == [
        ("doc/math", "math"),
        ("doc/sqrt", "sqrt"),
        ("doc/sqrt", "sqrt"),
    ]


def test_block_that_the_page_shows_otherwise_is_left_alone():
    blocks = read_blocks(["import math"])
    body = shown("import maths")
    assert link_body(body, blocks, lambda name: "doc") == body


CONF = f"""
import sys
sys.path.insert(0, {str(EXTENSIONS)!r})
extensions = ["code_links"]
intersphinx_mapping = {{"python": ("https://here.example/", "python.inv")}}
"""
INDEX = "Index\n=====\n\n.. toctree::\n\n   one\n\n>>> import math\n"
ONE = """One
===

.. code-block:: python

   import math

>>> math.sqrt(4)
"""
INVENTORY = """# Sphinx inventory version 1
# Project: Python
# Version: 3
math mod library/math.html
math.sqrt function library/math.html
"""


def test_page_written_again_for_its_neighbour_keeps_its_links(tmp_path):
    (tmp_path / "conf.py").write_text(CONF)
    (tmp_path / "python.inv").write_text(INVENTORY)
    (tmp_path / "index.rst").write_text(INDEX)
    (tmp_path / "one.rst").write_text(ONE)
    build(tmp_path)
    index, one = (tmp_path / "html" / f"{name}.html" for name in ("index", "one"))
    address = 'href="https://here.example/library/math.html'
    assert index.read_text().count(address) == 1
    assert one.read_text().count(address) == 2

    (tmp_path / "one.rst").write_text(ONE.replace("One\n===", "Uno\n==="))
    build(tmp_path)
    assert "Uno" in index.read_text()
    assert index.read_text().count(address) == 1
    assert one.read_text().count(address) == 2

    # Another address of the same name: pages with code are written again.
    (tmp_path / "python.inv").write_text(INVENTORY.replace("library/", "lib/"))
    build(tmp_path)
    assert one.read_text().count(address.replace("library/", "lib/")) == 2


def test_what_names_are_followed_into_is_imported_once_for_all_processes(tmp_path):
    here = f"sys.path.insert(0, {str(tmp_path)!r})\n"
    (tmp_path / "conf.py").write_text(f"{CONF}{here}code_links_import = ['loud']\n")
    (tmp_path / "python.inv").write_text(INVENTORY)
    (tmp_path / "index.rst").write_text(INDEX)
    (tmp_path / "one.rst").write_text(ONE.replace("import math", "import loud"))
    (tmp_path / "two.rst").write_text(":orphan:\n\n" + ONE.replace("math", "loud"))
    note = tmp_path / "imported"
    (tmp_path / "loud.py").write_text(f"open({str(note)!r}, 'a').write('once')\n")
    build(tmp_path, "html", "-j", "3")
    assert note.read_text() == "once"

    (tmp_path / "one.rst").write_text(ONE.replace("import math", "import   loud"))
    build(tmp_path, "html", "-j", "3")
    assert note.read_text() == "once"  # its names are known
