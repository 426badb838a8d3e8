"""Optimizers and schedules against `torch.optim`, option by option."""

from __future__ import annotations

import inspect
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from neuralnet import optimizers
from neuralnet.agreement import compare, deviation
from neuralnet.conventions import Convention, largest_gap, measure
from neuralnet.optimizers import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
    blend,
    cosine_annealing_lr,
    linear_lr,
    step_lr,
)
from neuralnet.optimizers_checks import (
    agreement_checks,
    combinations,
    hundred_steps,
    our_rates,
    some_problems,
    torch_rates,
)
from neuralnet.optimizers_conventions import (
    adam_rule,
    eps_inside,
    optimizer_conventions,
)

F64 = torch.float64
NAMES = ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"]
EACH = pytest.mark.parametrize("name", NAMES)
SCHEDULES = torch.optim.lr_scheduler


def both(name):
    return getattr(optimizers, name), getattr(torch.optim, name)


def leaf(*numbers, dtype=F64):
    return torch.tensor(numbers, dtype=dtype, requires_grad=True)


def walk(build, grads, start, **options):
    """Where the parameters stand after each of the gradients (None: no gradient)."""
    params = [each.detach().clone().requires_grad_() for each in start]
    optimizer = build(params, **options)
    path = []
    for step in grads:
        for param, grad in zip(params, step, strict=True):
            param.grad = None if grad is None else grad.clone()
        optimizer.step()
        path += [param.detach().clone() for param in params]
    return path


def same(ours, theirs, rtol):
    gaps = zip(ours, theirs, strict=True)
    return all(torch.allclose(a, b, rtol=rtol, atol=0, equal_nan=True) for a, b in gaps)


# Against PyTorch


@pytest.mark.parametrize("check", agreement_checks(), ids=lambda check: check.name)
def test_agrees_with_pytorch(check):
    (row,) = compare([check])
    assert row.ok, row


def hundred_steps_of_each(build, options, matrix, b, start):
    """`hundred_steps` for a list of options at once, a row for each.

    Every row has parameters and an optimizer of its own; the gradients of all
    rows are computed together, which is what takes the time.
    """
    places = start.repeat(len(options), 1)
    parts = [[row[:2].requires_grad_(), row[2:].requires_grad_()] for row in places]
    optimizers = [build(p, **o) for p, o in zip(parts, options, strict=True)]
    grads = torch.zeros_like(places)
    for (first, _), grad in zip(parts, grads, strict=True):
        first.grad = grad[:2]
    for t in range(100):
        grads.copy_(torch.tanh(places @ matrix.T - b) @ matrix / len(b))
        if t % 3 != 1:
            for (_, rest), grad in zip(parts, grads, strict=True):
                rest.grad = None if t % 3 == 2 else grad[2:]
        for optimizer in optimizers:
            optimizer.step()
    return places


@pytest.mark.parametrize("maximize", [False, True])
@EACH
def test_hundred_steps_equal_pytorch_for_every_combination(name, maximize):
    problem = some_problems()[maximize]
    options = [each for each in combinations(name) if each["maximize"] == maximize]
    assert len(options) == len(combinations(name)) / 2
    ends = [hundred_steps_of_each(build, options, *problem) for build in both(name)]
    for each, one, other in zip(options, *ends, strict=True):
        # The difference in `centered` loses digits on both sides.
        tolerance = 1e-11 if each.get("centered") else 1e-13
        assert deviation(one, other) <= tolerance, each


#: Options that say how PyTorch computes, not what.
LEFT_OUT = {"foreach", "fused", "capturable", "differentiable"}
#: AdamW is the other way of this one, and has a class of its own.
LEFT_OUT |= {"decoupled_weight_decay"}


@EACH
def test_combinations_have_every_option_of_pytorch_as_usual_and_otherwise(name):
    """As usual is the default, or 0; the rate is always the same."""
    asked = inspect.signature(getattr(torch.optim, name)).parameters
    tried = combinations(name)
    assert set(tried[0]) == set(asked) - LEFT_OUT - {"params"}
    for option in set(tried[0]) - {"lr"}:
        values = {each[option] for each in tried}
        assert len(values) > 1, option
        assert values & {asked[option].default, 0}, option


