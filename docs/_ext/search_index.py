"""The search index, the same after any number of builds.

What Sphinx knows of the pages that are not written again it reads from the index that
it wrote the last time. That one lacks what it needs to make the next: the entries of
the book's index are lost, and words stay that no page holds any longer. Here what
each page gave to the index is kept beside the doctrees.
"""

from __future__ import annotations

import pickle
from collections.abc import Set
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.builders.html import StandaloneHTMLBuilder

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.search import IndexBuilder
    from sphinx.util.typing import ExtensionMetadata

KEPT = ["_titles", "_filenames", "_all_titles"]
KEPT += ["_mapping", "_title_mapping", "_index_entries"]


def forget(indexer: IndexBuilder, kept: Set[str]) -> None:
    """Keep what these pages gave to the index, in the order of their names."""
    indexer.prune(sorted(kept))
    for words in (indexer._mapping, indexer._title_mapping):
        for word in [word for word, pages in words.items() if not pages]:
            del words[word]
    entries = indexer._index_entries
    indexer._index_entries = {page: entries[page] for page in sorted(kept & {*entries})}


class HTMLBuilder(StandaloneHTMLBuilder):
    """Sphinx's builder, with another memory of what was searched."""

    @property
    def memory(self) -> Path:
        return Path(self.doctreedir, "search.pickle")

    def load_indexer(self, docnames: Set[str]) -> None:
        assert self.indexer is not None
        # Sphinx finds the stem of a word anew on each page.
        self.indexer.lang.stem = cache(self.indexer.lang.stem)  # type: ignore[method-assign]
        if self.memory.is_file():
            for name, value in pickle.loads(self.memory.read_bytes()).items():
                setattr(self.indexer, name, value)
        forget(self.indexer, set(self.env.all_docs) - set(docnames))

    def dump_search_index(self) -> None:
        assert self.indexer is not None
        forget(self.indexer, set(self.env.all_docs))
        kept = {name: getattr(self.indexer, name) for name in KEPT}
        self.memory.write_bytes(pickle.dumps(kept))
        super().dump_search_index()


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_builder(HTMLBuilder, override=True)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
