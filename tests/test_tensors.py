"""Shapes, strides and reductions beside PyTorch's, and the memory they share."""

from __future__ import annotations

import math
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from neuralnet import tensors as t
from neuralnet.agreement import compare, deviation
from neuralnet.tensors_checks import (
    SHAPES,
    agreement_checks,
    fits,
    places_of,
    some_numbers,
    some_views,
)
from neuralnet.thermometer import T_C, T_U

sizes = st.integers(0, 4)
shapes = st.lists(sizes, max_size=4).map(tuple)
numbers = st.floats(-1e4, 1e4)


# The table at the end of the chapter.


@pytest.mark.parametrize("check", agreement_checks(), ids=lambda check: check.name)
def test_table_of_agreement(check):
    (row,) = compare([check])
    assert row.ok, row


def test_table_tries_views_that_are_not_contiguous_empty_and_without_dimension():
    views = some_views()
    assert {view.is_contiguous() for view in views} == {True, False}
    assert any(view.numel() == 0 for view in views)
    assert any(view.dim() == 0 for view in views)
    assert any(view.storage_offset() > 0 for view in views)
    assert any(0 in view.stride() for view in views)


# Strides and places


@given(shapes)
def test_contiguous_stride_is_that_of_a_new_tensor(shape):
    assert t.contiguous_stride(shape) == torch.empty(shape).stride()


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4).flatmap(st.permutations))
def test_transposed_tensor_is_contiguous_where_pytorch_says_so(shape):
    base = torch.empty(*shape)
    for k, m in product(range(len(shape)), repeat=2):
        view = base.transpose(k, m)
        wanted = view.is_contiguous()
        assert t.is_contiguous(tuple(view.shape), view.stride()) == wanted


@pytest.mark.parametrize("view", some_views(), ids=lambda v: str(tuple(v.stride())))
def test_places_lead_to_the_elements(view):
    length = view.untyped_storage().nbytes() // view.element_size()
    row = view.as_strided((length,), (1,), 0)
    assert torch.equal(row[places_of(view)], view)


@given(shapes)
def test_places_of_a_contiguous_tensor_are_in_reading_order(shape):
    found = t.places(shape, t.contiguous_stride(shape))
    assert found.flatten().tolist() == list(range(math.prod(shape)))
    assert tuple(found.shape) == shape


def test_offset_of_index_and_stride_of_other_lengths_is_refused():
    message = r"lengths must be equal, got {} \(1, 2\), stride \(3,\)"
    with pytest.raises(ValueError, match=message.format("index")):
        t.offset((1, 2), (3,))
    with pytest.raises(ValueError, match=message.format("shape")):
        t.places((1, 2), (3,))
    with pytest.raises(ValueError, match=message.format("shape")):
        t.is_contiguous((1, 2), (3,))


def test_places_refuse_a_stride_that_pytorch_does_not_have():
    with pytest.raises(TypeError, match=r"stride must be .* integers, got \(1.5,\)"):
        t.places((2,), (1.5,))
    with pytest.raises(ValueError, match=r"stride must hold no negative .*\(-1,\)"):
        t.places((2,), (-1,))


@pytest.mark.parametrize(
    "function",
    [
        t.contiguous_stride,
        lambda s: t.is_contiguous(s, s),
        lambda s: t.places(s, s),
        lambda s: t.padded(s, 4),
        t.broadcast_shapes,
        lambda s: t.broadcast_to(torch.zeros(()), s),
    ],
)
def test_shapes_that_are_none_are_refused(function):
    with pytest.raises(ValueError, match=r"no negative size, got \(2, -1\)"):
        function((2, -1))
    with pytest.raises(TypeError, match=r"tuple of integers, got \(2.0, 3\)"):
        function((2.0, 3))


# Broadcasting


