"""The activations beside PyTorch's, and the laws they obey."""

from __future__ import annotations

import inspect
import math
from functools import partial
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from neuralnet import activations as a
from neuralnet.activations_checks import (
    PAIRS,
    SPLIT,
    SPLIT32,
    agreement_checks,
    slope_of,
)
from neuralnet.agreement import compare, deviation
from neuralnet.thermometer import T_C, T_U

INF, NAN = math.inf, math.nan
POINTS = [0.0, -0.0, 1e-30, -1e-30, 0.5, -0.5, 1.0, -1.0, 20.0, -20.0, 88.0, -88.0]
POINTS += [89.0, -89.0, 500.0, -500.0, 1e4, -1e4, INF, -INF, NAN]
ELEMENTWISE = list(PAIRS)
VARIANTS = {
    "leaky_relu 0": (partial(a.leaky_relu, negative_slope=0.0), F.leaky_relu, (0.0,)),
    "leaky_relu .5": (partial(a.leaky_relu, negative_slope=0.5), F.leaky_relu, (0.5,)),
    "leaky_relu -1": (partial(a.leaky_relu, negative_slope=-1.0), F.leaky_relu, (-1,)),
    "elu 2": (partial(a.elu, alpha=2.0), F.elu, (2.0,)),
    "elu 0": (partial(a.elu, alpha=0.0), F.elu, (0.0,)),
    "softplus 2 5": (partial(a.softplus, beta=2.0, threshold=5.0), F.softplus, (2, 5)),
    "softplus .1": (partial(a.softplus, beta=0.1), F.softplus, (0.1,)),
    "softplus -1": (partial(a.softplus, beta=-1.0), F.softplus, (-1.0,)),
    "softplus 1 1000": (partial(a.softplus, threshold=1e3), F.softplus, (1, 1e3)),
    "hardtanh 0 6": (partial(a.hardtanh, min_val=0.0, max_val=6.0), F.hardtanh, (0, 6)),
    "hardtanh 1 1": (partial(a.hardtanh, min_val=1.0, max_val=1.0), F.hardtanh, (1, 1)),
}
numbers = st.floats(-1e4, 1e4)
rows = st.lists(st.floats(-100, 100), min_size=1, max_size=8)


