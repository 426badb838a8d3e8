"""Where books and PyTorch differ: every row of the book does what it says."""

from __future__ import annotations

from importlib import import_module

import pytest
import torch
from book.prose import DOCS, PACKAGE
from cells import read_cells
from neuralnet.conventions import Convention, measure

MODULES = sorted(path.stem for path in PACKAGE.glob("*_conventions.py"))


def rows(module: str) -> list[Convention]:
    """The rows of a module, which one function of it returns."""
    found = import_module(f"neuralnet.{module}")
    (name,) = [each for each in vars(found) if each.endswith("_conventions")]
    return getattr(found, name)()


ALL = [(module, row) for module in MODULES for row in rows(module)]


@pytest.mark.parametrize(
    ("module", "row"), ALL, ids=[f"{module}-{row.name}" for module, row in ALL]
)
def test_row_differs_or_agrees_as_it_claims(module, row):
    (found,) = measure([row])
    assert found.ok, f"{found.gap} apart"


@pytest.mark.parametrize(
    ("module", "row"), ALL, ids=[f"{module}-{row.name}" for module, row in ALL]
)
def test_both_forms_are_tensors_without_nan_and_the_same_each_time(module, row):
    for form in (row.book, row.torch):
        once, twice = form(), form()
        assert not once.isnan().any()
        assert torch.equal(once, twice)


def test_no_two_rows_of_the_book_have_one_name():
    names = [row.name for _, row in ALL]
    assert len(set(names)) == len(names)


def test_a_difference_is_larger_than_rounding():
    """Rows that differ by less than 1e-9 would pass for the same."""
    for _, row in ALL:
        (found,) = measure([row])
        assert row.same or found.gap > 1e-9


@pytest.mark.parametrize("module", MODULES)
def test_page_of_conventions_has_the_rows_of_every_chapter(module):
    text = (DOCS / "conventions.md").read_text(encoding="utf-8")
    quotes = {quote for cell in read_cells(text) for quote in cell.quotes}
    (name,) = [
        each
        for each in vars(import_module(f"neuralnet.{module}"))
        if each.endswith("_conventions")
    ]
    assert f"{module}.{name}" in quotes
    assert f"measure({name}())" in text
