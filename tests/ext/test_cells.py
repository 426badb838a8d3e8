"""Reading and writing a chapter's cells: text in, text out."""

from __future__ import annotations

import pytest
from cells import ChapterError, expand, read_cells, split_format, typeset

KERNEL = "kernelspec: {name: python3}"


def chapter(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def expanded(*lines: str):
    text = chapter(*lines)
    return expand(text, lambda reference: f"source_of_{reference} = 1", KERNEL)


CELL = ["```{code-cell}", "x = 1", "```"]


def test_options_and_body_are_told_apart():
    [cell] = read_cells(
        chapter("# A", "```{code-cell} python", ":fold: Show it", "", "x = 1", "```")
    )
    assert cell.options == {"fold": "Show it"}
    assert (cell.line, cell.body, cell.body_line, cell.end) == (2, ["x = 1"], 5, 6)


def test_options_in_a_yaml_block_may_span_lines():
    [cell] = read_cells(
        chapter(
            "```{code-cell}",
            "---",
            "figure: fig-a",
            "caption: >",
            "  Two lines",
            "  of text",
            "alt: seen",
            "---",
            "draw()",
            "```",
        )
    )
    assert cell.options["caption"] == "Two lines of text"
    assert cell.body == ["draw()"]


def test_cell_inside_another_block_is_left_to_myst():
    assert read_cells(chapter("````{note}", *CELL, "````")) == []


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (
            ["", " ```{code-cell}", " :quote: a.b", " ```"],
            2,
            "a code cell begins at the margin",
        ),
        (
            ["```{code-cell}", ":qoute: a.b", "```"],
            2,
            "unknown cell option 'qoute'; did you mean 'quote'",
        ),
        (["```{code-cell}", ":zzz: a", "x", "```"], 2, "known: quote, caption"),
        (["```{code-cell}", ":quote: a.b", "x = 1", "```"], 3, "no body of its own"),
        (["", "```{code-cell}", "```"], 2, "the cell is empty"),
        (["```{code-cell}", ":fold:", "x", "```"], 2, "'fold' has no value"),
        (
            ["```{code-cell}", ":fold: a", ":fold: b", "x", "```"],
            3,
            "'fold' is given twice",
        ),
        (
            ["```{code-cell}", ":figure: f", ":caption: c", "x", "```"],
            1,
            "'figure' needs 'alt'",
        ),
        (["```{code-cell}", ":label: f", "x", "```"], 1, "'label' needs 'caption'"),
        (["```{code-cell}", ":fold: f", ":predict: p", "x", "```"], 1, "not both"),
        (["# A", "```{code-cell}", "x"], 2, "is not closed"),
        (["```{code-cell}", "---", "- a", "---", "x", "```"], 1, "not valid"),
    ],
)
def test_a_bad_cell_is_refused_with_its_line(lines, line, message):
    with pytest.raises(ChapterError, match=message) as caught:
        read_cells(chapter(*lines))
    assert caught.value.line == line


def test_quotations_are_filled_in_and_spaced():
    page = expanded("```{code-cell}", ":quote: a.x a.y", "```")
    assert "source_of_a.x = 1\nsource_of_a.y = 1" in page.text


def test_every_expanded_line_knows_its_origin():
    page = expanded("---", "a: b", "---", "", *CELL, "after {value}`x:.2f`")
    assert page.lines[1] == KERNEL
    assert page.origin[page.lines.index("x = 1")] == 6
    assert page.origin[-1] == 8
    assert len(page.lines) == len(page.origin)


def test_value_is_computed_after_the_cell_before_it():
    page = expanded(*CELL, "{value}`x`", *CELL, "{value}`x`", "{final}`x`")
    assert "{value}`0.0`" in page.text
    assert page.text.count("{value}`1.0`") == 2
    assert page.text.count("display_pub.publish") == 2


def test_value_in_a_caption_belongs_to_its_own_cell():
    page = expanded(*CELL, "```{code-cell}", ":caption: is {value}`x`", "x = 2", "```")
    assert "is {value}`1.0`" in page.text


def test_value_cells_do_not_depend_on_the_order_of_the_prose():
    one = expanded(*CELL, "{value}`a` and {value}`b`")
    two = expanded(*CELL, "{value}`b` and {value}`a`")
    assert [line for line in one.lines if "publish" in line] == [
        line for line in two.lines if "publish" in line
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["{value}`x`", *CELL], "before the first cell; use {final}"),
        (["{final}`x`"], "needs a code cell"),
        ([*CELL, "{value}`x +`"], "holds no expression"),
    ],
)
def test_a_bad_value_is_refused(lines, message):
    with pytest.raises(ChapterError, match=message):
        expanded(*lines)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x", ("x", "")),
        ("x:.2f", ("x", ".2f")),
        ("x[1:3]", ("x[1:3]", "")),
        ("x[1:3]:,", ("x[1:3]", ",")),
        ("f(':'):.1%", ("f(':')", ".1%")),
        ('{"a": 1}["a"]:d', ('{"a": 1}["a"]', "d")),
    ],
)
def test_format_is_split_off_at_the_last_colon(text, parts):
    assert split_format(text) == parts


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("-17.30", "−17.30"),
        ("3.40e-04", "3.40 × 10⁻⁴"),
        ("1e+02", "1 × 10²"),
        ("-inf", "−inf"),
        ("(11, 1)", "(11, 1)"),
        ("2-3", "2-3"),
        ("float-like", "float-like"),
        ("1,764", "1,764"),
    ],
)
def test_numbers_are_typeset(text, printed):
    assert typeset(text) == printed
