"""The marker of the exercises on losses."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F


def numbers(*shape, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=rng, dtype=torch.float64)


@pytest.mark.exercise(
    1,
    "One number for everybody",
    hint="At the lowest place the pulls of all misses add up to zero.",
)
def test_best_constant(answers):
    lists = ([1.0, 2.0, 9.0], [4.0, -1.0, 3.0, 100.0, 5.0], [1.0, 2.0, 5.0, 30.0])
    for values in lists:
        target = torch.tensor(values, dtype=torch.float64)
        for squared, loss in ((True, F.mse_loss), (False, F.l1_loss)):
            got = torch.as_tensor(answers.best_constant(target, squared)).double()
            assert got.numel() == 1, f"wanted one number, got {got.numel()}"
            right = target.mean() if squared else target.median()
            low = loss(right.expand_as(target), target)
            mine = loss(got.reshape(()).expand_as(target), target)
            said = f"{values}, squared={squared}: {got.item()} has loss {mine:.6g}"
            assert mine <= low + 1e-9, f"{said}, another has {low:.6g}"


@pytest.mark.exercise(
    2,
    "Two classes, one score",
    hint="Softmax of two scores is the sigmoid of their difference.",
)
def test_two_scores(answers):
    far = torch.tensor([-800.0, 800.0], dtype=torch.float64)
    z = torch.cat([5 * numbers(38), far])
    got = answers.two_scores(z)
    assert isinstance(got, torch.Tensor), f"wanted a tensor, got {got!r:.60}"
    assert tuple(got.shape) == (40, 2), f"shape {tuple(got.shape)}, wanted (40, 2)"
    for t in (0, 1):
        target = torch.full((40,), t)
        one = F.binary_cross_entropy_with_logits(z, target.double(), reduction="none")
        two = F.cross_entropy(got, target, reduction="none")
        gap = (one - two).abs().max().item()
        worst = z[(one - two).abs().argmax()].item()
        message = (
            f"for targets {t} and score {worst:.6g} the losses differ by {gap:.2g}"
        )
        assert gap < 1e-9, message


@pytest.mark.exercise(
    3,
    "The floor of two softmaxes",
    hint="Put a row with one 1 and zeros into cross_entropy as scores.",
)
def test_floor_of_two_softmaxes(answers):
    for classes in (2, 3, 10, 1000):
        row = F.one_hot(torch.tensor([0]), classes).double()
        wanted = F.cross_entropy(row, torch.tensor([0])).item()
        got = answers.floor_of_two_softmaxes(classes)
        message = f"{classes} classes: got {got}, wanted {wanted:.6f}"
        assert float(got) == pytest.approx(wanted, rel=1e-6), message


@pytest.mark.exercise(
    4,
    "Rare classes",
    hint="Count the classes; a class of n_k examples shares out n / K among them.",
)
def test_balancing_weights(answers):
    for values, classes in (
        ([0, 0, 0, 1], 2),
        ([2, 0, 2, 2, 1, 2], 3),
        ([0, 3, 3], 5),
        ([1], 2),
    ):
        target = torch.tensor(values)
        got = answers.balancing_weights(target, classes)
        assert isinstance(got, torch.Tensor), f"wanted a tensor, got {got!r:.60}"
        said = f"{values}, {classes} classes: got {got.tolist()}"
        assert tuple(got.shape) == (classes,), f"{said}, wanted one weight a class"
        assert got.dtype == torch.float64, f"{said}, wanted float64"
        of_class = got * torch.bincount(target, minlength=classes)
        occur = sorted(set(values))
        wanted = len(values) / len(occur)
        for k in range(classes):
            right = wanted / values.count(k) if k in occur else 0.0
            total = of_class[k].item()
            message = f"{said}; class {k} weighs {total:.4g} in all"
            assert got[k].item() == pytest.approx(right, rel=1e-6), message


@pytest.mark.exercise(
    5,
    "A loss without corners",
    hint="cosh m = (exp(m) + exp(-m)) / 2: the logarithm of a sum of exponentials.",
)
def test_log_cosh_loss(answers):
    miss = [0.0, 0.125, 0.375, 0.5, -0.5, 1.0, 3.0, -4.0, 5.5, 7.0, -8.0, -20.0]
    for m in [*miss, 90.0, -1e4, 1e4]:
        input = torch.tensor([m + 1.0], requires_grad=True)
        target = torch.tensor([1.0])
        value = answers.log_cosh_loss(input, target)
        assert value.dim() == 0, f"shape {tuple(value.shape)}, wanted ()"
        exact = abs(m) + math.log1p(math.exp(-2 * abs(m))) - math.log(2)
        message = f"miss {m}: got {value.item()}, wanted {exact:.6g}"
        assert value.item() == pytest.approx(exact, rel=2e-6, abs=2e-6), message
        (slope,) = torch.autograd.grad(value, input)
        message = f"slope at miss {m}: got {slope.item()}, wanted {math.tanh(m):.6g}"
        assert slope.item() == pytest.approx(math.tanh(m), abs=2e-6), message
    both = torch.tensor([[0.0, 2.0], [1.0, -3.0]])
    got = answers.log_cosh_loss(both, torch.zeros(2, 2)).item()
    wanted = both.cosh().log().mean().item()
    assert got == pytest.approx(wanted, rel=1e-5), f"mean: got {got}, wanted {wanted}"


@pytest.mark.exercise(
    6,
    "A line that nine in ten lie below",
    hint="Too low costs share * (target - input); too high costs "
    "(1 - share) * (input - target).",
)
def test_pinball_loss(answers):
    input, target = numbers(5, 4), numbers(5, 4, seed=1)
    for share in (0.1, 0.5, 0.9):
        low, high = (target > input), (target < input)
        miss = (input - target).abs()
        wanted = (share * miss * low + (1 - share) * miss * high).mean().item()
        got = answers.pinball_loss(input, target, share)
        assert got.dim() == 0, f"shape {tuple(got.shape)}, wanted ()"
        message = f"share {share}: got {got.item():.6g}, wanted {wanted:.6g}"
        assert got.item() == pytest.approx(wanted, rel=1e-9), message
    leaf = input.clone().requires_grad_()
    (slope,) = torch.autograd.grad(20 * answers.pinball_loss(leaf, target, 0.9), leaf)
    right = torch.where(target > input, -0.9, 0.1).to(slope)
    assert torch.allclose(slope, right), "its slope should be -0.9 or 0.1 at each miss"


@pytest.mark.exercise(
    7,
    "How noisy, according to the readings?",
    hint="Write minus the logarithm of the likelihood and set its slope to zero.",
)
def test_best_spreads(answers):
    for seed in range(3):
        miss = (seed + 1) * numbers(30, seed=seed) + 0.3
        got = answers.best_spreads(miss)
        assert len(got) == 2, f"wanted a pair, got {got}"
        python = all(isinstance(each, float) for each in got)
        assert python, f"wanted Python floats, got {got}"
        laws = (torch.distributions.Normal, torch.distributions.Laplace)
        for spread, law in zip(got, laws, strict=True):
            best = -math.inf
            scales = torch.linspace(0.999, 1.001, 5, dtype=torch.float64) * spread
            totals = [law(0.0 * s, s).log_prob(miss).sum().item() for s in scales]
            best = max(range(5), key=totals.__getitem__)
            near = (
                f"{law.__name__}: {scales[best].item():.6g} is likelier than {spread}"
            )
            assert best == 2, near