@given(shapes, shapes)
def test_broadcast_shapes_agrees_or_refuses_with_pytorch(a, b):
    if fits(a, b):
        assert t.broadcast_shapes(a, b) == (torch.empty(a) + torch.empty(b)).shape
        assert t.broadcast_shapes(a, b) == torch.broadcast_shapes(a, b)
    else:
        with pytest.raises(ValueError, match="do not fit"):
            t.broadcast_shapes(a, b)
        with pytest.raises(RuntimeError):
            torch.broadcast_shapes(a, b)


@given(shapes, shapes)
def test_broadcasting_does_not_care_for_the_order(a, b):
    if fits(a, b):
        assert t.broadcast_shapes(a, b) == t.broadcast_shapes(b, a)
        assert t.broadcast_shapes(a, b, ()) == t.broadcast_shapes(a, b)


@pytest.mark.parametrize(
    "given_shapes", [(), (3,), ((3,), 3), (1, (2, 1), (4, 1, 1)), ([2, 1], (1, 3))]
)
def test_broadcast_shapes_takes_what_pytorch_takes(given_shapes):
    ours = t.broadcast_shapes(*given_shapes)
    assert ours == torch.broadcast_shapes(*given_shapes)
    assert isinstance(ours, torch.Size)


def test_broadcast_shapes_names_the_dimension_and_the_sizes():
    message = r"sizes \[3, 4\] at dimension -2 of \(3, 1\), \(2, 4, 5\) do not fit"
    with pytest.raises(ValueError, match=message):
        t.broadcast_shapes((3, 1), (2, 4, 5))


@given(shapes, shapes)
def test_broadcast_to_agrees_or_refuses_with_pytorch(a, b):
    x = torch.arange(math.prod(a), dtype=torch.float64).view(a)
    try:
        wanted = torch.broadcast_to(x, b)
    except RuntimeError:
        with pytest.raises(ValueError, match="does not stretch"):
            t.broadcast_to(x, b)
        return
    got = t.broadcast_to(x, b)
    assert torch.equal(got, wanted)
    assert got.shape == wanted.shape


@pytest.mark.parametrize("view", some_views(), ids=lambda v: str(tuple(v.stride())))
def test_broadcast_to_is_a_view_that_starts_where_its_input_starts(view):
    got = t.broadcast_to(view, (2, *view.shape))
    assert got.untyped_storage().data_ptr() == view.untyped_storage().data_ptr()
    assert got.storage_offset() == view.storage_offset()
    assert torch.equal(got, view.expand(2, *view.shape))


def test_broadcast_to_refuses_what_is_no_tensor():
    with pytest.raises(TypeError, match="input must be a tensor, got list"):
        t.broadcast_to([1.0], (2,))


def test_padded_refuses_a_shape_that_is_too_long():
    with pytest.raises(ValueError, match=r"at most 1 dimension, got \(2, 3\)"):
        t.padded((2, 3), 1)


def test_column_minus_row_compares_every_reading_with_every_other():
    column, row = T_U.unsqueeze(1), T_C
    wrong = ((column - row) ** 2).mean()
    assert (column - row).shape == (11, 11)
    spread = t.var(T_U, correction=0) + t.var(T_C, correction=0)
    assert wrong == pytest.approx(spread + (T_U.mean() - T_C.mean()) ** 2)


def test_wrong_shape_prefers_the_flat_line_and_the_right_one_least_squares():
    x = T_U.unsqueeze(1)
    steepness = torch.arange(-100, 101).double() / 100
    lines = steepness * (x - x.mean()) + T_C.mean()
    wrong = [((line.unsqueeze(1) - T_C) ** 2).mean() for line in lines.T]
    right = ((lines - T_C.unsqueeze(1)) ** 2).mean(dim=0)
    assert steepness[torch.stack(wrong).argmin()] == 0
    from_mean = T_U - T_U.mean()
    best = t.dot(from_mean, T_C) / t.dot(from_mean, from_mean)
    assert abs(steepness[right.argmin()] - best) <= 0.005