def tensor(values: float | list[float]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def value_and_gradient(function, z):
    leaf = z.detach().clone().requires_grad_()
    value = function(leaf)
    upstream = torch.linspace(0.5, 2.0, max(value.numel(), 1), dtype=z.dtype)
    upstream = upstream[: value.numel()].view(value.shape)
    return value.detach(), torch.autograd.grad(value, leaf, upstream)[0]


def largest_deviation(ours, theirs, z):
    pairs = zip(value_and_gradient(ours, z), value_and_gradient(theirs, z), strict=True)
    return max(deviation(mine, yours) for mine, yours in pairs)


# The table at the end of the chapter.


def test_checks_try_both_sides_of_zero():
    for check in agreement_checks():
        tried = torch.cat([x.flatten() for case in check.cases for x in case])
        tried = tried[tried.isfinite()]
        assert tried.min() <= -10, check.name
        assert tried.max() >= 10, check.name


@pytest.mark.parametrize("check", agreement_checks(), ids=lambda check: check.name)
def test_table_of_agreement(check):
    (row,) = compare([check])
    assert row.ok, row


@pytest.mark.parametrize("check", agreement_checks(), ids=lambda check: check.name)
def test_table_tries_every_point_it_promises(check):
    points = {repr(z.item()) for (case,) in check.cases for z in case.flatten()}
    wanted = ["0.0", "inf", "-inf", "nan", "10000.0", "-10000.0"]
    name = check.name.partition(",")[0].rstrip("'")
    split = SPLIT32 if "f32" in check.name else SPLIT
    assert set(wanted) - {split.get(name)} <= points
    if name != "softmax":
        assert {"-0.0", "1.0", "-1.0"} <= points
        assert sum(0 < abs(float(point)) < 1e-29 for point in points) == 2
    assert len({tuple(case.shape) for (case,) in check.cases}) == 6


# Value and gradient, one point at a time: a scalar tensor has one answer in PyTorch.


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_agrees_with_torch_at_a_point(name, point, dtype):
    ours, theirs, _ = PAIRS[name]
    z = torch.tensor(point, dtype=dtype)
    tolerance = 1e-12 if dtype == torch.float64 else 5e-6
    if math.isnan(point) and name in SPLIT:  # its gradient has a test of its own
        assert deviation(ours(z), theirs(z)) == 0
    else:
        assert largest_deviation(ours, theirs, z) <= tolerance


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", VARIANTS)
def test_agrees_with_torch_for_other_arguments(name, dtype):
    ours, theirs, extra = VARIANTS[name]
    skip = name.split()[0] in SPLIT
    values = [point for point in POINTS if not (skip and math.isnan(point))]
    tolerance = 1e-12 if dtype == torch.float64 else 5e-6
    if dtype == torch.float32 and name == "softplus 1 1000":
        values = [point for point in values if not 88 < point < 1000]
    for point in [*values, -5.0, 5.0, 6.0, 10.0, 10.5]:
        z = torch.tensor(point, dtype=dtype)
        gap = largest_deviation(ours, lambda z: theirs(z, *extra), z)
        assert gap <= tolerance, point


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (5,), (2, 3), (2, 1, 3, 2)])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_keeps_shape_and_dtype(name, shape, dtype):
    z = torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(1))
    for function in (PAIRS[name][0], PAIRS[name][2]):
        output = function(z)
        assert output.shape == z.shape
        assert output.dtype == dtype


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_takes_non_contiguous_input(name):
    z = torch.linspace(-3, 3, 24, dtype=torch.float64).view(4, 6)
    for view in (z.T, z[:, ::2], z.flip(0), z[1:2].expand(3, 6)):
        assert largest_deviation(*PAIRS[name][:2], view) <= 1e-12


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_leaves_its_input_alone(name):
    z = tensor(POINTS)
    before = z.clone()
    PAIRS[name][0](z)
    assert torch.equal(z, before) or deviation(z, before) == 0.0


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_gradcheck(name):
    z = tensor([-2.3, -0.7, -0.1, 0.1, 0.6, 1.7, 2.9]).requires_grad_()
    assert torch.autograd.gradcheck(PAIRS[name][0], (z,))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_second_derivative_is_torchs(name):
    z = tensor([-2.3, -0.7, 0.0, 0.6, 1.7]) + 0.01
    mine, yours = (slope_of(slope_of_graph(f)) for f in PAIRS[name][:2])
    assert deviation(mine(z), yours(z)) <= 1e-12


