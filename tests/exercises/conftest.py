"""How the marker speaks: not answered yet, a hint, or right.

`answers` is the module that a check looks at: the reader's `answers/CHAPTER.py`
(with `--answers=answers`, as `make exercise` asks for it), or the book's own
solutions and stubs, which the tests of the marker use.
"""

from __future__ import annotations

import importlib.util
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


@pytest.fixture(scope="module")
def answers(request: pytest.FixtureRequest) -> ModuleType:
    chapter = request.path.stem.removeprefix("test_")
    path = folder(request.config) / f"{chapter}.py"
    if not path.exists():
        pytest.fail(f"there is no {path}: make exercise CHAPTER={chapter} writes it")
    spec = importlib.util.spec_from_file_location(f"answers_{chapter}", path)
    assert spec and spec.loader
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
    if report.when == "setup" and report.passed:
        return
    if report.when == "teardown":
        return
    number, title = marker.args
    name = f"Exercise {number}, {title}"
    if call.excinfo is None:
        message = "right"
    elif call.excinfo.errisinstance(NotImplementedError):
        message = "not answered yet"
    else:
        reason = str(call.excinfo.value).split("\nassert ")[0].strip()
        kind = call.excinfo.typename
        said = reason if kind == "AssertionError" else f"{kind}: {reason}"
        message = f"not yet. {said}\n    Hint: {marker.kwargs['hint']}"
    report.longrepr = None if call.excinfo is None else f"{name}: {message}"
    report.exercise = f"{name}: {message}"


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
    if not config.getoption("--answers"):
        return
    for reports in terminalreporter.stats.values():
        for report in reports:
            if hasattr(report, "exercise"):
                terminalreporter.write_line(report.exercise)
    # Said above in the book's words: pytest's list of failures would repeat it.
    terminalreporter.stats.pop("failed", None)
