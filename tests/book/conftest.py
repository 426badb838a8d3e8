"""What the tests of the built pages share: the site, a browser, numbers to report."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from book.browsing import FLAGS, Known, Visit
from book.built import SITE
from playwright.sync_api import Browser, sync_playwright

#: The first that is here; the one without windows starts a page in half the time.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built pages."""
    if not (SITE / "index.html").is_file():
        pytest.fail(f"there are no pages in {SITE}: make html first", pytrace=False)
    return SITE


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; without one tests are skipped, or fail in .ci/run."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None and os.environ.get("CI_BROWSER") == "required":
        pytest.fail(f"there is no Chromium here (looked for {', '.join(NAMES)})")
    if path is None:
        pytest.skip(f"there is no Chromium here (looked for {', '.join(NAMES)})")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[str]:
    """The address of the site on a server of this process."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *said: object) -> None:
            """Keep the test run's output clean."""

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def known(request: pytest.FixtureRequest) -> Known | None:
    """What the pages looked at so far had, if it need not be looked at again."""
    return None if request.config.getoption("--every-element") else Known()


@pytest.fixture
def visit(
    browser: Browser, served: str, known: Known | None
) -> Iterator[Callable[..., Visit]]:
    """Open a page of the site in a fresh profile: `visit("activations", width=390)`."""
    visits: list[Visit] = []

    def open_page(name: str, *, base: str = served, **wishes: object) -> Visit:
        visits.append(Visit(browser, f"{base}/{name}", known=known, **wishes))
        return visits[-1]

    yield open_page
    for each in visits:
        each.context.close()


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
