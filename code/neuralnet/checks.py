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


def require_same_dtype(**tensors: Tensor) -> None:
    """Raise unless all the tensors have one dtype.

    Errors: `TypeError` that names every tensor with its dtype.

    >>> import torch
    >>> single, double = torch.zeros(2), torch.zeros(2, dtype=torch.float64)
    >>> require_same_dtype(input=single, weight=single)
    >>> require_same_dtype(input=single, weight=double)
    Traceback (most recent call last):
        ...
    TypeError: dtypes must be equal, got input torch.float32, weight torch.float64
    """
    if len({tensor.dtype for tensor in tensors.values()}) > 1:
        given = ", ".join(f"{n} {t.dtype}" for n, t in tensors.items())
        raise TypeError(f"dtypes must be equal, got {given}")


def require_tensor(name: str, value: Tensor) -> None:
    """Raise unless `value` is a tensor.

    Errors: `TypeError`.

    >>> import torch
    >>> require_tensor("input", torch.tensor(1))
    >>> require_tensor("input", [1, 2])
    Traceback (most recent call last):
        ...
    TypeError: input must be a tensor, got list
    """
    if not isinstance(value, Tensor):
        given = type(value).__name__
        raise TypeError(f"{name} must be a tensor, got {given}")


def require_dimensions(name: str, value: Tensor, dims: int) -> None:
    """Raise unless `value` is a tensor with so many dimensions.

    Errors: `TypeError` if it is no tensor, `ValueError` if it has more or
    fewer dimensions.

    >>> import torch
    >>> require_dimensions("input", torch.zeros(11), 1)
    >>> require_dimensions("input", torch.zeros(11, 1), 1)
    Traceback (most recent call last):
        ...
    ValueError: input must have 1 dimension, got shape (11, 1)
    """
    require_tensor(name, value)
    if value.dim() != dims:
        wanted = "1 dimension" if dims == 1 else f"{dims} dimensions"
        given = f"shape {tuple(value.shape)}"
        raise ValueError(f"{name} must have {wanted}, got {given}")


def require_sizes(name: str, sizes: tuple[int, ...]) -> None:
    """Raise unless every size of a shape is a whole number from 0 on.

    Errors: `TypeError` if the sizes are no tuple or list of integers,
    `ValueError` if one is negative.

    >>> require_sizes("shape", (2, 0))
    >>> require_sizes("shape", (2, -1))
    Traceback (most recent call last):
        ...
    ValueError: shape must hold no negative size, got (2, -1)
    >>> require_sizes("shape", (2.0, 3))
    Traceback (most recent call last):
        ...
    TypeError: shape must be a tuple of integers, got (2.0, 3)
    """
    whole = isinstance(sizes, tuple | list) and all(
        isinstance(size, int) and not isinstance(size, bool) for size in sizes
    )
    if not whole:
        raise TypeError(f"{name} must be a tuple of integers, got {sizes}")
    if any(size < 0 for size in sizes):
        given = f"got {tuple(sizes)}"
        raise ValueError(f"{name} must hold no negative size, {given}")


def require_number(name: str, value: float) -> None:
    """Raise unless the value is a real number of Python's.

    Errors: `TypeError`; a tensor, a string and a truth value are no numbers.

    >>> require_number("data", 2)
    >>> require_number("data", "2")
    Traceback (most recent call last):
        ...
    TypeError: data must be a number, got str
    >>> require_number("data", True)
    Traceback (most recent call last):
        ...
    TypeError: data must be a number, got bool
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        given = type(value).__name__
        raise TypeError(f"{name} must be a number, got {given}")