# Products


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.integers(0, 99))
def test_mm_is_pytorchs(n, m, p, seed):
    a, b = some_numbers(n, m, seed=seed), some_numbers(m, p, seed=seed + 1)
    assert deviation(t.mm(a, b), a @ b) <= 1e-14


KINDS = [torch.float32, torch.int64, torch.int32, torch.int8, torch.uint8]


@pytest.mark.parametrize("dtype", KINDS, ids=str)
def test_products_keep_the_dtype(dtype):
    a = torch.tensor([[100, 7, 3], [2, 100, 100]]).to(dtype)
    assert torch.equal(t.mm(a, a.T), torch.mm(a, a.T))
    assert torch.equal(t.dot(a[0], a[1]), torch.dot(a[0], a[1]))
    assert torch.equal(t.outer(a[0], a[1]), torch.outer(a[0], a[1]))
    assert t.mm(a, a.T).dtype == t.dot(a[0], a[1]).dtype == dtype


def test_products_of_huge_and_infinite_numbers_are_pytorchs():
    a = torch.tensor([[1e200, math.inf], [math.nan, 0.0]], dtype=torch.float64)
    assert deviation(t.mm(a, a), a @ a) == 0
    assert deviation(t.dot(a[0], a[1]), torch.dot(a[0], a[1])) == 0
    assert deviation(t.outer(a[0], a[1]), torch.outer(a[0], a[1])) == 0


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (torch.zeros(2, 3), torch.zeros(2, 3), r"got \(2, 3\) and \(2, 3\)"),
        (torch.zeros(3), torch.zeros(3, 2), r"input must have 2 dimensions"),
        (torch.zeros(2, 3), torch.zeros(3), r"mat2 must have 2 dimensions"),
    ],
)
def test_mm_refuses(a, b, message):
    with pytest.raises(ValueError, match=message):
        t.mm(a, b)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (torch.zeros(2), torch.zeros(3), r"input \(2,\), tensor \(3,\)"),
        (torch.zeros(1, 2), torch.zeros(2), "input must have 1 dimension"),
        (torch.zeros(2), torch.zeros(2, 1), "tensor must have 1 dimension"),
    ],
)
def test_dot_refuses(a, b, message):
    with pytest.raises(ValueError, match=message):
        t.dot(a, b)


def test_products_refuse_two_dtypes():
    with pytest.raises(TypeError, match=r"float32, mat2 torch\.float64"):
        t.mm(torch.zeros(1, 1), torch.zeros(1, 1).double())
    with pytest.raises(TypeError, match=r"float32, tensor torch\.int64"):
        t.dot(torch.zeros(2), torch.zeros(2).long())


def test_outer_refuses_a_matrix():
    with pytest.raises(ValueError, match="input must have 1 dimension"):
        t.outer(torch.zeros(2, 2), torch.zeros(2))
    with pytest.raises(ValueError, match="vec2 must have 1 dimension"):
        t.outer(torch.zeros(2), torch.zeros(2, 2))


@pytest.mark.parametrize("function", [t.dot, t.mm, t.outer])
def test_products_refuse_what_is_no_tensor(function):
    with pytest.raises(TypeError, match="must be a tensor, got list"):
        function([1.0], [1.0])


# Reductions

DIMS = [None, 0, 1, -1, (0, 2), (0, 1, 2)]


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("dim", DIMS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_mean_and_var_over_dimensions(dtype, dim, keepdim):
    x = some_numbers(2, 3, 4).to(dtype)
    tolerance = 1e-12 if dtype == torch.float64 else 1e-6
    for view in (x, x.permute(2, 0, 1), x[:, ::2]):
        ours = t.mean(view, dim, keepdim)
        assert deviation(ours, torch.mean(view, dim, keepdim)) <= tolerance
        for correction in (0, 1, 2):
            extra = {"correction": correction, "keepdim": keepdim}
            if view.numel() // ours.numel() <= correction:
                continue
            ours = t.var(view, dim, **extra)
            assert deviation(ours, torch.var(view, dim, **extra)) <= tolerance


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), ()])
def test_mean_of_little_is_pytorchs(shape):
    x = torch.zeros(shape)
    assert deviation(t.mean(x), torch.mean(x)) == 0
    for dim in range(len(shape)):
        assert deviation(t.mean(x, dim), torch.mean(x, dim)) == 0


