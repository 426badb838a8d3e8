"""Small mends of the finished page, on small pieces of markup."""

from __future__ import annotations

from pathlib import Path

import pytest
from ext.tiny import build
from page import FORMULA_END, MENDED_BODY, MENDED_PAGE, PLAIN_CODE, mend


def test_landmarks_get_names():
    text = mend('<aside class="sidebar-drawer"></aside>', MENDED_PAGE)
    assert text == '<aside class="sidebar-drawer" aria-label="The book"></aside>'


def test_bibliography_loses_roles_that_no_browser_knows():
    text = '<div role="list" class="citation-list"><div role="doc-biblioentry">'
    assert mend(text, MENDED_BODY) == '<div class="citation-list"><div>'


@pytest.mark.parametrize("dot", [".", ",", ").", "?"])
def test_punctuation_stays_with_the_formula_before_it(dot):
    text = f"<p>for <math><mi>x</mi></math>{dot} Then <math><mi>y</mi></math> is"
    assert FORMULA_END.sub(r"[\1]", text) == (
        f"<p>for [<math><mi>x</mi></math>{dot}] Then <math><mi>y</mi></math> is"
    )


def test_displayed_formula_is_left_alone():
    text = '<math display="block"><mi>x</mi></math>.'
    assert FORMULA_END.sub(r"[\1]", text) == text


def test_marks_of_plain_code_go_and_coloured_ones_stay():
    text = '<span class="n">x</span> <span class="o">=</span><span class="p">(</span>'
    assert PLAIN_CODE.sub(r"\1", text) == 'x <span class="o">=</span>('


EXTENSIONS = Path(__file__).parents[2] / "docs" / "_ext"
CONF = f"import sys\nsys.path.insert(0, {str(EXTENSIONS)!r})\nextensions = ['page']\n"
TOCTREE = "Index\n=====\n\n.. toctree::\n   :numbered:\n\n   {}\n   {}\n"


def test_pages_never_show_the_old_title_number_or_place_of_another(tmp_path):
    (tmp_path / "conf.py").write_text(CONF)
    (tmp_path / "index.rst").write_text(TOCTREE.format("one", "two"))
    (tmp_path / "one.rst").write_text("One\n===\n")
    (tmp_path / "two.rst").write_text("Two\n===\n")
    page = tmp_path / "html" / "one.html"
    build(tmp_path)
    assert "Two" in page.read_text()
    assert "1. " in page.read_text()

    (tmp_path / "two.rst").write_text("Zwei\n====\n")
    build(tmp_path)
    assert "Zwei" in page.read_text()
    assert "Two" not in page.read_text()

    (tmp_path / "index.rst").write_text(TOCTREE.format("two", "one"))
    build(tmp_path)
    assert "2. " in page.read_text()

    written = page.stat().st_mtime_ns
    build(tmp_path)
    (tmp_path / "two.rst").write_text("Zwei\n====\n\nText.\n")
    build(tmp_path)
    assert page.stat().st_mtime_ns == written
