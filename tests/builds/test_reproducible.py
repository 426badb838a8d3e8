"""The same sources make the same bytes, wherever, whenever and after whatever."""

from __future__ import annotations

import os
import shutil

import pytest
from tiny_book import ROOT

INDEX = """# Tiny

```{toctree}
:numbered:
one
two
```

```{toctree}
glossary
reference_parts
references
```
"""
ONE = """# One

```{index} slope
```

A {term}`slope` ({cite:t}`nesterov1983`), see {numref}`fig-two` and {eq}`e-two`.

```{code-cell}
:quote: parts.imports parts.SCALE parts.slope
:caption: A slope of {value}`SCALE:.1f`
:label: lst-slope
```

(a-section)=
## A section

It is {value}`slope(1.0)`.

```{code-cell}
:figure: fig-one
:caption: A line of {py:func}`matplotlib.pyplot.plot`.
:alt: A line that rises.
import matplotlib.pyplot as plt

plt.plot([0, 1], [0, SCALE])
plt.hist([[1, 2], [2, 2]], hatch="/")
plt.show()
```

```{exercise} Double it
:label: ex-one
:class: recall

What is {numref}`lst-slope` of 2?
```

```{solution-start} ex-one
:class: dropdown
```

```{code-cell}
:predict: Guess
print(slope(2.0), {f"name{k}" for k in range(9)})
```

```{solution-end}
```
"""
TWO = """# Two

{ref}`a-section` and {doc}`one` say what a {term}`slope` is.

```{math}
:label: e-two
w = 1
```

```{code-cell}
:figure: fig-two
:caption: A point.
:alt: A point in the middle.
import matplotlib.pyplot as plt

plt.plot([0], [0], "o")
plt.show()
```

{final}`parts` of the caller's modules are seen.

```{code-cell}
parts = 0
for name in ("neuralnet", "helper"):
    try:
        __import__(name)
        parts += 1
    except ModuleNotFoundError:
        pass
```
"""
EQUATION = "```{math}\n:label: e-new\nw = 2\n```\n"
OTHERS = {
    "glossary": "# Glossary\n\n```{glossary}\nslope\n  How steep it is.\n```\n",
    "references": "# References\n\n```{bibliography}\n```\n",
    "reference_parts": "# Reference\n\n```{eval-rst}\n"
    ".. automodule:: neuralnet.parts\n```\n",
}
# The real one imports PyTorch beforehand, which no page here uses.
QUICK = 'chapter_preload = ["matplotlib.pyplot", "ipykernel.kernelapp"]\n'


def make_whole(book):
    """Build the tiny book with all of the real one's extensions and its style."""
    for part in ("_ext", "_inventories", "_static", "_style", "_templates"):
        shutil.copytree(ROOT / "docs" / part, book.root / "docs" / part)
    shutil.copy(ROOT / "docs" / "references.bib", book.root / "docs")
    book.write("requirements.txt", "one==1\n")
    book.write("conf.py", (ROOT / "conf.py").read_text() + QUICK)
    parts = (book.root / "code/neuralnet/parts.py").read_text()
    book.write("code/neuralnet/parts.py", parts.replace("from neuralnet", "# from"))
    book.write("code/neuralnet/__init__.py", "")
    book.write("docs/helper.py", "")
    book.write("docs/index.md", INDEX)
    book.page("one", ONE)
    book.page("two", TWO)
    for name, text in OTHERS.items():
        book.write(f"docs/{name}.md", text)
    return book


def published(book) -> dict[str, bytes]:
    """Every file of the site with its bytes."""
    return {
        path.relative_to(book.site).as_posix(): path.read_bytes()
        for path in sorted(book.site.rglob("*"))
        if path.is_file()
    }


def assert_same(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert sorted(one) == sorted(other)
    assert [name for name in one if one[name] != other[name]] == []


@pytest.fixture(scope="module")
def whole(book_in, tmp_path_factory):
    """Built once: what a test changes in it, it takes back."""
    book = make_whole(book_in(tmp_path_factory.mktemp("book")))
    assert book.build() == 0, book.output
    assert book.executed == {"one", "two"}
    return book


def test_another_place_time_person_and_machine_make_the_same_bytes(
    whole, book_in, tmp_path
):
    place = tmp_path / "a longer place, with ünïcode" / "book"
    place.mkdir(parents=True)
    there = make_whole(book_in(place))
    for path in there.root.rglob("*"):
        os.utime(path, (1e9, 1e9))
    (tmp_path / "home").mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
        "COLUMNS": "40",
        "PYTHONHASHSEED": "7",
        "PYTHONPATH": str(there.root / "code"),
        "PYTHONWARNINGS": "always",
        "SOURCE_DATE_EPOCH": "1000000000",
        "OMP_NUM_THREADS": "3",
    }
    one_processor = {min(os.sched_getaffinity(0))}

    def as_another_person() -> None:
        os.umask(0o077)
        os.sched_setaffinity(0, one_processor)

    done = there.build(env=environment, preexec_fn=as_another_person)
    assert done == 0, there.output
    assert there.executed == {"one", "two"}
    assert_same(published(whole), published(there))
    assert '<span class="value">0</span> of the caller' in there.html("two")


def test_change_that_is_taken_back_leaves_the_bytes_as_they_were(whole):
    """What a warm build writes is what a cold one would have written."""
    cold = published(whole)
    one, two = (whole.root / f"docs/{name}.md" for name in ("one", "two"))
    parts = whole.root / "code/neuralnet/parts.py"
    texts = {path: path.read_text() for path in (one, two, parts)}

    # Prose, a title, a section, a figure and an equation that move others' numbers.
    more = TWO.replace("# Two", "# More than two\n\n## A part")
    whole.page("two", more.replace("```{math}", f"{EQUATION}\n```{{math}}"))
    whole.page("one", ONE.replace("## A section", "## Another one"))
    parts.write_text(texts[parts].replace("SCALE = 2.0", "SCALE = 3.0"))
    assert whole.build() == 0, whole.output
    assert whole.executed == {"one"}
    warm = published(whole)
    assert warm["two.html"] != cold["two.html"]
    assert b"Another one" in warm["two.html"]
    shutil.rmtree(whole.root / "_build")
    assert whole.build() == 0, whole.output
    assert_same(warm, published(whole))

    for path, text in texts.items():
        path.write_text(text)
    assert whole.build() == 0, whole.output
    assert_same(cold, published(whole))
