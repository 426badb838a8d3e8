"""Each check fires on its bug, and is silent on the fix."""

from __future__ import annotations

import copy
import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from neuralnet.agreement import compare
from neuralnet.conventions import measure
from neuralnet.debugging import (
    check_alignment,
    check_curve,
    check_drift,
    check_finite,
    check_gradient_ratio,
    check_gradients,
    check_last_batch,
    check_optimizer,
    check_overfit,
    check_overlap,
    check_places,
    check_scale,
    check_scores,
    check_serving,
    check_start,
    check_target,
    check_two_passes,
    check_units,
    check_updates,
    clip_grad_norm_,
    each_loss,
    examine,
    gradient_sizes,
    guess_loss,
    idle_shares,
    range_test,
    run_march,
    side_by_side,
    take_steps,
    total_loss,
    update_ratios,
)
from neuralnet.debugging_checks import agreement_checks, clipped, some_gradients
from neuralnet.debugging_conventions import debugging_conventions, paper_clip
from neuralnet.thermometer import T_C, T_U
from sklearn.datasets import load_digits
from torch import nn

F64 = torch.float64
NAN, INF = float("nan"), float("inf")
T_IN = ((T_U - T_U.mean()) / T_U.std()).float()[:, None]
T_OUT = ((T_C - T_C.mean()) / T_C.std()).float()[:, None]


def dense(*widths, act=nn.ReLU, seed=0):
    torch.manual_seed(seed)
    layers = []
    for a, b in itertools.pairwise(widths):
        layers += [nn.Linear(a, b), act()]
    return nn.Sequential(*layers[:-1])


def blobs(n=90, classes=3, seed=0):
    """Rows around as many centers as there are classes, and their classes."""
    rng = torch.Generator().manual_seed(seed)
    centers = 2 * torch.randn(classes, 5, generator=rng)
    target = torch.arange(n) % classes
    return centers[target] + 0.3 * torch.randn(n, 5, generator=rng), target


X, Y = blobs()


def sgd(model, lr=0.1):
    return torch.optim.SGD(model.parameters(), lr=lr)


def backward(model, batch=(X, Y)):
    F.cross_entropy(model(batch[0]), batch[1]).backward()
    return model


# The cases: each gives the check's complaints, of the bug (True) or of the fix


def a_hole(bug):
    x = T_IN.clone()
    if bug:
        x[3] = NAN
    return check_finite(x=x)


def a_still_column(bug):
    x = torch.cat([X, torch.ones(len(X), 1)], dim=1)
    spread = x.std(dim=0)
    if not bug:
        spread = torch.where(spread > 0, spread, 1.0)
    return check_finite(x=(x - x.mean(dim=0)) / spread)


class Distance(nn.Module):
    def __init__(self, eps):
        super().__init__()
        self.center = nn.Parameter(X[0].clone())
        self.eps = eps

    def forward(self, x):
        return (((x - self.center) ** 2).sum(dim=1) + self.eps).sqrt()


def a_root_at_zero(bug):
    model = Distance(0.0 if bug else 1e-12)
    loss = model(X).mean()
    assert loss.isfinite()
    loss.backward()
    return check_gradients(model)


def rate_too_high(bug):
    model = dense(1, 1)
    optimizer = sgd(model, 1.3 if bug else 0.1)
    return check_curve(take_steps(model, F.mse_loss, optimizer, (T_IN, T_OUT), 10))


def rate_too_low(bug):
    model = dense(1, 1)
    optimizer = sgd(model, 1e-5 if bug else 0.1)
    return check_curve(take_steps(model, F.mse_loss, optimizer, (T_IN, T_OUT), 10))


def a_cliff(bug):
    w = torch.tensor([1.3], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=3e-4)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = ((w**20 - 2) ** 2).sum()
        loss.backward()
        if not bug:
            clip_grad_norm_([w], 10.0)
        optimizer.step()
        losses.append(loss.item())
    return check_curve(losses)


def no_zero_grad(bug):
    model = dense(5, 4, 3)

    def run():
        if not bug:
            model.zero_grad()
        backward(model)

    return check_two_passes(model, run)


def another_model(bug):
    model = dense(5, 3)
    held = dense(5, 3) if bug else model
    return check_optimizer(model, sgd(held))


class Cut(nn.Module):
    def __init__(self, bug):
        super().__init__()
        self.body, self.head = nn.Linear(5, 4), nn.Linear(4, 3)
        self.bug = bug

    def forward(self, x):
        hidden = self.body(x)
        return self.head(hidden.detach() if self.bug else hidden)


def a_cut(bug):
    return check_gradients(backward(Cut(bug)))


def frozen(bug):
    model = dense(5, 4, 3)
    model[0].requires_grad_(not bug)
    return check_gradients(backward(model))


def vanishing(bug):
    act = nn.Sigmoid if bug else nn.Tanh
    return check_gradient_ratio(backward(dense(5, *[16] * 7, 3, act=act)))


def dead(bug):
    model = dense(5, 16, 3)
    if bug:
        nn.init.constant_(model[0].bias, -100.0)
    return check_units(model, X)


