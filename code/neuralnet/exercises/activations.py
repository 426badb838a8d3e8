"""Exercises of the chapter on activations: replace each `raise`."""

from __future__ import annotations

from collections.abc import Callable

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


def mish(input: Tensor) -> Tensor:
    """The input times tanh of its softplus."""
    raise NotImplementedError


def log_sigmoid(input: Tensor) -> Tensor:
    """Logarithm of the sigmoid, finite for every finite input."""
    raise NotImplementedError


def safe_sqrt(input: Tensor) -> Tensor:
    """Square root of what is positive; 0, with gradient 0, elsewhere."""
    raise NotImplementedError


def gain(activation: Callable[[Tensor], Tensor]) -> float:
    """The factor on the weights that keeps a signal's size."""
    raise NotImplementedError


def my_activation(input: Tensor) -> Tensor:
    """An activation of your own: smooth, bent, never dead."""
    raise NotImplementedError
