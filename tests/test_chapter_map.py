"""The map of the chapters agrees with the contents and with the chapters."""

from __future__ import annotations

import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from book.prose import DOCS, chapters

mpl.use("agg")

from neuralnet.chapter_map import HELPED_BY, NEEDS, PARTS, draw_map, rows

EDGES = [(to, of) for edges in (NEEDS, HELPED_BY) for to in edges for of in edges[to]]


def test_map_has_every_chapter_in_reading_order():
    assert list(NEEDS) == [path.stem for path in chapters()]


def test_parts_are_those_of_the_contents():
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    found = re.findall(
        r":caption: Part (\w+)\.[^\n]*\n:numbered:\n[^\n]*\n\n(.*?)\n```",
        text,
        re.DOTALL,
    )
    assert {part: tuple(block.split()) for part, block in found} == PARTS


@pytest.mark.parametrize("name", NEEDS)
def test_map_has_the_title_of_the_page(name):
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    title = re.findall(r"^# (.+)$", text, re.MULTILINE)[0]
    assert title == name.replace("_", " ").capitalize()


@pytest.mark.parametrize(("name", "source"), EDGES)
def test_chapter_refers_to_what_it_needs(name, source):
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert re.search(rf"\{{doc\}}`(?:[^`]*<)?{source}>?`", text)


def test_every_chapter_stands_below_what_it_needs_or_is_helped_by():
    level = {name: k for k, row in enumerate(rows(NEEDS)) for name in row}
    assert all(level[to] > level[of] for to in NEEDS for of in NEEDS[to])
    order = list(NEEDS)
    assert all(order.index(to) > order.index(of) for to, of in EDGES)


def test_chapter_that_needs_a_later_one_is_an_error():
    with pytest.raises(ValueError, match="a needs b, which does not come before it"):
        rows({"a": ("b",), "b": ()})


def test_no_chapters_make_no_rows():
    assert rows({}) == []


def test_arrows_lead_from_box_to_box():
    figure = draw_map()
    shown = [each.get_text() for each in figure.axes[0].texts if each.get_text()]
    arrows = [each.arrow_patch for each in figure.axes[0].texts if not each.get_text()]
    plt.close(figure)
    assert len(shown) == len(NEEDS)
    assert shown[4] in {"5 Gradient descent", "3 Activations", "4 Losses"}
    assert len(arrows) == len(EDGES)
    assert [each.get_linestyle() for each in arrows].count(":") == sum(
        map(len, HELPED_BY.values())
    )
