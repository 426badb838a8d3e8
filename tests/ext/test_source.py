"""Source of a named object: what is found, what is cut, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from source import QuotationError, locate, quote
from tiny_book import PARTS


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "code" / "neuralnet"
    (folder / "solutions").mkdir(parents=True)
    (folder / "parts.py").write_text(PARTS)
    (folder / "solutions" / "parts.py").write_text("def answer():\n    return 42\n")
    (folder / "broken.py").write_text("def f(:\n    pass\n")
    (folder / "twice.py").write_text("A = 1\nB = 2\nA = 3\n")
    return folder


def test_function_comes_with_decorator_and_first_line_of_docstring(package):
    assert quote("parts.slope", package) == (
        "@functools.cache\n"
        "def slope(x: float) -> float:\n"
        '    """Return the slope."""\n'
        "    return SCALE * x"
    )


def test_constant_comes_with_the_comment_above_it(package):
    expected = "# How far the slope is from one.\nSCALE = 2.0"
    assert quote("parts.SCALE", package) == expected


def test_class_has_all_its_docstrings_cut(package):
    text = quote("parts.Line", package)
    assert '"""A line."""' in text
    assert '"""Keep the slope."""' in text
    assert "nothing else" not in text
    assert text.endswith("self.w = w")
    compile(text, "quoted", "exec")


def test_imports_leave_out_the_package_and_the_future(package):
    assert quote("parts.imports", package) == "import functools\nimport math"


def test_object_of_a_subpackage(package):
    assert quote("solutions.parts.answer", package) == "def answer():\n    return 42"


def test_locate_names_the_file(package):
    assert locate("parts.slope", package) == (package / "parts.py", "slope")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("parts.slop", r"no 'slop' in code/neuralnet/parts.py; did you mean 'slope'\?"),
        ("part.slope", r"no module 'part' in code/neuralnet; did you mean 'parts'\?"),
        ("parts.xyzzy", r"no 'xyzzy' in code/neuralnet/parts.py$"),
        ("broken.f", r"code/neuralnet/broken.py:1: "),
        ("twice.A", r"defines 'A' more than once \(lines 1 and 3\)"),
        ("slope", r"no module ''"),
    ],
)
def test_what_cannot_be_quoted_says_why(package, reference, message):
    with pytest.raises(QuotationError, match=message):
        quote(reference, package)
