"""The marker of the exercises on neurons."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

F64 = torch.float64


def random(*shape, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=rng).double()


def run(x, layers, activation=torch.tanh):
    *hidden, last = layers
    for weight, bias in hidden:
        x = activation(F.linear(x, weight, bias))
    return F.linear(x, *last)


def assert_layers(layers, sizes):
    """The layers have these sizes and hold float64 numbers."""
    assert len(layers) == len(sizes) - 1, (
        f"got {len(layers)} layers, wanted {len(sizes) - 1}"
    )
    for k, (weight, bias) in enumerate(layers, 1):
        shapes = (sizes[k], sizes[k - 1]), (sizes[k],)
        for name, tensor, wanted in zip(
            ("weight", "bias"), (weight, bias), shapes, strict=True
        ):
            got = tuple(tensor.shape)
            assert got == wanted, f"layer {k}: {name} {got}, wanted {wanted}"
            assert tensor.dtype == F64, f"layer {k}: {name} is not float64"


@pytest.mark.exercise(
    1,
    "Every shape",
    hint="A weight is (out, in). Where does the batch appear, and where not?",
)
def test_shapes(answers):
    names = "input", "weight 1", "bias 1", "weight 2", "bias 2", "output"
    for n, d, h, k in (11, 2, 3, 1), (5, 4, 7, 6):
        wanted = (n, d), (h, d), (h,), (k, h), (k,), (n, k)
        got = [tuple(shape) for shape in answers.shapes(n, d, h, k)]
        assert len(got) == 6, f"got {len(got)} shapes, wanted 6"
        for name, mine, theirs in zip(names, got, wanted, strict=True):
            assert mine == theirs, f"{name}: got {mine}, wanted {theirs}"


@pytest.mark.exercise(
    2,
    "Put the neuron where you want it",
    hint="The slope in the middle is w. Where is w x + b zero?",
)
def test_place(answers):
    for middle, slope in (2.0, -0.5), (0.0, 3.0), (-1.5, 0.25):
        w, b = (torch.as_tensor(v, dtype=F64) for v in answers.place(middle, slope))
        x = torch.tensor(middle, dtype=F64, requires_grad=True)
        o = torch.tanh(w * x + b)
        (steep,) = torch.autograd.grad(o, x)
        where = f"place({middle}, {slope})"
        assert o.item() == pytest.approx(0, abs=1e-9), (
            f"{where}: the output at {middle} is {o.item():.4g}, wanted 0"
        )
        assert steep.item() == pytest.approx(slope, rel=1e-9), (
            f"{where}: the slope there is {steep.item():.4g}, wanted {slope}"
        )


@pytest.mark.exercise(
    3,
    "As wide as you can afford",
    hint="What does one more hidden neuron cost, weights on both sides and bias?",
)
def test_widest(answers):
    cases = {
        (64, 10, 10_000): 133,
        (1, 1, 25): 8,
        (1, 1, 24): 7,
        (2, 1, 13): 3,
        (5, 2, 9): 0,
        (5, 2, 10): 1,
        (5, 3, 1): 0,
    }
    for given, wanted in cases.items():
        got = answers.widest(*given)
        assert got == wanted, f"widest{given}: got {got}, wanted {wanted}"


@pytest.mark.exercise(
    4,
    "However many layers",
    hint="Put x @ W1.T + b1 into the second layer, then that into the third.",
)
def test_merge_all(answers):
    for sizes in [3, 2], [3, 4, 2], [3, 5, 1, 4], [2, 6, 3, 5, 1]:
        pairs = pairwise(sizes)
        layers = [(random(o, i, seed=o), random(o, seed=i)) for i, o in pairs]
        x = random(7, sizes[0], seed=9)
        kept = [(w.clone(), b.clone()) for w, b in layers]
        weight, bias = answers.merge_all(layers)
        what = f"{len(layers)} layers"
        shape, wanted = tuple(weight.shape), (sizes[-1], sizes[0])
        assert shape == wanted, f"{what}: weight {shape}, wanted {wanted}"
        shape, wanted = tuple(bias.shape), (sizes[-1],)
        assert shape == wanted, f"{what}: bias {shape}, wanted {wanted}"
        same = torch.allclose(F.linear(x, weight, bias), run(x, kept, lambda z: z))
        assert same, f"{what}: merged and one after the other they differ"


@pytest.mark.exercise(
    5,
    "Same function, other weights",
    hint="Turn the sign of a hidden neuron: what must follow in the next layer?",
)
def test_twin(answers):
    for d, h, k in (2, 3, 1), (1, 1, 1), (3, 5, 2):
        given = [(random(h, d), random(h, seed=1)), (random(k, h, seed=2), random(k))]
        kept = [(w.clone(), b.clone()) for w, b in given]
        layers = answers.twin(given)
        assert_layers(layers, (d, h, k))
        x = 2 * random(50, d, seed=3)
        what = f"{h} hidden neurons"
        pairs = zip(given, kept, strict=True)
        assert all(
            torch.equal(now, was)
            for pair, old in pairs
            for now, was in zip(pair, old, strict=True)
        ), f"{what}: the given layers have been changed"
        same = torch.allclose(run(x, layers), run(x, kept), rtol=1e-9, atol=1e-9)
        assert same, f"{what}: the outputs are not the same"
        for mine, theirs in zip(layers[0], kept[0], strict=True):
            apart = (mine - theirs).abs().min().item()
            assert apart > 1e-6, f"{what}: a hidden weight or bias is as before"


@pytest.mark.exercise(
    6,
    "One or the other",
    hint="Two parallel lines, one on each side of the two corners in question.",
)
def test_either_layers(answers):
    layers = answers.either_layers()
    assert_layers(layers, (2, 2, 1))
    for corner, wanted in ((-1, -1), -1), ((-1, 1), 1), ((1, -1), 1), ((1, 1), -1):
        got = run(torch.tensor(corner, dtype=F64), layers).item()
        message = f"at {corner}: got {got:.3f}, wanted {wanted} within 0.1"
        assert abs(got - wanted) <= 0.1, message


@pytest.mark.exercise(
    7,
    "Fold it in three",
    hint="Corners at 0, 1/3 and 2/3: by how much does the slope change at each?",
)
def test_deep_zigzags(answers):
    for folds in 1, 2, 4:
        layers = answers.deep_zigzags(folds)
        assert_layers(layers, (1, *[3] * folds, 1))
        steps = 2 * 3**folds
        k = torch.arange(steps + 1)
        wanted = torch.where(k % 4 == 2, 1.0, 0.5 * (k % 2)).double()
        got = run(k.double()[:, None] / steps, layers, lambda z: z.clamp(min=0))[:, 0]
        far = (got - wanted).abs().argmax().item()
        assert torch.allclose(got, wanted, atol=1e-9), (
            f"folds={folds}, x={far}/{steps}: "
            f"got {got[far]:.4f}, wanted {wanted[far]:.1f}"
        )
