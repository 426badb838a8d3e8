"""Exercises of the chapter on modules: worked solutions."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def linear_shape(
    shape: tuple[int, ...], in_features: int, out_features: int
) -> tuple[int, ...] | None:
    """Shape of a layer's answer to an input of this shape; None if it raises."""
    if len(shape) == 0 or shape[-1] != in_features:
        return None
    return (*shape[:-1], out_features)


def moved(net: nn.Module, step: Callable[[], object]) -> list[str]:
    """Names of the parameters that step() changes."""
    before = {n: p.detach().clone() for n, p in net.named_parameters()}
    step()
    after = dict(net.named_parameters())
    return [n for n, p in before.items() if not torch.equal(p, after[n])]


def outputs(net: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What every module without submodules answers in one call."""
    found: dict[str, Tensor] = {}

    def recorder(name: str) -> Callable:
        def hook(module: nn.Module, args: tuple, output: Tensor) -> None:
            found[name] = output.detach().clone()

        return hook

    handles = [
        module.register_forward_hook(recorder(name))
        for name, module in net.named_modules()
        if not list(module.children())
    ]
    try:
        net(x)
    finally:
        for handle in handles:
            handle.remove()
    return found


def parabola() -> nn.Module:
    """A module that computes a x^2 + w x + b, all three 0 at first."""

    class Parabola(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Parameter(torch.zeros(1))
            self.w = nn.Parameter(torch.zeros(1))
            self.b = nn.Parameter(torch.zeros(1))

        def forward(self, x: Tensor) -> Tensor:
            return self.a * x**2 + self.w * x + self.b

    return Parabola()


def standardizer(x: Tensor) -> nn.Module:
    """A module that shifts and scales by the mean and spread of x."""

    class Standardizer(nn.Module):
        mean: Tensor
        std: Tensor

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mean", x.mean(dim=0))
            self.register_buffer("std", x.std(dim=0, correction=0))

        def forward(self, x: Tensor) -> Tensor:
            return (x - self.mean) / self.std

    return Standardizer()


def freeze(net: nn.Module, path: str) -> int:
    """Hold a submodule's parameters still; count the numbers still trained."""
    part = dict(net.named_modules(remove_duplicate=False))[path]
    for param in part.parameters():
        param.requires_grad_(False)
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


@torch.no_grad()
def folded(linear: nn.Linear, norm: nn.BatchNorm1d) -> nn.Linear:
    """One layer that does what the two do in evaluation."""
    mean, var = norm.running_mean, norm.running_var
    assert mean is not None
    assert var is not None
    scale = norm.weight / (var + norm.eps).sqrt()
    shift = norm.bias - scale * mean
    if linear.bias is not None:
        shift = shift + scale * linear.bias
    sizes = linear.in_features, linear.out_features
    single = nn.Linear(*sizes, dtype=linear.weight.dtype)
    single.weight.copy_(scale[:, None] * linear.weight)
    single.bias.copy_(shift)
    return single
