r"""Twenty small networks at once, each with its own seed, data and weights.

The task is a wave: t = sin(2x) + noise, x even over -3 to 3. Shapes: inputs
and targets (S, n, 1), S seeds with n examples each; a layer's weights
(S, in, out), to be multiplied from the right, and its biases (S, 1, out). All in
float64.
`@` multiplies the S pairs of matrices one by one, so no seed meets another.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor

from neuralnet.checks import require_at_least, require_between, require_whole
from neuralnet.training_dropout import dropout

#: Standard deviation of the noise; no model can expect a loss below its square.
NOISE = 0.3


def wave(n: int, seeds: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Inputs and noisy targets, n for each seed, both of shape (seeds, n, 1).

    >>> x, t = wave(4, 20, torch.Generator().manual_seed(0))
    >>> tuple(x.shape), tuple(t.shape)
    ((20, 4, 1), (20, 4, 1))
    """
    x = 6 * torch.rand(seeds, n, 1, generator=rng).double() - 3
    noise = torch.randn(seeds, n, 1, generator=rng).double()
    return x, torch.sin(2 * x) + NOISE * noise


def start_weights(sizes: list[int], seeds: int, rng: torch.Generator) -> list[Tensor]:
    """Weights and biases of every layer, spread as those of `nn.Linear` are.

    Errors: `ValueError` for fewer than two sizes.

    >>> [tuple(p.shape) for p in start_weights([1, 32, 1], 20, torch.Generator())]
    [(20, 1, 32), (20, 1, 32), (20, 32, 1), (20, 1, 1)]
    """
    require_at_least("number of sizes", len(sizes), 2)
    params = []
    for ins, outs in itertools.pairwise(sizes):
        for rows in (ins, 1):
            draw = torch.rand(seeds, rows, outs, generator=rng).double()
            params.append(((2 * draw - 1) / ins**0.5).requires_grad_())
    return params


def outputs(params: list[Tensor], x: Tensor, p: float = 0.0) -> Tensor:
    """Every network's answers to its own inputs; p drops hidden outputs.

    >>> params = start_weights([1, 8, 8, 1], 20, torch.Generator())
    >>> tuple(outputs(params, torch.zeros(20, 5, 1).double()).shape)
    (20, 5, 1)
    """
    *hidden, (weight, bias) = zip(params[::2], params[1::2], strict=True)
    for w, b in hidden:
        x = dropout(torch.tanh(x @ w + b), p)
    return x @ weight + bias


def losses(params: list[Tensor], x: Tensor, t: Tensor, p: float = 0.0) -> Tensor:
    """Mean squared error of each network, shape (S,).

    >>> params = start_weights([1, 1], 20, torch.Generator())
    >>> x = torch.zeros(20, 5, 1).double()
    >>> tuple(losses(params, x, x).shape)
    (20,)
    """
    return ((outputs(params, x, p) - t) ** 2).mean(dim=(1, 2))


def train_wave(
    n: int = 14,
    width: int = 32,
    weight_decay: float = 0.0,
    p: float = 0.0,
    epochs: int = 200,
    seeds: int = 20,
) -> dict[str, Tensor]:
    """Losses of all seeds, every tenth epoch.

    Each seed has its own n training examples (of 56; a smaller n takes the first),
    16 for validation and 200 fresh ones. `train`, `validation` and `fresh` have
    the shape (S, epochs // 10); at one width the same seeds start alike whatever
    the other options.

    Errors: `ValueError` unless n is from 1 to 56 and epochs at least 10, `TypeError`
    if one is no integer.

    >>> curves = train_wave(epochs=20, seeds=3)
    >>> {name: tuple(curve.shape) for name, curve in curves.items()}
    {'train': (3, 2), 'validation': (3, 2), 'fresh': (3, 2)}
    """
    require_whole("n", n, 1)
    require_between("n", n, 1, 56)
    require_whole("epochs", epochs, 10)
    rng = torch.Generator().manual_seed(0)
    torch.manual_seed(0)  # for dropout
    many, validation, fresh = [wave(k, seeds, rng) for k in (56, 16, 200)]
    train = many[0][:, :n], many[1][:, :n]
    params = start_weights([1, width, width, 1], seeds, rng)
    optimizer = torch.optim.AdamW(params, 0.02, weight_decay=weight_decay)
    sets = {"train": train, "validation": validation, "fresh": fresh}
    found: dict[str, list[Tensor]] = {name: [] for name in sets}
    for epoch in range(epochs):
        optimizer.zero_grad()
        total: Any = losses(params, *train, p).sum()
        total.backward()
        optimizer.step()
        if epoch % 10 == 9:
            with torch.no_grad():
                for name, pairs in sets.items():
                    found[name].append(losses(params, *pairs))
    return {name: torch.stack(rows, dim=1) for name, rows in found.items()}
