"""Small mends of the finished page, on small pieces of markup."""

from __future__ import annotations

import pytest
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
