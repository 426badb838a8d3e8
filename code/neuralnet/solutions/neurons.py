"""Worked solutions of the exercises on neurons."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def shapes(n: int, d: int, h: int, k: int) -> list[tuple[int, ...]]:
    """Shapes of x, weight 1, bias 1, weight 2, bias 2 and output."""
    return [(n, d), (h, d), (h,), (k, h), (k,), (n, k)]


def place(middle: float, slope: float) -> tuple[float, float]:
    """Weight and bias of a neuron with its middle and slope given."""
    return slope, -slope * middle


def widest(n_in: int, n_out: int, budget: int) -> int:
    """Largest hidden width with at most `budget` parameters."""
    return max(0, (budget - n_out) // (n_in + 1 + n_out))


def merge_all(
    layers: Sequence[tuple[Tensor, Tensor]],
) -> tuple[Tensor, Tensor]:
    """The one layer that does what all of them do, unbent."""
    weight, bias = layers[0]
    for next_weight, next_bias in layers[1:]:
        bias = next_weight @ bias + next_bias
        weight = next_weight @ weight
    return weight, bias


def twin(
    layers: Sequence[tuple[Tensor, Tensor]],
) -> list[tuple[Tensor, Tensor]]:
    """Two layers with other weights and the same outputs."""
    (weight1, bias1), (weight2, bias2) = layers
    return [(-weight1, -bias1), (-weight2, bias2)]


def either_layers() -> list[tuple[Tensor, Tensor]]:
    """A tanh network: +1 if exactly one of two inputs is +1."""
    weight1 = torch.tensor([[3.0, 3.0], [3.0, 3.0]]).double()
    bias1 = torch.tensor([3.0, -3.0]).double()
    weight2 = torch.tensor([[1.0, -1.0]]).double()
    bias2 = torch.tensor([-1.0]).double()
    return [(weight1, bias1), (weight2, bias2)]


def deep_zigzags(folds: int) -> list[tuple[Tensor, Tensor]]:
    """Layers of three neurons that fold [0, 1] in three, again and again."""
    bends = torch.tensor([[3.0, -6.0, 6.0]]).double()
    bias = -torch.arange(3).double() / 3
    layers = [(torch.ones(3, 1).double(), bias)]
    for _ in range(folds - 1):
        layers.append((bends.repeat(3, 1), bias.clone()))
    return [*layers, (bends, torch.zeros(1).double())]
