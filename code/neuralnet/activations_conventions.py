"""Activations whose name stands for more than one function."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from neuralnet.conventions import Convention

#: Pre-activations on both sides of every kink.
AROUND_ZERO = torch.linspace(-4, 4, 17, dtype=torch.float64)


def slope_of(f: Callable[[Tensor], Tensor], at: float) -> Tensor:
    """The slope that autograd gives for f at one number, of shape (1,).

    >>> slope_of(torch.square, 3.0)
    tensor([6.], dtype=torch.float64)
    """
    z = torch.tensor([at], dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(f(z).sum(), z)[0]


def activation_conventions() -> list[Convention]:
    """The rows of this chapter.

    >>> [row.name for row in activation_conventions()][:2]
    ['slope of ReLU at its kink', 'GELU']
    """
    z = AROUND_ZERO
    scale = math.sqrt(2 / math.pi)
    return [
        Convention(
            "slope of ReLU at its kink",
            "1, as the limit from the right",
            "0",
            lambda: torch.ones(1, dtype=torch.float64),
            lambda: slope_of(F.relu, 0.0),
        ),
        Convention(
            "GELU",
            "z/2 (1 + tanh(√(2/π) (z + a z³)))",
            "z Φ(z), unless approximate='tanh'",
            lambda: z / 2 * (1 + torch.tanh(scale * (z + 0.044715 * z**3))),
            lambda: F.gelu(z),
            source="Hendrycks and Gimpel (2016)",
        ),
        Convention(
            "softplus at z = 20.5",
            "log(1 + exp(z))",
            "z itself above 20",
            lambda: torch.log1p(torch.exp(torch.tensor([20.5], dtype=z.dtype))),
            lambda: F.softplus(torch.tensor([20.5], dtype=z.dtype)),
        ),
        Convention(
            "hard sigmoid",
            "clip(0.2 z + 0.5) to [0, 1]",
            "clip(z / 6 + 0.5) to [0, 1]",
            lambda: (0.2 * z + 0.5).clamp(0, 1),
            lambda: F.hardsigmoid(z),
        ),
        Convention(
            "swish",
            "z times sigmoid(β z), β trained",
            "SiLU: z times sigmoid(z), β = 1",
            lambda: z * torch.sigmoid(1.5 * z),
            lambda: F.silu(z),
            source="Ramachandran et al. (2017)",
        ),
    ]
