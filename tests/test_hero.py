"""The figure of the front page shows what was computed."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
import torch

mpl.use("agg")

from neuralnet.gradient_descent import least_squares, line_loss
from neuralnet.hero import draw_hero
from neuralnet.thermometer import T_C, T_U


@pytest.fixture(scope="module")
def figure():
    made = draw_hero()
    yield made
    plt.close(made)


def line_points(line):
    return torch.tensor(list(zip(*line.get_data(), strict=True)), dtype=torch.float64)


def test_star_stands_at_the_minimum(figure):
    star = line_points(figure.axes[0].lines[1])
    assert torch.allclose(star[0], least_squares((T_U - 40) / 10, T_C))


def test_every_step_of_the_path_goes_down(figure):
    path = line_points(figure.axes[0].lines[0])
    losses = [line_loss(place, (T_U - 40) / 10, T_C) for place in path]
    assert len(losses) == 13
    assert all(a > b for a, b in pairwise(losses))


def test_each_place_has_its_line(figure):
    path = line_points(figure.axes[0].lines[0])
    for place, line in zip(path, figure.axes[1].lines, strict=False):
        ends = line_points(line)
        assert torch.allclose(place[0] * ends[:, 0] + place[1], ends[:, 1])


def test_readings_are_drawn_where_they_were_taken(figure):
    dots = line_points(figure.axes[1].lines[-1])
    assert torch.allclose(10 * dots[:, 0] + 40, T_U)
    assert torch.equal(dots[:, 1], T_C)