def saturated(bug):
    x = T_U.float()[:, None] if bug else T_IN
    return check_units(dense(1, 8, 1, act=nn.Tanh), x)


def raw(bug):
    return check_scale(T_U[:, None] if bug else T_IN)


def one_large_column(bug):
    x = X.clone()
    x[:, 2] *= 1000 if bug else 1
    return check_scale(x, most=1e4)


def softmax_twice(bug):
    model = dense(5, 3)
    if bug:
        model.append(nn.Softmax(dim=1))
    return check_scores(model(X))


def last_relu(bug):
    model = dense(1, 16, 1, act=nn.Tanh)
    if bug:
        model.append(nn.ReLU())
    return check_overfit(model, F.mse_loss, (T_IN, T_OUT))


def loud_start(bug):
    model = dense(5, 32, 3)
    if bug:
        for param in model.parameters():
            nn.init.normal_(param, std=3.0)
    output = model(X).detach()
    guess = guess_loss(F.cross_entropy, output, Y)
    return check_start(F.cross_entropy(output, Y).item(), guess)


def shuffled(bug):
    rng = torch.Generator().manual_seed(0)
    order = torch.randperm(len(Y), generator=rng)
    return check_alignment(X, Y[order] if bug else Y)


def other_units(bug):
    return check_drift(X[:60], 16 * X[60:] if bug else X[60:])


def other_center(bug):
    return check_drift(X[:60], X[60:] + (30 if bug else 0))


def twins(bug):
    rows = X.repeat(2, 1) if bug else X
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
    return check_overlap(rows[order[:60]], rows[order[60:]])


def forgotten_eval(bug):
    model = nn.Sequential(nn.Linear(5, 8), nn.Dropout(), nn.Linear(8, 3))
    return check_serving(model.train(bug), X)


def neighbors(bug):
    model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8))
    found = check_serving(model.train(bug), X)
    assert not any("two calls" in each for each in found)
    return found


def target_shape(bug):
    return check_target(T_OUT, T_OUT[:, 0] if bug else T_OUT)


def class_dtype(bug):
    return check_target(torch.zeros(90, 3), Y.int() if bug else Y)


def class_too_many(bug):
    return check_target(torch.zeros(90, 3), Y + 1 if bug else Y)


def dtypes(bug):
    return check_places(dense(1, 1), T_U[:, None] if bug else T_IN)


def devices(bug):
    return check_places(dense(1, 1).to("meta" if bug else "cpu"), T_IN)


def one_left(bug):
    return check_last_batch(101 if bug else 100, 20)


def update_too_long(bug):
    model = dense(5, 8, 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=1.0 if bug else 1e-3)
    return check_updates(update_ratios(model, F.cross_entropy, optimizer, (X, Y)))


CASES = [
    a_hole, a_still_column, a_root_at_zero, rate_too_high, rate_too_low, a_cliff,
    no_zero_grad, another_model, a_cut, frozen, vanishing, dead, saturated, raw,
    one_large_column, softmax_twice, last_relu, loud_start, shuffled, other_units,
    other_center, twins, forgotten_eval, neighbors, target_shape, class_dtype,
    class_too_many, dtypes, devices, one_left, update_too_long,
]  # fmt: skip
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)


@EACH
def test_check_fires_on_the_bug(case):
    complaints = case(True)
    assert complaints
    assert all(complaint.strip() for complaint in complaints)


@EACH
def test_check_is_silent_on_the_fix(case):
    assert case(False) == []


@EACH
def test_complaints_fit_a_phone(case):
    assert max(map(len, case(True))) <= 46


# Data


def test_finite_counts_nan_and_both_infinities_and_takes_integers():
    x = torch.tensor([NAN, INF, -INF, 0.0])
    assert check_finite(x=x, y=Y) == ["x: 3 of 4 numbers not finite"]


def test_scale_bounds_are_allowed_themselves():
    for size in (0.1, 1.0, 10.0):
        assert check_scale(torch.full((4, 2), size, dtype=F64)) == []
    for size in (0.09, 11.0):
        assert check_scale(torch.full((4, 2), size, dtype=F64))
    for factor, said in ((99.0, False), (101.0, True)):
        x = torch.tensor([[0.1, 0.1, 0.1 * factor]], dtype=F64)
        assert bool(check_scale(x)) == said


def test_scale_leaves_holes_to_check_finite_and_passes_zeros_over():
    assert check_scale(torch.tensor([[NAN, 1.0]])) == []
    assert check_scale(torch.tensor([[0.0, 1.0], [0.0, -1.0]])) == []


def test_scale_takes_images():
    assert check_scale(torch.full((2, 8, 8), 99.0))


def test_drift_lets_half_a_deviation_and_a_third_more_spread_pass():
    x = torch.linspace(-1, 1, 20)[:, None]
    assert check_drift(x, 1.3 * x + 0.5 * x.std()) == []
    assert check_drift(x, 0.4 * x) == ["spread changed 0.4 times"]
    assert check_drift(x, x - 1.5 * x.std()) == ["mean moved 1.5 deviations"]