def test_rows_of_the_table_try_options_that_matter():
    for check in agreement_checks()[:5]:
        (problem,) = check.cases
        ends = check.ours(*problem)
        assert len(ends) > 2
        assert len({tuple(end.flatten().tolist()) for end in ends}) > len(ends) / 2


@EACH
def test_hundred_steps_of_each_are_the_hundred_steps_of_one(name):
    problem = some_problems()[0]
    options = combinations(name)[1::9]
    rows = hundred_steps_of_each(both(name)[0], options, *problem)
    for row, each in zip(rows, options, strict=True):
        alone = hundred_steps(both(name)[0], *problem, **each)
        assert torch.allclose(row, alone, rtol=1e-10, atol=0)


@EACH
def test_defaults_names_and_order_are_those_of_pytorch(name):
    ours, theirs = (inspect.signature(each).parameters for each in both(name))
    kept = {k: v.default for k, v in theirs.items() if k not in LEFT_OUT}
    assert {k: v.default for k, v in ours.items()} == kept
    positional = [k for k in ours if ours[k].kind is ours[k].POSITIONAL_OR_KEYWORD]
    assert positional == [k for k in kept if k in positional]


def test_defaults_of_what_all_share_are_those_of_sgd():
    shared = inspect.signature(optimizers.Optimizer).parameters
    usual = inspect.signature(torch.optim.SGD).parameters
    assert {k: v.default for k, v in shared.items()} == {
        k: usual[k].default for k in shared
    }


@EACH
def test_hundred_steps_with_all_defaults_equal_pytorch(name):
    for problem in some_problems():
        one, other = (hundred_steps(each, *problem) for each in both(name))
        assert deviation(one, other) <= 1e-14


@EACH
def test_float32_equals_pytorch_and_stays_float32(name):
    rng = torch.Generator().manual_seed(1)
    start = [torch.randn(3, 2, generator=rng), torch.randn((), generator=rng)]
    grads = [[torch.randn(p.shape, generator=rng) for p in start] for _ in range(100)]
    ours, theirs = (walk(each, grads, start) for each in both(name))
    assert all(each.dtype == torch.float32 for each in ours)
    assert same(ours, theirs, 1e-4)


@EACH
def test_parameter_that_is_not_contiguous_equals_pytorch(name):
    ends = []
    for build in both(name):
        table = torch.ones(2, 3, dtype=F64).T.requires_grad_()
        assert not table.is_contiguous()
        optimizer = build([table], lr=0.1)
        for _ in range(5):
            table.grad = torch.arange(6, dtype=F64).reshape(2, 3).T
            optimizer.step()
        ends.append(table.detach())
    assert torch.allclose(*ends, rtol=1e-14, atol=0)


@EACH
@pytest.mark.parametrize("size", [1e-300, 1e-30, 1e-8, 1e8, 1e150, math.inf, math.nan])
def test_extreme_gradients_equal_pytorch(name, size):
    grads = [[torch.tensor([size, -size, 1.0, 0.0], dtype=F64)] for _ in range(3)]
    start = [torch.tensor([1.0, 2.0, 0.0, -1.0], dtype=F64)]
    ours, theirs = (walk(each, grads, start, lr=0.07) for each in both(name))
    assert same(ours, theirs, 1e-12)


@EACH
@pytest.mark.parametrize("eps", [0.0, 1e-8])
def test_gradient_of_zero_equals_pytorch(name, eps):
    options = {} if name == "SGD" else {"eps": eps}
    grads = [[torch.zeros(2, dtype=F64)]] * 3
    start = [torch.ones(2, dtype=F64)]
    ours, theirs = (walk(each, grads, start, **options) for each in both(name))
    assert same(ours, theirs, 1e-14)


@EACH
def test_empty_parameter_is_left_empty(name):
    param = torch.zeros(0, requires_grad=True)
    optimizer = both(name)[0]([param])
    param.grad = torch.zeros(0)
    optimizer.step()
    assert param.shape == (0,)


