"""The text of a notebook: MyST written as the Markdown every notebook knows."""

from __future__ import annotations

import pytest
from downloads import plain


def number(role: str, label: str) -> str:
    return f"<{role} {label}>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is {value}`3.14`.", "It is 3.14."),
        ("A {term}`neuron` or {term}`neurons <neuron>`.", "A neuron or neurons."),
        ("Call {py:func}`torch.relu`.", "Call `torch.relu`."),
        ("See {numref}`fig-a` and {eq}`e`.", "See <numref fig-a> and <eq e>."),
        ("By {cite:t}`glorot2010`.", "By [glorot2010]."),
        ("(target)=\n# Title", "# Title"),
        ("```{math}\n:label: e\n\nx = 1\n```", "$$\nx = 1\n$$"),
        (
            "```{admonition} What breaks\n:class: trap\nIt.\n```",
            "> **What breaks**\n>\n> It.",
        ),
        ("```{index} bias\n```\ntext", "text"),
        ("````{dress}\n:label: a\n\nA caption\n````", "*A caption*"),
        ("```{exercise} Name\n:label: e\n\nDo.\n```", "**Exercise. Name**\n\nDo."),
        ("```{solution-end}\n```", ""),
        ("plain `code` and $x$", "plain `code` and $x$"),
    ],
)
def test_markup_is_written_plainly(text, expected):
    assert plain(text, number) == expected
