"""Exercises and solutions: numbers, levels, folding, links, valid HTML."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import html5lib
import pytest
from programs import python

DOCS = Path(__file__).parents[2] / "docs"
STATIC = DOCS / "_static"
CONF = f"""
import sys
sys.path.insert(0, {str(DOCS / "_ext")!r})
extensions = ["myst_nb", "solutions"]
nb_execution_mode = "force"
exclude_patterns = ["_out", "jupyter_execute"]
numfig = True
numfig_secnum_depth = 1
"""
INDEX = """# Book

```{toctree}
:numbered:
one
two
```
"""
ONE = """# One

```{exercise} First *thing*
:label: ex-one-1
:class: recall

Say it.
```

```{solution-start} ex-one-1
:class: dropdown
```
Said.
```{solution-end}
```

## Section

```{exercise}
:label: ex-one-2

Without level and name.
```

See {ref}`ex-two-1` and {numref}`ex-one-2`.
"""
TWO = """---
file_format: mystnb
---
# Two

```{exercise} Run it
:label: ex-two-1
:class: challenge

Write `twice()`.
```

```{solution-start} ex-two-1
:label: sol-two-1
:class: dropdown
```
Prose of the solution, then

```{code-cell}
print("ran", 6 * 7)
```

and more prose.

```{code-cell}
:tags: [hide-input]
print("again", 6 * 8)
```
```{solution-end}
```

```{exercise} Another
:label: ex-two-2
:class: practice

More.
```

```{solution} ex-two-2
An open one.
```

