"""Exercises of the chapter on gradient descent: yours to fill in."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor


def surviving(rates: list[float], curvatures: list[float]) -> list[float]:
    """Keep the learning rates with which descent on this bowl converges."""
    raise NotImplementedError


def read_curves() -> dict[str, float]:
    """The multiple of the limit behind each of the runs A, B, C and D."""
    raise NotImplementedError


def find_wrong(candidates: list[Callable], loss: Callable, params: Tensor) -> int:
    """Index of the one candidate that is not the gradient of loss at params."""
    raise NotImplementedError


def sum_limit(x: Tensor) -> float:
    """Learning-rate limit of the line when squares are summed, not averaged."""
    raise NotImplementedError


def parabola_gradient(params: Tensor, x: Tensor, target: Tensor) -> Tensor:
    """Gradient of the mean squared error of a x^2 + w x + b by (a, w, b)."""
    raise NotImplementedError


def raw_line(params: Tensor, x: Tensor) -> Tensor:
    """Turn (w, b) fitted to standardize(x) into (w, b) for x itself."""
    raise NotImplementedError


def backtrack(loss: Callable, gradient: Callable, params: Tensor, lr: float) -> float:
    """Halve lr until the loss falls by lr/2 times the squared gradient."""
    raise NotImplementedError


def newton_step(params: Tensor, grad: Tensor, hessian: Tensor) -> Tensor:
    """Where the bowl with this gradient and Hessian at params has no slope."""
    raise NotImplementedError
