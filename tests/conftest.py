"""Options of the test run."""

import os
import signal

import pytest
from hypothesis import settings

# One thread each, for this process, its workers and what they start: several threads
# on small tensors in several processes take many times as long.
os.environ["OMP_NUM_THREADS"] = "1"

# A shell has what it starts in the background ignore Ctrl-C, and so would all that is
# started and stopped here.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadlines: machines differ. Where a change must land, the examples are the same
# each time; at a desk they are new ones.
settings.register_profile("book", deadline=None)
settings.register_profile("landing", deadline=None, derandomize=True)
settings.load_profile("landing" if os.environ.get("CI") else "book")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--answers", help="mark the exercises' answers in this folder (make exercise)"
    )
    parser.addoption(
        "--every-element",
        action="store_true",
        help="let axe look at every element of every page (ten minutes)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Before the workers of a long run start, so that all of them share it."""
    if getattr(config.option, "numprocesses", None):
        from programs import preloaded

        programs = preloaded()
        programs.__enter__()
        config.add_cleanup(lambda: programs.__exit__(None, None, None))
