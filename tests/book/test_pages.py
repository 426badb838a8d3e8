"""The built pages as files: links, images, markup, weight, and what comes with them."""

from __future__ import annotations

import gzip
import json
import re
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
import zlib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from book.built import (
    CHAPTERS,
    FETCHED,
    FOLLOWED,
    PAGES,
    RUNNING,
    SITE,
    code_cells,
    css_urls,
    dead,
    having,
    is_foreign,
    links,
    parse,
    parsed,
    style,
    tag,
    target,
    text,
    tree,
)
from book.prose import ROOT
from cells import typeset
from figures import DEFAULT_ALT, INKS

pytestmark = pytest.mark.usefixtures("site")
EACH_PAGE = pytest.mark.parametrize("name", PAGES)
EACH_CHAPTER = pytest.mark.parametrize("name", CHAPTERS)
EACH_RUNNING = pytest.mark.parametrize("name", RUNNING)

#: What one chapter may weigh with all it loads, in bytes: as files, and gzipped.
CEILING = {"raw": 1_200_000, "gzip": 450_000}
LEFTOVERS = [
    re.compile(pattern)
    for pattern in [
        r"\{[\w:-]+\}`",
        r"\{(value|final|term|numref|eq|doc|ref|index|cite:\w+|py:\w+)\}",
        r":::|```|\[\]\{",
        r"\$\$|\\(begin|end|frac|text|math\w+)\b",
        r"display_pub|application/x-value",
        r"\bWARNING\b|\bERROR\b|Traceback|system message",
        r"\*\*\w|^%",
    ]
]


def files(*suffixes: str) -> list[Path]:
    return [path for path in sorted(SITE.rglob("*")) if path.suffix in suffixes]


# Links


def test_all_pages_are_there_and_no_other():
    assert sorted(path.stem for path in SITE.glob("*.html")) == sorted(PAGES)


@EACH_PAGE
def test_links_within_the_site_lead_somewhere(name):
    urls = links(tree(name), FETCHED | FOLLOWED) + css_urls(style(tree(name)))
    assert urls
    assert dead(urls, SITE / f"{name}.html") == []


def test_addresses_in_stylesheets_lead_somewhere():
    wrong = {
        path.name: dead(css_urls(path.read_text()), path) for path in files(".css")
    }
    assert {name: urls for name, urls in wrong.items() if urls} == {}


def test_every_shipped_font_is_named_by_a_stylesheet_or_a_licence():
    named = {
        target(url, path)
        for path in files(".css")
        for url in css_urls(path.read_text())
    }
    fonts = files(".woff2", ".woff", ".ttf", ".otf")
    assert fonts
    assert [path.name for path in fonts if (path.resolve(), "") not in named] == []


@EACH_PAGE
def test_page_loads_nothing_from_another_host(name):
    urls = links(tree(name), FETCHED) + css_urls(style(tree(name)))
    assert [url for url in urls if is_foreign(url)] == []


def test_stylesheets_load_nothing_from_another_host():
    urls = [url for path in files(".css") for url in css_urls(path.read_text())]
    assert [url for url in urls if is_foreign(url)] == []


def test_reading_order_leads_through_all_pages_and_back():
    def step(name: str, rel: str) -> str:
        found = [e.get("href") for e in tree(name).iter("link") if e.get("rel") == rel]
        return found[0].removesuffix(".html") if found else ""

    order = ["index"]
    while following := step(order[-1], "next"):
        assert following not in order
        assert step(following, "prev") == order[-1]
        order.append(following)
    assert sorted(order) == sorted(set(PAGES) - {"genindex", "search"})


@EACH_PAGE
def test_every_page_links_to_every_page(name):
    (sidebar,) = having(tree(name), "sidebar-tree")
    base = SITE / f"{name}.html"
    found = {target(url, base) for url in links(sidebar, FOLLOWED)}
    others = set(PAGES) - {name, "index", "search"}
    assert {SITE / f"{other}.html" for other in others} <= {t[0] for t in found if t}


SMALL = '<a id="here" href="#here"></a><a href="#gone"></a><img src="gone.png">'


