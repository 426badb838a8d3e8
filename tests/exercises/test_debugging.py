"""The marker of the exercises on debugging."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

F64 = torch.float64


@pytest.mark.exercise(
    1,
    "What a guess is worth",
    hint="Answer with the frequencies themselves; skip the shares that are 0.",
)
def test_guess_entropy(answers):
    for shares in ([0.9, 0.1], [0.5, 0.5], [0.2, 0.3, 0.5], [1.0, 0.0], [0.1] * 10):
        got = answers.guess_entropy(list(shares))
        kept = torch.tensor([p for p in shares if p > 0], dtype=F64)
        wanted = -(kept * kept.log()).sum().item()
        said = f"for {shares}: got {got}, wanted {wanted:.4f}"
        assert got == pytest.approx(wanted, rel=1e-6, abs=1e-9), said


@pytest.mark.exercise(
    2,
    "The height of the floor",
    hint="Send the row 1, 0, ..., 0 through the softmaxes, the loss's own last.",
)
def test_twice_floor(answers):
    for classes in (2, 10, 100):
        for times in (0, 1, 2, 5):
            row = F.one_hot(torch.tensor(0), classes).double()
            for _ in range(times):
                row = row.softmax(dim=0)
            wanted = -row[0].log().item()
            got = answers.twice_floor(classes, times)
            said = f"{classes} classes, {times} times: got {got}, wanted {wanted:.4f}"
            assert got == pytest.approx(wanted, rel=1e-5, abs=1e-6), said


def third(x, target, seed, faults):
    """Shares given by the third patient with those of its faults."""
    torch.manual_seed(seed)
    layers = [nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)]
    model = nn.Sequential(*layers)
    held = layers[0] if "late" in faults else model
    sgd = torch.optim.SGD(held.parameters(), lr=0.5)
    for _ in range(100):
        if "kept" not in faults:
            sgd.zero_grad()
        output = model(x)
        if "twice" in faults:
            output = output.softmax(dim=1)
        F.cross_entropy(output, target).backward()
        sgd.step()
    return model(x).detach().softmax(dim=1)


@pytest.mark.exercise(
    3,
    "A third patient",
    hint="Ask check_scores, check_optimizer and check_two_passes, each in its place.",
)
def test_mended(answers):
    rng = torch.Generator().manual_seed(0)
    x = torch.rand(200, 64, generator=rng) - 0.5
    target = x[:, :10].argmax(dim=1)
    faults = "late", "twice", "kept"
    sets = [each for k in range(4) for each in itertools.combinations(faults, k)]
    for seed in (0, 2):
        model = answers.mended(x, target, seed)
        assert callable(model), f"got {type(model).__name__}, wanted a model"
        with torch.no_grad():
            got = model(x)
        shape = tuple(got.shape)
        assert shape == (200, 10), f"its output has shape {shape}, wanted (200, 10)"
        ones = torch.ones(200)
        shares = bool((got >= 0).all()) and got.sum(dim=1).allclose(ones, atol=1e-4)
        got = got if shares else got.softmax(dim=1)
        for left in sets:
            if got.allclose(third(x, target, seed, left), atol=0.015):
                said = f"faults that are left: {len(left)}"
                break
        else:
            said = "trained in another way: keep start, rate and steps"
        assert said == "faults that are left: 0", f"seed {seed}: {said}"


class Broken(nn.Module):
    def forward(self, x):
        return x / 0.0


class Twisted(nn.Module):
    """Calls its parts in another order than it registers them."""

    def __init__(self):
        super().__init__()
        self.last = nn.Sequential(nn.Linear(2, 2), Broken())
        self.first = nn.Sequential(nn.Linear(2, 2), Broken())

    def forward(self, x):
        return self.last(self.first(x))


class Outer(nn.Module):
    """Has a part, and spoils what the part gives."""

    def __init__(self):
        super().__init__()
        self.part = nn.Linear(2, 2)

    def forward(self, x):
        return self.part(x) / 0.0


@pytest.mark.exercise(
    4,
    "Where it begins",
    hint="register_forward_hook on modules without children; keep the first name.",
)
def test_first_bad(answers):
    torch.manual_seed(0)
    x = torch.randn(4, 2)
    sound = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    late = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Tanh(), Broken()))
    early = nn.Sequential(Broken(), nn.Linear(2, 2), Broken())
    one = nn.Linear(2, 2)
    with torch.no_grad():
        one.bias[1] = float("nan")
    holder = nn.ModuleDict({"a": nn.Tanh(), "b": one})
    inner = nn.Sequential(*holder.values())
    cases = [
        (sound, None),
        (late, "1.1"),
        (early, "0"),
        (Twisted(), "first.1"),
        (inner, "1"),
        (Outer(), None),
    ]
    for model, wanted in cases:
        got = answers.first_bad(model, x)
        kind = type(model).__name__
        assert got == wanted, f"for a {kind}: got {got!r}, wanted {wanted!r}"
        for module in model.modules():
            left = module._forward_hooks or module._forward_pre_hooks
            assert not left, "a hook is still registered: remove() it"
        assert model.training, "the model was left in eval() mode"
        kept = all(param.requires_grad for param in model.parameters())
        assert kept, "a parameter was frozen"
    fails = nn.Sequential(nn.Linear(2, 2), nn.Linear(3, 3))
    with pytest.raises(RuntimeError):
        answers.first_bad(fails, torch.zeros(4, 2))
    left = [module for module in fails.modules() if module._forward_hooks]
    assert not left, "the call raised, and a hook is still registered"


@pytest.mark.exercise(
    5,
    "Almost twins",
    hint="Distances of every pair of rows, then: is any of a row's within gap?",
)
def test_near_twins(answers):
    torch.manual_seed(0)
    known, other = torch.randn(20, 3, dtype=F64), torch.randn(9, 3, dtype=F64)
    other[:4] = known[5:9] + 0.01
    other[8] = other[0]
    for gap in (0.0, 0.01, 0.02, 0.5, 1.0, 9.0):
        wanted = sum(min((k - o).norm() for k in known).item() <= gap for o in other)
        got = answers.near_twins(known, other, gap)
        assert int(got) == wanted, f"gap {gap}: got {got}, wanted {wanted}"
    same = torch.ones(3, 2, dtype=F64)
    assert int(answers.near_twins(same, same, 0.0)) == 3, "a twin at distance 0 counts"


@pytest.mark.exercise(
    6,
    "A rate for a stranger",
    hint="Double a tiny rate until ten steps on a copy end higher; then go back.",
)
def test_usable_rate(answers):
    cases = (0, 0.01, 1.0), (1, 1.0, 1.0), (2, 100.0, 1.0), (3, 7.0, 1.0), (4, 1.0, 300)
    for seed, scale, times in cases:

        def loss_fn(output, target, times=times):
            return times * F.mse_loss(output, target)

        torch.manual_seed(seed)
        x = scale * torch.randn(30, 3, dtype=F64)
        target = x @ torch.tensor([[1.0], [2.0], [-1.0]], dtype=F64) + 0.5
        model = nn.Linear(3, 1, dtype=F64)
        before = [param.detach().clone() for param in model.parameters()]
        got = float(answers.usable_rate(model, loss_fn, (x, target)))
        design = torch.cat([x, torch.ones(30, 1, dtype=F64)], dim=1)
        limit = (
            2 / times / torch.linalg.eigvalsh(2 * design.T @ design / 30).max().item()
        )
        given = f"inputs of size {scale}, {times} times the loss"
        said = f"{given}: got {got:.3g}, the limit is {limit:.3g}"
        assert math.isfinite(got), said
        assert got < limit, said
        assert got >= limit / 100, said
        after = list(model.parameters())
        assert all(map(torch.equal, before, after)), "the model has changed"
        assert model.training, "the model was left in eval() mode"
        assert all(p.grad is None for p in after), "the model was given gradients"
