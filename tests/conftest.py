"""Options of the test run."""

import os

import pytest
from hypothesis import settings

# No deadlines: machines differ. Where a change must land, the examples are the same
# each time; at a desk they are new ones.
settings.register_profile("book", deadline=None)
settings.register_profile("landing", deadline=None, derandomize=True)
settings.load_profile("landing" if os.environ.get("CI") else "book")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--answers", help="mark the exercises' answers in this folder (make exercise)"
    )
