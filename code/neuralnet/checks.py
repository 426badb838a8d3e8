"""What every function of the book asks of its input, in one place.

Each check returns nothing when the input is good, and otherwise raises an error
that says what was given and what is wanted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

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


def require_same_length(**tuples: tuple[int, ...]) -> None:
    """Raise unless all the tuples have one length.

    Errors: `ValueError` that names every tuple.

    >>> require_same_length(index=(1, 2), stride=(3, 1))
    >>> require_same_length(index=(1, 2), stride=(3,))
    Traceback (most recent call last):
        ...
    ValueError: lengths must be equal, got index (1, 2), stride (3,)
    """
    if len({len(each) for each in tuples.values()}) > 1:
        given = ", ".join(f"{n} {tuple(t)}" for n, t in tuples.items())
        raise ValueError(f"lengths must be equal, got {given}")


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


def require_alike(*, weight: Tensor | None = None, **tensors: Tensor) -> None:
    """Raise unless all the tensors are floating point, of one shape and one dtype.

    A `weight` of `None` was left out and is passed over.

    Errors: `TypeError` for what is no tensor or not floating point, or has another
    dtype than the first, `ValueError` for shapes that differ.

    >>> import torch
    >>> a = torch.zeros(2)
    >>> require_alike(input=a, target=a, weight=None)
    >>> require_alike(input=a, target=None)
    Traceback (most recent call last):
        ...
    TypeError: target must be a floating-point tensor, got NoneType
    >>> require_alike(input=a, target=a.double())
    Traceback (most recent call last):
        ...
    TypeError: dtypes must be equal, got input torch.float32, target torch.float64
    """
    present = tensors if weight is None else {**tensors, "weight": weight}
    for name, tensor in present.items():
        require_floating(name, tensor)
    require_same_shape(**present)
    if len({tensor.dtype for tensor in present.values()}) > 1:
        given = ", ".join(f"{name} {t.dtype}" for name, t in present.items())
        raise TypeError(f"dtypes must be equal, got {given}")


def require_expandable(name: str, value: Tensor, like: Tensor) -> None:
    """Raise unless `value` broadcasts to the shape of `like` and has its dtype.

    Errors: `ValueError` for the shape, `TypeError` for the dtype.

    >>> import torch
    >>> require_expandable("weight", torch.ones(3), torch.zeros(4, 3))
    >>> require_expandable("weight", torch.ones(4), torch.zeros(4, 3))
    Traceback (most recent call last):
        ...
    ValueError: weight must broadcast to (4, 3), got shape (4,)
    """
    require_floating(name, value)
    wanted, given = tuple(like.shape), tuple(value.shape)
    sizes = zip(reversed(given), reversed(wanted), strict=False)
    if len(given) > len(wanted) or any(g not in (1, w) for g, w in sizes):
        raise ValueError(f"{name} must broadcast to {wanted}, got shape {given}")
    if value.dtype != like.dtype:
        raise TypeError(f"{name} must be {like.dtype}, got {value.dtype}")


def require_between(name: str, value: Tensor | float, low: float, high: float) -> None:
    """Raise unless every number lies from low to high (nan does not).

    Errors: `ValueError` that names the first number that does not, `TypeError`
    for what is no number.

    >>> import torch
    >>> require_between("target", torch.tensor([0.0, 1.0]), 0, 1)
    >>> require_between("target", torch.tensor([0.5, 2.0]), 0, 1)
    Traceback (most recent call last):
        ...
    ValueError: target must lie from 0 to 1, got 2.0
    >>> require_between("label_smoothing", 1.5, 0, 1)
    Traceback (most recent call last):
        ...
    ValueError: label_smoothing must lie from 0 to 1, got 1.5
    """
    given = value.detach().flatten().tolist() if isinstance(value, Tensor) else [value]
    for number in given:
        require_number(name, number)
        if not low <= number <= high:
            raise ValueError(f"{name} must lie from {low} to {high}, got {number}")


def require_classes(input: Tensor, target: Tensor, ignore_index: int) -> None:
    """Raise unless `target` names one class of `input` per example.

    Shapes: input (C,) with target (), or input (N, C, d1, ...) with target
    (N, d1, ...). Every target is from 0 to C - 1, or `ignore_index`.

    Errors: `TypeError` unless target is a tensor of int64 or uint8, `ValueError`
    for a shape or a class that does not fit.

    >>> import torch
    >>> scores = torch.zeros(2, 3)
    >>> require_classes(scores, torch.tensor([0, 2]), -100)
    >>> require_classes(scores, torch.tensor([0, 3]), -100)
    Traceback (most recent call last):
        ...
    ValueError: target must lie from 0 to 2 or be -100, got 3
    >>> require_classes(scores, torch.tensor([0.0, 2.0]), -100)
    Traceback (most recent call last):
        ...
    TypeError: class indices must be int64 or uint8, got torch.float32
    >>> require_classes(scores, torch.tensor([[0], [2]]), -100)
    Traceback (most recent call last):
        ...
    ValueError: for input (2, 3) target must be (2,), got (2, 1)
    """
    require_tensor("target", target)
    shape, given = tuple(input.shape), tuple(target.shape)
    if len(shape) == 0:
        raise ValueError("input must have a dimension of classes, got shape ()")
    wanted = () if len(shape) == 1 else (shape[0], *shape[2:])
    if given != wanted:
        raise ValueError(f"for input {shape} target must be {wanted}, got {given}")
    if str(target.dtype) not in ("torch.int64", "torch.uint8"):
        raise TypeError(f"class indices must be int64 or uint8, got {target.dtype}")
    last = shape[0 if len(shape) == 1 else 1] - 1
    for index in target.detach().flatten().tolist():
        if index != ignore_index and not 0 <= index <= last:
            allowed = f"from 0 to {last} or be {ignore_index}"
            raise ValueError(f"target must lie {allowed}, got {index}")


def require_at_least(name: str, value: float, least: float) -> None:
    """Raise unless the number is at least `least` (nan is not).

    Errors: `ValueError`.

    >>> require_at_least("eps", 0.0, 0)
    >>> require_at_least("eps", -1e-8, 0)
    Traceback (most recent call last):
        ...
    ValueError: eps must be at least 0, got -1e-08
    """
    if not value >= least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


def require_whole(name: str, value: int, least: int) -> None:
    """Raise unless the value is an integer, and at least `least`.

    Errors: `TypeError` for what is no integer (a truth value is none),
    `ValueError` for one that is too small.

    >>> require_whole("batch_size", 4, 1)
    >>> require_whole("batch_size", 2.5, 1)
    Traceback (most recent call last):
        ...
    TypeError: batch_size must be an integer, got 2.5
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    require_at_least(name, value, least)


