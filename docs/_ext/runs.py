"""Run the cells of one chapter in a Python process of their own.

nbclient does the running. Here a cell is kept from running or printing forever, and
what stops a chapter is told with the chapter's own line.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cells import ChapterError, Expanded
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from nbformat import NotebookNode

#: Characters that one cell may print: the longest output of the book has 1641, and
#: nobody reads a page with a megabyte (nbclient takes minutes over a line of one).
MOST_PRINTED = 20_000
PLAIN = "text/plain"
#: Seconds in which a cell that was interrupted may end.
GRACE = 5
QUIET = logging.getLogger("book.execution")
QUIET.setLevel(logging.CRITICAL)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Job:
    """A chapter to execute; in the end its notebook, or the error that stopped it."""

    name: str
    path: Path
    text: str
    page: Expanded
    notebook: NotebookNode
    error: ChapterError | None = None


async def run(job: Job, timeout: int, kernel: type[AsyncKernelManager]) -> None:
    """Run all cells in a new kernel; a failure names the line of the chapter."""
    cells = Cells(job, timeout, kernel)
    task = asyncio.current_task()
    assert task
    try:
        await cells.async_execute()
        if cells.late is not None:  # it took the interrupt for its own
            raise CellTimeoutError
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        if task.cancelling():  # nbclient takes Ctrl-C for the death of the kernel
            raise asyncio.CancelledError from None
        job.error = cells.failure(error)
    except RuntimeError as error:
        if cells.current is not None:
            raise
        job.error = ChapterError(1, f"its Python process did not start: {error}")
    finally:
        cells.timer.cancel()
        if cells.km is None:  # else an interrupted start is cleaned up at exit
            atexit.unregister(cells._cleanup_kernel)


class Cells(NotebookClient):
    """The cells of a chapter, watched while they run."""

    #: Indexes of the cell that runs, and of the one that was interrupted.
    current: int | None = None
    late: int | None = None
    printed = 0
    process: subprocess.Popen | None = None

    def __init__(
        self, job: Job, timeout: int, kernel: type[AsyncKernelManager]
    ) -> None:
        super().__init__(
            job.notebook,
            # One that hears no interrupt is stopped a little later.
            timeout=timeout + GRACE,
            resources={"metadata": {"path": str(job.path.parent)}},
            kernel_manager_class=kernel,
            kernel_name=job.notebook.metadata["kernelspec"]["name"],
            on_cell_start=self.begin,
            shutdown_kernel="immediate",
            record_timing=False,
            # One print may reach us in two messages, and would be shown as two lines.
            coalesce_streams=True,
            log=QUIET,
        )
        self.job = job
        self.patience = timeout
        self.timer = asyncio.get_running_loop().call_later(0, int)

    def begin(self, cell: NotebookNode, cell_index: int) -> None:
        if cell.cell_type != "code":
            return
        assert self.km
        self.current, self.printed = cell_index, 0
        self.process = getattr(self.km.provisioner, "process", None)
        self.timer.cancel()
        loop = asyncio.get_running_loop()
        self.timer = loop.call_later(self.patience, self.interrupt)

    def interrupt(self) -> None:
        """Interrupt a cell that runs too long: its traceback then says where it was."""
        if isinstance(self.km, AsyncKernelManager):  # else all cells have just ended
            self.late = self.current
            self.interrupting = asyncio.ensure_future(self.km.interrupt_kernel())

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Take a message of the kernel, unless the cell has printed too much."""
        said = msg["content"]
        self.printed += len(said.get("text", "") or said.get("data", {}).get(PLAIN, ""))
        if self.printed > MOST_PRINTED and self.process:
            self.process.kill()  # nbclient will find it dead
            return None
        output: NotebookNode | None = super().process_message(msg, cell, cell_index)
        return output

    def failure(self, error: Exception) -> ChapterError:
        """What stopped the chapter, on the chapter's line, traceback or cell last."""
        index = self.current if self.late is None else self.late
        assert index is not None
        cell = self.nb.cells[index]
        line = body_start(
            self.job.page, self.nb.metadata["source_map"][index], cell.source
        )
        below = cell.source
        if isinstance(error, CellExecutionError):
            output = next(each for each in cell.outputs if each.output_type == "error")
            below = ANSI.sub("", "\n".join(output.traceback))
            what = f"{error.ename}: {error.evalue}"
            if within := re.search(r"Cell In\[\d+\], line (\d+)", below):
                line += int(within[1]) - 1
        elif self.printed > MOST_PRINTED:
            what = f"the cell printed more than {MOST_PRINTED:,} characters"
        else:
            what = f"the Python process {self.end()} while the cell ran"
        if self.late is not None:
            what = f"the cell ran longer than {self.patience} s"
        return ChapterError(self.job.page.origin[line], f"{what}\n{indent(below)}")

    def end(self) -> str:
        """How the process ended."""
        status = self.process.poll() if self.process else None
        if status is None:
            return "died"
        if status >= 0:
            return f"ended with status {status}"
        name = signal.Signals(-status).name
        return f"was killed by {name}" + (" (no memory left?)" * (name == "SIGKILL"))


def body_start(expanded: Expanded, fence: int, source: str) -> int:
    """Index of the expanded line on which the source of a cell begins."""
    first = source.splitlines()[0]
    for index in range(fence, len(expanded.lines)):
        if expanded.lines[index] == first:
            return index
    return fence


def indent(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())
