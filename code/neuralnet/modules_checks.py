"""The modules beside those of `torch.nn`: what is compared, and on what."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from neuralnet.agreement import Check
from neuralnet.gradient_descent import descend, line_gradient
from neuralnet.modules import (
    BatchNorm1d,
    Linear,
    ModuleList,
    MSELoss,
    Sequential,
    Tanh,
)

#: The book's modules under the names of `torch.nn`.
OURS = SimpleNamespace(
    Linear=Linear,
    Tanh=Tanh,
    Sequential=Sequential,
    ModuleList=ModuleList,
    MSELoss=MSELoss,
    BatchNorm1d=BatchNorm1d,
)


def build_line(lib: Any) -> Any:
    """A layer of four neurons for three inputs.

    >>> build_line(nn)
    Linear(in_features=3, out_features=4, bias=True)
    """
    return lib.Linear(3, 4, dtype=torch.float64)


def build_net(lib: Any) -> Any:
    """Two layers with a tanh between, in a row within a row.

    >>> len(list(build_net(OURS).parameters()))
    4
    """
    f64 = torch.float64
    inner = lib.Sequential(lib.Linear(3, 5, dtype=f64), lib.Tanh())
    return lib.Sequential(inner, lib.Linear(5, 2, dtype=f64))


def build_norm(lib: Any) -> Any:
    """Batch normalization of three features.

    >>> build_norm(OURS).num_features
    3
    """
    return lib.BatchNorm1d(3, dtype=torch.float64)


def filled(build: Callable, lib: Any) -> Any:
    """A module of a library, with the same numbers in all its tensors.

    >>> ours, theirs = filled(build_line, OURS), filled(build_line, nn)
    >>> bool((ours.weight == theirs.weight).all())
    True
    """
    module = build(lib)
    rng = torch.Generator().manual_seed(0)
    state = {
        name: torch.rand(value.shape, generator=rng).to(value.dtype) + 0.1
        for name, value in module.state_dict().items()
    }
    module.load_state_dict(state)
    return module


def output_of(build: Callable, lib: Any, x: Tensor, train: bool = True) -> Tensor:
    """What a filled module answers.

    >>> output_of(build_line, OURS, torch.zeros(2, 3).double()).shape
    torch.Size([2, 4])
    """
    answer: Tensor = filled(build, lib).train(train)(x)
    return answer


def slopes_of(build: Callable, lib: Any, x: Tensor) -> Tensor:
    """Gradients of the sum of squared outputs by all parameters, in a row.

    >>> slopes_of(build_line, OURS, torch.zeros(2, 3).double()).shape
    torch.Size([16])
    """
    module = filled(build, lib)
    (module(x) ** 2).sum().backward()
    return torch.cat([p.grad.flatten() for p in module.parameters()])


def buffers_of(lib: Any, x: Tensor) -> Tensor:
    """The buffers of batch normalization after three batches.

    >>> buffers_of(OURS, torch.ones(2, 3).double()).shape
    torch.Size([7])
    """
    module = build_norm(lib)
    for factor in (1.0, -2.0, 5.0):
        module(factor * x)
    buffers = [buffer for _, buffer in module.named_buffers()]
    return torch.cat([b.double().flatten() for b in buffers])


def fitted_path(x: Tensor, target: Tensor, start: Tensor) -> Tensor:
    """Weight and bias of `nn.Linear` after each of 100 steps of SGD.

    >>> x = torch.tensor([-1.0, 1.0]).double()
    >>> fitted_path(x, x, torch.zeros(2).double()).shape
    torch.Size([101, 2])
    """
    model = nn.Linear(1, 1, dtype=torch.float64)
    state = {"weight": start[:1, None], "bias": start[1:]}
    model.load_state_dict(state)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss_fn, path = nn.MSELoss(), [start]
    for _ in range(100):
        optimizer.zero_grad()
        loss_fn(model(x[:, None]), target[:, None]).backward()
        optimizer.step()
        now = [p.detach().flatten() for p in model.parameters()]
        path.append(torch.cat(now))
    return torch.stack(path)


def hand_path(x: Tensor, target: Tensor, start: Tensor) -> Tensor:
    """The same steps by the formula for the two slopes.

    >>> x = torch.tensor([-1.0, 1.0]).double()
    >>> hand_path(x, x, torch.zeros(2).double()).shape
    torch.Size([101, 2])
    """

    def gradient(params: Tensor) -> Tensor:
        return line_gradient(params, x, target)

    return descend(gradient, start, 0.1, 100)


def some_batches() -> list[tuple[Tensor]]:
    """Batches of three features: plain, large, tiny, turned, cut out.

    >>> [tuple(x.shape) for (x,) in some_batches()]
    [(5, 3), (2, 3), (4, 3), (6, 3), (3, 3)]
    """
    rng = torch.Generator().manual_seed(1)
    draw = partial(torch.randn, generator=rng, dtype=torch.float64)
    batches = [
        draw(5, 3),
        1e4 * draw(2, 3),
        1e-3 * draw(4, 3),
        draw(3, 6).T,
        draw(6, 3)[::2],
    ]
    return [(batch,) for batch in batches]


def agreement_checks() -> list[Check]:
    """What the chapter's table compares and the tests assert.

    >>> [check.name for check in agreement_checks()][:2]
    ['Linear', 'Sequential']
    """
    f64 = torch.float64
    batches = some_batches()
    shapes = [(3,), (0, 3), (2, 4, 3), (1, 3)]
    more = [(torch.ones(shape, dtype=f64),) for shape in shapes]
    checks = []

    def both(name: str, function: Callable, cases: list, grad: bool) -> None:
        ours, theirs = partial(function, OURS), partial(function, nn)
        checks.append(Check(name, ours, theirs, cases, 1e-13, grad))

    both("Linear", partial(output_of, build_line), batches + more, True)
    both("Sequential", partial(output_of, build_net), batches + more, True)
    both("BatchNorm1d", partial(output_of, build_norm), batches, True)
    calm = partial(output_of, build_norm, train=False)
    both("the same, eval", calm, [*batches, more[1], more[3]], True)
    both("its buffers", buffers_of, batches, False)
    for build in (build_line, build_net, build_norm):
        name = f"grads of {build.__name__[6:]}"
        both(name, partial(slopes_of, build), batches, False)
    pairs = [(a[0], a[0] ** 2 + 1) for a in batches]
    both("MSELoss", lambda lib, *pair: lib.MSELoss()(*pair), pairs, True)
    x = torch.tensor([-1.3, -0.2, 0.1, 1.4], dtype=f64)
    pair = torch.tensor([3.0, -1.0], dtype=f64)
    walk = Check("descent", hand_path, fitted_path, [(x, 1 - x**2, pair)], grad=False)
    return [*checks, walk]
