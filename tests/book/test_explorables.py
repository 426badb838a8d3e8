"""The figures a reader can move: by keyboard, by touch, and with the right numbers."""

from __future__ import annotations

import itertools
import json
import math
import re
from functools import partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from book.built import CHAPTERS, tag, text, tree
from book.prose import DOCS
from neuralnet.digits_network import read_back
from neuralnet.thermometer import T_C, T_U

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site", "browser")]
USED = {
    (path.stem, name)
    for path in sorted(DOCS.glob("*.md"))
    for name in re.findall(r"^`{3,}\{explorable\} ([\w-]+)", path.read_text(), re.M)
}
EACH = pytest.mark.parametrize(("chapter", "name"), sorted(USED))
SCRIPTS = {path.stem for path in (DOCS / "_static" / "explorables").glob("*-*.js")}


@pytest.fixture
def visit(visit):
    """Open a page with nothing but its figures to move."""
    return partial(visit, only="explorable")


def close(got, wanted) -> bool:
    """Within 1e-9 of PyTorch's answer in double precision, relative to that."""
    got = torch.tensor(got, dtype=torch.float64)
    wanted = torch.as_tensor(wanted, dtype=torch.float64)
    return torch.allclose(got, wanted, rtol=1e-9, atol=1e-12)


# Every explorable


def test_every_script_is_used_and_every_chapter_has_a_figure_to_move():
    assert {name for _, name in USED} == SCRIPTS
    assert {chapter for chapter, _ in USED} == set(CHAPTERS)


@EACH
def test_element_on_a_phone(chapter, name, visit, subtests):
    seen = visit(f"{chapter}.html", width=390)
    element = seen.page.locator(name)
    for check in ON_A_PHONE:
        with subtests.test(check.__name__):
            check(seen, element)
    assert seen.problems == []


def replaces_its_fallback(seen, element):
    assert element.locator("svg").first.is_visible()
    assert element.locator("input[type=range]").count() >= 1
    assert element.locator(":scope > p").count() == 0


def each_control_changes_it(seen, element):
    status = element.locator("[role=status], [aria-live], output[aria-live]").first
    for control in element.locator("input, select, button").all():
        before = status.inner_text(), element.locator("svg").first.inner_html()
        control.focus()
        seen.page.keyboard.press(
            "ArrowRight" if control.evaluate("e => e.type") == "range" else "ArrowDown"
        )
        after = status.inner_text(), element.locator("svg").first.inner_html()
        assert before != after, control.evaluate("e => e.outerHTML")


def can_be_read_and_touched(seen, element):
    for control in element.locator("input, select, button").all():
        markup = control.evaluate("e => e.outerHTML")
        label = control.evaluate("e => [...e.labels].map(l => l.innerText).join()")
        assert label, markup
        box = control.bounding_box()
        assert box, markup
        assert min(box["height"], box["width"]) >= 44, markup
    for width in (390, 320):
        seen.resize(width)
        box = element.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    assert element.evaluate(SMALLEST_WORDS) >= 9


#: In pixels, as drawn.
SMALLEST_WORDS = """
  element => Math.min(...[...element.querySelectorAll("svg")].flatMap(svg => {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    return [...svg.querySelectorAll("text")]
      .map(text => parseFloat(getComputedStyle(text).fontSize) * scale);
  }))"""


ON_A_PHONE = [replaces_its_fallback, can_be_read_and_touched, each_control_changes_it]


@EACH
def test_fallback_says_what_there_is_to_see(chapter, name):
    (element,) = tree(chapter).iter(name)
    assert len(text(element)) > 80
    assert not {"input", "svg"} & {tag(each) for each in element.iter()}


def test_fallback_is_there_without_script(visit):
    chapter, name = min(USED)
    seen = visit(f"{chapter}.html", script=False)
    assert seen.page.locator(name).is_visible()


# Their arithmetic, against PyTorch