@pytest.mark.filterwarnings("ignore:var.*degrees of freedom")
@pytest.mark.parametrize("correction", [0, 1, 2])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_var_of_few_numbers_is_pytorchs(count, correction):
    x = torch.tensor([1.0, 4.0])[:count]
    ours = t.var(x, correction=correction)
    assert deviation(ours, torch.var(x, correction=correction)) == 0


@given(st.lists(numbers, min_size=2, max_size=8), st.floats(-100, 100))
def test_var_does_not_care_where_zero_is(values, shift):
    x = torch.tensor(values, dtype=torch.float64)
    wanted = t.var(x).item()
    assert t.var(x + shift).item() == pytest.approx(wanted, rel=1e-6, abs=1e-6)


def test_var_keeps_its_digits_far_from_zero():
    x = torch.tensor([1e8, 1e8 + 1, 1e8 + 2], dtype=torch.float64)
    assert t.var(x) == pytest.approx(1.0, rel=1e-12)
    small = 1e-150 * torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    assert torch.allclose(t.var(small), torch.var(small), rtol=1e-12, atol=0)


def test_mean_and_var_of_infinite_numbers():
    for value in (math.inf, math.nan):
        x = torch.tensor([value, 1.0])
        assert deviation(t.mean(x), torch.mean(x)) == 0
        assert deviation(t.var(x), torch.var(x)) == 0


def test_numpy_divides_by_n():
    ours = t.var(T_C, correction=0).item()
    assert np.var(T_C.numpy()) == pytest.approx(ours, rel=1e-12)
    assert np.var(T_C.numpy()) != pytest.approx(torch.var(T_C).item(), rel=1e-3)


@pytest.mark.parametrize("function", [t.mean, t.var])
def test_reductions_refuse_whole_numbers_and_absent_dimensions(function):
    with pytest.raises(TypeError, match=r"got dtype torch\.int64"):
        function(torch.tensor([1, 2]))
    with pytest.raises(IndexError):
        function(torch.zeros(2), 1)


@pytest.mark.parametrize("function", [t.mean, t.var])
def test_reductions_gradcheck(function):
    x = some_numbers(3, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: function(x, 0), (x,))


# Memory that the chapter says is shared, or is not


