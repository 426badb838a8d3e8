"""Every check lets good input pass and says what is wrong with the rest."""

from __future__ import annotations

import math

import pytest
import torch
from neuralnet.checks import (
    require_alike,
    require_at_least,
    require_between,
    require_choice,
    require_classes,
    require_dimensions,
    require_examples,
    require_expandable,
    require_finite,
    require_floating,
    require_fraction,
    require_number,
    require_parameters,
    require_positive,
    require_rows,
    require_same_dtype,
    require_same_length,
    require_same_rows,
    require_same_shape,
    require_sizes,
    require_table,
    require_tensor,
    require_whole,
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


def test_equal_dtypes_pass():
    require_same_dtype(a=torch.zeros(2), b=torch.ones(3, 4))


def test_other_dtype_is_named():
    with pytest.raises(TypeError, match=r"a torch\.float32, b torch\.float64"):
        require_same_dtype(a=torch.zeros(2), b=torch.zeros(2).double())


@pytest.mark.parametrize("value", [1.0, [1.0], None, "ones"])
def test_what_is_no_tensor_is_refused(value):
    given = type(value).__name__
    with pytest.raises(TypeError, match=f"x must be a tensor, got {given}"):
        require_tensor("x", value)
    with pytest.raises(TypeError, match=f"x must be a tensor, got {given}"):
        require_dimensions("x", value, 1)


def test_tensor_of_the_wanted_dimensions_passes():
    require_tensor("x", torch.tensor(1))
    for dims in range(4):
        require_dimensions("x", torch.zeros((2,) * dims), dims)


def test_other_number_of_dimensions_is_refused():
    with pytest.raises(ValueError, match=r"1 dimension, got shape \(\)"):
        require_dimensions("x", torch.zeros(()), 1)
    with pytest.raises(ValueError, match=r"2 dimensions, got shape \(3,\)"):
        require_dimensions("x", torch.zeros(3), 2)


@pytest.mark.parametrize("sizes", [(), (0,), (3, 0, 2), [2, 3], torch.Size([2, 3])])
def test_sizes_pass(sizes):
    require_sizes("shape", sizes)


@pytest.mark.parametrize("sizes", [3, None, "23", (2.0,), (True, 2), {2, 3}])
def test_what_is_no_tuple_of_integers_is_refused(sizes):
    with pytest.raises(TypeError, match="shape must be a tuple of integers"):
        require_sizes("shape", sizes)


def test_negative_size_is_refused():
    with pytest.raises(ValueError, match=r"no negative size, got \(2, -1\)"):
        require_sizes("shape", (2, -1))


@pytest.mark.parametrize("value", [2, -0.5, math.inf, math.nan])
def test_numbers_pass(value):
    require_number("data", value)


@pytest.mark.parametrize(
    ("value", "given"),
    [("2", "str"), (None, "NoneType"), (True, "bool"), (1j, "complex")],
)
def test_what_is_no_number_is_refused(value, given):
    with pytest.raises(TypeError, match=f"^data must be a number, got {given}$"):
        require_number("data", value)


def test_alike_tensors_pass_and_what_is_left_out_is_passed_over():
    require_alike(input=torch.zeros(2), target=torch.ones(2), weight=None)


def test_alike_names_the_tensor_that_is_no_float():
    with pytest.raises(TypeError, match="target must be a floating-point tensor"):
        require_alike(input=torch.zeros(2), target=torch.zeros(2).long())


@pytest.mark.parametrize("given", [None, "x", [0.0, 1.0]])
def test_alike_passes_over_no_other_tensor_left_out(given):
    for name in ("input", "target"):
        tensors = {"input": torch.zeros(2), "target": torch.zeros(2), name: given}
        said = f"{name} must be a floating-point tensor, got {type(given).__name__}"
        with pytest.raises(TypeError, match=said):
            require_alike(**tensors)
    with pytest.raises(TypeError, match="weight must be a floating-point tensor"):
        require_alike(input=torch.zeros(2), weight="x")


def test_alike_names_shapes_before_dtypes():
    with pytest.raises(ValueError, match=r"input \(2,\), target \(2, 1\)"):
        require_alike(input=torch.zeros(2), target=torch.zeros(2, 1).double())
    with pytest.raises(TypeError, match=r"input torch\.float32, target torch\.float64"):
        require_alike(input=torch.zeros(2), target=torch.zeros(2).double())


@pytest.mark.parametrize("shape", [(), (3,), (1, 3), (4, 1), (4, 3)])
def test_what_broadcasts_is_expandable(shape):
    require_expandable("weight", torch.ones(shape), torch.zeros(4, 3))


@pytest.mark.parametrize("shape", [(4,), (2, 3), (1, 4, 3), (0,)])
def test_what_does_not_broadcast_is_not_expandable(shape):
    with pytest.raises(ValueError, match=r"must broadcast to \(4, 3\)"):
        require_expandable("weight", torch.ones(shape), torch.zeros(4, 3))


def test_expandable_wants_the_same_dtype():
    with pytest.raises(TypeError, match=r"weight must be torch\.float32, got"):
        require_expandable("weight", torch.ones(3).double(), torch.zeros(3))


def test_expandable_names_what_is_no_floating_tensor():
    with pytest.raises(TypeError, match=r"weight must be .*got list"):
        require_expandable("weight", [1.0], torch.zeros(3))


def test_between_takes_both_ends():
    require_between("p", torch.tensor([[0.0, 1.0]]), 0, 1)
    require_between("p", 0.5, 0, 1)
    require_between("p", torch.zeros(0), 0, 1)


@pytest.mark.parametrize("value", [-1e-9, 1.5, math.nan, math.inf])
def test_between_names_the_first_outside(value):
    for given in (value, torch.tensor([0.5, value], dtype=torch.float64)):
        with pytest.raises(ValueError, match="p must lie from 0 to 1, got"):
            require_between("p", given, 0, 1)


@pytest.mark.parametrize("value", [None, "a", True])
def test_between_wants_a_number(value):
    with pytest.raises(TypeError, match="p must be a number, got"):
        require_between("p", value, 0, 1)


@pytest.mark.parametrize("target", [None, "x", [0, 1]])
def test_classes_must_be_a_tensor(target):
    with pytest.raises(TypeError, match="target must be a tensor, got"):
        require_classes(torch.zeros(2, 3), target, -100)


@pytest.mark.parametrize(
    ("scores", "target"), [((3,), ()), ((2, 3), (2,)), ((2, 3, 4, 5), (2, 4, 5))]
)
def test_one_class_per_example_passes(scores, target):
    require_classes(torch.zeros(scores), torch.full(target, 2), -100)


def test_ignored_class_passes_and_another_does_not():
    target = torch.tensor([0, 7])
    require_classes(torch.zeros(2, 3), target, 7)
    with pytest.raises(ValueError, match="from 0 to 2 or be -100, got 7"):
        require_classes(torch.zeros(2, 3), target, -100)


def test_classes_need_a_dimension():
    with pytest.raises(ValueError, match="input must have a dimension of classes"):
        require_classes(torch.tensor(1.0), torch.tensor(0), -100)


@pytest.mark.parametrize("value", [0, 0.0, 3, math.inf])
def test_numbers_from_the_least_on_pass(value):
    require_at_least("eps", value, 0)


@pytest.mark.parametrize("value", [-1e-300, -1, -math.inf, math.nan])
def test_smaller_numbers_and_nan_are_refused(value):
    with pytest.raises(ValueError, match=f"eps must be at least 0, got {value}"):
        require_at_least("eps", value, 0)


@pytest.mark.parametrize("value", [0, 0.5, 1 - 1e-16])
def test_fractions_pass(value):
    require_fraction("beta", value)


@pytest.mark.parametrize("value", [-1e-9, 1, 1.5, math.nan])
def test_what_is_no_fraction_is_refused(value):
    with pytest.raises(ValueError, match="at least 0 and less than 1, got"):
        require_fraction("beta", value)


LEAF = torch.zeros(2, requires_grad=True)


def test_parameters_from_a_generator_come_back_as_a_list():
    found = require_parameters(each for each in [LEAF, torch.ones(1)])
    assert [len(each) for each in found] == [2, 1]


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (LEAF, TypeError, "one Tensor"),
        (None, TypeError, "one NoneType"),
        ([1.0], TypeError, "got float"),
        ([torch.ones(2, dtype=torch.int64)], TypeError, "torch.int64"),
        ([], ValueError, "got none"),
        ([LEAF, LEAF], ValueError, "got one twice"),
        ([LEAF * 2], ValueError, "computed from others"),
    ],
)
def test_what_cannot_be_optimized_is_refused(params, error, message):
    with pytest.raises(error, match=message):
        require_parameters(params)


