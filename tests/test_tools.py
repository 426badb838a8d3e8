"""The build tool: what was built before is kept until the new site is whole."""

from __future__ import annotations

import importlib.util
from pathlib import Path

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
