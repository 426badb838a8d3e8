"""Exercises of the chapter on debugging, to be filled in."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def guess_entropy(shares: list[float]) -> float:
    """Lowest cross-entropy of one answer for all examples, from class shares."""
    raise NotImplementedError


def twice_floor(classes: int, times: int) -> float:
    """Lowest cross-entropy after so many softmaxes before the loss's own."""
    raise NotImplementedError


def mended(inputs: Tensor, target: Tensor, seed: int) -> nn.Module:
    """The third patient's network, trained without its three faults."""
    raise NotImplementedError


def first_bad(model: nn.Module, inputs: Tensor) -> str | None:
    """Name of the first innermost module with an output that is not finite."""
    raise NotImplementedError


def near_twins(known: Tensor, other: Tensor, gap: float) -> int:
    """How many rows of other are within gap of a row of known."""
    raise NotImplementedError


def usable_rate(
    model: nn.Module,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    batch: tuple[Tensor, Tensor],
) -> float:
    """Rate for plain descent, found by trying on copies of the model."""
    raise NotImplementedError
