"""Python for the programs that tests start: in a long run, forks of one process.

That process has imported PyTorch, matplotlib, pytest and Sphinx, which takes longer
than most of what the programs do. A program must still import what it uses; only a
module of a package it has imported (`matplotlib.pyplot` after `import matplotlib`)
could be there without its asking.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from figures import kernel_environment
from kernels import command, server

DOCS = Path(__file__).parents[1] / "docs"
ADDRESS = "BOOK_PRELOADED"
MODULES = ("torch", "torch._dynamo", "matplotlib.pyplot", "pytest")
MODULES += ("sphinx.cmd.build", "myst_nb.sphinx_ext", "sphinx.ext.intersphinx")
#: Another, whose forks are the kernels of tiny books; it draws in the book's style.
KERNELS = "BOOK_PRELOADED_KERNELS"
KERNEL_MODULES = ("ipykernel.kernelapp", "matplotlib.pyplot")


def python(*options: str) -> list[str]:
    """The command that runs Python; the options matter where it is not a fork."""
    if address := os.environ.get(ADDRESS):
        return command(address)
    return [sys.executable, *options]


def isolated() -> dict[str, str]:
    """An environment in which nothing of ours is found."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return kept | {"MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}


@contextmanager
def preloaded() -> Iterator[None]:
    """Have `python` give forks, here and in the processes that start from here on."""
    options = ("-I", "-X", "utf8")
    drawing = isolated() | kernel_environment(DOCS)
    with (
        server(MODULES, isolated(), options, wait=False) as programs,
        server(KERNEL_MODULES, drawing, options, wait=False) as kernels,
    ):
        os.environ |= {ADDRESS: programs, KERNELS: kernels}
        yield
    del os.environ[ADDRESS], os.environ[KERNELS]
