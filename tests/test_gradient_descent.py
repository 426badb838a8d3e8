"""Gradient descent against PyTorch, closed form and theory."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from neuralnet.agreement import compare
from neuralnet.gradient_descent import (
    condition_number,
    curvatures,
    descend,
    finite_differences,
    hessian,
    learning_rate_limit,
    least_squares,
    line_gradient,
    line_loss,
    mean_squared_error,
    model,
    neuron_gradient,
    neuron_loss,
    standardize,
)
from neuralnet.gradient_descent_checks import agreement_checks, sgd_path
from neuralnet.thermometer import T_C, T_U

F64 = torch.float64
START = torch.tensor([1.0, 0.0], dtype=F64)

numbers = st.floats(-100, 100)
# Whole tenths of a degree, at least two of them different.
readings = st.lists(st.integers(-1000, 1000), min_size=2, max_size=12, unique=True).map(
    lambda tenths: torch.tensor(tenths, dtype=F64) / 10
)
pairs = st.tuples(numbers, numbers).map(lambda pair: torch.tensor(pair, dtype=F64))


def targets_for(x, w, b):
    wiggle = torch.cos(7 * torch.arange(len(x), dtype=F64))
    return w * x + b + wiggle


def of_line(x, target):
    return lambda params: line_gradient(params, x, target)


# The chapter's network of two weights, its targets and its thousand starts.
STANDARD = standardize(T_U)
GOAL = torch.tensor([1.5, 1.2], dtype=F64)
TARGET = GOAL[1] * torch.tanh(GOAL[0] * STANDARD)


def of_neuron(params):
    return neuron_gradient(params, STANDARD, TARGET)


def thousand_starts():
    seeds = [torch.Generator().manual_seed(seed) for seed in range(5)]
    return torch.cat([2 * torch.randn(200, 2, generator=rng) for rng in seeds]).double()


@pytest.mark.parametrize("check", agreement_checks(), ids=lambda check: check.name)
def test_agrees_with_pytorch(check):
    (row,) = compare([check])
    assert row.ok, row


# Facts of the thermometer


@pytest.mark.parametrize(
    ("x", "limit", "condition"),
    [(T_U, 3.40e-4, 33_599), (0.1 * T_U, 3.298e-2, 357), (standardize(T_U), 1, 1)],
    ids=["raw", "scaled", "standardized"],
)
def test_facts_of_the_thermometer(x, limit, condition):
    best = least_squares(x, T_C)
    assert line_loss(best, x, T_C).item() == pytest.approx(2.927646, abs=1e-6)
    assert learning_rate_limit(hessian(x)) == pytest.approx(limit, rel=1e-3)
    assert condition_number(hessian(x)) == pytest.approx(condition, rel=1e-3)


def test_raw_descent_reaches_inf_and_then_nan():
    path = descend(of_line(T_U, T_C), START, 1e-2, 300)
    losses = torch.stack([line_loss(params, T_U, T_C) for params in path])
    first_inf = losses.isinf().nonzero()[0].item()
    assert losses[:first_inf].isfinite().all()
    assert losses[-1].isnan()


def test_scaled_descent_finds_least_squares():
    x = 0.1 * T_U
    last = descend(of_line(x, T_C), START, 1e-2, 20_000, tolerance=1e-8)[-1]
    assert torch.allclose(last, least_squares(x, T_C), atol=1e-6)


@pytest.mark.parametrize(
    ("x", "rate", "wanted"),
    [
        (T_U, None, 73_485),
        (0.1 * T_U, None, 781),
        (standardize(T_U), None, 1),
        (T_U, 0.99, 57_679),
        (0.1 * T_U, 0.99, 616),
    ],
    ids=["raw", "tenth", "standardized", "raw at 0.99", "tenth at 0.99"],
)
def test_steps_from_zero_to_within_a_hundredth_of_the_lowest_loss(x, rate, wanted):
    sizes, directions = torch.linalg.eigh(hessian(x))
    lr = 2 / sizes.sum() if rate is None else rate * 2 / sizes[-1]
    best = least_squares(x, T_C)
    parts = directions.T @ -best
    above = (sizes / 2 * parts**2).tolist()
    shrink = ((1 - lr * sizes) ** 2).tolist()
    steps = 0
    while sum(above) > 0.01 * line_loss(best, x, T_C).item():
        above = [height * s for height, s in zip(above, shrink, strict=True)]
        steps += 1
    assert steps == wanted


@pytest.mark.parametrize(("rate", "wanted"), [(None, 781), (0.99, 616)])
def test_count_of_steps_is_that_of_a_walk(rate, wanted):
    x = 0.1 * T_U
    sizes = curvatures(hessian(x))
    lr = 2 / sizes.sum() if rate is None else rate * 2 / sizes[-1]
    path = descend(of_line(x, T_C), torch.zeros(2, dtype=F64), lr.item(), 800)
    losses = torch.func.vmap(lambda p: line_loss(p, x, T_C))(path)
    enough = 1.01 * line_loss(least_squares(x, T_C), x, T_C)
    assert (losses <= enough).nonzero()[0] == wanted


def test_parameters_updated_one_after_the_other_have_a_limit_of_their_own():
    x = 0.1 * T_U
    bowl = hessian(x)
    growth = []
    for multiple in (1.0, 1.06, 1.07):
        step = torch.eye(2, dtype=F64)
        for k in (0, 1):
            one = torch.eye(2, dtype=F64)
            one[k] -= multiple * learning_rate_limit(bowl) * bowl[k]
            step = one @ step
        growth.append(torch.linalg.eigvals(step).abs().max().item())
    assert growth[0] < 1
    assert growth[1] < 1 < growth[2]


# The network of two weights


def test_origin_is_a_saddle():
    zero = torch.zeros(2, dtype=F64)
    second = torch.autograd.functional.hessian(
        lambda p: neuron_loss(p, STANDARD, TARGET), zero
    )
    assert torch.equal(of_neuron(zero), zero)
    cross = -2 * (STANDARD * TARGET).mean().item()
    assert curvatures(second).tolist() == pytest.approx([cross, -cross])


def test_gradient_under_vmap_is_that_of_each_row():
    starts = thousand_starts()[:20]
    together = torch.func.vmap(of_neuron)(starts)
    assert torch.allclose(together, torch.stack([of_neuron(p) for p in starts]))


def test_all_thousand_walks_arrive_and_some_go_up_on_the_way():
    walks = descend(torch.func.vmap(of_neuron), thousand_starts(), 0.2, 1600)
    gaps = torch.minimum((walks - GOAL).norm(dim=2), (walks + GOAL).norm(dim=2))
    assert (gaps[-1] < 0.2).all()
    late = walks[300, gaps[300] >= 0.2]
    assert len(late) > 100
    assert late.norm(dim=1).min() > 1
    height = torch.func.vmap(lambda p: neuron_loss(p, STANDARD, TARGET))
    heights = torch.func.vmap(height)(walks[:301])
    rose = (heights[1:] > heights[:-1] + 1e-9).any(dim=0).sum()
    assert 40 < rose < 60


def test_plateau_passes_for_an_end():
    far = torch.tensor([25.0, 0.5], dtype=F64)
    path = descend(of_neuron, far, 0.2, 100, tolerance=1e-5)
    assert len(path) < 50
    assert neuron_loss(path[-1], STANDARD, TARGET) > 0.1


# Against PyTorch


@pytest.mark.parametrize("lr", [1e-2, 3.2e-2, 3.5e-2])
def test_path_equals_torch_sgd_whether_it_converges_or_not(lr):
    ours = descend(of_line(0.1 * T_U, T_C), START, lr, 200)
    theirs = sgd_path(START, 0.1 * T_U, T_C, lr, 200)
    assert torch.allclose(ours, theirs, rtol=1e-10)


@given(pairs, readings)
@settings(max_examples=50, deadline=None)
def test_gradients_equal_autograd(params, x):
    for loss, gradient in [
        (line_loss, line_gradient),
        (neuron_loss, neuron_gradient),
    ]:
        leaf = params.clone().requires_grad_()
        (theirs,) = torch.autograd.grad(loss(leaf, x, x.cos()), leaf)
        assert torch.allclose(gradient(params, x, x.cos()), theirs, rtol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("size", [0.0, 1e-30, 1e4, math.inf, math.nan])
def test_loss_and_gradient_at_extremes_equal_pytorch(size, dtype):
    x = torch.tensor([size, 1.0, -size], dtype=dtype)
    target, params = torch.ones(3, dtype=dtype), torch.ones(2, dtype=dtype)
    leaf = params.clone().requires_grad_()
    theirs = F.mse_loss(leaf[0] * x + leaf[1], target)
    (slopes,) = torch.autograd.grad(theirs, leaf)
    ours = line_loss(params, x, target)
    assert ours.dtype == dtype
    assert torch.allclose(ours, theirs, equal_nan=True)
    by_hand = line_gradient(params, x, target)
    rounding = torch.finfo(dtype).eps * 1e5
    assert torch.allclose(by_hand, slopes, atol=rounding, equal_nan=True)


def test_readings_need_not_be_contiguous():
    table = torch.stack([T_U, T_C], dim=1)
    x, target = table.unbind(dim=1)
    assert not x.is_contiguous()
    ours = line_gradient(START, x, target)
    assert torch.allclose(ours, line_gradient(START, T_U, T_C))


def test_mean_squared_error_takes_any_equal_shapes():
    a, b = torch.rand(2, 3, 4), torch.rand(2, 3, 4)
    assert torch.allclose(mean_squared_error(a, b), F.mse_loss(a, b))


def test_torch_warns_of_a_column_and_computes_another_number():
    with pytest.warns(UserWarning, match="target size"):
        crossed = F.mse_loss(T_U, T_C[:, None])
    assert not torch.isclose(crossed, mean_squared_error(T_U, T_C))


# Laws


@given(readings, numbers, numbers, pairs)
@settings(max_examples=50, deadline=None)
def test_no_line_beats_least_squares(x, w, b, other):
    target = targets_for(x, w, b)
    best = line_loss(least_squares(x, target), x, target)
    assert best <= line_loss(other, x, target) + 1e-9


@given(readings, numbers, numbers)
@settings(max_examples=50, deadline=None)
def test_gradient_vanishes_at_least_squares(x, w, b):
    target = targets_for(x, w, b)
    grad = line_gradient(least_squares(x, target), x, target)
    assert grad.abs().max() < 1e-6 * (1 + x.abs().max() ** 2)


@given(readings, pairs, st.floats(0.01, 0.99))
@settings(max_examples=30, deadline=None)
def test_loss_falls_at_every_step_below_the_limit(x, start, fraction):
    target = targets_for(x, 0.5, 3.0)
    lr = fraction * learning_rate_limit(hessian(x))
    path = descend(of_line(x, target), start, lr, 30)
    losses = torch.stack([line_loss(params, x, target) for params in path])
    assert (losses.diff() <= 1e-9 * losses[:-1] + 1e-12).all()


@given(readings, st.floats(1.01, 3))
@settings(max_examples=30, deadline=None)
def test_descent_moves_away_along_the_steepest_direction_above_the_limit(x, multiple):
    target = targets_for(x, 0.5, 3.0)
    best = least_squares(x, target)
    steepest = torch.linalg.eigh(hessian(x)).eigenvectors[:, -1]
    lr = multiple * learning_rate_limit(hessian(x))
    last = descend(of_line(x, target), best + steepest, lr, 50)[-1]
    wanted = abs(1 - 2 * multiple) ** 50
    assert (last - best).norm().item() == pytest.approx(wanted, rel=1e-6)


@given(readings, pairs, st.floats(0.1, 10))
@settings(max_examples=50, deadline=None)
def test_scaling_the_input_by_c_scales_the_slope_along_w(x, params, c):
    target = targets_for(x, 0.5, 3.0)
    slope_w, slope_b = line_gradient(params, x, target)
    shrunk = torch.stack([params[0] / c, params[1]])
    scaled = line_gradient(shrunk, c * x, target)
    size = params.abs().max() * x.abs().max() ** 2 + x.abs().max() + 1
    wanted = torch.stack([c * slope_w, slope_b])
    assert (scaled - wanted).abs().max() < 1e-10 * size * (1 + c)


@given(readings)
@settings(max_examples=50, deadline=None)
def test_standardized_readings_make_a_round_bowl(x):
    standard = standardize(x)
    assert abs(standard.mean()) < 1e-9
    assert torch.allclose(hessian(standard), 2 * torch.eye(2, dtype=F64), atol=1e-6)


@given(pairs, readings)
@settings(max_examples=50, deadline=None)
def test_central_differences_of_a_parabola_are_exact_for_any_h(params, x):
    exact = line_gradient(params, x, x.cos())
    for h in (1.0, 1e-2):
        found = finite_differences(lambda p: line_loss(p, x, x.cos()), params, h)
        assert torch.allclose(found, exact, rtol=1e-5, atol=1e-4)


@given(pairs)
@settings(max_examples=50, deadline=None)
def test_network_is_the_same_with_both_signs_flipped(params):
    x = standardize(T_U)
    one, other = (neuron_loss(p, x, T_C) for p in (params, -params))
    assert torch.equal(one, other)


@given(readings, pairs)
@settings(max_examples=50, deadline=None)
def test_gradient_bounds_the_height_above_the_minimum(x, params):
    target = targets_for(x, 0.5, 3.0)
    lowest = line_loss(least_squares(x, target), x, target)
    height = (line_loss(params, x, target) - lowest).item()
    grad = line_gradient(params, x, target)
    bound = (grad @ grad / (2 * curvatures(hessian(x))[0])).item()
    assert height <= bound * (1 + 1e-6) + 1e-6


@given(readings, pairs, st.floats(0.01, 3))
@settings(max_examples=50, deadline=None)
def test_step_buys_the_promised_fall(x, params, multiple):
    target = targets_for(x, 0.5, 3.0)
    steepest = curvatures(hessian(x))[-1].item()
    lr = multiple / steepest
    grad = line_gradient(params, x, target)
    before = line_loss(params, x, target).item()
    after = line_loss(params - lr * grad, x, target).item()
    promised = before - lr * (1 - lr * steepest / 2) * (grad @ grad).item()
    assert after <= promised + 1e-9 * (1 + before + abs(promised))


def test_round_bowl_takes_one_step_at_half_the_limit():
    x = standardize(T_U)
    lr = learning_rate_limit(hessian(x)) / 2
    path = descend(of_line(x, T_C), START, lr, 5, tolerance=1e-9)
    assert len(path) == 2
    assert torch.allclose(path[-1], least_squares(x, T_C))


# Stopping


def test_zero_steps_leave_the_start():
    assert torch.equal(descend(torch.sin, START, 0.1, 0), START[None])


def test_tolerance_stops_where_the_gradient_is_short():
    path = descend(lambda u: u, START, 0.5, 100, tolerance=0.1)
    assert path[-1].norm() <= 0.1 < path[-2].norm()


def test_start_is_not_changed():
    start = START.clone()
    descend(of_line(T_U, T_C), start, 1e-4, 3)
    assert torch.equal(start, START)


def test_batch_of_starts_keeps_its_shape():
    starts = torch.rand(4, 3, 2, dtype=F64)
    path = descend(lambda u: u, starts, 0.5, 2)
    assert torch.allclose(path, torch.stack([starts, starts / 2, starts / 4]))


# Degenerate bowls


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("reading", [0.0, 1.0, 3.0, 35.7])
def test_one_reading_has_no_condition_number_however_it_rounds(reading, dtype):
    assert condition_number(hessian(torch.tensor([reading], dtype=dtype))) == math.inf


@pytest.mark.parametrize("x", [[0.1, 0.1, 0.1], [1e-200, 2e-200], [5.0]])
def test_readings_without_variance_are_refused(x):
    x = torch.tensor(x, dtype=F64)
    for function in (standardize, lambda x: least_squares(x, x)):
        with pytest.raises(ValueError, match="x must vary"):
            function(x)


def test_one_reading_has_a_flat_direction():
    bowl = hessian(torch.tensor([0.0], dtype=F64))
    assert condition_number(bowl) == math.inf
    assert learning_rate_limit(bowl) == 1


def test_saddle_has_no_condition_number():
    saddle = torch.tensor([[0.0, -1.0], [-1.0, 0.0]], dtype=F64)
    assert curvatures(saddle).tolist() == pytest.approx([-1, 1])
    assert condition_number(saddle) == math.inf


# Bad input

EMPTY, INTEGERS = torch.zeros(0), torch.ones(3, dtype=torch.int64)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: model_loss(torch.zeros(3)), "params must have shape"),
        (lambda: line_gradient(START, T_U, T_C[:, None]), "shapes must be equal"),
        (lambda: line_gradient(START, EMPTY, EMPTY), "readings must have shape"),
        (lambda: mean_squared_error(EMPTY, EMPTY), "at least one number"),
        (lambda: mean_squared_error(T_C, T_C[:, None]), "shapes must be equal"),
        (lambda: neuron_gradient(torch.zeros(3), T_U, T_C), "params must have shape"),
        (lambda: neuron_loss(START[None], T_U, T_C), "params must have shape"),
        (lambda: finite_differences(torch.sum, START, h=0.0), "h must be greater"),
        (lambda: finite_differences(torch.sum, EMPTY), r"shape .*got \(0,\)"),
        (lambda: descend(torch.sin, START, -0.1, 5), "lr must be greater"),
        (lambda: descend(torch.sin, START, math.nan, 5), "lr must be greater"),
        (lambda: descend(torch.sin, START, 0.1, -1), "must be at least 0"),
        (lambda: descend(torch.sin, START, 0.1, 1, -1.0), "must be at least 0"),
        (lambda: least_squares(torch.ones(3), torch.ones(3)), "x must vary"),
        (lambda: standardize(torch.ones(3)), "x must vary"),
        (lambda: standardize(EMPTY), "readings must have shape"),
        (lambda: hessian(torch.ones(2, 2)), "readings must have shape"),
        (lambda: curvatures(torch.ones(2, 3)), "square matrix"),
        (lambda: condition_number(torch.ones(0, 0)), "square matrix"),
    ],
)
def test_bad_values_say_what_is_wanted(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def model_loss(params):
    return line_loss(params, T_U, T_C)


@pytest.mark.parametrize(
    "call",
    [
        lambda: mean_squared_error(INTEGERS, INTEGERS),
        lambda: line_gradient(START, INTEGERS, INTEGERS),
        lambda: line_loss([1.0, 0.0], T_U, T_C),
        lambda: hessian(INTEGERS),
        lambda: standardize(INTEGERS),
        lambda: least_squares(T_U, INTEGERS),
        lambda: descend(torch.sin, INTEGERS, 0.1, 1),
        lambda: finite_differences(torch.sum, INTEGERS),
        lambda: learning_rate_limit(INTEGERS),
    ],
)
def test_integers_are_refused(call):
    with pytest.raises(TypeError, match="floating-point"):
        call()


def test_model_of_no_reading_is_no_prediction():
    assert model(EMPTY, 1.0, 0.0).shape == (0,)


def test_steepest_direction_of_three_is_the_last():
    hessian = torch.diag(torch.tensor([0.25, 0.5, 0.125], dtype=torch.float64))
    assert learning_rate_limit(hessian) == pytest.approx(4)
    assert condition_number(hessian) == pytest.approx(4)


def test_finite_differences_look_near_by_unless_told_otherwise():
    params = torch.tensor([0.0, 1.0], dtype=torch.float64)
    found = finite_differences(lambda p: p.sin().sum(), params)
    assert torch.allclose(found, params.cos(), rtol=1e-7)
