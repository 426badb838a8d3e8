"""What the tests of the built pages share: the site, and numbers to report."""

from __future__ import annotations

from pathlib import Path

import pytest
from book.built import SITE


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built pages."""
    if not (SITE / "index.html").is_file():
        pytest.fail(f"there are no pages in {SITE}: make html first", pytrace=False)
    return SITE


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured (`record_property("measured", ...)`)."""
    lines = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", [])
        if name == "measured" and getattr(report, "when", "") == "call"
    ]
    if lines:
        terminalreporter.section("measured")
        for line in sorted(lines):
            terminalreporter.write_line(line)