def slope_of_graph(function):
    def slope(z):
        (grad,) = torch.autograd.grad(function(z).sum(), z, create_graph=True)
        return grad + 0 * z

    return slope


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_slope_is_the_gradient(name):
    ours, theirs, slope = PAIRS[name]
    finite = tensor([point for point in POINTS if math.isfinite(point)])
    assert deviation(slope(finite), slope_of(ours)(finite)) <= 1e-12
    assert deviation(slope(finite), slope_of(theirs)(finite)) <= 1e-12


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("sigmoid", [-15.0, -40.0]),
        ("tanh", [0.1, -0.3]),
        ("elu", [0.1, -0.3, -1e-3]),
        ("softplus", [-17.0, -40.0, -80.0]),
        ("silu", [-15.0, -40.0]),
        ("gelu", [0.1, -0.3]),
        ("gelu tanh", [0.1, -0.3]),
    ],
)
def test_small_answer_keeps_its_relative_precision(name, more):
    """`deviation` is absolute below 1 and would not see digits lost here."""
    z = torch.tensor([1e-30, -1e-30, 1e-8, -1e-8, 1e-5, -1e-5, *more])
    ours, theirs, _ = PAIRS[name]
    torch.testing.assert_close(ours(z), theirs(z), rtol=3e-7, atol=0)
    wide = z.double()
    torch.testing.assert_close(ours(wide), theirs(wide), rtol=1e-13, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_half_precision_neither_overflows_nor_poisons(name, dtype):
    """As near to PyTorch, which computes in float32 and rounds, as the dtype is."""
    points = [0.0, 0.5, 1.0, 3.0, 10.0, 12.0, 15.0, 19.0, 25.0, 88.0, 300.0, 3e4]
    z = torch.tensor([sign * point for point in points for sign in (1, -1)])
    z = z.to(dtype)
    tolerance = 8 * torch.finfo(dtype).eps
    ours, theirs, slope = PAIRS[name]
    assert largest_deviation(ours, theirs, z) <= tolerance
    assert deviation(slope(z), slope_of(theirs)(z)) <= tolerance


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_slope_can_be_differentiated_far_out(name, dtype):
    z = torch.tensor([100.0, -100.0, 1e4, -1e4], dtype=dtype)
    assert deviation(slope_of(tracked(PAIRS[name][2]))(z), 0 * z) <= 1e-12


def tracked(slope):
    """The slope of a straight piece is a constant: tie it to the graph."""
    return lambda z: slope(z) + 0 * z


def test_softplus_stays_finite_where_its_threshold_lets_exp_overflow():
    z = torch.tensor([89.0, 500.0])
    ours = partial(a.softplus, threshold=1e3)
    assert torch.equal(ours(z), z)
    assert torch.equal(slope_of(ours)(z), torch.ones(2))


# Names, arguments, defaults.


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("sigmoid", "input"),
        ("tanh", "input"),
        ("relu", "input"),
        ("leaky_relu", "input, negative_slope=0.01"),
        ("elu", "input, alpha=1.0"),
        ("softplus", "input, beta=1.0, threshold=20.0"),
        ("gelu", "input, approximate='none'"),
        ("silu", "input"),
        ("hardtanh", "input, min_val=-1.0, max_val=1.0"),
        ("softmax", "input, dim, *, dtype=None"),
    ],
)
def test_signature_is_pytorchs(name, signature):
    found = inspect.signature(getattr(a, name))
    bare = [p.replace(annotation=p.empty) for p in found.parameters.values()]
    assert str(inspect.Signature(bare)) == f"({signature})"


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "silu", "hardtanh"])
def test_defaults_are_those_of_torch(name):
    mine = inspect.signature(getattr(a, name)).parameters
    yours = dict(inspect.signature(getattr(F, name)).parameters)
    del yours["inplace"]
    assert [(p.name, p.default, p.kind) for p in mine.values()] == [
        (p.name, p.default, p.kind) for p in yours.values()
    ]


# The three points where PyTorch has two answers: ours is one of them.


def test_elu_gradient_at_nan_is_one_of_pytorchs():
    many = slope_of(F.elu)(torch.full((64,), NAN))
    one = slope_of(F.elu)(torch.tensor([NAN]))
    ours = slope_of(a.elu)(torch.tensor([NAN]))
    assert ours.isnan()
    assert any(answer.isnan() for answer in (many[0], one[0]))


def test_hardtanh_gradient_at_nan_is_one_of_pytorchs():
    many = slope_of(F.hardtanh)(torch.full((64,), NAN))
    one = slope_of(F.hardtanh)(torch.tensor([NAN]))
    ours = slope_of(a.hardtanh)(torch.tensor([NAN]))
    assert ours == 1
    assert 1 in (many[0], one[0])


def test_gelu_at_infinity_in_float32_is_one_of_pytorchs():
    together = F.gelu(torch.full((64,), INF))[0]
    alone = F.gelu(torch.tensor(INF))
    ours = a.gelu(torch.tensor([INF]))
    assert ours == INF
    assert INF in (together, alone)


# Conventions at the kinks.


