"""The house keeps its rules: pins in their ranges, and all parts of a chapter there."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from book.prose import DOCS, PACKAGE, ROOT, chapters, pages
from cells import read_cells
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from source import names

STEMS = [path.stem for path in chapters()]
SHARED = {"solutions", "exercises"}
#: Public objects that no page quotes, each with its reason.
NOT_QUOTED: dict[str, str] = {}


# Pins


def ranges() -> list[Requirement]:
    """Every direct dependency that pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"].values()
    listed = [
        *project["project"]["dependencies"],
        *(x for group in groups for x in group),
    ]
    return [Requirement(each) for each in listed]


def pins() -> dict[str, str]:
    """Package and version of each line of requirements.txt, in its order."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def outside(wanted: list[Requirement], pinned: dict[str, str]) -> list[str]:
    """The dependencies whose pin is missing or out of range."""
    return [
        f"{each} is pinned to {pinned.get(canonicalize_name(each.name))}"
        for each in wanted
        if pinned.get(canonicalize_name(each.name)) not in each.specifier
    ]


def test_every_direct_dependency_is_pinned_in_its_range():
    assert outside(ranges(), pins()) == []


def test_missing_pin_and_pin_out_of_range_are_found():
    wanted = [
        Requirement("torch>=2.13,<3"),
        Requirement("numpy>=2"),
        Requirement("a>1"),
    ]
    found = outside(wanted, {"torch": "3.0.0", "numpy": "2.4.6"})
    assert found == ["torch<3,>=2.13 is pinned to 3.0.0", "a>1 is pinned to None"]


def test_torch_is_pinned_first():
    """Whatever else asks for torch then finds this one there."""
    assert next(iter(pins())) == "torch"


@pytest.mark.pins
def test_pins_can_be_installed_on_the_first_release_of_each_supported_python():
    """Debian 12 has 3.11.2, say, and some packages want 3.11.5."""
    refused = [
        f"{package} needs Python {wanted}"
        for package in pins()
        if (wanted := metadata.metadata(package).get("Requires-Python"))
        for python in ("3.11.0", "3.12.0", "3.13.0")
        if python not in SpecifierSet(wanted)
    ]
    assert refused == []


def test_what_the_tests_import_is_pinned():
    used = {"packaging", "pybtex", "nbformat", "pillow", "html5lib", "playwright"}
    assert used <= set(pins())


# Chapters


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize(
    "part",
    [
        "code/neuralnet/{}.py",
        "code/neuralnet/exercises/{}.py",
        "code/neuralnet/solutions/{}.py",
        "tests/test_{}.py",
        "tests/exercises/test_{}.py",
    ],
)
def test_chapter_has(stem, part):
    assert (ROOT / part.format(stem)).is_file()


@pytest.mark.parametrize("folder", ["exercises", "solutions"])
def test_exercises_and_solutions_belong_to_a_chapter(folder):
    stems = {path.stem for path in (PACKAGE / folder).glob("[a-z]*.py")}
    assert stems <= set(STEMS)


def public(path: Path) -> list[str]:
    """Functions, classes and constants of a module that have no underscore."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [name for node in tree.body for name in names(node)]
    return [f"{path.stem}.{name}" for name in found if not name.startswith("_")]


def quoted_objects() -> set[str]:
    return {
        reference
        for page in pages()
        for cell in read_cells(page.read_text(encoding="utf-8"))
        for reference in cell.quotes
    }


MODULES = sorted(path for path in PACKAGE.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_public_object_is_quoted_by_a_page(path):
    known = quoted_objects() | set(NOT_QUOTED)
    missing = [name for name in public(path) if name not in known]
    assert not missing, (
        f"no page quotes {', '.join(missing)}: quote it, begin its name with an "
        "underscore, or give a reason in NOT_QUOTED"
    )


def test_reasons_are_given_for_objects_that_exist_and_are_not_quoted():
    objects = {name for path in MODULES for name in public(path)}
    assert set(NOT_QUOTED) <= objects - quoted_objects()
    assert all(NOT_QUOTED.values())


def test_public_objects_are_found(tmp_path):
    module = tmp_path / "one.py"
    module.write_text(
        "import os\nA = 1\n_B = 2\nC: int = 3\ndef d(): ...\nclass E: ...\n"
    )
    assert public(module) == ["one.A", "one.C", "one.d", "one.E"]


# Pages


def toctree() -> list[str]:
    """The pages that the front page lists, in order."""
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    entries = [line.strip() for line in lines if line and not line.startswith(":")]
    return [re.sub(r".*<(.+)>", r"\1", entry) for entry in entries]


def test_contents_list_every_page_once():
    listed = [entry for entry in toctree() if entry not in ("genindex", "search")]
    assert sorted(listed) == sorted(
        path.stem for path in pages() if path.stem != "index"
    )


def test_no_page_is_in_a_folder_where_the_build_would_miss_it():
    nested = [
        path.relative_to(DOCS)
        for path in DOCS.glob("*/**/*.md")
        if not any(part.startswith("_") for part in path.relative_to(DOCS).parts)
    ]
    assert nested == []


# Makefile and tools


def targets(makefile: str) -> set[str]:
    """The targets that are commands: those in .PHONY, the internal one left out."""
    return set(re.findall(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)[0].split()) - {
        "$(READY)"
    }


def test_help_names_every_target():
    done = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    shown = set(re.findall(r"^  make (\w+) +\S", done.stdout, re.MULTILINE))
    assert shown == targets((ROOT / "Makefile").read_text())


def test_every_command_is_phony():
    text = (ROOT / "Makefile").read_text()
    assert set(re.findall(r"^([a-z]+):", text, re.MULTILINE)) == targets(text)


PLACE = re.compile(
    r"(?<![\w.])/(?:home|root|Users|work|tmp|opt|mnt|private)/\w[\w./-]*"
)
OWN = sorted(
    path
    for folder in ("docs", "code", "tools", "tests", ".ci")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".md", ".bib", ".css", ".js", ".sh", ".txt", ".html", ""}
    and path.is_file()
    and "__pycache__" not in path.parts
) + [ROOT / name for name in ("conf.py", "Makefile", "pyproject.toml", "README.md")]


def test_no_file_names_a_place_on_somebody_s_machine():
    found = [
        f"{path.relative_to(ROOT)}: {match}"
        for path in OWN
        for match in PLACE.findall(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('x = "/ho' + 'me/ada/book"', True),
        ("in /wo" + "rk/main/docs", True),
        ("make html PYTHON=/path/to/python3", False),
        ("#!/usr/bin/env bash", False),
        ("apt-get >/dev/null", False),
        ("the cost/work/tmp of it", False),
    ],
)
def test_place_on_a_machine_is_found(text, found):
    assert bool(PLACE.search(text)) == found


def test_code_is_no_package():
    """`code` is a module of the standard library that pytest and pdb import."""
    inside = {path.name for path in (ROOT / "code").iterdir()} - {"__pycache__"}
    assert inside == {"neuralnet"}


def test_every_module_has_its_place_in_the_reference():
    listed = [
        name
        for path in DOCS.glob("reference_*.md")
        for name in re.findall(r"automodule:: neuralnet\.(\w+)", path.read_text())
    ]
    assert sorted(listed) == sorted(path.stem for path in MODULES)


def test_every_file_of_tests_is_run():
    """pytest passes by folders of some names, such as `build`, without a word."""
    ignored = {"build", "dist", "node_modules", "venv", "CVS"}
    assert not [path for path in (ROOT / "tests").rglob("*") if path.name in ignored]
