"""Exercises of the chapter on backpropagation: worked solutions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def fewest_passes(inputs: int, outputs: int) -> tuple[str, int]:
    """The mode that needs fewer passes for the Jacobian, and how many."""
    if inputs < outputs:
        return "forward", inputs
    return "reverse", outputs


def gradients_held() -> dict[str, float]:
    """Which tensors have a grad after the backward pass, and its value."""
    return {"a": 7.0, "d": 2.0}


def twice(w: float, x: float, t: float) -> tuple[float, float]:
    """E = (tanh(w tanh(w x)) - t)^2 and its slope along w."""
    inner = math.tanh(w * x)
    outer = math.tanh(w * inner)
    miss = outer - t
    z_outer = 2 * miss * (1 - outer**2)
    z_inner = z_outer * w * (1 - inner**2)
    return miss**2, z_outer * inner + z_inner * x


def sigmoid(u: Any) -> Any:
    """The sigmoid of a Value, as one node with its own slope."""
    small = math.exp(-abs(u.data))
    s = (1 if u.data >= 0 else small) / (1 + small)
    return type(u)(s, [(u, small / (1 + small) ** 2)], "sigmoid")


def gradient_in_pieces(
    loss: Callable, params: Tensor, x: Tensor, target: Tensor, size: int
) -> Tensor:
    """Gradient of the mean loss over all readings, `size` at a time."""
    leaf = params.detach().clone().requires_grad_()
    for k in range(0, len(x), size):
        some, wanted = x[k : k + size], target[k : k + size]
        share = len(some) / len(x)
        (share * loss(leaf, some, wanted)).backward()
    assert leaf.grad is not None
    return leaf.grad


def softmax_backward(grad_output: Tensor, p: Tensor) -> Tensor:
    """Gradient of E by the scores, from the one by their softmax p."""
    mean = (grad_output * p).sum(dim=1, keepdim=True)
    return p * (grad_output - mean)


def hessian_times(loss: Callable, params: Tensor, v: Tensor) -> Tensor:
    """The Hessian of loss at params times the vector v."""
    leaf = params.detach().clone().requires_grad_()
    (grad,) = torch.autograd.grad(loss(leaf), leaf, create_graph=True)
    return torch.autograd.grad(grad @ v, leaf)[0]
