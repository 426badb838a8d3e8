"""What the tests of faults share: a book that hurries, and what is left of a build."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

#: Seconds for a cell: far more than any good one takes, also on a busy machine.
PATIENCE = 5
CELL = "# A page\n\n```{code-cell}\n%s\n```\n"


def hurry(book) -> None:
    """Give cells a few seconds, and run them in forks, as the book does."""
    append(book, f"nb_execution_timeout = {PATIENCE}")
    append(book, 'chapter_preload = ["ipykernel.kernelapp"]')


def append(book, line: str) -> None:
    conf = (book.root / "conf.py").read_text()
    book.write("conf.py", f"{conf}{line}\n")


def pages(book, **cells: str) -> None:
    """Make these the pages of the book, each with one cell."""
    for old in (book.root / "docs").glob("*.md"):
        old.unlink()
    names = "\n".join(cells)
    book.write("docs/index.md", f"# Tiny\n\n```{{toctree}}\n{names}\n```\n")
    for name, cell in cells.items():
        book.page(name, CELL % cell)


def files(folder: Path) -> dict[str, bytes]:
    """What the files of a site hold, less the marks by which browsers cache them.

    (This theme has one stylesheet that is not yet there when the first build asks.)
    """
    return {
        path.relative_to(folder).as_posix(): re.sub(
            rb"\?v=[0-9a-f]+", b"", path.read_bytes()
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


def marked(book) -> dict[str, str]:
    """An environment by which all processes of a build are known."""
    return book.environment | {"BOOK_MARK": str(book.root)}


def wait_until_none_is_left(book) -> None:
    mark = f"BOOK_MARK={book.root}".encode()

    def left() -> list[str]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue  # it has ended, or is somebody else's
        return found

    wait(lambda: not left(), lambda: f"left behind: {left()}")


def wait(is_so: Callable[[], object], message: Callable[[], str]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, message()
        time.sleep(0.05)


def run(book, *command: str) -> int:
    """Run a command that builds; gives back its exit status."""
    done = subprocess.run(
        command,
        cwd=book.root,
        env=marked(book),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    book.output = done.stdout
    wait_until_none_is_left(book)
    return done.returncode


def build_with_limit(book, limit: str) -> int:
    """Build with a limit of `ulimit`; gives back the exit status."""
    return run(book, "sh", "-c", 'ulimit $0 && exec "$@"', limit, *book.command)


def start(book, **environment: str) -> subprocess.Popen:
    """Start a build, as at a terminal: Ctrl-C would reach all its processes."""
    return subprocess.Popen(
        book.command,
        cwd=book.root,
        env=marked(book) | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def stop(book, process: subprocess.Popen, when: str, how: Callable[[int], None]) -> int:
    """Stop a build once it has printed `when`; gives back its exit status."""
    book.output = ""
    assert process.stdout
    for line in process.stdout:
        book.output += line
        if when in line:
            break
    how(process.pid)
    book.output += process.communicate(timeout=120)[0]
    wait_until_none_is_left(book)
    return process.returncode


def ctrl_c(pid: int) -> None:
    os.killpg(pid, signal.SIGINT)


def terminate(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def alone(*options: str) -> list[str]:
    """The command that runs another in a namespace of its own; none, if that fails."""
    command = ["unshare", "--map-root-user", *options]
    if not shutil.which("unshare"):
        return []
    done = subprocess.run([*command, "true"], capture_output=True, check=False)
    return [] if done.returncode else command


def namespace(*options: str) -> list[str]:
    """The same command, or skip the test."""
    return alone(*options) or pytest.skip("this machine gives its users no namespaces")
