"""How large the tensors are that an answer makes, and how many it makes."""

from __future__ import annotations

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class Largest(TorchDispatchMode):
    """Counts the numbers of the largest tensor that is made meanwhile, and the steps.

    A step is one operation on tensors: a loop over their elements takes many.
    """

    numel = 0
    steps = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self.steps += 1
        if isinstance(out, torch.Tensor):
            self.numel = max(self.numel, out.numel())
        return out
