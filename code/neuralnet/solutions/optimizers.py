"""Exercises of the chapter on optimizers: worked solutions."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def first_steps(lr: float, grad: float) -> list[float]:
    """What SGD, Adagrad, RMSprop and Adam add to a parameter in their first step."""
    sign = math.copysign(1.0, grad)
    return [-lr * grad, -lr * sign, -lr * sign / 0.01**0.5, -lr * sign]


def batch_size_for(n: int, share: float) -> int:
    """Fewest readings of n whose mean slope has this share of one's variance."""
    return next(
        size for size in range(1, n + 1) if (n - size) / (n - 1) / size <= share
    )


def torch_rate(lr: float, beta: float) -> float:
    """The rate for torch's SGD that follows m <- beta m + (1 - beta) g."""
    return lr * (1 - beta)


def warm_cosine(lr: float, t: int, warm: int, total: int) -> float:
    """Ramp up over warm steps, then half a cosine wave down to 0 at total."""
    if t < warm:
        return lr * (t + 1) / warm
    share = (t - warm) / (total - warm)
    return lr * (1 + math.cos(math.pi * share)) / 2


def clip_grad_norm(grads: list[Tensor], max_norm: float) -> list[Tensor]:
    """The gradients, all shortened by one factor if together they are too long."""
    length = torch.cat([grad.flatten() for grad in grads]).norm()
    factor = (max_norm / length).clamp(max=1.0)
    return [factor * grad for grad in grads]


def look_ahead_path(
    slope: Callable, start: Tensor, lr: float, momentum: float, steps: int
) -> Tensor:
    """The places where the book's Nesterov takes its slopes, start included."""
    params, velocity = start, torch.zeros_like(start)
    places = [start]
    for _ in range(steps):
        velocity = momentum * velocity - lr * slope(places[-1])
        params = params + velocity
        places.append(params + momentum * velocity)
    return torch.stack(places)


def minimize(slope: Callable, start: Tensor, steps: int) -> Tensor:
    """Come as low as you can in a valley you know nothing about."""
    params, before = start, slope(start)
    direction = -before
    for _ in range(steps):
        h = 1e-3 / direction.norm().clamp(min=1e-300)
        curved = (slope(params + h * direction) - before) / h
        bend = direction @ curved
        if not bend > 0:
            return params
        params = params - (direction @ before) / bend * direction
        grad = slope(params)
        keep = (grad @ (grad - before)) / (before @ before)
        direction, before = -grad + keep.clamp(min=0) * direction, grad
    return params
