"""Starts as books write them, beside PyTorch's, on one weight of 64 neurons.

The weight has shape (64, 256), in float64. What is compared is what the start
draws from one generator, or for a bound or a gain the number itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from neuralnet.conventions import Convention

#: Shape of the weight: 64 neurons with 256 inputs each.
WEIGHT_SHAPE = 64, 256


def even(bound: float, shape: tuple[int, ...] = WEIGHT_SHAPE) -> Tensor:
    """Random numbers drawn evenly between plus and minus the bound.

    >>> even(0.5).shape
    torch.Size([64, 256])
    """
    rng = torch.Generator().manual_seed(0)
    numbers = torch.empty(shape, dtype=torch.float64)
    return numbers.uniform_(-bound, bound, generator=rng)


def filled(fill: Callable[..., Tensor], **options: object) -> Tensor:
    """What a function of `torch.nn.init` draws for the weight.

    >>> bool(filled(nn.init.xavier_uniform_).abs().max() < (6 / 320) ** 0.5)
    True
    """
    rng = torch.Generator().manual_seed(0)
    weight = torch.empty(WEIGHT_SHAPE, dtype=torch.float64)
    return fill(weight, generator=rng, **options)


def fresh_layer() -> nn.Linear:
    """A new `nn.Linear` of that shape, the global generator left as it was.

    >>> fresh_layer().weight.shape
    torch.Size([64, 256])
    """
    n_out, n_in = WEIGHT_SHAPE
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Linear(n_in, n_out, dtype=torch.float64)


def initialization_conventions() -> list[Convention]:
    """The rows of this chapter.

    >>> [row.name for row in initialization_conventions()][:2]
    ["a layer's weight", 'the same, as PyTorch says it']
    """
    n_out, n_in = WEIGHT_SHAPE
    uniform = nn.init.kaiming_uniform_

    def layer() -> Tensor:
        return fresh_layer().weight.detach()

    return [
        Convention(
            "a layer's weight",
            "variance 2 / n_in, here even",
            "nn.Linear: even, ± 1 / sqrt(n_in)",
            lambda: even(math.sqrt(6 / n_in)),
            layer,
            source="He et al. (2015)",
        ),
        Convention(
            "the same, as PyTorch says it",
            "even, ± 1 / sqrt(n_in)",
            "kaiming_uniform_(weight, a=sqrt(5))",
            lambda: even(1 / math.sqrt(n_in)),
            layer,
            same=True,
        ),
        Convention(
            "a layer's bias",
            "0",
            "nn.Linear: even, ± 1 / sqrt(n_in)",
            lambda: torch.zeros(n_out, dtype=torch.float64),
            lambda: fresh_layer().bias.detach(),
            source="Glorot and Bengio (2010)",
        ),
        Convention(
            "Xavier",
            "even, ± sqrt(6 / (n_in + n_out))",
            "xavier_uniform_(weight)",
            lambda: even(math.sqrt(6 / (n_in + n_out))),
            lambda: filled(nn.init.xavier_uniform_),
            same=True,
            source="Glorot and Bengio (2010)",
        ),
        Convention(
            "gain of tanh",
            "1",
            "calculate_gain('tanh'), 5/3",
            lambda: torch.tensor(1.0),
            lambda: torch.tensor(nn.init.calculate_gain("tanh")),
            source="Glorot and Bengio (2010)",
        ),
        Convention(
            "Kaiming, no nonlinearity named",
            "gain 1",
            "kaiming_uniform_(weight): sqrt(2)",
            lambda: even(math.sqrt(3 / n_in)),
            lambda: filled(uniform),
        ),
        Convention(
            "Kaiming for ReLU",
            "gain sqrt(2)",
            "nonlinearity='relu'",
            lambda: even(math.sqrt(6 / n_in)),
            lambda: filled(uniform, nonlinearity="relu"),
            same=True,
        ),
        Convention(
            "a weight written (in, out)",
            "x @ W: its rows count the inputs",
            "takes the second size for the inputs",
            lambda: even(math.sqrt(6 / n_out)),
            lambda: filled(uniform, nonlinearity="relu"),
        ),
    ]
