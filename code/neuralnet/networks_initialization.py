"""How a network's weights start, and what that does to a deep stack of layers.

Notation: a weight has shape (out, in); its fan-in n_in is the number of inputs
of each neuron and its fan-out n_out the number of neurons that read an input.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from neuralnet.checks import (
    require_at_least,
    require_choice,
    require_floating,
    require_positive,
)
from neuralnet.networks import require_columns


def calculate_gain(
    nonlinearity: str,
    param: float | None = None,
) -> float:
    """Factor by which a start is enlarged for an activation, as in PyTorch.

    1 for none and for the sigmoid, 5/3 for tanh, sqrt(2) for ReLU,
    sqrt(2 / (1 + a^2)) for a leaky ReLU of slope a (0.01 unless given), 3/4
    for SELU. PyTorch's names for convolutions are left out.

    Errors: `ValueError` for another name, or a slope of a leaky ReLU that is
    no number.

    >>> calculate_gain("leaky_relu", 1)
    1.0
    >>> calculate_gain("gelu")
    Traceback (most recent call last):
        ...
    ValueError: Unsupported nonlinearity gelu
    """
    gains = {
        "linear": 1,
        "sigmoid": 1,
        "tanh": 5 / 3,
        "relu": math.sqrt(2),
        "selu": 3 / 4,
    }
    if nonlinearity == "leaky_relu":
        a = 0.01 if param is None else param
        if isinstance(a, bool) or not isinstance(a, int | float):
            raise ValueError(f"negative_slope {a} not a valid number")
        return math.sqrt(2 / (1 + a**2))
    if nonlinearity not in gains:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return gains[nonlinearity]


def fans(tensor: Tensor) -> tuple[int, int]:
    """Fan-in and fan-out of a weight (out, in), or (out, in, patch...).

    The sizes after the second count the places that a neuron looks at, and
    multiply both.

    Errors: `TypeError` if it is no floating-point tensor, `ValueError` if it
    has fewer than 2 dimensions.

    >>> fans(torch.zeros(8, 1)), fans(torch.zeros(6, 3, 5, 5))
    ((1, 8), (75, 150))
    """
    require_floating("tensor", tensor)
    if tensor.dim() < 2:
        given = tuple(tensor.shape)
        raise ValueError(f"fans need 2 dimensions or more, got {given}")
    n_out, n_in, *patch = tensor.shape
    return n_in * math.prod(patch), n_out * math.prod(patch)


def xavier_uniform_(
    tensor: Tensor,
    gain: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Fill evenly with variance gain^2 * 2 / (n_in + n_out), in place.

    Errors: those of `fans`.

    >>> weight = xavier_uniform_(torch.empty(300, 100))
    >>> bool(weight.abs().max() <= (6 / 400) ** 0.5)
    True
    """
    std = gain * math.sqrt(2 / sum(fans(tensor)))
    bound = math.sqrt(3) * std
    with torch.no_grad():
        return tensor.uniform_(-bound, bound, generator=generator)


