"""Neurons, layers and networks beside PyTorch's: what is compared, and on what."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from neuralnet.agreement import Check
from neuralnet.neurons import linear, merge, network, neuron

#: Leading dimensions of the inputs: none, one, batches, an empty batch.
LEADING: tuple[tuple[int, ...], ...] = ((), (1,), (7,), (2, 3), (0,))


def some_tensors(
    *shapes: tuple[int, ...],
    scale: float = 1.0,
    dtype: torch.dtype = torch.float64,
    seed: int = 0,
) -> tuple[Tensor, ...]:
    """Random tensors of these shapes.

    >>> [tuple(x.shape) for x in some_tensors((2, 3), ())]
    [(2, 3), ()]
    """
    rng = torch.Generator().manual_seed(seed)
    return tuple(
        scale * torch.randn(shape, generator=rng).to(dtype) for shape in shapes
    )


def layer_cases(
    *tail: tuple[int, ...], dtype: torch.dtype = torch.float64
) -> list[tuple[Tensor, ...]]:
    """An input for each leading shape, small, usual and large, and its layers.

    The last case is not contiguous.

    >>> [tuple(case[0].shape) for case in layer_cases((2, 3), (2,))][:3]
    [(3,), (3,), (3,)]
    """
    cases = [
        some_tensors((*lead, tail[0][-1]), *tail, scale=scale, dtype=dtype)
        for lead in LEADING
        for scale in (1e-3, 1.0, 1e4)
    ]
    x, *rest = some_tensors((tail[0][-1], 5), *tail, dtype=dtype)
    return [*cases, (x.T, *rest)]


def torch_network(
    x: Tensor, weight1: Tensor, bias1: Tensor, weight2: Tensor, bias2: Tensor
) -> Tensor:
    """A network with one hidden layer in PyTorch's own words.

    >>> torch_network(*some_tensors((5, 2), (3, 2), (3,), (1, 3), (1,))).shape
    torch.Size([5, 1])
    """
    hidden = torch.tanh(F.linear(x, weight1, bias1))
    return F.linear(hidden, weight2, bias2)


def two_layers(
    x: Tensor, weight1: Tensor, bias1: Tensor, weight2: Tensor, bias2: Tensor
) -> Tensor:
    """Two layers of PyTorch's, nothing between them.

    >>> two_layers(*some_tensors((5, 2), (3, 2), (3,), (1, 3), (1,))).shape
    torch.Size([5, 1])
    """
    return F.linear(F.linear(x, weight1, bias1), weight2, bias2)


def our_network(
    x: Tensor, weight1: Tensor, bias1: Tensor, weight2: Tensor, bias2: Tensor
) -> Tensor:
    """The same network through `network`.

    >>> our_network(*some_tensors((5, 2), (3, 2), (3,), (1, 3), (1,))).shape
    torch.Size([5, 1])
    """
    return network(x, [(weight1, bias1), (weight2, bias2)])


def our_loss(target: Tensor, *given: Tensor) -> Tensor:
    """Mean squared miss of `network`.

    >>> case = some_tensors((5, 1), (5, 2), (3, 2), (3,), (1, 3), (1,))
    >>> our_loss(*case).shape
    torch.Size([])
    """
    return ((our_network(*given) - target) ** 2).mean()


def agreement_checks() -> list[Check]:
    """What the chapter's table compares and the tests assert.

    >>> [check.name for check in agreement_checks()][:2]
    ['neuron, w ()', 'neuron, w (d,)']
    """
    one = [
        some_tensors(lead, (), (), scale=scale)
        for lead in LEADING
        for scale in (1e-3, 1.0, 1e4)
    ]
    x, *rest = some_tensors((3, 5), (), ())
    one.append((x.T, *rest))
    many = layer_cases((3,), ())
    layer, single = ((4, 3), (4,)), torch.float32
    both = (*layer, (2, 4), (2,))
    losses = [some_tensors((7, 2), (7, 3), *both, seed=seed) for seed in range(5)]

    def one_input(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return torch.tanh(torch.addcmul(b, w, x))

    def one_output(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return torch.tanh(F.linear(x, w[None], b[None])).squeeze(-1)

    def merged(x: Tensor, *layers: Tensor) -> Tensor:
        return linear(x, *merge(*layers))

    def torch_loss(target: Tensor, *given: Tensor) -> Tensor:
        return F.mse_loss(torch_network(*given), target)

    return [
        Check("neuron, w ()", neuron, one_input, one),
        Check("neuron, w (d,)", neuron, one_output, many),
        Check("linear", linear, F.linear, layer_cases(*layer)),
        Check("linear, no bias", linear, F.linear, layer_cases((4, 3))),
        Check(
            "linear, f32",
            linear,
            F.linear,
            layer_cases(*layer, dtype=single),
            1e-5,
        ),
        Check("network", our_network, torch_network, layer_cases(*both)),
        Check("merge", merged, two_layers, layer_cases(*both), 1e-11),
        Check("loss of network", our_loss, torch_loss, losses),
    ]