@EACH
def test_rate_of_zero_moves_nothing(name):
    problem = some_problems()[0]
    assert torch.equal(hundred_steps(both(name)[0], *problem, lr=0.0), problem[2])


@EACH
def test_parameter_without_gradient_is_skipped_with_its_state(name):
    ours, theirs = both(name)
    one = torch.ones(1, dtype=F64)
    grads = [[one, None], [one, one], [None, one], [one, None]]
    start = [one, one]
    assert same(walk(ours, grads, start), walk(theirs, grads, start), 1e-15)
    moved = walk(ours, [[one, None]], start)
    assert moved[1] == 1
    assert moved[0] < 1


@EACH
def test_rate_changed_on_the_way_equals_pytorch(name):
    ours, theirs = both(name)
    ends = []
    for build in (ours, theirs):
        param = leaf(1.0, -2.0)
        optimizer = build([param], lr=0.07)
        for t in range(20):
            rate = 0.07 / (1 + t)
            if build is ours:
                optimizer.lr = rate
            else:
                optimizer.param_groups[0]["lr"] = rate
            param.grad = param.detach() ** 3
            optimizer.step()
        ends.append(param.detach())
    assert torch.allclose(*ends, rtol=1e-13, atol=0)


@pytest.mark.parametrize("momentum", [0.9, 1.0])
@pytest.mark.parametrize("name", ["SGD", "RMSprop"])
def test_rate_changed_on_the_way_with_momentum_equals_pytorch(name, momentum):
    ours, theirs = both(name)
    ends = []
    for build in (ours, theirs):
        param = leaf(1.0, -2.0)
        optimizer = build([param], lr=0.07, momentum=momentum)
        for t in range(20):
            rate = 0.07 / (1 + t)
            if build is ours:
                optimizer.lr = rate
            else:
                optimizer.param_groups[0]["lr"] = rate
            param.grad = param.detach() ** 3 / 10
            optimizer.step()
        ends.append(param.detach())
    assert torch.allclose(*ends, rtol=1e-13, atol=0)


@EACH
def test_state_does_not_share_the_memory_of_the_gradient(name):
    """`backward` adds to `.grad` in place when nobody has cleared it."""
    options = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    ends = []
    for build in both(name):
        param = leaf(1.0)
        memory = param.data_ptr()
        optimizer = build([param], lr=0.1, **options)
        param.grad = torch.ones(1, dtype=F64)
        for _ in range(3):
            optimizer.step()
            param.grad += 1.0
        ends.append(param.detach())
        assert param.data_ptr() == memory
    assert torch.allclose(*ends, rtol=1e-14, atol=0)


@EACH
def test_maximize_is_minimizing_the_negative(name):
    ours = both(name)[0]
    grads = [[torch.tensor([1.0, -3.0], dtype=F64)], [leaf(2.0, 1.0).detach()]]
    minus = [[-grad] for (grad,) in grads]
    start = [torch.ones(2, dtype=F64)]
    up = walk(ours, grads, start, maximize=True, weight_decay=0.1)
    down = walk(ours, minus, start, weight_decay=0.1)
    assert same(up, down, 1e-15)


@EACH
def test_step_leaves_the_gradient_and_the_record_alone(name):
    param = leaf(1.0)
    optimizer = both(name)[0]([param], weight_decay=0.1, maximize=True)
    param.grad = torch.tensor([2.0], dtype=F64)
    optimizer.step()
    optimizer.step()
    assert param.grad.tolist() == [2.0]
    assert param.is_leaf
    assert param.requires_grad


# zero_grad


@EACH
def test_zero_grad_makes_none_or_zeros(name):
    with_grad, without = leaf(1.0), leaf(1.0)
    optimizer = both(name)[0]([with_grad, without])
    with_grad.grad = held = torch.ones(1, dtype=F64)
    optimizer.zero_grad(set_to_none=False)
    assert with_grad.grad.tolist() == [0.0]
    assert held.tolist() == [0.0]
    assert without.grad is None
    optimizer.zero_grad()
    assert with_grad.grad is None


