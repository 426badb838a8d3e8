"""Tell whether a build would find everything as the last one left it.

Sphinx alone takes seconds to see that nothing has changed. What it reads is little:
the files of the book and the versions of the installed packages. What it wrote is
known by size and time. If both are as they were, there is nothing to do.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

#: All that conf.py and the extensions read.
SOURCES = ("docs", "code", "tools", "conf.py", "requirements.txt")
STAMP = "unchanged"
#: What stands in the build folder and is none of the build: the stamp, and the
#: environments of the benchmark, tens of thousands of files.
APART = (STAMP, "bench")


def files(place: Path) -> Iterator[Path]:
    """All files of a folder in order, or the file itself, but what Python compiled."""
    if place.is_file():
        yield place
    for folder, below, names in os.walk(place):
        below[:] = sorted(name for name in below if name != "__pycache__")
        # An editor's lock is a link to nothing.
        yield from (
            path for name in sorted(names) if (path := Path(folder, name)).is_file()
        )


def sources(root: Path) -> str:
    """What the book is made from, as one number."""
    packages = sorted(os.listdir(sysconfig.get_path("purelib")))
    given = (sys.version, sys.prefix, os.environ.get("BOOK_URL"), packages)
    digest = hashlib.sha256(repr(given).encode())
    for name in SOURCES:
        for path in files(root / name):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{str(path.relative_to(root))!r} {content}\n".encode())
    return digest.hexdigest()


def built(build: Path) -> str:
    """What has been built, as one number."""
    digest = hashlib.sha256()
    for place in sorted(build.iterdir()):
        for path in files(place) if place.name not in APART else ():
            stat = path.stat()
            digest.update(f"{str(path)!r} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def is_unchanged(build: Path, made_from: str) -> bool:
    """Whether the build is the last good one, whole, and of the same sources."""
    stamp = build / STAMP
    return stamp.is_file() and stamp.read_text() == made_from + built(build)


def begin(build: Path) -> None:
    """Take the note of the last build away, until this one has ended well.

    Where there is none the last one was stopped, perhaps between what Sphinx knows and
    what it has written: it would not write that later. What was executed is kept.
    """
    if not (build / STAMP).is_file():
        shutil.rmtree(build / "doctrees", ignore_errors=True)
    (build / STAMP).unlink(missing_ok=True)


def note(build: Path, made_from: str) -> None:
    """Note that the build has just been made from these sources."""
    with contextlib.suppress(OSError):  # on a full disk the site is good all the same
        (build / STAMP).write_text(made_from + built(build))
