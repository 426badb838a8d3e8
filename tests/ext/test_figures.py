"""Figures: one SVG for both themes, the same bytes, alt text, size, colours."""

from __future__ import annotations

import os
import re
import subprocess
from itertools import combinations
from pathlib import Path

import figures
import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from programs import python

DOCS = Path(__file__).parents[2] / "docs"
RC = matplotlib.rc_params_from_file(
    DOCS / "_style" / "matplotlibrc", use_default_template=False
)
CYCLE = RC["axes.prop_cycle"].by_key()
WHITE, LIGHT, DARK, DARKER = "#ffffff", "#f8f9fb", "#1a1c1e", "#131416"

CONF = f"""
import os, sys
from pathlib import Path
sys.path.insert(0, {str(DOCS / "_ext")!r})
import figures
os.environ.update(figures.kernel_environment(Path({str(DOCS)!r})))
extensions = ["myst_nb", "figures"]
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
"""
DRAWING = """
import matplotlib.pyplot as plt
figure, axes = plt.subplots()
axes.plot([0, 1], [0, -1], label="falling")
axes.plot([0, 1], [0.5, 0], color="black")
axes.set_xlabel("x in °C")
axes.legend()
plt.show()
"""
PAGE = f"""---
file_format: mystnb
---
# Page

```{{code-cell}}
---
mystnb:
  image:
    alt: A line that falls from 0 to -1.
---
{DRAWING}
```

```{{code-cell}}
---
mystnb:
  image:
    alt: The same line again.
---
{DRAWING}
```

Line 40 or so.

```{{code-cell}}
plt.plot([2, 1])
plt.show()
```

```{{code-cell}}
---
mystnb:
  image:
    alt: Figure 1
---
plt.plot([1, 2])
plt.show()
```
"""

PIXELS = """---
file_format: mystnb
orphan: true
---
# Pixels

```{code-cell}
---
mystnb:
  image:
    alt: A falling line in pixels.
---
import matplotlib.pyplot as plt
from matplotlib_inline.backend_inline import set_matplotlib_formats
set_matplotlib_formats("png")
plt.plot([2, 1])
plt.show()
```
"""


