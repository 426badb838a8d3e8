"""Build the book; what was built before stays until the new one is whole.

Usage: python tools/build.py [--build DIR] html | live | linkcheck
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import gc
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import unchanged
from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
#: What Sphinx leaves for its next run.
LEFT = ("doctrees", "jupyter_execute", "work", "linkcheck")
#: What to do about what the machine refuses, by its number.
MENDS = {
    errno.ENOSPC: "The disk is full: make room, and run the same command.",
    errno.EDQUOT: "Your share of the disk is full: make room, run the same command.",
    errno.EFBIG: "Files may not be that large here (ulimit -f).",
    errno.EIO: "Is there room on the disk, and may files be large (ulimit -f)?",
    errno.EMFILE: "No more files may be open here (ulimit -n).",
    errno.EAGAIN: "No more processes may run here (ulimit -u), or memory is short.",
    errno.ENOMEM: "No memory is left: close something, and run the same command.",
    **dict.fromkeys(
        (errno.EROFS, errno.EACCES, errno.EPERM),
        "If it is the build folder, name another: make html BUILD=~/book",
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["html", "live", "linkcheck"])
    parser.add_argument("--build", type=Path, default=Path("_build"))
    parser.add_argument("--port", default="8000")
    given = parser.parse_args()
    build = given.build.resolve()
    os.environ["BOOK_CACHE"] = str(build / "executed")
    if given.what == "live":
        return live(build, given.port)
    end_as_with_ctrl_c()
    try:
        with alone(build):
            if given.what == "html":
                html_if_changed(build)
            else:
                sphinx(build / "linkcheck", build, "linkcheck")
    except KeyboardInterrupt:
        failed, code = "Interrupted.", 130
    except WarnedError:
        failed, code = "The warnings above count as errors.", 1
    except Exception as error:
        if not (failed := explain(error)):
            raise
        code = 2
    else:
        return 0
    print(f"\n{failed}", file=sys.stderr)
    if given.what == "html":
        index = build / "html" / "index.html"
        kept = f"; the last good one stays in {shown(index)}" if index.exists() else ""
        print(f"\nThe book was not built{kept}.", file=sys.stderr)
    return code


def end_as_with_ctrl_c() -> None:
    """Have `kill` and the closing of the terminal end us like Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        usual = signal.getsignal(signal.SIGINT)
        if not callable(usual):  # in the background of a script it is ignored
            raise KeyboardInterrupt
        usual(signal.SIGINT, frame)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, interrupt)
    if hasattr(os, "register_at_fork"):
        parent: list[int] = []
        os.register_at_fork(
            before=lambda: parent.append(os.getpid()),
            after_in_child=lambda: end_silently(parent[-1]),
        )


