"""Exercises of the chapter on gradient descent: worked solutions."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def surviving(
    rates: list[float],
    curvatures: list[float],
) -> list[float]:
    """Keep the rates with which descent converges."""
    limit = 2 / max(curvatures)
    return [rate for rate in rates if 0 < rate < limit]


def read_curves() -> dict[str, float]:
    """The multiple of the limit behind each of the runs."""
    return {"A": 0.98, "B": 0.01, "C": 1.01, "D": 0.5}


def find_wrong(
    candidates: list[Callable],
    loss: Callable,
    params: Tensor,
) -> int:
    """Index of the one that is not the gradient at params."""
    h = 1e-4
    nudges = h * torch.eye(len(params), dtype=params.dtype)
    ups = torch.stack([loss(params + each) for each in nudges])
    downs = torch.stack([loss(params - each) for each in nudges])
    judge = (ups - downs) / (2 * h)
    gaps = [(each(params) - judge).norm() for each in candidates]
    return gaps.index(max(gaps))


def sum_limit(x: Tensor) -> float:
    """Learning-rate limit of the line with summed squares."""
    columns = torch.stack([x, torch.ones_like(x)], dim=1)
    hessian = 2 * columns.T @ columns
    steepest: float = torch.linalg.eigvalsh(hessian)[-1].item()
    return 2 / steepest


def parabola_gradient(
    params: Tensor,
    x: Tensor,
    target: Tensor,
) -> Tensor:
    """Gradient of the loss of a x^2 + w x + b by (a, w, b)."""
    a, w, b = params
    miss = a * x**2 + w * x + b - target
    slopes = [2 * (miss * part).mean() for part in (x**2, x)]
    return torch.stack([*slopes, 2 * miss.mean()])


def raw_line(params: Tensor, x: Tensor) -> Tensor:
    """Turn (w, b) for standardize(x) into (w, b) for x."""
    w, b = params
    raw_w = w / x.std(correction=0)
    return torch.stack([raw_w, b - raw_w * x.mean()])


def backtrack(
    loss: Callable,
    gradient: Callable,
    params: Tensor,
    lr: float,
) -> float:
    """Halve lr until the loss falls by half the promise."""
    grad = gradient(params)
    before, half = loss(params), (grad**2).sum() / 2
    while not loss(params - lr * grad) <= before - lr * half:
        lr /= 2
    return lr


def newton_step(
    params: Tensor,
    grad: Tensor,
    hessian: Tensor,
) -> Tensor:
    """Where the bowl with this gradient and Hessian is lowest."""
    step: Tensor = torch.linalg.solve(hessian, grad)
    return params - step
