"""Networks, starts and stacks beside PyTorch: what is compared, and on what."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from neuralnet.agreement import Check
from neuralnet.networks import (
    ThermometerNet,
    fit_lines,
    functional_net,
    named_net,
    run_stack,
    start_many,
    train_net,
    train_stack,
)
from neuralnet.networks_initialization import (
    calculate_gain,
    kaiming_normal_,
    kaiming_uniform_,
    xavier_normal_,
    xavier_uniform_,
)

#: Shapes of weights: tall, wide, of one neuron, and with a patch of places.
WEIGHT_SHAPES = (5, 3), (2, 40), (1, 1), (4, 3, 2, 2)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    """Normal random numbers in float64.

    >>> numbers(2, 3).shape
    torch.Size([2, 3])
    """
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=rng).double()


def drawn(fill: Callable[..., Tensor], options: list[dict[str, Any]]) -> Tensor:
    """Everything that a start draws, for all shapes, options and two dtypes.

    >>> drawn(xavier_uniform_, [{}]).shape
    torch.Size([288])
    """
    rng = torch.Generator().manual_seed(0)
    draws = [
        fill(torch.empty(shape, dtype=dtype), **option, generator=rng)
        for shape in WEIGHT_SHAPES
        for option in options
        for dtype in (torch.float32, torch.float64)
    ]
    return torch.cat([draw.double().flatten() for draw in draws])


def module_of(make: Callable[[int], nn.Module], *params: Tensor) -> nn.Module:
    """A network 1-h-1 that holds these very tensors, in their order.

    >>> net = module_of(named_net, *[torch.ones(s) for s in ((2, 1), 2, (1, 2), 1)])
    >>> net(torch.zeros(1, 1)).item() > 2
    True
    """
    net = make(len(params[0])).double()
    for name, param in zip(dict(net.named_parameters()), params, strict=True):
        part, _, leaf = name.rpartition(".")
        delattr(net.get_submodule(part), leaf)
        setattr(net.get_submodule(part), leaf, param)
    return net


def one_by_one(params: list[Tensor], x: Tensor, target: Tensor) -> Tensor:
    """Predictions of networks trained one after the other with `nn` and SGD.

    >>> x = numbers(2, 5, 1)
    >>> one_by_one(start_many(2, 3), x, x).shape
    torch.Size([2, 5, 1])
    """
    outputs = []
    for k in range(len(x)):
        net = named_net(params[0].shape[-1]).double()
        with torch.no_grad():
            for mine, given in zip(net.parameters(), params, strict=True):
                mine.copy_(given[k].mT.reshape(mine.shape))
        train_net(net, x[k], target[k], 0.05, 100)
        outputs.append(net(x[k]).detach())
    return torch.stack(outputs)


def all_at_once(params: list[Tensor], x: Tensor, target: Tensor) -> Tensor:
    """Predictions of the same networks, trained in one stack.

    >>> x = numbers(2, 5, 1)
    >>> all_at_once(start_many(2, 3), x, x).shape
    torch.Size([2, 5, 1])
    """
    params = [param.clone() for param in params]
    train_stack(params, x, target, 0.05, 100)
    return run_stack(x, params)


def agreement_checks() -> list[Check]:
    """What the chapter's table compares and the tests assert.

    >>> [check.name for check in agreement_checks()][:2]
    ['functional_net', 'ThermometerNet']
    """
    nets = [
        (numbers(n, 1), numbers(h, 1, seed=1), numbers(h), numbers(1, h), numbers(1))
        for n, h in ((11, 13), (1, 1), (0, 4))
    ]
    plain = nn.Sequential(nn.Linear(1, 1), nn.Tanh(), nn.Linear(1, 1))
    keys = list(named_net().state_dict())

    def function(x: Tensor, *params: Tensor) -> Tensor:
        return functional_net(x, dict(zip(keys, params, strict=True)))

    def module(make: Callable, x: Tensor, *params: Tensor) -> Tensor:
        output: Tensor = module_of(make, *params)(x)
        return output

    def sequential(x: Tensor, *params: Tensor) -> Tensor:
        names = dict(zip(plain.state_dict(), params, strict=True))
        output: Tensor = torch.func.functional_call(plain, names, (x,))
        return output

    checks = [
        Check("functional_net", function, sequential, nets),
        Check("ThermometerNet", partial(module, ThermometerNet), sequential, nets),
        Check("named_net", partial(module, named_net), sequential, nets),
    ]
    gains: list[dict[str, Any]] = [{}, {"gain": 5 / 3}]
    kinds: list[dict[str, Any]] = [
        {},
        {"a": 5**0.5},
        {"nonlinearity": "relu"},
        {"a": 0.2, "mode": "fan_out"},
    ]
    for ours, options in (
        (xavier_uniform_, gains),
        (xavier_normal_, gains),
        (kaiming_uniform_, kinds),
        (kaiming_normal_, kinds),
    ):
        theirs = getattr(nn.init, ours.__name__)
        checks.append(
            Check(
                ours.__name__,
                lambda _, f=ours, o=options: drawn(f, o),
                lambda _, f=theirs, o=options: drawn(f, o),
                [(torch.zeros(1),)],
                0.0,
                grad=False,
            )
        )
    plain_names = "linear", "sigmoid", "tanh", "relu", "selu", "leaky_relu"
    asked: list[tuple[str, float | None]] = [(name, None) for name in plain_names]
    asked += [("leaky_relu", 0.2), ("leaky_relu", 3)]

    def every_gain(gain: Callable, _: Tensor) -> Tensor:
        return torch.tensor([gain(*pair) for pair in asked], dtype=torch.float64)

    x, target = numbers(3, 9, 1), numbers(3, 9, 1, seed=1)
    start = start_many(3, 8)
    lines = partial(torch.linalg.lstsq, torch.cat([x, torch.ones_like(x)], 2))
    return [
        *checks,
        Check(
            "calculate_gain",
            partial(every_gain, calculate_gain),
            partial(every_gain, nn.init.calculate_gain),
            [(torch.zeros(1),)],
            0.0,
            grad=False,
        ),
        Check(
            "train_stack",
            partial(all_at_once, start),
            partial(one_by_one, start),
            [(x, target)],
            grad=False,
        ),
        Check(
            "fit_lines",
            fit_lines,
            lambda x, t: lines(t).solution[..., 0],
            [(x, target)],
            grad=False,
        ),
    ]