def test_overlap_counts_rows_not_numbers():
    one = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    other = torch.tensor([[1.0, 4.0], [3.0, 4.0], [3.0, 4.0]])
    assert check_overlap(one, other) == ["2 of 3 rows are in the training data"]
    assert check_overlap(one, one[:0]) == []
    assert check_overlap(one * NAN, one * NAN) == []


def test_alignment_is_judged_from_halfway_between_chance_and_one():
    x = torch.arange(8.0)[:, None].repeat_interleave(2, dim=0)
    x = x + 0.1 * (torch.arange(16) % 2)[:, None]
    right = (torch.arange(16) // 2) % 2
    assert check_alignment(x, right) == []
    for wrong, said in (1, False), (2, False), (3, True):
        target = right.clone()
        target[: 2 * wrong : 2] = 1 - target[: 2 * wrong : 2]
        assert bool(check_alignment(x, target)) == said, wrong


def test_alignment_does_not_change_its_input():
    before = X.clone()
    check_alignment(X, Y)
    assert torch.equal(X, before)


@pytest.mark.parametrize(
    ("n", "size", "said"),
    [(1, 1, False), (5, 1, False), (1, 5, True), (6, 5, True), (7, 5, False)],
)
def test_last_batch(n, size, said):
    assert bool(check_last_batch(n, size)) == said


# Output and target


def test_target_of_each_kind():
    scores = torch.zeros(4, 3)
    assert check_target(scores, torch.tensor([0, 1, 2, -1])) == [
        "class -1 among 3 classes, 0 to 2"
    ]
    assert check_target(scores, torch.zeros(4)) == [
        "target (4,) for output (4, 3)",
        "if it holds classes: .long()",
    ]
    assert check_target(scores[:, :1], torch.zeros(4)) == [
        "target (4,) for output (4, 1)"
    ]
    assert check_target(scores, torch.zeros(4, 1).long())
    assert check_target(torch.zeros(4), torch.zeros(4).long()) == [
        "classes want scores (n, C), not (4,)"
    ]


def test_target_may_be_bytes_maps_and_passed_over():
    scores = torch.zeros(2, 3, 4, 4)
    maps = torch.zeros(2, 4, 4).long()
    maps[0, 0, 0] = -100
    assert check_target(scores, maps) == []
    assert check_target(scores, maps.clamp(0).to(torch.uint8)) == []
    maps[1, 2, 3] = 3
    assert check_target(scores, maps) == ["class 3 among 3 classes, 0 to 2"]
    assert check_target(scores, maps[:, 0]) == ["target (2, 4) for output (2, 3, 4, 4)"]


def test_scores_without_rows_pass():
    assert check_scores(torch.zeros(0, 3)) == []


def test_scores_of_one_column_and_of_other_shapes_pass():
    assert check_scores(torch.ones(4, 1)) == []
    assert check_scores(torch.full((4,), 0.25)) == []


def test_scores_that_sum_to_one_with_a_negative_pass():
    assert check_scores(torch.tensor([[1.5, -0.5]])) == []


def test_places_without_parameters_pass():
    assert check_places(nn.ReLU(), T_U[:, None]) == []


def test_places_let_an_embedding_have_its_integers():
    model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 3))
    ids = torch.arange(4)
    assert check_places(model, ids) == check_places(model, ids.int()) == []
    assert check_places(model, ids.bool()) == ["bool on cpu, model float32 on cpu"]
    assert check_places(model.to("meta"), ids) == [
        "int64 on cpu, model float32 on meta"
    ]


def test_guess_of_log_probabilities_is_that_of_scores():
    log_shares = X[:, :3].log_softmax(dim=1)
    for loss_fn in F.cross_entropy, F.nll_loss:
        assert guess_loss(loss_fn, log_shares, Y) == pytest.approx(math.log(3))


def test_guess_is_the_better_of_zero_and_mean():
    near_zero = torch.tensor([[0.1], [-0.1]])
    far = near_zero + 5
    assert guess_loss(F.mse_loss, near_zero, near_zero) == pytest.approx(0.01)
    assert guess_loss(F.mse_loss, far, far) == pytest.approx(0.01, rel=1e-4)
    assert guess_loss(F.l1_loss, far, torch.zeros(2, 1)) == 0


def test_start_may_be_four_times_the_guess():
    assert check_start(4.0, 1.0) == []
    assert check_start(4.1, 1.0)
    assert check_start(NAN, 1.0)
    assert check_start(INF, 1.0)


# Gradients


def test_gradients_name_each_kind():
    model = dense(2, 2, 2, 1)
    for param in model.parameters():
        param.grad = torch.ones_like(param)
    model[0].weight.grad = None
    model[0].bias.requires_grad_(False)
    model[2].weight.grad.zero_()
    model[2].bias.grad[0] = INF
    assert check_gradients(model) == [
        "0.weight: no gradient",
        "0.bias: frozen",
        "2.weight: gradient 0",
        "2.bias: gradient not finite",
    ]


def test_gradient_ratio_at_its_limit():
    model = dense(1, 1, 1)
    for size, said in (1.01e-3, False), (0.99e-3, True), (990.0, False), (1010.0, True):
        for param in model.parameters():
            param.grad = torch.ones_like(param)
        model[0].weight.grad *= size
        assert bool(check_gradient_ratio(model)) == said, size


