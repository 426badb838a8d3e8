"""Exercises of the chapter on activations: replace each `raise`."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def layers_until_lost(slope: float, factor: float) -> int:
    """Smallest number n with slope ** n below factor."""
    raise NotImplementedError


def in_sigmoids(
    weight1: Tensor,
    bias1: Tensor,
    weight2: Tensor,
    bias2: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A sigmoid network that answers like the tanh network."""
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
    """Shifted ReLU, added up, through points of a function."""
    raise NotImplementedError


def gain(activation: Callable[[Tensor], Tensor]) -> float:
    """The factor on the weights that keeps a signal's size."""
    raise NotImplementedError


def my_activation(input: Tensor) -> Tensor:
    """An activation of your own: smooth, bent, never dead."""
    raise NotImplementedError


def clearly_lower(
    first: list[float],
    second: list[float],
) -> bool:
    """Whether all of the first are below all of the second."""
    raise NotImplementedError
