"""Exercises of the chapter on optimizers: yours to fill in."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def first_steps(lr: float, grad: float) -> list[float]:
    """What SGD, Adagrad, RMSprop and Adam add to a parameter in their first step."""
    raise NotImplementedError


def batch_size_for(n: int, share: float) -> int:
    """Fewest readings of n whose mean slope has this share of one's variance."""
    raise NotImplementedError


def torch_rate(lr: float, beta: float) -> float:
    """The rate for torch's SGD that follows m <- beta m + (1 - beta) g."""
    raise NotImplementedError


def warm_cosine(lr: float, t: int, warm: int, total: int) -> float:
    """Ramp up over warm steps, then half a cosine wave down to 0 at total."""
    raise NotImplementedError


def clip_grad_norm(grads: list[Tensor], max_norm: float) -> list[Tensor]:
    """The gradients, all shortened by one factor if together they are too long."""
    raise NotImplementedError


def look_ahead_path(
    slope: Callable, start: Tensor, lr: float, momentum: float, steps: int
) -> Tensor:
    """The places where the book's Nesterov takes its slopes, start included."""
    raise NotImplementedError


def minimize(slope: Callable, start: Tensor, steps: int) -> Tensor:
    """Come as low as you can in a valley you know nothing about."""
    raise NotImplementedError
