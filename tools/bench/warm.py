"""What a maintainer waits for after a change."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from checkout import Checkout, executed
from measure import Cost, best_of, cores, run, tell
from table import ratios, seconds, table

#: A project that says nothing, in the book's theme.
EMPTY = {"conf.py": 'html_theme = "furo"\n', "index.rst": "Empty\n=====\n"}
#: Seconds are few here: so the least of several.
SHORT = 5


def warm(book: Checkout) -> None:
    """Print what a build costs by what has changed; the book is built already."""
    tell("nothing changed, in turns with an empty Sphinx project")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        empty = empty_project(Path(folder))
        empty()
        nothing, least = best_of(SHORT, book.build, empty)
    chapter = book.root / "docs" / "activations.md"
    module = book.root / "code" / "neuralnet" / "activations.py"
    rows = [row("an empty Sphinx project", least), row("nothing changed", nothing)]

    def after(change: str) -> None:
        tell(change)
        rows.append(row(change, book.build()))

    append(chapter, "\nOne more sentence.\n")
    after("one sentence")
    append(chapter, "\n```{code-cell}\nprint(1)\n```\n")
    after("one cell")
    text = module.read_text()
    module.write_text(text.replace("def relu(", "def relu(  # changed\n    ", 1))
    after("one quoted function")
    book.forget(results=False)
    after("all pages, none executed")
    wall, cpu = ratios(nothing, least)
    rows.append(["nothing / empty project (goal 1.2)", wall, cpu, ""])
    print(table("After a change", ["changed", "wall s", "CPU s", "executed"], rows))


def row(change: str, cost: Cost) -> list[str]:
    return [change, *seconds(cost), ", ".join(executed(cost)) or "none"]


def empty_project(folder: Path) -> Callable[[], Cost]:
    """A function that builds a project without content."""
    for name, text in EMPTY.items():
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-j", str(cores())]

    def build() -> Cost:
        return run([*command, ".", "_build"], folder, os.environ)

    return build


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)
