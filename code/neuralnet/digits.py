"""Handwritten digits: data set apart, simple answers first, twenty networks at once.

Notation: x holds an image a row, 64 pixels from 0 (paper) to 16 (ink), row by row;
target holds the digits, from 0 to 9; scores have a column a class, and the
prediction is the class with the largest score. S is the number of networks that
are trained at once; n examples, d pixels, C classes.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn

from neuralnet.checks import (
    require_at_least,
    require_between,
    require_classes,
    require_dimensions,
    require_positive,
    require_table,
)


def stratified(
    target: Tensor, share: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Rows of a random share of each class, and the rows that are left.

    The number taken from a class is rounded. Both results hold row numbers in
    rising order; together they hold each row once.

    Shapes: target (n,) -> (k,), (n - k,).
    Errors: `ValueError` unless target has one dimension and share lies from 0
    to 1, `TypeError` for what is no tensor.

    >>> target = torch.tensor([0, 1] * 5)
    >>> some, rest = stratified(target, 0.4, torch.Generator().manual_seed(0))
    >>> target[some].bincount().tolist(), target[rest].bincount().tolist()
    ([2, 2], [3, 3])
    >>> [len(rows) for rows in stratified(target, 0.0, torch.Generator())]
    [0, 10]
    """
    require_dimensions("target", target, 1)
    require_between("share", share, 0, 1)
    taken = torch.zeros(len(target), dtype=torch.bool)
    for digit in sorted(set(target.tolist())):
        rows = (target == digit).nonzero().flatten()
        order = torch.randperm(len(rows), generator=generator)
        taken[rows[order[: round(share * len(rows))]]] = True
    return taken.nonzero().flatten(), (~taken).nonzero().flatten()


