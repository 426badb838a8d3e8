"""Execute the chapters' notebooks, or take their outputs from the cache.

The outputs are put where myst-nb looks for them, so that myst-nb itself never
executes anything. Doing it here gives three things that myst-nb does not: the
values that the prose asks for are known before the page is parsed, an exception
is reported with the chapter's own line, and progress is shown.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from cells import MIME, ChapterError, Expanded
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_client.manager import AsyncKernelManager
from kernels import manager, server
from myst_nb.core.read import read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

QUIET = logging.getLogger("book.execution")
QUIET.setLevel(logging.ERROR)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Loop(asyncio.SelectorEventLoop):
    """A loop in which Ctrl-C stops us: nbclient would take it to stop one kernel."""

    def add_signal_handler(self, *given: object) -> NoReturn:
        raise RuntimeError("signals stay with the process")

    remove_signal_handler = add_signal_handler  # type: ignore[assignment]


@dataclass
class Job:
    """A chapter to execute; in the end its notebook, or the error that stopped it."""

    name: str
    path: Path
    text: str
    page: Expanded
    notebook: NotebookNode
    error: ChapterError | None = None


def notebook(page: Expanded, path: Path, config: MdParserConfig) -> NotebookNode:
    """The notebook of an expanded page, without outputs."""
    return read_myst_markdown_notebook(
        page.text, config, add_source_map=True, path=path
    )


def execute(
    jobs: list[Job],
    cache_path: Path,
    timeout: int,
    preload: list[str],
    tell: Callable[[Job, bool], None],
) -> None:
    """Fill in the outputs of all jobs, from the cache where they are there.

    As many kernels run at once as there are processors, the longest chapter first;
    each serves one chapter. They have imported the modules of `preload`. `tell`
    hears of a job when it starts (False) and when it has ended (True).
    """
    cache = get_cache(str(cache_path))  # type: ignore[no-untyped-call]
    missing = []
    for job in jobs:
        try:
            job.notebook = cache.merge_match_into_notebook(job.notebook)[1]
        except KeyError:
            missing.append(job)

    def keep(job: Job) -> None:
        if job.error is None:
            bundle = CacheBundleIn(job.notebook, str(job.path))
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        tell(job, True)

    async def run_all(address: str) -> None:
        free = asyncio.Semaphore(os.cpu_count() or 1)
        kernel = manager(address)

        async def run_when_free(job: Job) -> None:
            async with free:
                tell(job, False)
                await run(job, timeout, kernel)
            keep(job)

        await asyncio.gather(*map(run_when_free, missing))

    if not missing:
        return
    missing.sort(key=lambda job: len(job.page.text), reverse=True)
    with server(preload) as address, asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(run_all(address))


async def run(job: Job, timeout: int, kernel: type[AsyncKernelManager]) -> None:
    """Run all cells in a new kernel; a failure names the line of the chapter."""
    started = 0

    def on_cell_start(cell: NotebookNode, cell_index: int) -> None:
        nonlocal started
        if cell.cell_type == "code":
            started = cell_index

    client = NotebookClient(
        job.notebook,
        timeout=timeout,
        resources={"metadata": {"path": str(job.path.parent)}},
        kernel_manager_class=kernel,
        kernel_name=job.notebook.metadata["kernelspec"]["name"],
        on_cell_start=on_cell_start,
        shutdown_kernel="immediate",
        record_timing=False,
        # One print may reach us in two messages, and would be shown as two lines.
        coalesce_streams=True,
        log=QUIET,
    )
    try:
        await client.async_execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        job.error = failure(error, job.notebook, started, job.page, timeout)
    finally:
        if client.km is None:  # else an interrupted start is cleaned up at exit
            atexit.unregister(client._cleanup_kernel)


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
