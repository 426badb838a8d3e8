"""The activations beside PyTorch's: what is compared, and on which inputs.

Three points are left out of the comparison because PyTorch answers them in two
ways, depending on how long the tensor is or how it lies in memory: the gradient
of `elu` and of `hardtanh` at nan, and the value of `gelu` at +inf in float32.
The tests check that ours is one of the two answers there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from neuralnet.activations import (
    elu,
    elu_slope,
    gelu,
    gelu_slope,
    hardtanh,
    hardtanh_slope,
    leaky_relu,
    leaky_relu_slope,
    relu,
    relu_slope,
    sigmoid,
    sigmoid_slope,
    silu,
    silu_slope,
    softmax,
    softplus,
    softplus_slope,
    tanh,
    tanh_slope,
)
from neuralnet.agreement import Check

PAIRS: dict[str, tuple[Callable, Callable, Callable]] = {
    "sigmoid": (sigmoid, torch.sigmoid, sigmoid_slope),
    "tanh": (tanh, torch.tanh, tanh_slope),
    "relu": (relu, F.relu, relu_slope),
    "leaky_relu": (leaky_relu, F.leaky_relu, leaky_relu_slope),
    "elu": (elu, F.elu, elu_slope),
    "softplus": (softplus, F.softplus, softplus_slope),
    "gelu": (gelu, F.gelu, gelu_slope),
    "gelu tanh": (
        lambda z: gelu(z, approximate="tanh"),
        lambda z: F.gelu(z, approximate="tanh"),
        lambda z: gelu_slope(z, approximate="tanh"),
    ),
    "silu": (silu, F.silu, silu_slope),
    "hardtanh": (hardtanh, F.hardtanh, hardtanh_slope),
}

SPLIT = {"elu": "nan", "hardtanh": "nan"}
SPLIT32 = SPLIT | {"gelu": "inf"}


def inputs(
    dtype: torch.dtype,
    skip: str = "",
) -> list[tuple[Tensor]]:
    """Ordinary, extreme and degenerate inputs, all but `skip`.

    >>> [tuple(z.shape) for (z,) in inputs(torch.float64)]
    [(401,), (11,), (3, 4, 2), (), (0, 3), (2, 5)]
    """
    far = [0.0, -0.0, 1e-30, -1e-30, 1.0, -1.0, 1e4, -1e4]
    far += [math.inf, -math.inf, math.nan]
    edge = [point for point in far if str(point) != skip]
    grid = torch.linspace(-12, 12, 401, dtype=dtype)
    return [
        (grid,),
        (torch.tensor(edge, dtype=dtype),),
        (grid[:24].view(3, 4, 2),),
        (grid[7],),
        (grid[:0].view(0, 3),),
        (grid[:10].view(5, 2).T,),
    ]


def score_rows(dtype: torch.dtype) -> list[tuple[Tensor]]:
    """Rows of scores, the shapes of `inputs` and extremes.

    >>> [tuple(z.shape) for (z,) in score_rows(torch.float64)]
    [(401,), (3, 4, 2), (), (0, 3), (2, 5), (5, 2)]
    """
    far = [[math.inf, 0], [0, -math.inf], [math.nan, 0]]
    far += [[1e4, -1e4], [1e-30, 0]]
    grid, _, *shapes = inputs(dtype)
    return [grid, *shapes, (torch.tensor(far, dtype=dtype),)]


def slope_of(function: Callable) -> Callable[[Tensor], Tensor]:
    """The derivative of an element-wise function, by autograd.

    >>> slope_of(torch.square)(torch.tensor([3.0]))
    tensor([6.])
    """

    def slope(input: Tensor) -> Tensor:
        z = input.detach().clone().requires_grad_()
        return torch.autograd.grad(function(z).sum(), z)[0]

    return slope


def agreement_checks() -> list[Check]:
    """Every activation in two precisions, slopes, softmax.

    >>> len(agreement_checks())
    32
    """
    checks = []
    double, single = torch.float64, torch.float32
    slopes = partial(Check, grad=False)
    for name, (ours, theirs, slope) in PAIRS.items():
        z64 = inputs(double, SPLIT.get(name, ""))
        z32 = inputs(single, SPLIT32.get(name, ""))
        checks += [
            Check(name, ours, theirs, z64),
            Check(f"{name}, f32", ours, theirs, z32, 5e-6),
            slopes(f"{name}'", slope, slope_of(theirs), z64),
        ]

    def squared(function: Callable) -> Callable[[Tensor], Tensor]:
        return lambda z: function(z, -1) ** 2

    pair = squared(softmax), squared(torch.softmax)
    for name, dtype, most in (
        ("softmax", double, 1e-12),
        ("softmax, f32", single, 5e-6),
    ):
        checks.append(Check(name, *pair, score_rows(dtype), most))
    return checks
