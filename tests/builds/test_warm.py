"""What a change costs: the pages that are executed again, and no page is stale."""

from __future__ import annotations

import importlib.util
import os
import sys

import pytest
from tiny_book import ROOT

ALL = {"one", "two"}

SPEC = importlib.util.spec_from_file_location("unchanged", ROOT / "tools/unchanged.py")
unchanged = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(unchanged)


def change(book, path, before, after):
    text = (book.root / path).read_text()
    assert before in text
    book.write(path, text.replace(before, after))


def test_only_what_quotes_or_holds_a_change_is_executed(book):
    change(book, "docs/one.md", ":quote", ":caption: A slope\n:label: lst\n:quote")
    assert book.build() == 0, book.output
    assert book.executed == ALL
    served = {path: path.stat().st_mtime_ns for path in book.site.rglob("*")}

    assert book.build() == 0, book.output
    assert "Nothing has changed. Open _build/html/index.html" in book.output
    assert "writing output" not in book.output
    assert served == {path: path.stat().st_mtime_ns for path in book.site.rglob("*")}

    change(book, "docs/one.md", "It is", "It was")
    change(book, "docs/one.md", "A slope", "The slope")
    assert book.build() == 0, book.output
    assert book.executed == set()
    assert "writing output... [100%] one" in book.output
    assert "It was" in book.html("one")
    assert "The slope" in book.html("one")

    change(book, "docs/two.md", "quote: other.OTHER", "fold: Two\nOTHER = 1 + 1")
    change(book, "code/neuralnet/parts.py", "self.w = w", "self.w = 2 * w")
    assert book.build() == 0, book.output
    assert book.executed == {"two"}  # no page quotes the class
    assert '<span class="value">2</span>' in book.html("two")

    change(book, "code/neuralnet/parts.py", "SCALE = 2.0", "SCALE = 3.0")
    assert book.build() == 0, book.output
    assert book.executed == {"one"}
    assert '<span class="value">3.0</span>' in book.html("one")


def test_what_any_page_may_depend_on_executes_all(book):
    """Such a change is found though no page of the book has changed."""
    patterns = '["requirements.txt", "docs/_style/**/*", "code/data/*"]\n'
    change(book, "conf.py", '["pins.txt"]\n', patterns)
    assert book.build() == 0, book.output
    conf = (book.root / "conf.py").read_text()
    conf += "import chapters\nchapters.python_version = lambda: '3.99.0'\n"
    for path, text in [
        ("requirements.txt", "one==2\n"),
        ("docs/_style/matplotlibrc", "axes.grid: True\n"),
        ("code/data/shipped.csv", "1,2\n"),
        ("conf.py", conf),
        ("conf.py", conf + "chapter_environment = {'OMP_NUM_THREADS': '2'}\n"),
    ]:
        book.write(path, text)
        assert book.build() == 0, book.output
        assert book.executed == ALL, path


DIES = """
def setup(app):
    if "DIE" in os.environ:
        app.connect("write-started", lambda *given: os._exit(9))
"""


def test_what_a_killed_build_did_not_write_is_written_by_the_next(book):
    """Sphinx itself knows the new title from then on, and takes it for shown."""
    conf = (book.root / "conf.py").read_text() + DIES
    book.write("conf.py", conf.replace('"downloads"', '"downloads", "page"'))
    for page in ALL:
        book.write(f"docs/{page}.md", f"# The page {page}\n")
    assert book.build() == 0, book.output
    assert "The page two" in book.html("one")
    book.write("docs/two.md", "# Another title\n")
    assert book.build(env=book.environment | {"DIE": "1"}) == 9, book.output
    assert "The page two" in book.html("one")
    assert book.build() == 0, book.output
    assert "Another title" in book.html("one")
    assert "The page two" not in book.html("one")


@pytest.fixture
def made(tmp_path):
    """A checkout and its build, made of three files."""
    for path in ("docs/one.md", "docs/__pycache__/x.pyc", "conf.py", "out/html/one"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("text")
    (tmp_path / "docs/.#one.md").symlink_to("an.editor@somewhere")
    unchanged.note(tmp_path / "out", unchanged.sources(tmp_path))
    return tmp_path


def is_unchanged(made):
    return unchanged.is_unchanged(made / "out", unchanged.sources(made))


@pytest.mark.parametrize(
    "path", ["docs/one.md", "docs/new.md", "conf.py", "code/new.py", "out/html/one"]
)
def test_file_that_is_edited_added_or_removed_is_seen(made, path):
    assert is_unchanged(made)
    target = made / path
    before = target.stat() if target.exists() else None
    target.parent.mkdir(exist_ok=True)
    target.write_text("TEXT")
    assert not is_unchanged(made)
    if before:
        target.write_text("text")
        os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert is_unchanged(made)
        target.unlink()
        assert not is_unchanged(made)


def test_checkout_that_only_looks_newer_is_unchanged(made):
    for path in ("docs/one.md", "conf.py", "docs/__pycache__/x.pyc"):
        os.utime(made / path, (1, 1))
    (made / "docs/__pycache__/x.pyc").write_text("compiled again")
    assert is_unchanged(made)


def test_what_the_benchmark_keeps_is_no_part_of_the_build(made):
    (made / "out/bench/env-peer").mkdir(parents=True)
    (made / "out/bench/env-peer/pip").write_text("text")
    assert is_unchanged(made)


def test_other_packages_python_or_address_are_seen(made, monkeypatch):
    for change in (
        lambda patch: patch.setattr(sys, "version", "3.99.0"),
        lambda patch: patch.setattr(sys, "prefix", "/elsewhere"),
        lambda patch: patch.setenv("BOOK_URL", "https://example.org/"),
        lambda patch: patch.setattr(
            unchanged.sysconfig, "get_path", lambda name: str(made / "docs")
        ),
    ):
        with monkeypatch.context() as patch:
            change(patch)
            assert not is_unchanged(made)
    assert is_unchanged(made)
