"""Words that statistics, NumPy and PyTorch fill with different numbers."""

from __future__ import annotations

import torch
from torch import Tensor

from neuralnet.conventions import Convention

#: Four numbers with two in the middle, three of them halves.
FOUR = torch.tensor([0.5, 1.5, 2.5, 7.0], dtype=torch.float64)


def root_mean_square(x: Tensor) -> Tensor:
    """Root of the mean squared distance from the mean, dividing by n.

    >>> root_mean_square(torch.tensor([0.0, 2.0]))
    tensor(1.)
    """
    return ((x - x.mean()) ** 2).mean().sqrt()


def half_away_from_zero(x: Tensor) -> Tensor:
    """Round, halves away from zero, as school has it.

    >>> half_away_from_zero(torch.tensor([0.5, 2.5, -0.5]))
    tensor([ 1.,  3., -1.])
    """
    return x.sign() * (x.abs() + 0.5).floor()


def tensor_conventions() -> list[Convention]:
    """The rows of this chapter.

    >>> [row.name for row in tensor_conventions()][:2]
    ['standard deviation', 'median of four']
    """
    middle = FOUR.sort().values[1:3]
    table = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
    return [
        Convention(
            "standard deviation",
            "divides by n",
            "Tensor.std divides by n - 1",
            lambda: root_mean_square(FOUR),
            FOUR.std,
        ),
        Convention(
            "median of four",
            "mean of the two in the middle",
            "Tensor.median takes the lower one",
            middle.mean,
            FOUR.median,
        ),
        Convention(
            "median of four, as a quantile",
            "mean of the two in the middle",
            "Tensor.quantile(0.5)",
            middle.mean,
            lambda: FOUR.quantile(0.5),
            same=True,
        ),
        Convention(
            "rounding of halves",
            "away from zero",
            "to the even neighbor",
            lambda: half_away_from_zero(FOUR),
            FOUR.round,
        ),
        Convention(
            "norm of a matrix",
            "largest stretch of a vector",
            "Tensor.norm: √ of the sum of squares",
            lambda: torch.linalg.matrix_norm(table, 2),
            table.norm,
        ),
    ]
