"""The marker of the exercises on gradient descent."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

T_C = torch.tensor([0.5, 14.0, 15.0, 28.0, 11.0, 8.0, 3.0, -4.0, 6.0, 13.0, 21.0])
T_U = torch.tensor([35.7, 55.9, 58.2, 81.9, 56.3, 48.9, 33.9, 21.8, 48.4, 60.4, 68.4])
T_C, T_U = T_C.double(), T_U.double()


def brief(value):
    """A number, or a tensor of a few, with five digits."""
    if isinstance(value, torch.Tensor):
        value = value.tolist()
    if isinstance(value, list):
        return "[" + ", ".join(map(brief, value)) + "]"
    return f"{value:.5g}" if isinstance(value, float) else repr(value)


def assert_close(got, wanted, what, rtol=1e-6):
    kind = type(got).__name__
    assert isinstance(got, torch.Tensor), f"{what}: got a {kind}, wanted a tensor"
    shapes = f"shape {tuple(got.shape)}, wanted {tuple(wanted.shape)}"
    assert got.shape == wanted.shape, f"{what}: {shapes}"
    same = torch.allclose(got.double(), wanted.double(), rtol=rtol, atol=1e-8)
    assert same, f"{what}: got {brief(got)}, wanted {brief(wanted)}"


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
        ([1.999, 0.3, 0.3], [1.0], [1.999, 0.3, 0.3]),
    ]
    for rates, curvatures, wanted in cases:
        got = answers.surviving(rates, curvatures)
        said = f"rates {rates}, curvatures {curvatures}"
        assert list(got) == wanted, f"{said}: got {got}, wanted {wanted}"


@pytest.mark.exercise(
    2,
    "Read the curve",
    hint="One run only rises, and one is still near 27 after 1,000 steps; the two "
    "that are left differ in their first few losses.",
)
def test_read_curves(answers):
    x = 0.1 * T_U
    columns = torch.stack([x, torch.ones_like(x)], dim=1)
    limit = 1 / torch.linalg.svdvals(columns)[0] ** 2 * len(x)
    printed = {"A": 11.89, "B": 30.43, "C": 2663.0, "D": 18.29}
    got = answers.read_curves()
    letters = f"got the letters {sorted(got)}, wanted {sorted(printed)}"
    assert sorted(got) == sorted(printed), letters
    for letter, wanted in printed.items():
        params = torch.tensor([1.0, 0.0], dtype=torch.float64)
        for _ in range(100):
            miss = columns @ params - T_C
            params = params - got[letter] * limit * 2 * columns.T @ miss / len(x)
        loss = F.mse_loss(columns @ params, T_C).item()
        said = f"{letter} at {got[letter]}: loss {loss:.4g} after 100 steps"
        shown = f"{said}, the page shows {wanted:.4g}"
        assert loss == pytest.approx(wanted, rel=0.01), shown


@pytest.mark.exercise(
    3,
    "The judge",
    hint="Compare each candidate with finite differences; the odd one out is wrong.",
)
def test_find_wrong(answers):
    def loss(p):
        return (p[0] ** 2 * p[1]).sin() + 3 * p[1] * p[2]

    def right(p):
        return autograd(loss, p)

    def by_hand(p):
        outer = (p[0] ** 2 * p[1]).cos()
        slopes = [2 * p[0] * p[1] * outer, p[0] ** 2 * outer + 3 * p[2], 3 * p[1]]
        return torch.stack(slopes)

    flips = [torch.ones(3).double() for _ in range(3)]
    for k, flip in enumerate(flips):
        flip[k] = -1.0 if k else 1.01
    for params in ([0.7, -0.4, 1.1], [-1.3, 0.2, 0.5]):
        params = torch.tensor(params, dtype=torch.float64)
        for wanted, flip in enumerate(flips):
            candidates = [right, by_hand]
            candidates.insert(wanted, lambda p, flip=flip: flip * right(p))
            got = answers.find_wrong(candidates, loss, params)
            assert got == wanted, f"got {got!r}, the wrong one is {wanted}"


@pytest.mark.exercise(
    4,
    "Sum in place of mean",
    hint="Summing multiplies every second slope by n.",
)
def test_sum_limit(answers):
    for x in (T_U, 0.1 * T_U, T_C, T_U[:4]):
        columns = torch.stack([x, torch.ones_like(x)], dim=1)
        wanted = 1 / torch.linalg.svdvals(columns)[0].item() ** 2
        got = answers.sum_limit(x)
        shown = f"{len(x)} readings: got {brief(got)}, wanted {brief(wanted)}"
        assert got == pytest.approx(wanted), shown


@pytest.mark.exercise(
    5,
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
    6,
    "Back to the raw scale",
    hint="Write (x - mean) / std for the input of the line and open the bracket.",
)
def test_raw_line(answers):
    for x in (T_U, 0.1 * T_U, T_C):
        standard = (x - x.mean()) / x.std(correction=0)
        for params in ([8.0, 10.5], [-1.0, 0.0]):
            params = torch.tensor(params, dtype=torch.float64)
            wanted = best_line(x, params[0] * standard + params[1])
            given = f"from {params.tolist()}"
            assert_close(answers.raw_line(params, x), wanted, given)


@pytest.mark.exercise(
    7,
    "A rate that looks before it leaps",
    hint="Compare the loss after the step with what half the predicted fall leaves.",
)
def test_backtrack(answers):
    calls = 0

    def loss(p):
        nonlocal calls
        calls += 1
        assert calls <= 200, "called the loss 200 times: does lr get smaller?"
        return F.mse_loss(p[0] * T_U + p[1], T_C)

    def gradient(p):
        return autograd(lambda q: F.mse_loss(q[0] * T_U + q[1], T_C), p)

    columns = torch.stack([T_U, torch.ones_like(T_U)], dim=1)
    for start in ([1.0, 0.0], [0.5, -17.0], [0.0, 0.0]):
        params = torch.tensor(start, dtype=torch.float64)
        grad = gradient(params)
        bowl = grad @ (2 * columns.T @ columns / len(T_U)) @ grad
        border = (grad @ grad / bowl).item()
        firsts = [1.0, 0.7, 0.3, border / 4]
        firsts += [border / share for share in (0.51, 0.55, 0.9, 0.99)]
        for first in firsts:
            wanted = first
            while wanted > border:
                wanted /= 2
            calls = 0
            got = answers.backtrack(loss, gradient, params, first)
            said = f"got {brief(got)}, wanted {brief(wanted)}"
            assert got == pytest.approx(wanted), f"from {start}, lr {first:.3g}: {said}"


@pytest.mark.exercise(
    8,
    "The minimum in one step",
    hint="The gradient is zero there: solve grad + H step = 0.",
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
    saddle = torch.tensor([[0.0, -1.6], [-1.6, 0.0]], dtype=torch.float64)
    params = torch.tensor([0.2, 0.1], dtype=torch.float64)
    got = answers.newton_step(params, saddle @ params, saddle)
    assert_close(got, torch.zeros(2), "near a saddle")
