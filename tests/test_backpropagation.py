"""The engine, both modes and the layer's formulas against autograd."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from neuralnet.agreement import compare
from neuralnet.backpropagation import (
    Dual,
    LayerFunction,
    Value,
    forward_mode,
    layer_backward,
    layer_forward,
    network_gradients,
    network_loss,
    reverse_mode,
    topological_order,
)
from neuralnet.backpropagation_checks import agreement_checks, some_networks
from neuralnet.backpropagation_graph import draw_graph, formula, rows
from neuralnet.thermometer import T_C, T_U
from source import quote
from torch.autograd.gradcheck import GradcheckError

F64 = torch.float64
PACKAGE = Path(__file__).parents[1] / "code" / "neuralnet"


@pytest.mark.parametrize("check", agreement_checks(), ids=lambda check: check.name)
def test_agrees_with_pytorch(check):
    (row,) = compare([check])
    assert row.ok, row


def as_leaves(numbers):
    return [torch.tensor(u, dtype=F64, requires_grad=True) for u in numbers]


def slopes_by_torch(function, numbers):
    leaves = as_leaves(numbers)
    value = function(*leaves)
    grads = torch.autograd.grad(value, leaves, allow_unused=True)
    return value.item(), [0.0 if g is None else g.item() for g in grads]


def slopes_by_engine(function, numbers):
    leaves = [Value(u) for u in numbers]
    value = function(*leaves)
    value.backward()
    return value.data, [leaf.grad for leaf in leaves]


def assert_same(function, *numbers, rel=1e-12, abs_=1e-300):
    value, slopes = slopes_by_engine(function, numbers)
    wanted, wanted_slopes = slopes_by_torch(function, numbers)
    assert value == pytest.approx(wanted, rel=rel, abs=abs_)
    assert slopes == pytest.approx(wanted_slopes, rel=rel, abs=abs_)


# One operation at a time

PAIRS = [(2.0, 3.0), (-1.5, 0.25), (0.0, 7.0), (1e8, -1e-8), (-4.0, -4.0)]


@pytest.mark.parametrize(("u", "v"), PAIRS)
@pytest.mark.parametrize(
    "function",
    [
        lambda u, v: u + v,
        lambda u, v: u - v,
        lambda u, v: u * v,
        lambda u, v: u / v,
        lambda u, v: u + 2 + 0 * v,
        lambda u, v: 2 - u - v,
        lambda u, v: 2 * u * v,
        lambda u, v: u / 2 + 3 / v,
        lambda u, v: -u * v,
    ],
)
def test_arithmetic_has_the_slopes_of_pytorch(function, u, v):
    assert_same(function, u, v)


@pytest.mark.parametrize("u", [-30.0, -1.0, -1e-9, 0.0, 1e-9, 0.5, 3.0, 30.0])
@pytest.mark.parametrize("name", ["exp", "tanh", "relu"])
def test_function_has_the_slope_of_pytorch(name, u):
    assert_same(lambda x: getattr(x, name)(), u, abs_=1e-15)


@pytest.mark.parametrize("u", [1e-300, 1e-9, 0.5, 1.0, 30.0, 1e300])
def test_log_has_the_slope_of_pytorch(u):
    assert_same(lambda x: x.log(), u)


@pytest.mark.parametrize(
    ("u", "n"),
    [
        *((2.0, 3), (-2.0, 3), (-2.0, -2), (2.0, 0.5), (0.0, 0), (0.0, 1)),
        *((0.0, 2), (3.0, 0), (-3.0, 0), (3.0, -0.5), (1e-3, 2.5), (-1.5, 2.0)),
        *((0.0, 1.5), (-0.0, 2.5), (0.0, 1.0)),
    ],
)
def test_power_has_the_slope_of_pytorch(u, n):
    assert_same(lambda x: x**n, u)


def test_numbers_on_either_side_become_nodes():
    u = Value(4.0)
    assert (1 + u).data == (u + 1).data == 5
    assert (1 - u).data == -3
    assert (2 * u).data == (u * 2).data == 8
    assert (2 / u).data == 0.5
    assert (u / 2).data == 2


@pytest.mark.parametrize("o", [400.0, -400.0])
def test_saturated_tanh_has_slope_zero(o):
    assert slopes_by_engine(lambda u: u.tanh(), [o]) == (math.copysign(1, o), [0.0])


def test_relu_of_nan_is_nan():
    assert math.isnan(Value(math.nan).relu().data)


def test_repr_shows_value_and_slope():
    w = Value(2.0)
    (w * 3).backward()
    assert repr(w) == "Value(2, grad=3)"


# Bad input


@pytest.mark.parametrize("bad", ["2", None, True, [1.0], torch.tensor(1.0), 1j])
def test_what_is_no_number_is_refused(bad):
    for attempt in (
        lambda: Value(bad),
        lambda: Value(1.0) + bad,
        lambda: Value(1.0) * bad,
        lambda: Value(1.0) - bad,
        lambda: Value(1.0) / bad,
        lambda: Value(1.0) ** bad,
        lambda: Dual(bad),
        lambda: Dual(1.0, bad),
        lambda: Dual(1.0) + bad,
    ):
        with pytest.raises(TypeError, match="must be a number, got"):
            attempt()


def test_exponent_that_is_a_node_is_refused():
    with pytest.raises(TypeError, match="exponent must be a number, got Value"):
        Value(2.0) ** Value(3.0)


@pytest.mark.parametrize("u", [0.0, -0.0, -1.0])
def test_log_of_nothing_positive_is_refused(u):
    with pytest.raises(ValueError, match="log needs u > 0, got"):
        Value(u).log()


@pytest.mark.parametrize("zero", [0, 0.0, -0.0, Value(0.0)])
def test_division_by_zero_is_refused(zero):
    with pytest.raises(ValueError, match=r"cannot divide 3\.0 by 0"):
        Value(3.0) / zero


@pytest.mark.parametrize(("u", "n"), [(-1.0, 0.5), (0.0, -1), (0.0, 0.5), (-2.0, 1.5)])
def test_power_without_slope_is_refused(u, n):
    with pytest.raises(ValueError, match="no slope of u"):
        Value(u) ** n


def test_overflow_is_an_error():
    with pytest.raises(OverflowError):
        Value(1000.0).exp()


# Graphs


def test_second_pass_adds_as_in_pytorch():
    w = Value(3.0)
    y = w * w
    y.backward()
    y.backward()
    leaf = torch.tensor(3.0, requires_grad=True)
    square = leaf * leaf
    square.backward(retain_graph=True)
    square.backward()
    assert w.grad == leaf.grad.item() == 12


def test_two_results_of_one_graph_add_up():
    w = Value(3.0)
    shared = w * w
    (2 * shared).backward()
    (shared + w).backward()
    assert w.grad == 12 + 7


def test_node_alone_has_slope_one():
    w = Value(3.0)
    w.backward()
    assert w.grad == 1


def test_nodes_within_get_their_slope_too():
    w = Value(2.0)
    z = w * 3
    (z**2).backward()
    assert z.grad == 12


def test_chain_of_ten_thousand_nodes():
    start = Value(1.0)
    end = start
    for _ in range(10_000):
        end = end * 1.0001
    end.backward()
    assert start.grad == pytest.approx(1.0001**10_000)
    assert len(topological_order(end)) == 20_001


def test_diamonds_that_double_the_paths_take_no_longer():
    """Two to the power of 200 paths, and each edge is walked once."""
    start = Value(1.0)
    end = start
    for _ in range(200):
        end = (end + end) * 0.5
    end.backward()
    assert start.grad == 1


@given(st.data())
def test_order_puts_inputs_first_and_names_each_node_once(data):
    nodes = [Value(1.0), Value(2.0)]
    for _ in range(data.draw(st.integers(1, 15))):
        pick = st.sampled_from(nodes)
        nodes.append(data.draw(pick) + data.draw(pick))
    order = topological_order(nodes[-1])
    position = {node: k for k, node in enumerate(order)}
    assert len(position) == len(order)
    assert order[-1] is nodes[-1]
    for node in order:
        assert all(position[source] < position[node] for source, _ in node.edges)


# Random expressions: Hypothesis draws the leaves, and then one operation after
# the other on any of the numbers there are, so that parts are shared.

UNARY = {
    "exp": lambda u: u.exp(),
    "log": lambda u: u.log(),
    "tanh": lambda u: u.tanh(),
    "relu": lambda u: u.relu(),
    "square": lambda u: u**2,
    "inverse": lambda u: u**-1,
    "root": lambda u: u**0.5,
    "minus": lambda u: -u,
    "plus one": lambda u: 1 + u,
    "from one": lambda u: 1 - u,
    "one by": lambda u: 1 / u,
}
BINARY = {
    "+": lambda u, v: u + v,
    "-": lambda u, v: u - v,
    "*": lambda u, v: u * v,
    "/": lambda u, v: u / v,
}
FAR_FROM_ZERO = {"/", "inverse", "one by", "relu"}


def allowed(name, u, v, made):
    """Whether rounding cannot take the engine and PyTorch different ways."""
    judged = v if name == "/" else u
    if name in FAR_FROM_ZERO and abs(judged.data) < 0.01:
        return name == "relu" and u not in made
    if name in ("log", "root") and u.data < 0.01:
        return False
    return name != "exp" or u.data < 10


@st.composite
def expressions(draw):
    """Leaves, and a program of (name, i, j) that works on tensors as well."""
    number = st.floats(-5, 5).filter(lambda u: u == 0 or abs(u) > 1e-6)
    leaves = draw(st.lists(number, min_size=1, max_size=4))
    values = [Value(u) for u in leaves]
    made, program = set(), []
    for _ in range(draw(st.integers(1, 14))):
        name = draw(st.sampled_from([*UNARY, *BINARY]))
        i = draw(st.integers(0, len(values) - 1))
        j = draw(st.integers(0, len(values) - 1))
        u, v = values[i], values[j]
        if not allowed(name, u, v, made):
            continue
        result = UNARY[name](u) if name in UNARY else BINARY[name](u, v)
        if abs(result.data) > 1e3:
            continue
        program.append((name, i, j))
        values.append(result)
        made.add(result)
    return leaves, program


def run(program, leaves):
    numbers = list(leaves)
    for name, i, j in program:
        both = numbers[i], numbers[j]
        numbers.append(UNARY[name](both[0]) if name in UNARY else BINARY[name](*both))
    return numbers[-1] * 1.0


@settings(max_examples=300)
@given(expressions())
def test_random_expression_has_value_and_slopes_of_autograd(expression):
    leaves, program = expression
    value, slopes = slopes_by_engine(lambda *u: run(program, u), leaves)
    wanted, wanted_slopes = slopes_by_torch(lambda *u: run(program, u), leaves)
    assert value == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    scale = max(1.0, *map(abs, wanted_slopes))
    assert slopes == pytest.approx(wanted_slopes, rel=1e-8, abs=1e-8 * scale)


@settings(max_examples=100)
@given(expressions())
def test_both_modes_agree_on_random_expressions(expression):
    numbers, program = expression
    leaves = [Value(u) for u in numbers]
    result = run(program, leaves)
    (backward,), many = reverse_mode([result], leaves)
    (forward,), more = forward_mode([result], leaves)
    scale = max(1.0, *map(abs, backward))
    assert forward == pytest.approx(backward, rel=1e-9, abs=1e-9 * scale)
    edges = sum(len(node.edges) for node in topological_order(result))
    assert (many, more) == (edges, edges * len(leaves))


@settings(max_examples=100)
@given(expressions())
def test_slopes_add_up_over_passes(expression):
    numbers, program = expression
    leaves = [Value(u) for u in numbers]
    result = run(program, leaves)
    result.backward()
    once = [leaf.grad for leaf in leaves]
    result.backward()
    assert [leaf.grad for leaf in leaves] == [2 * slope for slope in once]


# Forward mode


def test_passes_are_one_per_output_and_one_per_input():
    leaves = [Value(float(k)) for k in range(5)]
    outputs = [sum(leaves[1:], leaves[0]) * k for k in (1.0, 2.0, 3.0)]
    jacobian, backward = reverse_mode(outputs, leaves)
    same, forward = forward_mode(outputs, leaves)
    assert jacobian == same == [[1.0] * 5, [2.0] * 5, [3.0] * 5]
    edges = sum(len(node.edges) for node in topological_order(*outputs))
    assert (backward, forward) == (3 * edges, 5 * edges)


def test_leaf_that_is_not_used_has_slope_zero():
    used, unused = Value(2.0), Value(3.0)
    assert reverse_mode([used * 2], [used, unused])[0] == [[2.0, 0.0]]
    assert forward_mode([used * 2], [used, unused])[0] == [[2.0, 0.0]]


@pytest.mark.parametrize("mode", [forward_mode, reverse_mode])
def test_modes_refuse_what_is_no_node(mode):
    w = Value(2.0)
    with pytest.raises(TypeError, match="leaves must be Values, got float"):
        mode([w * w], [w, 2.0])
    with pytest.raises(TypeError, match="outputs must be Values, got float"):
        mode([3.0], [w])


@pytest.mark.parametrize("mode", [forward_mode, reverse_mode])
def test_jacobian_without_leaves_has_a_row_for_each_output(mode):
    w = Value(2.0)
    assert mode([w, w * w], [])[0] == [[], []]


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-5, 5))
def test_dual_numbers_give_the_slope_of_autograd(w, x, b):
    dual = (Dual(w, 1.0) * x + b).tanh()
    _, (slope,) = slopes_by_torch(lambda w: torch.tanh(w * x + b), [w])
    assert dual.slope == pytest.approx(slope, rel=1e-9, abs=1e-14)


# The listing and the drawing


def test_engine_has_fewer_than_a_hundred_lines():
    parts = ("Value", "as_value", "topological_order")
    lines = [quote(f"backpropagation.{part}", PACKAGE).splitlines() for part in parts]
    assert sum(map(len, lines)) < 100


def test_every_arrow_of_the_drawing_points_to_a_lower_row():
    w, b = Value(2.0, name="w"), Value(1.0, name="b")
    shared = w * b
    root = (shared + b) * shared
    levels = rows(root)
    height = {node: k for k, row in enumerate(levels) for node in row}
    assert levels[0] == [root]
    assert set(height) == set(topological_order(root))
    for node, k in height.items():
        assert all(height[source] > k for source, _ in node.edges)


def test_formula_names_inputs_or_writes_their_value():
    w, b = Value(2.0, name="w"), Value(0.125)
    assert formula(w) == ""
    assert formula(w * b) == "w × 0.125"
    assert formula(w - 1) == "w − 1"
    assert formula(w + b) == "w + 0.125"
    assert formula(w / b) == "w / 0.125"
    for name in ("exp", "log", "relu"):
        assert formula(getattr(w, name)()) == f"{name}(w)"
    assert formula((w / b).tanh()) == "tanh(16)"
    assert formula(w**-0.5) == "w**-0.5"


def test_drawing_says_name_operation_value_and_slope():
    w = Value(3.0, name="w")
    root = w**2
    root.backward()
    figure, axes = plt.subplots()
    draw_graph(root, axes)
    said = [text.get_text() for text in axes.texts if text.get_text()]
    plt.close(figure)
    assert sorted(said) == ["6", "w\n3\nslope 6", "w**2\n9\nslope 1"]


# Fitting


def test_engine_walks_as_pytorch_does():
    x, target = (0.1 * T_U).tolist(), T_C.tolist()
    params = torch.tensor([1.0, 0.0], dtype=F64, requires_grad=True)
    optimizer = torch.optim.SGD([params], lr=1e-2)
    w, b = 1.0, 0.0
    for _ in range(100):
        nodes = Value(w), Value(b)
        squares = [
            (nodes[0] * u + nodes[1] - t) ** 2 for u, t in zip(x, target, strict=True)
        ]
        (sum(squares[1:], squares[0]) / 11).backward()
        w, b = w - 1e-2 * nodes[0].grad, b - 1e-2 * nodes[1].grad
        optimizer.zero_grad()
        F.mse_loss(params[0] * 0.1 * T_U + params[1], T_C).backward()
        optimizer.step()
    assert [w, b] == pytest.approx(params.tolist(), rel=1e-12)


@pytest.mark.parametrize("steps", [1, 10, 200])
def test_forgetting_zero_grad_is_momentum_one(steps):
    def walk(momentum, zero):
        params = torch.tensor([1.0, 0.0], dtype=F64, requires_grad=True)
        optimizer = torch.optim.SGD([params], lr=1e-2, momentum=momentum)
        for _ in range(steps):
            if zero:
                optimizer.zero_grad()
            F.mse_loss(params[0] * 0.1 * T_U + params[1], T_C).backward()
            optimizer.step()
        return params.tolist()

    assert walk(0.0, False) == pytest.approx(walk(1.0, True), rel=1e-9)


# Layers

SHAPES = [(1, 1, 1), (11, 1, 3), (5, 3, 2), (0, 2, 3), (4, 0, 2)]


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize(("n", "i", "o"), SHAPES)
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_layer_is_that_of_pytorch(n, i, o, scale, dtype):
    rng = torch.Generator().manual_seed(n)
    x = scale * torch.randn(i, n, generator=rng, dtype=dtype).T  # not contiguous
    weight = torch.randn(o, i, generator=rng, dtype=dtype)
    bias = torch.randn(o, generator=rng, dtype=dtype)
    grad = torch.randn(n, o, generator=rng, dtype=dtype)
    leaves = [part.detach().requires_grad_() for part in (x, weight, bias)]
    output = F.linear(*leaves)
    wanted = torch.autograd.grad(output, leaves, grad)
    rtol = 1e-4 if dtype == torch.float32 else 1e-12
    atol = rtol * scale
    assert torch.allclose(layer_forward(x, weight, bias), output, rtol, atol)
    for ours, theirs in zip(layer_backward(grad, x, weight), wanted, strict=True):
        assert ours.shape == theirs.shape
        assert ours.dtype == dtype
        assert torch.allclose(ours, theirs, rtol, atol)


def double(*shape):
    rng = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=rng, dtype=F64, requires_grad=True)


def test_layer_function_passes_gradcheck_twice_over():
    inputs = double(5, 3), double(2, 3), double(2)
    assert torch.autograd.gradcheck(LayerFunction.apply, inputs)
    assert torch.autograd.gradgradcheck(LayerFunction.apply, inputs)


def test_gradcheck_refuses_a_mean_in_place_of_the_sum():
    class Wrong(LayerFunction):
        @staticmethod
        def backward(ctx, grad):
            input, weight = ctx.saved_tensors
            return grad @ weight, grad.T @ input, grad.mean(dim=0)

    inputs = double(5, 3), double(2, 3), double(2)
    with pytest.raises(GradcheckError, match="Jacobian"):
        torch.autograd.gradcheck(Wrong.apply, inputs)


@pytest.mark.parametrize("case", range(3))
def test_network_gradients_pass_gradcheck(case):
    *params, x, target = some_networks()[case]
    leaves = [part.requires_grad_() for part in params]
    assert torch.autograd.gradcheck(
        lambda *params: network_loss(params, x, target), leaves
    )
    ours = network_gradients(params, x, target)
    theirs = torch.autograd.grad(network_loss(leaves, x, target), leaves)
    for a, b in itertools.zip_longest(ours, theirs):
        assert torch.allclose(a, b, rtol=1e-10, atol=1e-14)


def test_layer_refuses_what_does_not_fit():
    x, weight, bias = torch.zeros(4, 3), torch.zeros(2, 3), torch.zeros(2)
    with pytest.raises(ValueError, match=r"got \(3,\) and \(2, 3\)"):
        layer_forward(x[0], weight, bias)
    with pytest.raises(ValueError, match=r"got \(4, 3\) and \(3, 2\)"):
        layer_forward(x, weight.T, bias)
    with pytest.raises(ValueError, match=r"bias must have shape \(2,\), got \(3,\)"):
        layer_forward(x, weight, torch.zeros(3))
    with pytest.raises(TypeError, match="input must be a floating-point tensor"):
        layer_forward(x.long(), weight, bias)
    with pytest.raises(TypeError, match="weight must be a floating-point tensor"):
        layer_forward(x, weight.long(), bias)
    with pytest.raises(TypeError, match="bias must be a floating-point tensor"):
        layer_forward(x, weight, bias.long())
    with pytest.raises(ValueError, match=r"must have shape \(4, 2\), got \(4, 3\)"):
        layer_backward(x, x, weight)
    with pytest.raises(TypeError, match="grad_output must be a floating-point"):
        layer_backward(torch.zeros(4, 2).long(), x, weight)


def test_layer_refuses_two_dtypes():
    x, weight, bias = torch.zeros(4, 3), torch.zeros(2, 3), torch.zeros(2)
    grad = torch.zeros(4, 2)
    for attempt in (
        lambda: layer_forward(x.double(), weight, bias),
        lambda: layer_forward(x, weight, bias.double()),
        lambda: layer_backward(grad.double(), x, weight),
    ):
        with pytest.raises(TypeError, match="dtype"):
            attempt()


@pytest.mark.parametrize("target", [[1.0], None, torch.zeros(11, 1).long()])
def test_network_refuses_a_target_that_is_no_floating_tensor(target):
    *params, x, _ = some_networks()[0]
    for function in (network_loss, network_gradients):
        with pytest.raises(TypeError, match="target must be a floating-point tensor"):
            function(params, x, target)


def test_network_refuses_a_target_of_another_shape():
    *params, x, target = some_networks()[0]
    for function in (network_loss, network_gradients):
        with pytest.raises(ValueError, match=r"target \(11,\)"):
            function(params, x, target[:, 0])
