"""How the marker speaks: not answered yet, a hint, or right.

`answers` is the module that a check looks at: the reader's `answers/CHAPTER.py`
(with `--answers=answers`, as `make exercise` asks for it), or the book's own
solutions and stubs, which the tests of the marker use.
"""

from __future__ import annotations

import importlib.util
import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
BOOKS_OWN = ROOT / "code" / "neuralnet" / "solutions"


def folder(config: pytest.Config) -> Path:
    """The answers asked for, else the book's own solutions."""
    given = config.getoption("--answers")
    return ROOT / given if given else BOOKS_OWN


def pytest_configure(config: pytest.Config) -> None:
    """Leave it to the book's words to say what failed; a warning is no failure."""
    if config.getoption("--answers"):
        config.option.tbstyle = "no"
        config.option.reportchars = ""
        config.addinivalue_line("filterwarnings", "ignore")


@pytest.fixture(scope="module")
def answers(request: pytest.FixtureRequest) -> ModuleType:
    chapter = request.path.stem.removeprefix("test_")
    path = folder(request.config) / f"{chapter}.py"
    if not path.exists():
        pytest.fail(f"the file is not there: make exercise CHAPTER={chapter} writes it")
    spec = importlib.util.spec_from_file_location(f"answers_{chapter}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[None]:
    """Replace tracebacks by a sentence when a reader's answers are marked."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    marker = item.get_closest_marker("exercise")
    if marker is None or not item.config.getoption("--answers"):
        return
    if report.when == "teardown" or (report.when == "setup" and report.passed):
        return
    number, title = marker.args
    path = folder(item.config) / f"{item.path.stem.removeprefix('test_')}.py"
    name = f"Exercise {number}, {title}"
    if report.when == "setup":
        assert call.excinfo
        name = f"Cannot read {shown(path)}"
        message = said(call.excinfo.value, path)
    elif call.excinfo is None:
        message = "right"
    elif call.excinfo.errisinstance(NotImplementedError):
        message = "not answered yet"
    else:
        message = f"not yet. {said(call.excinfo.value, path)}"
        if report.capstdout:
            lines = "\n    ".join(report.capstdout.splitlines())
            message += f"\n    Your code printed:\n    {lines}"
        message += f"\n    Hint: {marker.kwargs['hint']}"
    report.longrepr = None if call.excinfo is None else f"{name}: {message}"
    report.exercise = item.path.stem, number, f"{name}: {message}"


def said(error: BaseException, path: Path) -> str:
    """What an error says to somebody who wrote the file at `path`."""
    reason = str(error).split("\nassert ")[0].strip()
    if isinstance(error, AssertionError | pytest.fail.Exception):
        return reason
    holder = getattr(error, "obj", None)
    if isinstance(holder, ModuleType) and holder.__file__ == str(path):
        return f"There is no `{getattr(error, 'name', '')}` in {shown(path)}."
    own = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        own, reason = [error.lineno or 1], error.msg
    place = f"{shown(path)}, line {own[-1]}: " if own else ""
    return f"{place}{type(error).__name__}: {reason}"


def shown(path: Path) -> str:
    """The path as a reader would type it."""
    return os.path.relpath(path, ROOT) if path.is_relative_to(ROOT) else str(path)


def pytest_report_teststatus(
    report: pytest.TestReport,
) -> tuple[str, str, str] | None:
    """Show no dots for exercises: each gets its own line at the end."""
    if hasattr(report, "exercise"):
        return report.outcome, "", ""
    return None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Give every verdict once, in the order of the chapter."""
    if not config.getoption("--answers"):
        return
    reports = [each for kind in terminalreporter.stats.values() for each in kind]
    verdicts = sorted(tuple(r.exercise) for r in reports if hasattr(r, "exercise"))
    terminalreporter.ensure_newline()
    for line in dict.fromkeys(message for _, _, message in verdicts):
        terminalreporter.write_line(line)
