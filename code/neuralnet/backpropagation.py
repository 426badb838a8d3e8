r"""Get every slope of one number by walking its computation backwards.

Notation: a computation is a graph whose nodes are numbers; a node v computed
from inputs u has a local slope dv/du on each edge. For the number E at the
end, the slope dE/dv is written `grad` in code. In the matrix form: input X
(n, in), weight W (out, in), bias b (out,), pre-activations Z = X W^T + b of
shape (n, out); the gradient of E by a tensor has the shape of that tensor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from neuralnet.checks import (
    require_floating,
    require_number,
    require_same_dtype,
    require_same_shape,
)


class Value:
    """A number that remembers what it was computed from.

    `data` is the number; `edges` holds a pair (node, slope) for each node it
    was computed from, with the local slope; `op` says how. `backward()` adds
    the slope of this number by every node below it to that node's `grad`, as
    `torch.Tensor.backward` does for leaves.

    Where PyTorch would answer inf or nan (log of 0, division by 0), the engine
    raises.

    Errors: `TypeError` for anything that is no real number; `ValueError` for
    an argument outside an operation's domain; `OverflowError` for a result
    that no float holds.

    >>> w, x = Value(2.0, name="w"), Value(3.0, name="x")
    >>> y = w * x + w
    >>> y.backward()
    >>> y.data, w.grad, x.grad
    (8.0, 4.0, 2.0)

    A second pass adds to what is there:

    >>> y.backward()
    >>> w.grad
    8.0
    >>> Value("2")
    Traceback (most recent call last):
        ...
    TypeError: data must be a number, got str

    Source: Linnainmaa, "Taylor expansion of the accumulated rounding error",
    BIT 16 (1976), 146-160.
    """

    def __init__(
        self,
        data: float,
        edges: Sequence[tuple[Value, float]] = (),
        op: str = "",
        name: str = "",
    ) -> None:
        require_number("data", data)
        self.data, self.grad = float(data), 0.0
        self.edges, self.op, self.name = tuple(edges), op, name

    def __repr__(self) -> str:
        return f"Value({self.data:.6g}, grad={self.grad:.6g})"

    def __add__(self, other: Value | float) -> Value:
        u, v = self, as_value(other)
        return Value(u.data + v.data, [(u, 1.0), (v, 1.0)], "+")

    def __sub__(self, other: Value | float) -> Value:
        u, v = self, as_value(other)
        return Value(u.data - v.data, [(u, 1.0), (v, -1.0)], "−")

    def __mul__(self, other: Value | float) -> Value:
        u, v = self, as_value(other)
        return Value(u.data * v.data, [(u, v.data), (v, u.data)], "×")

    def __truediv__(self, other: Value | float) -> Value:
        u, v = self, as_value(other)
        if v.data == 0:
            raise ValueError(f"cannot divide {u.data} by 0")
        o = u.data / v.data
        return Value(o, [(u, 1 / v.data), (v, -o / v.data)], "/")

    def __pow__(self, n: float) -> Value:
        require_number("exponent", n)
        u, whole = self.data, float(n).is_integer()
        if (u < 0 and not whole) or (u == 0 and n < 1 and n != 0):
            raise ValueError(f"no slope of u**{n} at u = {u}")
        slope = n * u ** (n - 1) if n else 0.0
        return Value(u**n, [(self, slope)], f"**{n}")

    def exp(self) -> Value:
        o = math.exp(self.data)
        return Value(o, [(self, o)], "exp")

    def log(self) -> Value:
        if self.data <= 0:
            raise ValueError(f"log needs u > 0, got {self.data}")
        o = math.log(self.data)
        return Value(o, [(self, 1 / self.data)], "log")

    def tanh(self) -> Value:
        o = math.tanh(self.data)
        return Value(o, [(self, 1 - o**2)], "tanh")

    def relu(self) -> Value:
        on = float(self.data > 0)
        return Value(max(self.data, 0.0), [(self, on)], "relu")

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Value:
        return self * -1.0

    def __rsub__(self, other: float) -> Value:
        return as_value(other) - self

    def __rtruediv__(self, other: float) -> Value:
        return as_value(other) / self

    def backward(self) -> None:
        order = topological_order(self)
        arrived = dict.fromkeys(order, 0.0)
        arrived[self] = 1.0
        for node in reversed(order):
            for source, slope in node.edges:
                arrived[source] += arrived[node] * slope
        for node in order:
            node.grad += arrived[node]


def as_value(number: Value | float) -> Value:
    """The number as a node; a node stays what it is.

    >>> as_value(2.0)
    Value(2, grad=0)
    """
    return number if isinstance(number, Value) else Value(number)


def require_values(name: str, nodes: Sequence[Value]) -> None:
    """Raise unless all are nodes of the engine.

    >>> require_values("leaves", [Value(2.0), 3.0])
    Traceback (most recent call last):
        ...
    TypeError: leaves must be Values, got float
    """
    for node in nodes:
        if not isinstance(node, Value):
            given = type(node).__name__
            raise TypeError(f"{name} must be Values, got {given}")


def topological_order(*roots: Value) -> list[Value]:
    """All nodes below the roots, every node after its inputs.

    A node used several times is listed once. A stack takes the place of
    recursion, so that a graph may be deeper than Python's recursion limit.

    >>> w = Value(2.0, name="w")
    >>> [node.op or node.name for node in topological_order(w * w + w)]
    ['w', '×', '+']
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        node, inputs_done = stack.pop()
        if inputs_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(u, False) for u, _ in reversed(node.edges)]
    return order


