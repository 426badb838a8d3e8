"""Gradients that books lay out, or add up, in another way than autograd."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from neuralnet.conventions import Convention

#: A batch of three examples with two features, and the weight of a layer of four.
EXAMPLES = torch.arange(6, dtype=torch.float64).reshape(3, 2) / 5
WEIGHT = torch.linspace(-1, 1, 8, dtype=torch.float64).reshape(4, 2)


def weight_gradient(passes: int = 1) -> Tensor:
    """What `backward` leaves in the `grad` of a layer's weight, of its shape.

    The loss is the sum of the squared pre-activations; each pass adds its own.

    >>> weight_gradient().shape
    torch.Size([4, 2])
    """
    weight = WEIGHT.clone().requires_grad_()
    for _ in range(passes):
        torch.autograd.backward((F.linear(EXAMPLES, weight) ** 2).sum())
    assert weight.grad is not None
    return weight.grad


def slope_at_zero(f: Callable[[Tensor], Tensor]) -> Tensor:
    """The slope that autograd gives for f at 0, of shape (1,).

    >>> slope_at_zero(torch.sin)
    tensor([1.], dtype=torch.float64)
    """
    z = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(f(z).sum(), z)[0]


def backpropagation_conventions() -> list[Convention]:
    """The rows of this chapter.

    >>> [row.name for row in backpropagation_conventions()][:2]
    ['layout of a gradient', 'layer, an example a column']
    """
    z = EXAMPLES @ WEIGHT.T
    return [
        Convention(
            "layout of a gradient",
            "transposed: 2 Xᵀ Z, shape (2, 4)",
            "2 Zᵀ X, of the weight's shape (4, 2)",
            lambda: 2 * EXAMPLES.T @ z,
            weight_gradient,
        ),
        Convention(
            "layer, an example a column",
            "W X, X of shape (in, n)",
            "linear: X Wᵀ, X of shape (n, in)",
            lambda: (WEIGHT @ EXAMPLES.T).T,
            lambda: F.linear(EXAMPLES, WEIGHT),
            same=True,
        ),
        Convention(
            "gradient after two passes",
            "that of the second",
            "the sum of both",
            weight_gradient,
            lambda: weight_gradient(passes=2),
        ),
        Convention(
            "slope of |z| at 0",
            "anything from -1 to 1; here 1",
            "0",
            lambda: torch.ones(1, dtype=torch.float64),
            lambda: slope_at_zero(torch.abs),
        ),
        Convention(
            "slope of max(z, 0) at 0",
            "0, if it is ReLU",
            "torch.maximum: 1/2 to each side",
            lambda: slope_at_zero(torch.relu),
            lambda: slope_at_zero(lambda z: torch.maximum(z, 0 * z.detach())),
        ),
    ]
