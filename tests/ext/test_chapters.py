"""Tiny books are built: what is executed, what is shown, what stops a build."""

from __future__ import annotations

import json
import re
import shutil

import nbformat
import pytest
from programs import KERNELS

CHAPTER = """# One

At the end {final}`slope(2.0):.2f`.

```{code-cell}
:quote: parts.imports parts.SCALE parts.slope
:caption: A slope of {value}`SCALE:.1f`
:label: lst-slope
```

See {numref}`lst-slope`: {value}`slope(-0.5)`.

```{answer}
It is *steep*.
```

```{code-cell}
:fold: How it is drawn
:figure: fig-line
:caption: A line.
:alt: A line that rises by {value}`SCALE:.0f` for each step to the right.
import matplotlib.pyplot as plt

plt.plot([0, 1], [0, SCALE])
plt.show()
```

```{code-cell}
:predict: First guess
print(slope(1.0))
```
"""
SECOND = """# Two

```{code-cell}
:quote: other.OTHER
```
"""
INDEX = "# Tiny\n\n```{toctree}\n:numbered:\none\ntwo\n```\n"


def make(book):
    book.page("one", CHAPTER)
    book.page("two", SECOND)
    book.write("docs/index.md", INDEX)
    assert book.build() == 0, book.output
    return book


def test_page_shows_source_numbers_captions_and_folds(book):
    make(book)
    page = book.html("one")
    assert 'At the end <span class="value">4.00</span>' in page
    assert '<span class="value">−1.0</span>' in page
    assert "Listing 1" in page
    assert 'id="lst-slope"' in page
    assert 'alt="A line that rises by 2 for each step to the right."' in page
    assert 'id="fig-line"' in page
    assert "<summary>How it is drawn</summary>" in page
    assert "<summary>First guess</summary>" in page
    answer = '<details class="answer fold"><summary>Answer</summary><p>It is <em>steep'
    assert answer in re.sub(r">\s+<", "><", page)
    assert "display_pub" not in page


def test_notebook_and_script_run_without_the_book(book, tmp_path):
    make(book)
    path = book.root / "html" / "notebooks" / "one.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert "{value}" not in path.read_text()
    written = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert any("> **Answer**\n>\n> It is *steep*." in text for text in written)
    assert "display_pub" not in path.read_text()
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    names: dict = {}
    for source in code[:1]:
        exec(source, names)
    assert names["slope"](2.0) == 4.0
    script = (book.root / "html" / "scripts" / "one.py").read_text()
    compile(script, "one.py", "exec")
    assert all(source in script for source in code)
    assert json.loads(path.read_text())["cells"][0]["id"] == "cell-0"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("```{code-cell}\n:quote: parts.slop\n```", "docs/one.md:6: cannot quote"),
        (
            "```{code-cell}\nx = 1\n\nx = 1 / 0\n```",
            "docs/one.md:9: ZeroDivisionError: division by zero",
        ),
        (
            "```{code-cell}\nx = 1\n```\n\nIt is {value}`y`.",
            "docs/one.md:10: NameError: name 'y' is not defined",
        ),
        (
            "```{code-cell}\nimport os\nos._exit(3)\n```",
            "docs/one.md:7: the Python process ended with status 3",
        ),
        (
            "```{code-cell}\n:quote: parts.slope\n\nx = 1\n```",
            "docs/one.md:9: a cell that quotes has no body of its own",
        ),
        (
            "```{code-cell}\n:qoute: parts.slope\n```",
            "docs/one.md:7: unknown cell option 'qoute'; did you mean 'quote'",
        ),
        (
            "```{code-cell}\n:quote: broken.x\n```",
            "one.md:6: cannot quote 'broken.x': code/neuralnet/broken.py:2: '('",
        ),
    ],
)
def test_what_stops_a_build_is_said_with_its_line(book, cell, message):
    book.write("docs/index.md", "# Tiny\n\n```{toctree}\none\n```\n")
    book.page("one", f"# One\n\n{cell}\n")
    book.write("code/neuralnet/broken.py", "x = 1\ny = (\n")
    assert book.build() != 0
    assert message in book.output


def test_warnings_after_a_quotation_name_the_written_line(book):
    book.write("docs/index.md", "# Tiny\n\n```{toctree}\none\n```\n")
    book.page("one", CHAPTER + "\nA {py:func}`nowhere.at_all`.\n")
    line = len(CHAPTER.splitlines()) + 5
    assert book.build() != 0
    assert f"one.md:{line}: WARNING: py:func reference target not found" in book.output


def test_a_cell_of_two_images_is_no_figure(book):
    book.write("docs/index.md", "# Tiny\n\n```{toctree}\none\n```\n")
    doubled = CHAPTER.replace("plt.show()", "plt.show()\nplt.plot([1, 0])\nplt.show()")
    book.page("one", doubled)
    assert book.build() != 0
    assert "draws 2 images" in book.output


DRAWS = """# One

```{code-cell}
:figure: fig-line
:caption: A line.
:alt: A line that rises.
import os

import matplotlib.pyplot as plt

print("torch" in globals(), "BOOK_MARK" in os.environ)
os.environ["BOOK_MARK"] = plt.marked = "here"
plt.plot([0, 1])
plt.show()
```
"""


def test_pages_are_the_same_with_and_without_preloaded_kernels(book, monkeypatch):
    """And a page leaves nothing behind for the next."""
    monkeypatch.delenv(KERNELS, raising=False)
    book.page("one", DRAWS)
    book.page("two", DRAWS.replace("fig-line", "fig-two") + "\n\n")
    book.write("docs/index.md", INDEX)
    modules = "matplotlib.pyplot,ipykernel.kernelapp"
    sites = []
    for given in ("", modules):
        shutil.rmtree(book.root / "html", ignore_errors=True)
        shutil.rmtree(book.root / "executed", ignore_errors=True)
        assert book.build("-E", "-D", f"chapter_preload={given}") == 0, book.output
        assert book.executed == {"one", "two"}
        sites.append([book.html("one"), book.html("two")])
        assert all("False False" in page for page in sites[-1])
    assert sites[0] == sites[1]


HALVES = """# One

```{code-cell}
import sys

print("exp: ", end="")
sys.stdout.flush()
print("inf")
```
"""


def test_print_that_arrives_in_two_parts_is_shown_on_one_line(book):
    book.page("index", HALVES)
    assert book.build() == 0, book.output
    assert "exp: inf" in book.html("index")
