"""Exercises of the chapter on activations: replace each `raise`."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def layers_until_lost(slope: float, factor: float) -> int:
    """Smallest number of layers n with slope ** n below factor."""
    raise NotImplementedError


def merge(
    weight1: Tensor,
    bias1: Tensor,
    weight2: Tensor,
    bias2: Tensor,
) -> tuple[Tensor, Tensor]:
    """Weight and bias of the one layer that does what two do."""
    raise NotImplementedError


def log_sigmoid(input: Tensor) -> Tensor:
    """Logarithm of the sigmoid, finite for every finite input."""
    raise NotImplementedError


def straight_pieces(
    target: Callable[[Tensor], Tensor],
    steps: int,
    low: float,
    high: float,
) -> Callable[[Tensor], Tensor]:
    """A sum of shifted ReLU through steps + 1 points of a function."""
    raise NotImplementedError


def gain(activation: Callable[[Tensor], Tensor]) -> float:
    """The factor on the weights that keeps a signal's size."""
    raise NotImplementedError


def my_activation(input: Tensor) -> Tensor:
    """An activation of your own: smooth, bent, never dead."""
    raise NotImplementedError


def clearly_lower(first: list[float], second: list[float]) -> bool:
    """Whether every loss of the first list is below every one of the second."""
    raise NotImplementedError