def build(book: Path, *arguments: str) -> str:
    """Build a book in a process of its own; what it warned of."""
    command = [*python(), "-m", "sphinx", "-q", "-b", "html", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
    finished = subprocess.run(
        [*command, str(book), str(book / "_build")],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stderr


def published(book: Path) -> list[Path]:
    return sorted((book / "_build" / "_images").glob("*.svg"))


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A tiny book, built once; its folder and its warnings."""
    folder = tmp_path_factory.mktemp("figures")
    (folder / "conf.py").write_text(CONF)
    (folder / "index.md").write_text(PAGE)
    (folder / "pixels.md").write_text(PIXELS)
    return folder, build(folder)


def test_figure_is_svg_in_ink_of_the_page(book):
    folder, _ = book
    assert published(folder)
    for path in published(folder):
        svg = path.read_text()
        assert "currentColor" in svg
        assert "prefers-color-scheme:dark" in svg
        assert not any(ink in svg.lower() for ink in figures.INKS)


def test_figure_names_no_date_no_program_no_host(book):
    folder, _ = book
    for path in published(folder):
        svg = re.sub(r'xmlns(:\w+)?="[^"]*"', "", path.read_text())
        assert not re.search(r"dc:|matplotlib v|https?:|<!", svg, re.IGNORECASE)


def test_same_drawing_has_same_bytes(book):
    folder, _ = book
    page = (folder / "_build" / "index.html").read_text()
    sources = re.findall(r'<img [^>]*src="([^"]+)"', page)
    assert len(sources) == 4
    assert sources[0] == sources[1], "two drawings of one thing have two names"
    assert len(set(sources)) == 3


def test_figure_keeps_the_size_asked_for(book):
    folder, _ = book
    assert {figures.size(path.read_text()) for path in published(folder)} == {
        (480, 307)
    }


def test_image_has_size_and_all_but_the_first_load_late(book):
    folder, _ = book
    images = re.findall(r"<img [^>]*>", (folder / "_build" / "index.html").read_text())
    assert all('width="480" height="307"' in image for image in images)
    late = ["loading" in image and "decoding" in image for image in images]
    assert late == [False, True, True, True]


def test_size_does_not_make_the_image_a_link(book):
    folder, _ = book
    assert "image-reference" not in (folder / "_build" / "index.html").read_text()


def test_missing_and_default_alt_are_warnings_with_their_place(book):
    _, warnings = book
    fences = [
        number
        for number, line in enumerate(PAGE.splitlines(), start=1)
        if line.startswith("```{code-cell}")
    ]
    found = re.findall(r"index\.md:(\d+): WARNING: the alt text (.*?) \[", warnings)
    assert [problem for _, problem in found] == [
        "of a figure is missing",
        "of a figure says nothing: 'Figure 1'",
    ]
    # MyST-NB gives an output a line at the head of its cell
    for (line, _), fence in zip(found, fences[2:], strict=True):
        assert fence <= int(line) <= fence + 2


def test_no_other_warning(book):
    _, warnings = book
    assert len(re.findall(r"^.*WARNING.*$", warnings, re.MULTILINE)) == 3, warnings


def test_figure_in_pixels_is_a_warning_with_its_place(book):
    _, warnings = book
    assert re.search(r"pixels\.md:\d+: WARNING: a figure is png and not svg", warnings)


def test_page_from_the_cache_has_treated_figures(book):
    folder, _ = book
    before = {path.name: path.read_bytes() for path in published(folder)}
    for path in folder.rglob("*.svg"):
        path.unlink()
    for path in (folder / "_build" / ".doctrees").glob("*.doctree"):
        path.unlink()
    (folder / "index.md").touch()
    build(folder, "-E")
    assert {path.name: path.read_bytes() for path in published(folder)} == before


def test_numbers_in_exponent_form_stay():
    assert figures.shorten("M 1.234567e-05 7.654321") == "M 1.234567e-05 7.65"


def test_theme_leaves_data_colours():
    svg = '<svg><path style="stroke: #4868e0"/></svg>'
    assert 'style="stroke: #4868e0"' in figures.theme(svg)


def test_theme_renews_an_older_stylesheet():
    old = '<svg><style id="theme">svg{color:red}</style><g/></svg>'
    assert figures.theme(old) == f"<svg>{figures.STYLE}<g/></svg>"


@pytest.mark.parametrize(
    "alt",
    [
        "plot",
        "A figure",
        "<Figure size 500x320 with 1 Axes>",
        "_images/a1.svg",
        "Fig. 3",
    ],
)
def test_alt_that_says_nothing(alt):
    assert figures.DEFAULT_ALT.fullmatch(alt)


@pytest.mark.parametrize(
    "alt", ["A line falls from 3 to 1.", "Plot of tanh: flat beyond 3.", "Two curves"]
)
def test_alt_that_says_something(alt):
    assert not figures.DEFAULT_ALT.fullmatch(alt)


def test_kernel_environment_points_into_the_book_and_at_a_copy(tmp_path):
    environment = figures.kernel_environment(DOCS)
    assert Path(environment["MATPLOTLIBRC"]) == DOCS / "_style" / "matplotlibrc"
    profile = Path(environment["IPYTHONDIR"])
    assert (profile / "profile_default" / "ipython_kernel_config.py").exists()
    assert DOCS not in profile.parents


def linear(colour: str) -> np.ndarray:
    """Linear light of an sRGB colour (IEC 61966-2-1)."""
    value = np.array(to_rgb(colour))
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    dark, light = sorted([weights @ linear(one), weights @ linear(other)])
    return float((light + 0.05) / (dark + 0.05))


#: Machado, Oliveira and Fernandes (2009), severity 1, in linear light.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


def oklab(light: np.ndarray) -> np.ndarray:
    """Ottosson's OKLab of linear light; distances follow the eye."""
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return to_lab @ np.cbrt(to_cones @ np.clip(light, 0, 1))


@pytest.mark.parametrize("background", [WHITE, LIGHT, DARK, DARKER])
@pytest.mark.parametrize("colour", CYCLE["color"])
def test_data_colour_has_contrast_of_three(colour, background):
    assert contrast(to_hex(colour), background) >= 3


def test_text_has_contrast_of_seven():
    assert min(contrast(figures.LIGHT, ground) for ground in (WHITE, LIGHT)) >= 7
    assert min(contrast(figures.DARK, ground) for ground in (DARK, DARKER)) >= 7


@pytest.mark.parametrize("sight", SIGHT)
def test_data_colours_stay_apart(sight):
    seen = [oklab(SIGHT[sight] @ linear(colour)) for colour in CYCLE["color"]]
    gaps = {
        (i, j): float(np.linalg.norm(seen[i] - seen[j]))
        for i, j in combinations(range(len(seen)), 2)
    }
    assert min(gaps.values()) >= 0.09, gaps
    assert gaps[0, 1] >= 0.14, "the first two colours meet most often"


def test_line_styles_change_with_the_colours():
    styles = [str(style) for style in CYCLE["linestyle"]]
    assert len(set(styles)) == len(set(CYCLE["color"])) == 6


def test_the_ink_of_the_style_is_the_ink_that_is_replaced():
    inks = {
        to_hex(RC[name])
        for name in RC
        if name.endswith("color")
        and name.startswith(("text", "axes", "xtick", "ytick"))
        if RC[name] not in ("none", "inherit")
    }
    assert inks == {figures.INKS[0]}
