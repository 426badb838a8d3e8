"""Dropout, loader and loop beside PyTorch: what is compared, and on what."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from neuralnet.agreement import Check
from neuralnet.training import fit
from neuralnet.training_data import (
    DataLoader,
    Readings,
    default_collate,
)
from neuralnet.training_dropout import Dropout, dropout


def seeded(function: Callable, *options: Any) -> Callable[[Tensor], Tensor]:
    """The function of one tensor, after the generator was set to 0.

    >>> draw = seeded(torch.rand_like)
    >>> bool((draw(torch.zeros(3)) == draw(torch.zeros(3))).all())
    True
    """

    def called(x: Tensor) -> Tensor:
        torch.manual_seed(0)
        result: Tensor = function(x, *options)
        return result

    return called


def loaded(loader: Callable, own: bool, **options: Any) -> Callable:
    """A function of x and t: the batches of three epochs, end to end.

    With `own` the loader gets a generator, otherwise it uses the default one.
    Each mini-batch is preceded by a row that holds its size.

    >>> x = torch.arange(3.0)[:, None]
    >>> loaded(DataLoader, True, batch_size=2)(x, x)[:6].tolist()
    [[2.0, 2.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0], [2.0, 2.0], [2.0, 2.0]]
    """

    def three_epochs(x: Tensor, t: Tensor) -> Tensor:
        torch.manual_seed(0)
        rng = torch.Generator().manual_seed(1) if own else None
        made = loader(Readings(x, t), generator=rng, **options)
        rows = []
        for _ in range(3):
            for pair in made:
                size = torch.full_like(pair[0][:1], len(pair[0]))
                rows += [torch.cat([size, size], 1), torch.cat(pair, 1)]
        return torch.cat(rows)

    return three_epochs


def fitted(x: Tensor, t: Tensor) -> Tensor:
    """Weights after ten epochs of `fit` on mini-batches of our loader.

    >>> fitted(torch.ones(4, 1).double(), torch.ones(4, 1).double()).shape
    torch.Size([2])
    """
    torch.manual_seed(0)
    model = nn.Linear(1, 1).double()
    rng = torch.Generator().manual_seed(1)
    loader = DataLoader(Readings(x, t), 3, shuffle=True, generator=rng)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    fit(model, nn.MSELoss(), optimizer, loader, [(x, t)], epochs=10)
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def by_hand(x: Tensor, t: Tensor) -> Tensor:
    """The same ten epochs in PyTorch's parts, the best weights looked up last.

    >>> by_hand(torch.ones(4, 1).double(), torch.ones(4, 1).double()).shape
    torch.Size([2])
    """
    torch.manual_seed(0)
    model = nn.Linear(1, 1).double()
    rng = torch.Generator().manual_seed(1)
    torch_loader = torch.utils.data.DataLoader
    loader = torch_loader(Readings(x, t), 3, shuffle=True, generator=rng)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = []
    for _ in range(10):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss: Any = nn.functional.mse_loss(model(inputs), targets)
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            judged = nn.functional.mse_loss(model(x), t).item()
        seen.append((judged, copy.deepcopy(list(model.parameters()))))
    best = min(seen, key=lambda pair: pair[0])[1]
    return torch.cat([p.detach().flatten() for p in best])


def pairs(x: Tensor, t: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Every example of the readings, in order.

    >>> len(pairs(torch.zeros(3), torch.ones(3)))
    3
    """
    data = Readings(x, t)
    return [data[i] for i in range(len(data))]


def layered(layer: nn.Module) -> nn.Module:
    """The layer, in evaluation mode.

    >>> layered(nn.Dropout()).training
    False
    """
    return layer.eval()


def agreement_checks() -> list[Check]:
    """What the chapter's table compares and the tests assert.

    >>> [check.name for check in agreement_checks()][:2]
    ['dropout', 'Dropout, eval()']
    """
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(9, 1, generator=rng).double()
    t = 2 * x + torch.randn(9, 1, generator=rng).double()
    wide = torch.randn(40, 30, generator=rng)
    inputs = [(wide,), (wide.double(),), (wide.t(),), (wide[:, :0],)]
    torch_loader = torch.utils.data.DataLoader
    checks = [
        Check(
            "dropout",
            lambda x: torch.stack([seeded(dropout, p)(x) for p in (0.1, 0.5, 1.0)]),
            lambda x: torch.stack(
                [seeded(nn.functional.dropout, p)(x) for p in (0.1, 0.5, 1.0)]
            ),
            inputs,
            1e-6,
        ),
        Check(
            "Dropout, eval()",
            layered(Dropout(0.3)),
            layered(nn.Dropout(0.3)),
            inputs,
        ),
        Check(
            "default_collate",
            lambda x, t: torch.cat(default_collate(pairs(x, t))),
            lambda x, t: torch.cat(torch.utils.data.default_collate(pairs(x, t))),
            [(x, t)],
        ),
    ]
    settings: list[tuple[str, bool, dict[str, Any]]] = [
        ("in order", True, {}),
        ("shuffled", True, {"shuffle": True}),
        ("drop_last", True, {"shuffle": True, "drop_last": True}),
        ("seeded", False, {"shuffle": True}),
    ]
    for name, own, options in settings:
        checks.append(
            Check(
                f"loader {name}",
                loaded(DataLoader, own, batch_size=4, **options),
                loaded(torch_loader, own, batch_size=4, **options),
                [(x, t), (x[:8], t[:8])],
                grad=False,
            )
        )
    checks.append(Check("fit", fitted, by_hand, [(x, t)], grad=False))
    return checks
