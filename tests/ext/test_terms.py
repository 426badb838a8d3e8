"""The glossary says where the book introduces each term."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ext.tiny import build

DOCS = Path(__file__).parents[2] / "docs"
CONF = f"""
import sys
sys.path.insert(0, {str(DOCS / "_ext")!r})
extensions = ["myst_parser", "terms"]
"""
PAGES = {
    "index": "# Tiny\n\n```{toctree}\n:numbered:\nb\na\n```\n"
    "```{toctree}\nglossary\n```\n\nThe {term}`slope` is what it is about.\n",
    "a": "# Early\n\nA {term}`loss`, a {term}`slope`.\n",
    "b": "# Late\n\nNothing.\n\n## Down\n\n{term}`Slopes <slope>` and {term}`slope`.\n",
    "glossary": "# Glossary\n\n```{glossary}\nslope\n  Steepness.\n\nloss\n"
    "  Wrongness.\n\nunused\n  Never met.\n```\n",
}


@pytest.fixture
def book(tmp_path):
    (tmp_path / "conf.py").write_text(CONF)
    for name, text in PAGES.items():
        (tmp_path / f"{name}.md").write_text(text)
    return tmp_path


def introduced(book: Path) -> dict[str, tuple[str, str]]:
    """Address and text of the link at the end of each entry."""
    assert build(book) == ""
    page = (book / "html" / "glossary.html").read_text()
    entries = re.findall(r'<dt id="term-(\w+)">(.*?)</dd>', page, re.DOTALL)
    links = {name: re.findall(LINK, text) for name, text in entries}
    return {name: found[0] for name, found in links.items() if found}


LINK = r'<a class="introduced[^"]*" href="([^"]+)">([^<]+)</a>'


def test_place_is_the_first_of_the_numbered_pages_in_reading_order(book):
    assert introduced(book) == {
        "slope": ("b.html#down", "1.1 Down"),
        "loss": ("a.html", "2 Early"),
    }


def test_glossary_follows_a_term_that_moves(book):
    introduced(book)
    (book / "b.md").write_text("# Late\n\nNow the {term}`loss` too.\n")
    assert introduced(book) == {
        "slope": ("a.html", "2 Early"),
        "loss": ("b.html", "1 Late"),
    }
    (book / "index.md").write_text(PAGES["index"].replace("b\na", "a\nb"))
    assert introduced(book)["loss"] == ("a.html", "1 Early")


def test_index_leads_to_the_section_of_each_page_that_first_links_a_word(book):
    conf = f"\nhtml_theme = 'furo'\ntemplates_path = [{str(DOCS / '_templates')!r}]\n"
    (book / "conf.py").write_text(CONF + conf)
    (book / "a.md").write_text(
        PAGES["a"] + "\n{py:func}`torch.nn.relu`, {term}`slope` again, {doc}`b`.\n"
    )
    assert build(book) == ""
    page = (book / "html" / "genindex.html").read_text()
    entries = re.findall(r"<li>([^<:]+): (.*?)\s*</li>", page, re.DOTALL)
    links = {
        name: re.findall(r'<a href="([^"]+)">([^<]+)</a>', line)
        for name, line in entries
    }
    glossary = ("glossary.html#term-slope", "Glossary")
    assert links["slope"] == [
        glossary,
        ("b.html#down", "Late"),
        ("a.html#early", "Early"),
        ("index.html#tiny", "Tiny"),
    ]
    assert links["relu (torch.nn)"] == [("a.html#early", "Early")]
    assert links["unused"] == [("glossary.html#term-unused", "Glossary")]
