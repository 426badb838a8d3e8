"""Backpropagation beside PyTorch's: what is compared, and on which graphs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from neuralnet.agreement import Check
from neuralnet.backpropagation import (
    Dual,
    LayerFunction,
    Value,
    forward_mode,
    layer_backward,
    layer_forward,
    network_gradients,
    network_loss,
    reverse_mode,
)

#: The operations of the engine; each works on Values and on tensors.
OPERATIONS: list[Callable] = [
    lambda u, v: u + v,
    lambda u, v: u - v,
    lambda u, v: u * v,
    lambda u, v: u / (v * v + 1),
    lambda u, v: u.tanh(),
    lambda u, v: (u.tanh() * 2).exp(),
    lambda u, v: (u * u + 1).log(),
    lambda u, v: u.relu() - 0.1 * v,
    lambda u, v: (u * u + 1) ** -0.5,
    lambda u, v: (1 - u) ** 2 / 4,
    lambda u, v: -u.tanh() * 3,
]


class EngineFunction(torch.autograd.Function):
    """Value and slopes of a function by our engine, for PyTorch to use.

    >>> leaves = torch.tensor([2.0, 3.0], requires_grad=True)
    >>> product = EngineFunction.apply(lambda a, b: a * b, leaves)
    >>> torch.autograd.grad(product, leaves)
    (tensor([3., 2.]),)
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Tensor:
        function, leaves = inputs
        values = [Value(number) for number in leaves.tolist()]
        result = function(*values)
        result.backward()
        grads = [value.grad for value in values]
        ctx.save_for_backward(leaves.new_tensor(grads))
        return torch.as_tensor(result.data, dtype=leaves.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor]:
        (slopes,) = ctx.saved_tensors
        return None, grads[0] * slopes


def run_program(program: Tensor, *leaves: Any) -> Any:
    """Compute with Values or with tensors what the program says.

    Each row (k, i, j) applies operation k to the numbers i and j of the list
    that starts with the leaves and grows by one number a row.

    >>> program = torch.tensor([[0, 0, 1], [2, 2, 2]])
    >>> run_program(program, 2.0, 3.0)
    25.0
    """
    numbers = list(leaves)
    for k, i, j in program.tolist():
        numbers.append(OPERATIONS[k](numbers[i], numbers[j]))
    return numbers[-1]


def random_programs(count: int) -> list[tuple[Tensor, Tensor]]:
    """Programs of 1 to 12 rows, with 3 leaves each; nodes are used again.

    >>> [tuple(program.shape) for program, leaves in random_programs(3)]
    [(1, 3), (2, 3), (3, 3)]
    """
    rng = torch.Generator().manual_seed(0)
    cases = []
    for number in range(count):
        rows = []
        for k in range(number % 12 + 1):
            op = torch.randint(len(OPERATIONS), (1,), generator=rng)
            low, high = max(0, k - 1), 3 + k
            pair = torch.randint(low, high, (2,), generator=rng)
            rows.append(torch.cat([op, pair]))
        leaves = torch.randn(3, generator=rng, dtype=torch.float64)
        cases.append((torch.stack(rows), leaves))
    return cases


def jacobian_of(mode: Callable) -> Callable[[Tensor], Tensor]:
    """Jacobian of two outputs of a small network, by a mode of the engine.

    >>> jacobian_of(reverse_mode)(torch.zeros(3)).shape
    torch.Size([2, 3])
    """

    def jacobian(leaves: Tensor) -> Tensor:
        values = [Value(number) for number in leaves.tolist()]
        return leaves.new_tensor(mode(two_outputs(*values), values)[0])

    return jacobian


def two_outputs(a: Any, b: Any, c: Any) -> tuple[Any, Any]:
    """Two numbers computed from three, with one part shared.

    >>> [each.data for each in two_outputs(Value(0.0), Value(1.0), Value(2.0))]
    [0.0, 2.0]
    """
    shared = (a * b).tanh()
    return shared * c, shared + b * c


def torch_two_outputs(leaves: Tensor) -> Tensor:
    """`two_outputs` on a tensor.

    >>> torch_two_outputs(torch.tensor([0.0, 1.0, 2.0]))
    tensor([0., 2.])
    """
    return torch.stack(two_outputs(*leaves))


def dual_jacobian(leaves: Tensor) -> Tensor:
    """Jacobian of `two_outputs` by dual numbers, a pass for each column.

    >>> dual_jacobian(torch.tensor([0.0, 1.0, 2.0]))
    tensor([[2., 0., 0.],
            [1., 2., 1.]])
    """
    columns = []
    for k in range(len(leaves)):
        seeds = [float(j == k) for j in range(len(leaves))]
        duals = map(Dual, leaves.tolist(), seeds)
        columns.append([each.slope for each in two_outputs(*duals)])
    return leaves.new_tensor(columns).T


