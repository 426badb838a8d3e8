"""Build the book; what was built before stays until the new one is whole.

Usage: python tools/build.py [--build DIR] html | live | linkcheck
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["html", "live", "linkcheck"])
    parser.add_argument("--build", type=Path, default=Path("_build"))
    parser.add_argument("--port", default="8000")
    given = parser.parse_args()
    build = given.build.resolve()
    os.environ["BOOK_CACHE"] = str(build / "executed")
    if given.what == "html":
        import unchanged

        made_from = unchanged.sources(ROOT)
        if unchanged.is_unchanged(build, made_from):
            print(f"Nothing has changed. Open {shown(build / 'html' / 'index.html')}")
            return 0
        unchanged.begin(build)
        code = html(build)
        if not code:
            unchanged.note(build, made_from)
        return code
    if given.what == "live":
        return live(build, given.port)
    return sphinx(build / "linkcheck", build, "linkcheck")


def sphinx(output: Path, build: Path, builder: str) -> int:
    """Run Sphinx here; what stops it is said in one message, place first."""
    # Importing it takes longer than finding that there is nothing to build.
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.console import color_terminal, nocolor
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    if not color_terminal():
        nocolor()
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
            if not app.statuscode:
                prune(app)
    except SphinxError as error:
        print(f"\n{error.category}:\n{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    return app.statuscode


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


def html(build: Path) -> int:
    """Build in a place of its own, then put the whole result where readers look."""
    started = time.monotonic()
    work = build / "work"
    code = sphinx(work, build, "html")
    index = build / "html" / "index.html"
    if code:
        # Sphinx counts a page that gave a warning as read, and would be silent
        # about it the next time. What was executed is kept.
        shutil.rmtree(build / "doctrees", ignore_errors=True)
        kept = f"; the last good one stays in {shown(index)}" if index.exists() else ""
        print(f"\nThe book was not built{kept}.", file=sys.stderr)
        return code
    publish(work, build / "html")
    seconds = time.monotonic() - started
    print(f"\nThe book is built ({seconds:.0f} s). Open {shown(index)}")
    return 0


def publish(work: Path, site: Path) -> None:
    """Copy the finished pages beside the old ones, then swap the two."""
    new, old = site.with_name("html.new"), site.with_name("html.old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(work, new, ignore=shutil.ignore_patterns(".buildinfo*"))
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def live(build: Path, port: str) -> int:
    """Serve the pages, and build them again whenever a source is saved."""
    places = [str(ROOT / "docs"), str(build / "live"), "-d", str(build / "doctrees")]
    watched = [f"--watch={ROOT / name}" for name in ("code", "conf.py")]
    options = ["-c", str(ROOT), "--port", port, "--ignore", str(build)]
    run = [sys.executable, "-m", "sphinx_autobuild", *places, *options, *watched]
    return subprocess.call(run)


def shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main())
