"""Clipping a gradient as the paper writes it, beside PyTorch's."""

from __future__ import annotations

import torch
from torch import Tensor

from neuralnet.conventions import Convention


def paper_clip(grad: Tensor, bound: float) -> Tensor:
    """Shorten a gradient to a bound: g <- g bound / |g| where |g| > bound.

    >>> paper_clip(torch.tensor([30.0, 40.0]), 5.0)
    tensor([3., 4.])
    """
    length = grad.norm()
    return grad * bound / length if length > bound else grad


def torch_clip(grad: Tensor, bound: float) -> Tensor:
    """The same by `torch.nn.utils.clip_grad_norm_`.

    >>> torch_clip(torch.tensor([0.3, 0.4]), 5.0)
    tensor([0.3000, 0.4000])
    """
    param = torch.zeros_like(grad)
    param.grad = grad.clone()
    torch.nn.utils.clip_grad_norm_([param], bound)
    return param.grad


def debugging_conventions() -> list[Convention]:
    """What papers and PyTorch do differently when they clip.

    >>> [row.name for row in debugging_conventions()][0]
    'clipping, 50 to 5'
    """
    long = torch.tensor([30.0, 40.0], dtype=torch.float64)
    forms = "g c / |g|", "g c / (|g| + 1e-6)"
    source = "Pascanu, Mikolov and Bengio (2013), algorithm 1"
    return [
        Convention(
            "clipping, 50 to 5",
            *forms,
            lambda: paper_clip(long, 5.0),
            lambda: torch_clip(long, 5.0),
            source=source,
        ),
        Convention(
            "clipping, 5e-6 to 5e-7, 1e6 times",
            *forms,
            lambda: 1e6 * paper_clip(1e-7 * long, 5e-7),
            lambda: 1e6 * torch_clip(1e-7 * long, 5e-7),
            source=source,
        ),
        Convention(
            "clipping, within the bound",
            "g",
            "g",
            lambda: paper_clip(long, 51.0),
            lambda: torch_clip(long, 51.0),
            same=True,
            source=source,
        ),
    ]
