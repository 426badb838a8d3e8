"""What every function of the book asks of its input, in one place.

Each check returns nothing when the input is good, and otherwise raises an error
that says what was given and what is wanted.
"""

from __future__ import annotations

from torch import Tensor


def require_floating(name: str, value: Tensor) -> None:
    """Raise unless `value` is a tensor of a floating-point dtype.

    Errors: `TypeError` if `value` is no tensor or not floating point.

    >>> import torch
    >>> require_floating("input", torch.tensor([1.0]))
    >>> require_floating("input", torch.tensor([1, 2]))
    Traceback (most recent call last):
        ...
    TypeError: input must be a floating-point tensor, got dtype torch.int64
    >>> require_floating("input", 3.0)
    Traceback (most recent call last):
        ...
    TypeError: input must be a floating-point tensor, got float
    """
    if not isinstance(value, Tensor):
        given = type(value).__name__
        raise TypeError(f"{name} must be a floating-point tensor, got {given}")
    if not value.is_floating_point():
        given = f"dtype {value.dtype}"
        raise TypeError(f"{name} must be a floating-point tensor, got {given}")


def require_same_shape(**tensors: Tensor) -> None:
    """Raise unless all the tensors have one shape.

    Errors: `ValueError` that names every tensor with its shape.

    >>> import torch
    >>> a, b = torch.zeros(11), torch.zeros(11, 1)
    >>> require_same_shape(input=a, target=a)
    >>> require_same_shape(input=a, target=b)
    Traceback (most recent call last):
        ...
    ValueError: shapes must be equal, got input (11,), target (11, 1)
    """
    if len({tuple(tensor.shape) for tensor in tensors.values()}) > 1:
        given = ", ".join(f"{n} {tuple(t.shape)}" for n, t in tensors.items())
        raise ValueError(f"shapes must be equal, got {given}")


def require_positive(name: str, value: float) -> None:
    """Raise unless the number is greater than zero (nan is not).

    Errors: `ValueError`.

    >>> require_positive("lr", 0.01)
    >>> require_positive("lr", 0.0)
    Traceback (most recent call last):
        ...
    ValueError: lr must be greater than 0, got 0.0
    """
    if not value > 0:
        raise ValueError(f"{name} must be greater than 0, got {value}")


def require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise unless the value is one of the choices.

    Errors: `ValueError`.

    >>> require_choice("approximate", "tanh", ("none", "tanh"))
    >>> require_choice("approximate", "erf", ("none", "tanh"))
    Traceback (most recent call last):
        ...
    ValueError: approximate must be one of 'none', 'tanh', got 'erf'
    """
    if value not in choices:
        wanted = ", ".join(map(repr, choices))
        raise ValueError(f"{name} must be one of {wanted}, got {value!r}")
