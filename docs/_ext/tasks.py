"""Reading and writing side by side, without forgetting a failure.

Sphinx reads and writes pages in several processes. While it still hands out work, it
swallows the error of a process that has failed, and ends the others: pages are missing,
and nobody says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sphinx.builders
from sphinx.util.parallel import ParallelTasks

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


class Tasks(ParallelTasks):
    """Sphinx's tasks; the first error is raised when all have been handed out."""

    error: Exception | None = None

    def _join_one(self) -> bool:
        try:
            return super()._join_one()
        except Exception as error:
            self.error = self.error or error
            raise

    def join(self) -> None:
        if self.error:
            self.terminate()
            raise self.error
        super().join()


def setup(app: Sphinx) -> ExtensionMetadata:
    sphinx.builders.ParallelTasks = Tasks  # type: ignore[attr-defined]
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
