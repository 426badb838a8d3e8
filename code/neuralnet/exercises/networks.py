"""Exercises of the chapter on networks: replace each `raise`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn


def keys(sizes: Sequence[int]) -> list[str]:
    """Names in the state dict of linear layers with tanh between."""
    raise NotImplementedError


def rename(
    state: Mapping[str, Tensor],
    model: nn.Module,
) -> dict[str, Tensor]:
    """The tensors of `state` under the names of the model."""
    raise NotImplementedError


def xavier_factors(n_in: int, n_out: int) -> tuple[float, float]:
    """What Xavier's start makes of the signal and of the gradient."""
    raise NotImplementedError


def guard(model: nn.Module, low: float, high: float) -> nn.Module:
    """The model, asked from `low` to `high` only."""
    raise NotImplementedError


def shrink(
    weight1: Tensor,
    bias1: Tensor,
    weight2: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """The same network without hidden neurons that say the same."""
    raise NotImplementedError


def tame_(model: nn.Sequential, x: Tensor) -> None:
    """Scale each linear layer so that its outputs have mean square 1."""
    raise NotImplementedError