def test_gradient_sizes_leave_vectors_out():
    model = backward(dense(5, 4, 3))
    assert list(gradient_sizes(model)) == ["0.weight", "2.weight"]
    wanted = model[0].weight.grad.square().mean().sqrt().item()
    assert gradient_sizes(model)["0.weight"] == pytest.approx(wanted, rel=1e-6)


def test_ratio_without_gradients_is_silent():
    assert check_gradient_ratio(dense(1, 1)) == []


def test_two_passes_with_dropout_are_compared_alike_and_leave_gradients():
    model = nn.Sequential(nn.Linear(5, 8), nn.Dropout(), nn.Linear(8, 3))
    backward(model)
    before = [param.grad.clone() for param in model.parameters()]

    def run():
        model.zero_grad()
        backward(model)

    assert check_two_passes(model, run) == []
    after = [param.grad for param in model.parameters()]
    assert all(map(torch.equal, before, after))


def test_two_passes_of_odd_loops():
    model = dense(5, 3)

    def forgetful(scale):
        (scale * F.cross_entropy(model(X), Y)).backward()

    def careful():
        model.zero_grad()
        forgetful(NAN)

    def clears_after():
        forgetful(1.0)
        model.zero_grad()

    assert check_two_passes(model, careful) == []
    assert check_two_passes(model, clears_after) == []
    assert check_two_passes(model, lambda: forgetful(1e-7))
    for param in model.parameters():
        param.grad = torch.full_like(param, 1e6)
    assert check_two_passes(model, lambda: forgetful(1.0))


def test_two_passes_put_back_what_moved():
    model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
    optimizer = sgd(model)
    before = copy.deepcopy(model.state_dict())

    def run():
        optimizer.zero_grad()
        backward(model)
        optimizer.step()

    check_two_passes(model, run)
    assert same(before, model.state_dict())
    assert all(param.grad is None for param in model.parameters())


# Clipping


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5),
    st.floats(1e-3, 1e3),
)
@settings(max_examples=50, deadline=None)
def test_clip_is_pytorchs(numbers, most):
    grads = torch.tensor(numbers, dtype=F64), torch.ones(2, 2, dtype=F64)
    ours = clipped(clip_grad_norm_, most, *grads)
    theirs = clipped(nn.utils.clip_grad_norm_, most, *grads)
    assert torch.allclose(ours, theirs, rtol=1e-12, atol=0)
    assert ours[1:].norm() <= most * (1 + 1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_clip_of_each_dtype(dtype):
    for pair in some_gradients():
        grads = [grad.to(dtype) for grad in pair]
        ours = clipped(clip_grad_norm_, 1.0, *grads)
        theirs = clipped(nn.utils.clip_grad_norm_, 1.0, *grads)
        assert ours.dtype == dtype
        assert torch.allclose(ours, theirs, rtol=1e-6, atol=0, equal_nan=True)


def test_clip_passes_over_what_has_no_gradient():
    one = torch.zeros(2, requires_grad=True)
    assert clip_grad_norm_([one], 1.0) == 0
    assert one.grad is None


def test_clip_takes_a_generator():
    model = backward(dense(5, 3))
    clip_grad_norm_(model.parameters(), 1e-3)
    lengths = [param.grad.norm() for param in model.parameters()]
    assert torch.stack(lengths).norm() == pytest.approx(1e-3, rel=1e-2)


def test_clip_takes_one_tensor():
    w = torch.zeros(2)
    w.grad = torch.tensor([30.0, 40.0])
    assert clip_grad_norm_(w, 5.0) == 50
    assert w.grad.tolist() == pytest.approx([3.0, 4.0], rel=1e-5)


def test_clip_refuses_a_negative_bound():
    with pytest.raises(ValueError, match="max_norm must be at least 0"):
        clip_grad_norm_([torch.zeros(1)], -1.0)


# Units, updates, curves


def test_idle_shares_count_dead_and_saturated_units():
    model = nn.Sequential(nn.Linear(1, 4), nn.ReLU(), nn.Linear(4, 2), nn.Sigmoid())
    with torch.no_grad():
        model[0].weight.fill_(1.0)
        model[0].bias.copy_(torch.tensor([-9.0, 9.0, 0.0, -8.0]))
        model[2].weight.fill_(1.0)
        model[2].bias.copy_(torch.tensor([-10.0, 90.0]))
    x = torch.tensor([[-1.0], [1.0]])
    assert idle_shares(model, x) == {"1": (0.5, 4), "3": (0.5, 2)}
    assert check_units(model, x) == []
    assert len(check_units(model, x, most=0.4)) == 2


def test_units_of_a_thousandth_are_idle():
    model = nn.Sequential(nn.Tanh())
    assert idle_shares(model, torch.tensor([[0.0], [0.0009]]))["0"][0] == 1
    assert idle_shares(model, torch.tensor([[0.0], [0.0011]]))["0"][0] == 0


def test_idle_shares_keep_the_worse_of_two_uses():
    act = nn.ReLU()
    model = nn.Sequential(nn.Linear(5, 8), act, nn.Linear(8, 4), act)
    nn.init.constant_(model[0].bias, -100.0)
    nn.init.eye_(model[2].weight)
    assert idle_shares(model, X)["1"] == (1.0, 8)
    model = nn.Sequential(act, nn.Linear(5, 8), act)
    nn.init.constant_(model[1].bias, -100.0)
    assert idle_shares(model, X + 20)["0"] == (1.0, 8)


def test_idle_shares_judge_channels_of_images():
    images = F.pad(torch.rand(3, 2, 4, 4), (9, 9, 9, 9))
    images[:, 1] = 0.5
    assert idle_shares(nn.Sequential(nn.ReLU()), images) == {"0": (0.5, 2)}


def test_idle_shares_leave_the_random_numbers_alone():
    torch.manual_seed(0)
    wanted = torch.rand(1)
    torch.manual_seed(0)
    idle_shares(nn.Sequential(nn.Dropout(), nn.ReLU()), X)
    assert torch.equal(torch.rand(1), wanted)


def test_idle_shares_take_one_column_without_dimension():
    model = nn.Sequential(nn.Linear(5, 1), nn.Flatten(0), nn.Sigmoid())
    assert idle_shares(model, X)["2"] == (0.0, 1)


def test_serving_tells_dropout_from_neighbors():
    assert len(check_serving(nn.Dropout(), X)) == 1
    normed = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8))
    for rows in (2, 3, 4, 90):
        assert check_serving(normed, X[:rows]) == [
            "a row depends on the rows beside it"
        ]
    both = normed.append(nn.Dropout())
    assert len(check_serving(both, X)) == 2
    assert check_serving(nn.Identity(), X * NAN) == []


