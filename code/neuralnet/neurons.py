r"""A neuron weighs its inputs, adds a bias and bends the sum; layers and networks.

Notation: input x, weight w, bias b, pre-activation z = w x + b, output
o = f(z) with the activation f, here tanh unless said otherwise. A layer keeps
its neurons' weights as the rows of `weight`, shape (out, in), and their biases
in `bias`, shape (out,). `layers` is a list of such pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from neuralnet.checks import (
    require_floating,
    require_positive,
    require_same_dtype,
    require_same_shape,
)


def require_neuron(x: Tensor, w: Tensor, b: Tensor) -> None:
    """Raise unless x, w and b fit one neuron.

    Errors: `TypeError` if one is not a floating-point tensor or the dtypes
    differ; `ValueError` if w is neither () nor (d,), b is not (), or x does
    not end in d numbers.

    >>> require_neuron(torch.zeros(4, 3), torch.zeros(3), torch.zeros(()))
    >>> require_neuron(torch.zeros(3, 4), torch.zeros(3), torch.zeros(()))
    Traceback (most recent call last):
        ...
    ValueError: x must end in 3 numbers, one a weight, got shape (3, 4)
    """
    for name, value in ("x", x), ("w", w), ("b", b):
        require_floating(name, value)
    require_same_dtype(x=x, w=w, b=b)
    if w.dim() > 1:
        raise ValueError(f"w must have shape () or (d,), got {tuple(w.shape)}")
    if b.dim() > 0:
        raise ValueError(f"b must have shape (), got {tuple(b.shape)}")
    if w.dim() == 1 and x.shape[-1:] != w.shape:
        wanted = f"x must end in {len(w)} numbers, one a weight"
        raise ValueError(f"{wanted}, got shape {tuple(x.shape)}")


def neuron(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """Output of one neuron: tanh(w x + b).

    Shapes: with w (), x may have any shape and is taken number by number; with
    w (d,), x is (..., d) and the result (...). b is ().

    Errors: `TypeError` if one is not a floating-point tensor or the dtypes
    differ; `ValueError` if the shapes do not fit.

    >>> w, b = torch.tensor([1.0, -1.0]), torch.tensor(0.5)
    >>> neuron(torch.tensor([2.0, 2.5]), w, b)
    tensor(0.)

    A batch of two, and a batch of none:

    >>> neuron(torch.tensor([[2.0, 2.5], [0.0, 0.5]]), w, b)
    tensor([0., 0.])
    >>> neuron(torch.zeros(0, 2), w, b)
    tensor([])
    """
    require_neuron(x, w, b)
    z = w * x + b if w.dim() == 0 else x @ w + b
    return torch.tanh(z)


def require_layer(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
) -> None:
    """Raise unless weight and bias are a layer that fits the input.

    Errors: `TypeError` if one is not a floating-point tensor or the dtypes
    differ; `ValueError` unless weight is (out, in), bias (out,) and input
    (..., in).

    >>> require_layer(torch.zeros(4, 3), torch.zeros(2, 3), torch.zeros(2))
    >>> require_layer(torch.zeros(4, 3), torch.zeros(3, 2))
    Traceback (most recent call last):
        ...
    ValueError: weight (3, 2) is (out, in): input must end in 2, got (4, 3)
    """
    given = {"input": input, "weight": weight}
    if bias is not None:
        given["bias"] = bias
    for name, value in given.items():
        require_floating(name, value)
    require_same_dtype(**given)
    shape = tuple(weight.shape)
    if weight.dim() != 2:
        raise ValueError(f"weight must have shape (out, in), got {shape}")
    if bias is not None and bias.shape != shape[:1]:
        wanted = f"bias must have shape ({shape[0]},), one a neuron"
        raise ValueError(f"{wanted}, got {tuple(bias.shape)}")
    if input.shape[-1:] != shape[1:]:
        wanted = f"weight {shape} is (out, in): input must end in {shape[1]}"
        raise ValueError(f"{wanted}, got {tuple(input.shape)}")


def linear(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
) -> Tensor:
    """Pre-activations of a layer, `torch.nn.functional.linear`.

    z = x W^T + b: row j of the weight and entry j of the bias are neuron j.
    PyTorch also takes a weight (in,) without bias, a bias that broadcasts to
    the output, and whole or complex numbers; all three are refused here.

    Shapes: input (..., in), weight (out, in), bias (out,); result (..., out).

    Errors: `TypeError` if one is not a floating-point tensor or the dtypes
    differ; `ValueError` if the shapes do not fit.

    >>> weight = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, -1.0]])
    >>> linear(torch.tensor([3.0, 4.0]), weight, torch.tensor([0.0, 0.0, 5.0]))
    tensor([3., 7., 1.])

    An empty batch stays empty:

    >>> linear(torch.zeros(0, 2), weight).shape
    torch.Size([0, 3])
    """
    require_layer(input, weight, bias)
    z = input @ weight.T
    return z if bias is None else z + bias


def network(
    x: Tensor,
    layers: Sequence[tuple[Tensor, Tensor]],
    activation: Callable[[Tensor], Tensor] = torch.tanh,
) -> Tensor:
    """Output of layers in a row, an activation between each and the next.

    The last layer has no activation, so that the output may be any number.

    Shapes: x (..., in of the first layer); result (..., out of the last).

    Errors: those of `linear`; `ValueError` if there is no layer.

    >>> up = torch.ones(1, 1), torch.zeros(1)
    >>> network(torch.tensor([[0.5]]), [up, up], activation=torch.abs)
    tensor([[0.5000]])

    One layer alone is not bent:

    >>> network(torch.tensor([[-7.0]]), [up])
    tensor([[-7.]])
    """
    if not layers:
        raise ValueError("layers must hold at least one layer")
    *hidden, last = layers
    for weight, bias in hidden:
        x = activation(linear(x, weight, bias))
    return linear(x, *last)


def require_two_layers(
    weight1: Tensor, bias1: Tensor, weight2: Tensor, bias2: Tensor
) -> None:
    """Raise unless the second layer takes what the first hands on.

    Errors: those of `require_layer`.

    >>> weight, bias = torch.zeros(4, 3), torch.zeros(4)
    >>> require_two_layers(weight, bias, torch.zeros(2, 4), torch.zeros(2))
    >>> require_two_layers(weight, bias, torch.zeros(2, 5), torch.zeros(2))
    Traceback (most recent call last):
        ...
    ValueError: weight (2, 5) is (out, in): input must end in 5, got (4,)
    """
    require_floating("weight1", weight1)
    require_layer(weight1.new_zeros(weight1.shape[-1:]), weight1, bias1)
    require_layer(bias1, weight2, bias2)


def merge(
    weight1: Tensor, bias1: Tensor, weight2: Tensor, bias2: Tensor
) -> tuple[Tensor, Tensor]:
    """The one layer that does what layer 1 and then layer 2 do, unbent.

    W = W2 W1 and b = W2 b1 + b2.

    Shapes: weight1 (h, in), bias1 (h,), weight2 (out, h), bias2 (out,);
    the result is a weight (out, in) and a bias (out,).

    Errors: those of `linear`.

    >>> double, add = torch.tensor([[2.0]]), torch.tensor([1.0])
    >>> merge(double, add, double, add)
    (tensor([[4.]]), tensor([3.]))
    """
    require_two_layers(weight1, bias1, weight2, bias2)
    return weight2 @ weight1, weight2 @ bias1 + bias2


def random_layers(
    sizes: Sequence[int],
    seed: int = 0,
) -> list[tuple[Tensor, Tensor]]:
    """Layers of random weights: `sizes` counts inputs, neurons, ..., outputs.

    Weights are normal with standard deviation 1 / sqrt(inputs), biases
    standard normal, all float64 and the same for the same seed.

    Errors: `ValueError` unless there are two sizes or more, all positive.

    >>> [tuple(weight.shape) for weight, bias in random_layers([2, 3, 1])]
    [(3, 2), (1, 3)]
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes must be two or more, got {list(sizes)}")
    for size in sizes:
        require_positive("size", size)
    rng = torch.Generator().manual_seed(seed)
    layers = []
    for n_in, n_out in pairwise(sizes):
        weight = torch.randn(n_out, n_in, generator=rng).double()
        bias = torch.randn(n_out, generator=rng).double()
        layers.append((weight / math.sqrt(n_in), bias))
    return layers


