"""Debugging beside PyTorch's own: what is compared, and on which gradients."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from neuralnet.agreement import Check
from neuralnet.debugging import (
    clip_grad_norm_,
    gradient_sizes,
    guess_loss,
    take_steps,
)


def some_gradients() -> list[tuple[Tensor, Tensor]]:
    """Pairs of gradients: ordinary, short, zero, huge, with an infinity or a nan.

    >>> [len(pair) for pair in some_gradients()]
    [2, 2, 2, 2, 2, 2]
    """
    rng = torch.Generator().manual_seed(0)
    one = torch.randn(3, 4, generator=rng, dtype=torch.float64)
    two = torch.randn(5, generator=rng, dtype=torch.float64)
    pairs = [(s * one, s * two) for s in (1.0, 1e-9, 0.0, 1e9)]
    for bad in (float("inf"), float("nan")):
        broken = two.clone()
        broken[0] = bad
        pairs.append((one, broken))
    return pairs


def clipped(clip: Callable, max_norm: float, *grads: Tensor) -> Tensor:
    """The length that a function returns, and the gradients that it leaves.

    >>> clipped(clip_grad_norm_, 1.0, torch.tensor([0.0, 4.0]))
    tensor([4.0000, 0.0000, 1.0000])
    """
    params = [torch.zeros_like(grad) for grad in grads]
    for param, grad in zip(params, grads, strict=True):
        param.grad = grad.clone()
    length = clip(params, max_norm)
    left = [param.grad.flatten() for param in params if param.grad is not None]
    return torch.cat([length.reshape(1), *left])


def descended(x: Tensor, target: Tensor) -> Tensor:
    """Losses of twenty steps of a line from 0, by `take_steps`.

    Shapes: x and target (n, 1); the result is (21,).

    >>> x = torch.ones(2, 1, dtype=torch.float64)
    >>> descended(x, x)[:2]
    tensor([1.0000, 0.3600], dtype=torch.float64)
    """
    line = nn.Linear(1, 1, dtype=x.dtype)
    for param in line.parameters():
        nn.init.zeros_(param)
    sgd = torch.optim.SGD(line.parameters(), lr=0.1)
    losses = take_steps(line, F.mse_loss, sgd, (x, target), 20)
    return torch.tensor(losses, dtype=x.dtype)


def descended_by_hand(x: Tensor, target: Tensor) -> Tensor:
    """The same, with the slopes of the mean squared error written out.

    >>> descended_by_hand(torch.zeros(3, 1), torch.ones(3, 1))[:2]
    tensor([1.0000, 0.6400])
    """
    w = b = torch.zeros((), dtype=x.dtype)
    found = []
    for _ in range(21):
        miss = w * x + b - target
        found.append((miss**2).mean())
        w = w - 0.1 * 2 * (miss * x).mean()
        b = b - 0.1 * 2 * miss.mean()
    return torch.stack(found)


def network_of(dtype: torch.dtype) -> nn.Sequential:
    """A small network, each of whose parameters is filled with another number.

    >>> [param.unique().item() for param in network_of(torch.float64).parameters()]
    [0.1, 0.2, 0.3, 0.4]
    """
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).to(dtype)
    for number, param in enumerate(model.parameters(), 1):
        nn.init.constant_(param, number / 10)
    return model


def sizes(x: Tensor) -> Tensor:
    """Root mean squares of the gradients of a small network, by `gradient_sizes`.

    >>> sizes(torch.ones(2, 3, dtype=torch.float64)).shape
    torch.Size([2])
    """
    model = network_of(x.dtype)
    torch.autograd.backward(model(x).square().sum())
    return torch.tensor(list(gradient_sizes(model).values()), dtype=x.dtype)


def sizes_by_hand(x: Tensor) -> Tensor:
    """The same, from what autograd returns.

    >>> sizes_by_hand(torch.ones(2, 3, dtype=torch.float64)).shape
    torch.Size([2])
    """
    model = network_of(x.dtype)
    weights = [param for param in model.parameters() if param.dim() == 2]
    grads = torch.autograd.grad(model(x).square().sum(), weights)
    return torch.stack([g.norm() / g.numel() ** 0.5 for g in grads])


def guessed(scores: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of the better guess, as a tensor.

    >>> guessed(torch.zeros(1, 2), torch.tensor([0]))
    tensor(0.6931)
    """
    loss = guess_loss(F.cross_entropy, scores, target)
    return torch.tensor(loss, dtype=scores.dtype)


def agreement_checks() -> list[Check]:
    """What this chapter writes from scratch, beside what it should equal.

    >>> [check.name for check in agreement_checks()][:2]
    ['clip to 1', 'clip to 1000']
    """
    theirs = nn.utils.clip_grad_norm_
    rng = torch.Generator().manual_seed(1)
    x = torch.randn(11, 1, generator=rng, dtype=torch.float64)
    lines = [(x, 3 * x - 1), (x, torch.zeros_like(x))]
    rows = torch.randn(6, 3, generator=rng, dtype=torch.float64)
    scores = [torch.randn(4, c, generator=rng).double() for c in (2, 10)]
    right = torch.tensor([0, 1, 1, 0])
    checks = [
        Check(
            f"clip to {most:g}",
            partial(clipped, clip_grad_norm_, most),
            partial(clipped, theirs, most),
            some_gradients(),
            grad=False,
        )
        for most in (1.0, 1000.0, 0.0)
    ]
    return [
        *checks,
        Check(
            "take_steps",
            descended,
            descended_by_hand,
            lines,
            grad=False,
        ),
        Check(
            "gradient_sizes",
            sizes,
            sizes_by_hand,
            [(rows,), (100 * rows,)],
            grad=False,
        ),
        Check(
            "guess_loss",
            guessed,
            lambda s, t: torch.tensor(s.shape[1]).double().log(),
            [(each, right) for each in scores],
            grad=False,
        ),
    ]
