r"""Training: what to do with the data, epoch after epoch, and what to keep.

Notation: an example is a pair of an input x and a target t; loss E, in code
`loss_fn(output, target)`, a mean over the examples of a mini-batch; an epoch is
one pass through the training set; losses of epochs go into a `History`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from neuralnet.checks import (
    require_at_least,
    require_examples,
    require_finite,
)

#: Mini-batches, pairs of inputs and targets, as a loader yields them.
Batches = Iterable[Sequence[Tensor]]
#: Takes outputs and targets, returns the mean loss as a tensor.
LossFunction = Callable[[Tensor, Tensor], Any]


@dataclass
class History:
    """The losses of a run, epoch by epoch, and the best epoch.

    `best` is the epoch, counted from 0, whose weights were kept.

    >>> history = History([2.0, 1.0, 0.5], [2.5, 1.5, 1.75], best=1)
    >>> history.validation[history.best]
    1.5
    """

    train: list[float]
    validation: list[float]
    best: int


def train_epoch(
    model: nn.Module,
    loss_fn: LossFunction,
    optimizer: torch.optim.Optimizer,
    loader: Batches,
) -> float:
    """One pass, a step a mini-batch; the mean of the losses met.

    Each mini-batch counts by its size, so the result is the mean over examples,
    each judged by the weights that were current when its turn came. The model is
    put into training mode and stays in it.

    Errors: `ValueError` if the loader yields nothing; what `loss_fn` and the
    model raise.

    >>> model = nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> x = torch.ones(4, 1)
    >>> for _ in range(100):
    ...     loss = train_epoch(model, nn.MSELoss(), optimizer, [(x, 3 * x)])
    >>> round(loss, 6)
    0.0
    """
    model.train()
    total, count = 0.0, 0
    for x, target in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), target)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(target)
        count += len(target)
    require_examples("the loader of train_epoch", count)
    return total / count


@torch.no_grad()
def evaluate(
    model: nn.Module,
    loss_fn: LossFunction,
    loader: Batches,
) -> float:
    """The mean loss over the examples; nothing is learned.

    The model is put into evaluation mode and stays in it, and no graph is kept.

    Errors: `ValueError` if the loader yields nothing.

    >>> model = nn.Dropout(0.5)
    >>> x = torch.ones(3, 1)
    >>> evaluate(model, nn.MSELoss(), [(x, x), (x[:1], 3 * x[:1])])
    1.0
    """
    model.eval()
    total, count = 0.0, 0
    for x, target in loader:
        loss = loss_fn(model(x), target)
        total += loss.item() * len(target)
        count += len(target)
    require_examples("the loader of evaluate", count)
    return total / count


def fit(
    model: nn.Module,
    loss_fn: LossFunction,
    optimizer: torch.optim.Optimizer,
    train_loader: Batches,
    validation_loader: Batches,
    *,
    epochs: int,
    patience: int | None = None,
    progress: bool = False,
) -> History:
    """Train, watch the validation loss, keep the best weights.

    Stops after `epochs` epochs, or as soon as `patience` epochs in a row brought
    no validation loss below the best. At the end the model has the weights of
    the best epoch (the first, if several are equal) and is in evaluation mode.
    With `progress` a bar is written to stderr. The loaders are iterated once an
    epoch, so a generator that is used up will not do.

    Errors: `ValueError` if epochs or patience is below 1, a loader is empty, or
    a loss is not finite (it names the epoch, counted from 0; the model then keeps
    the weights it had at the error).

    >>> _ = torch.manual_seed(0)
    >>> model = nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> x = torch.tensor([[0.0], [1.0], [2.0]])
    >>> batches = [(x, 2 * x + 1)]
    >>> history = fit(model, nn.MSELoss(), optimizer, batches, batches, epochs=300)
    >>> len(history.train), history.validation[history.best] < 1e-6
    (300, True)
    >>> fit(model, nn.MSELoss(), optimizer, batches, [], epochs=1)
    Traceback (most recent call last):
        ...
    ValueError: the loader of evaluate must yield at least one example, got none

    Source: Prechelt (1998) compares rules for stopping; patience is a common one.
    """
    require_at_least("epochs", epochs, 1)
    if patience is not None:
        require_at_least("patience", patience, 1)
    history, lowest = History([], [], best=0), float("inf")
    shape = "{l_bar}{bar:10}| {n_fmt}/{total_fmt}{postfix}"
    bar = tqdm(
        total=epochs,
        disable=not progress,
        ascii=True,
        bar_format=shape,
    )
    for epoch in range(epochs):
        train = train_epoch(model, loss_fn, optimizer, train_loader)
        validation = evaluate(model, loss_fn, validation_loader)
        place = f"loss of epoch {epoch}"
        require_finite(f"training {place}", train)
        require_finite(f"validation {place}", validation)
        history.train.append(train)
        history.validation.append(validation)
        bar.set_postfix(validation=f"{validation:.4f}")
        bar.update()
        if validation < lowest:
            history.best, lowest = epoch, validation
            kept = copy.deepcopy(model.state_dict())
        elif patience and epoch - history.best >= patience:
            break
    bar.close()
    model.load_state_dict(kept)
    return history