@pytest.mark.parametrize(
    ("function", "kink", "slope"),
    [
        (a.relu, 0.0, 0.0),
        (a.leaky_relu, 0.0, 0.01),
        (a.elu, 0.0, 1.0),
        (partial(a.elu, alpha=2.0), 0.0, 2.0),
        (a.hardtanh, -1.0, 0.0),
        (a.hardtanh, 1.0, 0.0),
    ],
)
def test_gradient_at_the_kink(function, kink, slope):
    assert slope_of(function)(tensor(kink)).item() == slope


def test_slope_of_elu_is_alpha_up_to_the_kink_and_one_after_it():
    assert a.elu_slope(tensor([0.0, 0.5]), alpha=2.0).tolist() == [2.0, 1.0]


def test_softplus_is_the_line_beyond_twenty():
    z = tensor(20.5)
    assert (a.softplus(z).item(), a.softplus_slope(z).item()) == (20.5, 1.0)


# Bad input.


@pytest.mark.parametrize("name", [n for n in ELEMENTWISE if " " not in n])
@pytest.mark.parametrize("suffix", ["", "_slope"])
def test_whole_numbers_are_refused(name, suffix):
    with pytest.raises(TypeError, match="floating-point tensor, got dtype"):
        getattr(a, name + suffix)(torch.tensor([1, 2]))


@pytest.mark.parametrize("name", ["sigmoid", "relu", "gelu", "softplus", "tanh"])
def test_a_plain_number_is_refused(name):
    with pytest.raises(TypeError, match="floating-point tensor, got "):
        getattr(a, name)(3.0)


@pytest.mark.parametrize("function", [a.gelu, a.gelu_slope])
def test_gelu_refuses_an_unknown_approximation(function):
    with pytest.raises(ValueError, match="approximate must be one of 'none', 'tanh'"):
        function(torch.zeros(2), approximate="erf")


def test_hardtanh_refuses_a_reversed_interval():
    with pytest.raises(ValueError, match="must not exceed max_val, got 1 and -1"):
        a.hardtanh(torch.zeros(2), 1, -1)


# Softmax.


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("dim", [0, 1, 2, -1])
def test_softmax_agrees_along_every_dim(dim, dtype):
    z = 5 * torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(2))
    z = z.to(dtype)
    ours, theirs = partial(a.softmax, dim=dim), partial(F.softmax, dim=dim)
    tolerance = 1e-12 if dtype == torch.float64 else 2e-7
    assert largest_deviation(ours, theirs, z) <= tolerance


@pytest.mark.parametrize(
    "scores",
    [[1e4, -1e4], [0.0, -INF], [INF, 0.0], [INF, INF], [-INF, -INF], [NAN, 0.0], [7.0]],
)
def test_softmax_agrees_at_extremes(scores):
    pair = partial(a.softmax, dim=0), partial(F.softmax, dim=0)
    assert largest_deviation(*pair, tensor(scores)) <= 1e-12


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (3, 0)])
@pytest.mark.parametrize("dim", [0, -1])
def test_softmax_of_odd_shapes(shape, dim):
    z = torch.zeros(shape)
    assert deviation(a.softmax(z, dim), F.softmax(z, dim)) == 0


def test_softmax_converts_first():
    z = torch.tensor([1, 2, 3])
    ours = a.softmax(z, 0, dtype=torch.float64)
    assert deviation(ours, F.softmax(z, 0, dtype=torch.float64)) <= 1e-15


def test_softmax_takes_non_contiguous_rows():
    z = torch.arange(12.0, dtype=torch.float64).view(3, 4).T
    pair = partial(a.softmax, dim=1), partial(F.softmax, dim=1)
    assert largest_deviation(*pair, z) <= 1e-12


def test_softmax_gradcheck():
    z = tensor([[0.1, -1.0, 2.0], [0.0, 3.0, 1.0]]).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: a.softmax(z, 1), (z,))


@pytest.mark.parametrize("shape", [(3,), (0,), (3, 0)])
def test_softmax_refuses_a_missing_dim(shape):
    with pytest.raises(IndexError, match="Dimension out of range"):
        a.softmax(torch.zeros(shape), dim=2)


