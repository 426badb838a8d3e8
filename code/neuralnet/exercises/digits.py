"""Exercises of the chapter on digits: yours to fill in."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def lazy_accuracy(counts: Sequence[int]) -> float:
    """The accuracy of the best answer that is always the same."""
    raise NotImplementedError


def right_by_class(matrix: Tensor) -> Tensor:
    """The share of right answers for each class, nan for one without examples."""
    raise NotImplementedError


def images_needed(p: float, margin: float) -> int:
    """Fewest images for which two standard deviations are at most the margin."""
    raise NotImplementedError


def shifted(images: Tensor, across: int, down: int) -> Tensor:
    """Images of shape (n, 64), moved right and down; paper comes in."""
    raise NotImplementedError


def winners(right: Tensor, first: Tensor) -> tuple[float, float]:
    """Accuracy of the winner of the first half, there and on the other half."""
    raise NotImplementedError


def answered(confidence: Tensor, share: float) -> Tensor:
    """True for the examples that keep their answer, False for the least sure."""
    raise NotImplementedError
