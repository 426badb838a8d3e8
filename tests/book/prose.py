"""Read the prose of a chapter as written, and find results typed into it by hand.

A number in prose that has a decimal point, a percent sign, an exponent or three or
more digits is a claim. It may be *computed* (`{value}`, `{final}`), *given* (it stands
as a literal in a code cell of the page, quoted source included), the *year* of a
reference, or part of a *name* (`float32`, Python 3.11). Anything else is a bare result.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from cells import FENCE, OPTION, VALUE, Cell, quoted, read_cells
from source import quote

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PACKAGE = ROOT / "code" / "neuralnet"

#: Options that readers see as text, and directives whose argument they see.
TEXT_OPTIONS = {"caption", "alt", "fold", "predict", "description"}
TITLED = {"admonition", "exercise", "note", "warning", "tip", "important", "dropdown"}
NOT_TEXT = [
    VALUE,
    re.compile(r"\{(?!math\})[\w:-]+\}`[^`]*`"),  # other roles: labels and names
    re.compile(r"https?://[^\s)>\"]+"),
    re.compile(r"\]\([^)\s]*\)"),
    re.compile(r"</?[A-Za-z][^<>$`]*>"),
    re.compile(r"^\([\w-]+\)=$"),
    re.compile(r"\\\\\[[^\]]*\]|\\[hv]space\*?\{[^}]*\}"),
]
NAMES = re.compile(
    r"\b(?:Python|PyTorch|NumPy|matplotlib|Matplotlib|torch|CC BY|version|Chromium)"
    r"\s*[≥=<>~]*\s*v?\d+(?:\.\d+)*|\b[A-Z]\w*-\d+\b|\b\d{3}0s\b"
)
POWER = re.compile(
    r"(?:(?P<mantissa>\d+(?:\.\d+)?)\s*(?:×|\\times|\\cdot)\s*)?"
    r"(?<![\d.])10(?:\^\{?(?P<caret>[-−+]?\d+)\}?|(?P<raised>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))"
)
NUMBER = re.compile(
    r"(?<![A-Za-z_0-9.])"
    r"(?P<whole>\d{1,3}(?:(?:,|\{,\}|\\,)\d{3})+(?!\d)|\d+)?(?P<fraction>\.\d+)?"
    r"(?P<exponent>[eE][-−+]?\d+)?(?!\d)(?P<percent>\s?(?:\\?%|per\s?cent\b))?"
)
RAISED = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹−", "-+0123456789-")


def pages() -> list[Path]:
    """All pages of the book."""
    return [path for path in sorted(DOCS.glob("*.md")) if path.stem[0] != "_"]


def code(cell: Cell) -> str:
    """The Python that a cell shows and runs."""
    if cell.quotes:
        return quoted(cell, lambda reference: quote(reference, PACKAGE))
    return "\n".join(cell.body)


def chapters() -> list[Path]:
    """The numbered pages that the front page lists, in reading order."""
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [
        DOCS / f"{line}.md"
        for block in blocks
        if ":numbered:" in block
        for line in block.splitlines()
        if line and not line.startswith(":")
    ]


def running() -> list[Path]:
    """The pages with code cells, the front page left out."""
    return [
        path
        for path in pages()
        if path.stem != "index" and read_cells(path.read_text(encoding="utf-8"))
    ]


def literals(sources: Iterable[str]) -> set[float]:
    """The numbers that stand in Python source, without their signs."""
    return {
        abs(value)
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        for value in numbers(node.value)
    }


def numbers(value: object) -> list[float]:
    """The numbers of a literal: itself, or those of a string that is a row of them."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [float(value)]
    if isinstance(value, str) and len(words := value.split()) > 1:
        try:
            return [float(word) for word in words]
        except ValueError:
            return []
    return []


def prose(text: str) -> Iterator[tuple[int, str]]:
    """The lines that readers read as text, numbered: no code, labels or roles."""
    cells = read_cells(text)
    inside = {n: cell for cell in cells for n in range(cell.line, cell.end + 1)}
    front = text.startswith("---")
    for number, line in enumerate(text.splitlines(), 1):
        if front and number > 1 and line.strip() == "---":
            front = False
            continue
        if number in inside:
            line = option_text(line) if in_options(number, inside[number]) else ""
        elif front:
            line = line.partition("description:")[2]
        elif opening := FENCE.match(line):
            name = opening[2].strip("{}")
            line = line[opening.end() :] if name in TITLED else ""
        elif OPTION.match(line):
            line = option_text(line)
        for pattern in NOT_TEXT:
            line = pattern.sub(" ", line)
        if line.strip():
            yield number, line


def in_options(number: int, cell: Cell) -> bool:
    return cell.line < number < (cell.body_line if cell.body else cell.end)


def option_text(line: str) -> str:
    """What a reader sees of an option line, in either of the forms of a cell."""
    found = re.match(r":?([\w-]+):(.*)", line.strip())
    if not found:
        return "" if line.strip() == "---" else line
    return found[2] if found[1] in TEXT_OPTIONS else ""


def claims(line: str) -> Iterator[tuple[str, list[float]]]:
    """The numbers of a line that need a source, with the values they may stand for."""
    line = NAMES.sub(" ", line)
    for match in POWER.finditer(line):
        power = int((match["caret"] or match["raised"]).translate(RAISED))
        yield match[0].strip(), [float(match["mantissa"] or 1) * 10.0**power]
    for match in NUMBER.finditer(POWER.sub(" ", line)):
        if not (match["whole"] or match["fraction"]):
            continue
        whole = re.sub(r"\D", "", match["whole"] or "0")
        plain = not (match["fraction"] or match["exponent"] or match["percent"])
        if plain and len(whole) < 3:
            continue
        exponent = (match["exponent"] or "").translate(RAISED)
        value = float(whole + (match["fraction"] or "") + exponent)
        yield match[0].strip(), [value, value / 100] if match["percent"] else [value]


def bare_results(text: str, given: set[float], years: set[int]) -> list[str]:
    """`line: number` for every number that is neither computed nor given."""
    known = given | {float(year) for year in years}

    def near(value: float) -> bool:
        return any(abs(value - each) <= 1e-12 * abs(each) for each in known)

    return [
        f"{number}: {shown}"
        for number, line in prose(text)
        for shown, values in claims(line)
        if not any(map(near, values))
    ]


def given(text: str) -> set[float]:
    """The literals of a page's code cells, quoted source included."""
    return literals(code(cell) for cell in read_cells(text))