def require_fraction(name: str, value: float) -> None:
    """Raise unless the number is at least 0 and less than 1 (nan is not).

    Errors: `ValueError`.

    >>> require_fraction("alpha", 0.99)
    >>> require_fraction("alpha", 1.0)
    Traceback (most recent call last):
        ...
    ValueError: alpha must be at least 0 and less than 1, got 1.0
    """
    if not 0 <= value < 1:
        wanted = f"{name} must be at least 0 and less than 1"
        raise ValueError(f"{wanted}, got {value}")


def require_parameters(params: Iterable[Tensor]) -> list[Tensor]:
    """Return the tensors as a list, or raise if they cannot be optimized.

    Errors: `TypeError` unless params is an iterable of floating-point tensors
    (one tensor alone is not); `ValueError` if there is none, one comes twice, or
    one was computed from others, so that it never gets a gradient of its own.

    >>> import torch
    >>> w = torch.zeros(2, requires_grad=True)
    >>> len(require_parameters([w]))
    1
    >>> require_parameters(w)
    Traceback (most recent call last):
        ...
    TypeError: params must be an iterable of tensors, got one Tensor
    >>> require_parameters([2 * w])
    Traceback (most recent call last):
        ...
    ValueError: params must be leaves, got one computed from others
    """
    if isinstance(params, Tensor) or not isinstance(params, Iterable):
        given = type(params).__name__
        raise TypeError(f"params must be an iterable of tensors, got one {given}")
    found = list(params)
    for param in found:
        require_floating("each of params", param)
    if not found:
        raise ValueError("params must hold at least one tensor, got none")
    if len({id(param) for param in found}) < len(found):
        raise ValueError("params must hold each tensor once, got one twice")
    if not all(param.is_leaf for param in found):
        raise ValueError("params must be leaves, got one computed from others")
    return found


