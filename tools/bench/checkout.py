"""A copy of the book in a folder of its own, to be built and changed."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import Cost, Failed, run

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("docs", "code", "tools", "conf.py", "requirements.txt")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "bench")


class Checkout:
    """The copy; `build` builds it with the book's own tool, as `make html` does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, root / part, ignore=LEFT_OUT)
            else:
                shutil.copy(source, root / part)

    def build(self, *, look_at_memory: bool = False, **environment: str) -> Cost:
        try:
            return run(
                [sys.executable, "tools/build.py", "html"],
                self.root,
                os.environ | environment,
                look_at_memory=look_at_memory,
            )
        except Failed as failed:
            raise SystemExit(f"bench: the book was not built:\n{failed}") from None

    def forget(self, *, results: bool) -> None:
        """Undo all builds, the results of the cells too or all but these."""
        for path in (self.root / "_build").glob("*"):
            if path.is_file():
                path.unlink()
            elif results or path.name != "executed":
                shutil.rmtree(path)

    @property
    def notebooks(self) -> list[Path]:
        """The chapters as notebooks, as the last build wrote them."""
        return sorted((self.root / "_build" / "html" / "notebooks").glob("*.ipynb"))


def executed(cost: Cost) -> list[str]:
    """The pages that a build executed."""
    return re.findall(r"executed (\w+): \d+ cells", cost.output)


@contextmanager
def checkout() -> Iterator[Checkout]:
    """A copy that goes when it has been used."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield Checkout(Path(folder) / "book")
