"""The eleven readings: shape, dtype, and the copy that the explorable holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from neuralnet.thermometer import T_C, T_U

SCRIPT = Path(__file__).parents[1] / "docs/_static/explorables/descent-explorer.js"


@pytest.mark.parametrize("readings", [T_C, T_U])
def test_eleven_readings_in_float64(readings):
    assert readings.shape == (11,)
    assert readings.dtype == torch.float64


def test_readings_follow_fahrenheit_to_a_few_degrees():
    assert (T_C - 5 / 9 * (T_U - 32)).abs().max() < 4


@pytest.mark.parametrize(("name", "readings"), [("T_U", T_U), ("T_C", T_C)])
def test_the_explorable_holds_the_same_readings(name, readings):
    found = re.search(rf"{name} = \[([^\]]*)\]", SCRIPT.read_text(encoding="utf-8"))
    assert found
    assert [float(number) for number in found[1].split(",")] == readings.tolist()
