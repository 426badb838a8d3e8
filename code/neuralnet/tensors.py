"""A tensor is a row of numbers in memory and a rule for walking through it.

Notation: a shape is a tuple of sizes, one per dimension; a stride is a tuple of
steps, one per dimension, counted in elements; the element with index
(i_1, ..., i_d) lies at place storage_offset + i_1 s_1 + ... + i_d s_d of the
storage, s being the stride. Shapes are written as PyTorch prints them: (11, 1).
"""

from __future__ import annotations

import math
import textwrap

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from neuralnet.checks import (
    require_dimensions,
    require_floating,
    require_same_dtype,
    require_same_length,
    require_same_shape,
    require_sizes,
    require_tensor,
)


def narrow(text: object, width: int = 44) -> str:
    """Break a long message into lines that fit a phone.

    Errors: `ValueError` if `width` is not at least 1.

    >>> print(narrow(RuntimeError("one two three"), width=8))
    one two
    three
    >>> narrow("")
    ''
    """
    return textwrap.fill(str(text), width)


def contiguous_stride(shape: tuple[int, ...]) -> tuple[int, ...]:
    r"""Stride of a tensor whose elements lie in reading order, without gaps.

    s_k = n_{k+1} n_{k+2} ... n_d for the sizes n; a size 0 counts as 1.

    Errors: `TypeError` for a size that is no integer, `ValueError` for a
    negative one.

    >>> contiguous_stride((2, 3, 4))
    (12, 4, 1)
    >>> contiguous_stride(())
    ()

    PyTorch: `torch.zeros(shape).stride()`.
    """
    require_sizes("shape", shape)
    steps = [max(size, 1) for size in shape]
    dims = range(len(steps))
    return tuple(math.prod(steps[k + 1 :]) for k in dims)


def is_contiguous(
    shape: tuple[int, ...],
    stride: tuple[int, ...],
) -> bool:
    """Whether walking with this stride reads the storage in order.

    The steps of dimensions of size 1 are never taken and do not count; a
    tensor without elements is contiguous.

    Errors: those of `contiguous_stride`; `ValueError` if the lengths differ.

    >>> is_contiguous((2, 3), (3, 1)), is_contiguous((3, 2), (1, 3))
    (True, False)
    >>> is_contiguous((3, 1), (1, 100)), is_contiguous((0, 2), (7, 7))
    (True, True)

    PyTorch: `torch.Tensor.is_contiguous`.
    """
    wanted = contiguous_stride(shape)
    require_same_length(shape=shape, stride=stride)
    same = [
        size == 1 or step == right
        for size, step, right in zip(shape, stride, wanted, strict=True)
    ]
    return 0 in shape or all(same)


def offset(
    index: tuple[int, ...],
    stride: tuple[int, ...],
    storage_offset: int = 0,
) -> int:
    r"""Place of one element in the storage.

    storage_offset + \sum_k index_k stride_k. Indices count from 0 and are not
    checked against a shape; a negative one does not count from the end.

    Errors: `ValueError` if index and stride have different lengths.

    >>> offset((1, 2), (3, 1))
    5
    >>> offset((), (), storage_offset=4)
    4
    """
    require_same_length(index=index, stride=stride)
    pairs = zip(index, stride, strict=True)
    return storage_offset + sum(i * step for i, step in pairs)


def places(
    shape: tuple[int, ...],
    stride: tuple[int, ...],
    storage_offset: int = 0,
) -> Tensor:
    """The place of every element in the storage, in the shape of the tensor.

    Shapes: the result has the shape `shape` and dtype int64.

    Errors: those of `contiguous_stride`; `ValueError` if the lengths differ.

    >>> places((3, 2), (1, 3))
    tensor([[0, 3],
            [1, 4],
            [2, 5]])
    >>> places((2, 3), (0, 1), storage_offset=6)
    tensor([[6, 7, 8],
            [6, 7, 8]])
    """
    require_sizes("shape", shape)
    require_sizes("stride", stride)
    require_same_length(shape=shape, stride=stride)
    total = torch.tensor(storage_offset)
    for size, step in zip(shape, stride, strict=True):
        total = total.unsqueeze(-1) + step * torch.arange(size)
    return total


