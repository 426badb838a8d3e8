"""Make executed pages of the chapters: quotation, execution, numbers in prose.

Before pages are read, their quotations are filled in (`cells`, `source`) and they
are executed, several at a time (`execution`). At `source-read` each number that the
prose asks for is put in its place, and a quoted file becomes a dependency of the
page. Warnings that come later have their line numbers led back to the chapter as it
was written.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cells import (
    SUPERSCRIPTS,
    VALUE,
    ChapterError,
    Expanded,
    expand,
    read_cells,
    typeset,
)
from docutils import nodes
from execution import execute, notebook, python_version, values
from runs import Job
from source import locate, quote
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError
from sphinx.util import logging as sphinx_logging
from sphinx.util.docutils import SphinxRole

logger = sphinx_logging.getLogger(__name__)
HEAD = re.compile(r"\A(---\n(?:.+\n)*?file_format: )mystnb\n")
LOWERED = str.maketrans({raised: plain for plain, raised in SUPERSCRIPTS.items()})


class BrokenChapter(SphinxError):  # noqa: N818 (it is read by people)
    """Stops the build with one message that names chapter and line."""

    category = "A chapter stops the build"


def on_outdated(
    app: Sphinx,
    env: BuildEnvironment,
    added: set[str],
    changed: set[str],
    removed: set[str],
) -> list[str]:
    """Read all executed pages again if what all outputs depend on has changed."""
    before = getattr(env, "chapter_kernel", "")
    patterns, variables = app.config.chapter_fingerprint, app.config.chapter_environment
    now = kernel_line(Path(app.confdir), patterns, variables)
    env.chapter_kernel = now  # type: ignore[attr-defined]
    return sorted(pages(env)) if now != before else []


def on_before_read(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Execute all pages that will be read, several at a time."""
    jobs = []
    for docname in docnames:
        path = Path(env.doc2path(docname))
        text = path.read_text(encoding="utf-8")
        with named(app, path):
            if read_cells(text):
                jobs.append(job_of(app, docname, path, text))
    execute_all(app, jobs)


def on_source_read(app: Sphinx, docname: str, source: list[str]) -> None:
    path = Path(app.env.doc2path(docname))
    with named(app, path):
        cells = read_cells(source[0])
        if not cells:
            # myst-nb would start a kernel for nothing, and keep its result for all
            # such pages in one place of the cache, which forks then fight over.
            source[0] = HEAD.sub(r"\1none\n", source[0])
            return
        for cell in cells:
            for reference in cell.quotes:
                note_dependency(app.env, reference, package(app))
        job = ready(app).pop(docname, None)
        if job is None or job.text != source[0]:  # saved since we looked
            execute_all(app, [job_of(app, docname, path, source[0])])
            job = ready(app).pop(docname)
        job.page.filled = fill(job.page, values(job.notebook))
        pages(app.env)[docname] = job.page
        source[0] = job.page.filled


@contextmanager
def named(app: Sphinx, path: Path) -> Iterator[None]:
    """Stop the build at an error of a chapter, naming the chapter."""
    try:
        yield
    except ChapterError as error:
        raise BrokenChapter(located(app, path, error)) from None


def located(app: Sphinx, path: Path, error: ChapterError) -> str:
    """The error of a chapter, place first."""
    shown = path.relative_to(Path(app.confdir)).as_posix()
    return f"{shown}:{error.line}: {error}"


def package(app: Sphinx) -> Path:
    return Path(app.confdir) / str(app.config.chapter_package)


def job_of(app: Sphinx, docname: str, path: Path, text: str) -> Job:
    kernelspec: str = app.env.chapter_kernel  # type: ignore[attr-defined]
    page = expand(text, lambda reference: quote(reference, package(app)), kernelspec)
    config = app.env.myst_config  # type: ignore[attr-defined]
    return Job(docname, path, text, page, notebook(page, path, config))


def execute_all(app: Sphinx, jobs: list[Job]) -> None:
    """Have the jobs ready; those that failed stop the build, all in one message."""

    def tell(job: Job, is_done: bool) -> None:
        count = sum(cell.cell_type == "code" for cell in job.notebook.cells)
        word = ("failed" if job.error else "executed") if is_done else "executing"
        logger.info(f"{word} {job.name}: {count} cells")

    cache = Path(app.config.nb_execution_cache_path)
    timeout, preload = app.config.nb_execution_timeout, app.config.chapter_preload
    execute(jobs, cache, timeout, preload, tell)
    if failed := [located(app, job.path, job.error) for job in jobs if job.error]:
        raise BrokenChapter("\n\n".join(failed))
    ready(app).update({job.name: job for job in jobs})


