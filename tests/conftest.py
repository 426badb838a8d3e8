"""Options of the test run."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--answers", help="mark the exercises' answers in this folder (make exercise)"
    )
