"""Exercises of the chapter on tensors: worked solutions."""

from __future__ import annotations

from torch import Tensor


def say_shapes() -> dict[str, tuple[int, ...]]:
    """The shape of each of the expressions A to H."""
    return {
        "A": (11, 11),
        "B": (11, 1),
        "C": (3,),
        "D": (4, 1),
        "E": (4,),
        "F": (4, 1),
        "G": (3, 3),
        "H": (0,),
    }


def safe_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean squared miss of tensors of shape (n,) or (n, 1), in any mixture."""
    n = prediction.numel()
    for each in (prediction, target):
        if n == 0 or each.shape not in ((n,), (n, 1)):
            shapes = f"{tuple(prediction.shape)} and {tuple(target.shape)}"
            raise ValueError(f"want (n,) or (n, 1) twice, got {shapes}")
    return ((prediction.reshape(n) - target.reshape(n)) ** 2).mean()


def same_storage(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are views of one storage."""
    first, second = a.untyped_storage(), b.untyped_storage()
    return first.data_ptr() == second.data_ptr()


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Distance of each row of a, (n, d), from each row of b, (m, d)."""
    return ((a.unsqueeze(1) - b) ** 2).sum(dim=2).sqrt()


def windows(x: Tensor, size: int) -> Tensor:
    """Every window of so many neighbors of a vector, as rows of a view."""
    step = x.stride(0)
    shape = (len(x) - size + 1, size)
    return x.as_strided(shape, (step, step), x.storage_offset())


def can_flatten(shape: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    """Whether a tensor of this shape and stride has a flat view."""
    pairs = zip(shape, stride, strict=True)
    taken = [(size, step) for size, step in pairs if size != 1]
    merges = []
    for k in range(1, len(taken)):
        size, step = taken[k]
        merges.append(taken[k - 1][1] == size * step)
    return 0 in shape or all(merges)


def wrong_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean square of each prediction minus each target, without the table of them."""
    apart = prediction.mean() - target.mean()
    spread = prediction.var(correction=0) + target.var(correction=0)
    return spread + apart**2