def test_updates_pass_over_frozen_and_zero_matrices():
    model = dense(5, 4, 4, 3)
    model[0].requires_grad_(False)
    nn.init.zeros_(model[4].weight)
    ratios = update_ratios(model, F.cross_entropy, sgd(model), (X, Y))
    assert list(ratios) == ["2.weight"]


def test_optimizer_may_leave_frozen_parameters_out():
    model = dense(5, 4, 3)
    model[0].requires_grad_(False)
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    assert check_optimizer(model, optimizer) == []


def test_optimizer_with_groups_and_with_half_of_the_model():
    model = dense(5, 4, 3)
    groups = [{"params": layer.parameters()} for layer in (model[0], model[2])]
    assert check_optimizer(model, torch.optim.SGD(groups, lr=0.1)) == []
    half = torch.optim.SGD(model[0].parameters(), lr=0.1)
    assert [said.split(":")[0] for said in check_optimizer(model, half)] == [
        "2.weight",
        "2.bias",
    ]


def test_update_ratio_of_plain_descent_is_rate_times_gradient_over_weights():
    model = dense(5, 3)
    ratio = update_ratios(model, F.cross_entropy, sgd(model, 0.3), (X, Y))["0.weight"]
    backward(model)
    wanted = 0.3 * model[0].weight.grad.norm() / model[0].weight.norm()
    assert ratio == pytest.approx(wanted.item(), rel=1e-4)


def test_updates_bounds():
    assert check_updates({"a": 1e-5, "b": 0.5}) == []
    assert len(check_updates({"a": 0.9e-5, "b": 0.51, "c": NAN, "d": 0.0})) == 4


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([2.0, 1.0], ""),
        ([2.0, 4.0, 1.0], ""),
        ([2.0, 4.1, 1.0], "grew 2.05 times"),
        ([2.0, 1.99], "fell by 0.5%"),
        ([2.0, 1.97], ""),
        ([2.0, NAN, 1.0], "nan at step 1"),
        ([2.0, 1.0, INF], "inf at step 2"),
        ([2.0] * 11 + [1.0], "fell by 0.0% in 10"),
        ([*[2.0 - 0.1 * k for k in range(11)], 99.0], ""),
        ([0.0, 0.0], ""),
    ],
)
def test_curve(losses, said):
    complaints = check_curve(losses)
    assert bool(complaints) == bool(said)
    assert said in "".join(complaints)


def test_range_test_takes_one_step_at_each_rate():
    model = dense(1, 1)
    batch = T_IN, T_OUT
    losses = range_test(model, F.mse_loss, batch, [0.1, 0.2, 0.3])
    trial = copy.deepcopy(model)
    wanted = []
    for rate in (0.1, 0.2, 0.3):
        wanted.append(F.mse_loss(trial(T_IN), T_OUT).item())
        take_steps(trial, F.mse_loss, sgd(trial, rate), batch, 1)
    assert losses == pytest.approx(wanted, rel=1e-6)


def test_take_steps_returns_the_last_loss_too():
    model = dense(1, 1)
    losses = take_steps(model, F.mse_loss, sgd(model), (T_IN, T_OUT), 3)
    assert len(losses) == 4
    assert losses[-1] == F.mse_loss(model(T_IN), T_OUT).item()


def test_overfit_switches_dropout_off():
    model = dense(5, 64, 3, act=nn.Tanh).insert(0, nn.Dropout(0.9))
    assert check_overfit(model, F.cross_entropy, (X, Y)) == []


