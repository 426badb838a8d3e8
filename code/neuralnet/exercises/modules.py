"""Exercises of the chapter on modules: yours to fill in."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def linear_shape(
    shape: tuple[int, ...], in_features: int, out_features: int
) -> tuple[int, ...] | None:
    """Shape of a layer's answer to an input of this shape; None if it raises."""
    raise NotImplementedError


def moved(net: nn.Module, step: Callable[[], object]) -> list[str]:
    """Names of the parameters that step() changes."""
    raise NotImplementedError


def outputs(net: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What every module without submodules answers in one call."""
    raise NotImplementedError


def parabola() -> nn.Module:
    """A module that computes a x^2 + w x + b, all three 0 at first."""
    raise NotImplementedError


def standardizer(x: Tensor) -> nn.Module:
    """A module that shifts and scales by the mean and spread of x."""
    raise NotImplementedError


def freeze(net: nn.Module, path: str) -> int:
    """Hold a submodule's parameters still; count the numbers still trained."""
    raise NotImplementedError


def folded(linear: nn.Linear, norm: nn.BatchNorm1d) -> nn.Linear:
    """One layer that does what the two do in evaluation."""
    raise NotImplementedError