def test_softmax_refuses_whole_numbers():
    with pytest.raises(TypeError, match="floating-point"):
        a.softmax(torch.tensor([1, 2]), dim=0)


def test_softmax_jacobian_is_autograds():
    z = tensor([0.3, -1.2, 2.0, 0.0])
    theirs = torch.autograd.functional.jacobian(partial(F.softmax, dim=0), z)
    assert deviation(a.softmax_jacobian(z), theirs) <= 1e-15


def test_softmax_jacobian_refuses_a_matrix():
    with pytest.raises(ValueError, match=r"one dimension, got \(2, 2\)"):
        a.softmax_jacobian(torch.zeros(2, 2))


# Laws.


@given(numbers)
def test_sigmoid_is_antisymmetric_about_a_half(z):
    assert a.sigmoid(tensor(-z)).item() == pytest.approx(
        1 - a.sigmoid(tensor(z)).item(), abs=1e-15
    )


@given(numbers)
def test_sigmoid_stays_in_its_interval(z):
    assert 0 <= a.sigmoid(tensor(z)).item() <= 1


@given(numbers, numbers)
def test_sigmoid_and_tanh_never_fall(z, other):
    low, high = sorted([z, other])
    for function in (a.sigmoid, a.tanh):
        assert function(tensor(low)) <= function(tensor(high)) + 1e-15


@given(numbers)
def test_tanh_is_a_stretched_sigmoid(z):
    stretched = 2 * a.sigmoid(tensor(2 * z)) - 1
    assert a.tanh(tensor(z)).item() == pytest.approx(stretched.item(), abs=1e-15)


@given(numbers)
def test_tanh_is_odd(z):
    assert a.tanh(tensor(-z)) == -a.tanh(tensor(z))


@given(numbers)
def test_softplus_minus_its_mirror_is_the_line(z):
    gap = a.softplus(tensor(z)) - a.softplus(tensor(-z))
    assert gap.item() == pytest.approx(z, abs=3e-9, rel=1e-12)


@given(numbers)
def test_silu_and_gelu_minus_their_mirror_are_the_line(z):
    for function in (a.silu, a.gelu, partial(a.gelu, approximate="tanh")):
        gap = function(tensor(z)) - function(tensor(-z))
        assert gap.item() == pytest.approx(z, abs=1e-12, rel=1e-12)


@given(numbers)
def test_relu_is_the_leak_free_leaky_relu(z):
    assert a.relu(tensor(z)) == a.leaky_relu(tensor(z), 0.0)


@given(numbers)
def test_relu_applied_twice_is_relu(z):
    once = a.relu(tensor(z))
    assert a.relu(once) == once


@given(numbers)
def test_hardtanh_is_clamp(z):
    assert a.hardtanh(tensor(z)) == tensor(z).clamp(-1, 1)


@given(numbers, st.floats(0.1, 10))
def test_elu_stays_above_minus_alpha(z, alpha):
    assert a.elu(tensor(z), alpha).item() >= -alpha


@given(numbers)
def test_softplus_lies_above_relu_by_at_most_log_2(z):
    gap = (a.softplus(tensor(z)) - a.relu(tensor(z))).item()
    assert -1e-12 <= gap <= math.log(2) + 1e-12


@given(rows)
def test_softmax_sums_to_one(scores):
    assert a.softmax(tensor(scores), 0).sum().item() == pytest.approx(1)


@given(rows, st.floats(-1e3, 1e3))
def test_softmax_does_not_see_a_shift(scores, shift):
    z = tensor(scores)
    moved = a.softmax(z + shift, 0)
    assert deviation(moved, a.softmax(z, 0)) <= 1e-11


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_softmax_of_two_is_a_sigmoid(first, second):
    share = a.softmax(tensor([first, second]), 0)[0]
    one_score = a.sigmoid(tensor(first - second))
    assert share.item() == pytest.approx(one_score.item(), abs=1e-12)


