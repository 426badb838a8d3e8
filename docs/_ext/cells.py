"""Read a chapter's code cells, check them, and write them out for myst-nb.

The text of a chapter is Markdown with `{code-cell}` fences. This module knows the
options a cell may have, puts quoted source in place of quotations, and adds the
cells that compute the numbers of the prose. It works on text alone: what executes
the cells is in `execution`, what ties it to Sphinx in `chapters`.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import yaml

OPTIONS = ("quote", "caption", "label", "figure", "alt", "fold", "predict")
FENCE = re.compile(r"^(`{3,}|~{3,}|:{3,})(?!.*`)\s*(\S*)")
INDENTED = re.compile(r"^ {1,3}(?:`{3,}|~{3,}|:{3,})\s*\{code-cell\}")
OPTION = re.compile(r"^:([\w-]+):(?:[ \t]+(.*))?$")
VALUE = re.compile(r"\{(value|final)\}`([^`]+)`")
MIME = "application/x-value"


class ChapterError(ValueError):
    """What is wrong in a chapter, and on which line of it."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass
class Cell:
    """A code cell: where it stands, what it asks for, what it holds."""

    line: int
    end: int
    options: dict[str, str]
    body: list[str]
    body_line: int

    @property
    def quotes(self) -> list[str]:
        return self.options.get("quote", "").split()


@dataclass
class Expanded:
    """A chapter ready for myst-nb.

    `origin[i]` is the line of the written chapter that `lines[i]` comes from;
    `filled` is the text once the computed values stand in it.
    """

    lines: list[str] = field(default_factory=list)
    origin: list[int] = field(default_factory=list)
    filled: str = ""

    def add(self, line: str, origin: int) -> None:
        self.lines.append(line)
        self.origin.append(origin)

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def read_cells(text: str) -> list[Cell]:
    """All code cells at the top level of a chapter, in order."""
    lines = text.splitlines()
    cells = []
    number = 0
    while number < len(lines):
        opening = FENCE.match(lines[number])
        if INDENTED.match(lines[number]):
            raise ChapterError(number + 1, "a code cell begins at the margin")
        if not opening:
            number += 1
            continue
        end = closing(lines, number, opening[1])
        if opening[2].startswith("{code-cell}"):
            cells.append(read_cell(lines, number, end))
        number = end + 1
    return cells


def closing(lines: list[str], start: int, fence: str) -> int:
    """Index of the line that closes the fence opened at `start`."""
    pattern = re.compile(rf"^{re.escape(fence[0])}{{{len(fence)},}}\s*$")
    for number in range(start + 1, len(lines)):
        if pattern.match(lines[number]):
            return number
    raise ChapterError(start + 1, f"the block opened here with {fence} is not closed")


def read_cell(lines: list[str], start: int, end: int) -> Cell:
    options, body_start = read_options(lines, start + 1, end)
    body = lines[body_start:end]
    while body and not body[0].strip():
        del body[0]
        body_start += 1
    while body and not body[-1].strip():
        del body[-1]
    cell = Cell(start + 1, end + 1, options, body, body_start + 1)
    check_cell(cell)
    return cell


def read_options(lines: list[str], start: int, end: int) -> tuple[dict[str, str], int]:
    """The options of a cell, in `:key: value` lines or a block between `---`."""
    options: dict[str, str] = {}
    number = start
    if number < end and lines[number].strip() == "---":
        stop = number + 1
        while stop < end and lines[stop].strip() != "---":
            stop += 1
        try:
            given = yaml.safe_load("\n".join(lines[number + 1 : stop])) or {}
            pairs = {str(key): str(value).strip() for key, value in given.items()}
        except (yaml.YAMLError, AttributeError) as error:
            raise ChapterError(start, f"cell options are not valid: {error}") from error
        for key, value in pairs.items():
            check_option(key, value, options, start)
            options[key] = " ".join(value.split())
        return options, stop + 1
    while number < end and (match := OPTION.match(lines[number])):
        check_option(match[1], match[2] or "", options, number + 1)
        options[match[1]] = (match[2] or "").strip()
        number += 1
    return options, number


def check_option(key: str, value: str, options: dict[str, str], line: int) -> None:
    if key not in OPTIONS:
        close = difflib.get_close_matches(key, OPTIONS, 1)
        hint = (
            f"did you mean {close[0]!r}?" if close else f"known: {', '.join(OPTIONS)}"
        )
        raise ChapterError(line, f"unknown cell option {key!r}; {hint}")
    if key in options:
        raise ChapterError(line, f"cell option {key!r} is given twice")
    if not value.strip():
        raise ChapterError(line, f"cell option {key!r} has no value")


def check_cell(cell: Cell) -> None:
    options = cell.options
    if cell.quotes and cell.body:
        raise ChapterError(
            cell.body_line,
            "a cell that quotes has no body of its own: move the lines to a cell after",
        )
    if not cell.quotes and not cell.body:
        raise ChapterError(cell.line, "the cell is empty: give it a body or `quote`")
    for option, needed in [
        ("figure", "caption"),
        ("figure", "alt"),
        ("label", "caption"),
    ]:
        if option in options and needed not in options:
            raise ChapterError(cell.line, f"a cell with {option!r} needs {needed!r}")
    if "fold" in options and "predict" in options:
        raise ChapterError(cell.line, "a cell folds its input or its output, not both")
    if "figure" in options and "label" in options:
        raise ChapterError(cell.line, "`figure` is the label: leave `label` out")


def split_format(text: str) -> tuple[str, str]:
    """Split `expression:format` at the last colon outside brackets and strings."""
    depth, quote, cut = 0, "", -1
    for position, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == ":" and depth == 0:
            cut = position
    return (text, "") if cut < 0 else (text[:cut], text[cut + 1 :])


