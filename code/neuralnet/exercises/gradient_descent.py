"""Exercises of the chapter on gradient descent: yours to fill in."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor


def surviving(
    rates: list[float],
    curvatures: list[float],
) -> list[float]:
    """Keep the rates with which descent converges."""
    raise NotImplementedError


def read_curves() -> dict[str, float]:
    """The multiple of the limit behind each of the runs."""
    raise NotImplementedError


def find_wrong(
    candidates: list[Callable],
    loss: Callable,
    params: Tensor,
) -> int:
    """Index of the one that is not the gradient at params."""
    raise NotImplementedError


def sum_limit(x: Tensor) -> float:
    """Learning-rate limit of the line with summed squares."""
    raise NotImplementedError


def parabola_gradient(
    params: Tensor,
    x: Tensor,
    target: Tensor,
) -> Tensor:
    """Gradient of the loss of a x^2 + w x + b by (a, w, b)."""
    raise NotImplementedError


def raw_line(params: Tensor, x: Tensor) -> Tensor:
    """Turn (w, b) for standardize(x) into (w, b) for x."""
    raise NotImplementedError


def backtrack(
    loss: Callable,
    gradient: Callable,
    params: Tensor,
    lr: float,
) -> float:
    """Halve lr until the loss falls by half the promise."""
    raise NotImplementedError


def newton_step(
    params: Tensor,
    grad: Tensor,
    hessian: Tensor,
) -> Tensor:
    """Where the bowl with this gradient and Hessian is lowest."""
    raise NotImplementedError