def padded(shape: tuple[int, ...], dims: int) -> tuple[int, ...]:
    """Fill a shape with ones on the left until it has `dims` dimensions.

    Errors: those of `contiguous_stride`; `ValueError` if the shape is longer
    than `dims`.

    >>> padded((11,), 3)
    (1, 1, 11)
    >>> padded((), 0)
    ()
    """
    require_sizes("shape", shape)
    if len(shape) > dims:
        wanted = f"at most {dims} dimension" + "s" * (dims != 1)
        raise ValueError(f"shape must have {wanted}, got {shape}")
    return (1,) * (dims - len(shape)) + tuple(shape)


def broadcast_shapes(
    *shapes: tuple[int, ...] | int,
) -> torch.Size:
    """The shape that results when tensors of these shapes are combined.

    Align on the right, fill with 1, and let each 1 become the other size. A
    whole number stands for a shape of one dimension.

    Errors: `TypeError` for a size that is no integer; `ValueError` for a
    negative size, or where two sizes differ and neither is 1.

    >>> broadcast_shapes((11,), (11, 1))
    torch.Size([11, 11])
    >>> broadcast_shapes((2, 3), (4,))
    Traceback (most recent call last):
        ...
    ValueError: sizes [3, 4] at dimension -1 of (2, 3), (4,) do not fit
    >>> broadcast_shapes((1,), (0,)), broadcast_shapes()
    (torch.Size([0]), torch.Size([]))

    PyTorch: `torch.broadcast_shapes`.
    """
    given = [
        (shape,) if isinstance(shape, int) else tuple(shape)
        for shape in shapes
    ]  # fmt: skip
    dims = max(map(len, given), default=0)
    result = []
    rows = [padded(shape, dims) for shape in given]
    for k, column in enumerate(zip(*rows, strict=True)):
        sizes = sorted(set(column) - {1})
        if len(sizes) > 1:
            where = ", ".join(map(str, given))
            where = f"at dimension {k - dims} of {where}"
            raise ValueError(f"sizes {sizes} {where} do not fit")
        result.append(sizes[0] if sizes else 1)
    return torch.Size(result)


