"""Every check lets good input pass and says what is wrong with the rest."""

from __future__ import annotations

import math

import pytest
import torch
from neuralnet.checks import (
    require_choice,
    require_floating,
    require_positive,
    require_same_shape,
)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_floating_tensors_pass(dtype):
    require_floating("x", torch.zeros(2, dtype=dtype))


@pytest.mark.parametrize(
    ("value", "given"),
    [
        (torch.tensor([1]), "torch.int64"),
        (torch.tensor([True]), "torch.bool"),
        (torch.tensor([1j]), "torch.complex64"),
        (1.0, "got float"),
        ([1.0], "got list"),
        (None, "got NoneType"),
    ],
)
def test_what_is_no_floating_tensor_is_refused(value, given):
    with pytest.raises(TypeError, match=f"x must be .*{given}"):
        require_floating("x", value)


def test_equal_shapes_pass():
    require_same_shape(a=torch.zeros(2, 3), b=torch.ones(2, 3), c=torch.ones(2, 3))


def test_other_shape_is_named():
    with pytest.raises(ValueError, match=r"a \(2,\), b \(2, 1\)"):
        require_same_shape(a=torch.zeros(2), b=torch.zeros(2, 1))


@pytest.mark.parametrize("value", [1e-300, 1, math.inf])
def test_positive_numbers_pass(value):
    require_positive("lr", value)


@pytest.mark.parametrize("value", [0.0, -0.0, -1, math.nan, -math.inf])
def test_other_numbers_are_refused(value):
    with pytest.raises(ValueError, match="lr must be greater than 0"):
        require_positive("lr", value)


def test_choice_is_made_among_the_choices():
    require_choice("approximate", "tanh", ("none", "tanh"))
    with pytest.raises(ValueError, match="'none', 'tanh', got 'erf'"):
        require_choice("approximate", "erf", ("none", "tanh"))