def end_silently(parent: int) -> None:
    """Have a fork, in which Sphinx reads or writes, end at once and with us."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # killed before it could be asked for that
            os._exit(1)


@contextmanager
def alone(build: Path) -> Iterator[None]:
    """Wait while another build is at work in this folder: ours is short after it.

    The lock is on the open file, and ends with the process however that ends.
    """
    build.mkdir(parents=True, exist_ok=True)
    lock = FileLock(build / "lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(f"Another build is at work in {shown(build)}: waiting.", flush=True)
        lock.acquire()
    with lock:
        yield


class WarnedError(Exception):
    """Sphinx has warned."""


def explain(error: Exception) -> str:
    """What went wrong and what to do; nothing if it is a mistake of this program."""
    from sphinx.errors import SphinxError, SphinxParallelError

    cause: BaseException = error
    while cause.__cause__:
        cause = cause.__cause__
    said = f"{type(cause).__name__}: {cause}"
    if isinstance(error, SphinxParallelError):  # what a fork said, the cause first
        lines = re.findall(r"^\w.*", error.traceback, re.MULTILINE)
        said = next(line for line in lines if not line.startswith("Traceback"))
    refused = re.match(r"\w+: \[Errno (\d+)\]", said)
    number = int(refused[1]) if refused else 0
    if said.startswith("MemoryError") or "failed to map segment" in said:
        number = errno.ENOMEM
    elif "can't start new thread" in said:
        number = errno.EAGAIN
    elif isinstance(cause, EOFError):
        said, number = "A process of this build was killed.", errno.ENOMEM
    elif isinstance(cause, sqlite3.Error):  # it has numbers of its own
        said = f"The cache of executed chapters: {cause}"
        number = errno.ENOSPC if "full" in said else errno.EIO
    if number in MENDS:
        return f"{said}\n{MENDS[number]}"
    return f"{error.category}:\n{error}" if isinstance(error, SphinxError) else ""


def sphinx(output: Path, build: Path, builder: str) -> None:
    """Run Sphinx here, beginning with what the last run left if that is whole.

    Sphinx and myst-nb take a page that gave a warning as read, and a page or picture
    that was half written, or changed since, as written. What was executed is safe
    (results.py).
    """
    # Importing it takes longer than finding that there is nothing to build.
    import multiprocessing

    from sphinx.application import Sphinx
    from sphinx.util.console import color_terminal, nocolor
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    # Doctrees are cycles by the hundred thousand, and stay: to look for garbage among
    # them as often as usual takes a third of the time.
    gc.set_threshold(400_000, 10, 100)
    if not color_terminal():
        nocolor()
    note = build / "left"
    if not note.is_file() or note.read_text() != unchanged.built(build, LEFT):
        for leftover in LEFT:
            shutil.rmtree(build / leftover, ignore_errors=True)
    note.unlink(missing_ok=True)
    try:
        with patch_docutils(ROOT), docutils_namespace():
            app = Sphinx(
                ROOT / "docs",
                ROOT,
                output,
                build / "doctrees",
                builder,
                warningiserror=True,
                parallel=os.cpu_count() or 1,
            )
            app.build()
            if app.statuscode:
                raise WarnedError
            prune(app)
    finally:
        # Sphinx ends its forks where it waits for them. One that Ctrl-C leaves behind
        # as it starts would do its work, and Python would wait for that.
        for fork in multiprocessing.active_children():
            fork.kill()
    note.write_text(unchanged.built(build, LEFT))
    # Python would free them one by one when it ends, for seconds.
    gc.freeze()


def prune(app: Sphinx) -> None:
    """Delete pages and pictures of earlier builds that the book no longer has."""
    pictures = {name for _, name in app.env.images.values()}
    for picture in (app.outdir / "_images").glob("*"):
        if picture.name not in pictures:
            picture.unlink()
    for kind in ("_sources/*.md.txt", "notebooks/*.ipynb", "scripts/*.py"):
        for path in app.outdir.glob(kind):
            name = path.name.split(".")[0]
            if name not in app.env.found_docs:
                path.unlink()
                (app.outdir / f"{name}.html").unlink(missing_ok=True)


def html_if_changed(build: Path) -> None:
    made_from = unchanged.sources(ROOT)
    if unchanged.is_unchanged(build, made_from):
        print(f"Nothing has changed. Open {shown(build / 'html' / 'index.html')}")
        return
    unchanged.forget(build)
    html(build)
    unchanged.note(build, made_from)


def html(build: Path) -> None:
    """Build in a place of its own, then put the whole result where readers look."""
    started = time.monotonic()
    site = build / "html"
    restore(site)
    sphinx(build / "work", build, "html")
    publish(build / "work", site)
    seconds = time.monotonic() - started
    index = site / "index.html"
    print(f"\nThe book is built ({seconds:.0f} s). Open {shown(index)}")


def publish(work: Path, site: Path) -> None:
    """Copy the finished pages beside the old ones, then swap the two.

    Between two renames there is no site, and a process killed there leaves none.
    Linux swaps two folders in one step. Where that is not to be had, the next build
    begins by putting the old site back (`restore`).
    """
    new, old = site.with_name("html.new"), site.with_name("html.old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        shutil.copytree(work, new, ignore=shutil.ignore_patterns(".buildinfo*"))
    except shutil.Error as error:  # of many files: the first says it
        shutil.rmtree(new, ignore_errors=True)
        raise OSError(error.args[0][0][2]) from None
    if not site.exists():
        new.rename(site)
    elif not exchange(new, site):
        site.rename(old)
        new.rename(site)
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)


def restore(site: Path) -> None:
    old = site.with_name("html.old")
    if old.exists() and not site.exists():
        old.rename(site)


def exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where the system cannot."""
    try:
        rename = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):  # not Linux, or an old one
        return False
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return not rename(here, os.fsencode(one), here, os.fsencode(other), swap)


def live(build: Path, port: str) -> int:
    """Serve the pages, and build them again whenever a source is saved.

    In a folder of its own, so that `make html` can go on beside it.
    """
    place = build / "live"
    shutil.rmtree(place, ignore_errors=True)
    places = [str(ROOT / "docs"), str(place / "html"), "-d", str(place / "doctrees")]
    watched = [f"--watch={ROOT / name}" for name in ("code", "conf.py")]
    options = ["-c", str(ROOT), "--port", port, "--ignore", str(build)]
    run = [sys.executable, "-m", "sphinx_autobuild", *places, *options, *watched]
    return subprocess.call(run)


def shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main())
