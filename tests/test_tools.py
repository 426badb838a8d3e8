"""The build tool: what was built before is kept until the new site is whole."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[1]


def load(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = load("build")


def test_site_is_replaced_as_a_whole(tmp_path):
    work, site = tmp_path / "work", tmp_path / "html"
    work.mkdir()
    site.mkdir()
    (site / "old.html").write_text("old")
    (work / "index.html").write_text("new")
    build.publish(work, site)
    assert [path.name for path in site.iterdir()] == ["index.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["html", "work"]


@pytest.mark.parametrize(
    ("refused", "mend"),
    [
        (MemoryError(), "No memory is left"),
        (ImportError("libx.so: failed to map segment from shared object"), "No memory"),
        (RuntimeError("can't start new thread"), "(ulimit -u), or memory is short"),
        (OSError(28, "No space left on device"), "The disk is full"),
    ],
)
def test_what_the_machine_refuses_is_said_with_its_mend(refused, mend):
    """As Sphinx wraps what goes wrong in an extension, and bare."""
    wrapped = ExtensionError("Handler threw an exception")
    wrapped.__cause__ = refused
    for error in (refused, wrapped):
        first, second = build.explain(error).split("\n")
        assert first.startswith(f"{type(refused).__name__}: ")
        assert mend in second


def test_a_mistake_of_the_tool_itself_is_not_explained_away():
    assert build.explain(ZeroDivisionError("division by zero")) == ""


#: A fork that takes its parent to be `parent`; how it ends.
FORK = """
import os, sys
import build
parent = os.getpid() if sys.argv[1] == "builder" else 0
if not os.fork():
    build.end_silently(parent)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a fork so")
@pytest.mark.parametrize(("parent", "code"), [("builder", 7), ("another", 1)])
def test_fork_whose_builder_was_killed_while_it_forked_ends(parent, code):
    """Then nobody is left to end it: its parent is another than the one that forked."""
    done = subprocess.run(
        [sys.executable, "-c", FORK, parent],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"{code}\n", "")
