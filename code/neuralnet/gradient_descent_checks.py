"""Gradient descent beside PyTorch's: what is compared, and on which readings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from neuralnet.agreement import Check
from neuralnet.gradient_descent import (
    condition_number,
    descend,
    finite_differences,
    hessian,
    learning_rate_limit,
    least_squares,
    line_gradient,
    line_loss,
    mean_squared_error,
    neuron_gradient,
    neuron_loss,
    standardize,
)


def some_readings() -> list[tuple[Tensor, Tensor, Tensor]]:
    """Parameters, x and target, 1 to 100 readings of each.

    >>> [tuple(x.shape) for params, x, target in some_readings()][:3]
    [(1,), (1,), (2,)]
    """
    rng = torch.Generator().manual_seed(0)
    cases = []
    for n in (1, 2, 11, 100):
        for scale in (1.0, 1e-3) if n == 1 else (1e-3, 1.0, 1e4):
            lists = torch.randn(3, n, generator=rng).double()
            params = torch.randn(2, generator=rng).double()
            cases.append((params, scale * lists[0], lists[1]))
    return cases


def torch_line_loss(
    params: Tensor,
    x: Tensor,
    target: Tensor,
) -> Tensor:
    """Loss of the line in PyTorch's own words.

    >>> params, x = torch.tensor([2.0, 1.0]), torch.tensor([1.0, 2.0])
    >>> torch_line_loss(params, x, 2 * x)
    tensor(1.)
    """
    inputs = torch.stack([x, torch.ones_like(x)], dim=1)
    return F.mse_loss(inputs @ params, target)


def torch_neuron_loss(
    params: Tensor,
    x: Tensor,
    target: Tensor,
) -> Tensor:
    """Loss of v tanh(w x) in PyTorch's own words.

    >>> torch_neuron_loss(torch.zeros(2), torch.ones(3), torch.ones(3))
    tensor(1.)
    """
    bent = torch.tanh(x * params[0])
    return F.mse_loss(bent * params[1], target)


def torch_gradient(loss: Callable) -> Callable:
    """The gradient of a loss by autograd, with a record.

    >>> params, x = torch.zeros(2), torch.ones(3)
    >>> torch_gradient(torch_line_loss)(params, x, x).tolist()
    [-2.0, -2.0]
    """

    def gradient(params: Tensor, *readings: Tensor) -> Tensor:
        params = params.clone().requires_grad_()
        value = loss(params, *readings)
        (grad,) = torch.autograd.grad(value, params, create_graph=True)
        return grad

    return gradient


def sgd_path(
    params: Tensor,
    x: Tensor,
    target: Tensor,
    lr: float,
    steps: int,
) -> Tensor:
    """Every point on the path of `torch.optim.SGD`.

    >>> x = torch.tensor([1.0])
    >>> sgd_path(torch.zeros(2), x, x, lr=0.25, steps=1)
    tensor([[0.0000, 0.0000],
            [0.5000, 0.5000]])
    """
    weights = params.detach().clone().requires_grad_()
    optimizer = torch.optim.SGD([weights], lr=lr)
    history = [weights.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch_line_loss(weights, x, target)
        weights.grad = torch.autograd.grad(loss, weights)[0]
        optimizer.step()
        history.append(weights.detach().clone())
    return torch.stack(history)


def hundred_steps(
    ours: bool,
    params: Tensor,
    x: Tensor,
    target: Tensor,
) -> Tensor:
    """A hundred steps at half the limit, ours or PyTorch's.

    >>> x = torch.tensor([0.0, 1.0])
    >>> hundred_steps(True, torch.zeros(2), x, x).shape
    torch.Size([101, 2])
    """
    lr = learning_rate_limit(hessian(x)) / 2
    if not ours:
        return sgd_path(params, x, target, lr, 100)
    gradient = partial(line_gradient, x=x, target=target)
    path = descend(gradient, params, lr, 100)
    return path[torch.arange(101).clamp(max=len(path) - 1)]


def torch_least_squares(x: Tensor, target: Tensor) -> Tensor:
    """The best line according to `torch.linalg.lstsq`.

    >>> x = torch.tensor([0.0, 1.0], dtype=torch.float64)
    >>> torch_least_squares(x, 2 * x + 3).round(decimals=6)
    tensor([2., 3.], dtype=torch.float64)
    """
    inputs = torch.stack([x, torch.ones_like(x)], dim=1)
    found = torch.linalg.lstsq(inputs, target[:, None])
    best: Tensor = found.solution
    return best[:, 0]


def torch_hessian(
    params: Tensor,
    x: Tensor,
    target: Tensor,
) -> Tensor:
    """Second derivatives of the line's loss by autograd.

    >>> x = torch.tensor([1.0, 3.0])
    >>> torch_hessian(torch.zeros(2), x, x).tolist()
    [[10.0, 4.0], [4.0, 2.0]]
    """
    leaf = params.clone().requires_grad_()
    value = torch_line_loss(leaf, x, target)
    (grad,) = torch.autograd.grad(value, leaf, create_graph=True)
    again = partial(torch.autograd.grad, inputs=leaf, retain_graph=True)
    rows = [again(slope)[0] for slope in grad]
    return torch.stack(rows)


def agreement_checks() -> list[Check]:
    """What the chapter's table compares and the tests assert.

    >>> [check.name for check in agreement_checks()][:2]
    ['mse', 'line gradient']
    """
    every = some_readings()
    lines = [(x, target) for _, x, target in every if len(x) > 2]
    xs = [(x,) for x, _ in lines]
    predictions = [(x, target) for _, x, target in every]

    def slopes(params: Tensor, *readings: Tensor) -> Tensor:
        def loss(params: Tensor) -> Tensor:
            return line_loss(params, *readings)

        return finite_differences(loss, params)

    def summary(hessian: Tensor) -> Tensor:
        limit = learning_rate_limit(hessian)
        pair = limit, condition_number(hessian)
        return torch.tensor(pair, dtype=hessian.dtype)

    def torch_summary(hessian: Tensor) -> Tensor:
        limit = 2 / torch.linalg.matrix_norm(hessian, 2)
        return torch.stack([limit, torch.linalg.cond(hessian)])

    def layer_norm(x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape, eps=0.0)

    by_torch = torch_gradient(torch_line_loss)
    by_torch_neuron = torch_gradient(torch_neuron_loss)
    hessians = [(hessian(x),) for (x,) in xs]
    usual = [case for case in every if case[1].abs().max() < 10]
    near = [(x, target) for _, x, target in usual if len(x) > 2]
    alone = [(x,) for x, _ in near if x.std() > 0.1]
    return [
        Check("mse", mean_squared_error, F.mse_loss, predictions),
        Check("line gradient", line_gradient, by_torch, every),
        Check("finite diff.", slopes, by_torch, usual, 1e-8, grad=False),
        Check("neuron loss", neuron_loss, torch_neuron_loss, every),
        Check("neuron gradient", neuron_gradient, by_torch_neuron, every),
        Check(
            "hessian",
            lambda p, x, t: hessian(x) + 0 * p.sum(),
            torch_hessian,
            every,
            grad=False,
        ),
        Check("least squares", least_squares, torch_least_squares, near, 1e-9),
        Check("limit, cond.", summary, torch_summary, hessians, 1e-9, grad=False),
        Check("standardize", standardize, layer_norm, alone, 1e-11),
        Check(
            "100 steps",
            partial(hundred_steps, True),
            partial(hundred_steps, False),
            every,
            1e-11,
            grad=False,
        ),
    ]
