"""The marker of the exercises on backpropagation."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from exercises.memory import Made
from neuralnet.backpropagation import Value, topological_order


def random(*shape, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=rng, dtype=torch.float64)


def assert_close(got, wanted, what, rtol=1e-9):
    assert isinstance(got, torch.Tensor), f"{what}: got {got!r}, wanted a tensor"
    shapes = f"shape {tuple(got.shape)}, wanted {tuple(wanted.shape)}"
    assert got.shape == wanted.shape, f"{what}: {shapes}"
    gap = (got.double() - wanted).abs().max().item() if got.numel() else 0.0
    same = torch.allclose(got.double(), wanted, rtol=rtol, atol=1e-12)
    assert same, f"{what}: off by up to {gap:.2g}"


@pytest.mark.exercise(
    1,
    "How many passes?",
    hint="One forward pass per input, one backward pass per output.",
)
def test_fewest_passes(answers):
    for inputs, outputs in [(1, 1), (2, 5), (1000, 1), (1, 64), (7, 7), (10, 9)]:
        forward = inputs < outputs
        wanted = ("forward", inputs) if forward else ("reverse", outputs)
        got = answers.fewest_passes(inputs, outputs)
        said = f"{inputs} inputs, {outputs} outputs: got {got!r}, wanted {wanted}"
        assert tuple(got) == wanted, said


@pytest.mark.exercise(
    2,
    "Who holds a gradient?",
    hint="Only leaves that require it, and only along paths on the record; "
    "`a` has three paths, and one of them is cut.",
)
def test_gradients_held(answers):
    tensors = {
        "a": torch.tensor(1.0, requires_grad=True),
        "b": torch.tensor(2.0),
        "d": torch.tensor(3.0, requires_grad=True),
        "f": torch.tensor(4.0, requires_grad=True),
    }
    a, b, d, f = tensors.values()
    c = a * b
    e = c.detach() * d
    loss = e + 3 * c + a + b * f.item()
    loss.backward()
    wanted = {n: t.grad.item() for n, t in tensors.items() if t.grad is not None}
    got = dict(answers.gradients_held())
    names = f"got the names {sorted(got)}, which is not all right"
    assert sorted(got) == sorted(wanted), names
    for name, slope in wanted.items():
        assert got[name] == pytest.approx(slope), f"{name}: {got[name]} is not right"


@pytest.mark.exercise(
    3,
    "A weight used twice",
    hint="Go back to the inner tanh as well, and add up what arrives at w.",
)
def test_twice(answers):
    for w, x, t in [(0.7, 0.5, 0.1), (2.0, -0.3, 0.9), (-1.2, 1.5, -0.4), (0, 1, 1)]:
        leaf = torch.tensor(float(w), dtype=torch.float64, requires_grad=True)
        loss = (torch.tanh(leaf * torch.tanh(leaf * x)) - t) ** 2
        (slope,) = torch.autograd.grad(loss, leaf)
        got = answers.twice(w, x, t)
        assert len(got) == 2, f"got {got!r}, wanted the loss and the slope"
        where = f"at w = {w}, x = {x}, t = {t}"
        value = f"loss {where}: got {got[0]}, wanted {loss.item():.6g}"
        assert float(got[0]) == pytest.approx(loss.item(), abs=1e-12), value
        said = f"slope {where}: got {got[1]}, wanted {slope.item():.6g}"
        assert float(got[1]) == pytest.approx(slope.item(), abs=1e-12), said


@pytest.mark.exercise(
    4,
    "A new operation",
    hint="type(u)(value, [(u, slope)], 'sigmoid'); take the exponential of "
    "minus the absolute value only.",
)
def test_sigmoid(answers):
    for number in (-1000.0, -40.0, -2.0, 0.0, 1e-3, 3.0, 40.0, 1000.0):
        leaf = torch.tensor(number, dtype=torch.float64, requires_grad=True)
        wanted = torch.sigmoid(leaf)
        (slope,) = torch.autograd.grad(wanted, leaf)
        u = Value(number)
        try:
            got = answers.sigmoid(u)
        except OverflowError:
            pytest.fail(f"at {number} the exponential overflows")
        assert isinstance(got, Value), f"got {type(got).__name__}, wanted a Value"
        value = f"at {number}: value {got.data}, wanted {wanted.item():.6g}"
        assert got.data == pytest.approx(wanted.item(), rel=1e-12, abs=0), value
        got.backward()
        said = f"at {number}: slope {u.grad}, wanted {slope.item():.6g}"
        least = 1e-16 if number > 0 else 1e-300  # torch rounds 1 - s
        assert u.grad == pytest.approx(slope.item(), rel=1e-9, abs=least), said
        nodes = len(topological_order(got))
        assert nodes == 2, f"the graph has {nodes} nodes, wanted u and the sigmoid"
    u = Value(0.3)
    (answers.sigmoid(u * 2) * u).backward()
    leaf = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(torch.sigmoid(leaf * 2) * leaf, leaf)
    inside = f"u * sigmoid(2 u): slope {u.grad}, wanted {slope.item():.6g}"
    assert u.grad == pytest.approx(slope.item()), inside


@pytest.mark.exercise(
    5,
    "In pieces",
    hint="Weight each piece's mean by its share of the readings.",
)
def test_gradient_in_pieces(answers):
    for n, size in [(11, 4), (11, 11), (11, 1), (10, 20), (7, 3)]:
        x, target = random(n, seed=n), random(n, seed=n + 1)
        params = random(3, seed=n + 2)
        most = kept = most_kept = 0

        def freed(_):
            nonlocal kept
            kept -= 1

        def loss(p, x, target):
            nonlocal most, kept, most_kept
            most = max(most, len(x))
            result = F.mse_loss(p[0] * torch.tanh(p[1] * x) + p[2], target)
            if result.requires_grad:
                result.register_hook(freed)
                kept += 1
                most_kept = max(most_kept, kept)
            return result

        leaf = params.clone().requires_grad_()
        (wanted,) = torch.autograd.grad(loss(leaf, x, target), leaf)
        most = kept = most_kept = 0
        got = answers.gradient_in_pieces(loss, params, x, target, size)
        assert most <= size, f"the loss was given {most} readings, size is {size}"
        at_once = f"the graphs of {most_kept} pieces were kept at once, wanted 1"
        assert most_kept <= 1, at_once
        assert most > 0, "the loss was not called"
        assert_close(got, wanted, f"{n} readings, {size} at a time")


@pytest.mark.exercise(
    6,
    "Softmax, backwards",
    hint="Put the two cases of the derivative into the sum over outputs.",
)
def test_softmax_backward(answers):
    for n, k in [(1, 2), (4, 3), (6, 10)]:
        scores = random(n, k, seed=n).requires_grad_()
        grad = random(n, k, seed=n + 1)
        p = torch.softmax(scores, dim=1)
        (wanted,) = torch.autograd.grad(p, scores, grad)
        with Made() as seen:
            got = answers.softmax_backward(grad, p.detach())
        assert seen.numel <= n * k, "the Jacobian was built, or something as large"
        assert_close(got, wanted, f"{n} rows of {k} scores")


@pytest.mark.exercise(
    7,
    "Curvature without the Hessian",
    hint="The gradient times v is one number; ask for its gradient.",
)
def test_hessian_times(answers):
    calls = passes = 0

    def count(_):
        nonlocal passes
        passes += 1

    def loss(p):
        nonlocal calls
        calls += 1
        bent = torch.tanh(p)
        if bent.requires_grad:
            bent.register_hook(count)
        return (bent * torch.roll(p, 1)).sum() ** 2 + (p**4).mean()

    for size in (1, 5, 40):
        params, v = random(size, seed=1), random(size, seed=2)
        wanted = torch.autograd.functional.hessian(loss, params) @ v
        calls = passes = 0
        got = answers.hessian_times(loss, params, v)
        assert calls <= 2, f"the loss was computed {calls} times, once is enough"
        many = f"{passes} backward passes for {size} parameters, a few are enough"
        assert passes <= 8, many
        assert_close(got, wanted, f"{size} parameters")
