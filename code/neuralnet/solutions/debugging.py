"""Solutions of the exercises of the chapter on debugging."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def guess_entropy(shares: list[float]) -> float:
    """Lowest cross-entropy of one answer for all examples, from class shares."""
    return sum(-p * math.log(p) for p in shares if p > 0)


def twice_floor(classes: int, times: int) -> float:
    """Lowest cross-entropy after so many softmaxes before the loss's own."""
    shares = torch.zeros(classes, dtype=torch.float64)
    shares[0] = 1.0
    for _ in range(times):
        shares = shares.softmax(dim=0)
    return math.log(1 / shares[0].item())


def mended(inputs: Tensor, target: Tensor, seed: int) -> nn.Module:
    """The third patient's network, trained without its three faults."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    sgd = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(100):
        sgd.zero_grad()
        loss = F.cross_entropy(model(inputs), target)
        torch.autograd.backward(loss)
        sgd.step()
    return model


def first_bad(model: nn.Module, inputs: Tensor) -> str | None:
    """Name of the first innermost module with an output that is not finite."""
    bad: list[str] = []

    def watch(name: str) -> Callable:
        def hook(module: nn.Module, args: tuple, output: Tensor) -> None:
            if not output.isfinite().all():
                bad.append(name)

        return hook

    hooks = [
        module.register_forward_hook(watch(name))
        for name, module in model.named_modules()
        if not list(module.children())
    ]
    try:
        with torch.no_grad():
            model(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return bad[0] if bad else None


def near_twins(known: Tensor, other: Tensor, gap: float) -> int:
    """How many rows of other are within gap of a row of known."""
    apart = (other[:, None] - known[None]).square().sum(dim=2).sqrt()
    return int((apart <= gap).any(dim=1).sum())


def usable_rate(
    model: nn.Module,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    batch: tuple[Tensor, Tensor],
) -> float:
    """Rate for plain descent, found by trying on copies of the model."""
    inputs, target = batch
    rate = 1e-7
    while True:
        trial = copy.deepcopy(model)
        sgd = torch.optim.SGD(trial.parameters(), lr=rate)
        losses = []
        for _ in range(10):
            sgd.zero_grad()
            loss = loss_fn(trial(inputs), target)
            torch.autograd.backward(loss)
            sgd.step()
            losses.append(loss.item())
        if not losses[-1] < 1.01 * losses[0]:
            return rate / 4
        rate *= 2