@EACH
def test_zeros_in_place_of_none_move_on_as_in_pytorch(name):
    ends = []
    for build in both(name):
        param = leaf(1.0)
        optimizer = build([param], lr=0.1)
        for _ in range(5):
            param.grad = torch.ones(1, dtype=F64)
            optimizer.step()
            optimizer.zero_grad(set_to_none=False)
            optimizer.step()
        ends.append(param.detach())
    assert torch.allclose(*ends, rtol=1e-14, atol=0)


# What each is for


def test_steady_slope_makes_momentum_ten_times_as_fast():
    param = leaf(0.0)
    optimizer = SGD([param], lr=0.1, momentum=0.9)
    for _ in range(300):
        before = param.item()
        param.grad = torch.ones(1, dtype=F64)
        optimizer.step()
    assert before - param.item() == pytest.approx(0.1 / (1 - 0.9))


def ends_beside(limit, steps, **options):
    """How far SGD is from 0 with lr times curvature 2 % below the limit and above."""
    param, curvatures = leaf(1.0, 1.0), torch.tensor([0.98, 1.02], dtype=F64)
    optimizer = SGD([param], lr=limit, **options)
    for _ in range(steps):
        param.grad = curvatures * param.detach()
        optimizer.step()
    return param.abs().tolist()


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_momentum_raises_the_limit_on_a_bowl(momentum):
    below, above = ends_beside(2 * (1 + momentum), 3000, momentum=momentum)
    assert below < 1e-6
    assert above > 1e6


@pytest.mark.parametrize("momentum", [0.5, 0.9])
def test_nesterov_lowers_the_limit_on_a_bowl(momentum):
    limit = 2 * (1 + momentum) / (1 + 2 * momentum)
    below, above = ends_beside(limit, 1000, momentum=momentum, nesterov=True)
    assert below < 1e-3
    assert above > 1e3


@pytest.mark.parametrize("build", [Adagrad, Adam])
@given(st.floats(1e-3, 1e3), st.floats(1e-2, 1e2))
@settings(max_examples=30)
def test_path_does_not_depend_on_the_unit_of_the_loss(build, scale, curvature):
    def path(unit):
        param = leaf(1.0)
        optimizer = build([param], lr=0.1, eps=0.0)
        for _ in range(10):
            param.grad = unit * curvature * (param.detach() - 7)
            optimizer.step()
        return param.item()

    assert path(scale) == pytest.approx(path(1.0), rel=1e-9)


@given(st.floats(1e-3, 1e3))
@settings(max_examples=30)
def test_first_step_of_adam_is_the_rate_whatever_the_slope(slope):
    param = leaf(0.0)
    optimizer = Adam([param], lr=0.1, eps=0.0)
    param.grad = torch.tensor([slope], dtype=F64)
    optimizer.step()
    assert param.item() == pytest.approx(-0.1, rel=1e-12)


@given(st.integers(1, 200), st.floats(0.0, 0.99))
@settings(max_examples=20)
def test_blend_from_zero_falls_short_by_the_bias(t, beta):
    average = torch.zeros(1, dtype=F64)
    for _ in range(t):
        average = blend(average, torch.ones(1, dtype=F64), beta)
    assert average.item() == pytest.approx(1 - beta**t, rel=1e-9)


def test_adamw_without_decay_is_adam_and_sgd_knows_no_difference():
    problem = some_problems()[0]
    one = hundred_steps(Adam, *problem, lr=0.05)
    other = hundred_steps(AdamW, *problem, lr=0.05, weight_decay=0.0)
    assert torch.equal(one, other)


def test_centered_rmsprop_of_one_gradient_for_ever_can_divide_by_rounding():
    """The spread of equal gradients is 0 up to rounding, here and in PyTorch."""
    grads = [[torch.tensor([0.1], dtype=F64)]] * 300
    start = [torch.ones(1, dtype=F64)]
    for build in (RMSprop, torch.optim.RMSprop):
        last = walk(build, grads, start, centered=True, alpha=0.5)[-1]
        assert last.isnan() or last.abs() > 100


