"""Eleven readings of an unlabeled thermometer beside a Celsius one.

`T_U` holds what the unlabeled thermometer showed (unit unknown), `T_C` the
temperature in degrees Celsius at the same moment; pair i is `T_U[i]`, `T_C[i]`.
Both are float64 tensors of shape (11,). The unit is Fahrenheit read through
noise, so that the line behind the data is `t_c = 5/9 (t_u - 32)`.

Source: made up, by their own account, for the running example of Stevens,
Antiga and Viehmann, "Deep Learning with PyTorch" (Manning, 2020), chapter 5.
"""

from __future__ import annotations

import torch

#: Temperatures in degrees Celsius, shape (11,).
T_C = torch.tensor(
    [0.5, 14.0, 15.0, 28.0, 11.0, 8.0, 3.0, -4.0, 6.0, 13.0, 21.0],
    dtype=torch.float64,
)

#: Readings of the unlabeled thermometer, unit unknown, shape (11,).
T_U = torch.tensor(
    [35.7, 55.9, 58.2, 81.9, 56.3, 48.9, 33.9, 21.8, 48.4, 60.4, 68.4],
    dtype=torch.float64,
)
