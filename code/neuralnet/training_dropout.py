r"""Dropout: in training, each number is set to zero with probability p.

Notation: p is the probability of being dropped, as in PyTorch. What is kept is
divided by 1 - p, so that the expectation of every output is the input.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neuralnet.checks import require_between, require_floating


def dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
) -> Tensor:
    """Drop each number with probability p and divide the others by 1 - p.

    Outside training the input is returned as it is. Any shape.

    Errors: `TypeError` unless the input is floating point, `ValueError` unless
    p lies from 0 to 1.

    >>> _ = torch.manual_seed(0)
    >>> sorted(set(dropout(torch.ones(100), p=0.75).tolist()))
    [0.0, 4.0]
    >>> dropout(torch.ones(3), training=False)
    tensor([1., 1., 1.])
    >>> dropout(torch.ones(3), p=1.0)
    tensor([0., 0., 0.])

    PyTorch: `torch.nn.functional.dropout`. Source: Srivastava et al. (2014),
    who scale at prediction instead and mention this form.
    """
    require_floating("input", input)
    require_between("p", p, 0, 1)
    if not training or p == 0:
        return input
    keep = torch.empty_like(input).bernoulli_(1 - p)
    if p == 1:
        return input * keep
    return input * (keep / (1 - p))


class Dropout(nn.Module):
    """Dropout as a module: on in training mode, off in evaluation mode.

    Errors: those of `dropout`, p when it is built.

    >>> layer = Dropout(0.5).eval()
    >>> layer(torch.ones(2))
    tensor([1., 1.])

    PyTorch: `torch.nn.Dropout`.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        require_between("p", p, 0, 1)
        self.p = p

    def forward(self, input: Tensor) -> Tensor:
        """The input, thinned out in training mode."""
        return dropout(input, self.p, self.training)
