"""Exercises of the chapter on training: yours to fill in."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def batch_sizes(n: int, batch_size: int, drop_last: bool = False) -> list[int]:
    """How many examples each mini-batch of an epoch holds."""
    raise NotImplementedError


def stopping(validation: list[float], patience: int) -> tuple[int, int]:
    """How many epochs are run, and which epoch (from 0) has the kept weights."""
    raise NotImplementedError


def dropout_spread(w: Tensor, x: Tensor, p: float) -> tuple[float, float]:
    """Mean and standard deviation of w @ dropout(x, p) over all drops."""
    raise NotImplementedError


def folds(n: int, k: int, generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """k pairs of training and validation indices; every index is held once."""
    raise NotImplementedError


def accumulate_epoch(
    model: nn.Module,
    loss_fn: Callable,
    optimizer: torch.optim.Optimizer,
    loader: list[tuple[Tensor, Tensor]],
    parts: int,
) -> int:
    """Step once for every `parts` mini-batches, as if they were one; the steps."""
    raise NotImplementedError


def learn_wave(x: Tensor, t: Tensor) -> Callable[[Tensor], Tensor]:
    """A function that predicts the wave, learned from a few noisy examples."""
    raise NotImplementedError
