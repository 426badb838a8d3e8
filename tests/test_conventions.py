"""Where books and PyTorch differ: every row of the book does what it says."""

from __future__ import annotations

import math
from importlib import import_module

import pytest
import torch
from book.prose import DOCS, PACKAGE
from cells import read_cells
from neuralnet.conventions import Convention, largest_gap, measure, print_differences

MODULES = sorted(path.stem for path in PACKAGE.glob("*_conventions.py"))


#: How far apart the two forms are, where they differ, as the page prints it.
GAPS = {
    "slope of ReLU at its kink": 1,
    "GELU": 0.00044,
    "softplus at z = 20.5": 1.25e-09,
    "hard sigmoid": 0.0833,
    "swish": 0.144,
    "layout of a gradient": math.inf,
    "gradient after two passes": 4.29,
    "slope of |z| at 0": 1,
    "slope of max(z, 0) at 0": 0.5,
    "clipping, 50 to 5": 8e-08,
    "clipping, 5e-6 to 5e-7, 1e6 times": 0.0667,
    "squared error": 4.5,
    "squared error of vectors": 4.5,
    "Huber loss as smooth L1": 0.688,
    "what cross-entropy is given": 0.467,
    "negative log-likelihood": 1.04,
    "weighted mean": 0.557,
    "label smoothing of 0.1, to the others": 0.108,
    "divergence of p from q": 0.112,
    "the same number, 0.9, in PyTorch": 4.05,
    "variance in a batch": 0.192,
    "variance, running": 0.152,
    "eps = 0.1 in batch normalization": 0.0627,
    "a layer's weight": 0.0906,
    "a layer's bias": 0.0622,
    "gain of tanh": 0.667,
    "Kaiming, no nonlinearity named": 0.0448,
    "a weight written (in, out)": 0.153,
    "momentum, rate cut at half-time": 0.159,
    "momentum as an average": 1.46,
    "dampening μ": 1.52,
    "Nesterov": 0.45,
    "eps in AdaGrad, slopes near 1": 1.79e-07,
    "eps in AdaGrad, slopes near 1e-4": 0.496,
    "Adam, bias correction": 1.14,
    "eps in Adam, slopes near 1e-4": 0.568,
    "Adam, weight_decay 0.1": 0.042,
    "AdamW, weight_decay 0.1": 0.411,
    "AMSGrad": 1.14,
    "standard deviation": 0.384,
    "median of four": 0.5,
    "rounding of halves": 1,
    "norm of a matrix": 0.0122,
    "dropout in training": 0.75,
    "dropout at prediction": 0.6,
    "the paper's p = 0.8 as PyTorch's p": 11,
    "L2 penalty, λ = 0.1": 0.25,
    "L2 penalty without the bias": 0.0952,
    "penalty beside a sum over n": 0.266,
    "loss of an epoch, 4 + 4 + 1": 10.3,
    "training loss of epoch 0": 2.77,
}


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


def test_forms_are_as_far_apart_as_the_page_prints():
    found = [measure([row])[0] for _, row in ALL if not row.same]
    gaps = {each.convention.name: each.gap for each in found}
    assert gaps == pytest.approx(GAPS, rel=0.01)


def row(gap: float, same: bool, letters: int = 1) -> Convention:
    """A convention whose forms are so far apart."""
    forms = "b" * letters, "t" * letters
    zero = torch.zeros(1, dtype=torch.float64)
    return Convention("row", *forms, lambda: zero + gap, lambda: zero, same)


def test_nan_is_apart_without_end():
    nan = torch.tensor([math.nan])
    assert largest_gap(nan, nan) == math.inf


@pytest.mark.parametrize(("gap", "same"), [(0.0, True), (9e-10, True), (1e-9, False)])
def test_forms_closer_than_rounding_are_the_same(gap, same, capsys):
    right, wrong = measure([row(gap, same)]) + measure([row(gap, not same)])
    assert (right.ok, wrong.ok) == (True, False)
    print_differences([right])
    shown = capsys.readouterr().out
    assert ("row: the same\n" in shown) == same
    print_differences([wrong])
    assert "NOT AS CLAIMED" in capsys.readouterr().out


def test_forms_have_at_most_40_letters():
    measure([row(1.0, False, letters=40)])
    with pytest.raises(ValueError, match="forms of 40 letters, got 41"):
        measure([row(1.0, False, letters=41)])


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
