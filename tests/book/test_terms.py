"""No chapter uses a word of the glossary before the book has introduced it.

A word is introduced by its first `{term}` in reading order; the same paragraph may
hold it earlier. The glossary page lists the places (docs/_ext/terms.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from book.prose import chapters, prose
from book.test_prose import TERM, glossary

#: Words of the glossary in another, everyday sense.
EVERYDAY = re.compile(
    r"\b(in view|point of view|by weight|element-wise|in (?:good )?shape)\b",
    re.IGNORECASE,
)
IRREGULAR = {"matrix": "matrices", "local minimum": "local minima"}


def pattern(term: str) -> re.Pattern[str]:
    """The term as a word, in the plural too; small letters match capitals."""
    plural = r"(?:e?s)?"
    if term.endswith("y"):
        term, plural = term[:-1], "(?:y|ies)"
    words = re.escape(term).replace(r"\ ", r"[\s-]") + plural
    if other := IRREGULAR.get(term):
        words = f"(?:{words}|{other})"
    flags = re.IGNORECASE if term.islower() else 0
    return re.compile(rf"(?<![\w.`]){words}(?![\w`(])", flags)


def paragraphs(text: str) -> Iterator[tuple[int, str, str]]:
    """Each paragraph: its first line, as readers see it, and as written."""
    lines = text.splitlines()
    front = lines.index("---", 1) + 1 if text.startswith("---") else 0
    block: list[tuple[int, str]] = []
    for number, seen in [*prose(text), (len(lines) + 2, "")]:
        if block and number > block[-1][0] + 1:
            first = block[0][0]
            written = "\n".join(lines[first - 1 : block[-1][0]])
            yield first, "\n".join(each for _, each in block), written
            block = []
        if number > front and not seen.startswith("#"):
            block.append((number, seen))


def too_early(texts: dict[str, str], terms: list[str]) -> list[str]:
    """`page:line: term` for words that come before their introduction."""
    found = []
    read = [
        (
            page,
            line,
            EVERYDAY.sub(" ", re.sub(r"`[^`]*`|\$[^$]*\$", " ", seen)),
            {each.lower() for each in TERM.findall(written)},
        )
        for page, text in texts.items()
        for line, seen, written in paragraphs(text)
    ]
    for term in terms:
        word = pattern(term)
        for page, line, plain, introduced in read:
            if term.lower() in introduced:
                break
            if word.search(plain):
                found.append(f"{page}.md:{line}: {term}")
                break
    return found


def test_no_term_is_used_before_it_is_introduced():
    texts = {path.stem: path.read_text(encoding="utf-8") for path in chapters()}
    early = too_early(texts, list(glossary()))
    assert not early, "\n".join(early)


def test_every_term_is_introduced_by_a_chapter():
    texts = [path.read_text(encoding="utf-8") for path in chapters()]
    met = {term.lower() for text in texts for term in TERM.findall(text)}
    assert [term for term in glossary() if term.lower() not in met] == []


@pytest.mark.parametrize(
    ("one", "two", "early"),
    [
        ("A slope.\n\nA {term}`slope`.", "", ["one.md:1: slope"]),
        ("Slopes.", "A {term}`slope`.", ["one.md:1: slope"]),
        ("A slope, the\n{term}`slope`.", "", []),
        ("A {term}`slope`.", "A slope.", []),
        ("{term}`Slopes <slope>`, a slope.", "", []),
        ("`slope` $slope$ slope() sloped", "A {term}`slope`.", []),
        ("## A slope\n\nText.", "A {term}`slope`.", []),
        ("```{code-cell}\nslope = 1\n```", "A {term}`slope`.", []),
        ("```{code-cell}\n:caption: A slope\nx = 1\n```", "", ["one.md:2: slope"]),
    ],
)
def test_early_words_are_found(one, two, early):
    assert too_early({"one": one, "two": two}, ["slope"]) == early


@pytest.mark.parametrize(
    ("term", "text", "is_found"),
    [
        ("matrix", "two matrices", True),
        ("loss", "losses", True),
        ("ELU", "a ReLU", False),
        ("ELU", "an elu", False),
        ("dtype", "Dtypes differ", True),
        ("learning rate", "learning-rate schedule", True),
        ("plateau", "plateaus", True),
    ],
)
def test_forms_of_a_term(term, text, is_found):
    assert bool(pattern(term).search(text)) == is_found
