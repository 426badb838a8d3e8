"""Worked solutions of the exercises on networks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn


def keys(sizes: Sequence[int]) -> list[str]:
    """Names in the state dict of linear layers with tanh between."""
    layers = range(len(sizes) - 1)
    return [f"{2 * k}.{part}" for k in layers for part in ("weight", "bias")]


def rename(
    state: Mapping[str, Tensor],
    model: nn.Module,
) -> dict[str, Tensor]:
    """The tensors of `state` under the names of the model."""
    wanted = model.state_dict()
    if len(state) != len(wanted):
        raise ValueError(f"{len(state)} tensors for {len(wanted)} names")
    renamed = dict(zip(wanted, state.values(), strict=True))
    for name, value in renamed.items():
        given, shape = tuple(value.shape), tuple(wanted[name].shape)
        if given != shape:
            raise ValueError(f"{name} has shape {shape}, got {given}")
    return renamed


def xavier_factors(n_in: int, n_out: int) -> tuple[float, float]:
    """What Xavier's start makes of the signal and of the gradient."""
    variance = 2 / (n_in + n_out)
    return math.sqrt(n_in * variance), math.sqrt(n_out * variance)


class Guarded(nn.Module):
    """A model that answers from `low` to `high` and nowhere else."""

    low: Tensor
    high: Tensor

    def __init__(self, model: nn.Module, low: float, high: float) -> None:
        """Keep the model and the limits."""
        super().__init__()
        self.register_buffer("low", torch.tensor(low, dtype=torch.float64))
        self.register_buffer("high", torch.tensor(high, dtype=torch.float64))
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """What the model says, if it can be asked."""
        inside = (self.low <= x) & (x <= self.high)
        if not inside.all():
            limits = f"{self.low.item():.2f} to {self.high.item():.2f}"
            raise ValueError(f"I can answer from {limits} only")
        answer: Tensor = self.model(x)
        return answer


def guard(model: nn.Module, low: float, high: float) -> nn.Module:
    """The model, asked from `low` to `high` only."""
    return Guarded(model, low, high)


def shrink(
    weight1: Tensor,
    bias1: Tensor,
    weight2: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """The same network without hidden neurons that say the same."""
    rows = torch.cat([weight1, bias1[:, None]], dim=1).detach()
    kept, number = torch.unique(rows, dim=0, return_inverse=True)
    sums = weight2.new_zeros(len(weight2), len(kept))
    sums.index_add_(1, number, weight2.detach())
    return kept[:, :-1], kept[:, -1], sums


def tame_(model: nn.Sequential, x: Tensor) -> None:
    """Scale each linear layer so that its outputs have mean square 1."""
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, nn.Linear):
                if layer.bias is not None:
                    layer.bias.zero_()
                layer.weight /= layer(x).square().mean().sqrt()
            x = layer(x)
