"""The marker of the exercises on activations."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F


def gradient(function, z):
    leaf = z.detach().clone().requires_grad_()
    return torch.autograd.grad(function(leaf).sum(), leaf)[0]


def assert_close(got, wanted, z, what, rtol=1e-5, atol=1e-6):
    assert got.shape == wanted.shape, (
        f"{what}: got shape {tuple(got.shape)}, wanted {tuple(wanted.shape)}"
    )
    near = torch.isclose(got, wanted.to(got), rtol=rtol, atol=atol, equal_nan=True)
    for at, mine, theirs, ok in zip(
        z.flatten(), got.flatten(), wanted.flatten(), near.flatten(), strict=True
    ):
        assert ok, f"{what} at {at:g}: got {mine:.8g}, wanted {theirs:.8g}"


def forbid(monkeypatch, *names):
    """Let the functions of `torch.nn.functional` with these names fail."""

    def refuse(*args, **kwargs):
        pytest.fail(f"write it without {' and '.join(names)} of torch.nn.functional")

    for name in names:
        monkeypatch.setattr(F, name, refuse)


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
    "The same network in sigmoids",
    hint="Put 2 sigmoid(2 z) - 1 for tanh(z) and open the brackets.",
)
def test_in_sigmoids(answers):
    def network(f, x, weight1, bias1, weight2, bias2):
        return f(x @ weight1.T + bias1) @ weight2.T + bias2

    rng = torch.Generator().manual_seed(4)
    for inputs, hidden, outputs in ((3, 5, 2), (1, 4, 4), (2, 1, 3)):
        wanted = (hidden, inputs), (hidden,), (outputs, hidden), (outputs,)
        parts = [torch.randn(shape, generator=rng).double() for shape in wanted]
        got = answers.in_sigmoids(*parts)
        shapes = tuple(tuple(part.shape) for part in got)
        assert shapes == wanted, f"got the shapes {shapes}, wanted {wanted}"
        x = torch.randn(7, inputs, generator=rng).double()
        gap = network(torch.tanh, x, *parts) - network(torch.sigmoid, x, *got)
        gap = gap.abs().max().item()
        said = f"with {hidden} hidden neurons the answers differ by up to {gap:.2g}"
        assert gap < 1e-9, said


@pytest.mark.exercise(
    3,
    "The logarithm of a sigmoid",
    hint="log s(z) = z - log(1 + exp(z)) = -log(1 + exp(-z)): which one, where?",
)
def test_log_sigmoid(answers, monkeypatch):
    wanted = {}
    for dtype in (torch.float32, torch.float64):
        z = torch.tensor([-1e4, -200, -1, 0, 1, 12, 20, 40, 1e4], dtype=dtype)
        wanted[dtype] = z, F.logsigmoid(z), gradient(F.logsigmoid, z)
    forbid(monkeypatch, "logsigmoid", "softplus")
    for z, value, slope in wanted.values():
        digits = {"rtol": 1e-5, "atol": 0}
        assert_close(answers.log_sigmoid(z), value, z, "value", **digits)
        assert_close(gradient(answers.log_sigmoid, z), slope, z, "gradient", **digits)


@pytest.mark.exercise(
    4,
    "Straight pieces",
    hint="At each point the slope has to change: by how much? One ReLU does that.",
)
def test_straight_pieces(answers):
    def target(x):
        return torch.sin(x) + 0.3 * x

    low, high = 1.0, 5.0
    for steps in (1, 4, 9):
        curve = answers.straight_pieces(target, steps, low, high)
        x = torch.linspace(low, high, 4 * steps + 1, dtype=torch.float64)
        knots = target(x[::4])
        got = curve(x)
        what = f"{steps} pieces"
        assert got.shape == x.shape, f"{what}: got shape {tuple(got.shape)}"
        assert_close(got[::4], knots, x[::4], f"{what}, a point of the curve")
        middle = (knots[1:] + knots[:-1]) / 2
        assert_close(got[2::4], middle, x[2::4], f"{what}, middle of a piece")
    slope = (knots[-1] - knots[-2]) * steps / (high - low)
    beyond = torch.tensor([high + 1.0], dtype=torch.float64)
    assert_close(curve(beyond), (knots[-1] + slope)[None], beyond, "beyond the end")
    x = torch.linspace(low, high, 7)
    assert curve(x).dtype == torch.float32, "float32 in, float32 out"


@pytest.mark.exercise(
    5,
    "The gain that keeps a signal alive",
    hint="z' is a sum of n terms of variance gain^2 / n times the mean of f(z)^2.",
)
def test_gain(answers):
    wanted = {
        "relu": (torch.relu, math.sqrt(2)),
        "tanh": (torch.tanh, 1.592537),
        "sigmoid": (torch.sigmoid, 1.846227),
        "3 z": (lambda z: 3 * z, 1 / 3),
    }
    for name, (function, factor) in wanted.items():
        got = answers.gain(function)
        message = f"{name}: got {got}, wanted {factor:.5f} within 1 in 10000"
        assert got == pytest.approx(factor, rel=1e-4), message


@pytest.mark.exercise(
    6,
    "One of your own",
    hint="Mix a line, which never dies, with something that bends.",
)
def test_my_activation(answers):
    f = answers.my_activation
    step = 1e-3
    z = torch.linspace(-10, 10, 20001, dtype=torch.float64)
    slope = gradient(f, z)
    assert f(torch.zeros(1, dtype=torch.float64)).abs() < 1e-6, "it must send 0 to 0"
    low, high = slope.min().item(), slope.max().item()
    assert low >= 0.05 - 1e-9, f"its smallest slope is {low}, wanted at least 0.05"
    assert high <= 1.0 + 1e-9, f"its largest slope is {high}, wanted at most 1"
    assert high - low >= 0.5, f"it hardly bends: slopes from {low} to {high}"
    jumps = slope.diff().abs()
    jump, place = jumps.max().item(), z[jumps.argmax()].item()
    closer = torch.linspace(place - step, place + 2 * step, 31, dtype=torch.float64)
    still = gradient(f, closer).diff().abs().max().item()
    kink = f"it has a kink near {place:.3f}: the slope jumps by {still}"
    assert still <= max(0.5 * jump, 1e-6), kink
    far = torch.tensor([-1e4, 1e4])
    assert f(far).isfinite().all(), "its value must be finite at 1e4 in float32"
    ends = gradient(f, far)
    assert (ends > 0.01).all(), f"slopes at -1e4 and 1e4 are {ends.tolist()}"
    rows = torch.zeros(2, 3, dtype=torch.float64)
    assert f(rows).shape == (2, 3), "it must keep the shape of its input"
    leaf = z[::2000].clone().requires_grad_()
    assert torch.autograd.gradcheck(f, (leaf,)), "its gradient must be right"


@pytest.mark.exercise(
    7,
    "Larger than the spread?",
    hint="Compare the worst of the first list with the best of the second.",
)
def test_clearly_lower(answers):
    cases = [
        ([1.0, 2.0], [3.0, 4.0], True),
        ([3.0, 4.0], [1.0, 2.0], False),
        ([1.0, 3.0], [2.0, 9.0], False),
        ([5.0, 1.0, 2.0], [8.0, 6.0], True),
        ([1.0], [1.0], False),
    ]
    for first, second, wanted in cases:
        got = answers.clearly_lower(first, second)
        assert got == wanted, f"{first} and {second}: got {got}, wanted {wanted}"
