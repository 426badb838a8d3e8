"""Worked solutions of the exercises on digits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def lazy_accuracy(counts: Sequence[int]) -> float:
    """The accuracy of the best answer that is always the same."""
    return max(counts) / sum(counts)


def right_by_class(matrix: Tensor) -> Tensor:
    """The share of right answers for each class, nan for one without examples."""
    return matrix.diagonal().double() / matrix.sum(dim=1)


def images_needed(p: float, margin: float) -> int:
    """Fewest images for which two standard deviations are at most the margin."""
    exact = 4 * p * (1 - p) / margin**2
    return max(1, math.ceil(exact * (1 - 1e-12)))


def shifted(images: Tensor, across: int, down: int) -> Tensor:
    """Images of shape (n, 64), moved right and down; paper comes in."""
    moved = torch.zeros_like(images).view(-1, 8, 8)
    old = images.reshape(-1, 8, 8)
    for row in range(max(0, down), min(8, 8 + down)):
        for column in range(max(0, across), min(8, 8 + across)):
            moved[:, row, column] = old[:, row - down, column - across]
    return moved.view(-1, 64)


def winners(right: Tensor, first: Tensor) -> tuple[float, float]:
    """Accuracy of the winner of the first half, there and on the other half."""
    there = right[:, first].double().mean(dim=1)
    here = right[:, ~first].double().mean(dim=1)
    best = there.argmax()
    return there[best].item(), here[best].item()


def answered(confidence: Tensor, share: float) -> Tensor:
    """True for the examples that keep their answer, False for the least sure."""
    n = len(confidence)
    order = confidence.argsort(descending=True, stable=True)
    kept = torch.ones(n, dtype=torch.bool)
    kept[order[n - math.floor(share * n) :]] = False
    return kept