@pytest.mark.parametrize(("amsgrad", "end"), [(False, 1.0), (True, -1.0)])
def test_example_of_reddi_kale_and_kumar(amsgrad, end):
    big = 3.0
    param = leaf(0.0)
    betas = (0.0, 1 / (1 + big**2))
    optimizer = Adam([param], lr=0.1, betas=betas, amsgrad=amsgrad)
    for t in range(1, 3001):
        optimizer.lr = 0.1 / t**0.5
        param.grad = torch.tensor([big if t % 3 == 1 else -1.0], dtype=F64)
        optimizer.step()
        with torch.no_grad():
            param.clamp_(-1, 1)
    assert param.item() == pytest.approx(end, abs=0.05)


# Schedules


@pytest.mark.parametrize("start", [1.0, 0.2, 1e-6])
@pytest.mark.parametrize("end", [1.0, 0.0])
@pytest.mark.parametrize("total", [1, 5])
def test_linear_equals_pytorch(start, end, total):
    options = {"start_factor": start, "end_factor": end, "total_iters": total}
    theirs = torch_rates(SCHEDULES.LinearLR, 12, **options)
    assert torch.allclose(our_rates(linear_lr, 12, **options), theirs, rtol=1e-9)


@pytest.mark.parametrize("options", [{"step_size": 1}, {"step_size": 4, "gamma": 2.0}])
def test_step_equals_pytorch(options):
    theirs = torch_rates(SCHEDULES.StepLR, 12, **options)
    ours = our_rates(step_lr, 12, **options)
    assert torch.allclose(ours, theirs, rtol=1e-13, atol=0)


@pytest.mark.parametrize("options", [{"T_max": 1}, {"T_max": 7, "eta_min": 0.02}])
def test_cosine_equals_pytorch_also_after_its_end(options):
    theirs = torch_rates(SCHEDULES.CosineAnnealingLR, 30, **options)
    ours = our_rates(cosine_annealing_lr, 30, **options)
    assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (step_lr, SCHEDULES.StepLR),
        (cosine_annealing_lr, SCHEDULES.CosineAnnealingLR),
        (linear_lr, SCHEDULES.LinearLR),
    ],
)
def test_schedules_have_the_names_and_defaults_of_pytorch(ours, theirs):
    mine, wanted = (inspect.signature(each).parameters for each in (ours, theirs))
    kept = {k: v.default for k, v in wanted.items()}
    kept = {k: v for k, v in kept.items() if k not in ("optimizer", "last_epoch")}
    assert {k: v.default for k, v in mine.items() if k not in ("lr", "t")} == kept


# Conventions


def test_forms_of_the_books_in_one_step_by_hand():
    one = torch.ones(1, dtype=F64)

    def after(rule, size, **options):
        return rule(one, 1, {"slope": lambda p: size + 0 * p}, **options).item()

    half = 1 - 0.1 / math.sqrt(2)
    assert after(eps_inside, 1e-3) == pytest.approx(half, abs=1e-12)
    root = math.sqrt(1e-9)
    hat = 1 - 0.05 * math.sqrt(1e-3) / 0.1 * 1e-4 / (root + 1e-4)
    assert after(adam_rule, 1e-3, hat=True) == pytest.approx(hat, abs=1e-9)
    assert after(adam_rule, 0.0, decay=0.1) == pytest.approx(0.9, abs=1e-15)


def test_amsgrad_of_the_book_keeps_the_largest_average():
    one = torch.ones(1, dtype=F64)
    memory = {"slope": lambda p: 10 + 0 * p}
    adam_rule(one, 1, memory, correct=False, most=True)
    largest = memory["h"].clone()
    memory["slope"] = lambda p: 1e-3 + 0 * p
    adam_rule(one, 2, memory, correct=False, most=True)
    assert memory["most"].equal(largest)
    assert memory["h"] < largest


@pytest.mark.parametrize(
    "convention", optimizer_conventions(), ids=lambda convention: convention.name
)
def test_book_and_pytorch_differ_as_the_table_says(convention):
    (row,) = measure([convention])
    assert row.ok, row.gap
    if row.convention.same:
        assert row.gap < 1e-13
    else:
        assert row.gap > 1e-8


def test_conventions_fit_a_phone():
    for row in optimizer_conventions():
        assert max(len(row.book_form), len(row.torch_form)) <= 38
        assert len(row.name) <= 36


