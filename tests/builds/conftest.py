"""A tiny book with the book's own build tool, as `make html` runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from programs import KERNELS, python
from tiny_book import ROOT, Book

INDEX = "# Tiny\n\n```{toctree}\none\ntwo\n```\n"
ONE = """# One

```{code-cell}
:quote: parts.imports parts.SCALE parts.slope
```

It is {value}`slope(1.0)`.
"""
TWO = """# Two

```{code-cell}
:quote: other.OTHER
```

It is {value}`OTHER`.
"""
#: Forks of what the tests have preloaded do not look for modules beside a program.
QUICK = """import runpy
import sys
sys.path.insert(0, "tools")
runpy.run_path("tools/build.py", run_name="__main__")
"""
NOT_COPIED = shutil.ignore_patterns("__pycache__")


class BuiltBook(Book):
    """The tiny book as a checkout: sources, tools and, in time, a built site."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        shutil.copytree(ROOT / "tools", root / "tools", ignore=NOT_COPIED)
        self.write("quick.py", QUICK)
        self.write("docs/index.md", INDEX)
        self.page("one", ONE)
        self.page("two", TWO)

    @property
    def command(self) -> list[str]:
        return [sys.executable, "tools/build.py", "html"]

    def build(self, *options: str, **given: object) -> int:
        """Run the tool to its end.

        `given` goes to the process (`env`, `preexec_fn`), which then is a Python of
        its own, as the process matters.
        """
        quick = [*python(), "quick.py", *self.command[2:]]
        settings = {"cwd": self.root, "env": {**os.environ, "NO_COLOR": "1"}}
        done = subprocess.run(
            [*(self.command if given else quick), *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            **settings | given,
        )
        self.output = done.stdout + done.stderr
        return done.returncode

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key != KERNELS}
        return kept | {"NO_COLOR": "1"}

    @property
    def built(self) -> Path:
        return self.root / "_build"

    @property
    def site(self) -> Path:
        return self.built / "html"

    def html(self, name: str) -> str:
        return (self.site / f"{name}.html").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def book_in() -> type[BuiltBook]:
    """Makes the tiny book in a folder."""
    return BuiltBook


@pytest.fixture
def book(tmp_path: Path) -> BuiltBook:
    root = tmp_path / "book"
    root.mkdir()
    return BuiltBook(root)
