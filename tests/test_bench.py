"""The benchmark: what it reads, what it writes, and that it goes on without a peer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import environments
import growth
import peers
import pytest
from cells import expand, read_cells
from checkout import Checkout, executed
from cold import CLOCK, preloaded, times
from environments import NotReady, ready, step
from IPython.core.interactiveshell import InteractiveShell
from measure import Cost, Failed, memory, run
from source import quote
from table import table

ROOT = Path(__file__).parents[1]
MIB = 2**20


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


# What a command costs


def test_cost_is_of_the_command_and_of_what_it_started(tmp_path):
    """Asked by a small process: a child begins with the size of its parent."""
    child = "held = bytearray(150 * 2**20); print('held')"
    parent = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    )
    asked = (
        "import pathlib, sys, measure\n"
        f"cost = measure.run([sys.executable, '-c', {parent!r}], pathlib.Path('.'))\n"
        "print(cost.output.strip(), cost.largest)"
    )
    done = subprocess.run(
        python(asked),
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "tools" / "bench")},
        capture_output=True,
        text=True,
        check=True,
    )
    said, largest = done.stdout.split()
    assert said == "held"
    assert 150 * MIB < int(largest) < 400 * MIB


def test_memory_is_of_all_processes_at_once():
    child = "held = bytearray(100 * 2**20); print('.', end='', flush=True); input()"
    start = f"[subprocess.Popen([sys.executable, '-c', {child!r}]) for _ in range(2)]"
    parent = f"import subprocess, sys; [each.wait() for each in {start}]"
    pipe = subprocess.PIPE
    with subprocess.Popen(python(parent), stdin=pipe, stdout=pipe) as process:
        assert process.stdout.read(2) == b".."
        assert 200 * MIB < memory(process.pid) < 400 * MIB
        process.communicate(b"end\nend\n")
    assert memory(process.pid) == 0


def test_failed_command_says_its_last_lines(tmp_path):
    with pytest.raises(Failed, match="RuntimeError: why"):
        run(python("raise RuntimeError('why')"), tmp_path)


def test_table_has_straight_columns():
    shown = table("Lengths", ["of", "cm"], [["a hand", "18"], ["a foot", "30.5"]])
    assert shown.split("\n") == [
        "Lengths",
        "of        cm",
        "a hand    18",
        "a foot  30.5",
    ]


# Cold builds


def test_executed_pages_are_read_from_the_words_of_the_build():
    said = "executing one: 2 cells\nexecuted one: 2 cells\nexecuted two_b: 1 cells\n"
    assert executed(Cost(1, 1, output=said)) == ["one", "two_b"]


def test_builds_are_forgotten_with_or_without_the_results_of_cells(tmp_path):
    copy = Checkout.__new__(Checkout)
    copy.root, build = tmp_path, tmp_path / "_build"
    for path in ("executed/global.db", "html/index.html", "unchanged"):
        (build / path).parent.mkdir(parents=True, exist_ok=True)
        (build / path).touch()
    copy.forget(results=False)
    assert [path.name for path in build.iterdir()] == ["executed"]
    copy.forget(results=True)
    assert not list(build.iterdir())


def test_preloaded_modules_are_those_of_the_book():
    assert "torch" in preloaded((ROOT / "conf.py").read_text())
    with pytest.raises(ValueError, match="chapter_preload"):
        preloaded("project = 'Other'\n")


def test_clock_writes_a_line_a_cell_and_leaves_no_name(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CLOCK", str(tmp_path))
    shell = InteractiveShell()
    names = {"get_ipython": lambda: shell}
    exec(CLOCK, names)
    assert names.keys() == {"get_ipython", "__builtins__"}
    for cell in ("1", "sum(range(1_000_000))"):
        shell.run_cell(cell)
    short, long = times(tmp_path)
    assert 0 <= short < long


# Peers


@pytest.mark.pins
@pytest.mark.parametrize("peer", [peer for peer in peers.PEERS if peer.pins])
def test_peers_run_the_chapters_with_the_packages_of_the_book(peer):
    def pins(path: Path) -> set[str]:
        lines = path.read_text().splitlines()
        return {line for line in lines if not line.startswith("#")}

    theirs, ours = pins(environments.HERE / peer.pins), pins(ROOT / "requirements.txt")
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in theirs)
    names = ("torch", "numpy", "matplotlib", "scikit-learn", "tqdm", "ipykernel")
    used = {pin for pin in ours if pin.split("==")[0] in names}
    assert len(used) == len(names)
    assert used <= theirs


def test_page_that_was_not_executed_does_not_count(tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<div class="nboutput docutils">1</div>')
    peers.check(page, "nboutput")
    page.write_text('<div class="nbinput docutils">nboutput</div>')
    with pytest.raises(NotReady, match=r"page\.html has no outputs"):
        peers.check(page, "nboutput")
    page.write_text('<div class="nboutput">Traceback (most recent call last)</div>')
    with pytest.raises(NotReady, match=r"page\.html shows an error"):
        peers.check(page, "nboutput")


def test_peer_that_cannot_be_had_is_named_and_the_rest_measured(
    tmp_path, monkeypatch, capsys
):
    def time(peer, notebooks, kept):
        if peer.name == "nbsphinx":
            raise NotReady("no network")
        return Cost(6.0, 9.0)

    monkeypatch.setattr(peers, "time", time)
    peers.peers([], Cost(2.0, 3.0), 1, tmp_path)
    shown = capsys.readouterr().out
    assert re.search(r"^nbsphinx +- +-", shown, re.MULTILINE)
    assert "nbsphinx was not measured: no network" in shown
    assert re.search(r"^jupyter-book 1 +6\.0 +9\.0 +3\.00 +3\.00$", shown, re.MULTILINE)


def test_environment_counts_as_made_only_when_all_went_well(tmp_path, monkeypatch):
    made = []

    def make(place: Path, pins: Path) -> None:
        made.append(place)
        (place / "bin").mkdir(parents=True, exist_ok=True)
        (place / "bin" / "python").touch()
        if len(made) == 1:
            step(python("raise SystemExit('No route to host')"))

    monkeypatch.setattr(environments, "make", make)
    with pytest.raises(NotReady, match=r"no network\?.*No route to host"):
        ready("nbsphinx.txt", tmp_path)
    for _ in range(2):
        ready("nbsphinx.txt", tmp_path)
    assert made == [tmp_path / "env-nbsphinx"] * 2


# How it grows


def test_made_chapters_quote_draw_and_are_all_in_the_contents(tmp_path):
    class Folder:
        root = tmp_path

    docs, package = tmp_path / "docs", tmp_path / "code" / "neuralnet"
    for folder in (docs, package):
        folder.mkdir(parents=True)
    (docs / "tensors.md").write_text("# Of the book\n")
    growth.write(Folder, 12)
    assert not (docs / "tensors.md").exists()
    names = {path.stem for path in docs.glob("*.md")} - {"index"}
    assert len(names) == 12
    assert names < set((docs / "index.md").read_text().split())
    text = (docs / "chapter7.md").read_text()
    page = expand(text, lambda reference: quote(reference, package), "kernelspec: {}")
    assert "    rule.step()" in page.lines
    assert [cell.options.get("figure") for cell in read_cells(text)][-1] == "fig-loss-7"


def test_growth_is_told_by_the_chapter():
    few = Cost(20.0, 30.0, 500 * MIB, 400 * MIB)
    many = Cost(150.0, 200.0, 600 * MIB, 400 * MIB)
    lines = growth.report({10: few, 100: many}).splitlines()
    assert lines[2].split() == ["10", "20.0", "30.0", "2.00", "3.00", "500", "400"]
    assert lines[3].split() == ["100", "150.0", "200.0", "1.50", "2.00", "600", "400"]
    assert lines[4].split()[-4:] == ["0.75", "0.67", "1.20", "1.00"]
    assert lines[5] == "From 10 to 100, each chapter more takes 1.89 s of CPU."
