"""The marker of the exercises on gradient descent."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

T_C = torch.tensor([0.5, 14.0, 15.0, 28.0, 11.0, 8.0, 3.0, -4.0, 6.0, 13.0, 21.0])
T_U = torch.tensor([35.7, 55.9, 58.2, 81.9, 56.3, 48.9, 33.9, 21.8, 48.4, 60.4, 68.4])
T_C, T_U = T_C.double(), T_U.double()


def assert_close(got, wanted, what, rtol=1e-6):
    assert isinstance(got, torch.Tensor), f"{what}: got {got!r}, wanted a tensor"
    shapes = f"shape {tuple(got.shape)}, wanted {tuple(wanted.shape)}"
    assert got.shape == wanted.shape, f"{what}: {shapes}"
    same = torch.allclose(got.double(), wanted.double(), rtol=rtol, atol=1e-8)
    assert same, f"{what}: got {got.tolist()}, wanted {wanted.tolist()}"


def autograd(loss, params):
    leaf = params.clone().requires_grad_()
    return torch.autograd.grad(loss(leaf), leaf)[0]


def best_line(x, target):
    inputs = torch.stack([x, torch.ones_like(x)], dim=1)
    return torch.linalg.lstsq(inputs, target[:, None]).solution[:, 0]


@pytest.mark.exercise(
    1,
    "Which rates survive?",
    hint="Each direction multiplies its distance by 1 - rate * curvature.",
)
def test_surviving(answers):
    cases = [
        ([0.1, 0.5, 0.9, 1.5], [2.0, 1.0], [0.1, 0.5, 0.9]),
        ([0.1, 0.5, 1.0], [0.01, 4.0], [0.1]),
        ([3.0, -1.0, 0.0, 5.0], [0.5], [3.0]),
    ]
    for rates, curvatures, wanted in cases:
        got = answers.surviving(rates, curvatures)
        assert got == wanted, f"{rates}, {curvatures}: got {got}, wanted {wanted}"


@pytest.mark.exercise(
    2,
    "Sum in place of mean",
    hint="Summing multiplies every second slope by n.",
)
def test_sum_limit(answers):
    for x in (T_U, 0.1 * T_U, T_C, T_U[:4]):
        columns = torch.stack([x, torch.ones_like(x)], dim=1)
        wanted = 1 / torch.linalg.svdvals(columns)[0].item() ** 2
        got = answers.sum_limit(x)
        assert got == pytest.approx(wanted), f"got {got}, wanted {wanted}"


@pytest.mark.exercise(
    3,
    "A third parameter",
    hint="The miss is as before; ask what multiplies each parameter in it.",
)
def test_parabola_gradient(answers):
    rng = torch.Generator().manual_seed(3)
    for n in (1, 5, 11):
        params = torch.randn(3, generator=rng).double()
        x, target = torch.randn(2, n, generator=rng).double()

        def loss(p, x=x, target=target):
            return F.mse_loss(p[0] * x**2 + p[1] * x + p[2], target)

        got = answers.parabola_gradient(params, x, target)
        assert_close(got, autograd(loss, params), f"{n} readings")


@pytest.mark.exercise(
    4,
    "Back to the raw scale",
    hint="Write (x - mean) / std for the input of the line and open the bracket.",
)
def test_raw_line(answers):
    for x in (T_U, 0.1 * T_U, T_C):
        standard = (x - x.mean()) / x.std(correction=0)
        for params in ([8.0, 10.5], [-1.0, 0.0]):
            params = torch.tensor(params, dtype=torch.float64)
            w, b = answers.raw_line(params, x)
            predicted = params[0] * standard + params[1]
            assert_close(w * x + b, predicted, "predictions of the raw line")


@pytest.mark.exercise(
    5,
    "A rate that looks before it leaps",
    hint="Compare the loss after the step with what half the predicted fall leaves.",
)
def test_backtrack(answers):
    def loss(p):
        return F.mse_loss(p[0] * T_U + p[1], T_C)

    def gradient(p):
        return autograd(loss, p)

    for start in ([1.0, 0.0], [0.5, -17.0], [0.0, 0.0]):
        params = torch.tensor(start, dtype=torch.float64)
        got = answers.backtrack(loss, gradient, params, 1.0)
        grad = gradient(params)

        def falls(lr, params=params, grad=grad):
            wanted = loss(params) - lr / 2 * (grad**2).sum()
            return bool(loss(params - lr * grad) <= wanted)

        wanted = next(0.5**k for k in range(60) if falls(0.5**k))
        assert got == wanted, f"from {start}: got {got}, wanted {wanted}"
        small = answers.backtrack(loss, gradient, params, wanted / 4)
        kept = "a rate that is small enough is kept as it is"
        assert small == wanted / 4, f"{kept}: got {small}, wanted {wanted / 4}"


@pytest.mark.exercise(
    6,
    "The bottom in one step",
    hint="The gradient at the bottom is zero: solve grad + H step = 0.",
)
def test_newton_step(answers):
    for x in (T_U, 0.1 * T_U):
        columns = torch.stack([x, torch.ones_like(x)], dim=1)
        bowl = 2 * columns.T @ columns / len(x)
        for start in ([1.0, 0.0], [-30.0, 400.0]):
            params = torch.tensor(start, dtype=torch.float64)
            grad = autograd(lambda p, c=columns: F.mse_loss(c @ p, T_C), params)
            got = answers.newton_step(params, grad, bowl)
            assert_close(got, best_line(x, T_C), f"from {start}")


@pytest.mark.exercise(
    7,
    "Balance on the saddle",
    hint="Two starts that end in different minima have such a start between them.",
)
def test_lingering_start(answers):
    x = (T_U - T_U.mean()) / T_U.std(correction=0)
    target = 1.2 * torch.tanh(1.5 * x)

    def gradient(p):
        f = torch.tanh(p[0] * x)
        miss = p[1] * f - target
        slope_w = 2 * (miss * p[1] * (1 - f**2) * x).mean()
        return torch.stack([slope_w, 2 * (miss * f).mean()])

    params = answers.lingering_start(gradient)
    assert isinstance(params, torch.Tensor), f"got {params!r}, wanted a tensor"
    assert params.shape == (2,), f"got shape {tuple(params.shape)}, wanted (2,)"
    params = params.double()
    far = params.norm().item()
    assert far >= 0.5, f"the start is {far:.3f} from the saddle, wanted 0.5 or more"
    nearest = far
    for _ in range(200):
        params = params - 0.2 * gradient(params)
        nearest = min(nearest, params.norm().item())
    assert nearest < 0.001, f"came within {nearest:.1e} of it, wanted 0.001"