def some_layers() -> list[tuple[Tensor, ...]]:
    """Gradient of the output, input, weight and bias; one case has no row.

    >>> [tuple(x.shape) for _, x, _, _ in some_layers()]
    [(11, 1), (5, 3), (1, 4), (0, 2)]
    """
    rng = torch.Generator().manual_seed(0)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=rng, dtype=torch.float64)

    return [
        (random(n, o), random(n, i), random(o, i), random(o))
        for n, i, o in [(11, 1, 3), (5, 3, 2), (1, 4, 4), (0, 2, 3)]
    ]


def some_networks() -> list[tuple[Tensor, ...]]:
    """The four parameters, x and target of a few small networks.

    >>> [tuple(case[4].shape) for case in some_networks()]
    [(11, 1), (5, 3), (1, 4)]
    """
    rng = torch.Generator().manual_seed(1)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=rng, dtype=torch.float64)

    cases: list[tuple[Tensor, ...]] = []
    for n, i, h, o in [(11, 1, 13, 1), (5, 3, 4, 2), (1, 4, 1, 3)]:
        params = random(h, i), random(h), random(o, h), random(o)
        cases.append((*params, random(n, i), random(n, o)))
    return cases


def torch_network_loss(*tensors: Tensor) -> Tensor:
    """The loss of the network in PyTorch's own words.

    >>> torch_network_loss(*(0 * part for part in some_networks()[0])).item()
    0.0
    """
    w_in, b_in, w_out, b_out, x, target = tensors
    o = F.linear(x, w_in, b_in).tanh()
    return F.mse_loss(F.linear(o, w_out, b_out), target)


def agreement_checks() -> list[Check]:
    """What the chapter's table compares and the tests assert.

    >>> [check.name for check in agreement_checks()][:2]
    ['tanh neuron', 'random graphs']
    """

    def neuron(w: Any, x: Any, b: Any, t: Any) -> Any:
        return ((w * x + b).tanh() - t) ** 2

    engine: Any = EngineFunction.apply

    def engine_program(program: Tensor, leaves: Tensor) -> Any:
        return engine(partial(run_program, program), leaves)

    def gradients(*tensors: Tensor) -> Tensor:
        parts = network_gradients(tensors[:4], *tensors[4:])
        return torch.cat([part.flatten() for part in parts])

    def torch_gradients(*tensors: Tensor) -> Tensor:
        params = tensors[:4]
        leaves = [part.detach().requires_grad_() for part in params]
        loss = torch_network_loss(*leaves, *tensors[4:])
        parts = torch.autograd.grad(loss, leaves)
        return torch.cat([part.flatten() for part in parts])

    def layer_gradients(grad: Tensor, *rest: Tensor) -> Tensor:
        parts = layer_backward(grad, *rest[:2])
        return torch.cat([part.flatten() for part in parts])

    def torch_layer_gradients(grad: Tensor, *rest: Tensor) -> Tensor:
        leaves = [part.detach().requires_grad_() for part in rest]
        parts = torch.autograd.grad(F.linear(*leaves), leaves, grad)
        return torch.cat([part.flatten() for part in parts])

    rng = torch.Generator().manual_seed(2)
    fours = torch.randn(20, 4, generator=rng, dtype=torch.float64)
    fours[0], fours[1] = 0.0, torch.tensor([5.0, 5.0, 0.0, 1.0])
    points = [(row,) for row in fours]
    threes = [(row[:3],) for row in fours]
    layers, networks = some_layers(), some_networks()
    forwards = [case[1:] for case in layers]
    jacobian = torch.func.jacrev(torch_two_outputs)
    by_layer: Any = LayerFunction.apply

    def values(name: str, ours: Any, theirs: Any, on: Any) -> Check:
        return Check(name, ours, theirs, on, grad=False)

    reverse, forward = map(jacobian_of, (reverse_mode, forward_mode))
    by_hand, by_torch = layer_gradients, torch_layer_gradients

    return [
        Check(
            "tanh neuron",
            partial(engine, neuron),
            lambda leaves: neuron(*leaves),
            points,
        ),
        Check(
            "random graphs",
            engine_program,
            lambda program, leaves: run_program(program, *leaves),
            random_programs(240),
        ),
        values("reverse mode", reverse, jacobian, threes),
        values("forward mode", forward, jacobian, threes),
        values("dual numbers", dual_jacobian, jacobian, threes),
        Check("layer", layer_forward, F.linear, forwards),
        values("layer backward", by_hand, by_torch, layers),
        Check("LayerFunction", by_layer, F.linear, forwards),
        Check(
            "network",
            lambda *tensors: network_loss(tensors[:4], *tensors[4:]),
            torch_network_loss,
            networks,
        ),
        values("network by hand", gradients, torch_gradients, networks),
    ]
