"""The built site as files: where it is, its pages, their links, code and outputs."""

from __future__ import annotations

import hashlib
import os
import pickle
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import html5lib
from book.prose import ROOT, chapters, pages, running

SITE = (ROOT / os.environ.get("BOOK_BUILD", "_build") / "html").resolve()
#: Every page by name, whether it was built or not; the chapters; those with code.
PAGES = [*(path.stem for path in pages()), "genindex", "search"]
CHAPTERS = [path.stem for path in chapters()]
RUNNING = [path.stem for path in running()]
#: Attributes that a browser follows by itself, and those that a reader does.
SOURCES = ("script", "img", "iframe", "embed", "source", "video", "audio", "input")
FETCHED = {
    *((tag, "src") for tag in SOURCES),
    ("link", "href"),
    ("object", "data"),
    ("video", "poster"),
    ("use", "href"),
    ("image", "href"),
    ("form", "action"),
}
FOLLOWED = {("a", "href"), ("area", "href")}
CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']""")


def parse(markup: bytes | str) -> tuple[Any, list[str]]:
    """The tree of a page, and what is wrong with its markup."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    root = parser.parse(markup)
    wrong = [f"line {place[0]}: {code} {data}" for place, code, data in parser.errors]
    return root, wrong


@cache
def parsed(path: Path) -> tuple[Any, list[str]]:
    """A page of the site as `parse` gives it, kept for the other workers.

    Parsing by the letter of the standard is slow, and each worker needs most pages.
    """
    markup = path.read_bytes()
    kept = SITE.parent / "parsed" / f"{path.stem}.pickle"
    digest = hashlib.sha256(markup).hexdigest()
    if kept.is_file():
        before, found = pickle.loads(kept.read_bytes())
        if before == digest:
            return found
    found = parse(markup)
    kept.parent.mkdir(exist_ok=True)
    new = kept.with_suffix(f".{os.getpid()}")
    new.write_bytes(pickle.dumps((digest, found)))
    new.replace(kept)
    return found


def tree(name: str) -> Any:
    """The parsed page of that name."""
    return parsed(SITE / f"{name}.html")[0]


def tag(element: Any) -> str:
    """The name of an element, without a namespace; empty for a comment."""
    name = element.tag
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def text(element: Any, skip: frozenset[str] = frozenset()) -> str:
    """The text of an element; elements named in `skip` are left out."""
    parts = [element.text or ""] if tag(element) else []
    for child in element:
        if tag(child) not in skip:
            parts.append(text(child, skip))
        parts.append(child.tail or "")
    return "".join(parts)


def having(root: Any, *classes: str) -> Iterator[Any]:
    """Elements that have all the classes."""
    for element in root.iter():
        if tag(element) and set(classes) <= set(element.get("class", "").split()):
            yield element


def blocks(name: str, kind: str) -> list[str]:
    """The text of each `cell_input` or `cell_output` block of a page, in order."""
    return [
        text(pre).rstrip()
        for cell in having(tree(name), kind)
        for pre in cell.iter("pre")
    ]


def code_cells(name: str) -> list[str]:
    return blocks(name, "cell_input")


def printed(name: str) -> str:
    """All that the page shows as printed by its cells."""
    return normal("\n".join(blocks(name, "cell_output")))


def normal(output: str) -> str:
    """Output without the spaces at line ends and the empty lines around cells."""
    lines = [line.rstrip() for line in output.splitlines()]
    return "\n".join(line for line in lines if line)


def style(root: Any) -> str:
    """The CSS that stands in a page itself."""
    inline = [element.get("style", "") for element in root.iter() if tag(element)]
    return "\n".join([*(text(each) for each in root.iter("style")), *inline])


def css_urls(css: str) -> list[str]:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return [url or imported for url, imported in CSS_URL.findall(css)]


def links(root: Any, wanted: set[tuple[str, str]]) -> list[str]:
    """The addresses in the wanted attributes of a page."""
    found = []
    for element in root.iter():
        for name, value in element.attrib.items():
            attribute = name[-1] if isinstance(name, tuple) else name.rpartition("}")[2]
            if (tag(element), attribute) in wanted:
                found.append(value)
            if attribute == "srcset" and wanted is not FOLLOWED:
                found += [part.split()[0] for part in value.split(",")]
    return found


def is_foreign(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.netloc) or parts.scheme in {"http", "https", "ftp", "file"}


def target(url: str, base: Path) -> tuple[Path, str] | None:
    """The file and anchor that a link within the site leads to."""
    parts = urlsplit(url)
    if is_foreign(url) or parts.scheme in {"data", "mailto"}:
        return None
    path = (base.parent / unquote(parts.path)).resolve() if parts.path else base
    return path, unquote(parts.fragment)


@cache
def anchors(path: Path) -> frozenset[str]:
    """All that a fragment can lead to in a page, or in a drawing."""
    is_page = path.suffix == ".html" and path.parent == SITE
    root, _ = parsed(path) if is_page else parse(path.read_bytes())
    named = [e.get("name") for e in root.iter("a")]
    ids = [e.get("id") for e in root.iter() if tag(e)]
    return frozenset(each for each in [*named, *ids] if each)


def dead(urls: list[str], base: Path, site: Path = SITE) -> list[str]:
    """The links of a file that lead nowhere, or out of the site."""
    wrong = []
    for url in urls:
        place = target(url, base)
        if place is None:
            continue
        path, fragment = place
        anchored = fragment and path.suffix in {".html", ".svg"}
        alive = path.is_file() and path.is_relative_to(site)
        if not alive or (anchored and fragment not in anchors(path)):
            wrong.append(url)
    return wrong