def xavier_normal_(
    tensor: Tensor,
    gain: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Fill normally with variance gain^2 * 2 / (n_in + n_out), in place.

    Errors: those of `fans`.

    >>> weight = xavier_normal_(torch.empty(3000, 1000))
    >>> round(weight.std().item() / (2 / 4000) ** 0.5, 1)
    1.0
    """
    std = gain * math.sqrt(2 / sum(fans(tensor)))
    with torch.no_grad():
        return tensor.normal_(0, std, generator=generator)


def kaiming_std(
    tensor: Tensor,
    a: float,
    mode: str,
    nonlinearity: str,
) -> float:
    """gain / sqrt(n), with n the fan-in or the fan-out.

    Errors: those of `fans`; `ValueError` for another mode (PyTorch takes
    capitals too) or nonlinearity.

    >>> kaiming_std(torch.empty(8, 2), 0, "fan_in", "relu")
    1.0
    """
    require_choice("mode", mode, ("fan_in", "fan_out"))
    n_in, n_out = fans(tensor)
    n = n_in if mode == "fan_in" else n_out
    return calculate_gain(nonlinearity, a) / math.sqrt(n)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Fill evenly with variance gain^2 / n, in place.

    A weight without elements stays as it is, unchecked, with a warning.

    Errors: those of `kaiming_std`.

    >>> weight = kaiming_uniform_(torch.empty(300, 100), a=5**0.5)
    >>> bool(weight.abs().max() <= 0.1)
    True
    """
    if 0 in tensor.shape:
        words = "Initializing zero-element tensors is a no-op"
        warnings.warn(words, stacklevel=2)
        return tensor
    std = kaiming_std(tensor, a, mode, nonlinearity)
    bound = math.sqrt(3) * std
    with torch.no_grad():
        return tensor.uniform_(-bound, bound, generator=generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Fill normally with variance gain^2 / n, in place.

    A weight without elements stays as it is, unchecked, with a warning.

    Errors: those of `kaiming_std`.

    >>> weight = kaiming_normal_(torch.empty(3000, 1000))
    >>> round(weight.std().item() / (2 / 1000) ** 0.5, 1)
    1.0
    """
    if 0 in tensor.shape:
        words = "Initializing zero-element tensors is a no-op"
        warnings.warn(words, stacklevel=2)
        return tensor
    std = kaiming_std(tensor, a, mode, nonlinearity)
    with torch.no_grad():
        return tensor.normal_(0, std, generator=generator)


def linear_default_(
    tensor: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Fill as `nn.Linear` does: evenly between plus and minus 1 / sqrt(n_in).

    Errors: those of `fans`.

    >>> weight = linear_default_(torch.empty(300, 100))
    >>> bool(weight.abs().max() <= 0.1)
    True
    """
    return kaiming_uniform_(tensor, a=math.sqrt(5), generator=generator)


@dataclass(frozen=True)
class StackSizes:
    """What was measured in a stack of layers, a row for each draw.

    `z`: root mean square of the pre-activations. `apart`: their standard
    deviation over the examples, neuron by neuron. `grad`: root mean square of
    the gradient along them. Each has shape (draws, layers).
    """

    z: Tensor
    apart: Tensor
    grad: Tensor


def measure_stack(
    start: Callable[..., Tensor],
    activation: Callable[[Tensor], Tensor],
    depth: int,
    *,
    width: int = 64,
    draws: int = 10,
    biases: bool = False,
    skip: float | None = None,
    seed: int = 0,
) -> StackSizes:
    """Push 32 random examples through random stacks, and a gradient back.

    `start(weight, generator=...)` fills each weight (width, width). With
    `biases`, biases are drawn as `nn.Linear` draws them, else they are 0. With
    `skip`, a layer adds skip * f(z) to what went into it, in place of f(z).
    The gradient is that of the last layer's outputs, mixed with random
    weights and summed.

    Errors: `ValueError` unless depth, width and draws are positive.

    >>> sizes = measure_stack(kaiming_normal_, torch.relu, 3, width=8)
    >>> sizes.z.shape
    torch.Size([10, 3])
    """
    for name, size in (("depth", depth), ("width", width), ("draws", draws)):
        require_positive(name, size)
    rng = torch.Generator().manual_seed(seed)
    shape, f64 = (draws, width, width), torch.float64
    o = torch.randn(draws, 32, width, generator=rng, dtype=f64)
    mixing = torch.randn(draws, width, 1, generator=rng, dtype=f64)
    zs = []
    for _ in range(depth):
        weight = torch.empty(shape, dtype=f64)
        for one in weight:
            start(one, generator=rng)
        z = o @ weight.mT
        if biases:
            even = torch.rand(draws, 1, width, generator=rng, dtype=f64)
            z = z + (2 * even - 1) / math.sqrt(width)
        zs.append(z.requires_grad_())
        bent = activation(z)
        o = bent if skip is None else o + skip * bent
    grads = torch.autograd.grad((o @ mixing).sum(), zs)
    signal = torch.stack([z.detach() for z in zs], dim=1)
    gradient = torch.stack(grads, dim=1)
    return StackSizes(
        signal.square().mean((2, 3)).sqrt(),
        signal.std(2).mean(2),
        gradient.square().mean((2, 3)).sqrt(),
    )


def train_deep(
    start: Callable[..., Tensor],
    activation: Callable[[Tensor], Tensor],
    depth: int,
    x: Tensor,
    target: Tensor,
    *,
    width: int = 16,
    draws: int = 10,
    biases: bool = True,
    skip: float | None = None,
    lr: float = 0.01,
    steps: int = 200,
) -> Tensor:
    """Train deep networks 1-width-...-width-1 at once; the losses they end with.

    The first and the last layer start as `nn.Linear` does. The `depth` layers
    between them start with `start`, and with biases as `nn.Linear` draws them
    or of 0; with `skip`, each adds skip * f(z) to what went into it.

    Shapes: x (n, 1), target (n, 1), both in float64; result (draws,).

    Errors: those of `require_columns`; `TypeError` for another dtype;
    `ValueError` unless depth, width, draws and lr are positive and steps at
    least 0.

    >>> x = torch.tensor([[-1.0], [0.0], [1.0]], dtype=torch.float64)
    >>> losses = train_deep(linear_default_, torch.relu, 30, x, x, steps=50)
    >>> bool((losses > 0.6).all())
    True
    """
    for name, size in (("depth", depth), ("width", width), ("draws", draws)):
        require_positive(name, size)
    require_columns(x, target)
    if x.dtype != torch.float64:
        raise TypeError(f"x must be float64, got {x.dtype}")
    require_positive("lr", lr)
    require_at_least("steps", steps, 0)
    rng = torch.Generator().manual_seed(0)

    def layer(n_in: int, n_out: int, fill: Callable, even: float) -> list:
        weight = torch.empty(draws, n_out, n_in, dtype=torch.float64)
        for one in weight:
            fill(one, generator=rng)
        bias = torch.empty(draws, 1, n_out, dtype=torch.float64)
        bias.uniform_(-even, even, generator=rng)
        return [weight.requires_grad_(), bias.requires_grad_()]

    even = width**-0.5
    first = layer(1, width, linear_default_, 1.0)
    between = [layer(width, width, start, even * biases) for _ in range(depth)]
    last = layer(width, 1, linear_default_, even)
    params = [p for pair in [first, *between, last] for p in pair]
    losses = torch.empty(0)
    for _ in range(steps + 1):
        o = activation(x @ first[0].mT + first[1])
        for weight, bias in between:
            bent = activation(torch.baddbmm(bias, o, weight.mT))
            o = bent if skip is None else o + skip * bent
        output = torch.baddbmm(last[1], o, last[0].mT)
        losses = (output - target).square().mean((1, 2))
        grads = torch.autograd.grad(losses.sum(), params)
        with torch.no_grad():
            for param, grad in zip(params, grads, strict=True):
                param.sub_(grad, alpha=lr)
    return losses.detach()
