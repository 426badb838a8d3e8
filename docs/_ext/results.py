"""The results of executed chapters, kept from build to build.

jupyter-cache finds a notebook by its code, where myst-nb looks for it too. It takes
every file it finds for good, and a damaged one is fatal or, worse, shown. So a digest
lies beside each notebook here, and what does not agree with it is thrown away.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.db import NbCacheRecord
from nbformat import NotebookNode


class Results:
    """The executed notebooks in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if folder.exists() and not self.is_sound():
            shutil.rmtree(folder)
        self.cache = get_cache(str(folder))  # type: ignore[no-untyped-call]

    def is_sound(self) -> bool:
        """Whether the database is one, whole, and of this version's form."""
        try:
            cache = get_cache(str(self.folder))  # type: ignore[no-untyped-call]
            try:
                with cache.db.connect() as connection:
                    answer = connection.exec_driver_sql("PRAGMA quick_check").scalar()
                cache.list_cache_records()
            finally:
                cache.db.dispose()
        except Exception:  # of SQLite, SQLAlchemy or jupyter-cache: it is no use
            return False
        return bool(answer == "ok")

    def close(self) -> None:
        """Close the database: one left open is, to Python 3.13, worth a warning."""
        self.cache.db.dispose()

    def find(self, notebook: NotebookNode) -> NotebookNode | None:
        """The notebook with the outputs it had; nothing if in any doubt."""
        try:
            record = self.cache.match_cache_notebook(notebook)
        except KeyError:
            return None
        entry = self.entry(record)
        try:
            is_good = self.digest(entry) == (entry / "sha256").read_text()
        except (OSError, UnicodeError):
            is_good = False
        if not is_good:
            shutil.rmtree(entry, ignore_errors=True)
            NbCacheRecord.remove_records([record.pk], self.cache.db)
            return None
        found: NotebookNode = self.cache.merge_match_into_notebook(notebook)[1]
        return found

    def keep(self, notebook: NotebookNode, path: Path) -> None:
        """Keep the outputs of a chapter; the digest comes last, when all is there."""
        bundle = CacheBundleIn(notebook, str(path))
        record = self.cache.cache_notebook_bundle(
            bundle, check_validity=False, overwrite=True
        )
        entry = self.entry(record)
        (entry / "sha256").write_text(self.digest(entry))

    def entry(self, record: NbCacheRecord) -> Path:
        return self.folder / "executed" / str(record.hashkey)

    def digest(self, entry: Path) -> str:
        """Of the notebook and of the code it belongs to, which its folder names."""
        text = (entry / "base.ipynb").read_bytes()
        return hashlib.sha256(entry.name.encode() + text).hexdigest()
