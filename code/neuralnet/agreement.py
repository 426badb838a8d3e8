"""How far the book's functions are from PyTorch's, in value and in gradient.

A `Check` puts two functions side by side with the inputs to try. The same checks
are asserted by the tests and printed, as a table, at the end of each chapter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Check:
    """Two functions that should agree, and the inputs to try them on.

    `cases` holds one tuple of arguments per case; `grad=False` compares values
    only; `tolerance` is the largest relative deviation that passes.
    """

    name: str
    ours: Callable[..., Tensor]
    theirs: Callable[..., Tensor]
    cases: Sequence[tuple[Tensor, ...]]
    tolerance: float = 1e-12
    grad: bool = True


@dataclass(frozen=True)
class Row:
    """One line of the table: the largest deviations of a check."""

    name: str
    cases: int
    value: float
    gradient: float
    ok: bool


def deviation(ours: Tensor, theirs: Tensor) -> float:
    """Largest |ours - theirs| / max(1, |theirs|); nan matches nan, inf itself.

    A difference in shape or dtype, or a nan or inf that only one side has,
    counts as infinite. Two empty tensors deviate by 0.

    >>> deviation(torch.tensor([1.0, 30.0]), torch.tensor([1.0, 20.0]))
    0.5
    >>> nan, inf = float("nan"), float("inf")
    >>> deviation(torch.tensor([nan, inf]), torch.tensor([nan, inf]))
    0.0
    >>> deviation(torch.tensor([nan]), torch.tensor([0.0]))
    inf
    """
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return float("inf")
    a, b = ours.detach().double(), theirs.detach().double()
    same = (a == b) | (a.isnan() & b.isnan())
    gap = (a - b).abs() / b.abs().clamp(min=1.0)
    gap = torch.where(gap.isfinite(), gap, float("inf"))
    return torch.where(same, 0.0, gap).max().item() if a.numel() else 0.0


def gradients(function: Callable[..., Tensor], case: tuple) -> tuple:
    """Gradients of the sum of `function(*case)` by its floating arguments.

    >>> gradients(lambda x: x**2, (torch.tensor([1.0, 3.0]),))
    (tensor([2., 6.]),)
    """
    inputs = [x.detach().clone() for x in case]
    leaves = [x.requires_grad_() for x in inputs if x.is_floating_point()]
    return torch.autograd.grad(function(*inputs).sum(), leaves)


def compare(checks: Sequence[Check]) -> list[Row]:
    """Run every check on every case and keep its largest deviations.

    Errors: `ValueError` for a check without cases, which would always pass.

    >>> cases = [(torch.tensor([0.0, 1.0]),)]
    >>> compare([Check("square", lambda x: x * x, torch.square, cases)])
    [Row(name='square', cases=1, value=0.0, gradient=0.0, ok=True)]
    """
    rows = []
    for check in checks:
        if not check.cases:
            raise ValueError(f"{check.name} has no case")
        value = gradient = 0.0
        for case in check.cases:
            pair = check.ours(*case), check.theirs(*case)
            value = max(value, deviation(*pair))
            if check.grad:
                ours = gradients(check.ours, case)
                theirs = gradients(check.theirs, case)
                gaps = zip(ours, theirs, strict=True)
                gradient = max(gradient, *(deviation(*gap) for gap in gaps))
        ok = max(value, gradient) <= check.tolerance
        shown = gradient if check.grad else float("nan")
        rows.append(Row(check.name, len(check.cases), value, shown, ok))
    return rows


def bound(gap: float) -> str:
    """A power of ten above the gap, the same from one run to the next.

    Below 1e-14 the digits are rounding, and may change with the place of a
    tensor in memory. `-` stands for what was not compared.

    >>> bound(0.0), bound(3e-16), bound(4e-9), bound(float("nan"))
    ('0', '<1e-14', '<1e-08', '-')
    """
    if math.isnan(gap):
        return "-"
    if gap == 0 or math.isinf(gap):
        return f"{gap:.0f}"
    return f"<1e{max(-14, math.floor(math.log10(gap)) + 1):03d}"


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows, narrow enough for a phone, and how many agree.

    >>> print_table([Row("square", 1, 0.0, 2.2e-16, True)])
    function         cases   value    grad
    square               1       0  <1e-14
    1 of 1 agree
    """
    print(f"{'function':<16} {'cases':>5} {'value':>7} {'grad':>7}")
    for row in rows:
        value, gradient = bound(row.value), bound(row.gradient)
        note = "" if row.ok else "  DIFFERS"
        line = f"{row.name:<16} {row.cases:>5} {value:>7} {gradient:>7}"
        print(line + note)
    print(f"{sum(row.ok for row in rows)} of {len(rows)} agree")