def test_dead_links_are_found(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(SMALL + '<a href="../up.html">')
    urls = links(parse(page.read_bytes())[0], FETCHED | FOLLOWED)
    assert dead(urls, page, tmp_path) == ["#gone", "gone.png", "../up.html"]


@pytest.mark.parametrize(
    ("markup", "foreign"),
    [
        ('<script src="https://a.example/x.js"></script>', True),
        ('<link rel="stylesheet" href="//a.example/x.css">', True),
        ('<img srcset="a.png 1x, https://a.example/b.png 2x">', True),
        ('<svg><use href="https://a.example/x.svg#y"></use></svg>', True),
        ('<style>@import "https://a.example/x.css";</style>', True),
        ('<p style="background: url(https://a.example/x.png)">', True),
        ('<a href="https://a.example/">out</a>', False),
        ('<script src="_static/x.js?v=1"></script>', False),
    ],
)
def test_foreign_host_is_found(markup, foreign):
    root, _ = parse(markup)
    urls = links(root, FETCHED) + css_urls(style(root))
    assert any(map(is_foreign, urls)) == foreign


# Markup


@EACH_PAGE
def test_markup_is_valid(name):
    _, wrong = parsed(SITE / f"{name}.html")
    assert wrong == []


def test_wrong_markup_is_found():
    _, wrong = parse("<!DOCTYPE html><title>x</title><p><div></div></p>")
    assert wrong


@EACH_PAGE
def test_ids_are_unique(name):
    ids = Counter(each.get("id") for each in tree(name).iter() if tag(each))
    del ids[None]
    assert [each for each, count in ids.items() if count > 1] == []


@EACH_PAGE
def test_page_has_language_title_and_one_heading(name):
    root = tree(name)
    assert root.get("lang") == "en"
    assert text(next(root.iter("title"))).strip()
    assert len(list(root.iter("h1"))) == 1


@EACH_PAGE
def test_headings_skip_no_level(name):
    levels = [
        int(tag(e)[1]) for e in tree(name).iter() if re.fullmatch("h[1-6]", tag(e))
    ]
    steps = [after - before for before, after in pairwise(levels)]
    assert max(steps, default=0) <= 1


@pytest.mark.parametrize("name", ["index", *CHAPTERS])
def test_page_says_what_it_is_about_in_a_sentence(name):
    found = [
        each.get("content", "")
        for each in tree(name).iter("meta")
        if each.get("name") == "description"
    ]
    assert len(found) == 1
    assert 50 <= len(found[0]) <= 300


def test_titles_differ():
    titles = [text(next(tree(name).iter("title"))) for name in PAGES]
    assert len(set(titles)) == len(titles)


def leftovers(root, skip=()) -> list[str]:
    """Markup that a reader would see as such; code and LaTeX sources are no text."""
    skip = {"pre", "code", "script", "style", "annotation", *skip}
    lines = text(root, frozenset(skip)).splitlines()
    return [line for line in lines if any(p.search(line) for p in LEFTOVERS)]


@EACH_PAGE
def test_no_markup_is_left_over(name):
    signatures = ["dt"] if name.startswith("reference_") else []
    assert leftovers(tree(name), signatures) == []
    whole = (SITE / f"{name}.html").read_text(encoding="utf-8")
    assert "math-error" not in whole
    assert "display_pub" not in whole
    assert 'class="problematic"' not in whole


@pytest.mark.parametrize(
    "line",
    ["{term}`loss`", "a {value} b", ":::", "[]{x}", r"\frac", "Traceback", "**bold"],
)
def test_leftover_markup_is_found(line):
    assert leftovers(parse(f"<p>{line}</p><pre>:::</pre>")[0]) == [line]


@EACH_CHAPTER
@pytest.mark.parametrize("kind", ["Figure", "Listing", "Exercise", "Table"])
def test_numbers_count_up(name, kind):
    shown = [text(each) for each in having(tree(name), "caption-number")]
    shown += [text(each) for each in having(tree(name), "exercise-number")]
    pairs = [re.match(rf"\s*{kind} (\d+)\.(\d+)\b", each) for each in shown]
    numbers = [(int(pair[1]), int(pair[2])) for pair in pairs if pair]
    assert [second for _, second in numbers] == list(range(1, len(numbers) + 1))
    assert len({first for first, _ in numbers}) <= 1
    assert numbers or kind == "Table"


@EACH_CHAPTER
def test_every_number_of_the_prose_is_typeset(name):
    shown = [text(each) for each in having(tree(name), "value")]
    assert shown
    assert [each for each in shown if typeset(each) != each or not each.strip()] == []


# Figures


def images(name: str) -> list:
    return list(tree(name).iter("img"))


@EACH_PAGE
def test_every_image_says_what_is_to_be_seen(name):
    for image in images(name):
        alt = image.get("alt", "")
        assert len(alt) >= 20, f"{image.get('src')}: {alt!r}"
        assert not DEFAULT_ALT.fullmatch(alt), alt


@EACH_PAGE
def test_every_image_has_its_size(name):
    """So that nothing moves when it comes."""
    for image in images(name):
        assert image.get("width"), image.get("src")
        assert image.get("height"), image.get("src")


@EACH_CHAPTER
def test_every_drawing_has_a_caption(name):
    """Figures are `<figure>`s; whatever is drawn elsewhere is not numbered."""
    framed = [image for each in tree(name).iter("figure") for image in each.iter("img")]
    assert images(name)
    assert framed == images(name)
    for each in tree(name).iter("figure"):
        captions = [text(caption) for caption in each.iter("figcaption")]
        assert len(captions) == 1
        assert len(captions[0]) > 20


def drawings() -> list[Path]:
    found = sorted((SITE / "_images").glob("*"))
    assert found
    assert {path.suffix for path in found} == {".svg"}
    return found


def test_drawings_are_svg_in_the_colour_of_the_text():
    for path in drawings():
        svg = path.read_text(encoding="utf-8")
        ElementTree.fromstring(svg)
        assert "currentColor" in svg, path.name
        assert "prefers-color-scheme" in svg, path.name
        assert not [ink for ink in INKS if ink in svg.lower()], path.name


def test_drawings_have_no_date_no_comment_and_no_host():
    for path in drawings():
        svg = path.read_text(encoding="utf-8")
        assert not re.search(r"\d{4}-\d\d-\d\d|<metadata|<!--", svg), path.name
        hosts = set(re.findall(r"https?://[\w.]+", svg))
        assert hosts <= {"http://www.w3.org"}, path.name


# What comes with a page


@EACH_RUNNING
def test_output_is_what_a_script_prints(name):
    """Values that only a notebook shows, and warnings, are no printed lines."""
    outputs = list(having(tree(name), "output"))
    assert outputs or name not in CHAPTERS
    for each in outputs:
        assert "stream" in each.get("class").split(), text(each)[:200]
        assert "stderr" not in each.get("class").split(), text(each)[:200]


@EACH_RUNNING
def test_notebook_is_valid_and_holds_the_code_of_the_page(name):
    notebook = nbformat.read(SITE / "notebooks" / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.source.rstrip() for cell in code] == code_cells(name)
    assert all(not cell.outputs for cell in code)


@EACH_RUNNING
def test_notebook_has_the_headings_of_the_page_and_no_markup_of_the_book(name):
    notebook = nbformat.read(SITE / "notebooks" / f"{name}.ipynb", as_version=4)
    written = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    assert not re.search(r"\{[\w:-]+\}`|^:{3,}|^`{3,}\{|\{value\}|^\(.*\)=$", written)
    headings = re.findall(r"^#+ +(.*)$", written, re.MULTILINE)
    shown = [each for level in ("h1", "h2") for each in tree(name).iter(level)]
    assert len(headings) >= len(shown)


@EACH_RUNNING
def test_script_holds_the_code_of_the_page(name):
    script = (SITE / "scripts" / f"{name}.py").read_text(encoding="utf-8")
    compile(script, name, "exec")
    assert script.partition("\n\n")[2].rstrip() == "\n\n\n".join(code_cells(name))


@EACH_RUNNING
def test_chapter_offers_its_files(name):
    (bar,) = having(tree(name), "chapter-tools")
    urls = {target(url, SITE / f"{name}.html") for url in links(bar, FOLLOWED)}
    shown = {place[0].relative_to(SITE).as_posix() for place in urls if place}
    wanted = {
        f"notebooks/{name}.ipynb",
        f"scripts/{name}.py",
        f"_sources/{name}.md.txt",
    }
    assert shown == wanted


def test_search_knows_every_page():
    index = (SITE / "searchindex.js").read_text(encoding="utf-8")
    found = json.loads(index.removeprefix("Search.setIndex(").rstrip().rstrip(";)"))
    assert set(found["docnames"]) == set(PAGES) - {"genindex", "search"}
    assert found["terms"]["sigmoid"]


@EACH_CHAPTER
def test_weight_of_a_chapter(name, record_property):
    page = SITE / f"{name}.html"
    places = [target(url, page) for url in links(tree(name), FETCHED)]
    parts = {page} | {place[0] for place in places if place}
    parts = {path for path in parts if path.suffix != ".html" or path == page}
    for sheet in [path for path in parts if path.suffix == ".css"]:
        urls = [target(url, sheet) for url in css_urls(sheet.read_text())]
        parts |= {url[0] for url in urls if url}
    sizes = {path: path.stat().st_size for path in parts}
    packed = {
        path: size
        if path.suffix == ".woff2"
        else len(gzip.compress(path.read_bytes(), 6))
        for path, size in sizes.items()
    }
    raw, zipped = sum(sizes.values()), sum(packed.values())
    kinds = Counter()
    for path, size in packed.items():
        kinds[path.suffix.lstrip(".")] += size
    shares = ", ".join(f"{kind} {size / 1e3:.0f}" for kind, size in kinds.most_common())
    record_property(
        "measured",
        f"{name}: {raw / 1e3:.0f} kB, gzipped {zipped / 1e3:.0f} kB ({shares}), "
        f"{len(parts)} files",
    )
    assert raw <= CEILING["raw"]
    assert zipped <= CEILING["gzip"]


def test_no_file_names_a_place_on_this_machine():
    places = {ROOT, SITE.parent, Path(sys.prefix), Path.home(), ROOT.parent}
    words = {f"{place}/".encode() for place in places if len(place.parts) > 1}
    words |= {str(ROOT).encode(), f"{tempfile.gettempdir()}/".encode(), b"file://"}
    found = []
    for path in sorted(SITE.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        if path.name == "objects.inv":
            data = zlib.decompress(data.split(b"\n", 4)[4])
        found += [f"{path.relative_to(SITE)}: {word}" for word in words if word in data]
    assert found == []


ADDRESS = re.compile(rb"\bat 0x[0-9a-f]{6,}|ipykernel_\d")


def test_no_output_is_an_address_in_memory_or_a_number_of_a_process():
    """It would be another one in the next build."""
    assert ADDRESS.search(b"&lt;function f at 0x7f92c1a0c910&gt;")
    pages = [*SITE.glob("*.html"), *SITE.glob("_images/*.svg")]
    assert [page.name for page in pages if ADDRESS.search(page.read_bytes())] == []
