"""Exercises of the chapter on gradient descent: worked solutions."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def surviving(rates: list[float], curvatures: list[float]) -> list[float]:
    """Keep the learning rates with which descent on this bowl converges."""
    return [rate for rate in rates if 0 < rate < 2 / max(curvatures)]


def read_curves() -> dict[str, float]:
    """The multiple of the limit behind each of the runs A, B, C and D."""
    return {"A": 0.98, "B": 0.01, "C": 1.01, "D": 0.5}


def find_wrong(candidates: list[Callable], loss: Callable, params: Tensor) -> int:
    """Index of the one candidate that is not the gradient of loss at params."""
    h = 1e-4
    nudges = h * torch.eye(len(params), dtype=params.dtype)
    ups = torch.stack([loss(params + nudge) for nudge in nudges])
    downs = torch.stack([loss(params - nudge) for nudge in nudges])
    judge = (ups - downs) / (2 * h)
    gaps = [(slope(params) - judge).norm().item() for slope in candidates]
    return gaps.index(max(gaps))


def sum_limit(x: Tensor) -> float:
    """Learning-rate limit of the line when squares are summed, not averaged."""
    columns = torch.stack([x, torch.ones_like(x)], dim=1)
    steepest: float = torch.linalg.eigvalsh(2 * columns.T @ columns)[-1].item()
    return 2 / steepest


def parabola_gradient(params: Tensor, x: Tensor, target: Tensor) -> Tensor:
    """Gradient of the mean squared error of a x^2 + w x + b by (a, w, b)."""
    a, w, b = params
    miss = a * x**2 + w * x + b - target
    slopes = [2 * (miss * part).mean() for part in (x**2, x)]
    return torch.stack([*slopes, 2 * miss.mean()])


def raw_line(params: Tensor, x: Tensor) -> Tensor:
    """Turn (w, b) fitted to standardize(x) into (w, b) for x itself."""
    w, b = params
    raw_w = w / x.std(correction=0)
    return torch.stack([raw_w, b - raw_w * x.mean()])


def backtrack(loss: Callable, gradient: Callable, params: Tensor, lr: float) -> float:
    """Halve lr until the loss falls by lr/2 times the squared gradient."""
    grad = gradient(params)
    before, length = loss(params), (grad**2).sum()
    while not loss(params - lr * grad) <= before - lr / 2 * length:
        lr /= 2
    return lr


def newton_step(params: Tensor, grad: Tensor, hessian: Tensor) -> Tensor:
    """Where the bowl with this gradient and Hessian at params has no slope."""
    step: Tensor = torch.linalg.solve(hessian, grad)
    return params - step
