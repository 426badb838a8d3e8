"""The losses against PyTorch, option by option, and their laws."""

from __future__ import annotations

import inspect
import itertools
import math
import re
import warnings
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from neuralnet import losses, losses_of_classes
from neuralnet.agreement import compare
from neuralnet.gradient_descent import least_squares
from neuralnet.losses import (
    best_line,
    half_sum_of_squares,
    huber_loss,
    huber_loss_slope,
    l1_loss,
    l1_loss_slope,
    mse_loss,
    mse_loss_slope,
    reduce,
    smooth_l1_loss,
    smooth_l1_loss_slope,
    weigh,
)
from neuralnet.losses_checks import agreement_checks, call
from neuralnet.losses_of_classes import (
    binary_cross_entropy,
    binary_cross_entropy_slope,
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_slope,
    cross_entropy,
    cross_entropy_slope,
    log_softmax,
    logsigmoid,
    logsumexp,
    nll_loss,
)
from neuralnet.thermometer import T_C, T_U

INF, NAN = math.inf, math.nan
F64 = torch.float64
numbers = st.floats(-1e4, 1e4)
rows = st.lists(numbers, min_size=1, max_size=6)
PAIRWISE = [mse_loss, l1_loss, huber_loss, smooth_l1_loss]
BINARY = [binary_cross_entropy, binary_cross_entropy_with_logits]
SLOPES = [
    mse_loss_slope,
    l1_loss_slope,
    huber_loss_slope,
    smooth_l1_loss_slope,
    half_sum_of_squares,
    binary_cross_entropy_slope,
    binary_cross_entropy_with_logits_slope,
    cross_entropy_slope,
]


def tensor(value, dtype=F64):
    return torch.tensor(value, dtype=dtype)


def gradient(function, x):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(function(leaf).sum(), leaf)[0]


@pytest.mark.parametrize("check", agreement_checks(), ids=lambda check: check.name)
def test_agrees_with_pytorch(check):
    (row,) = compare([check])
    assert row.ok, row


# Names, order and defaults


SAME = ["mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"]
OF_CLASSES = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "nll_loss",
    "cross_entropy",
]


@pytest.mark.parametrize("name", [*SAME, *OF_CLASSES])
def test_arguments_are_pytorchs_without_the_deprecated_ones(name):
    module = losses if name in SAME else losses_of_classes
    ours = inspect.signature(getattr(module, name)).parameters
    theirs = inspect.signature(getattr(F, name)).parameters
    left_out = {"size_average", "reduce"}
    assert list(ours) == [each for each in theirs if each not in left_out]
    for key, argument in ours.items():
        assert argument.default == theirs[key].default, key
    first_left_out = next(
        (k for k, each in enumerate(theirs) if each in left_out), len(theirs)
    )
    for k, argument in enumerate(ours.values()):
        by_name = argument.kind is inspect.Parameter.KEYWORD_ONLY
        assert by_name == (k >= first_left_out), argument.name


# Digits that a comparison relative to 1 would not see


@pytest.mark.parametrize("dtype", [torch.float32, F64], ids=str)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (mse_loss, F.mse_loss),
        (huber_loss, F.huber_loss),
        (smooth_l1_loss, F.smooth_l1_loss),
        (partial(smooth_l1_loss, beta=1e-3), partial(F.smooth_l1_loss, beta=1e-3)),
        (partial(huber_loss, delta=1e-3), partial(F.huber_loss, delta=1e-3)),
    ],
)
def test_small_misses_keep_their_digits(ours, theirs, dtype):
    x = tensor([1e-3, 1e-6, 1e-12, 3e-4, 9.99e-4, 1e-3], dtype)
    pair = [f(x, torch.zeros_like(x), reduction="none") for f in (ours, theirs)]
    torch.testing.assert_close(*pair, rtol=1e-5, atol=0)


def test_small_binary_losses_keep_their_digits_on_both_sides():
    z = tensor([17.0, 30.0, 80.0], torch.float32)
    wanted = torch.exp(-z)
    for sign, t in ((1, 1.0), (-1, 0.0)):
        target = torch.full_like(z, t)
        got = binary_cross_entropy_with_logits(sign * z, target, reduction="none")
        torch.testing.assert_close(got, wanted, rtol=1e-5, atol=0)