def test_overfit_trains_in_training_mode():
    model = dense(5, 16, 3).insert(1, nn.BatchNorm1d(16))
    nn.init.constant_(model[1].weight, 1e-3)
    seen = []
    model.register_forward_hook(lambda module, *_: seen.append(module.training))
    check_overfit(model.eval(), F.cross_entropy, (X, Y), steps=1)
    assert all(seen)
    assert not model.training


class Blind(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(5, 2)

    def forward(self, x):
        return self.net(0 * x)


@pytest.mark.parametrize("rare", [1, 2, 3, 45])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_overfit_hears_a_blind_network_when_a_class_is_rare(rare, reduction):
    batch = X, (torch.arange(90) < rare).long()

    def loss_fn(output, target):
        return F.cross_entropy(output, target, reduction=reduction)

    assert check_overfit(Blind(), loss_fn, batch)
    scaled = X + 9 * batch[1][:, None]
    assert check_overfit(dense(5, 16, 2), loss_fn, (scaled, batch[1])) == []


def test_overfit_of_log_probabilities_and_of_raw_scores_in_nll():
    model = dense(5, 16, 3)
    (said,) = check_overfit(model, F.nll_loss, (X, Y))
    assert said.startswith("loss -")
    assert check_overfit(model.append(nn.LogSoftmax(1)), F.nll_loss, (X, Y)) == []


def test_overfit_of_a_single_class_passes():
    assert check_overfit(dense(5, 3), F.cross_entropy, (X, 0 * Y)) == []


def test_a_rate_of_five_kills_the_hidden_layer():
    digits = load_digits()
    x = torch.tensor(digits.data[:300] / 16, dtype=torch.float32)
    y = torch.tensor(digits.target[:300])
    for rate, shares in (5.0, (1.0, 32)), (0.5, None):
        model = dense(64, 32, 10)
        take_steps(model, F.cross_entropy, sgd(model, rate), (x, y), 60)
        if shares:
            assert idle_shares(model, x) == {"1": shares}
        else:
            assert check_units(model, x) == []


# Examination


class Pair(nn.Module):
    def forward(self, x):
        return x, x


def state(model, optimizer):
    return copy.deepcopy(
        (
            model.state_dict(),
            [param.grad for param in model.parameters()],
            model.training,
            optimizer.state_dict(),
        )
    )


def same(one, two):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, two)
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[k], two[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    return one == two


@pytest.mark.parametrize("training", [True, False])
def test_nothing_changes_under_examination(training, capsys):
    model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU())
    model.extend([nn.Dropout(), nn.Linear(8, 3)])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    take_steps(model, F.cross_entropy, optimizer, (X, Y), 2)
    model.train(training)
    before = state(model, optimizer)
    examine(model, F.cross_entropy, (X, Y), optimizer)
    check_serving(model, X)
    range_test(model, F.cross_entropy, (X, Y), [0.1])
    check_units(model, X)
    assert same(before, state(model, optimizer))
    assert not any(module._forward_hooks for module in model.modules())
    capsys.readouterr()


def test_sound_network_passes_every_step(capsys):
    model = dense(5, 16, 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    assert examine(model, F.cross_entropy, (X, Y), optimizer) == []
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("ok  ")[1] for line in lines] == [
        "finite", "places", "target", "scale", "scores", "start", "gradients",
        "units", "one batch", "optimizer", "update",
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_first_step_of_adam_on_digits_passes(seed, capsys):
    digits = load_digits()
    x = torch.tensor(digits.data[:300] / 16, dtype=torch.float32)
    batch = x, torch.tensor(digits.target[:300])
    model = dense(64, 32, 10, seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    ratios = update_ratios(model, F.cross_entropy, optimizer, batch)
    assert max(ratios.values()) > 0.1
    assert check_updates(ratios) == []
    assert examine(model, F.cross_entropy, batch, optimizer) == []
    capsys.readouterr()


def test_sound_networks_of_other_kinds_pass(capsys):
    ids, classes = torch.arange(20), torch.arange(20) % 3
    words = nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 3))
    assert examine(words, F.cross_entropy, (ids, classes)) == []
    logs = dense(5, 16, 3).append(nn.LogSoftmax(dim=1))
    assert examine(logs, F.nll_loss, (X, Y)) == []
    shares = dense(5, 16, 3).append(nn.Softmax(dim=1))
    assert examine(shares, lambda o, y: F.nll_loss(o.log(), y), (X, Y)) == []
    capsys.readouterr()


@pytest.mark.parametrize(
    ("model", "batch", "last", "said"),
    [
        (dense(5, 3), (X * NAN, Y), "finite", "not finite"),
        (dense(5, 3), (X, T_OUT * NAN), "finite", "target: 11 of 11"),
        (Pair(), (X, Y), "target", "output must be a tensor, got tuple"),
        (dense(5, 3), (X.double(), Y), "places", "float64"),
        (dense(5, 3), (X, Y + 1), "target", "class 3"),
        (dense(4, 3), (X, Y), "target", "cannot be multiplied"),
        (dense(5, 3).requires_grad_(False), (X, Y), "start", "does not require grad"),
    ],
)
def test_march_ends_where_going_on_makes_no_sense(model, batch, last, said, capsys):
    (complaint,) = examine(model, F.cross_entropy, batch)
    assert said in complaint
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [f"no  {last}", f"    {complaint}"]