def shares(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


@pytest.mark.parametrize(
    ("pick", "shared"),
    [
        (lambda x: x[1], True),
        (lambda x: x[1, 2], True),
        (lambda x: x[:, ::2], True),
        (lambda x: x.T, True),
        (lambda x: x.unsqueeze(1), True),
        (lambda x: x.view(3, 2), True),
        (lambda x: x.reshape(3, 2), True),
        (lambda x: x.detach(), True),
        (lambda x: x.expand(5, 2, 3), True),
        (lambda x: torch.from_numpy(x.numpy()), True),
        (lambda x: x.double(), True),
        (lambda x: x[[0, 1]], False),
        (lambda x: x[x > -1], False),
        (lambda x: x.T.reshape(6), False),
        (lambda x: x.clone(), False),
        (lambda x: x + 0, False),
        (lambda x: torch.tensor(x.numpy()), False),
        (lambda x: x.float(), False),
    ],
)
def test_memory_is_shared(pick, shared):
    x = torch.arange(6, dtype=torch.float64).view(2, 3)
    assert shares(pick(x), x) == shared


def test_assignment_reaches_numpy_and_back():
    x = torch.zeros(3)
    array = x.numpy()
    array[0], x[1] = 5.0, 7.0
    assert x.tolist() == array.tolist() == [5.0, 7.0, 0.0]


@pytest.mark.parametrize(
    ("index", "value"),
    [
        ((0, 1), 9.0),
        ((slice(None), 1), 9.0),
        ([0], 9.0),
        (torch.tensor([[True, False, True], [False, False, False]]), 9.0),
    ],
)
def test_assigning_through_an_index_changes_the_tensor(index, value):
    x = torch.zeros(2, 3)
    x[index] = value
    assert (x == value).any()


def test_assigning_behind_a_mask_changes_nothing():
    x = torch.zeros(3)
    x[x == 0][0] = 9.0
    assert x.tolist() == [0.0, 0.0, 0.0]


# Pictures


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def words(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(("a", "b"), [*product(SHAPES[2:9], repeat=2)])
def test_drawing_ends_in_the_resulting_shape(axes, a, b):
    t.draw_broadcast(axes, a, b)
    after = words(axes)[words(axes).index("result") + 1 :]
    if fits(a, b):
        assert after == [str(size) for size in torch.broadcast_shapes(a, b)]
    else:
        assert any("≠" in word for word in after)


def styles(axes) -> list[str]:
    return [box.get_linestyle() for box in axes.patches]


def test_drawing_marks_what_is_filled_in_and_what_is_stretched(axes):
    t.draw_broadcast(axes, (2, 1), (3,))
    assert styles(axes)[:3] == ["-"] * 3
    assert styles(axes)[3:7] == ["-", "-", "--", "-"]
    assert styles(axes)[7:11] == ["-", "-.", "-.", "-"]
    assert styles(axes)[11:] == ["-", "-"]


def test_drawing_stretches_nothing_where_sizes_do_not_fit(axes):
    t.draw_broadcast(axes, (2,), (3,), (1,))
    assert styles(axes) == ["-"] * 9 + [":"]
    stretched = words(axes)[words(axes).index("stretch 1") + 1 :]
    assert stretched == ["2", "3", "1", "result", "2≠3"]


def test_drawing_of_no_shapes_shows_no_sizes(axes):
    t.draw_broadcast(axes)
    assert styles(axes) == []


def test_grid_is_read_from_the_top(axes):
    t.draw_grid(axes, torch.tensor([[1, 2], [3, 4]]))
    heights = [box.get_y() for box in axes.patches]
    assert heights[0] == heights[1] > heights[2] == heights[3]


def test_grid_shows_each_number_once_and_marks_the_faint_ones(axes):
    values = torch.tensor([[1.5, 2.0], [3.0, -4.0]])
    t.draw_grid(axes, values, "title", values > 2)
    assert words(axes) == ["1.5", "2", "3", "-4"]
    assert [box.get_linestyle() for box in axes.patches] == ["-", "-", ":", "-"]
    assert axes.get_title() == "title"


def test_grid_refuses_a_tensor_of_three_dimensions_and_another_shape(axes):
    with pytest.raises(ValueError, match="values must have 2 dimensions"):
        t.draw_grid(axes, torch.zeros(1, 1, 1))
    with pytest.raises(ValueError, match="shapes must be equal"):
        t.draw_grid(axes, torch.zeros(2), faint=torch.zeros(3))


def test_narrow_takes_44_letters_and_no_more():
    assert max(map(len, t.narrow("four " * 30).splitlines())) == 44
    assert max(map(len, t.narrow("a " * 60).splitlines())) == 43


def test_narrow_keeps_every_word_and_the_width():
    message = "The size of tensor a (3) must match the size of tensor b (4)"
    lines = t.narrow(ValueError(message)).splitlines()
    assert " ".join(lines) == message
    assert max(map(len, lines)) <= 44
    with pytest.raises(ValueError, match="invalid width"):
        t.narrow("a", width=0)
