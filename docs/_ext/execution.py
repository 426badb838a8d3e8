"""Execute the chapters' notebooks, or take their outputs from the cache.

The outputs are put where myst-nb looks for them, so that myst-nb itself never
executes anything. Doing it here gives three things that myst-nb does not: the
values that the prose asks for are known before the page is parsed, an exception
is reported with the chapter's own line, and progress is shown.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from cells import MIME, Expanded
from filelock import FileLock
from jupyter_client.manager import AsyncKernelManager
from kernels import manager, server
from myst_nb.core.read import read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig
from nbformat import NotebookNode
from results import Results
from runs import Job, run


class Loop(asyncio.SelectorEventLoop):
    """A loop in which Ctrl-C stops us: nbclient would take it to stop one kernel."""

    def add_signal_handler(self, *given: object) -> NoReturn:
        raise RuntimeError("signals stay with the process")

    remove_signal_handler = add_signal_handler  # type: ignore[assignment]


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

    What is executed is in the cache as soon as it is done, whatever comes after.
    `make live` and `make html` share the cache: one uses it at a time.
    """
    cache_path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{cache_path}.lock"), closing(Results(cache_path)) as results:
        missing = []
        for job in jobs:
            if found := results.find(job.notebook):
                job.notebook = found
            else:
                missing.append(job)

        def keep(job: Job) -> None:
            if job.error is None:
                results.keep(job.notebook, job.path)
            tell(job, True)

        if missing:
            run_all(missing, timeout, preload, lambda job: tell(job, False), keep)


def run_all(
    jobs: list[Job],
    timeout: int,
    preload: list[str],
    start: Callable[[Job], None],
    end: Callable[[Job], None],
) -> None:
    """Run the jobs, as many at once as there are processors, the longest first.

    Each has a kernel of its own, which has imported the modules of `preload`.
    """

    async def run_each(kernel: type[AsyncKernelManager]) -> None:
        free = asyncio.Semaphore(os.cpu_count() or 1)

        async def run_when_free(job: Job) -> None:
            async with free:
                start(job)
                await run(job, timeout, kernel)
            end(job)

        longest_first = sorted(jobs, key=lambda job: len(job.page.text), reverse=True)
        await asyncio.gather(*map(run_when_free, longest_first))

    with (
        TemporaryDirectory(prefix="book-") as folder,
        server(preload, meanwhile=partial(import_too, preload)) as address,
        asyncio.Runner(loop_factory=Loop) as runner,
    ):
        runner.run(run_each(manager(address, folder)))


def import_too(modules: list[str]) -> None:
    """Import them here as well: links of names in code, and autodoc, look into them."""
    for name in modules:
        with suppress(ImportError, ValueError):  # there are kernels without them
            import_module(name)


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
