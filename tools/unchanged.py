"""Tell whether a build would find everything as the last one left it.

Sphinx alone takes seconds to see that nothing has changed. What it reads is little:
the files of the book and the versions of the installed packages. What it wrote is
known by size and time. If both are as they were, there is nothing to do.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

#: All that conf.py and the extensions read.
SOURCES = ("docs", "code", "tools", "conf.py", "requirements.txt")
STAMP = "unchanged"
#: What a build writes. (Tests, the benchmark and `make live` have folders beside.)
BUILT = ("doctrees", "executed", "html", "jupyter_execute", "work")


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


def built(build: Path, names: Iterable[str] = BUILT) -> str:
    """What has been built, or a part of it, as one number."""
    digest = hashlib.sha256()
    for name in names:
        for path in files(build / name):
            stat = path.stat()
            digest.update(f"{str(path)!r} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def is_unchanged(build: Path, made_from: str) -> bool:
    """Whether the build is the last good one, whole, and of the same sources."""
    stamp = build / STAMP
    return stamp.is_file() and stamp.read_text() == made_from + built(build)


def forget(build: Path) -> None:
    """Take the note away, before anything is built."""
    (build / STAMP).unlink(missing_ok=True)


def note(build: Path, made_from: str) -> None:
    """Note that the build has just been made from these sources."""
    with contextlib.suppress(OSError):  # on a full disk the site is good all the same
        (build / STAMP).write_text(made_from + built(build))
