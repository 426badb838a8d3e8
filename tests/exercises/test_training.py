"""The marker of the exercises on training."""

from __future__ import annotations

import copy
from itertools import product

import pytest
import torch
from torch import nn

F64 = torch.float64


@pytest.mark.exercise(
    1,
    "How many, and how large?",
    hint="Divide with remainder; a remainder of zero makes no mini-batch.",
)
def test_batch_sizes(answers):
    for n, size, drop in product((1, 7, 8, 9, 11), (1, 4, 8, 20), (False, True)):
        loader = torch.utils.data.DataLoader(range(n), size, drop_last=drop)
        wanted = [len(batch) for batch in loader]
        got = list(answers.batch_sizes(n, size, drop_last=drop))
        said = f"n {n}, batch_size {size}, drop_last {drop}"
        assert got == wanted, f"{said}: got {got}, wanted {wanted}"


@pytest.mark.exercise(
    2,
    "When to lose patience",
    hint="Count epochs since the best one; only a lower loss is better.",
)
def test_stopping(answers):
    cases = [
        ([3.0, 2.0, 1.0], 1, (3, 2)),
        ([3.0, 2.0, 2.5, 1.0], 1, (3, 1)),
        ([3.0, 2.0, 2.5, 1.0], 2, (4, 3)),
        ([1.0, 2.0, 3.0, 4.0, 0.5], 3, (4, 0)),
        ([1.0, 1.0, 1.0, 1.0], 2, (3, 0)),
        ([3.0, 4.0, 2.0, 4.0, 1.0, 4.0, 4.0, 0.0], 2, (7, 4)),
        ([5.0, 4.0, 6.0, 5.0, 4.5, 9.0], 3, (5, 1)),
        ([2.0], 5, (1, 0)),
    ]
    for losses, patience, wanted in cases:
        got = tuple(answers.stopping(list(losses), patience))
        said = f"{losses}, patience {patience}"
        assert got == wanted, f"{said}: got {got}, wanted {wanted}"


@pytest.mark.exercise(
    3,
    "How much noise is dropout?",
    hint="Each term is w x / (1 - p) or 0; variances of independent terms add.",
)
def test_dropout_spread(answers):
    w = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=F64)
    x = torch.tensor([0.5, 1.5, -2.0, 0.25], dtype=F64)
    for p in (0.1, 0.5, 0.8):
        chances, sums = [], []
        for kept in product((0, 1), repeat=4):
            keep = torch.tensor(kept, dtype=F64)
            chances.append((1 - p) ** sum(kept) * p ** (4 - sum(kept)))
            sums.append((w * x * keep).sum() / (1 - p))
        chances, sums = torch.tensor(chances, dtype=F64), torch.stack(sums)
        mean = (chances * sums).sum().item()
        std = (chances * (sums - mean) ** 2).sum().sqrt().item()
        got = [float(each) for each in answers.dropout_spread(w, x, p)]
        said = f"p {p}: got {got}, wanted [{mean:.6f}, {std:.6f}]"
        assert got == pytest.approx([mean, std], rel=1e-6), said


@pytest.mark.exercise(
    4,
    "Everybody is held once",
    hint="One order from randperm, cut into k parts; each is held in turn.",
)
def test_folds(answers):
    for n, k in [(11, 5), (9, 3), (4, 4), (10, 2)]:
        rng = torch.Generator().manual_seed(n)
        got = answers.folds(n, k, rng)
        said = f"n {n}, k {k}: "
        assert len(got) == k, said + f"got {len(got)} pairs"
        held = [sorted(torch.as_tensor(h).tolist()) for _, h in got]
        seen = [sorted(torch.as_tensor(s).tolist()) for s, _ in got]
        everyone = sorted(i for each in held for i in each)
        assert everyone == list(range(n)), said + f"held in all: {everyone}"
        for s, h in zip(seen, held, strict=True):
            assert sorted(s + h) == list(range(n)), said + f"train {s}, held {h}"
        sizes = [len(h) for h in held]
        assert max(sizes) - min(sizes) <= 1, said + f"sizes {sizes}"
    many = [
        tuple(
            tuple(sorted(torch.as_tensor(h).tolist()))
            for _, h in answers.folds(11, 5, torch.Generator().manual_seed(s))
        )
        for s in (0, 0, 1, 2)
    ]
    assert many[0] == many[1], "the same seed gave two different splits"
    assert len(set(many)) == 3, "other seeds gave the same split: draw the order"
    runs = [h[-1] - h[0] == len(h) - 1 for each in many for h in each]
    assert not all(runs), "every part is a run of neighbours: shuffle the examples"


@pytest.mark.exercise(
    5,
    "A large mini-batch in a small memory",
    hint="Forget old slopes before a group, weigh each loss by its share, then step.",
)
def test_accumulate_epoch(answers):
    rng = torch.Generator().manual_seed(0)
    x, t = [torch.randn(11, 2, generator=rng).double() for _ in range(2)]
    for size, parts in [(2, 2), (3, 2), (4, 5), (1, 3), (2, 1)]:
        torch.manual_seed(0)
        ours = nn.Linear(2, 2).double()
        theirs = copy.deepcopy(ours)
        for p in ours.parameters():
            p.grad = torch.full_like(p, 100.0)
        loss_fn, steps, rows = nn.MSELoss(), 0, []
        ours.register_forward_pre_hook(lambda _, given, to=rows: to.append(given[0]))
        small = list(zip(x.split(size), t.split(size), strict=True))
        optimizer = torch.optim.SGD(ours.parameters(), lr=0.1, momentum=0.5)
        got = answers.accumulate_epoch(ours, loss_fn, optimizer, small, parts)
        optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.5)
        large = zip(x.split(size * parts), t.split(size * parts), strict=True)
        for a, b in large:
            optimizer.zero_grad()
            loss_fn(theirs(a), b).backward()
            optimizer.step()
            steps += 1
        said = f"mini-batches of {size}, {parts} a step: "
        assert got == steps, said + f"got {got} steps, wanted {steps}"
        most = max(len(given) for given in rows)
        assert most <= size, said + f"{most} examples went through the model at once"
        gap = (ours.weight - theirs.weight).abs().max().item()
        assert gap < 1e-9, said + f"weights {gap:.2g} from those of large batches"


@pytest.mark.exercise(
    6,
    "As good as you can",
    hint="Decay, average several fits that were stopped early, or fit few smooth "
    "bumps.",
)
def test_learn_wave(answers):
    found = []
    for seed in range(8):
        rng = torch.Generator().manual_seed(100 + seed)
        x = 6 * torch.rand(30, 1, generator=rng, dtype=F64) - 3
        noise = 0.3 * torch.randn(30, 1, generator=rng, dtype=F64)
        torch.manual_seed(seed)
        predict = answers.learn_wave(x.clone(), torch.sin(2 * x) + noise)
        fresh = 6 * torch.rand(500, 1, generator=rng, dtype=F64) - 3
        with torch.no_grad():
            got = predict(fresh)
        assert got.shape == fresh.shape, f"{fresh.shape} in, {got.shape} out"
        found.append(((got - torch.sin(2 * fresh)) ** 2).mean())
    predict = answers.learn_wave(x.clone(), -torch.sin(2 * x) - noise)
    with torch.no_grad():
        turned = ((predict(fresh) + torch.sin(2 * fresh)) ** 2).mean().item()
    assert turned < 0.5, "upside down, the wave is not learned: does it look at t?"
    found = torch.stack(found).sort().values
    middle = found.quantile(0.5).item()
    assert middle < 1 / 20, f"median of 8: {middle:.3f}, wanted below {1 / 20:.3f}"
