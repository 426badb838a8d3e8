"""Where books and PyTorch differ: two forms of one thing, and how far apart they are.

A `Convention` puts the form of a book beside PyTorch's, both computed on the same
problem. Chapters add rows; a test asks of every row that it differs, or
coincides, as it claims.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Convention:
    """One thing that is written in two ways.

    `book` and `torch` compute the same quantity, each in its way; `book_form`
    and `torch_form` say how, in at most 40 characters; `same` says whether the
    two should give the same numbers (up to 1e-9) or not.
    """

    name: str
    book_form: str
    torch_form: str
    book: Callable[[], Tensor]
    torch: Callable[[], Tensor]
    same: bool = False
    source: str = ""


@dataclass(frozen=True)
class Difference:
    """A measured convention: the gap, and whether it is what was claimed."""

    convention: Convention
    gap: float
    ok: bool


def largest_gap(ours: Tensor, theirs: Tensor) -> float:
    """Largest |ours - theirs|; infinite where a number is nan or shapes differ.

    >>> import torch
    >>> largest_gap(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 2.5]))
    0.5
    >>> largest_gap(torch.zeros(2), torch.zeros(3))
    inf
    """
    if ours.shape != theirs.shape:
        return float("inf")
    gap = (ours - theirs).abs().max().item()
    return gap if gap == gap else float("inf")


def measure(conventions: Sequence[Convention]) -> list[Difference]:
    """Compute both forms of every row and compare.

    Errors: `ValueError` if two rows have one name, or a form is too long.

    >>> import torch
    >>> row = Convention(
    ...     "variance", "divide by n", "divide by n - 1",
    ...     lambda: torch.tensor([0.0, 2.0]).var(correction=0),
    ...     lambda: torch.tensor([0.0, 2.0]).var(),
    ... )
    >>> [(d.gap, d.ok) for d in measure([row])]
    [(1.0, True)]
    """
    names = [row.name for row in conventions]
    if len(set(names)) < len(names):
        raise ValueError(f"names must differ, got {names}")
    found = []
    for row in conventions:
        longest = max(len(row.book_form), len(row.torch_form))
        if longest > 40:
            raise ValueError(f"{row.name}: forms of 40 letters, got {longest}")
        gap = largest_gap(row.book(), row.torch())
        found.append(Difference(row, gap, (gap < 1e-9) == row.same))
    return found


def print_differences(rows: Sequence[Difference]) -> None:
    """Print the measured rows, narrow enough for a phone.

    >>> one = Convention("sign", "a - b", "b - a", Tensor, Tensor)
    >>> print_differences([Difference(one, 0.25, True)])
    sign: 0.25 apart
      book  a - b
      torch b - a
    1 of 1 as claimed
    """
    for row in rows:
        shown = "the same" if row.gap < 1e-9 else f"{row.gap:.2g} apart"
        note = "" if row.ok else "  NOT AS CLAIMED"
        print(f"{row.convention.name}: {shown}{note}")
        print(f"  book  {row.convention.book_form}")
        print(f"  torch {row.convention.torch_form}")
    print(f"{sum(row.ok for row in rows)} of {len(rows)} as claimed")
