"""Layers as books write them, beside PyTorch's."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neuralnet.conventions import Convention

#: Four examples of two features, on which the forms are compared.
BATCH = torch.tensor(
    [[1.0, -2.0], [3.0, 0.5], [-1.0, 4.0], [2.0, 1.0]], dtype=torch.float64
)


def torch_norm(batches: int = 1, **options: float) -> nn.BatchNorm1d:
    """PyTorch's batch normalization after some batches.

    >>> torch_norm().num_batches_tracked.item()
    1
    """
    norm = nn.BatchNorm1d(2, dtype=torch.float64, **options)  # type: ignore[arg-type]
    for _ in range(batches):
        norm(BATCH)
    return norm


def book_running(momentum: float, correction: int) -> Tensor:
    """A running variance that keeps the share momentum of itself, after one batch.

    >>> book_running(0.0, 0)
    tensor([2.1875, 4.5469], dtype=torch.float64)
    """
    var: Tensor = BATCH.var(dim=0, correction=correction)
    return momentum * torch.ones_like(var) + (1 - momentum) * var


def scaled(correction: int, outside: bool = False) -> Tensor:
    """The batch standardized, with eps = 0.1 under the root or beside it.

    >>> scaled(0).shape
    torch.Size([4, 2])
    """
    shifted = BATCH - BATCH.mean(dim=0)
    var = BATCH.var(dim=0, correction=correction)
    root: Tensor = var.sqrt() + 0.1 if outside else (var + 0.1).sqrt()
    return shifted / root


def layer_output(transposed: bool) -> Tensor:
    """A batch through a layer whose matrix is (in, out) or (out, in).

    >>> layer_output(True).shape
    torch.Size([4, 3])
    """
    weight = torch.arange(6.0, dtype=torch.float64).reshape(2, 3)
    if transposed:
        return BATCH @ weight
    layer = nn.Linear(2, 3, bias=False, dtype=torch.float64)
    layer.load_state_dict({"weight": weight.T})
    return layer(BATCH).detach()  # type: ignore[no-any-return]


def module_conventions() -> list[Convention]:
    """The rows of this chapter.

    >>> [row.name for row in module_conventions()][:2]
    ['layer', 'momentum of batch normalization']
    """
    return [
        Convention(
            "layer",
            "X W, W of shape (in, out)",
            "X Wᵀ, W of shape (out, in)",
            lambda: layer_output(True),
            lambda: layer_output(False),
            same=True,
        ),
        Convention(
            "momentum of batch normalization",
            "keeps 0.9 of the running value",
            "takes 0.1 of the new value",
            lambda: book_running(0.9, 1),
            lambda: torch_norm().running_var.clone(),  # type: ignore[union-attr]
            same=True,
        ),
        Convention(
            "the same number, 0.9, in PyTorch",
            "keeps 0.9 of the running value",
            "takes 0.9 of the new value",
            lambda: book_running(0.9, 1),
            lambda: torch_norm(momentum=0.9).running_var.clone(),  # type: ignore[union-attr]
        ),
        Convention(
            "variance in a batch",
            "divides by n - 1",
            "divides by n to normalize",
            lambda: scaled(1),
            lambda: torch_norm(0, eps=0.1)(BATCH).detach(),
        ),
        Convention(
            "variance, running",
            "divides by n",
            "divides by n - 1 to follow",
            lambda: book_running(0.9, 0),
            lambda: torch_norm().running_var.clone(),  # type: ignore[union-attr]
        ),
        Convention(
            "eps = 0.1 in batch normalization",
            "sqrt(variance) + eps",
            "sqrt(variance + eps)",
            lambda: scaled(0, outside=True),
            lambda: torch_norm(0, eps=0.1)(BATCH).detach(),
        ),
    ]
