"""One small network in several spellings, trained once and two hundred times.

Notation: readings x of shape (n, 1), a tenth of the thermometer's t_u; targets
t_c of shape (n, 1); a hidden layer of tanh neurons and one output neuron
without activation. A stack of S networks has a dimension S in front of every
tensor: weight1 (S, 1, h), bias1 (S, 1, h), weight2 (S, h, 1), bias2 (S, 1, 1).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from neuralnet.checks import (
    require_at_least,
    require_floating,
    require_positive,
    require_same_dtype,
    require_same_shape,
)


class ThermometerNet(nn.Module):
    """The network 1-hidden-1 as a class of its own.

    Errors: `ValueError` unless hidden is positive.

    >>> net = ThermometerNet(13)
    >>> [name for name, _ in net.named_parameters()]
    ['hidden.weight', 'hidden.bias', 'output.weight', 'output.bias']
    >>> net(torch.zeros(11, 1)).shape
    torch.Size([11, 1])
    """

    def __init__(self, hidden: int = 13) -> None:
        """Make the two layers."""
        require_positive("hidden", hidden)
        super().__init__()
        self.hidden = nn.Linear(1, hidden)
        self.output = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Predictions (n, 1) for readings (n, 1)."""
        o = torch.tanh(self.hidden(x))
        prediction: Tensor = self.output(o)
        return prediction


def named_net(hidden: int = 8) -> nn.Sequential:
    """The network 1-hidden-1 as a row of named layers.

    Errors: `ValueError` unless hidden is positive.

    >>> list(named_net().state_dict())
    ['hidden.weight', 'hidden.bias', 'output.weight', 'output.bias']
    """
    require_positive("hidden", hidden)
    layers = OrderedDict[str, nn.Module]()
    layers["hidden"] = nn.Linear(1, hidden)
    layers["bend"] = nn.Tanh()
    layers["output"] = nn.Linear(hidden, 1)
    return nn.Sequential(layers)


def functional_net(
    x: Tensor,
    params: Mapping[str, Tensor],
) -> Tensor:
    """The network 1-hidden-1 as a function of its input and its parameters.

    The names are those of `named_net` and `ThermometerNet`.

    >>> net = ThermometerNet(2)
    >>> x = torch.tensor([[1.0], [2.0]])
    >>> bool((functional_net(x, net.state_dict()) == net(x)).all())
    True
    """
    z = F.linear(x, params["hidden.weight"], params["hidden.bias"])
    o = torch.tanh(z)
    return F.linear(o, params["output.weight"], params["output.bias"])


def require_columns(x: Tensor, target: Tensor) -> None:
    """Raise unless x and target are columns (n, 1) of one dtype, or stacks.

    Errors: `TypeError` if one is not a floating-point tensor or the dtypes
    differ; `ValueError` if the shapes differ, do not end in 1, or hold nothing.

    >>> require_columns(torch.zeros(11, 1), torch.zeros(11, 1))
    >>> require_columns(torch.zeros(11), torch.zeros(11))
    Traceback (most recent call last):
        ...
    ValueError: x must be a column (..., n, 1) without a size of 0, got (11,)
    """
    require_floating("x", x)
    require_floating("target", target)
    require_same_dtype(x=x, target=target)
    require_same_shape(x=x, target=target)
    shape = tuple(x.shape)
    if len(shape) < 2 or shape[-1] != 1 or 0 in shape:
        wanted = "x must be a column (..., n, 1) without a size of 0"
        raise ValueError(f"{wanted}, got {shape}")