GRID = [k / 8 for k in range(-96, 97)]
FUNCTIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "hardtanh": F.hardtanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "softplus": F.softplus,
    "gelu": F.gelu,
    "silu": F.silu,
}


def test_activation_explorer_agrees_with_pytorch(visit):
    page = visit("activations.html").page
    element = "customElements.get('activation-explorer')"
    assert set(page.evaluate(f"{element}.names")) == set(FUNCTIONS)
    for name, function in FUNCTIONS.items():
        got = page.evaluate(
            f"([name, grid]) => grid.map(z => {element}.compute(name, z, 3))",
            [name, GRID],
        )
        z = torch.tensor(GRID, dtype=torch.float64, requires_grad=True)
        value = function(z)
        (slope,) = torch.autograd.grad(value.sum(), z)
        assert close([each["value"] for each in got], value.detach()), name
        assert close([each["slope"] for each in got], slope), name
        assert close([each["power"] for each in got], slope**3), name


def test_descent_explorer_agrees_with_pytorch(visit):
    page = visit("gradient_descent.html").page
    element = "customElements.get('descent-explorer')"
    readings = page.evaluate(f"{element}.readings")
    assert close(readings["t_u"], T_U)
    assert close(readings["t_c"], T_C)
    x, target = 0.1 * T_U.double(), T_C.double()
    design = torch.stack([x, torch.ones_like(x)], dim=1)

    def loss(place: torch.Tensor) -> torch.Tensor:
        return F.mse_loss(design @ place, target)

    hessian = torch.autograd.functional.hessian(loss, torch.zeros(2).double())
    curvatures = torch.linalg.eigvalsh(hessian)
    best = torch.linalg.lstsq(design, target[:, None]).solution[:, 0]
    for multiple in (0.05, 0.5, 0.9, 1.0, 1.1):
        got = page.evaluate(f"m => {element}.compute(m, 60)", multiple)
        assert close(got["curvatures"], curvatures)
        assert close(got["limit"], 2 / curvatures[-1])
        assert close(got["best"], best)
        place = torch.tensor(got["path"][0], dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([place], lr=got["lr"])
        path, losses = [], []
        for _ in range(61):
            optimizer.zero_grad()
            error = loss(place)
            path.append(place.detach().clone())
            losses.append(error.item())
            error.backward()
            optimizer.step()
        assert math.isclose(got["lr"], multiple * got["limit"])
        assert close(got["path"], torch.stack(path)), multiple
        assert close(got["losses"], losses), multiple


def test_descent_explorer_shows_the_loss_up_to_the_last_step(visit):
    element = visit("gradient_descent.html").page.locator("descent-explorer")
    curve = element.locator("svg").nth(1)
    for stop, ticks in ((5, "0510"), (20, "01020"), (21, "025"), (36, "05001000")):
        element.locator("input").nth(1).fill(str(stop))
        assert curve.locator("g").first.text_content() == ticks


def test_every_explorable_has_its_arithmetic_checked_here():
    checked = set(re.findall(r"get\('([\w-]+)'\)", Path(__file__).read_text()))
    assert checked == {name for _, name in USED}


def test_neuron_explorer_agrees_with_pytorch(visit):
    page = visit("neurons.html").page
    element = "customElements.get('neuron-explorer')"
    grid = [(w / 2, b / 2) for w in range(-8, 9) for b in range(-8, 9)]
    for x in (-3.0, -0.7, 0.0, 1e-9, 2.9):
        got = page.evaluate(
            f"([grid, x]) => grid.map(([w, b]) => {element}.compute(w, b, x))",
            [grid, x],
        )
        w, b = torch.tensor(grid, dtype=torch.float64).T
        at = torch.full_like(w, x).requires_grad_()
        z = w * at + b
        o = torch.tanh(z)
        (slope,) = torch.autograd.grad(o.sum(), at)
        assert close([each["z"] for each in got], z.detach())
        assert close([each["o"] for each in got], o.detach())
        assert close([each["slope"] for each in got], slope)
        assert close([each["steepest"] for each in got], w)
        for each, (weight, bias) in zip(got, grid, strict=True):
            if weight == 0:
                assert each["middle"] is None
            else:
                assert close(weight * each["middle"] + bias, 0.0)


def test_broadcast_explorer_agrees_with_pytorch(visit):
    page = visit("tensors.html").page
    element = "customElements.get('broadcast-explorer')"
    shapes = page.evaluate(f"{element}.shapes")
    more = [[0], [1, 0], [0, 3], [2, 1, 4, 1], [5, 1, 1, 3]]
    for a, b in itertools.product(shapes + more, repeat=2):
        got = page.evaluate(f"([a, b]) => {element}.compute(a, b)", [a, b])
        try:
            wanted = torch.broadcast_shapes(tuple(a), tuple(b))
        except RuntimeError:
            assert got["shape"] is None, (a, b)
            first, second = (row[got["clash"]] for row in got["filled"])
            assert 1 not in (first, second)
            assert first != second
        else:
            assert got["shape"] == list(wanted), (a, b)
            assert got["elements"] == math.prod(wanted)
            assert got["clash"] is None


def test_neuron_graph_agrees_with_pytorch(visit):
    page = visit("backpropagation.html").page
    element = "customElements.get('neuron-graph')"
    numbers = [(2.0, 0.55, -0.5, 0.15), (0.0, 1.0, 0.0, 1.0), (-3.0, 0.0, 9.0, -1.0)]
    rng = torch.Generator().manual_seed(0)
    numbers += torch.randn(20, 4, generator=rng, dtype=torch.float64).tolist()
    for case in numbers:
        got = page.evaluate(f"c => {element}.compute(...c)", list(case))
        leaves = torch.tensor(case, dtype=torch.float64).unbind()
        named = dict(zip("wxbt", (u.requires_grad_() for u in leaves), strict=True))
        named["p"] = named["w"] * named["x"]
        named["z"] = named["p"] + named["b"]
        named["o"] = torch.tanh(named["z"])
        named["m"] = named["o"] - named["t"]
        named["E"] = named["m"] ** 2
        names = sorted(named)
        slopes = torch.autograd.grad(
            named["E"], [named[name] for name in names], retain_graph=True
        )
        assert sorted(got["values"]) == sorted(got["slopes"]) == names
        values = torch.stack([named[name].detach() for name in names])
        assert close([got["values"][name] for name in names], values), case
        assert close([got["slopes"][name] for name in names], torch.stack(slopes)), case
        for edge, slope in got["local"].items():
            (local,) = torch.autograd.grad(
                named[edge[1]], named[edge[0]], retain_graph=True
            )
            assert close(slope, local), edge


def test_outlier_explorer_agrees_with_pytorch(visit):
    page = visit("losses.html").page
    element = "customElements.get('outlier-explorer')"
    for reading, delta in ((-30.0, 0.1), (-4.0, 2.0), (22.0, 2.0), (70.0, 40.0)):
        got = page.evaluate(f"pair => {element}.compute(...pair)", [reading, delta])
        target = T_C.clone()
        target[7] = reading
        assert close(got["t_u"], T_U)
        assert close(got["t_c"], target)
        design = torch.stack([T_U, torch.ones_like(T_U)], dim=1)
        best = torch.linalg.lstsq(design, target[:, None]).solution[:, 0]
        assert close(got["squared"], best)

        def huber(params: torch.Tensor, target=target, delta=delta) -> torch.Tensor:
            lines = (T_U - T_U.mean()) * params[0] + params[1]
            return F.huber_loss(lines, target, delta=delta)

        w, b = got["huber"]
        place = torch.tensor([w, b + w * T_U.mean().item()], dtype=torch.float64)
        slope = torch.autograd.functional.jacobian(huber, place)
        assert slope.abs().max() < 1e-7, (reading, delta)

        w, b = got["absolute"]
        lowest = F.l1_loss(w * T_U + b, target)
        for i, j in itertools.combinations(range(11), 2):
            w = (target[j] - target[i]) / (T_U[j] - T_U[i])
            other = F.l1_loss(target[i] + w * (T_U - T_U[i]), target)
            assert lowest <= other + 1e-12, (reading, i, j)


def test_optimizer_explorer_agrees_with_pytorch(visit):
    page = visit("optimizers.html").page
    element = "customElements.get('optimizer-explorer')"
    valley = page.evaluate(f"{element}.valley")
    optim = torch.optim
    builds = {
        "momentum": lambda p, lr, beta: optim.SGD(p, lr, momentum=beta),
        "nesterov": lambda p, lr, beta: optim.SGD(p, lr, beta, nesterov=beta > 0),
        "rmsprop": lambda p, lr, beta: optim.RMSprop(p, lr, alpha=beta),
        "adam": lambda p, lr, beta: optim.Adam(p, lr, betas=(beta, 0.999)),
        "adagrad": lambda p, lr, beta: optim.Adagrad(p, lr),
    }
    assert set(page.evaluate(f"{element}.methods")) == set(builds)
    for slanted in (False, True):
        turn = valley["slant"] if slanted else 0.0
        c, s = math.cos(turn), math.sin(turn)
        frame = torch.tensor([[c, -s], [s, c]], dtype=torch.float64)
        curved = torch.tensor(valley["curvatures"], dtype=torch.float64)
        bowl = frame @ torch.diag(curved) @ frame.T
        start = frame @ torch.tensor(valley["start"], dtype=torch.float64)
        for name, build in builds.items():
            for lr, beta in [(0.01, 0.0), (0.005, 0.5), (0.02, 0.9)]:
                got = page.evaluate(
                    f"([...all]) => {element}.compute(...all)",
                    [name, slanted, lr, beta],
                )
                place = start.clone().requires_grad_()
                optimizer = build([place], lr, beta)
                path = [start]
                for _ in range(30):
                    place.grad = bowl @ place.detach()
                    optimizer.step()
                    path.append(place.detach().clone())
                case = name, slanted, lr, beta
                wanted = torch.stack(path)
                ours = torch.tensor(got["path"][:31], dtype=torch.float64)
                assert torch.allclose(ours, wanted, rtol=1e-6, atol=1e-9), case
                losses = ((wanted @ bowl) * wanted).sum(dim=1) / 2
                ours = torch.tensor(got["losses"][:31], dtype=torch.float64)
                assert torch.allclose(ours, losses, rtol=1e-6, atol=1e-9), case


def test_layer_explorer_agrees_with_pytorch(visit):
    page = visit("modules.html").page
    element = "customElements.get('layer-explorer')"
    cases = [(10, 3, 4, 3), (0, 3, 4, 3), (1, 1, 1, 1), (0, 1, 1, 10), (7, 12, 8, 5)]
    for n, d, h, last in cases:
        got = page.evaluate(f"c => {element}.compute(...c)", [n, d, h, last])
        layer = torch.nn.Linear(d, h)
        x = torch.zeros((n, last) if n else (last,))
        assert got["x"] == list(x.shape)
        assert got["weight"] == list(layer.weight.shape)
        assert got["bias"] == list(layer.bias.shape)
        assert got["parameters"] == sum(p.numel() for p in layer.parameters())
        assert got["products"] == max(n, 1) * layer.weight.numel()
        if last == d:
            assert got["z"] == list(layer(x).shape)
            assert got["message"] == ""
            continue
        assert got["z"] is None
        with pytest.raises(RuntimeError) as complaint:
            layer(x)
        assert got["message"] == str(complaint.value)


def test_layer_explorer_keeps_the_last_dimension_with_the_inputs(visit):
    element = visit("modules.html").page.locator("layer-explorer")
    _, _, inputs, last = element.locator("input").all()
    inputs.fill("9")
    assert last.input_value() == "9"
    last.fill("5")
    inputs.fill("7")
    assert last.input_value() == "5"
    assert "RuntimeError" in element.locator("[role=status]").inner_text()


def test_stack_explorer_agrees_with_pytorch(visit):
    page = visit("networks.html").page
    element = "customElements.get('stack-explorer')"
    functions = {"tanh": torch.tanh, "relu": torch.relu, "none": lambda z: z * 1}
    assert set(page.evaluate(f"{element}.activations")) == set(functions)
    half = torch.linspace(0, 12, 60_001, dtype=torch.float64)
    step = half[1].item()
    weights = torch.exp(-half * half / 2) * step / math.sqrt(2 * math.pi)
    weights[0] /= 2
    tiny = torch.finfo(torch.float64).tiny
    normal = torch.cat([half + tiny, -half - tiny])
    for name, f in functions.items():
        for gain, depth in [(0.5, 2), (1.0, 50), (2**0.5, 10), (3.0, 7)]:
            got = page.evaluate(
                f"([...all]) => {element}.compute(...all)", [name, gain, depth]
            )
            squares, slopes = [gain**2], []
            for _ in range(depth):
                z = (squares[-1] ** 0.5 * normal).requires_grad_()
                o = f(z)
                (slope,) = torch.autograd.grad(o.sum(), z)
                both = torch.cat([weights, weights])
                slopes.append((both * slope**2).sum().item())
                squares.append(gain**2 * (both * o.detach() ** 2).sum().item())
            grads = [1.0]
            for slope in reversed(slopes[: depth - 1]):
                grads.insert(0, grads[0] * gain * slope**0.5)
            wanted = torch.tensor(squares[:depth], dtype=torch.float64).sqrt()
            ours = torch.tensor(got["z"], dtype=torch.float64)
            assert torch.allclose(ours, wanted, rtol=1e-8, atol=0), (name, gain)
            ours = torch.tensor(got["grad"], dtype=torch.float64)
            wanted = torch.tensor(grads, dtype=torch.float64)
            assert torch.allclose(ours, wanted, rtol=1e-8, atol=0), (name, gain)


def test_capacity_explorer_agrees_with_pytorch(visit):
    page = visit("training.html").page
    element = "customElements.get('capacity-explorer')"
    given = page.evaluate(f"{element}.examples")
    x, t, new_x, new_t = (
        torch.tensor(given[key], dtype=torch.float64)
        for key in ("x", "t", "validation_x", "validation_t")
    )

    def powers(x: torch.Tensor, degree: int) -> torch.Tensor:
        legendre = torch.special.legendre_polynomial_p
        return torch.stack([legendre(x / 3, k) for k in range(degree + 1)], dim=1)

    for count in (12, 13, 20, 40):
        for degree in range(given["most"] + 1):
            got = page.evaluate(f"{element}.compute({degree}, {count})")
            rows = powers(x[:count], degree)
            best = torch.linalg.lstsq(rows, t[:count, None]).solution[:, 0]
            case = degree, count
            assert got["coefficients"] == pytest.approx(best.tolist(), 1e-6), case
            seen = ((rows @ best - t[:count]) ** 2).mean().item()
            assert got["training"] == pytest.approx(seen, rel=1e-6, abs=1e-9), case
            new = ((powers(new_x, degree) @ best - new_t) ** 2).mean().item()
            assert got["validation"] == pytest.approx(new, rel=1e-5), case


def test_fault_quiz_agrees_with_pytorch(visit):
    page = visit("debugging.html").page
    element = "customElements.get('fault-quiz')"
    x = ((T_U - T_U.mean()) / T_U.std(correction=0))[:, None]
    target = T_C[:, None]
    loops = {
        "sound": (0.1, x, target, {}),
        "high": (1.02, x, target, {}),
        "low": (0.002, x, target, {}),
        "piling": (0.02, x, target, {"keep": True}),
        "strangers": (0.1, x, target, {"strangers": True}),
        "shuffled": (0.1, x, target.roll(-1, 0), {}),
        "broadcast": (0.1, x, T_C, {}),
        "raw": (3e-4, T_U[:, None], target, {}),
    }
    assert sorted(page.evaluate(f"{element}.kinds")) == sorted(loops)
    for kind, (lr, inputs, wanted, fault) in loops.items():
        line = torch.nn.Linear(1, 1, dtype=torch.float64)
        for param in line.parameters():
            torch.nn.init.zeros_(param)
        held = torch.nn.Linear(1, 1) if fault.get("strangers") else line
        optimizer = torch.optim.SGD(held.parameters(), lr=lr)
        losses = []
        for _ in range(61):
            if not fault.get("keep"):
                optimizer.zero_grad()
            loss = ((line(inputs) - wanted) ** 2).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert close(page.evaluate(f"k => {element}.compute(k)", kind), losses), kind


def test_fault_quiz_says_yes_to_the_right_fault_only(visit):
    page = visit("debugging.html").page
    quiz = page.locator("fault-quiz")
    kinds = page.evaluate("customElements.get('fault-quiz').kinds")
    for number, kind in enumerate(kinds, 1):
        quiz.locator("input").fill(str(number))
        assert quiz.locator("select").input_value() == "choose"
        for named in kinds:
            quiz.locator("select").select_option(named)
            said = quiz.locator("[role=status]").inner_text()
            assert said.startswith("Yes.") == (named == kind), (kind, named)


def test_digit_pad_agrees_with_pytorch(visit):
    page = visit("digits.html").page
    element = "customElements.get('digit-pad')"
    path = DOCS / "_static" / "data" / "digits-network.json"
    network = json.loads(path.read_text(encoding="utf-8"))
    held = page.evaluate("document.querySelector('digit-pad').network")
    assert held == network
    rng = torch.Generator().manual_seed(0)
    drawn = torch.randint(17, (20, 64), generator=rng).double()
    shown = [each["pixels"] for each in network["examples"]]
    images = torch.cat([torch.zeros(1, 64), drawn, torch.tensor(shown)]).double()
    got = page.evaluate(
        f"([network, images]) => images.map(x => {element}.compute(network, x))",
        [network, images.tolist()],
    )
    scores = read_back(network)(images).detach()
    assert close([each["scores"] for each in got], scores)
    assert close([each["probabilities"] for each in got], scores.softmax(dim=1))


def test_digit_pad_counts_and_shifts_as_the_collection_does(visit):
    page = visit("digits.html").page
    element = "customElements.get('digit-pad')"
    rng = torch.Generator().manual_seed(1)
    fine = torch.randint(2, (32, 32), generator=rng).double()
    got = page.evaluate(f"x => {element}.counted(x)", fine.flatten().tolist())
    assert close(got, (F.avg_pool2d(fine[None], 4) * 16).flatten())
    image = torch.randint(17, (8, 8), generator=rng).double()
    for across in range(-3, 4):
        got = page.evaluate(
            f"([x, a]) => {element}.shifted(x, a)", [image.flatten().tolist(), across]
        )
        wanted = F.pad(image, (3 + across, 3 - across))[:, 3:11]
        assert close(got, wanted.flatten()), across


def test_digit_pad_is_drawn_on_by_pointer_and_by_keyboard(visit):
    page = visit("digits.html").page
    pad = page.locator("digit-pad svg[role=application]")
    pad.scroll_into_view_if_needed()
    ink = "document.querySelector('digit-pad').fine.reduce((a, b) => a + b)"
    box = pad.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    assert page.evaluate(ink) == 0
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 200, steps=3)
    page.mouse.up()
    line = page.evaluate(ink)
    assert 40 < line < 200
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    assert page.evaluate(ink) == line
    page.locator("digit-pad input[type=button]").click()
    assert page.evaluate(ink) == 0
    pad.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(ink) == 0
    page.keyboard.down(" ")
    page.keyboard.press("ArrowRight")
    page.keyboard.up(" ")
    assert page.evaluate(ink) > 8
    assert page.locator("digit-pad [role=status]").inner_text().startswith("The")
