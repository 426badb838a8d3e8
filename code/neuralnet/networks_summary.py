"""What a model is made of, in a few lines: names, shapes, counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class SummaryLine:
    """One part of a model: its name and kind, its output, its parameters."""

    name: str
    kind: str
    output: str
    params: int


def summarize(model: nn.Module, x: Tensor) -> list[SummaryLine]:
    """Run the model once and write down each call of a part without parts.

    Output shapes are caught by forward hooks, which are taken off again; the
    model is left in the mode it was in. A part that is called twice has two
    lines, the second without parameters; one that is not called has none.
    Parameters that belong to a part with parts of its own are in no line.

    >>> net = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    >>> lines = summarize(net, torch.zeros(11, 1))
    >>> [(line.name, line.output, line.params) for line in lines]
    [('0', '(11, 8)', 16), ('1', '(11, 8)', 0), ('2', '(11, 1)', 9)]
    """
    lines: list[SummaryLine] = []
    seen: set[Tensor] = set()
    names = {part: name for name, part in model.named_modules()}

    def note(part: nn.Module, args: Any, output: Any) -> None:
        new = [p for p in part.parameters() if p not in seen]
        seen.update(new)
        shape = str(tuple(output.shape)) if hasattr(output, "shape") else "?"
        count = sum(p.numel() for p in new)
        kind = type(part).__name__
        lines.append(SummaryLine(names[part], kind, shape, count))

    leaves = [part for part in names if not list(part.children())]
    hooks = [part.register_forward_hook(note) for part in leaves]
    modes = {part: part.training for part in names}
    try:
        model.eval()
        with torch.no_grad():
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
        for part, mode in modes.items():
            part.training = mode
    return lines


def print_summary(model: nn.Module, x: Tensor) -> None:
    """Print the lines of `summarize`, narrow enough for a phone.

    The total counts every parameter of the model once, called or not; a line
    says how many of them no part accounts for, if any.

    >>> print_summary(nn.Sequential(nn.Linear(1, 2), nn.Tanh()), torch.ones(3, 1))
    part         kind       output        params
    0            Linear     (3, 2)             4
    1            Tanh       (3, 2)             0
    4 parameters, 4 of them trainable
    """
    print(f"{'part':<12} {'kind':<10} {'output':<13}{'params':>7}")
    lines = summarize(model, x)
    for line in lines:
        start = f"{line.name:<12} {line.kind:<10} {line.output:<13}"
        print(f"{start}{line.params:>7,}")
    params = list(model.parameters())
    total = sum(p.numel() for p in params)
    trained = sum(p.numel() for p in params if p.requires_grad)
    missing = total - sum(line.params for line in lines)
    if missing:
        print(f"{missing:,} parameters in no line above")
    print(f"{total:,} parameters, {trained:,} of them trainable")