def require_examples(name: str, count: int) -> None:
    """Raise unless there was at least one example.

    Errors: `ValueError`.

    >>> require_examples("loader", 9)
    >>> require_examples("loader", 0)
    Traceback (most recent call last):
        ...
    ValueError: loader must yield at least one example, got none
    """
    if count < 1:
        raise ValueError(f"{name} must yield at least one example, got none")


def require_finite(name: str, value: float) -> None:
    """Raise unless the number is finite: neither infinite nor nan.

    Errors: `ValueError`.

    >>> require_finite("loss", 0.5)
    >>> require_finite("loss", float("inf"))
    Traceback (most recent call last):
        ...
    ValueError: loss must be finite, got inf
    """
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}")


def require_rows(name: str, value: Tensor, least: int) -> None:
    """Raise unless `value` is a tensor of at least `least` rows, with columns.

    Errors: `TypeError` if it is no tensor, `ValueError` for fewer than 2 dimensions
    or too few rows.

    >>> import torch
    >>> require_rows("inputs", torch.zeros(4, 64), 2)
    >>> require_rows("inputs", torch.zeros(1, 64), 2)
    Traceback (most recent call last):
        ...
    ValueError: inputs must have at least 2 rows, got shape (1, 64)
    >>> require_rows("inputs", torch.zeros(64), 0)
    Traceback (most recent call last):
        ...
    ValueError: inputs must have rows and columns, got shape (64,)
    """
    require_tensor(name, value)
    given = f"got shape {tuple(value.shape)}"
    if value.dim() < 2:
        raise ValueError(f"{name} must have rows and columns, {given}")
    if len(value) < least:
        raise ValueError(f"{name} must have at least {least} rows, {given}")


def require_same_rows(**tensors: Tensor) -> None:
    """Raise unless the tensors agree in their first dimension.

    Errors: `TypeError` for what is no tensor, `ValueError` that names every tensor
    with its shape.

    >>> import torch
    >>> require_same_rows(inputs=torch.zeros(4, 64), target=torch.zeros(4))
    >>> require_same_rows(inputs=torch.zeros(4, 64), target=torch.zeros(3))
    Traceback (most recent call last):
        ...
    ValueError: numbers of rows must be equal, got inputs (4, 64), target (3,)
    """
    for name, tensor in tensors.items():
        require_tensor(name, tensor)
    if len({tuple(tensor.shape[:1]) for tensor in tensors.values()}) > 1:
        given = ", ".join(f"{n} {tuple(t.shape)}" for n, t in tensors.items())
        raise ValueError(f"numbers of rows must be equal, got {given}")


def require_table(name: str, value: Tensor, columns: int | None = None) -> None:
    """Raise unless `value` is a floating-point table with at least one row.

    With `columns`, it must have so many.

    Errors: `TypeError` for the dtype, `ValueError` for the shape.

    >>> import torch
    >>> require_table("x", torch.zeros(3, 64), 64)
    >>> require_table("x", torch.zeros(64))
    Traceback (most recent call last):
        ...
    ValueError: x must have 2 dimensions, got shape (64,)
    >>> require_table("x", torch.zeros(3, 8), 64)
    Traceback (most recent call last):
        ...
    ValueError: x must have 64 columns, got shape (3, 8)
    >>> require_table("x", torch.zeros(0, 64))
    Traceback (most recent call last):
        ...
    ValueError: x must have at least one row, got shape (0, 64)
    """
    require_floating(name, value)
    require_dimensions(name, value, 2)
    given = f"got shape {tuple(value.shape)}"
    if len(value) == 0:
        raise ValueError(f"{name} must have at least one row, {given}")
    if columns is not None and value.shape[1] != columns:
        raise ValueError(f"{name} must have {columns} columns, {given}")
