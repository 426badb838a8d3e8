"""Every letter of a formula is explained on the page of notation."""

from __future__ import annotations

import re

import pytest
from book.prose import DOCS, chapters

GREEK = re.findall(
    r"\w+",
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa"
    " lambda mu nu xi rho sigma tau upsilon phi varphi chi psi omega ell Gamma Delta"
    " Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega",
)
#: What is no letter of its own: words, labels, the sign for transposed, the two
#: units of a reading.
WORDS = re.compile(
    r"\\(?:operatorname|text|begin|end)\{[^}]*\}|:label:.*|\\mathsf T|(?<=t)_\{?[uc]"
)
CODE = re.compile(r"^```\{code-cell\}.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"```\{math\}(.*?)```|\$([^$\n]+)\$", re.DOTALL)


def letters(text: str) -> set[str]:
    """The letters in the formulas of a page, Greek ones by name."""
    formulas = [one or other for one, other in FORMULA.findall(CODE.sub("", text))]
    names = re.findall(r"\\([A-Za-z]+)|([A-Za-z])", WORDS.sub(" ", " ".join(formulas)))
    return {name or letter for name, letter in names if letter or name in GREEK}


def rows(text: str, stem: str) -> set[str]:
    """The letters that a page of notation explains for a chapter."""
    explained = set()
    for row in re.findall(r"^\| \$.*", text, re.MULTILINE):
        where = re.findall(r"\{doc\}`(\w+)`", row)
        if stem in where or not where:
            explained |= letters(row.split(" | ")[0])
    return explained


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_every_letter_of_a_formula_is_explained(path):
    notation = (DOCS / "notation.md").read_text(encoding="utf-8")
    used = letters(path.read_text(encoding="utf-8"))
    assert used
    assert used - rows(notation, path.stem) == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"a slope $\eta\,\bar v$ of `$x$`", {"eta", "v"}),
        (
            "```{math}\n:label: eq-a\nE = \\frac12 W^{\\mathsf T} m_i\n```\n",
            set("EWmi"),
        ),
        (r"of $\hat t_{c,i}$ and $\tanh(t_u)$, $\operatorname{relu}(z)$", set("tiz")),
        ("```{code-cell}\nprint('$q$')\n```\n$p$", {"p"}),
    ],
)
def test_letters_are_found(text, found):
    assert letters(text) == found


def test_rows_are_those_of_the_book_and_of_the_chapter():
    text = (
        "| $b$ | `b` | bias of $z$ |\n"
        "| $s$ | `s` | stride | {doc}`tensors` |\n"
        "| $q$ | | factor | {doc}`optimizers`, {doc}`training` |\n"
    )
    assert rows(text, "tensors") == {"b", "s"}
    assert rows(text, "training") == {"b", "q"}
