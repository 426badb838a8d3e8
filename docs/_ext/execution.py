"""Execute a chapter's notebook, or take its outputs from the cache.

The outputs are put where myst-nb looks for them, so that myst-nb itself never
executes anything. Doing it here gives three things that myst-nb does not: the
values that the prose asks for are known before the page is parsed, an exception
is reported with the chapter's own line, and progress is shown.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cells import MIME, ChapterError, Expanded
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

QUIET = logging.getLogger("book.execution")
QUIET.setLevel(logging.ERROR)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Executed:
    """A notebook with its outputs, and whether they had to be computed."""

    notebook: NotebookNode
    fresh: bool


def execute(
    expanded: Expanded,
    path: Path,
    cache_path: Path,
    timeout: int,
    config: MdParserConfig,
    progress: Callable[[int, int], None],
) -> Executed:
    """The chapter's notebook with outputs, from the cache if it is there."""
    notebook = read_myst_markdown_notebook(
        expanded.text, config, add_source_map=True, path=path
    )
    cache = get_cache(str(cache_path))  # type: ignore[no-untyped-call]
    try:
        cache.match_cache_notebook(notebook)
    except KeyError:
        run(notebook, expanded, path, timeout, progress)
        bundle = CacheBundleIn(notebook, str(path))
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        return Executed(notebook, fresh=True)
    return Executed(cache.merge_match_into_notebook(notebook)[1], fresh=False)


def run(
    notebook: NotebookNode,
    expanded: Expanded,
    path: Path,
    timeout: int,
    progress: Callable[[int, int], None],
) -> None:
    """Run all cells in a new kernel; a failure names the line of the chapter."""
    total = len(notebook.cells)
    started = 0

    def on_cell_start(cell: NotebookNode, cell_index: int) -> None:
        nonlocal started
        if cell.cell_type == "code":
            started = cell_index
        progress(cell_index + 1, total)

    client = NotebookClient(
        notebook,
        timeout=timeout,
        resources={"metadata": {"path": str(path.parent)}},
        kernel_name=notebook.metadata["kernelspec"]["name"],
        on_cell_start=on_cell_start,
        shutdown_kernel="immediate",
        record_timing=False,
        # One print may reach us in two messages, and would be shown as two lines.
        coalesce_streams=True,
        log=QUIET,
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise failure(error, notebook, started, expanded, timeout) from error


def failure(
    error: Exception,
    notebook: NotebookNode,
    index: int,
    expanded: Expanded,
    timeout: int,
) -> ChapterError:
    """The error of the cell `index`, on the chapter's line, traceback last."""
    cell = notebook.cells[index]
    first = body_start(expanded, notebook.metadata["source_map"][index], cell.source)
    if isinstance(error, CellTimeoutError):
        line = expanded.origin[first]
        return ChapterError(line, f"the cell ran longer than {timeout} s: stopped")
    if isinstance(error, DeadKernelError):
        line = expanded.origin[first]
        return ChapterError(line, "the Python process died while the cell ran")
    assert isinstance(error, CellExecutionError)
    output = next(each for each in cell.outputs if each.output_type == "error")
    trace = ANSI.sub("", "\n".join(output.traceback))
    within = [
        int(number) for number in re.findall(r"Cell In\[\d+\], line (\d+)", trace)
    ]
    line = expanded.origin[first + (within[0] - 1 if within else 0)]
    return ChapterError(line, f"{error.ename}: {error.evalue}\n{indent(trace)}")


def body_start(expanded: Expanded, fence: int, source: str) -> int:
    """Index of the expanded line on which the source of a cell begins."""
    first = source.splitlines()[0]
    for index in range(fence, len(expanded.lines)):
        if expanded.lines[index] == first:
            return index
    return fence


def indent(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def values(notebook: NotebookNode) -> dict[str, str]:
    """What the prose asked for: the text of each value by its key."""
    return {
        output.metadata["key"]: output.data[MIME]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "display_data" and MIME in output.data
    }


def python_version() -> str:
    return ".".join(map(str, sys.version_info[:3]))