def test_pytorch_loses_a_small_binary_loss_where_the_target_is_0():
    z, t = torch.tensor([17.0, -17.0]), torch.tensor([1.0, 0.0])
    yes, no = F.binary_cross_entropy_with_logits(z, t, reduction="none")
    assert yes > 4e-8
    assert no == 0


def test_logsigmoid_keeps_the_digits_of_a_small_answer():
    z = tensor([12.0, 20.0, 80.0], torch.float32)
    torch.testing.assert_close(logsigmoid(z), -torch.exp(-z), rtol=1e-5, atol=0)


def test_a_small_loss_of_a_probability_keeps_its_digits():
    p = torch.tensor([1e-10])
    got = binary_cross_entropy(p, 0 * p)
    torch.testing.assert_close(got, p[0], rtol=1e-5, atol=0)


def test_certain_probabilities_in_float16():
    p, t = torch.tensor([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]]).half()
    for f in (binary_cross_entropy, F.binary_cross_entropy):
        assert f(p, t, reduction="none").tolist() == [0.0, 100.0, 100.0, 0.0]
    slope = gradient(lambda p: binary_cross_entropy(p, t, reduction="sum"), p)
    assert slope.tolist() == [0.0, 16384.0, -16384.0, 0.0]


def test_log_softmax_keeps_a_share_that_softmax_rounds_to_0():
    z = tensor([0.0, 200.0], torch.float32)
    assert log_softmax(z, 0).tolist() == [-200.0, 0.0]
    assert cross_entropy(z, torch.tensor(0)).item() == 200.0


# Where PyTorch's own ways differ, or ours differs on purpose


@pytest.mark.parametrize("loss", [mse_loss, huber_loss, smooth_l1_loss])
def test_nan_in_the_prediction_is_nan_in_value_and_gradient(loss):
    nan, one = tensor([NAN]), tensor([1.0])
    assert loss(nan, one).isnan()
    assert gradient(lambda x: loss(x, one), nan).isnan()


def test_score_of_minus_infinity_is_inf_here_and_nan_in_pytorch():
    z, t = tensor([-INF, -INF]), tensor([1.0, 0.5])
    assert F.binary_cross_entropy_with_logits(z, t, reduction="none").isnan().all()
    ours = binary_cross_entropy_with_logits(z, t, reduction="none")
    assert ours.tolist() == [INF, INF]


def test_logsumexp_of_infinite_rows_is_pytorchs_in_value_and_gradient():
    table = [[INF, 0], [-INF, -INF], [NAN, 0], [INF, -INF], [INF, INF], [-INF, 0]]
    for row in map(tensor, table):
        pair = logsumexp(row, 0), torch.logsumexp(row, 0)
        torch.testing.assert_close(*pair, equal_nan=True)
        ours, theirs = (
            gradient(partial(f, dim=0), row) for f in (logsumexp, torch.logsumexp)
        )
        torch.testing.assert_close(ours, theirs, equal_nan=True)


WEIGHT = tensor([1.0, 0.0, 2.0])


@pytest.mark.parametrize(
    ("loss", "parts"), [(F.mse_loss, 3.0), (F.l1_loss, 3.0), (F.huber_loss, 3)]
)
def test_who_divides_by_the_weights(loss, parts):
    x, t = tensor([1.0, 2.0, 5.0]), torch.zeros(3, dtype=F64)
    weight = 2 * WEIGHT
    total = loss(x, t, reduction="sum", weight=weight)
    by_weights = loss is not F.huber_loss
    divisor = weight.sum() if by_weights else 3
    assert loss(x, t, weight=weight).item() == pytest.approx((total / divisor).item())


def test_one_hot_targets_with_weights_have_another_mean_than_indices():
    z, t = tensor([[1.0, 0.0], [0.0, 3.0]]), torch.tensor([0, 1])
    weight = tensor([1.0, 3.0])
    one_hot = F.one_hot(t, 2).double()
    for f in (cross_entropy, F.cross_entropy):
        index, shares = f(z, t, weight), f(z, one_hot, weight)
        assert (shares / index).item() == pytest.approx(2.0)  # (1 + 3) / 2


def test_pytorch_takes_the_slope_0_for_a_right_answer_at_the_end():
    p = torch.tensor([0.0, 1e-13], dtype=F64)
    for f in (binary_cross_entropy, F.binary_cross_entropy):
        slope = gradient(lambda p, f=f: f(p, torch.zeros_like(p), reduction="sum"), p)
        assert slope.tolist() == pytest.approx([0.0, 0.1], rel=1e-6)


