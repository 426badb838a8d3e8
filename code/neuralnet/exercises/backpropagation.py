"""Exercises of the chapter on backpropagation: yours to fill in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor


def fewest_passes(inputs: int, outputs: int) -> tuple[str, int]:
    """The mode that needs fewer passes for the Jacobian, and how many."""
    raise NotImplementedError


def gradients_held() -> dict[str, float]:
    """Which tensors have a grad after the backward pass, and its value."""
    raise NotImplementedError


def twice(w: float, x: float, t: float) -> tuple[float, float]:
    """E = (tanh(w tanh(w x)) - t)^2 and its slope along w."""
    raise NotImplementedError


def sigmoid(u: Any) -> Any:
    """The sigmoid of a Value, as one node with its own slope."""
    raise NotImplementedError


def gradient_in_pieces(
    loss: Callable, params: Tensor, x: Tensor, target: Tensor, size: int
) -> Tensor:
    """Gradient of the mean loss over all readings, `size` at a time."""
    raise NotImplementedError


def softmax_backward(grad_output: Tensor, p: Tensor) -> Tensor:
    """Gradient of E by the scores, from the one by their softmax p."""
    raise NotImplementedError


def hessian_times(loss: Callable, params: Tensor, v: Tensor) -> Tensor:
    """The Hessian of loss at params times the vector v."""
    raise NotImplementedError
