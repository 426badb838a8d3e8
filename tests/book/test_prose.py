"""The chapters as written: computed numbers, words, cells, terms and references."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from book.prose import DOCS, ROOT, bare_results, chapters, code, given, pages, prose
from cells import read_cells
from pybtex.database import BibliographyData, parse_file

PAGES = pytest.mark.parametrize("path", pages(), ids=lambda path: path.stem)
BANNED = [
    *("simply", "just", "obviously", "trivially", "needless to say", "of course"),
    *("let's", "let us", "dive in", "dive into", "deep dive", "delve"),
    *("in this chapter", "in the next chapter", "we will explore", "we learned"),
    *("as we can see", "we can see that", "it is important to", "note that"),
    *("crucial", "solid understanding", "seamless", "leverage", "game changer"),
    "cost function",
]
WORDS = re.compile(r"\b(" + "|".join(map(re.escape, BANNED)) + r")\b", re.IGNORECASE)
EMOJI = re.compile("[\u2600-\u26ff\u2705-\u27bf\U0001f300-\U0001faff]")
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
CITED = re.compile(r"\{cite:\w+\}`([^`]+)`")
YEAR = re.compile(r"(18|19|20)\d\d")
TERM = re.compile(r"\{term\}`(?:[^`<]*<)?([^`<>]+)>?`")
RETURN_NOTHING = {"print", "show", "backward", "step", "zero_grad", "append", "extend"}


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def bibliography() -> BibliographyData:
    return parse_file(str(DOCS / "references.bib"))


def years() -> set[int]:
    found = [entry.fields.get("year", "") for entry in bibliography().entries.values()]
    return {int(year) for year in found if year.isdigit()}


# Numbers


@PAGES
def test_every_result_in_the_prose_is_computed(path):
    text = read(path)
    bare = bare_results(text, given(text), years())
    assert not bare, "\n".join(
        ["typed in by hand; write {value}`...` or {final}`...`:"]
        + [f"docs/{path.name}:{each}" for each in bare]
    )


CELL = "```{code-cell}\nrate = 0.1\nfor step in range(5_000):\n    w = 1e-3\n```\n"


@pytest.mark.parametrize(
    ("line", "bare"),
    [
        ("The loss is 2.93.", ["2.93"]),
        ("It falls by 40 % in a step.", ["40 %"]),
        ("It falls by 40 per cent.", ["40 per cent"]),
        ("After 500 steps", ["500"]),
        ("After 1,764 steps", ["1,764"]),
        ("a limit of 3.4e-4", ["3.4e-4"]),
        ("a limit of 3.4 × 10⁻⁴", ["3.4 × 10⁻⁴"]),
        (r"$w = 0.54$", ["0.54"]),
        (r"$\eta < 3.4 \times 10^{-4}$", [r"3.4 \times 10^{-4}"]),
        (r"$0.044715z^3$", ["0.044715"]),
        (r"$1{,}764$", ["1{,}764"]),
        ("`w = 0.54`", ["0.54"]),
        ("## A loss of 2.93", ["2.93"]),
        ("| w | 0.54 |", ["0.54"]),
        ("```{admonition} A loss of 2.93\ntext\n```", ["2.93"]),
        ("```{exercise} From 2.93\n:label: ex-one-1\ntext\n```", ["2.93"]),
        ("```{math}\n:label: eq-one\nw = 0.54\n```", ["0.54"]),
        ("```{code-cell}\n:caption: A loss of 2.93\nx = 1\n```", ["2.93"]),
        ("```{code-cell}\n:alt: It ends at 2.93\nx = 1\n```", ["2.93"]),
        ("```{code-cell}\n---\nalt: It\n  ends at 2.93\n---\nx = 1\n```", ["2.93"]),
        ("```{explorable} a-b\n:caption: From 2.93\nto 2.94\n```", ["2.93", "2.94"]),
        ("In 2024 somebody said so.", ["2024"]),
        ("---\ndescription: A loss of 2.93\n---", ["2.93"]),
    ],
)
def test_checker_finds_bare_result(line, bare):
    text = f"{line}\n\n{CELL}"
    found = bare_results(text, given(text), {1989})
    assert [each.split(": ", 1)[1] for each in found] == bare


@pytest.mark.parametrize(
    "line",
    [
        "The loss is {value}`loss:.2f` after {final}`len(history):,` steps.",
        "With a rate of 0.1 and `w = 1e-3`, 5,000 steps, 10 %, $5000$, $10^{-3}$.",
        "Eleven readings, 8×8 digits, 64-32-16-10, one in 10, page 99.",
        "float32, Conv2d, CIFAR-100, Python 3.11, PyTorch 2.13, the 1980s",
        "Found in 1989.",
        "{cite:t}`other2024`, {numref}`fig-100`, {py:func}`torch.exp2345`",
        "[a page](https://example.org/1234) and <https://example.org/5678>",
        '<a href="page-1234.html">here</a>',
        "(target-1234)=",
        "```{math}\n:label: eq-1234\na = b \\\\[12.5pt] c\n```",
        "```{code-cell}\n:label: lst-1234\n:caption: A title\nx = 2.93\n```",
    ],
)
def test_checker_lets_pass(line):
    text = f"{line}\n\n{CELL}"
    assert bare_results(text, given(text), {1989}) == []


def test_checker_knows_the_literals_of_quoted_source():
    assert 20.0 in given("```{code-cell}\n:quote: activations.softplus\n```")


def test_checker_names_the_line():
    assert bare_results("one\n\ntwo is 2.93\n", set(), set()) == ["3: 2.93"]


def test_result_in_a_string_is_no_given():
    assert given("```{code-cell}\nprint('loss 2.93')\n```") == set()


def test_row_of_numbers_in_a_string_is_given():
    assert given("```{code-cell}\nx = '0 1e-30 nan'.split()\n```") >= {0.0, 1e-30}


# Words


def banned(text: str) -> list[str]:
    found = []
    for number, line in prose(text):
        line = re.sub(r"`[^`]*`|\$[^$]*\$", " ", line).replace("’", "'")
        found += [f"{number}: {match[0]}" for match in WORDS.finditer(line)]
        found += [f"{number}: {match[0]}" for match in EMOJI.finditer(line)]
    return found


@PAGES
def test_no_banned_word(path):
    found = banned(read(path))
    assert not found, "\n".join(f"docs/{path.name}:{each}" for each in found)


def test_banned_word_is_found_in_prose_and_let_pass_in_code():
    text = (
        "It is Just so, let’s go.\n\n`just` and 😀\n\n```{code-cell}\njust = 1\n```\n"
    )
    assert banned(text) == ["1: Just", "1: let's", "3: 😀"]


# Cells


@PAGES
def test_every_code_cell_is_read_and_run(path):
    """A cell inside another directive would be shown and never run."""
    text = read(path)
    if not text.startswith("---\nfile_format: mystnb\n"):
        return  # nothing runs there, and Sphinx knows no such directive
    written = re.findall(r"^\s*[`~:]{3,}\s*\{code-cell\}", text, re.MULTILINE)
    assert len(written) == len(read_cells(text))


@PAGES
def test_cell_that_draws_has_alt_text_and_ends_in_show(path):
    for cell in read_cells(read(path)):
        source = code(cell)
        draws = "plt.show()" in source
        place = f"docs/{path.name}:{cell.line}"
        assert draws == ("alt" in cell.options), f"{place}: alt text and plt.show()"
        last = source.rstrip().splitlines()[-1]
        assert not draws or last == "plt.show()", f"{place}: ends in {last!r}"


@PAGES
def test_cell_that_draws_begins_a_figure_of_its_own(path):
    """A notebook closes figures after a cell; in a script drawings would pile up."""
    begins = re.compile(r"plt\.(subplots|figure|subplot_mosaic)\(|\bdraw_\w+\(")
    without = [
        f"docs/{path.name}:{cell.line}: no plt.subplots()"
        for cell in read_cells(read(path))
        if "plt.show()" in code(cell) and not begins.search(code(cell))
    ]
    assert not without, "\n".join(without)


def shows_itself(source: str) -> bool:
    """Whether the last statement is an expression that only a notebook prints."""
    body = ast.parse(source).body
    if not body or not isinstance(body[-1], ast.Expr):
        return False
    value = body[-1].value
    if not isinstance(value, ast.Call):
        return True
    name = ast.unparse(value.func).rpartition(".")[2]
    return name not in RETURN_NOTHING and not name.startswith("print_")


@PAGES
def test_no_cell_ends_in_a_bare_expression(path):
    for cell in read_cells(read(path)):
        place = f"docs/{path.name}:{cell.line}"
        assert not shows_itself(code(cell)), f"{place}: shows nothing as a script"


@pytest.mark.parametrize(
    "source", ["x", "x = 1\nx + 1", "f(x)", "torch.manual_seed(0)"]
)
def test_bare_expression_is_found(source):
    assert shows_itself(source)


@pytest.mark.parametrize(
    "source",
    ["x = 1", "print(x)", "plt.show()", "loss.backward()", "print_table(rows)"],
)
def test_statement_and_print_are_no_bare_expression(source):
    assert not shows_itself(source)


def imported(source: str) -> set[str]:
    """The top-level names of the packages that source imports."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "." * node.level).partition(".")[0])
    return names


