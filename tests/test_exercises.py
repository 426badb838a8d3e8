"""Exercises: solutions pass, stubs fail, wrong answers get a hint."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from book.prose import PACKAGE, ROOT, chapters
from cells import FENCE, closing, read_cells
from programs import python

STEMS = [path.stem for path in chapters()]
EACH = pytest.mark.parametrize("stem", STEMS)
SAID = re.compile(r"^Exercise (\d+), (.+): (right|not answered yet|not yet\..*)$", re.M)


def mark(answers: Path, marker: str = "") -> subprocess.CompletedProcess[str]:
    """Mark a folder of answers as a reader would, with pytest itself."""
    command = [*python(), "-m", "pytest", f"tests/exercises/{marker}", "-q"]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", f"--answers={answers}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


# What a chapter, its marker and its modules say


@dataclass(frozen=True)
class Exercise:
    """An exercise as the chapter writes it, with what its solution quotes."""

    label: str
    title: str
    text: str
    level: str
    quotes: tuple[str, ...]


def exercises(text: str) -> list[Exercise]:
    """The exercises of a chapter, in order."""
    lines = text.splitlines()
    cells = read_cells(text)
    found = []
    starts: dict[str, tuple[int, int]] = {}
    blocks = []
    number = 0
    while number < len(lines):
        opening = FENCE.match(lines[number])
        if not opening:
            number += 1
            continue
        end = closing(lines, number, opening[1])
        name, argument = opening[2], lines[number][opening.end() :].strip()
        if name == "{exercise}":
            blocks.append((argument, lines[number + 1 : end]))
        if name == "{solution-start}":
            starts[argument] = (end, len(lines))
        if name == "{solution-end}" and starts:
            label, (start, _) = list(starts.items())[-1]
            starts[label] = (start, number)
        number = end + 1
    for title, body in blocks:
        options = dict(re.findall(r"^:(\w+): *(.*)$", "\n".join(body), re.MULTILINE))
        start, stop = starts.pop(options.get("label", ""), (0, 0))
        inside = [cell for cell in cells if start < cell.line - 1 < stop]
        quotes = tuple(quote for cell in inside for quote in cell.quotes)
        label, level = options.get("label", ""), options.get("class", "")
        found.append(Exercise(label, title, "\n".join(body), level, quotes))
    assert not starts, f"solutions without an exercise: {', '.join(starts)}"
    return found


def chapter(stem: str) -> list[Exercise]:
    path = next(path for path in chapters() if path.stem == stem)
    return exercises(path.read_text(encoding="utf-8"))


def checks(stem: str) -> dict[int, tuple[str, set[str]]]:
    """Number, title and the names asked of `answers`, for each check of a marker."""
    tree = ast.parse((ROOT / "tests" / "exercises" / f"test_{stem}.py").read_text())
    found: dict[int, tuple[str, set[str]]] = {}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for call in node.decorator_list:
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(
                "exercise"
            ):
                number, title = (ast.literal_eval(arg) for arg in call.args)
                asked = {
                    each.attr
                    for each in ast.walk(node)
                    if isinstance(each, ast.Attribute)
                    and isinstance(each.value, ast.Name)
                    and each.value.id == "answers"
                }
                assert number not in found, f"two checks of exercise {number}"
                found[number] = (title, asked)
    return found


def signatures(folder: str, stem: str) -> dict[str, str]:
    """Name, arguments and first docstring line of each public function."""
    tree = ast.parse((PACKAGE / folder / f"{stem}.py").read_text())
    return {
        node.name: f"({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}"
        if node.returns
        else f"({ast.unparse(node.args)})"
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


@EACH
def test_chapter_has_five_to_eight_exercises_of_three_levels(stem):
    found = chapter(stem)
    assert 5 <= len(found) <= 8
    assert {each.level for each in found} == {"recall", "practice", "challenge"}


@EACH
def test_exercises_are_numbered_in_order(stem):
    plain = stem.replace("_", "-")
    labels = [each.label.replace("_", "-") for each in chapter(stem)]
    assert labels == [f"ex-{plain}-{n}" for n in range(1, len(labels) + 1)]


@EACH
def test_every_exercise_has_one_check_of_its_title(stem):
    titles = {n: each.title for n, each in enumerate(chapter(stem), 1)}
    assert {n: title for n, (title, _) in checks(stem).items()} == titles


@EACH
def test_every_exercise_names_what_its_check_calls(stem):
    for number, (_, asked) in checks(stem).items():
        assert asked, f"the check of exercise {number} calls nothing of `answers`"
        text = chapter(stem)[number - 1].text
        missing = [name for name in asked if f"`{name}" not in text]
        assert not missing, f"exercise {number} does not say `{missing[0]}`"


@EACH
def test_every_solution_quotes_what_the_check_calls(stem):
    for number, (_, asked) in checks(stem).items():
        wanted = {f"solutions.{stem}.{name}" for name in asked}
        assert wanted <= set(chapter(stem)[number - 1].quotes), f"exercise {number}"


@EACH
def test_stubs_and_solutions_have_the_same_signatures(stem):
    stubs = signatures("exercises", stem)
    solutions = signatures("solutions", stem)
    asked = {name for _, names in checks(stem).values() for name in names}
    assert set(stubs) == asked
    assert {name: solutions.get(name) for name in stubs} == stubs


@EACH
def test_every_stub_does_nothing_but_raise(stem):
    tree = ast.parse((PACKAGE / "exercises" / f"{stem}.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            said, raised = node.body
            assert ast.unparse(raised) == "raise NotImplementedError", node.name
            assert isinstance(said, ast.Expr), node.name


def test_exercise_and_its_solution_are_read():
    text = (
        "```{exercise} One\n:label: ex-a-1\n:class: recall\n\nWrite `f(x)`.\n```\n"
        "```{solution-start} ex-a-1\n:class: dropdown\n```\n"
        "```{code-cell}\n:quote: solutions.a.f\n```\n```{solution-end}\n```\n"
        "```{code-cell}\n:quote: a.g\n```\n"
    )
    (one,) = exercises(text)
    assert (one.label, one.title, one.level) == ("ex-a-1", "One", "recall")
    assert one.quotes == ("solutions.a.f",)


def test_solution_without_exercise_is_found():
    with pytest.raises(AssertionError, match="ex-a-2"):
        exercises("```{solution-start} ex-a-2\n```\n```{solution-end}\n```\n")


# What the marker says


def expected() -> set[tuple[str, str]]:
    return {
        (str(number), title)
        for stem in STEMS
        for number, (title, _) in checks(stem).items()
    }


def said(output: str) -> dict[tuple[str, str], str]:
    """The marker's verdict on each exercise; each is given once."""
    found = SAID.findall(output)
    assert len(found) == len({line[:2] for line in found}), output
    return {(number, title): verdict for number, title, verdict in found}