def test_tuples_of_one_length_pass():
    require_same_length(shape=(), stride=())
    require_same_length(shape=torch.Size([2, 3]), stride=(3, 1))


def test_tuples_of_other_lengths_are_refused():
    message = r"got shape \(2, 3\), stride \(\), index \(0, 1\)"
    with pytest.raises(ValueError, match=message):
        require_same_length(shape=torch.Size([2, 3]), stride=(), index=(0, 1))


def test_one_example_will_do():
    require_examples("loader", 1)


def test_no_example_is_refused():
    with pytest.raises(ValueError, match="loader must yield at least one example"):
        require_examples("loader", 0)


@pytest.mark.parametrize("value", [-1e308, 0, 5e-324])
def test_finite_numbers_pass(value):
    require_finite("loss", value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_numbers_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match=f"loss must be finite, got {value}"):
        require_finite("loss", value)


@pytest.mark.parametrize(
    ("value", "least", "error", "said"),
    [
        ([1.0], 0, TypeError, "x must be a tensor, got list"),
        (torch.zeros(3), 0, ValueError, "x must have rows and columns, got shape (3,)"),
        (torch.zeros(1, 2), 2, ValueError, "at least 2 rows, got shape (1, 2)"),
    ],
)
def test_rows_refused(value, least, error, said):
    with pytest.raises(error) as raised:
        require_rows("x", value, least)
    assert said in str(raised.value)


