"""What a reader is served: always a whole site, and the newest one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tiny_book import ROOT


def test_failed_build_leaves_the_last_good_site_as_it_was(book):
    assert book.build() == 0, book.output
    before = {path: path.read_bytes() for path in book.site.rglob("*.html")}
    book.page("one", "# One\n\n```{code-cell}\n1 / 0\n```\n")
    assert book.build() == 2
    assert "docs/one.md:7: ZeroDivisionError" in book.output
    assert "the last good one stays in _build/html/index.html" in book.output
    assert before == {path: path.read_bytes() for path in book.site.rglob("*.html")}
    book.page("one", "# One\n\n```{code-cell}\nprint(1 / 1)\n```\n")
    assert book.build() == 0, book.output
    assert book.executed == {"one"}
    assert "1.0" in book.html("one")


WHOLE = """
import importlib.util, os, sys
from pathlib import Path
from unittest.mock import MagicMock

# What publishing does not need, and what would make many forks slow.
for part in ("", ".application", ".errors", ".util", ".util.console", ".util.docutils"):
    sys.modules["filelock"] = sys.modules["sphinx" + part] = MagicMock()
spec = importlib.util.spec_from_file_location("build_tool", sys.argv[1])
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)
if sys.argv[2] == "plain":
    build.exchange = lambda one, other: False
STEPS = ("open", "os.", "shutil.")
work, site = Path("work"), Path("html")

def publish(last):
    count = 0
    def step(event, given):
        nonlocal count
        count += event.startswith(STEPS)
        if count > last:
            os.kill(os.getpid(), 9)
    sys.addaudithook(step)
    build.restore(site)
    build.publish(work, site)
    os._exit(0)

def is_whole():
    said = {path.name: path.read_text() for path in site.iterdir()}
    return said.keys() == set("abc") and len(set(said.values())) == 1

def write(number):
    work.mkdir(exist_ok=True)
    for name in "abc":
        (work / name).write_text(str(number))

write(0)
build.publish(work, site)
for last in range(1000):
    write(last)
    child = os.fork()
    if not child:
        publish(last)
    status = os.waitpid(child, 0)[1]
    if sys.argv[2] == "plain":
        build.restore(site)
    assert is_whole(), last
    if status == 0:
        break
assert last > 10 and (site / "a").read_text() == str(last)
print("whole after", last)
"""


@pytest.mark.parametrize("way", ["exchange", "plain"])
def test_site_is_whole_wherever_a_build_is_killed(tmp_path, way):
    if way == "exchange" and sys.platform != "linux":
        pytest.skip("only Linux swaps folders in one step")
    program = tmp_path / "program.py"
    program.write_text(WHOLE)
    done = subprocess.run(
        [sys.executable, str(program), str(ROOT / "tools" / "build.py"), way],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "tools")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "whole after" in done.stdout
