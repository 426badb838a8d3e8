"""What a reader is served: always a whole site, and the newest one."""

from __future__ import annotations


def test_failed_build_leaves_the_last_good_site_as_it_was(book):
    assert book.build() == 0, book.output
    before = {path: path.read_bytes() for path in book.site.rglob("*.html")}
    book.page("one", "# One\n\n```{code-cell}\n1 / 0\n```\n")
    assert book.build() == 2
    assert "docs/one.md:7: ZeroDivisionError" in book.output
    assert "the last good one stays in _build/html/index.html" in book.output
    assert before == {path: path.read_bytes() for path in book.site.rglob("*.html")}
    book.page("one", "# One\n\n```{code-cell}\nprint(1 / 1)\n```\n")
    assert book.build() == 0, book.output
    assert book.executed == {"one"}
    assert "1.0" in book.html("one")