class Dual:
    """A number that carries its slope by one input along.

    Forward mode: `data` and `slope` are computed together, and nothing is
    remembered.

    Errors: `TypeError` for anything that is no real number.

    >>> x = Dual(3.0, 1.0)
    >>> y = x * x + 2
    >>> y.data, y.slope
    (11.0, 6.0)
    """

    def __init__(self, data: float, slope: float = 0.0) -> None:
        require_number("data", data)
        require_number("slope", slope)
        self.data, self.slope = float(data), float(slope)

    def __add__(self, other: Dual | float) -> Dual:
        v = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.data + v.data, self.slope + v.slope)

    def __mul__(self, other: Dual | float) -> Dual:
        v = other if isinstance(other, Dual) else Dual(other)
        slope = self.slope * v.data + self.data * v.slope
        return Dual(self.data * v.data, slope)

    def tanh(self) -> Dual:
        o = math.tanh(self.data)
        return Dual(o, (1 - o**2) * self.slope)


def forward_mode(
    outputs: Sequence[Value], leaves: Sequence[Value]
) -> tuple[list[list[float]], int]:
    """Jacobian by one pass per leaf, and the multiplications it took.

    Row i, column j of the Jacobian is the slope of outputs[i] by leaves[j].

    Errors: those of `require_values`.

    >>> a, b = Value(2.0), Value(3.0)
    >>> forward_mode([a * b], [a, b])
    ([[3.0, 2.0]], 4)

    Source: Wengert, "A simple automatic derivative evaluation program",
    Communications of the ACM 7 (1964), 463-464.
    """
    require_values("outputs", outputs)
    require_values("leaves", leaves)
    order, columns, count = topological_order(*outputs), [], 0
    for leaf in leaves:
        arrived: dict[Value, float] = {}
        for node in order:
            arrived[node] = float(node is leaf)
            for source, slope in node.edges:
                arrived[node] += slope * arrived[source]
                count += 1
        columns.append([arrived[output] for output in outputs])
    numbers = range(len(outputs))
    return [[column[i] for column in columns] for i in numbers], count


def reverse_mode(
    outputs: Sequence[Value], leaves: Sequence[Value]
) -> tuple[list[list[float]], int]:
    """Jacobian by one pass per output, and the multiplications it took.

    Row i, column j of the Jacobian is the slope of outputs[i] by leaves[j].

    Errors: those of `require_values`.

    >>> a, b = Value(2.0), Value(3.0)
    >>> reverse_mode([a * b], [a, b])
    ([[3.0, 2.0]], 2)
    """
    require_values("outputs", outputs)
    require_values("leaves", leaves)
    order, rows, count = topological_order(*outputs), [], 0
    for output in outputs:
        arrived = dict.fromkeys(order, 0.0)
        arrived[output] = 1.0
        for node in reversed(order):
            for source, slope in node.edges:
                arrived[source] += arrived[node] * slope
                count += 1
        rows.append([arrived.get(leaf, 0.0) for leaf in leaves])
    return rows, count


def require_layer(input: Tensor, weight: Tensor) -> None:
    """Raise unless input (n, in) and weight (out, in) fit together.

    Errors: `TypeError` if one is not a floating-point tensor or their dtypes
    differ; `ValueError` if one is not a matrix or they differ in their number
    of columns.

    >>> require_layer(torch.zeros(11, 1), torch.zeros(3, 2))
    Traceback (most recent call last):
        ...
    ValueError: input (n, in) and weight (out, in) needed, got (11, 1) and (3, 2)
    """
    require_floating("input", input)
    require_floating("weight", weight)
    require_same_dtype(input=input, weight=weight)
    matrices = input.dim() == weight.dim() == 2
    if not matrices or input.shape[1] != weight.shape[1]:
        given = f"{tuple(input.shape)} and {tuple(weight.shape)}"
        wanted = "input (n, in) and weight (out, in)"
        raise ValueError(f"{wanted} needed, got {given}")