def count_parameters(
    layers: Sequence[tuple[Tensor, Tensor]],
) -> int:
    """How many weights and biases the layers hold.

    >>> count_parameters(random_layers([2, 3, 1]))
    13
    """
    return sum(w.numel() + b.numel() for w, b in layers)


def rooms(n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Invented rooms: two readings each, and +1 where it is comfortable.

    Comfortable rooms fill a disc of radius 1, the others a ring from radius
    1.5 to 2.5 around it; every second room is comfortable.

    Shapes: x (n, 2), target (n, 1) of +1 and -1, both float64.

    Errors: `ValueError` unless n is positive.

    >>> x, target = rooms(4)
    >>> target[:, 0].tolist()
    [1.0, -1.0, 1.0, -1.0]
    >>> (x.norm(dim=1) < 1.2).tolist()
    [True, False, True, False]
    """
    require_positive("n", n)
    rng = torch.Generator().manual_seed(seed)
    turn = 2 * math.pi * torch.rand(n, generator=rng).double()
    share = torch.rand(n, generator=rng).double()
    good = torch.arange(n) % 2 == 0
    radius = torch.where(good, share.sqrt(), 1.5 + share)
    x = torch.stack([turn.cos(), turn.sin()], dim=1)
    target = torch.where(good, 1.0, -1.0).double()
    return radius[:, None] * x, target[:, None]


def require_matching_rows(x: Tensor, target: Tensor) -> None:
    """Raise unless x and target are tables with a row for each example.

    Errors: `TypeError` if one is not a floating-point tensor or the dtypes
    differ; `ValueError` unless x is (n, d) and target (n, out), n > 0.

    >>> require_matching_rows(torch.zeros(5, 2), torch.zeros(5, 1))
    >>> require_matching_rows(torch.zeros(5, 2), torch.zeros(5))
    Traceback (most recent call last):
        ...
    ValueError: wanted x (n, d) and target (n, out), n > 0, got (5, 2), (5,)
    """
    require_floating("x", x)
    require_floating("target", target)
    require_same_dtype(x=x, target=target)
    shapes = tuple(x.shape), tuple(target.shape)
    tables = len(shapes[0]) == len(shapes[1]) == 2
    if not tables or not 0 < len(x) == len(target):
        wanted = "wanted x (n, d) and target (n, out), n > 0"
        raise ValueError(f"{wanted}, got {shapes[0]}, {shapes[1]}")


def fit_affine(
    x: Tensor,
    target: Tensor,
) -> tuple[Tensor, Tensor]:
    """The layer without activation whose mean squared miss is the smallest.

    Shapes: x (n, d), target (n, out); result weight (out, d), bias (out,).

    Errors: those of `require_matching_rows`.

    >>> x = torch.tensor([[0.0], [1.0], [2.0]], dtype=torch.float64)
    >>> weight, bias = fit_affine(x, 3 * x + 1)
    >>> print(round(weight.item(), 6), round(bias.item(), 6))
    3.0 1.0
    """
    require_matching_rows(x, target)
    ones = torch.ones(len(x), 1, dtype=x.dtype)
    inputs = torch.cat([x, ones], dim=1)
    best = torch.linalg.lstsq(inputs, target).solution
    return best[:-1].T, best[-1]


def require_shares(output: Tensor, target: Tensor) -> None:
    """Raise unless there is one output for each target.

    Errors: `TypeError` if one is not a floating-point tensor; `ValueError`
    unless output is (..., n, 1) and target (n, 1) or of the output's shape.

    >>> require_shares(torch.zeros(20, 5, 1), torch.zeros(5, 1))
    >>> require_shares(torch.zeros(5, 1), torch.zeros(5))
    Traceback (most recent call last):
        ...
    ValueError: wanted output (..., n, 1) and target (n, 1), got (5, 1), (5,)
    """
    require_floating("output", output)
    require_floating("target", target)
    shapes = tuple(output.shape), tuple(target.shape)
    if shapes[0][-1:] != (1,) or shapes[1] not in (shapes[0][-2:], shapes[0]):
        wanted = "wanted output (..., n, 1) and target (n, 1)"
        raise ValueError(f"{wanted}, got {shapes[0]}, {shapes[1]}")


def share_right(output: Tensor, target: Tensor) -> Tensor:
    """Share of the examples whose output has the sign of the target.

    Shapes: output (..., n, 1), target (n, 1) or the same; result (...). An
    output of 0 counts as a no.

    Errors: `TypeError` if one is not a floating-point tensor; `ValueError` if
    the shapes are others.

    >>> target = torch.tensor([[1.0], [-1.0], [-1.0], [-1.0]])
    >>> share_right(torch.tensor([[0.2], [-3.0], [0.1], [-0.1]]), target)
    tensor(0.7500, dtype=torch.float64)
    """
    require_shares(output, target)
    same = (output > 0) == (target > 0)
    return same.double().mean(dim=(-2, -1))


def best_line_share(
    x: Tensor,
    target: Tensor,
    directions: int = 720,
) -> float:
    """Largest share that a straight cut of the plane gets right.

    Tries `directions` directions of the line and every place to cut. Points
    that lie equally far along a direction, up to rounding, are not parted.

    Shapes: x (n, 2), target (n, 1).

    Errors: those of `require_matching_rows`; `ValueError` unless directions is
    positive.

    >>> x = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    >>> best_line_share(x, torch.tensor([[1.0], [1.0], [-1.0], [-1.0]]))
    0.75

    All on one side of a cut beside the points:

    >>> best_line_share(x, torch.ones(4, 1))
    1.0
    """
    require_matching_rows(x, target)
    require_positive("directions", directions)
    turn = torch.arange(directions) * (2 * math.pi / directions)
    way = torch.stack([turn.cos(), turn.sin()]).to(x)
    place, order = (x @ way).sort(dim=0)
    yes = (target[:, 0] > 0)[order].long()
    count = yes.sum(dim=0, keepdim=True)
    behind = (1 - yes).cumsum(dim=0)
    ahead = count - yes.cumsum(dim=0)
    tiny = 8 * torch.finfo(x.dtype).eps * x.abs().max()
    parted = place.diff(dim=0) > tiny
    cuts = (behind + ahead)[:-1] * parted
    right = torch.cat([cuts, count, len(x) - count])
    return right.max().item() / len(x)


def train(
    layers: Sequence[tuple[Tensor, Tensor]],
    x: Tensor,
    target: Tensor,
    lr: float,
    steps: int,
    activation: Callable[[Tensor], Tensor] = torch.tanh,
) -> list[float]:
    """Change the layers, in place, so that the squared misses shrink.

    Every step subtracts `lr` times the gradient of the loss, the mean
    squared miss. Returns the loss before each step.

    Shapes: x (n, in), target (n, out).

    Errors: those of `network`; `ValueError` if the output has not the shape
    of the target, or unless lr is positive and steps at least 0.

    >>> layer = torch.zeros(1, 1), torch.zeros(1)
    >>> train([layer], torch.ones(1, 1), torch.ones(1, 1), lr=0.25, steps=2)
    [1.0, 0.0]
    >>> layer[0].item(), layer[1].item()
    (0.5, 0.5)
    """
    require_training(network(x, layers, activation), target, lr, steps)
    params = [p.requires_grad_() for layer in layers for p in layer]
    losses = []
    for _ in range(steps):
        output = network(x, layers, activation)
        loss = ((output - target) ** 2).mean()
        grads = torch.autograd.grad(loss, params)
        with torch.no_grad():
            for param, grad in zip(params, grads, strict=True):
                param -= lr * grad
        losses.append(loss.item())
    return losses


def require_training(
    output: Tensor,
    target: Tensor,
    lr: float,
    steps: int,
) -> None:
    """Raise unless the network's output can be trained towards the target.

    Errors: `ValueError` if the shapes differ, there is no example, lr is
    not positive or steps is negative; `TypeError` for a target that is no
    floating-point tensor.

    >>> require_training(torch.zeros(3, 1), torch.zeros(3), 0.1, 10)
    Traceback (most recent call last):
        ...
    ValueError: shapes must be equal, got output (3, 1), target (3,)
    """
    require_floating("target", target)
    require_same_shape(output=output, target=target)
    require_positive("lr", lr)
    if target.numel() == 0:
        raise ValueError("target must hold at least one number")
    if steps < 0:
        raise ValueError(f"steps must be at least 0, got {steps}")


def train_many(
    starts: Sequence[Sequence[tuple[Tensor, Tensor]]],
    x: Tensor,
    target: Tensor,
    lr: float,
    steps: int,
    activation: Callable[[Tensor], Tensor] = torch.tanh,
) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
    """Train several networks of one shape, all in one go.

    Each ends where `train` would have brought it: the losses are added up,
    and no network's loss depends on another's weights. The starts are copied.

    Shapes: x (n, in), target (n, out). Returns layers whose tensors have a
    leading dimension, a network each, and their losses, (len(starts),).

    Errors: those of `train`; `ValueError` if there is no start, or if the
    starts have different shapes.

    >>> x, target = rooms(10)
    >>> starts = [random_layers([2, 3, 1], seed) for seed in range(4)]
    >>> layers, losses = train_many(starts, x, target, lr=0.1, steps=5)
    >>> layers[0][0].shape, losses.shape
    (torch.Size([4, 3, 2]), torch.Size([4]))
    """
    if not starts:
        raise ValueError("starts must hold at least one network")
    shapes = {tuple(tuple(p.shape) for pair in start for p in pair) for start in starts}
    if len(shapes) > 1:
        given = sorted(shapes)
        raise ValueError(f"starts must have the same shapes, got {given}")
    first = network(x, starts[0], activation)
    require_training(first, target, lr, steps)
    layers = []
    for pairs in zip(*starts, strict=True):
        weights, biases = zip(*pairs, strict=True)
        layers.append((torch.stack(weights), torch.stack(biases)))
    params = [p.requires_grad_() for layer in layers for p in layer]
    for _ in range(steps):
        losses = losses_of_many(layers, x, target, activation)
        grads = torch.autograd.grad(losses.sum(), params)
        with torch.no_grad():
            for param, grad in zip(params, grads, strict=True):
                param -= lr * grad
    with torch.no_grad():
        return layers, losses_of_many(layers, x, target, activation)


def run_many(
    layers: Sequence[tuple[Tensor, Tensor]],
    x: Tensor,
    activation: Callable[[Tensor], Tensor] = torch.tanh,
) -> Tensor:
    """Outputs of several networks for the same inputs.

    Shapes: every tensor of the layers has a leading dimension of networks, s;
    x (n, in), result (s, n, out).

    >>> two = torch.tensor([[[1.0]], [[2.0]]]), torch.zeros(2, 1)
    >>> run_many([two], torch.tensor([[3.0]])).flatten()
    tensor([3., 6.])
    """
    *hidden, (last, shift) = layers
    for weight, bias in hidden:
        x = activation(x @ weight.mT + bias[:, None])
    return x @ last.mT + shift[:, None]


def losses_of_many(
    layers: Sequence[tuple[Tensor, Tensor]],
    x: Tensor,
    target: Tensor,
    activation: Callable[[Tensor], Tensor] = torch.tanh,
) -> Tensor:
    """Mean squared miss of each of several networks.

    Shapes: those of `run_many`, target (n, out); result (s,).

    Errors: `ValueError` if target has not the shape of one network's output.

    >>> two = torch.tensor([[[1.0]], [[2.0]]]), torch.zeros(2, 1)
    >>> losses_of_many([two], torch.tensor([[3.0]]), torch.tensor([[5.0]]))
    tensor([4., 1.])
    """
    output = run_many(layers, x, activation)
    require_same_shape(output=output[0], target=target)
    return ((output - target) ** 2).mean(dim=(-2, -1))


def positive_part(z: Tensor) -> Tensor:
    """The larger of 0 and z.

    Autograd takes the slope at 0 to be 1 here, and 0 in `torch.relu`.

    >>> positive_part(torch.tensor([-2.0, 0.0, 3.0]))
    tensor([0., 0., 3.])
    """
    return z.clamp(min=0)


def deep_tents(folds: int) -> list[tuple[Tensor, Tensor]]:
    """Layers of two neurons that fold [0, 1] in half `folds` times.

    One fold is the tent 2 max(0, x) - 4 max(0, x - 1/2), which climbs from 0
    to 1 and falls back. Run it with `network(x, layers, positive_part)`.

    Errors: `ValueError` unless folds is positive.

    >>> x = torch.tensor([[0.25], [0.5], [0.75]], dtype=torch.float64)
    >>> network(x, deep_tents(1), positive_part).flatten().tolist()
    [0.5, 1.0, 0.5]

    Source: Telgarsky, "Representation benefits of deep feedforward networks"
    (2015), arXiv:1509.08101.
    """
    require_positive("folds", folds)
    tent = torch.tensor([[2.0, -4.0]]).double()
    bias = torch.tensor([0.0, -0.5]).double()
    layers = [(torch.ones(2, 1).double(), bias)]
    for _ in range(folds - 1):
        layers.append((tent.repeat(2, 1), bias.clone()))
    return [*layers, (tent, torch.zeros(1).double())]


def shallow_tents(folds: int) -> list[tuple[Tensor, Tensor]]:
    """The same function on [0, 1] with one hidden layer, a neuron a piece.

    Errors: `ValueError` unless folds is positive.

    >>> x = torch.tensor([[0.25], [0.5], [0.75]], dtype=torch.float64)
    >>> network(x, shallow_tents(2), positive_part).flatten().tolist()
    [1.0, 0.0, 1.0]
    """
    require_positive("folds", folds)
    pieces = 2**folds
    k = torch.tensor(range(pieces), dtype=torch.float64)
    bend = 2 - 4 * (k % 2)
    bend[0] = 1
    first = torch.ones_like(k)[:, None], -k / pieces
    return [first, (pieces * bend[None], torch.zeros_like(k[:1]))]


def count_pieces(y: Tensor) -> int:
    """Number of straight pieces in values on an even grid.

    A grid whose points include the corners is needed for a right count. A
    bend is told from rounding by the largest value: 1024 times its last place.

    Shapes: y (n,).

    Errors: `TypeError` if y is not a floating-point tensor; `ValueError`
    unless it has shape (n,) with n > 1.

    >>> count_pieces(torch.tensor([0.0, 1.0, 2.0, 1.0, 0.0]))
    2
    """
    require_floating("y", y)
    if y.dim() != 1 or len(y) < 2:
        given = tuple(y.shape)
        raise ValueError(f"y must have shape (n,) with n > 1, got {given}")
    tiny = 1024 * torch.finfo(y.dtype).eps * y.abs().max()
    bends = y.diff().diff().abs() > tiny
    return int(bends.sum()) + 1