def test_pytorch_takes_negative_smoothing_and_ours_refuses():
    z, t = torch.zeros(1, 2), torch.tensor([0])
    assert F.cross_entropy(z, t, label_smoothing=-0.5) == F.cross_entropy(z, t)
    with pytest.raises(ValueError, match="label_smoothing must lie from 0 to 1"):
        cross_entropy(z, t, label_smoothing=-0.5)


# Degenerate inputs


@pytest.mark.parametrize("loss", [*PAIRWISE, *BINARY])
def test_mean_of_nothing_is_nan_and_its_sum_0(loss):
    nothing = torch.zeros(0)
    assert loss(nothing, nothing).isnan()
    assert loss(nothing, nothing, reduction="sum") == 0
    assert loss(nothing, nothing, reduction="none").shape == (0,)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_all_ignored_is_nan_with_gradient_0(smoothing):
    z, t = torch.zeros(2, 3), torch.tensor([-100, -100])
    for f in (cross_entropy, F.cross_entropy):
        loss = partial(f, target=t, label_smoothing=smoothing)
        assert loss(z).isnan()
        assert gradient(loss, z).tolist() == [[0.0] * 3] * 2


def test_class_weights_that_are_all_0_give_nan():
    z, t = torch.zeros(2, 3), torch.tensor([0, 1])
    assert cross_entropy(z, t, torch.zeros(3)).isnan()


def test_beta_0_is_the_absolute_miss():
    x, t = tensor([-2.0, 0.0, 0.5]), torch.zeros(3, dtype=F64)
    for ours, theirs in (
        (smooth_l1_loss(x, t, beta=0), F.smooth_l1_loss(x, t, beta=0)),
        (smooth_l1_loss_slope(x, t, 0), l1_loss_slope(x, t)),
    ):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("delta", [0.5, 1.0, 2.0])
def test_huber_at_its_edge(delta):
    x = tensor([delta, -delta])
    zero = torch.zeros_like(x)
    value = huber_loss(x, zero, "none", delta)
    assert value.tolist() == [delta**2 / 2] * 2
    slope = gradient(lambda x: huber_loss(x, zero, "sum", delta), x)
    assert torch.equal(slope, huber_loss_slope(x, zero, delta))
    assert slope.tolist() == [delta, -delta]


def test_byte_targets_are_taken():
    z, t = numbers_of(4, 3), torch.tensor([0, 1, 2, 1])
    assert torch.equal(cross_entropy(z, t.byte()), cross_entropy(z, t))
    torch.testing.assert_close(cross_entropy(z, t.byte()), F.cross_entropy(z, t))


def numbers_of(*shape):
    rng = torch.Generator().manual_seed(4)
    return torch.randn(shape, generator=rng, dtype=F64)


def test_gradient_reaches_the_targets_of_squared_error_and_shares():
    x, t = numbers_of(3, 2), torch.softmax(numbers_of(3, 2), 1)
    for ours, theirs in ((mse_loss, F.mse_loss), (cross_entropy, F.cross_entropy)):
        pair = [gradient(lambda t, f=f: f(x, t), t) for f in (ours, theirs)]
        torch.testing.assert_close(*pair)


