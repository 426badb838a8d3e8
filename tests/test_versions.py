"""The trial of all versions: what the machine has, and the pins at an end."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path

from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location(
    "versions", ROOT / "tools" / "versions.py"
)
versions = importlib.util.module_from_spec(spec)
spec.loader.exec_module(versions)


def test_python_that_the_machine_lacks_is_skipped_with_the_reason(monkeypatch, capsys):
    monkeypatch.setitem(versions.COMBINATIONS, "3.99", ("3.99", ""))
    assert versions.main("3.99") == 0
    assert capsys.readouterr().out == "3.99    skipped: no Python 3.99 here\n"


def test_python_that_does_not_start_is_not_taken(monkeypatch, tmp_path):
    """Managers of Pythons leave such names on the path."""
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert versions.interpreter("3.12") == ""
    shim.unlink()
    shim.symlink_to(sys.executable)
    assert versions.interpreter("3.12") == str(shim)


def test_torch_comes_first_and_brings_its_own_libraries():
    lines = ["cuda-toolkit==13", "numpy==2", "nvidia-nccl==1", "torch==2", "triton==3"]
    assert versions.arranged(lines) == "torch==2\nnumpy==2\n"


def test_each_python_that_may_be_used_is_tried():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    tried = {python for python, _ in versions.COMBINATIONS.values()}
    assert min(tried) == project["requires-python"].removeprefix(">=")
    assert all(python in SpecifierSet(project["requires-python"]) for python in tried)
