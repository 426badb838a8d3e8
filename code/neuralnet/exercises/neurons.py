"""Exercises of the chapter on neurons: replace each `raise`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def shapes(n: int, d: int, h: int, k: int) -> list[tuple[int, ...]]:
    """Shapes of x, weight 1, bias 1, weight 2, bias 2 and output."""
    raise NotImplementedError


def place(middle: float, slope: float) -> tuple[float, float]:
    """Weight and bias of a neuron with its middle and slope given."""
    raise NotImplementedError


def widest(n_in: int, n_out: int, budget: int) -> int:
    """Largest hidden width with at most `budget` parameters."""
    raise NotImplementedError


def merge_all(
    layers: Sequence[tuple[Tensor, Tensor]],
) -> tuple[Tensor, Tensor]:
    """The one layer that does what all of them do, unbent."""
    raise NotImplementedError


def twin(
    layers: Sequence[tuple[Tensor, Tensor]],
) -> list[tuple[Tensor, Tensor]]:
    """Two layers with other weights and the same outputs."""
    raise NotImplementedError


def either_layers() -> list[tuple[Tensor, Tensor]]:
    """A tanh network: +1 if exactly one of two inputs is +1."""
    raise NotImplementedError


def deep_zigzags(folds: int) -> list[tuple[Tensor, Tensor]]:
    """Layers of three neurons that fold [0, 1] in three, again and again."""
    raise NotImplementedError
