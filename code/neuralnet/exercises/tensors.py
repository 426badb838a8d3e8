"""Exercises of the chapter on tensors: yours to fill in."""

from __future__ import annotations

from torch import Tensor


def say_shapes() -> dict[str, tuple[int, ...]]:
    """The shape of each of the expressions A to H."""
    raise NotImplementedError


def safe_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean squared miss of tensors of shape (n,) or (n, 1), in any mixture."""
    raise NotImplementedError


def same_storage(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are views of one storage."""
    raise NotImplementedError


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Distance of each row of a, (n, d), from each row of b, (m, d)."""
    raise NotImplementedError


def windows(x: Tensor, size: int) -> Tensor:
    """Every window of so many neighbors of a vector, as rows of a view."""
    raise NotImplementedError


def can_flatten(shape: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    """Whether a tensor of this shape and stride has a flat view."""
    raise NotImplementedError


def wrong_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean square of each prediction minus each target, without the table of them."""
    raise NotImplementedError
