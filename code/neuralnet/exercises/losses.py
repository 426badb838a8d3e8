"""Exercises of the chapter on losses: yours to fill in."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def best_constant(target: Tensor, squared: bool) -> Tensor:
    """The constant prediction with the lowest squared or absolute error."""
    raise NotImplementedError


def two_scores(z: Tensor) -> Tensor:
    """Two scores for each z, no before yes, with the same loss."""
    raise NotImplementedError


def floor_of_two_softmaxes(classes: int) -> float:
    """The lowest cross-entropy of a softmax of a softmax."""
    raise NotImplementedError


def balancing_weights(target: Tensor, classes: int) -> Tensor:
    """A weight per class that gives all classes the same total."""
    raise NotImplementedError


def log_cosh_loss(input: Tensor, target: Tensor) -> Tensor:
    """Mean of log cosh of the misses, without overflow."""
    raise NotImplementedError


def pinball_loss(input: Tensor, target: Tensor, share: float) -> Tensor:
    """Mean of the misses, weighed by share below and 1 - share above."""
    raise NotImplementedError


def best_spreads(miss: Tensor) -> tuple[float, float]:
    """The likeliest spreads of the misses under Gauss and under Laplace."""
    raise NotImplementedError