def train_net(
    model: nn.Module,
    x: Tensor,
    target: Tensor,
    lr: float = 1e-3,
    steps: int = 5000,
) -> list[float]:
    """Lower the mean squared error by SGD on all the examples at once.

    Returns the loss before each step. Shapes: x (n, 1), target (n, 1).

    Errors: those of `require_columns`; `ValueError` unless lr is positive,
    steps at least 0 and the model's output of the target's shape.

    >>> model = nn.Linear(1, 1).double()
    >>> x = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    >>> losses = train_net(model, x, 2 * x, lr=0.5, steps=100)
    >>> len(losses), losses[-1] < 1e-3
    (100, True)
    """
    require_columns(x, target)
    require_positive("lr", lr)
    require_at_least("steps", steps, 0)
    require_same_shape(output=model(x), target=target)
    loss_fn = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_fn(model(x), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def random_splits(
    n: int, held: int, count: int, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Deal the numbers 0 to n - 1 into two heaps, `count` times.

    Shapes: the heap for the fit (count, n - held), the one held out
    (count, held).

    Errors: `ValueError` unless 0 < held < n, n > 1 and count is positive.

    >>> fit, out = random_splits(11, 2, 200)
    >>> fit.shape, out.shape
    (torch.Size([200, 9]), torch.Size([200, 2]))
    >>> torch.cat([fit, out], 1).sort(1).values.unique(dim=0).tolist()
    [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]
    """
    require_positive("count", count)
    require_at_least("n", n, 2)
    if not 0 < held < n:
        raise ValueError(f"held must be from 1 to {n - 1}, got {held}")
    rng = torch.Generator().manual_seed(seed)
    decks = torch.rand(count, n, generator=rng).argsort(1)
    return decks[:, held:], decks[:, :held]


def start_many(
    count: int,
    hidden: int,
    seed: int = 0,
) -> list[Tensor]:
    """The parameters of `count` networks, started as `nn.Linear` starts.

    Every number lies evenly between plus and minus 1 / sqrt(inputs).

    Errors: `ValueError` unless count and hidden are positive.

    >>> [tuple(p.shape) for p in start_many(200, 8)]
    [(200, 1, 8), (200, 1, 8), (200, 8, 1), (200, 1, 1)]
    """
    require_positive("count", count)
    require_positive("hidden", hidden)
    rng = torch.Generator().manual_seed(seed)
    bounds = 1.0, 1.0, hidden**-0.5, hidden**-0.5
    shapes = (1, hidden), (1, hidden), (hidden, 1), (1, 1)
    params = []
    for bound, shape in zip(bounds, shapes, strict=True):
        even = torch.rand(count, *shape, generator=rng).double()
        params.append(bound * (2 * even - 1))
    return params


def run_stack(x: Tensor, params: Sequence[Tensor]) -> Tensor:
    """Predictions of S networks, each for readings of its own.

    Shapes: x (S, n, 1), params as in `start_many`; result (S, n, 1).

    >>> run_stack(torch.zeros(3, 11, 1).double(), start_many(3, 8)).shape
    torch.Size([3, 11, 1])
    """
    weight1, bias1, weight2, bias2 = params
    o = torch.tanh(x * weight1 + bias1)
    return torch.baddbmm(bias2, o, weight2)


def train_stack(
    params: Sequence[Tensor],
    x: Tensor,
    target: Tensor,
    lr: float,
    steps: int,
) -> None:
    """Train S networks at once, in place, each on readings of its own.

    The backward pass is written out: the slope of the mean squared error
    along the outputs, then along both layers' parameters.

    Shapes: x (S, n, 1), target (S, n, 1), params as in `start_many`.

    Errors: those of `require_columns`; `ValueError` unless lr is positive and
    steps at least 0.

    >>> params, x = start_many(2, 8), torch.ones(2, 3, 1).double()
    >>> train_stack(params, x, 5 * x, lr=0.1, steps=100)
    >>> bool((run_stack(x, params) - 5).abs().max() < 0.01)
    True
    """
    require_columns(x, target)
    require_positive("lr", lr)
    require_at_least("steps", steps, 0)
    weight1, bias1, weight2, bias2 = params
    for _ in range(steps):
        o = torch.tanh(x * weight1 + bias1)
        miss = torch.baddbmm(bias2, o, weight2) - target
        back = miss * (2 / x.shape[-2])
        z_bar = back * weight2.mT * (1 - o * o)
        weight1.sub_((x * z_bar).sum(1, True), alpha=lr)
        bias1.sub_(z_bar.sum(1, True), alpha=lr)
        weight2.baddbmm_(o.mT, back, alpha=-lr)
        bias2.sub_(back.sum(1, True), alpha=lr)


def fit_lines(x: Tensor, target: Tensor) -> Tensor:
    """Weight and bias of the best line, for each of S fits.

    w = sum (x - mean x) t / sum (x - mean x)^2, b = mean t - w mean x.

    Shapes: x (S, n, 1), target (S, n, 1); result (S, 2).

    Errors: those of `require_columns`; `ValueError` if the readings of a fit
    are all equal.

    >>> x = torch.tensor([[[0.0], [1.0], [2.0]]])
    >>> fit_lines(x, 3 * x + 1)
    tensor([[3., 1.]])
    """
    require_columns(x, target)
    middle = x.mean(-2, keepdim=True)
    far = x - middle
    spread = far.square().sum((-2, -1))
    if not spread.all():
        raise ValueError("a line needs two different readings")
    w = (far * target).sum((-2, -1)) / spread
    b = target.mean((-2, -1)) - w * middle[..., 0, 0]
    return torch.stack([w, b], -1)