def test_gradient_reaches_the_targets_of_binary_cross_entropy():
    p, t = torch.sigmoid(numbers_of(5)), torch.sigmoid(2 * numbers_of(5))
    ours, theirs = (
        gradient(lambda t, f=f: f(p, t), t)
        for f in (binary_cross_entropy, F.binary_cross_entropy)
    )
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("dim", [0, 1, -1, (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("keepdim", [False, True])
def test_logsumexp_over_dimensions(dim, keepdim):
    z = numbers_of(2, 3, 4)
    pair = (f(z, dim, keepdim) for f in (logsumexp, torch.logsumexp))
    torch.testing.assert_close(*pair)


def test_log_softmax_converts_first():
    z = torch.tensor([1, 2])
    pair = (f(z, 0, dtype=F64) for f in (log_softmax, F.log_softmax))
    torch.testing.assert_close(*pair)


def test_0_dimensional_scores():
    z = tensor(3.0)
    assert logsumexp(z, 0) == torch.logsumexp(z, 0)
    assert log_softmax(z, 0) == F.log_softmax(z, 0)


@pytest.mark.parametrize("loss", [mse_loss, huber_loss, smooth_l1_loss])
def test_gradcheck(loss):
    x = numbers_of(5).requires_grad_()
    t = torch.zeros(5, dtype=F64)
    assert torch.autograd.gradcheck(lambda x: loss(x, t), (x,))


def test_cross_entropy_gradcheck_twice():
    z, t = numbers_of(4, 3).requires_grad_(), torch.tensor([0, 2, 1, 1])

    def loss(z):
        return cross_entropy(z, t, label_smoothing=0.1)

    assert torch.autograd.gradcheck(loss, (z,))
    assert torch.autograd.gradgradcheck(loss, (z,))


# Bad input


@pytest.mark.parametrize("loss", [*PAIRWISE, *BINARY])
def test_shapes_that_differ_are_refused(loss):
    with pytest.raises(ValueError, match=r"input \(3,\), target \(3, 1\)"):
        loss(torch.zeros(3), torch.zeros(3, 1))


@pytest.mark.parametrize("loss", [mse_loss, l1_loss, huber_loss, smooth_l1_loss])
def test_pytorch_only_warns_of_such_shapes(loss):
    theirs = getattr(F, loss.__name__)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        theirs(torch.zeros(3), torch.zeros(3, 1))
    assert "broadcasting" in str(caught[0].message)


@pytest.mark.parametrize("loss", [*PAIRWISE, *BINARY])
def test_dtypes_that_differ_are_refused(loss):
    with pytest.raises(TypeError, match="dtypes must be equal"):
        loss(torch.zeros(3), torch.zeros(3).double())


@pytest.mark.parametrize("loss", [*PAIRWISE, *BINARY])
def test_whole_numbers_are_refused(loss):
    with pytest.raises(TypeError, match="floating-point"):
        loss(torch.tensor([0, 1]), torch.tensor([0, 1]))


@pytest.mark.parametrize("given", [None, "x", [0.5, 0.5], 0.5])
@pytest.mark.parametrize("f", [*PAIRWISE, *BINARY, *SLOPES, nll_loss, cross_entropy])
def test_what_is_no_tensor_is_refused(f, given):
    half = torch.full((2,), 0.5)
    for pair in ((given, given), (given, half), (half, given)):
        with pytest.raises(TypeError, match=r"must be a (floating-point )?tensor, got"):
            f(*pair)


@pytest.mark.parametrize("f", [*SLOPES, lambda x, t: best_line(mse_loss, x, t)])
def test_slopes_refuse_shapes_that_differ(f):
    with pytest.raises(ValueError, match="shapes must be equal"):
        f(torch.zeros(3), torch.zeros(3, 1))


@pytest.mark.parametrize(
    "f",
    [
        logsigmoid,
        partial(logsumexp, dim=0),
        partial(log_softmax, dim=0),
        partial(nll_loss, target=torch.tensor(0)),
        partial(cross_entropy, target=torch.tensor(0)),
    ],
)
@pytest.mark.parametrize("given", [torch.tensor([1, 2]), None, "x"])
def test_scores_that_are_no_floats_are_refused(f, given):
    with pytest.raises(TypeError, match=r"input must be a (floating|tensor)"):
        f(given)


@pytest.mark.parametrize("dim", [None, (0, 1), "x"])
def test_log_softmax_wants_one_dimension(dim):
    with pytest.raises(TypeError, match="dim must be an int, got"):
        log_softmax(torch.zeros(2, 3), dim)


@pytest.mark.parametrize("dim", [None, (), "x"])
def test_logsumexp_wants_a_dimension(dim):
    with pytest.raises(TypeError, match="dim must name a dimension, got"):
        logsumexp(torch.zeros(2, 3), dim)


@pytest.mark.parametrize("given", [None, "x"])
def test_settings_that_are_no_numbers_are_refused(given):
    x, t = torch.zeros(2), torch.tensor(0)
    for refused in (
        lambda: huber_loss(x, x, delta=given),
        lambda: huber_loss_slope(x, x, given),
        lambda: smooth_l1_loss(x, x, beta=given),
        lambda: smooth_l1_loss_slope(x, x, given),
        lambda: cross_entropy(x, t, label_smoothing=given),
    ):
        with pytest.raises(TypeError, match="must be a number, got"):
            refused()


@pytest.mark.parametrize("loss", [*PAIRWISE, *BINARY])
def test_another_reduction_is_refused(loss):
    half = torch.full((2,), 0.5)
    with pytest.raises(ValueError, match="reduction must be one of 'none', 'mean'"):
        loss(half, half, reduction="avg")


@pytest.mark.parametrize("loss", [mse_loss, l1_loss, huber_loss])
def test_weight_of_another_shape_is_refused(loss):
    with pytest.raises(ValueError, match=r"weight \(1,\)"):
        loss(torch.zeros(3), torch.zeros(3), weight=torch.ones(1))


@pytest.mark.parametrize("loss", BINARY)
def test_weight_that_does_not_broadcast_is_refused(loss):
    half = torch.full((4, 3), 0.5)
    with pytest.raises(ValueError, match=r"must broadcast to \(4, 3\), got shape \(4"):
        loss(half, half, torch.ones(4))


def test_a_bad_pos_weight_is_called_so():
    z = torch.zeros(4, 3)
    with pytest.raises(ValueError, match=r"^pos_weight must broadcast to \(4, 3\)"):
        binary_cross_entropy_with_logits(z, z, pos_weight=torch.ones(4))


@pytest.mark.parametrize("delta", [0.0, -1.0, NAN])
def test_delta_must_be_positive(delta):
    for f in (partial(huber_loss, reduction="mean"), huber_loss_slope):
        with pytest.raises(ValueError, match="delta must be greater than 0"):
            f(torch.zeros(1), torch.zeros(1), delta=delta)


def test_beta_must_not_be_negative():
    with pytest.raises(ValueError, match="beta must be greater than 0"):
        smooth_l1_loss(torch.zeros(1), torch.zeros(1), beta=-1.0)


@pytest.mark.parametrize("p", [-0.1, 1.1, NAN])
def test_probability_outside_0_to_1_is_refused(p):
    half, odd = tensor([0.5]), tensor([p])
    with pytest.raises(ValueError, match="input must lie from 0 to 1"):
        binary_cross_entropy(odd, half)
    for loss in (*BINARY, binary_cross_entropy_with_logits_slope):
        with pytest.raises(ValueError, match="target must lie from 0 to 1"):
            loss(half, odd)


BAD_CLASSES = [
    (torch.tensor([0, 3]), ValueError, "target must lie from 0 to 2 or be -100, got 3"),
    (torch.tensor([0, -1]), ValueError, "got -1"),
    (torch.tensor([[0], [1]]), ValueError, r"must be \(2,\), got \(2, 1\)"),
    (torch.tensor([0, 1, 2]), ValueError, r"must be \(2,\), got \(3,\)"),
    (torch.tensor([0.0, 1.0]), TypeError, "must be int64 or uint8, got torch.float32"),
    (torch.tensor([0, 1]).int(), TypeError, "got torch.int32"),
]


@pytest.mark.parametrize("loss", [nll_loss, cross_entropy])
@pytest.mark.parametrize(("target", "error", "said"), BAD_CLASSES)
def test_bad_classes_are_refused(loss, target, error, said):
    with pytest.raises(error, match=said):
        loss(torch.zeros(2, 3), target)


def test_one_hot_of_whole_numbers_is_refused():
    with pytest.raises(TypeError, match="target must be a floating-point"):
        cross_entropy(torch.zeros(2, 3), torch.zeros(2, 3).long())


@pytest.mark.parametrize("target", [torch.tensor([0, 1]), torch.full((2, 3), 0.5)])
def test_one_weight_per_class_is_wanted(target):
    with pytest.raises(ValueError, match=r"weight \(4,\)"):
        cross_entropy(torch.zeros(2, 3), target, torch.ones(4))


@pytest.mark.parametrize("index", [0, 1])
def test_probabilities_cannot_be_ignored(index):
    half = torch.full((2, 3), 0.5)
    with pytest.raises(ValueError, match=f"cannot be ignored, got {index}"):
        cross_entropy(torch.zeros(2, 3), half, ignore_index=index)


def test_scores_need_a_dimension_of_classes():
    with pytest.raises(ValueError, match="dimension of classes"):
        nll_loss(torch.tensor(1.0), torch.tensor(0))


def test_weigh_refuses_another_dtype():
    with pytest.raises(TypeError, match=re.escape("weight must be torch.float32")):
        weigh(torch.zeros(2), torch.ones(2).double())


# Laws


@given(rows)
def test_sum_is_n_times_the_mean(values):
    x = tensor(values)
    total = reduce(x, "sum").item()
    assert total == pytest.approx(len(values) * reduce(x, "mean").item(), abs=1e-9)


@given(rows)
def test_half_sum_is_half_n_times_mse(values):
    x, t = tensor(values), torch.ones(len(values), dtype=F64)
    wanted = len(values) / 2 * mse_loss(x, t).item()
    assert half_sum_of_squares(x, t).item() == pytest.approx(wanted)


@given(numbers, st.floats(0.01, 100))
def test_smooth_l1_is_huber_over_beta(m, beta):
    x, t = tensor([m]), torch.zeros(1, dtype=F64)
    wanted = huber_loss(x, t, delta=beta).item() / beta
    assert smooth_l1_loss(x, t, beta=beta).item() == pytest.approx(wanted)


@given(numbers, st.floats(0.01, 100))
def test_huber_lies_below_both_its_parts(m, delta):
    x, t = tensor([m]), torch.zeros(1, dtype=F64)
    value = huber_loss(x, t, delta=delta).item()
    tiny = torch.finfo(F64).tiny  # below it, products have few digits left
    assert value <= m**2 / 2 * (1 + 1e-12) + tiny
    assert value <= delta * abs(m) * (1 + 1e-12)


@given(numbers, numbers, st.sampled_from(PAIRWISE))
def test_losses_are_convex_in_the_prediction(first, second, loss):
    t = torch.zeros(1, dtype=F64)
    ends = [loss(tensor([z]), t).item() for z in (first, second)]
    middle = loss(tensor([(first + second) / 2]), t).item()
    assert middle <= sum(ends) / 2 * (1 + 1e-9) + torch.finfo(F64).tiny


@given(numbers, st.sampled_from([0.0, 0.3, 1.0]))
def test_slope_of_binary_cross_entropy(z, t):
    z, t = tensor([z]), tensor([t])
    got = gradient(lambda z: binary_cross_entropy_with_logits(z, t), z)
    wanted = binary_cross_entropy_with_logits_slope(z, t)
    torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-15)


@given(numbers)
def test_binary_cross_entropy_is_the_same_for_yes_and_no(z):
    yes = binary_cross_entropy_with_logits(tensor([z]), tensor([1.0]))
    no = binary_cross_entropy_with_logits(tensor([-z]), tensor([0.0]))
    assert yes == no


@given(st.floats(-700, 700), st.sampled_from([0.0, 1.0]))
def test_two_classes_are_one_score(z, t):
    one = binary_cross_entropy_with_logits(tensor([z]), tensor([t])).item()
    two = cross_entropy(tensor([0.0, z]), torch.tensor(int(t))).item()
    assert one == pytest.approx(two, abs=1e-12)


@given(rows)
def test_logsumexp_lies_between_the_largest_and_log_c_more(scores):
    value = logsumexp(tensor(scores), 0).item()
    top = max(scores)
    assert top <= value <= top + math.log(len(scores)) + 1e-9


@given(rows, st.floats(-1e3, 1e3))
def test_log_softmax_does_not_see_a_shift(scores, shift):
    z = tensor(scores)
    moved = log_softmax(z + shift, 0)
    torch.testing.assert_close(moved, log_softmax(z, 0), rtol=1e-11, atol=1e-9)


@given(rows, st.integers(0, 5))
def test_slopes_of_cross_entropy_sum_to_0(scores, index):
    z = tensor(scores)
    t = F.one_hot(torch.tensor(index % len(scores)), len(scores)).double()
    slope = cross_entropy_slope(z, t)
    assert abs(slope.sum().item()) <= 1e-12
    got = gradient(lambda z: cross_entropy(z, t), z)
    torch.testing.assert_close(got, slope)


@given(rows)
def test_smoothing_is_a_mixture_of_targets(scores):
    z, classes = tensor(scores), len(scores)
    t = F.one_hot(torch.tensor(0), classes).double()
    mixed = cross_entropy(z, 0.9 * t + 0.1 / classes).item()
    smooth = cross_entropy(z, torch.tensor(0), label_smoothing=0.1).item()
    assert smooth == pytest.approx(mixed, rel=1e-9, abs=1e-9)


def test_slopes_by_hand_have_the_right_kinks():
    x, t = tensor([-3.0, 0.0, 3.0]), torch.zeros(3, dtype=F64)
    assert mse_loss_slope(x, t).tolist() == [-6.0, 0.0, 6.0]
    assert l1_loss_slope(x, t).tolist() == [-1.0, 0.0, 1.0]
    assert huber_loss_slope(x, t, 2.0).tolist() == [-2.0, 0.0, 2.0]
    assert smooth_l1_loss_slope(x, t, 2.0).tolist() == [-1.0, 0.0, 1.0]


# Looking for the best line

MISREAD = [T_C.clone().index_fill(0, torch.tensor(k), T_U[k].item()) for k in (0, 3, 7)]


@pytest.mark.parametrize("target", [T_C, *MISREAD])
def test_best_line_of_squares_is_least_squares(target):
    found = best_line(mse_loss, T_U, target)
    torch.testing.assert_close(found, least_squares(T_U, target), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("target", [T_C, *MISREAD])
def test_best_line_of_absolute_misses_goes_through_two_of_the_points(target):
    lowest = INF
    for i, j in itertools.combinations(range(11), 2):
        w = (target[j] - target[i]) / (T_U[j] - T_U[i])
        line = w * (T_U - T_U[i]) + target[i]
        lowest = min(lowest, F.l1_loss(line, target).item())
    w, b = best_line(l1_loss, T_U, target)
    assert l1_loss(w * T_U + b, target).item() == pytest.approx(lowest, abs=1e-9)


@pytest.mark.parametrize("delta", [0.5, 2.0, 10.0])
@pytest.mark.parametrize("target", [T_C, *MISREAD])
def test_best_line_of_huber_has_no_slope(target, delta):
    params = best_line(partial(huber_loss, delta=delta), T_U, target)
    x = T_U - T_U.mean()
    slope = gradient(
        lambda p: F.huber_loss(p[0] * x + p[1], target, delta=delta),
        torch.stack([params[0], params[1] + params[0] * T_U.mean()]),
    )
    assert slope.abs().max() < 1e-4


def test_best_line_finds_a_slope_far_outside_its_first_window():
    x = torch.cat([torch.linspace(0, 0.1, 100, dtype=F64), tensor([1.0])])
    target = torch.cat([100 * x[:-1], tensor([10.0])])
    w, b = best_line(l1_loss, x, target)
    assert (w.item(), b.item()) == pytest.approx((100, 0), abs=1e-3)


def test_best_line_of_two_points_joins_them():
    w, b = best_line(mse_loss, tensor([1.0, 3.0]), tensor([5.0, 1.0]))
    assert (w.item(), b.item()) == pytest.approx((-2, 7), abs=1e-6)


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_best_line_wants_finite_numbers(bad):
    good, odd = tensor([1.0, 2.0, 3.0]), tensor([1.0, 2.0, bad])
    for pair in ((good, odd), (odd, good)):
        with pytest.raises(ValueError, match="x and target must be finite"):
            best_line(mse_loss, *pair)


@pytest.mark.parametrize(
    "x", [torch.ones(3), torch.zeros(1), torch.zeros(3, 1), torch.eye(2)]
)
def test_best_line_wants_readings_that_differ(x):
    with pytest.raises(ValueError, match="need readings"):
        best_line(mse_loss, x, torch.zeros_like(x))


# What the tables of agreement try


CHECKS = {check.name: check for check in agreement_checks()}


@pytest.mark.parametrize("name", CHECKS)
def test_rows_named_f32_are_in_float32_and_no_other(name):
    dtypes = {part.dtype for case in CHECKS[name].cases for part in case}
    floating = {dtype for dtype in dtypes if dtype.is_floating_point}
    wanted = torch.float32 if name.endswith(", f32") else torch.float64
    assert floating == {wanted}


@pytest.mark.parametrize(
    ("name", "option", "values"),
    [
        ("huber_loss", "delta", {1.0}),
        ("smooth_l1", "beta", {0.0, 1.0}),
        ("ce, classes", "label_smoothing", {0.0, 1.0}),
    ],
)
def test_options_are_tried_at_their_default_and_at_their_ends(name, option, values):
    tried = {case[1].get(option) for case in CHECKS[name].ours.args[1]}
    assert values < tried


def test_options_reach_the_losses():
    far = (torch.tensor([9.0]), torch.tensor([0.0]))
    tried = [(far, {"delta": delta}, "sum") for delta in (0.5, 1.0)]
    half, one = (call(huber_loss, tried, far[0], torch.tensor(k)) for k in (0, 1))
    assert half < one


def test_shares_of_another_dtype_are_refused():
    with pytest.raises(TypeError, match="dtypes must be equal"):
        cross_entropy(torch.zeros(2, 3), torch.full((2, 3), 1 / 3).double())
