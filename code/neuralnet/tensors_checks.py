"""What the chapter on tensors compares with PyTorch.

Functions of shapes are put beside PyTorch as functions of tensors, so that one
table holds them all: what they say about a shape becomes a tensor of int64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

import torch
from torch import Tensor

from neuralnet.agreement import Check
from neuralnet.tensors import (
    broadcast_shapes,
    broadcast_to,
    contiguous_stride,
    dot,
    is_contiguous,
    mean,
    mm,
    offset,
    outer,
    places,
    var,
)

#: Shapes that fit one another in some pairs and not in others.
SHAPES: list[tuple[int, ...]] = [
    (), (0,), (1,), (3,), (4,), (1, 1), (1, 4), (3, 1), (3, 4),
    (0, 1), (2, 0, 4), (2, 1, 1), (2, 3, 1), (1, 3, 4), (2, 3, 4),
]  # fmt: skip


def some_numbers(*shape: int, seed: int = 0) -> Tensor:
    """Normally distributed float64 numbers, the same on every run.

    >>> some_numbers(2, 3).shape
    torch.Size([2, 3])
    """
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=rng).double()


def some_views() -> list[Tensor]:
    """Views of one storage that walk through it in different ways.

    >>> [tuple(view.stride()) for view in some_views()[:3]]
    [(12, 4, 1), (1, 12, 4), (4, 1)]
    """
    x = some_numbers(2, 3, 4)
    views = [x, x.permute(2, 0, 1), x[1], x[:, 1], x[..., 2]]
    views += [x[:, ::2, 1:], x[0, 0, 0], x[:0], x[:1]]
    views += [x[:, :1].expand(2, 5, 4), x[0].T, x[0, :, :1].T]
    return [*views, x.float().mT]


def as_numbers(*values: Iterable[int]) -> Tensor:
    """The integers of several answers in one tensor.

    >>> as_numbers((2, 3), (True,))
    tensor([2, 3, 1])
    """
    flat = [int(each) for value in values for each in value]
    return torch.tensor(flat, dtype=torch.int64)


def all_places(view: Tensor) -> Tensor:
    """Where `offset` puts each element of a view, one call per element.

    >>> all_places(torch.zeros(2, 3).T)
    tensor([[0, 3],
            [1, 4],
            [2, 5]])
    """
    start = int(view.storage_offset())
    indices = product(*map(range, view.shape))
    stride = view.stride()
    found = [offset(index, stride, start) for index in indices]
    return as_numbers(found).view(view.shape)


def through_storage(
    where: Callable[[Tensor], Tensor],
) -> Callable[[Tensor], Tensor]:
    """A function that reads a view out of its storage, place by place.

    >>> x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> through_storage(all_places)(x.T)
    tensor([[1., 3.],
            [2., 4.]])
    """

    def read(view: Tensor) -> Tensor:
        size = view.untyped_storage().nbytes()
        length = size // view.element_size()
        row = view.detach().as_strided((length,), (1,), 0)
        return row[where(view)]

    return read


def places_of(view: Tensor) -> Tensor:
    """Where `places` puts the elements of a view.

    >>> places_of(torch.zeros(2, 3)[1])
    tensor([3, 4, 5])
    """
    shape, start = tuple(view.shape), int(view.storage_offset())
    return places(shape, view.stride(), start)


def fits(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Whether PyTorch combines tensors of these two shapes.

    >>> fits((11,), (11, 1)), fits((3,), (4,))
    (True, False)
    """
    try:
        torch.zeros(a) + torch.zeros(b)
    except RuntimeError:
        return False
    return True


def pairs_that_fit() -> list[tuple[Tensor, Tensor]]:
    """Numbers in each shape, beside a second tensor whose shape fits.

    The second holds whole numbers: only its shape is used.

    >>> a, b = pairs_that_fit()[5]
    >>> tuple(a.shape), tuple(b.shape)
    ((), (1, 1))
    """
    return [
        (some_numbers(*a), torch.zeros(b, dtype=torch.int64))
        for a, b in product(SHAPES, SHAPES)
        if fits(a, b)
    ]


