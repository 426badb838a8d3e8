"""The marker of the exercises on activations."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F


def gradient(function, z):
    leaf = z.detach().clone().requires_grad_()
    return torch.autograd.grad(function(leaf).sum(), leaf)[0]


def assert_close(got, wanted, what):
    same = torch.allclose(got, wanted, rtol=1e-5, atol=1e-6, equal_nan=True)
    assert same, f"{what}: got {got.tolist()}, wanted {wanted.tolist()}"


@pytest.mark.exercise(
    1,
    "How many layers until nothing is left?",
    hint="Multiply 1 by the slope, again and again, and count.",
)
def test_layers_until_lost(answers):
    wanted = {(0.25, 1e-6): 10, (0.5, 1e-3): 10, (0.9, 0.01): 44, (0.5, 0.5): 2}
    for (slope, factor), layers in wanted.items():
        got = answers.layers_until_lost(slope, factor)
        assert got == layers, f"({slope}, {factor}): got {got}, wanted {layers}"


@pytest.mark.exercise(
    2,
    "Two layers are one",
    hint="Put z1 = W1 x + b1 into W2 z1 + b2 and collect what multiplies x.",
)
def test_merge(answers):
    rng = torch.Generator().manual_seed(4)
    shapes = (5, 3), (5,), (2, 5), (2,)
    parts = [torch.randn(shape, generator=rng).double() for shape in shapes]
    weight1, bias1, weight2, bias2 = parts
    x = torch.randn(7, 3, generator=rng).double()
    weight, bias = answers.merge(*parts)
    assert weight.shape == (2, 3), f"weight {tuple(weight.shape)}, wanted (2, 3)"
    assert bias.shape == (2,), f"bias {tuple(bias.shape)}, wanted (2,)"
    two = (x @ weight1.T + bias1) @ weight2.T + bias2
    assert_close(x @ weight.T + bias, two, "the merged layer")


@pytest.mark.exercise(
    3,
    "A newcomer: mish",
    hint="Far to the right softplus is the line; keep exp away from there.",
)
def test_mish(answers):
    for dtype in (torch.float32, torch.float64):
        z = torch.tensor([-1e4, -30, -1, 0, 1, 5, 30, 100, 1e4], dtype=dtype)
        assert_close(answers.mish(z), F.mish(z), "value")
        got, wanted = gradient(answers.mish, z), gradient(F.mish, z)
        assert_close(got, wanted, "gradient")


@pytest.mark.exercise(
    4,
    "The logarithm of a sigmoid",
    hint="log s(z) = z - log(1 + exp(z)) = -log(1 + exp(-z)): which one, where?",
)
def test_log_sigmoid(answers):
    for dtype in (torch.float32, torch.float64):
        z = torch.tensor([-1e4, -200, -1, 0, 1, 40, 1e4], dtype=dtype)
        assert_close(answers.log_sigmoid(z), F.logsigmoid(z), "value")
        got, wanted = gradient(answers.log_sigmoid, z), gradient(F.logsigmoid, z)
        assert_close(got, wanted, "gradient")


@pytest.mark.exercise(
    5,
    "A root without poison",
    hint="Choose the input of sqrt first, then choose between the results.",
)
def test_safe_sqrt(answers):
    z = torch.tensor([-4.0, 0.0, 0.25, 4.0, 100.0])
    wanted = torch.tensor([0.0, 0.0, 0.5, 2.0, 10.0])
    assert_close(answers.safe_sqrt(z), wanted, "value")
    slopes = torch.tensor([0.0, 0.0, 1.0, 0.25, 0.05])
    assert_close(gradient(answers.safe_sqrt, z), slopes, "gradient")


@pytest.mark.exercise(
    6,
    "The gain that keeps a signal alive",
    hint="z' is a sum of n terms of variance gain^2 / n times the mean of f(z)^2.",
)
def test_gain(answers):
    wanted = {
        "relu": (torch.relu, math.sqrt(2)),
        "tanh": (torch.tanh, 1.5925),
        "sigmoid": (torch.sigmoid, 1.8462),
        "3 z": (lambda z: 3 * z, 1 / 3),
    }
    for name, (function, factor) in wanted.items():
        got = answers.gain(function)
        message = f"{name}: got {got}, wanted {factor:.4f} within 1 in 100"
        assert got == pytest.approx(factor, rel=0.01), message


@pytest.mark.exercise(
    7,
    "One of your own",
    hint="Mix a line, which never dies, with something that bends.",
)
def test_my_activation(answers):
    f = answers.my_activation
    z = torch.linspace(-10, 10, 2001, dtype=torch.float64)
    slope = gradient(f, z)
    assert f(torch.zeros(1, dtype=torch.float64)).abs() < 1e-6, "it must send 0 to 0"
    low, high = slope.min().item(), slope.max().item()
    assert low >= 0.05, f"its smallest slope is {low}, wanted at least 0.05"
    assert high <= 1.0, f"its largest slope is {high}, wanted at most 1"
    assert high - low >= 0.5, f"it hardly bends: slopes from {low} to {high}"
    jump = slope.diff().abs().max().item()
    assert jump <= 0.02, f"it has a kink: the slope jumps by {jump}"
    far = torch.tensor([-1e4, 1e4])
    assert f(far).isfinite().all(), "its value must be finite at 1e4 in float32"
    ends = gradient(f, far)
    assert (ends > 0.01).all(), f"slopes at -1e4 and 1e4 are {ends.tolist()}"
    rows = torch.zeros(2, 3, dtype=torch.float64)
    assert f(rows).shape == (2, 3), "it must keep the shape of its input"
    leaf = z[::200].clone().requires_grad_()
    assert torch.autograd.gradcheck(f, (leaf,)), "its gradient must be right"