def fingerprint(choices: dict) -> str:
    """Sixteen characters from the text of the choices: numbers, text, lists of them.

    Errors: `TypeError` for what JSON cannot hold, tensors among them.

    >>> fingerprint({"lr": 0.1}) == fingerprint({"lr": 0.1})
    True
    >>> fingerprint({"lr": 0.1}) == fingerprint({"lr": 0.2})
    False
    """
    text = json.dumps(choices, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Sealed:
    """Examples that are handed out once, after the choices were fixed.

    Errors: `RuntimeError` for a second `fix` or `open`, for an `open` before
    `fix` or with other choices.

    >>> envelope = Sealed(torch.zeros(2, 64), torch.tensor([3, 5]))
    >>> _ = envelope.fix({"epochs": 30})
    >>> x, target = envelope.open({"epochs": 30})
    >>> envelope.open({"epochs": 30})
    Traceback (most recent call last):
        ...
    RuntimeError: opened before: these examples are used up
    """

    def __init__(self, x: Tensor, target: Tensor) -> None:
        self._kept: tuple[Tensor, Tensor] | None = (x, target)
        self._fixed: str | None = None

    def fix(self, choices: dict) -> str:
        """Note the choices for good, and return their fingerprint."""
        if self._fixed is not None:
            raise RuntimeError("the choices were fixed before")
        self._fixed = fingerprint(choices)
        return self._fixed

    def open(self, choices: dict) -> tuple[Tensor, Tensor]:
        """Hand the examples out: once, and for these choices only."""
        if self._fixed is None:
            raise RuntimeError("fix your choices first")
        if fingerprint(choices) != self._fixed:
            raise RuntimeError("these are not the choices you fixed")
        if self._kept is None:
            raise RuntimeError("opened before: these examples are used up")
        kept, self._kept = self._kept, None
        return kept


def set_apart(share: float = 0.2, seed: int = 0) -> tuple[Tensor, Tensor, Sealed]:
    """The digits without a share of each class, and that share in an envelope.

    Shapes: (n, 64) float32 and (n,) int64, and a `Sealed`.
    Errors: `ValueError` unless share lies from 0 to 1.
    Source: scikit-learn's copy of the test part of Alpaydin and Kaynak's
    digits (UCI Machine Learning Repository, 1998), 1,797 images.

    >>> x, target, envelope = set_apart()
    >>> x.shape, target.shape
    (torch.Size([1438, 64]), torch.Size([1438]))
    """
    data = load_digits()
    x = torch.tensor(data.data, dtype=torch.float32)
    target = torch.tensor(data.target)
    rng = torch.Generator().manual_seed(seed)
    test, rest = stratified(target, share, rng)
    return x[rest], target[rest], Sealed(x[test], target[test])


class Standardize(nn.Module):
    """Subtract one mean, divide by one spread: both measured once, then kept.

    They are buffers, so that they are saved with the weights. The spread is
    that of the n numbers themselves (divided by n, not n - 1).

    Errors: `TypeError` unless x is floating point, `ValueError` unless it is a
    table with rows that are not all alike.

    >>> scale = Standardize(torch.tensor([[0.0, 2.0], [4.0, 6.0]]))
    >>> scale(torch.tensor([3.0]))
    tensor([0.])
    >>> [name for name, _ in scale.named_buffers()]
    ['mean', 'std']
    """

    mean: Tensor
    std: Tensor

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        require_table("x", x)
        require_positive("spread of x", x.std(correction=0).item())
        self.register_buffer("mean", x.mean())
        self.register_buffer("std", x.std(correction=0))

    def forward(self, x: Tensor) -> Tensor:
        """Scale any images as those it was built with."""
        return (x - self.mean) / self.std


def accuracy(scores: Tensor, target: Tensor) -> Tensor:
    """The share of examples whose largest score is that of the right class.

    Shapes: scores (n, C) or (S, n, C), target (n,) -> () or (S,).
    Errors: `ValueError` if the shapes do not fit or there is no example.

    >>> scores = torch.tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]])
    >>> accuracy(scores, torch.tensor([0, 1, 1])).item() * 3
    2.0
    """
    if scores.dim() < 2 or scores.shape[-2:-1] != target.shape:
        given = f"got scores {tuple(scores.shape)}, target {tuple(target.shape)}"
        raise ValueError(f"target must hold a class for each row, {given}")
    require_at_least("number of examples", len(target), 1)
    return (scores.argmax(dim=-1) == target).double().mean(dim=-1)


def centroids(x: Tensor, target: Tensor, classes: int = 10) -> Tensor:
    """The mean image of each class.

    Shapes: x (n, d), target (n,) -> (C, d).
    Errors: `ValueError` for a class without an example.

    >>> x = torch.tensor([[0.0], [2.0], [7.0]])
    >>> centroids(x, torch.tensor([0, 0, 1]), classes=2)
    tensor([[1.],
            [7.]])
    """
    require_table("x", x)
    counts = target.bincount(minlength=classes)
    require_at_least("examples of each class", counts.min().item(), 1)
    means = [x[target == k].mean(dim=0) for k in range(classes)]
    return torch.stack(means)


def nearest_centroid(x: Tensor, centers: Tensor) -> Tensor:
    """Scores by nearness: minus the distance to each center.

    Shapes: x (n, d), centers (C, d) -> (n, C).
    Errors: `ValueError` unless both have the same number of columns.

    >>> nearest_centroid(torch.tensor([[0.0, 3.0]]), torch.zeros(1, 2))
    tensor([[-3.]])
    """
    require_table("centers", centers)
    require_table("x", x, centers.shape[1])
    return -torch.cdist(x, centers, compute_mode="donot_use_mm_for_euclid_dist")


def logistic_regression(
    x: Tensor, target: Tensor, weight_decay: float, classes: int = 10
) -> nn.Linear:
    r"""One affine layer with the smallest cross-entropy, its weights kept small.

    Minimizes the mean cross-entropy plus lambda/2 times the sum of w^2, the biases
    left free. The sum is convex: there is one minimum (up to a constant added to
    all biases), and neither seed nor rate matters. Computed in float64.

    Shapes: x (n, d), target (n,) -> a layer from d to C.
    Errors: `ValueError` unless weight_decay > 0 (without it the weights may
    grow forever) and the targets are classes.

    >>> x = torch.tensor([[-1.0], [1.0]])
    >>> layer = logistic_regression(x, torch.tensor([0, 1]), 0.1, classes=2)
    >>> layer(torch.tensor([[0.0]]).double()).softmax(dim=1).tolist()
    [[0.5, 0.5]]
    """
    require_table("x", x)
    require_positive("weight_decay", weight_decay)
    x = x.double()
    layer = nn.Linear(x.shape[1], classes, dtype=x.dtype)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    require_classes(layer(x), target, ignore_index=0)
    optimizer: torch.optim.Optimizer = torch.optim.LBFGS(
        layer.parameters(),
        max_iter=500,
        tolerance_grad=1e-8,
        tolerance_change=1e-12,
        line_search_fn="strong_wolfe",
    )

    def closure() -> float:
        optimizer.zero_grad()
        size = (layer.weight**2).sum()
        loss = F.cross_entropy(layer(x), target) + weight_decay / 2 * size
        torch.autograd.backward(loss)
        return loss.item()

    optimizer.step(closure)
    return layer


def network(sizes: Sequence[int] = (64, 32, 16, 10)) -> nn.Sequential:
    """Affine layers of these sizes with ReLU between them.

    Errors: `ValueError` for fewer than two sizes.

    >>> len(network()), len(network((64, 10)))
    (5, 1)
    """
    require_at_least("number of sizes", len(sizes), 2)
    layers: list[nn.Module] = []
    for d, width in itertools.pairwise(sizes):
        layers += [nn.Linear(d, width), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def stack_networks(seeds: Sequence[int], sizes: Sequence[int]) -> list[Tensor]:
    """Starts of networks, one a seed, each kind of parameter in one tensor.

    Shapes: (S, out, in) and (S, out) for each layer in turn.
    Errors: `ValueError` for no seed or fewer than two sizes.

    >>> [tuple(p.shape) for p in stack_networks([0, 1, 2], (64, 10))]
    [(3, 10, 64), (3, 10)]
    """
    require_at_least("number of seeds", len(seeds), 1)
    models = []
    for seed in seeds:
        torch.manual_seed(seed)
        models.append(network(sizes))
    kinds = zip(*(model.parameters() for model in models), strict=True)
    stacks = [torch.stack(kind).detach() for kind in kinds]
    return [stack.requires_grad_() for stack in stacks]


def forward_many(params: Sequence[Tensor], x: Tensor) -> Tensor:
    """The scores of S networks, each for its own images.

    Shapes: params as `stack_networks` makes them, x (S, n, d) -> (S, n, C).
    Errors: `ValueError` unless x has three dimensions and S of the networks.

    >>> params = stack_networks([0, 1], (4, 3, 2))
    >>> forward_many(params, torch.zeros(2, 5, 4)).shape
    torch.Size([2, 5, 2])
    """
    require_dimensions("x", x, 3)
    if len(x) != len(params[0]):
        given = f"got x {tuple(x.shape)} for {len(params[0])} networks"
        raise ValueError(f"each network needs its own images, {given}")
    last = len(params) - 2
    for k in range(0, len(params), 2):
        weight, bias = params[k], params[k + 1]
        x = torch.baddbmm(bias[:, None], x, weight.mT)
        if k < last:
            x = F.relu(x)
    return x


def loss_many(params: Sequence[Tensor], x: Tensor, target: Tensor) -> Tensor:
    """The mean cross-entropy of each of S networks.

    Shapes: x (S, n, d), target (S, n) -> (S,).
    Errors: as `forward_many`.

    >>> params = [torch.zeros(2, 10, 64), torch.zeros(2, 10)]
    >>> target = torch.zeros(2, 3, dtype=torch.int64)
    >>> [round(loss, 4) for loss in loss_many(
    ...     params, torch.ones(2, 3, 64), target).tolist()]
    [2.3026, 2.3026]
    """
    scores = forward_many(params, x).transpose(1, 2)
    return F.cross_entropy(scores, target, reduction="none").mean(dim=1)


def train_many(
    params: Sequence[Tensor],
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    target: Tensor,
    *,
    epochs: int,
    seeds: Sequence[int],
    batch_size: int = 32,
    watch: Callable[[], Tensor] | None = None,
) -> Tensor:
    """Train S networks at once, each with its own shuffled decks.

    The losses are added up: a network's gradient meets only its own loss, and
    the optimizer treats each entry by itself, so that each network takes the
    steps it would take alone. `watch` is called after each epoch, without a
    graph; what it returns is stacked.

    Shapes: x (S, n, d), target (S, n) -> (epochs, ...), empty without `watch`.
    Errors: `ValueError` for fewer than one epoch or an empty batch, or if S is
    not the number of seeds.

    >>> params = stack_networks([0, 1], (1, 2))
    >>> x = torch.tensor([[[-1.0], [1.0]]]).expand(2, 2, 1)
    >>> target = torch.tensor([[0, 1]]).expand(2, 2)
    >>> optimizer = torch.optim.SGD(params, lr=1.0)
    >>> losses = train_many(params, optimizer, x, target, epochs=50, seeds=[0, 1],
    ...     watch=lambda: loss_many(params, x, target))
    >>> losses.shape, bool((losses[-1] < 0.05).all())
    (torch.Size([50, 2]), True)
    """
    require_at_least("epochs", epochs, 1)
    require_at_least("batch_size", batch_size, 1)
    if len(seeds) != len(x):
        raise ValueError(f"one seed a network, got {len(seeds)} for {len(x)}")
    rngs = [torch.Generator().manual_seed(seed) for seed in seeds]
    seen = []
    for _ in range(epochs):
        decks = [torch.randperm(x.shape[1], generator=rng) for rng in rngs]
        mixed_x = torch.stack([x[s, deck] for s, deck in enumerate(decks)])
        mixed_t = torch.stack([target[s, deck] for s, deck in enumerate(decks)])
        for k in range(0, x.shape[1], batch_size):
            batch = slice(k, k + batch_size)
            optimizer.zero_grad()
            losses = loss_many(params, mixed_x[:, batch], mixed_t[:, batch])
            torch.autograd.backward(losses.sum())
            optimizer.step()
        if watch is not None:
            with torch.no_grad():
                seen.append(watch())
    return torch.stack(seen) if seen else torch.empty(0)