@pytest.mark.parametrize(
    ("step", "spoil"),
    [
        ("scale", lambda model, x: (model, 100 * x)),
        ("scores", lambda model, x: (model.append(nn.Softmax(dim=1)), x)),
        ("gradients", lambda model, x: (model.append(Cut(True)), x)),
    ],
)
def test_march_goes_on_after_other_complaints(step, spoil, capsys):
    model, x = spoil(dense(5, 5) if step == "gradients" else dense(5, 3), X)
    assert examine(model, F.cross_entropy, (x, Y))
    out = capsys.readouterr().out
    assert f"no  {step}" in out
    assert " one batch" in out


def test_march_hears_units_ratios_optimizer_and_updates(capsys):
    dead = dense(5, 16, 3)
    nn.init.constant_(dead[0].bias, -100.0)
    assert "1: 100% of 16 units idle" in examine(dead, F.cross_entropy, (X, Y))
    deep = dense(5, *[16] * 7, 3, act=nn.Sigmoid)
    said = examine(deep, F.cross_entropy, (X, Y))
    assert any("gradient" in each and " of 14.weight" in each for each in said)
    model = dense(5, 16, 3)
    said = examine(model, F.cross_entropy, (X, Y), sgd(dense(5, 16, 3)))
    assert "0.weight: not in the optimizer" in said
    assert "0.weight: update 0 of the weights" in said
    said = examine(model, F.cross_entropy, (X, Y), sgd(model, 1e3))
    assert [each.split(":")[0] for each in said] == ["0.weight", "2.weight"]
    out = capsys.readouterr().out
    for step in ("units", "gradients", "optimizer", "update"):
        assert f"no  {step}" in out


def test_march_of_steps_that_raise(capsys):
    def fails():
        raise ValueError("first line\nsecond line")

    assert run_march({"a": fails, "b": list}, set()) == ["first line"]
    assert capsys.readouterr().out == "no  a\n    first line\n"


# Bad input


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: check_scale(X, most=0.0), ValueError, "most must be greater than 0"),
        (lambda: check_scale(X[0]), ValueError, "rows and columns, got shape (5,)"),
        (lambda: check_scale([1.0]), TypeError, "inputs must be a tensor, got list"),
        (lambda: check_drift(X[:1], X), ValueError, "known must have at least 2 rows"),
        (lambda: check_drift(X, X[:1]), ValueError, "other must have at least 2 rows"),
        (lambda: check_drift(0 * X, X), ValueError, "spread of known"),
        (lambda: check_overlap(X[0], X), ValueError, "known must have rows"),
        (lambda: check_overlap(X, X[0]), ValueError, "other must have rows"),
        (lambda: check_alignment(X[:1], Y[:1]), ValueError, "at least 2 rows"),
        (lambda: check_alignment(X, Y[:9]), ValueError, "numbers of rows"),
        (lambda: check_curve([1.0]), ValueError, "number of losses must be at least"),
        (lambda: check_curve([2.0, 1.0], 0), ValueError, "first must be at least 1"),
        (lambda: check_finite(x=[1.0]), TypeError, "x must be a tensor, got list"),
        (lambda: check_places(dense(5, 3), [1.0]), TypeError, "must be a tensor"),
        (lambda: check_target([1.0], Y), TypeError, "output must be a tensor"),
        (lambda: check_target(X, [1.0]), TypeError, "target must be a tensor"),
        (lambda: check_scores([1.0]), TypeError, "output must be a tensor"),
        (lambda: guess_loss(F.mse_loss, [1.0], X), TypeError, "output must be"),
        (lambda: guess_loss(F.mse_loss, X, [1.0]), TypeError, "target must be"),
        (lambda: check_serving(Pair(), X), TypeError, "output must be a tensor"),
        (lambda: check_alignment(X, Y.float()), ValueError, "classes, got torch.float"),
        (lambda: check_alignment(X, Y[:, None]), ValueError, "classes, got torch.int"),
        (lambda: check_overlap(X, X.double()), ValueError, "rows must be alike"),
        (lambda: check_overlap(X, X[:, :4]), ValueError, "rows must be alike"),
        (lambda: check_last_batch(9, 0), ValueError, "size must be at least 1"),
        (lambda: check_gradient_ratio(dense(1, 1), 0.0), ValueError, "most must be"),
        (
            lambda: check_units(dense(5, 3), X[:1]),
            ValueError,
            "rows must be at least 2",
        ),
        (lambda: check_serving(dense(5, 3), X[:1]), ValueError, "at least 2 rows"),
        (
            lambda: take_steps(dense(5, 3), F.cross_entropy, None, (X, Y), -1),
            ValueError,
            "steps must be at least 0, got -1",
        ),
    ],
)
def test_bad_input_is_refused(call, error, said):
    with pytest.raises(error) as raised:
        call()
    assert said in str(raised.value)