def test_claim_that_does_not_hold_is_found():
    one = torch.ones(1)
    rows = [
        Convention("equal", "a", "b", lambda: one, lambda: one),
        Convention("apart", "a", "b", lambda: one, lambda: 2 * one, same=True),
    ]
    assert [row.ok for row in measure(rows)] == [False, False]


def test_conventions_refuse_long_forms_and_names_given_twice():
    one = Convention("a", "x" * 41, "b", lambda: torch.ones(1), lambda: torch.ones(1))
    with pytest.raises(ValueError, match="forms of 40 letters, got 41"):
        measure([one])
    with pytest.raises(ValueError, match="names must differ"):
        measure([one, one])


def test_gap_of_nan_is_infinite():
    nan = torch.tensor([math.nan])
    assert largest_gap(nan, nan) == math.inf


# Bad input

P = leaf(1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SGD([]), "at least one tensor"),
        (lambda: SGD([P], lr=-0.1), "lr must be at least 0, got -0.1"),
        (lambda: SGD([P], lr=math.nan), "lr must be at least 0, got nan"),
        (lambda: SGD([P], momentum=-0.5), "momentum must be at least 0"),
        (lambda: SGD([P], weight_decay=-1), "weight_decay must be at least 0"),
        (lambda: SGD([P], nesterov=True), "nesterov needs momentum > 0"),
        (
            lambda: SGD([P], momentum=0.9, dampening=0.1, nesterov=True),
            "got momentum 0.9, dampening 0.1",
        ),
        (lambda: Adagrad([P], lr_decay=-1), "lr_decay must be"),
        (lambda: Adagrad([P], eps=-1), "eps must be"),
        (lambda: Adagrad([P], initial_accumulator_value=-1), "initial_accumulator"),
        (lambda: RMSprop([P], alpha=1.0), "alpha must be at least 0 and less"),
        (lambda: RMSprop([P], eps=-1e-8), "eps must be at least 0"),
        (lambda: RMSprop([P], momentum=-1), "momentum must be"),
        (lambda: Adam([P], betas=(1.0, 0.9)), r"betas\[0\] must be at least 0"),
        (lambda: Adam([P], betas=(0.9, -0.1)), r"betas\[1\] must be at least 0"),
        (lambda: Adam([P], betas=(0.9,)), "betas must be two numbers"),
        (lambda: Adam([P], betas=0.9), "betas must be two numbers, got 0.9"),
        (lambda: AdamW([P], eps=-1), "eps must be"),
        (lambda: AdamW([P], weight_decay=-1), "weight_decay must be"),
        (lambda: step_lr(0.1, 1, step_size=0), "step_size must be at least 1"),
        (lambda: step_lr(0.1, -1, step_size=2), "t must be at least 0"),
        (lambda: step_lr(-0.1, 1, step_size=2), "lr must be at least 0"),
        (lambda: cosine_annealing_lr(0.1, 1, T_max=0), "T_max must be at least 1"),
        (lambda: cosine_annealing_lr(0.1, 1, 5, -1.0), "eta_min must be"),
        (lambda: cosine_annealing_lr(0.1, -1, 5), "t must be"),
        (lambda: cosine_annealing_lr(-0.1, 1, 5), "lr must be"),
        (lambda: linear_lr(-0.1, 1), "lr must be"),
        (lambda: linear_lr(0.1, -1), "t must be"),
        (lambda: linear_lr(0.1, 1, 0.5, -0.5), "both factors must be"),
        (lambda: linear_lr(0.1, 1, 0.0), "start_factor above 0, got start_factor 0.0"),
        (lambda: linear_lr(0.1, 1, 0.5, 1.5), "both factors must be"),
        (lambda: linear_lr(0.1, 1, 1.5), "both factors must be"),
        (lambda: linear_lr(0.1, 1, total_iters=0), "total_iters must be"),
    ],
)
def test_bad_values_say_what_is_wanted(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_optimizer_without_a_rule_cannot_step():
    optimizer = Optimizer([P])
    P.grad = torch.ones(1, dtype=F64)
    with pytest.raises(NotImplementedError):
        optimizer.step()
