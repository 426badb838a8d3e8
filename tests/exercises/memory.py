"""What an answer makes: how large its tensors are, and in how many steps."""

from __future__ import annotations

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class Made(TorchDispatchMode):
    """Counts the numbers of the largest tensor that is made inside, and the steps.

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