def stretches(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    """Whether a shape becomes another by filling with 1 and stretching.

    >>> stretches((11,), (11, 11)), stretches((11, 1), (11, 11))
    (True, True)
    >>> stretches((11, 11), (11,)), stretches((2,), (2, 3))
    (False, False)
    """
    if len(old) > len(new):
        return False
    pairs = zip(padded(old, len(new)), new, strict=True)
    return all(n in (1, m) for n, m in pairs)


def broadcast_to(input: Tensor, size: tuple[int, ...]) -> Tensor:
    """Stretch a tensor to a larger shape without copying a number.

    A stretched dimension gets the stride 0: each step along it stays where
    it is. The result is a view.

    Shapes: `size` is the result's; each size of `input`, aligned on the right,
    is the same there or is 1.

    Errors: `TypeError` if `input` is no tensor or a size no integer;
    `ValueError` if the shape cannot be stretched to `size`, or for a negative
    size (PyTorch takes -1 for "as it is").

    >>> row = torch.tensor([1.0, 2.0])
    >>> broadcast_to(row, (3, 2)).stride()
    (0, 1)
    >>> broadcast_to(row, (2, 3))
    Traceback (most recent call last):
        ...
    ValueError: shape (2,) does not stretch to (2, 3)

    PyTorch: `torch.broadcast_to`.
    """
    require_tensor("input", input)
    require_sizes("size", size)
    old, new = tuple(input.shape), tuple(size)
    if not stretches(old, new):
        raise ValueError(f"shape {old} does not stretch to {new}")
    added = len(new) - len(old)
    stride = [0] * added + list(input.stride())
    for k, before in enumerate(padded(old, len(new))):
        if before != new[k]:
            stride[k] = 0
    return input.as_strided(new, stride, input.storage_offset())


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    r"""Multiply two vectors element by element and add up.

    \sum_k input_k tensor_k.

    Shapes: both (n,); the result is 0-dimensional, 0 for n = 0.

    Errors: `TypeError` if one is no tensor or the dtypes differ; `ValueError`
    unless both are vectors of one length.

    >>> dot(torch.tensor([1.0, 2.0]), torch.tensor([10.0, 100.0]))
    tensor(210.)

    PyTorch: `torch.dot`.
    """
    require_dimensions("input", input, 1)
    require_dimensions("tensor", tensor, 1)
    require_same_dtype(input=input, tensor=tensor)
    require_same_shape(input=input, tensor=tensor)
    return (input * tensor).sum(dtype=input.dtype)


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    r"""Product of two matrices: every row with every column.

    out_{ij} = \sum_k input_{ik} mat2_{kj}: the products of all k at once, in a
    tensor of shape (n, m, p), added up along its middle dimension.

    Shapes: input (n, m), mat2 (m, p); the result is (n, p).

    Errors: `TypeError` if one is no tensor or the dtypes differ; `ValueError`
    unless both are matrices and the inner sizes agree.

    >>> turn = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    >>> mm(torch.tensor([[1.0, 2.0]]), turn)
    tensor([[2., 1.]])
    >>> mm(torch.zeros(2, 0), torch.zeros(0, 1))
    tensor([[0.],
            [0.]])

    PyTorch: `torch.mm`, and `@` between two matrices.
    """
    require_dimensions("input", input, 2)
    require_dimensions("mat2", mat2, 2)
    require_same_dtype(input=input, mat2=mat2)
    (n, m), (inner, p) = input.shape, mat2.shape
    if m != inner:
        given = f"got {(n, m)} and {(inner, p)}"
        raise ValueError(f"inner sizes must be equal, {given}")
    products = input.unsqueeze(2) * mat2
    return products.sum(1, dtype=input.dtype)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    r"""Every element of one vector times every element of another.

    out_{ij} = input_i vec2_j, a column stretched against a row.

    Shapes: input (n,), vec2 (m,); the result is (n, m).

    Errors: `TypeError` if one is no tensor, `ValueError` unless both are
    vectors.

    >>> outer(torch.tensor([1, 2]), torch.tensor([1, 10, 100]))
    tensor([[  1,  10, 100],
            [  2,  20, 200]])

    PyTorch: `torch.outer`.
    """
    require_dimensions("input", input, 1)
    require_dimensions("vec2", vec2, 1)
    return input.unsqueeze(1) * vec2


def mean(
    input: Tensor,
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
) -> Tensor:
    r"""Sum along a dimension, divided by how many were added.

    1/n \sum_i input_i; without `dim`, over all elements. A sum or a count
    beyond the largest number of the dtype (65,504 in float16) overflows here;
    PyTorch adds such small kinds in float32.

    Shapes: the result lacks `dim`, or has size 1 there with `keepdim`.

    Errors: `TypeError` unless `input` is a floating-point tensor,
    `IndexError` if there is no such `dim`.

    >>> x = torch.tensor([[1.0, 3.0], [5.0, 7.0]])
    >>> mean(x), mean(x, 0), mean(x, 1, keepdim=True).shape
    (tensor(4.), tensor([3., 5.]), torch.Size([2, 1]))
    >>> mean(torch.zeros(0))
    tensor(nan)

    PyTorch: `torch.mean`.
    """
    require_floating("input", input)
    count = torch.ones_like(input).sum(dim, keepdim=keepdim)
    return input.sum(dim, keepdim=keepdim) / count


def var(
    input: Tensor,
    dim: int | tuple[int, ...] | None = None,
    *,
    correction: int = 1,
    keepdim: bool = False,
) -> Tensor:
    r"""Sum of squared distances from the mean, divided by n - correction.

    1/(n - correction) \sum_i (input_i - mean)^2.

    Shapes and errors: as for `mean`.

    >>> x = torch.tensor([1.0, 3.0])
    >>> var(x), var(x, correction=0)
    (tensor(2.), tensor(1.))

    One number has no spread to divide by n - 1 = 0:

    >>> var(torch.tensor([5.0]))
    tensor(nan)

    PyTorch: `torch.var`. `numpy.var` divides by n.
    """
    squares = (input - mean(input, dim, keepdim=True)) ** 2
    count = torch.ones_like(input).sum(dim, keepdim=keepdim)
    total = squares.sum(dim, keepdim=keepdim)
    return total / (count - correction).clamp(min=0)


def draw_box(
    axes: Axes,
    at: tuple[float, float],
    text: str,
    color: str = "gray",
    line: str = "-",
) -> None:
    """Draw a word in a box of width 0.92 and height 0.8 around `at`.

    >>> import matplotlib.pyplot as plt
    >>> figure, axes = plt.subplots()
    >>> draw_box(axes, (0.0, 0.0), "11", "C1", "--")
    >>> axes.texts[0].get_text(), len(axes.patches)
    ('11', 1)
    >>> plt.close(figure)
    """
    corner = at[0] - 0.46, at[1] - 0.4
    box = Rectangle(corner, 0.92, 0.8, fill=False)
    box.set(edgecolor=color, linestyle=line)
    axes.add_patch(box)
    axes.text(*at, text, ha="center", va="center")


def draw_broadcast(axes: Axes, *shapes: tuple[int, ...]) -> None:
    """Draw shapes aligned on the right, filled with 1, stretched, combined.

    Sizes filled in are dashed, stretched ones dash-dotted. Where two sizes do
    not fit, nothing is stretched and the last row says so in a dotted box.

    Errors: those of `padded`.

    >>> import matplotlib.pyplot as plt
    >>> figure, axes = plt.subplots()
    >>> draw_broadcast(axes, (2, 1), (3,))
    >>> [t.get_text() for t in axes.texts if t.get_text()[0].isdigit()]
    ['2', '1', '3', '2', '1', '1', '3', '2', '3', '2', '3', '2', '3']
    >>> plt.close(figure)
    """
    dims = max(map(len, shapes), default=0)
    rows = [padded(shape, dims) for shape in shapes]
    columns = zip(*rows, strict=True)
    large = [sorted(set(column) - {1}) for column in columns]
    final = ["≠".join(map(str, sizes)) or "1" for sizes in large]
    y = 0.0
    for step in ("align", "fill with 1", "stretch 1", "result"):
        axes.text(-1.0, y, step, ha="right", va="center")
        for shape, row in zip(shapes, rows, strict=True):
            new = dims - len(shape)
            for k, size in enumerate(row):
                grows = size == 1 and len(large[k]) == 1
                text, color, line = str(size), "gray", "-"
                if step == "align" and k < new:
                    continue
                if step == "fill with 1" and k < new:
                    color, line = "C0", "--"
                if step == "stretch 1" and grows:
                    text, color, line = final[k], "C1", "-."
                if step == "result":
                    text = final[k]
                    fits = len(large[k]) < 2
                    color, line = ("C2", "-") if fits else ("C3", ":")
                draw_box(axes, (k, y), text, color, line)
            y -= 0.9
            if step == "result":
                break
        y -= 0.5
    axes.set(xlim=(-3.6, dims - 0.4), ylim=(y + 0.8, 0.6))
    axes.set_axis_off()


def draw_grid(
    axes: Axes,
    values: Tensor,
    title: str = "",
    faint: Tensor | None = None,
) -> None:
    """Draw the numbers of a vector or matrix in boxes.

    `faint`, of the shape of `values`, is True where a box is to be dotted:
    for numbers that are repeated, or that do not count.

    Shapes: values (m,), drawn as one row, or (n, m).

    Errors: `TypeError` if `values` is no tensor, `ValueError` for any other
    number of dimensions, or if `faint` has another shape.

    >>> import matplotlib.pyplot as plt
    >>> figure, axes = plt.subplots()
    >>> draw_grid(axes, torch.tensor([[1, 2], [3, 4]]), "four")
    >>> [text.get_text() for text in axes.texts]
    ['1', '2', '3', '4']
    >>> plt.close(figure)
    """
    faint = torch.zeros_like(values) if faint is None else faint
    require_same_shape(values=values, faint=faint)
    if values.dim() == 1:
        values, faint = values.unsqueeze(0), faint.unsqueeze(0)
    require_dimensions("values", values, 2)
    for i, row in enumerate(values.tolist()):
        for j, value in enumerate(row):
            style = ("C1", ":") if faint[i, j] else ("gray", "-")
            draw_box(axes, (j, -0.9 * i), f"{value:g}", *style)
    n, m = values.shape
    axes.set(xlim=(-0.6, m - 0.4), ylim=(0.5 - 0.9 * n, 0.6))
    axes.set_title(title)
    axes.set_aspect("equal")
    axes.set_axis_off()