def test_every_solution_is_right():
    done = mark(PACKAGE / "solutions")
    assert done.returncode == 0, done.stdout + done.stderr
    assert said(done.stdout) == dict.fromkeys(expected(), "right")


def test_every_untouched_stub_is_not_answered_yet():
    done = mark(PACKAGE / "exercises")
    assert done.returncode == 1, done.stdout + done.stderr
    assert said(done.stdout) == dict.fromkeys(expected(), "not answered yet")
    assert "Traceback" not in done.stdout


def wrong(stubs: str, constant: bool) -> str:
    """The stubs, filled in so that each gives 0.0 or its first argument back."""
    tree = ast.parse(stubs)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            plain = constant or not node.args.args
            answer = "0.0" if plain else node.args.args[0].arg
            node.body = ast.parse(f"return {answer}", mode="exec").body
    return ast.unparse(tree)


@pytest.mark.parametrize("constant", [True, False], ids=["zero", "first argument"])
def test_wrong_answers_get_their_hint_and_no_traceback(tmp_path, constant):
    for stem in STEMS:
        stubs = (PACKAGE / "exercises" / f"{stem}.py").read_text()
        (tmp_path / f"{stem}.py").write_text(wrong(stubs, constant))
    done = mark(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    verdicts = said(done.stdout)
    assert set(verdicts) == expected()
    assert [key for key, verdict in verdicts.items() if verdict == "right"] == []
    assert done.stdout.count("\n    Hint: ") == len(verdicts)
    for trace in ("Traceback", "def test_", "test_exercises", "FAILED"):
        assert trace not in done.stdout


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """What is said of a file with several things wrong, other chapters not begun."""
    folder = tmp_path_factory.mktemp("answers")
    path = folder / "activations.py"
    first, second, third = [min(asked) for _, asked in checks("activations").values()][
        :3
    ]
    path.write_text(
        "import warnings\n\n"
        f"def {first}(*args):\n    print('here')\n    return 3\n\n"
        f"def {second}(*args):\n    return nothing\n\n"
        f"def {third}(*args):\n    warnings.warn('careful')\n    return 3\n"
    )
    return path, mark(folder).stdout


def test_what_an_answer_printed_is_shown(mixed):
    assert "\n    Your code printed:\n    here\n" in mixed[1]


def test_error_is_shown_with_its_line(mixed):
    path, output = mixed
    said = f"not yet. {path}, line 8: NameError: name 'nothing' is not defined\n"
    assert said in output


def test_warning_is_no_error(mixed):
    assert "Exercise 3, " in mixed[1]
    assert "Warning" not in mixed[1]


def test_missing_function_is_named(mixed):
    path, output = mixed
    missing = min(list(checks("activations").values())[-1][1])
    assert f"not yet. There is no `{missing}` in {path}.\n" in output


@pytest.mark.parametrize("stem", [stem for stem in STEMS if stem != "activations"])
def test_missing_file_is_named_once(mixed, stem):
    assert mixed[1].count(f"make exercise CHAPTER={stem} writes it") == 1


def test_syntax_error_is_said_once_with_its_line(tmp_path):
    path = tmp_path / "activations.py"
    path.write_text("x = 1\ndef f(:\n")
    done = mark(tmp_path, "test_activations.py")
    said = f"Cannot read {path}: {path}, line 2: SyntaxError: invalid syntax\n"
    assert done.stdout.count(said) == 1
    assert done.returncode == 1


# The command


def exercise(root: Path, *chapter: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tools/exercise.py", *chapter],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("asked", [[], [""], ["nosuch"], ["../activations"]])
def test_unknown_chapter_fails_and_lists_the_chapters(asked):
    done = exercise(ROOT, *asked)
    assert done.returncode != 0
    assert all(stem in done.stderr for stem in STEMS)
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_command_writes_the_stubs_once_and_marks_what_the_reader_wrote(tmp_path):
    for part in ("code", "tests/conftest.py", "tests/exercises", "tools"):
        source, target = ROOT / part, tmp_path / part
        target.parent.mkdir(exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, target)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "docs" / "_ext").mkdir(parents=True)

    first = exercise(tmp_path, "activations")
    answers = tmp_path / "answers" / "activations.py"
    assert first.returncode == 0, "unanswered is no failure of the command"
    assert "Wrote answers/activations.py" in first.stdout
    assert first.stdout.count("not answered yet") == len(checks("activations"))

    solution = (PACKAGE / "solutions" / "activations.py").read_text()
    answers.write_text(solution)
    second = exercise(tmp_path, "activations")
    assert second.returncode == 0, second.stdout
    assert second.stdout.count(": right\n") == len(checks("activations"))
    assert answers.read_text() == solution
