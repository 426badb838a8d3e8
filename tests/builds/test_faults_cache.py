"""The cache of executed chapters, damaged: never fatal, and never believed."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from faults import files, hurry, pages
from nbformat.v4 import new_code_cell, new_notebook
from results import Results


def entry(book, name: str) -> Path:
    """The cached notebook of the page whose only cell prints its name."""
    (found,) = (
        path
        for path in (book.built / "executed").rglob("base.ipynb")
        if f"print('{name}')" in path.read_text()
    )
    return found


def build_all_pages_again(book) -> None:
    shutil.rmtree(book.built / "doctrees")
    assert book.build() == 0, book.output


def test_damaged_results_are_thrown_away_and_made_again(book):
    hurry(book)
    names = ("whole", "short", "empty", "gone", "altered", "swapped", "unsealed")
    pages(book, **{name: f"print('{name}')" for name in names})
    assert book.build() == 0, book.output
    good = files(book.site)
    entries = {name: entry(book, name) for name in names}
    text = entries["short"].read_text()
    entries["short"].write_text(text[: len(text) // 2])
    entries["empty"].write_text("")
    entries["gone"].unlink()
    text = entries["altered"].read_text()
    entries["altered"].write_text(text.replace('"altered\\n"', '"altered!\\n"'))
    assert text != entries["altered"].read_text()
    shutil.rmtree(entries["swapped"].parent)
    shutil.copytree(entries["whole"].parent, entries["swapped"].parent)
    (entries["unsealed"].parent / "sha256").unlink()
    build_all_pages_again(book)
    assert book.executed == {*names} - {"whole"}
    assert files(book.site) == good

    database = book.built / "executed" / "global.db"
    database.write_bytes(b"garbage" * 1000)
    build_all_pages_again(book)
    assert book.executed == {*names}
    assert files(book.site) == good


def test_what_sphinx_left_is_not_believed_when_it_is_damaged(book):
    assert book.build() == 0, book.output
    good = files(book.site)
    for path, text in [
        ("doctrees/one.doctree", b""),
        ("doctrees/one.doctree", (book.built / "doctrees/two.doctree").read_bytes()),
        ("doctrees/environment.pickle", b"garbage"),
        ("work/one.html", b"<p>Another page.</p>"),
    ]:
        (book.built / path).write_bytes(text)
        assert book.build() == 0, book.output
        assert book.executed == set()
        assert files(book.site) == good, path


def test_emptied_database_is_made_again(tmp_path):
    notebook = new_notebook(cells=[new_code_cell("1 + 1")])
    with closing(Results(tmp_path)) as results:
        results.keep(notebook, Path("one.md"))
    with closing(Results(tmp_path)) as results:
        assert results.find(notebook)
    (tmp_path / "global.db").write_bytes(b"")
    with closing(Results(tmp_path)) as results:
        assert results.find(notebook) is None
        results.keep(notebook, Path("one.md"))
    with closing(Results(tmp_path)) as results:
        assert results.find(notebook)
