"""Explorable figures: element, fallback, caption, number, script, warnings."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import explorables
import html5lib
import matplotlib
import pytest
from matplotlib.colors import to_hex

from tests.ext.tiny import build

DOCS = Path(__file__).parents[2] / "docs"
CONF = f"""
import sys
sys.path.insert(0, {str(DOCS / "_ext")!r})
extensions = ["myst_parser", "explorables"]
html_static_path = ["_static"]
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

```{figure} picture.svg
:name: fig-picture
:alt: A line that rises.

A picture.
```

```{explorable} neuron-figure
:label: fig-neuron
:caption: What *w* does to a neuron, see {numref}`fig-picture`.
:data: {"weight": "weight w", "start": 3}

Without script: a steeper curve for a **larger** weight.

- one
- two
```

```{explorable} neuron-figure
:label: fig-again
:caption: Once more.
:data-file: data/weights.json

Again.
```

See {numref}`fig-neuron` and {numref}`fig-again`.
"""
TWO = """# Two

Nothing to move here.
"""
BAD = """# Bad

```{explorable} missing-figure
:label: fig-missing
:caption: No script.

Fallback.
```

```{explorable} Neuron
```

```{explorable} neuron-figure
:label: fig-data
:caption: Bad data.
:data: {"a b": 1}

Fallback.
```

```{explorable} neuron-figure
```

```{explorable} neuron-figure
:label: fig-file
:caption: A file that is not there.
:data-file: data/weights.json

Fallback.
```
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A tiny book of two chapters, built once without a warning."""
    folder = tmp_path_factory.mktemp("explorables")
    scripts = folder / "_static" / "explorables"
    scripts.mkdir(parents=True)
    (scripts / "neuron-figure.js").write_text('"use strict";\n')
    (folder / "picture.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (folder / "_static" / "data").mkdir()
    weights = '{"w": [0.5, -1], "tag": "</script>"}'
    (folder / "_static" / "data" / "weights.json").write_text(weights)
    (folder / "conf.py").write_text(CONF)
    for name, text in {"index": INDEX, "one": ONE, "two": TWO}.items():
        (folder / f"{name}.md").write_text(text)
    assert build(folder) == ""
    return folder


@pytest.fixture(scope="module")
def one(book):
    """The page with the figures."""
    return (book / "html" / "one.html").read_text()


def figure(page: str) -> str:
    found = re.search(
        r'<figure class="explorable[^>]*id="fig-neuron".*?</figure>', page, re.DOTALL
    )
    assert found is not None
    return found[0]


def test_element_carries_its_labels(one):
    labels = 'data-start="3" data-weight="weight w"'
    assert f'<neuron-figure class="explorable-body" {labels}>' in figure(one)


def test_fallback_is_the_content_of_the_element(one):
    inside = re.search(r"<neuron-figure.*?</neuron-figure>", figure(one), re.DOTALL)
    assert inside is not None
    assert "for a <strong>larger</strong> weight" in inside[0]
    assert "<li>" in inside[0]
    assert "figcaption" not in inside[0]


def test_caption_is_marked_up_and_numbered_with_the_other_figures(one):
    caption = re.search(r"<figcaption>.*?</figcaption>", figure(one), re.DOTALL)
    assert caption is not None
    assert '<span class="caption-number">Fig. 1.2 </span>' in caption[0]
    assert "What <em>w</em> does to a neuron" in caption[0]
    assert "Fig. 1.1" in caption[0]


def test_numref_finds_explorables(one):
    assert "See Fig. 1.2 and Fig. 1.3." in re.sub(r"<[^>]+>", "", one)


def test_script_is_loaded_late_and_once_by_the_page_that_uses_it(book, one):
    scripts = re.findall(r"<script[^>]*explorables[^>]*>", one)
    assert len(scripts) == 1
    assert "defer" in scripts[0]
    assert "module" not in scripts[0]
    for other in ("two", "index", "genindex", "search"):
        page = (book / "html" / f"{other}.html").read_text()
        assert "explorables/" not in page


def test_page_is_html5_and_no_id_is_given_twice(one):
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(one)
    assert not {code for _, code, _ in parser.errors}
    ids = re.findall(r'\sid="([^"]+)"', one)
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("builder", ["text", "latex"])
def test_other_builders_keep_the_fallback(book, builder):
    assert build(book, builder) == ""
    made = "".join(path.read_text() for path in (book / builder).rglob("*.t[xe][tx]"))
    assert "Without script" in made
    assert "neuron-figure" not in made


def test_mistakes_are_warnings_with_their_lines(book, tmp_path):
    scripts = tmp_path / "_static" / "explorables"
    scripts.mkdir(parents=True)
    (scripts / "neuron-figure.js").touch()
    (tmp_path / "conf.py").write_text(CONF)
    (tmp_path / "index.md").write_text(BAD)
    found = re.findall(
        r"index\.md:(\d+): WARNING: (.*?) \[explorables\]", build(tmp_path)
    )
    *found, (line, file) = found
    assert line == "24"
    assert file.startswith("the data-file of the explorable cannot be used: [Errno 2]")
    assert found == [
        ("3", "there is no script _static/explorables/missing-figure.js"),
        ("10", "'Neuron' is no name of a custom element"),
        (
            "13",
            "the data of the explorable cannot be used: "
            "'a b' is no name of a data attribute",
        ),
        ("21", "the explorable neuron-figure has no label"),
        ("21", "the explorable neuron-figure has no caption"),
        ("21", "the explorable neuron-figure has nothing for readers without script"),
    ]


def test_data_file_is_in_the_page_inside_the_element(one):
    inside = re.findall(
        r'<script type="application/json">(.*?)</script>\n(.*?)</neuron-figure>',
        one,
        re.DOTALL,
    )
    assert [json.loads(data) for data, _ in inside] == [
        {"w": [0.5, -1], "tag": "</script>"}
    ]
    assert "Again." in inside[0][1]


def test_page_is_written_anew_when_its_data_file_changes(book, tmp_path):
    copy = tmp_path / "book"
    shutil.copytree(book, copy)
    path = copy / "_static" / "data" / "weights.json"
    path.write_text('{"w": [0.25]}')
    assert build(copy) == ""
    assert '{"w":[0.25]}' in (copy / "html" / "one.html").read_text()


@pytest.mark.parametrize("text", ["", "{w: 1}"])
def test_data_file_that_is_no_json(text):
    with pytest.raises(ValueError):
        explorables.embedded(text)


@pytest.mark.parametrize("text", ["[1]", "{", '{"a": null}', '{"A": "b"}', '{"a": []}'])
def test_data_that_cannot_be_used(text):
    with pytest.raises(ValueError):
        explorables.parse_data(text)


def test_colours_of_explorables_are_those_of_the_figures():
    style = matplotlib.rc_params_from_file(
        DOCS / "_style" / "matplotlibrc", use_default_template=False
    )
    cycle = [to_hex(colour) for colour in style["axes.prop_cycle"].by_key()["color"]]
    sheet = (DOCS / "_static" / "parts.css").read_text()
    assert re.findall(r"--c\d: (#[0-9a-f]{6});", sheet) == cycle
