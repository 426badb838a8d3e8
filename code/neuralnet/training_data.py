"""A data set answers two questions; a loader asks them and makes mini-batches.

Notation: n examples, each a pair of an input x and a target t; B examples in a
mini-batch, in code `batch_size`. How many examples are there, `len(dataset)`,
and what is example i, `dataset[i]`: whatever answers these can be loaded.

`DataLoader` and `default_collate` have the names, the first arguments, the
defaults and the results of those in `torch.utils.data`. Left out are samplers,
worker processes, pinned memory, and items other than tuples of tensors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from neuralnet.checks import (
    require_at_least,
    require_examples,
    require_tensor,
    require_whole,
)


class Readings(Dataset):
    """Pairs of an input and a target, numbered from 0.

    Shapes: x (n, ...), t (n, ...). Item i is the pair x[i], t[i].

    Errors: `TypeError` for what is no tensor, `ValueError` if x and t count
    different numbers of examples or have no dimension; `IndexError` for an item
    that is not there.

    >>> data = Readings(torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [5.0]]))
    >>> len(data)
    2
    >>> data[1]
    (tensor([2.]), tensor([5.]))
    """

    def __init__(self, x: Tensor, t: Tensor) -> None:
        require_tensor("x", x)
        require_tensor("t", t)
        require_at_least("dimensions of x and t", min(x.dim(), t.dim()), 1)
        if len(x) != len(t):
            given = f"got {len(x)} inputs, {len(t)} targets"
            raise ValueError(f"every input needs one target, {given}")
        self.x, self.t = x, t

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """One example: its input and its target."""
        return self.x[index], self.t[index]


def default_collate(
    batch: Sequence[tuple[Tensor, ...]],
) -> list[Tensor]:
    """Examples in, mini-batch out: inputs and targets, stacked.

    Errors: `TypeError` for an example that is no tuple, `ValueError` for no example
    or tuples of different length, `RuntimeError` for tensors of different shape.

    >>> pairs = [(torch.zeros(1), torch.ones(1)), (torch.ones(1), torch.ones(1))]
    >>> [tuple(each.shape) for each in default_collate(pairs)]
    [(2, 1), (2, 1)]
    """
    require_examples("batch", len(batch))
    if not all(isinstance(each, tuple | list) for each in batch):
        given = type(batch[0]).__name__
        raise TypeError(f"each example must be a tuple, got {given}")
    return [torch.stack(column) for column in zip(*batch, strict=True)]


def shuffled(
    n: int,
    generator: torch.Generator | None = None,
) -> Iterator[int]:
    """The numbers 0 to n - 1 in random order, as PyTorch draws it.

    Without a generator a new one is started from a number of the default one.
    After the last number a second order is drawn and not used, as in PyTorch,
    so that the next epoch finds the generator in the same state.

    >>> sorted(shuffled(5))
    [0, 1, 2, 3, 4]
    """
    if generator is None:
        seed = torch.empty((), dtype=torch.int64).random_()
        generator = torch.Generator().manual_seed(int(seed))
    yield from torch.randperm(n, generator=generator).tolist()
    torch.randperm(n, generator=generator)


class DataLoader:
    """Mini-batches of `batch_size` examples, in order or shuffled.

    `dataset` is whatever has a length and items. Each `for` over the loader is
    an epoch. The last mini-batch holds what is left, unless `drop_last` leaves it
    out.

    Errors: `TypeError` if batch_size is no integer, `ValueError` if it is below 1,
    or for shuffling no example.

    >>> x = torch.arange(5.0)[:, None]
    >>> loader = DataLoader(Readings(x, 2 * x), batch_size=2)
    >>> len(loader)
    3
    >>> for inputs, targets in loader:
    ...     print(inputs.flatten().tolist(), targets.flatten().tolist())
    [0.0, 1.0] [0.0, 2.0]
    [2.0, 3.0] [4.0, 6.0]
    [4.0] [8.0]

    PyTorch: `torch.utils.data.DataLoader`.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool | None = None,
        *,
        drop_last: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        require_whole("batch_size", batch_size, 1)
        if shuffle:
            require_examples("a shuffled dataset", len(dataset))
        self.dataset, self.batch_size = dataset, batch_size
        self.shuffle, self.drop_last = shuffle, drop_last
        self.generator = generator

    def __len__(self) -> int:
        """How many mini-batches an epoch has."""
        n = len(self.dataset)
        if self.drop_last:
            return n // self.batch_size
        return -(-n // self.batch_size)

    def __iter__(self) -> Iterator[list[Tensor]]:
        """Start an epoch: draw an order, then hand out mini-batches."""
        # PyTorch draws one number first, a seed for worker processes.
        unused = torch.empty((), dtype=torch.int64)
        unused.random_(generator=self.generator)
        n = len(self.dataset)
        order: Iterable[int] = range(n)
        if self.shuffle:
            order = shuffled(n, self.generator)
        return self.batches(order)

    def batches(self, order: Iterable[int]) -> Iterator[list[Tensor]]:
        """The examples in this order, so many at a time."""
        batch = []
        for index in order:
            batch.append(self.dataset[index])
            if len(batch) == self.batch_size:
                yield default_collate(batch)
                batch = []
        if batch and not self.drop_last:
            yield default_collate(batch)