@PAGES
def test_no_page_imports_the_book(path):
    for cell in read_cells(read(path)):
        own = imported(code(cell)) & {"neuralnet", "code", ""}
        assert not own, f"docs/{path.name}:{cell.line}: imports {own}"


def test_import_of_the_book_is_found_wherever_it_stands():
    source = "def f():\n    from neuralnet.losses import mse_loss\n"
    assert imported(source) == {"neuralnet"}


@PAGES
@pytest.mark.parametrize("tag", ["remove-input", "remove-cell", "hide-", "skip-exec"])
def test_no_cell_is_hidden(path, tag):
    assert tag not in read(path)


# Terms and references


def glossary() -> dict[str, str]:
    """Terms with their definitions, from the glossary directives."""
    terms: dict[str, str] = {}
    current: list[str] = []
    inside = False
    for line in read(DOCS / "glossary.md").splitlines():
        if line.startswith("```"):
            inside = "{glossary}" in line
        elif inside and line.strip() and line[0] not in " :":
            if current and terms[current[0]]:
                current = []
            current.append(line.strip())
            terms[line.strip()] = ""
        elif inside and line.strip():
            for term in current:
                terms[term] += line.strip(" :") + " "
    return terms


def used_terms() -> list[tuple[str, int, str]]:
    return [
        (path.name, number, " ".join(term.split()))
        for path in pages()
        for number, line in enumerate(read(path).splitlines(), 1)
        for term in TERM.findall(line)
    ]