@given(rows)
def test_softmax_jacobian_rows_sum_to_zero(scores):
    total = a.softmax_jacobian(tensor(scores)).sum(dim=1)
    assert total.abs().max().item() <= 1e-12


# What the chapter measures with.


def test_sensitive_region_of_the_sigmoid_is_where_algebra_puts_it():
    edge = math.log((1 + math.sqrt(0.9)) / (1 - math.sqrt(0.9)))
    left, right = a.sensitive_region(a.sigmoid_slope)
    assert edge - 0.01 <= right <= edge
    assert left == -right


def test_sensitive_region_of_relu_is_the_positive_side():
    assert a.sensitive_region(a.relu_slope) == (0.01, 10.0)


def test_sensitive_region_ends_at_ten():
    assert a.sensitive_region(torch.ones_like, fraction=1.0) == (-10.0, 10.0)


@pytest.mark.parametrize("fraction", [0.0, -1.0, 1.5, NAN])
def test_sensitive_region_refuses_a_bad_fraction(fraction):
    with pytest.raises(ValueError, match="fraction must be in"):
        a.sensitive_region(a.tanh_slope, fraction)


@pytest.mark.parametrize("seed", [0, 5])
def test_gradient_by_layer_of_a_linear_stack_is_a_product_of_matrices(seed):
    sizes = a.gradient_by_layer(lambda z: 1 * z, depth=3, width=4, seed=seed)
    rng = torch.Generator().manual_seed(seed)
    torch.randn(100, 4, generator=rng)
    weights = [torch.randn(4, 4, generator=rng) / 2 for _ in range(3)]
    back = torch.randn(4, generator=torch.Generator().manual_seed(seed + 1))
    wanted = [
        weights[1] @ weights[2] @ back,
        weights[2] @ back,
        back,
    ]
    expected = [10 * vector.norm().item() for vector in wanted]
    assert sizes == pytest.approx(expected, rel=1e-5)


def test_gradient_by_layer_repeats_itself():
    assert a.gradient_by_layer(a.tanh) == a.gradient_by_layer(a.tanh)


def test_gradient_by_layer_depends_on_the_seed():
    assert a.gradient_by_layer(a.tanh) != a.gradient_by_layer(a.tanh, seed=1)


def test_stack_is_thirty_layers_of_64_neurons_from_seed_zero():
    usual, asked = a.random_stack(a.tanh), a.random_stack(a.tanh, 1.0, 30, 64, 0)
    assert len(usual) == 30
    assert all(map(torch.equal, usual, asked))
    asked = a.gradient_by_layer(a.tanh, 1.0, 30, 64, 0)
    assert a.gradient_by_layer(a.tanh) == asked


def test_random_stack_of_a_linear_activation_multiplies_matrices():
    layers = a.random_stack(lambda z: 1 * z, gain=3.0, depth=2, width=4, seed=5)
    rng = torch.Generator().manual_seed(5)
    x, first, second = (torch.randn(rows, 4, generator=rng) for rows in (100, 4, 4))
    torch.testing.assert_close(layers[0], x @ first * 1.5)
    torch.testing.assert_close(layers[1], x @ first @ second * 2.25)


@pytest.mark.parametrize("seed", range(5))
def test_a_sigmoid_stack_loses_more_than_three_quarters_a_layer(seed):
    first, *_, last = a.gradient_by_layer(a.sigmoid, seed=seed)
    assert 0.2 < (first / last) ** (1 / 29) < 0.25


def test_gradient_by_layer_is_the_same_with_torchs_activation():
    ours, theirs = a.gradient_by_layer(a.sigmoid), a.gradient_by_layer(torch.sigmoid)
    assert ours == pytest.approx(theirs, rel=1e-4)


def test_a_unit_that_lives_for_one_example_is_alive():
    slopes = torch.zeros(5, 3)
    slopes[2, 1] = 1.0
    assert a.dead_units(slopes).tolist() == [True, False, True]