def find_values(text: str, cells: list[Cell]) -> dict[int, dict[str, int]]:
    """The expressions the prose asks for after each cell, with their first line."""
    found: dict[int, dict[str, int]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        for match in VALUE.finditer(line):
            expression = match[2].strip()
            index = place(match[1], number, cells)
            found.setdefault(index, {}).setdefault(expression, number)
            try:
                compile(split_format(expression)[0].strip(), "<value>", "eval")
            except SyntaxError as error:
                message = f"{{{match[1]}}} holds no expression: {expression!r}"
                raise ChapterError(number, f"{message} ({error.msg})") from error
    return found


def place(role: str, line: int, cells: list[Cell]) -> int:
    """Index of the cell after which an expression on this line is evaluated."""
    if not cells:
        raise ChapterError(line, f"{{{role}}} needs a code cell on the page")
    if role == "final":
        return len(cells) - 1
    # Captions and alt texts stand inside their cell and see its names.
    before = [index for index, cell in enumerate(cells) if cell.line <= line]
    if not before:
        raise ChapterError(line, "{value} stands before the first cell; use {final}")
    return before[-1]


def value_cell(key: str, expression: str) -> str:
    """The line of Python that publishes one value of the prose; it binds no name."""
    source, spec = split_format(expression)
    return (
        f"get_ipython().display_pub.publish({{{MIME!r}: "
        f"format({source.strip()}, {spec.strip()!r})}}, {{'key': {key!r}}})"
    )


def expand(text: str, quote: Callable[[str], str], kernelspec: str) -> Expanded:
    """The chapter with its quotations filled in and its value cells added.

    `quote` turns a reference into source or raises `ValueError`; `kernelspec` is
    the line of front matter that names the kernel.
    """
    cells = read_cells(text)
    values = find_values(text, cells)
    # Sorted, so that a sentence moved within the prose changes no cell.
    keys = {
        (index, expression): f"{index}.{rank}"
        for index, expressions in values.items()
        for rank, expression in enumerate(sorted(expressions))
    }
    starts = {cell.line: index for index, cell in enumerate(cells)}
    result = Expanded()

    def mark(line: str, number: int) -> str:
        """Give each role of a line the key under which its value is published."""

        def key(match: re.Match[str]) -> str:
            wanted = place(match[1], number, cells), match[2].strip()
            if wanted not in keys:
                raise ChapterError(number, f"write {match[0]} on one line")
            return f"{{value}}`{keys[wanted]}`"

        return VALUE.sub(key, line)

    skip_to = 0
    for number, line in enumerate(text.splitlines(), 1):
        if number < skip_to:
            continue
        if number in starts:
            index = starts[number]
            write_cell(cells[index], mark, quote, result)
            for expression, origin in sorted(values.get(index, {}).items()):
                write_value(keys[index, expression], expression, origin, result)
            skip_to = cells[index].end + 1
            continue
        result.add(mark(line, number), number)
        if number == 1 and line.strip() == "---":
            result.add(kernelspec, number)
    return result


def write_cell(
    cell: Cell,
    mark: Callable[[str, int], str],
    quote: Callable[[str], str],
    result: Expanded,
) -> None:
    marked = {key: mark(value, cell.line) for key, value in cell.options.items()}
    for line in dress(cell, marked):
        result.add(line, cell.line)
    for line in ["", "```{code-cell} python"]:
        result.add(line, cell.line)
    if cell.quotes:
        for line in quoted(cell, quote).splitlines():
            result.add(line, cell.line)
    for offset, line in enumerate(cell.body):
        result.add(line, cell.body_line + offset)
    result.add("```", cell.end)


def quoted(cell: Cell, quote: Callable[[str], str]) -> str:
    """The source of all that a cell quotes, spaced as a module would be."""
    try:
        parts = [quote(reference) for reference in cell.quotes]
    except ValueError as error:
        raise ChapterError(cell.line, str(error)) from error
    text = parts[0]
    for before, after in itertools.pairwise(parts):
        small = "\n" not in before and "\n" not in after
        text += ("\n" if small else "\n\n\n") + after
    return text


def dress(cell: Cell, options: dict[str, str]) -> Iterator[str]:
    """The directive that carries a cell's options to its place on the page.

    They stay out of the cell's metadata, which is part of the cache's key: a new
    caption is no reason to run the page again.
    """
    shown = [
        key
        for key in ("figure", "label", "alt", "fold", "predict")
        if key in cell.options
    ]
    if not shown and "caption" not in options:
        return
    yield ""
    yield "````{dress}"
    for key in shown:
        yield f":{key}: {json.dumps(options[key], ensure_ascii=False)}"
    yield ""
    yield options.get("caption", "")
    yield "````"


def write_value(key: str, expression: str, origin: int, result: Expanded) -> None:
    for line in [
        "",
        "```{code-cell} python",
        ":tags: [remove-cell]",
        value_cell(key, expression),
        "```",
    ]:
        result.add(line, origin)


SUPERSCRIPTS = dict(zip("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))


def typeset(text: str) -> str:
    """Python's way of writing a number, made into print: 1e-04 to 1 × 10⁻⁴.

    >>> typeset("-17.30"), typeset("3.4e-04"), typeset("1e+02"), typeset("tanh")
    ('−17.30', '3.4 × 10⁻⁴', '1 × 10²', 'tanh')
    """
    text = re.sub(
        r"(?<=\d)e([+-]?\d+)",
        lambda match: (
            " × 10" + "".join(SUPERSCRIPTS[char] for char in str(int(match[1])))
        ),
        text,
    )
    return re.sub(r"(?<![\w)])-(?=[\d.∞]|inf)", "−", text)
