"""A tiny book in a temporary folder, with sources of its own."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from programs import KERNELS, python

ROOT = Path(__file__).parents[1]

CONF = f"""
import contextlib, os, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT / "docs" / "_ext")!r})
import execution
from figures import kernel_environment
os.environ |= kernel_environment(Path({str(ROOT / "docs")!r}))
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
if address := os.environ.get("{KERNELS}"):
    execution.server = lambda *given, **more: contextlib.nullcontext(address)
project = "Tiny"
extensions = ["myst_nb", "mathml", "chapters", "dress", "figures", "downloads", "tasks"]
numfig = True
nitpicky = True
nb_execution_mode = "cache"
nb_execution_cache_path = os.environ.get(
    "BOOK_CACHE", str(Path(__file__).parent / "executed")
)
nb_execution_timeout = 20
nb_mime_priority_overrides = [("html", "image/svg+xml", 0)]
chapter_fingerprint = ["pins.txt"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
"""

PARTS = '''"""Parts to quote."""

from __future__ import annotations

import functools
import math

from neuralnet.checks import require

# How far the slope is from one.
SCALE = 2.0


@functools.cache
def slope(x: float) -> float:
    """Return the slope.

    >>> slope(3.0)
    6.0
    """
    return SCALE * x


class Line:
    """A line.

    It has two numbers.
    """

    def __init__(self, w: float) -> None:
        """Keep the slope.

        And nothing else.
        """
        self.w = w
'''


class Book:
    """Sources of a tiny book, and what came of building it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("conf.py", CONF)
        self.write("code/neuralnet/parts.py", PARTS)
        self.write("code/neuralnet/other.py", "OTHER = 1\n")
        self.write("pins.txt", "one==1\n")
        self.output = ""

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def page(self, name: str, text: str) -> None:
        self.write(f"docs/{name}.md", f"---\nfile_format: mystnb\n---\n{text}")

    def build(self, *options: str) -> int:
        command = [*python(), "-m", "sphinx", "-W", "--keep-going", "-b", "html"]
        command += ["-c", ".", "-d", "doctrees", *options, "docs", "html"]
        done = subprocess.run(
            command,
            cwd=self.root,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        self.output = done.stdout + done.stderr
        return done.returncode

    @property
    def executed(self) -> set[str]:
        """Names of the pages that the last build executed."""
        return set(re.findall(r"executed (\w+): \d+ cells", self.output))

    def html(self, name: str) -> str:
        return (self.root / "html" / f"{name}.html").read_text(encoding="utf-8")