@pytest.mark.parametrize("shape", [(3,), (0, 3), (2, 3, 4)])
def test_dead_units_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match="slopes must be"):
        a.dead_units(torch.zeros(shape))


@pytest.mark.parametrize("steps", [16, 32, 64])
def test_twice_the_steps_halve_the_error_of_the_staircase(steps):
    x = torch.linspace(0, math.pi, 501, dtype=torch.float64)

    def worst(count):
        f = a.staircase(torch.sin, count, 0.0, math.pi)
        return (f(x) - torch.sin(x)).abs().max().item()

    assert worst(2 * steps) < 0.6 * worst(steps)


@pytest.mark.parametrize("steps", [1, 3])
def test_staircase_is_its_formula(steps):
    ends = [0.1 + 3 * k / steps for k in range(steps + 1)]
    x = torch.linspace(-2, 3, 11, dtype=torch.float64)
    wanted = torch.full_like(x, 0.1**2)
    for left, right in pairwise(ends):
        s = torch.tanh(2 / (right - left) * (x - (left + right) / 2))
        wanted += (right**2 - left**2) * (1 + s) / 2
    curve = a.staircase(torch.square, steps, 0.1, 3.1)
    torch.testing.assert_close(curve(x), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_staircase_keeps_the_dtype_of_its_input(dtype):
    curve = a.staircase(torch.sin, 10, 0.0, 1.0)
    assert curve(torch.zeros(3, dtype=dtype)).dtype == dtype


@pytest.mark.parametrize(
    ("steps", "low", "high"), [(0, 0, 1), (3, 1, 1), (3, 2, 1), (3, NAN, 1)]
)
def test_staircase_refuses_an_empty_stair(steps, low, high):
    with pytest.raises(ValueError, match="need steps >= 1 and low < high"):
        a.staircase(torch.sin, steps, low, high)


def test_raw_readings_and_a_large_rate_kill_every_relu():
    rate = 1e-4
    history = a.dead_while_learning(a.relu, a.relu_slope, rate, T_U, T_C)
    assert history[-1][0] == 100
    assert history[-1][1] == pytest.approx((T_C**2).mean().item())


@pytest.mark.parametrize("seed", range(10))
def test_other_starts_lose_nearly_all_their_relus(seed):
    rate = 1e-4
    args = (a.relu, a.relu_slope, rate, T_U, T_C)
    history = a.dead_while_learning(*args, steps=5, seed=seed)
    assert history[-1][0] >= 95


@pytest.mark.parametrize("seed", [0, 3])
def test_learning_takes_the_steps_of_torch_sgd(seed):
    x, y = T_C / 10, T_U / 100
    history = a.dead_while_learning(a.tanh, a.tanh_slope, 0.1, x, y, 3, seed)
    rng = torch.Generator().manual_seed(seed)
    w, b, v = (torch.randn(100, generator=rng).double() for _ in range(3))
    params = [each.requires_grad_() for each in (w, b, v / 10)]
    sgd = torch.optim.SGD(params, lr=0.1)
    for _, loss in history:
        miss = torch.tanh(x[:, None] * params[0] + params[1]) @ params[2] - y
        assert loss == pytest.approx((miss**2).mean().item(), rel=1e-12)
        sgd.zero_grad()
        (miss**2).mean().backward()
        sgd.step()


def test_learning_is_200_steps_from_seed_zero():
    of = a.relu, a.relu_slope, 0.01, T_C / 10, T_U / 100
    assert a.dead_while_learning(*of) == a.dead_while_learning(*of, 200, 0)


def test_a_leak_leaves_no_unit_dead():
    rate = 1e-6
    args = (a.leaky_relu, a.leaky_relu_slope, rate, T_U, T_C)
    assert {dead for dead, _ in a.dead_while_learning(*args)} == {0}


def test_a_step_of_learning_lowers_the_loss():
    (_, first), (_, second) = a.dead_while_learning(
        a.tanh, a.tanh_slope, 1e-3, T_U, T_C, steps=2
    )
    assert second < first