def test_every_term_is_in_the_glossary():
    known = {term.lower() for term in glossary()}
    unknown = [
        f"docs/{name}:{number}: {term}"
        for name, number, term in used_terms()
        if term.lower() not in known
    ]
    assert not unknown, "\n".join(unknown)


def test_every_glossary_entry_has_a_japanese_term():
    terms = glossary()
    without = [term for term, said in terms.items() if not JAPANESE.search(said)]
    assert terms
    assert not without


def cited() -> set[str]:
    return {
        key.strip()
        for path in pages()
        for keys in CITED.findall(read(path))
        for key in keys.split(",")
    }


def test_every_reference_is_cited_and_every_citation_has_a_reference():
    assert set(bibliography().entries) == cited()


def test_every_reference_has_a_year():
    entries = bibliography().entries.items()
    years = {key: entry.fields.get("year", "") for key, entry in entries}
    assert {k: year for k, year in years.items() if not YEAR.fullmatch(year)} == {}


def test_every_reference_says_where_it_is_found():
    wanted = {"doi", "eprint", "url", "isbn"}
    entries = bibliography().entries.items()
    fields = {key: {name.lower() for name in entry.fields} for key, entry in entries}
    assert [key for key, names in fields.items() if not names & wanted] == []


def test_chapters_are_found():
    assert {path.stem for path in chapters()} >= {"activations", "gradient_descent"}
    assert ROOT.joinpath("conf.py").is_file()
