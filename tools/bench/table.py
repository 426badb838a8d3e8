"""Results as tables of plain text."""

from __future__ import annotations

from collections.abc import Sequence

from measure import Cost


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they must be, the first one left, the others right.

    >>> print(table("Lengths", ["of", "cm"], [["a hand", "18"], ["a foot", "30.5"]]))
    Lengths
    of         cm
    a hand     18
    a foot   30.5
    """
    grid = [list(head), *map(list, rows)]
    wide = [max(map(len, column)) for column in zip(*grid, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if not index else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, wide, strict=True))
        ).rstrip()
        for row in grid
    ]
    return "\n".join([title, *lines])


def seconds(cost: Cost) -> list[str]:
    return [f"{cost.wall:.1f}", f"{cost.cpu:.1f}"]


def ratios(cost: Cost, other: Cost) -> list[str]:
    return [f"{cost.wall / other.wall:.2f}", f"{cost.cpu / other.cpu:.2f}"]
