"""The script of each chapter, run alone, prints what the page shows."""

from __future__ import annotations

import re

import pytest
from book.built import RUNNING, code_cells, normal, printed
from book.running import run_alone

pytestmark = pytest.mark.usefixtures("site")


@pytest.mark.parametrize("name", RUNNING)
def test_script_is_a_comment_and_the_cells_of_the_page(name, site):
    """So what holds for the script holds for the cells copied one by one."""
    script = (site / "scripts" / f"{name}.py").read_text(encoding="utf-8")
    comment, _, code = script.partition("\n\n")
    assert re.fullmatch(r"# .+", comment)
    assert code == "\n\n\n".join(code_cells(name)) + "\n"


@pytest.mark.parametrize("name", RUNNING)
def test_script_prints_what_the_page_shows_and_leaves_nothing(name, site, tmp_path):
    script = (site / "scripts" / f"{name}.py").read_text(encoding="utf-8")
    done = run_alone(script, tmp_path / "empty")
    assert done.stderr == ""
    assert done.returncode == 0
    assert normal(done.stdout).splitlines() == printed(name).splitlines()


def test_code_that_leaves_a_file_is_found(tmp_path):
    with pytest.raises(AssertionError, match=r"left files behind: \['x'\]"):
        run_alone("open('x', 'w').close()", tmp_path / "empty")


def test_code_that_imports_the_book_fails(tmp_path):
    done = run_alone("import neuralnet", tmp_path / "empty")
    assert "ModuleNotFoundError" in done.stderr