def some_matrices() -> list[tuple[Tensor, Tensor]]:
    """Pairs of matrices that can be multiplied, empty and strided ones too.

    >>> [(tuple(a.shape), tuple(b.shape)) for a, b in some_matrices()[:2]]
    [((1, 1), (1, 1)), ((2, 3), (3, 4))]
    """
    sizes = [(1, 1, 1), (2, 3, 4), (5, 1, 3)]
    sizes += [(0, 2, 3), (2, 0, 3), (2, 3, 0)]
    pairs = []
    for n, m, p in sizes:
        b = some_numbers(m, p, seed=1)
        pairs.append((some_numbers(n, m), b))
    strided = some_numbers(2, 8)[:, ::2].T
    pairs.append((some_numbers(4, 3).T, strided))
    stretched = some_numbers(4, 3)[1::2, 1:2].expand(2, 5)
    pairs.append((stretched, some_numbers(5, 4)[:, 1:]))
    return pairs + [(1e150 * a, 1e-150 * b) for a, b in pairs]


def agreement_checks() -> list[Check]:
    """The comparisons of the chapter, one per function.

    >>> [check.name for check in agreement_checks()][-3:]
    ['mean, keepdim', 'var', 'var, biased']
    """
    views = [(view,) for view in some_views()]
    shapes = views + [(torch.zeros(shape),) for shape in SHAPES]
    pairs = pairs_that_fit()
    larger = [(a, (a + b).long()) for a, b in pairs]
    ours, in_order = broadcast_shapes, is_contiguous
    matrices = some_matrices()
    flat = [a.flatten() for a, _ in matrices]
    rows = [(a, a.flip(0)) for a in flat]
    both = [(a.flatten(), b.flatten()) for a, b in matrices]
    spread = [(v,) for (v,) in views if v.dtype == torch.float64]
    x = some_numbers(6, 4)
    strided = [(x[:, 1], x[:, 3]), (x[::2, 0], x[1::2, 2])]
    strided.append((x[0, 1:2].expand(5), x[1:, 2]))
    rows, both = rows + strided, both + strided
    larger += [(v, torch.zeros(2, *v.shape).long()) for (v,) in spread]
    many = [(v,) for (v,) in spread if v.dim() > 0 and len(v) > 1]
    return [
        Check(
            "contig. stride",
            lambda x: as_numbers(contiguous_stride(x.shape)),
            lambda x: as_numbers(torch.empty(x.shape).stride()),
            shapes, 0, False,
        ),
        Check(
            "is_contiguous",
            lambda x: as_numbers([in_order(x.shape, x.stride())]),
            lambda x: as_numbers([x.is_contiguous()]),
            shapes, 0, False,
        ),
        Check("offset", through_storage(all_places), torch.clone,
              views, 0, False),
        Check("places", through_storage(places_of), torch.clone,
              views, 0, False),
        Check(
            "broadcast_shapes",
            lambda a, b: as_numbers(ours(a.shape, b.shape)),
            lambda a, b: as_numbers((a + b).shape),
            pairs, 0, False,
        ),
        Check(
            "broadcast_to",
            lambda a, b: broadcast_to(a, b.shape),
            lambda a, b: torch.broadcast_to(a, b.shape),
            larger,
        ),
        Check("dot", dot, torch.dot, rows),
        Check("mm", mm, torch.mm, matrices),
        Check("outer", outer, torch.outer, both),
        Check("mean", mean, torch.mean, spread),
        Check(
            "mean, keepdim",
            lambda x: mean(x, -1, keepdim=True),
            lambda x: torch.mean(x, -1, keepdim=True),
            spread,
        ),
        Check(
            "var",
            lambda x: var(x, 0),
            lambda x: torch.var(x, 0),
            many,
        ),
        Check(
            "var, biased",
            lambda x: var(x, correction=0),
            lambda x: torch.var(x, correction=0),
            many,
        ),
    ]  # fmt: skip