def ready(app: Sphinx) -> dict[str, Job]:
    """Executed pages that wait to be read."""
    jobs: dict[str, Job] = app.__dict__.setdefault("chapters_ready", {})
    return jobs


def note_dependency(env: BuildEnvironment, reference: str, package: Path) -> None:
    try:
        env.note_dependency(str(locate(reference, package)[0]))
    except ValueError:
        return  # An unknown reference is reported, with its line, by `expand`.


def fill(page: Expanded, found: dict[str, str]) -> str:
    """Put the computed values in the place of their keys."""
    lines = []
    for line, origin in zip(page.lines, page.origin, strict=True):
        for match in VALUE.finditer(line):
            if match[2] not in found:
                raise ChapterError(origin, f"no value was computed for {match[0]}")
        if ":alt:" in line:
            line = VALUE.sub(lambda match: typeset(found[match[2]]), line)
        else:
            line = VALUE.sub(
                lambda match: f"{{value}}`{typeset(found[match[2]])}`", line
            )
        lines.append(line)
    return "\n".join(lines) + "\n"


class ValueRole(SphinxRole):
    """A number that the page computed, set as text."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        value = nodes.inline(self.rawtext, "", classes=["value"])
        # The text font has no raised minus: exponents are set as superscripts.
        for part in re.split(r"([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", self.text):
            if part and part[0] in SUPERSCRIPTS.values():
                lowered = part.translate(LOWERED).replace("-", "−")
                value += nodes.superscript("", lowered)
            elif part:
                value += nodes.Text(part)
        return [value], []


def kernel_line(root: Path, patterns: list[str], environment: dict[str, str]) -> str:
    """Front matter that names the kernel and all else that outputs depend on.

    The execution cache compares cells and this line: another Python, another
    version of a package, another variable of the environment, or a change in a
    file that matches `patterns` makes every page run again.
    """
    digest = hashlib.sha256(f"{python_version()} {sys.platform}".encode())
    digest.update(repr(sorted(environment.items())).encode())
    for distribution in ("torch", "numpy", "matplotlib", "ipykernel", "ipython"):
        digest.update(f"{distribution} {version(distribution)}\n".encode())
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            if path.is_file():
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return (
        f"kernelspec: {{name: python3, display_name: Python {digest.hexdigest()[:16]}}}"
    )


def version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def pages(env: BuildEnvironment) -> dict[str, Expanded]:
    """The expanded text of every chapter that was read."""
    if not hasattr(env, "chapter_pages"):
        env.chapter_pages = {}  # type: ignore[attr-defined]
    return env.chapter_pages  # type: ignore[attr-defined,no-any-return]


def on_purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    pages(env).pop(docname, None)


def on_merge(
    app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment
) -> None:
    pages(env).update(
        {name: page for name, page in pages(other).items() if name in docnames}
    )


class OriginalLines(logging.Filter):
    """Leads `page.md:312` in a warning back to the line of the written chapter."""

    def __init__(self, app: Sphinx) -> None:
        super().__init__()
        self.app = app

    def filter(self, record: logging.LogRecord) -> bool:
        location = getattr(record, "location", None)
        if isinstance(location, str) and not hasattr(record, "original_line"):
            record.original_line = True
            path, _, number = location.rpartition(":")
            page = self.page(path)
            if page and number.isdigit():
                line = min(max(int(number), 1), len(page.origin))
                record.location = f"{path}:{page.origin[line - 1]}"
        return True

    def page(self, path: str) -> Expanded | None:
        env = getattr(self.app, "env", None)
        docname = env.path2doc(path) if env else None
        return pages(env).get(docname) if env and docname else None


def is_worth_showing(record: logging.LogRecord) -> bool:
    """Whether a message is more than myst-nb's word on each page's cache."""
    return record.levelno >= logging.WARNING or "mystnb" not in record.name


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("chapter_package", "code/neuralnet", "env", str)
    app.add_config_value("chapter_fingerprint", [], "env", list)
    app.add_config_value("chapter_environment", {}, "env", dict)
    app.add_config_value("chapter_preload", [], "", list)
    app.add_role("value", ValueRole())
    app.connect("env-get-outdated", on_outdated)
    app.connect("env-before-read-docs", on_before_read)
    app.connect("source-read", on_source_read)
    app.connect("env-purge-doc", on_purge)
    app.connect("env-merge-info", on_merge)
    for name in ("myst_nb", "myst_parser", "sphinx_multitoc_numbering"):
        logging.getLogger(f"sphinx.{name}").setLevel(logging.WARNING)
    for handler in logging.getLogger("sphinx").handlers:
        handler.addFilter(OriginalLines(app))
        handler.addFilter(is_worth_showing)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