# Against PyTorch


@pytest.mark.parametrize("check", agreement_checks(), ids=lambda check: check.name)
def test_agreement(check):
    (row,) = compare([check])
    assert row.ok


def test_log_of_the_number_of_classes_is_the_loss_of_a_guess():
    scores = torch.randn(90, 3)
    assert guess_loss(F.cross_entropy, scores, Y) == pytest.approx(math.log(3))


@pytest.mark.parametrize(
    "convention", debugging_conventions(), ids=lambda convention: convention.name
)
def test_convention(convention):
    (row,) = measure([convention])
    assert row.ok
    assert row.convention.source


def test_paper_clips_to_the_bound_exactly_and_only_above_it():
    grad = torch.tensor([3.0, 4.0], dtype=F64)
    assert paper_clip(grad, 2.5).norm() == pytest.approx(2.5, rel=1e-12)
    assert torch.equal(paper_clip(grad, 5.0), grad)


# Networks side by side


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("own", [False, True])
def test_side_by_side_takes_the_steps_of_each_alone(kind, own):
    models = [dense(5, 8, 3, act=nn.Tanh, seed=seed).double() for seed in range(3)]
    xs = torch.stack([X.double() * (1 + k * own) for k in range(3)])
    ys = torch.stack([(Y + k * own) % 3 for k in range(3)])
    team = side_by_side(models)
    before = copy.deepcopy(team.state_dict())
    batch = (xs, ys) if own else (xs[0], ys[0])
    optimizer = kind(team.parameters(), lr=0.05)
    sums = torch.tensor(take_steps(team, total_loss, optimizer, batch, 5))
    alone = []
    for model, *pair in zip(models, xs, ys, strict=True):
        assert not torch.equal(team[0].weight[0], model[0].weight)
        optimizer = kind(model.parameters(), lr=0.05)
        alone.append(take_steps(model, F.cross_entropy, optimizer, pair, 5))
    alone = torch.tensor(alone)
    torch.testing.assert_close(sums, alone.sum(dim=0), atol=0, rtol=1e-6)
    ends = each_loss(team(batch[0]), batch[1]).float()
    torch.testing.assert_close(ends, alone[:, -1], atol=0, rtol=1e-6)
    for k, model in enumerate(models):
        torch.testing.assert_close(team(xs)[k], model(xs[k]), atol=1e-12, rtol=1e-9)
    assert not same(before, team.state_dict())


def test_side_by_side_leaves_the_models_alone_and_shares_the_rest():
    models = [dense(5, 8, 3, seed=seed) for seed in range(2)]
    team = side_by_side(models)
    with torch.no_grad():
        for param in team.parameters():
            param.zero_()
    assert all(param.any() for model in models for param in model.parameters())
    assert team[1] is models[0][1]
    assert team.insert(1, nn.Softmax(dim=-1))(X).shape == (2, 90, 3)


def test_side_by_side_refuses_none_and_unlike_models():
    with pytest.raises(ValueError, match="number of models must be at least 1"):
        side_by_side([])
    with pytest.raises(ValueError, match="shorter"):
        side_by_side([dense(5, 8, 3), dense(5, 3)])


# At the limits


def test_drift_up_to_its_limits_passes():
    x = torch.tensor([[0.0], [1.0], [2.0]])
    assert check_drift(x, x + 1) == []
    for factor in (0.5, 2.0):
        assert check_drift(x, factor * (x - 1) + 1) == []
    for factor in (0.4, 2.5):
        (said,) = check_drift(x, factor * (x - 1) + 1)
        assert said == f"spread changed {factor} times"


def test_batches_of_two_leave_one_over_and_batches_of_one_do_not():
    assert check_last_batch(3, 2)
    assert check_last_batch(3, 1) == []


def test_probabilities_may_be_0_and_rounded_but_sum_to_about_1():
    assert check_scores(torch.tensor([[1.0, 0.0]]))
    assert check_scores(torch.tensor([[0.5, 0.50005]]))
    assert check_scores(torch.tensor([[0.7, 0.8]])) == []


def test_two_classes_written_as_numbers_are_recognized():
    assert len(check_target(torch.zeros(3, 2), torch.zeros(3))) == 2


@pytest.mark.parametrize(("size", "complaints"), [(1e-6, 0), (0.5, 1)])
def test_serving_lets_the_last_digits_differ(size, complaints):
    class Noisy(nn.Module):
        def forward(self, x):
            return x + size * torch.rand(())

    class Mixing(nn.Module):
        def forward(self, x):
            return x - size * x.mean()

    rows = torch.zeros(4, 2)
    assert len(check_serving(Noisy(), rows)) == complaints
    rows[0] = 1.0
    rows[2] = -1.0
    assert len(check_serving(Mixing(), rows)) == complaints


def test_an_embedding_takes_whole_numbers_and_others_beside_them():
    assert check_places(nn.Embedding(2, 1), torch.tensor([0]), torch.zeros(1)) == []


def test_a_curve_is_judged_by_where_it_ends():
    assert check_curve([4.0, 3.0, 4.0]) == ["loss fell by 0.0% in 2 steps"]