@pytest.mark.parametrize("shape", [(2, 0), (2, 3), (5, 8, 8)])
def test_rows_accepted(shape):
    require_rows("x", torch.zeros(shape), 2)


def test_different_numbers_of_rows_are_refused_and_named():
    a, b = torch.zeros(4, 2), torch.zeros(3)
    require_same_rows(a=a, b=torch.zeros(4))
    with pytest.raises(ValueError, match=r"got a \(4, 2\), b \(3,\)"):
        require_same_rows(a=a, b=b)
    with pytest.raises(TypeError, match="b must be a tensor, got list"):
        require_same_rows(a=a, b=[1])


def test_table_is_refused_for_its_dtype_its_shape_and_its_columns():
    require_table("x", torch.zeros(1, 3))
    require_table("x", torch.zeros(2, 3), 3)
    for wrong, said in [
        (torch.zeros(3), "x must have 2 dimensions"),
        (torch.zeros(0, 3), "x must have at least one row"),
        (torch.zeros(2, 4), "x must have 3 columns"),
    ]:
        with pytest.raises(ValueError, match=said):
            require_table("x", wrong, 3)
    with pytest.raises(TypeError, match="x must be"):
        require_table("x", torch.zeros(2, 3, dtype=torch.int64), 3)


def test_whole_numbers_pass():
    require_whole("epochs", 1, 1)
    require_whole("epochs", 7, 1)


@pytest.mark.parametrize("value", [2.5, 2.0, True, "4", None])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(TypeError, match="epochs must be an integer, got"):
        require_whole("epochs", value, 1)


def test_a_whole_number_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match="epochs must be at least 10, got 9"):
        require_whole("epochs", 9, 10)
