"""A cold build against the least that it could take.

That floor is what the cells themselves compute, shared by the processors, one set of
imports, and Sphinx with nothing to execute.
"""

from __future__ import annotations

import ast
import sys
import tempfile
from pathlib import Path

from checkout import ROOT, Checkout, executed
from measure import Cost, best_of, cores, run, tell
from table import ratios, seconds, table

#: Where the profile of the kernels has what IPython runs when it starts.
STARTUP = "docs/_style/ipython/profile_default/startup/clock.py"
#: Run in each kernel. The end of a cell comes after its figures are drawn. A kernel is
#: ended without a chance to write, hence a line a cell.
CLOCK = """
def _clock(file=__import__("os").environ.get("BENCH_CLOCK")):
    from os import getpid
    from time import process_time

    started = 0.0

    def begin(info):
        nonlocal started
        started = process_time()

    def end(result):
        with open(f"{file}/{getpid()}", "a") as times:
            print(process_time() - started, file=times)

    if file:
        events = get_ipython().events
        events.register("pre_run_cell", begin)
        events.register("post_run_cell", end)


_clock()
del _clock
"""
HEAD = ["", "wall s", "CPU s"]


def cold(book: Checkout, rounds: int) -> Cost:
    """Print the terms; gives the cost of the cold build."""
    clock = book.root / STARTUP
    clock.parent.mkdir(exist_ok=True)
    clock.write_text(CLOCK)
    modules = ", ".join(preloaded((ROOT / "conf.py").read_text()))
    counted: list[list[float]] = []

    def whole() -> Cost:
        tell("building the book, every cell executed")
        book.forget(results=True)
        with tempfile.TemporaryDirectory() as folder:
            cost = book.build(BENCH_CLOCK=folder)
            counted.append(times(Path(folder)))
        return cost

    def pages() -> Cost:
        tell("building it again, no cell executed")
        book.forget(results=False)
        cost = book.build()
        assert not executed(cost)
        return cost

    def imports() -> Cost:
        return run([sys.executable, "-P", "-c", f"import {modules}"], book.root)

    build, sphinx, once = best_of(rounds, whole, pages, imports)
    computed = min(map(sum, counted))
    cells = Cost(computed / cores(), computed)
    floor = cells + once + sphinx
    print(
        table(
            f"Cold build of the book, {cores()} cores",
            HEAD,
            [
                ["the build, every cell executed", *seconds(build)],
                [f"  {len(counted[0])} cells, shared by the cores", *seconds(cells)],
                ["  imports, once", *seconds(once)],
                ["  Sphinx, nothing executed", *seconds(sphinx)],
                ["floor: the sum of these three", *seconds(floor)],
                ["build / floor (goal 1.25)", *ratios(build, floor)],
            ],
        )
    )
    return build


def preloaded(conf: str) -> list[str]:
    """The modules that `conf.py` has imported for all chapters."""
    for node in ast.parse(conf).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="chapter_preload")]):
                names: list[str] = ast.literal_eval(node.value)
                return names
    raise ValueError("conf.py sets no chapter_preload")


def times(folder: Path) -> list[float]:
    """Seconds of each cell, as the clocks in the kernels wrote them."""
    return [
        float(line) for path in folder.iterdir() for line in path.read_text().split()
    ]