After, {ref}`sol-two-1`.
"""


def run(book: Path, *, builder: str = "html") -> subprocess.CompletedProcess[str]:
    """Build a book in a process of its own."""
    command = [*python(), "-m", "sphinx", "-q", "-b", builder]
    return subprocess.run(
        [*command, "-d", str(book / "trees"), str(book), str(book / "_out" / builder)],
        capture_output=True,
        text=True,
        env=os.environ | {"NO_COLOR": "1", "OMP_NUM_THREADS": "1"},
        check=False,
    )


def notable(finished: subprocess.CompletedProcess[str]) -> list[str]:
    """What a build said, but for ipykernel's word on encryption."""
    lines = finished.stderr.splitlines()
    return [line for line in lines if "IPKernelApp" not in line]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A tiny book of two chapters, built once."""
    folder = tmp_path_factory.mktemp("solutions")
    (folder / "conf.py").write_text(CONF)
    for name, text in {"index": INDEX, "one": ONE, "two": TWO}.items():
        (folder / f"{name}.md").write_text(text)
    finished = run(folder)
    assert finished.returncode == 0, finished.stderr
    assert not notable(finished)
    return folder


@pytest.fixture(scope="module")
def one(book):
    """The first chapter."""
    return (book / "_out" / "html" / "one.html").read_text()


@pytest.fixture(scope="module")
def two(book):
    """The second chapter, with code cells in its first solution."""
    return (book / "_out" / "html" / "two.html").read_text()


def titles(page: str) -> list[str]:
    found = re.findall(r'<p class="exercise-title">(.*?)</p>', page)
    return [re.sub(r"<a .*?</a>|<[^>]+>", "", title) for title in found]


def details(page: str) -> str:
    found = re.search(r"<details.*</details>", page, re.DOTALL)
    assert found is not None
    return found[0]


def test_title_says_number_level_and_name(one, two):
    assert titles(one) == ["Exercise 1.1 · recall · First thing", "Exercise 1.2"]
    assert titles(two) == [
        "Exercise 2.1 · challenge · Run it",
        "Exercise 2.2 · practice · Another",
    ]


def test_title_keeps_its_markup_and_has_a_permalink(one):
    assert '<span class="exercise-name">First <em>thing</em></span>' in one
    assert '<a class="headerlink" href="#ex-one-1"' in one


def test_dropdown_solution_is_details_closed(two):
    opening = details(two).splitlines()[0]
    assert opening.startswith("<details class=")
    assert "solution" in opening
    assert 'id="sol-two-1"' in opening
    assert "open" not in opening


def test_summary_holds_text_alone(one, two):
    for page in (one, two):
        for summary in re.findall(
            r'<summary class="solution-title">.*?</summary>', page, re.DOTALL
        ):
            assert "<p" not in summary
            assert "<a" not in summary
    assert ">Solution to Exercise 2.1</summary>" in two


def test_gate_holds_prose_and_executed_cells(two):
    inside = re.sub(r"<[^>]+>", "", details(two))
    parts = ["Prose of the solution", "ran 42", "and more prose", "again 48", "Back to"]
    positions = [inside.find(part) for part in parts]
    assert -1 not in positions
    assert positions == sorted(positions)
    assert "Another" not in inside
    assert "After" not in inside


def test_solution_that_does_not_fold_is_open(two):
    assert re.search(r'<p class="solution-title">Solution to Exercise 2\.2</p>', two)
    assert two.count('<details class="solution dropdown') == 1


def test_exercise_and_solution_link_to_each_other(two):
    exercise = two[two.index('id="ex-two-1"') : two.index('id="sol-two-1"')]
    assert 'href="#sol-two-1">Solution</a>' in exercise
    assert 'href="#ex-two-1">Back to Exercise 2.1</a>' in details(two)


def test_references_say_the_number(one, two):
    text = re.sub(r"<[^>]+>", "", one)
    assert "See Exercise 2.1 and Exercise 1.2." in text
    assert "After, Solution to Exercise 2.1." in re.sub(r"<[^>]+>", "", two)


def test_outline_is_unharmed(one):
    levels = re.findall(r"<h([1-6])", one[one.index('role="main"') :])
    assert levels[:2] == ["1", "2"]
    assert not re.search(r"<section[^>]*(exercise|solution)-content", one)


def test_no_id_is_given_twice(one, two):
    for page in (one, two):
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("name", ["one", "two"])
def test_page_is_html5(book, name):
    parser = html5lib.HTMLParser(strict=False)
    parser.parse((book / "_out" / "html" / f"{name}.html").read_text())
    assert not {code for _, code, _ in parser.errors}


def test_no_admonition_and_no_foreign_stylesheet(one):
    assert "admonition" not in one
    assert "exercise.css" not in one


def test_one_page_book_is_built_too(book):
    finished = run(book, builder="singlehtml")
    assert finished.returncode == 0
    assert not notable(finished), finished.stderr
    page = (book / "_out" / "singlehtml" / "index.html").read_text()
    assert page.count("<details") == 3  # two solutions, one folded input
    assert "Exercise 2.1 · challenge · Run it" in titles(page)


@pytest.fixture
def small(tmp_path):
    """A book of one page without code, to be spoilt."""
    (tmp_path / "conf.py").write_text(CONF)
    return tmp_path


def test_page_read_again_forgets_its_gates(small):
    gates = ONE.partition("## Section")[0]
    (small / "index.md").write_text(gates)
    assert not notable(run(small))
    (small / "index.md").write_text(gates.replace("{solution-end}", "{note}"))
    stderr = run(small).stderr
    assert "missing a solution-end" in stderr
    assert stderr.count("solution-start at line") == 1, "gates of an earlier reading"
    (small / "index.md").write_text(gates + "\nMore.\n")
    finished = run(small)
    assert finished.returncode == 0
    assert not notable(finished), finished.stderr


def test_gate_across_a_heading_is_a_warning_with_its_line(small):
    text = ONE.replace("Said.\n", "Said.\n\n## Heading\n").partition("See")[0]
    (small / "index.md").write_text(text)
    finished = run(small)
    start = text.splitlines().index("```{solution-start} ex-one-1") + 1
    assert f"index.md:{start}: WARNING: the solution does not end" in finished.stderr


def test_solution_of_nothing_is_a_warning(small):
    (small / "index.md").write_text(
        ONE.replace("{solution-start} ex-", "{solution-start} x-")
    )
    assert "undefined label: x-one-1" in run(small).stderr