def layer_forward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
) -> Tensor:
    """Pre-activations of a layer, Z = X W^T + b.

    Shapes: input (n, in), weight (out, in), bias (out,); the result is
    (n, out). Equals `torch.nn.functional.linear` on these shapes.

    Errors: those of `require_layer`, for the bias too; `ValueError` unless bias
    is (out,).

    >>> x, w = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])
    >>> layer_forward(x, w, torch.tensor([0.5]))
    tensor([[11.5000]])
    >>> layer_forward(x, w, torch.zeros(2))
    Traceback (most recent call last):
        ...
    ValueError: bias must have shape (1,), got (2,)
    """
    require_layer(input, weight)
    require_floating("bias", bias)
    require_same_dtype(weight=weight, bias=bias)
    if bias.shape != weight.shape[:1]:
        wanted, given = (len(weight),), tuple(bias.shape)
        raise ValueError(f"bias must have shape {wanted}, got {given}")
    return input @ weight.T + bias


def layer_backward(
    grad_output: Tensor, input: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of E by input, weight and bias, given dE/dZ.

    With G = dE/dZ: dE/dX = G W, dE/dW = G^T X, dE/db = column sums of G.

    Shapes: grad_output (n, out), input (n, in), weight (out, in); the results
    are (n, in), (out, in) and (out,).

    Errors: those of `require_layer`, for grad_output too; `ValueError` unless
    grad_output is (n, out).

    >>> x, w = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])
    >>> layer_backward(torch.tensor([[10.0]]), x, w)
    (tensor([[30., 40.]]), tensor([[10., 20.]]), tensor([10.]))
    """
    require_layer(input, weight)
    require_floating("grad_output", grad_output)
    require_same_dtype(grad_output=grad_output, weight=weight)
    wanted, given = (len(input), len(weight)), tuple(grad_output.shape)
    if given != wanted:
        what = "grad_output must have shape"
        raise ValueError(f"{what} {wanted}, got {given}")
    grad_weight = grad_output.T @ input
    return grad_output @ weight, grad_weight, grad_output.sum(dim=0)


def network_loss(
    params: Sequence[Tensor],
    x: Tensor,
    target: Tensor,
) -> Tensor:
    """Mean squared error of a tanh layer and an affine layer.

    Shapes: params are w_in (hidden, in), b_in (hidden,), w_out (out, hidden),
    b_out (out,); x (n, in), target (n, out); the result is 0-dimensional.

    Errors: those of `layer_forward`; `TypeError` unless target is a
    floating-point tensor; `ValueError` unless it has the shape of the
    prediction.

    >>> zeros = torch.zeros(3, 1), torch.zeros(3), torch.zeros(1, 3), torch.zeros(1)
    >>> network_loss(zeros, torch.ones(4, 1), 2 * torch.ones(4, 1))
    tensor(4.)
    """
    w_in, b_in, w_out, b_out = params
    o = torch.tanh(layer_forward(x, w_in, b_in))
    prediction = layer_forward(o, w_out, b_out)
    require_floating("target", target)
    require_same_shape(prediction=prediction, target=target)
    return ((prediction - target) ** 2).mean()


def network_gradients(
    params: Sequence[Tensor],
    x: Tensor,
    target: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients of `network_loss` by its four parameters, by hand.

    Shapes: those of the parameters.

    Errors: those of `network_loss`.

    >>> zeros = torch.zeros(3, 1), torch.zeros(3), torch.zeros(1, 3), torch.zeros(1)
    >>> x, target = torch.ones(4, 1), 2 * torch.ones(4, 1)
    >>> network_gradients(zeros, x, target)[3]
    tensor([-4.])
    """
    w_in, b_in, w_out, b_out = params
    o = torch.tanh(layer_forward(x, w_in, b_in))
    prediction = layer_forward(o, w_out, b_out)
    require_floating("target", target)
    require_same_shape(prediction=prediction, target=target)
    grad = 2 * (prediction - target) / target.numel()
    grad, grad_w_out, grad_b_out = layer_backward(grad, o, w_out)
    grad = grad * (1 - o**2)
    _, grad_w_in, grad_b_in = layer_backward(grad, x, w_in)
    return grad_w_in, grad_b_in, grad_w_out, grad_b_out


class LayerFunction(torch.autograd.Function):
    """A layer that brings its own backward pass to PyTorch.

    Used as `LayerFunction.apply(input, weight, bias)`; shapes and errors are
    those of `layer_forward` and `layer_backward`.

    >>> x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    >>> w, b = torch.tensor([[3.0, 4.0]]), torch.tensor([0.5])
    >>> LayerFunction.apply(x, w, b).sum().backward()
    >>> x.grad
    tensor([[3., 4.]])
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> Tensor:
        input, weight, bias = inputs
        ctx.save_for_backward(input, weight)
        return layer_forward(input, weight, bias)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        input, weight = ctx.saved_tensors
        return layer_backward(grads[0], input, weight)
