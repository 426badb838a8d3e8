"""The same chapters, built by other tools.

They get the chapters as the notebooks that the book publishes, which have no outputs,
and must execute every cell: a page without outputs, or with an error, stops the bench.
Figures are drawn in the book's style, one thread a process, like the book's own.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from checkout import ROOT
from environments import NotReady, ready
from measure import Cost, Failed, cores, least, run, tell
from table import ratios, seconds, table

CONTENTS = "Chapters\n========\n\n.. toctree::\n   :glob:\n\n   *\n"
CONF = 'html_theme = "furo"\nroot_doc = "contents"\nlanguage = "en"\n'
NBSPHINX = {
    "contents.rst": CONTENTS,
    "conf.py": CONF
    + 'extensions = ["nbsphinx", "sphinx.ext.mathjax"]\n'
    + 'nbsphinx_execute = "always"\nnbsphinx_timeout = 600\n',
}
MYST_NB = {
    "contents.rst": CONTENTS,
    "conf.py": CONF
    + 'extensions = ["myst_nb"]\nmyst_enable_extensions = ["dollarmath"]\n'
    + 'nb_execution_mode = "force"\nnb_execution_timeout = 600\n'
    + "nb_execution_raise_on_error = True\n",
}
JUPYTER_BOOK = {
    "contents.md": "# Chapters\n",
    "_config.yml": "title: Chapters\nexecute:\n  execute_notebooks: force\n"
    + "  timeout: 600\n  raise_on_error: true\n",
    "_toc.yml": "format: jb-book\nroot: contents\nchapters:\n- glob: '*'\n",
}


@dataclass(frozen=True)
class Peer:
    name: str
    #: The file of its pins; the tools in the book's environment need none.
    pins: str
    #: What its project has beside the notebooks.
    files: Mapping[str, str]
    #: What `python` is given to build it.
    arguments: Sequence[str]
    pages: str
    #: What marks an output on its pages.
    output: str


SPHINX = ("-m", "sphinx", "-b", "html", ".", "_build")
BESIDE = (*SPHINX, "-j", str(cores()))
PEERS = [
    Peer("nbsphinx", "nbsphinx.txt", NBSPHINX, SPHINX, "_build", "nboutput"),
    Peer(
        f"nbsphinx -j {cores()}",
        "nbsphinx.txt",
        NBSPHINX,
        BESIDE,
        "_build",
        "nboutput",
    ),
    Peer(
        "jupyter-book 1",
        "jupyter-book.txt",
        JUPYTER_BOOK,
        ("-c", "from jupyter_book.cli.main import main; main()", "build", "."),
        "_build/html",
        "cell_output",
    ),
    Peer(f"myst-nb -j {cores()}", "", MYST_NB, BESIDE, "_build", "cell_output"),
]
NOTES = (
    "Executed at once: in the book, and with -j, as many chapters as there are cores; "
    "else one.\njupyter-book 1 has no option for it."
)


def peers(notebooks: Sequence[Path], ours: Cost, rounds: int, kept: Path) -> None:
    """Print the time of each peer beside ours; `kept` holds their environments."""
    rows, notes = [["this book", *seconds(ours), "", ""]], [NOTES]
    for peer in PEERS:
        try:
            cost = least([time(peer, notebooks, kept) for _ in range(rounds)])
        except NotReady as reason:
            rows.append([peer.name, "-", "-", "-", "-"])
            notes.append(f"{peer.name} was not measured: {reason}")
        else:
            rows.append([peer.name, *seconds(cost), *ratios(cost, ours)])
    head = ["chapters built by", "wall s", "CPU s", "wall / ours", "CPU / ours"]
    print(table("The same chapters, every cell executed (goal 2)", head, rows))
    print("\n".join(notes))


def time(peer: Peer, notebooks: Sequence[Path], kept: Path) -> Cost:
    """What a build from nothing costs; raises if a page was not executed."""
    python = ready(peer.pins, kept) if peer.pins else Path(sys.executable)
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        folder = Path(place)
        project = folder / "project"
        project.mkdir()
        for notebook in notebooks:
            shutil.copy(notebook, project)
        for name, text in peer.files.items():
            (project / name).write_text(text)
        tell(f"building the chapters with {peer.name}")
        try:
            command = [str(python), *peer.arguments]
            cost = run(command, project, environment(python, folder))
        except Failed as failed:
            raise NotReady(f"its build failed.\n{failed}") from None
        for notebook in notebooks:
            check(project / peer.pages / f"{notebook.stem}.html", peer.output)
    return cost


def environment(python: Path, folder: Path) -> dict[str, str]:
    """Paths and settings of one peer; IPython writes into the folder of its profile."""
    style = ROOT / "docs" / "_style"
    shutil.copytree(style / "ipython", folder / "ipython")
    places = [python.parent, *python.parents[1].glob("lib/*/*/pypandoc/files")]
    return os.environ | {
        "PATH": os.pathsep.join([*map(str, places), os.environ["PATH"]]),
        "IPYTHONDIR": str(folder / "ipython"),
        "MATPLOTLIBRC": str(style / "matplotlibrc"),
        "OMP_NUM_THREADS": "1",
        "JUPYTER_PREFER_ENV_PATH": "1",
    }


def check(page: Path, output: str) -> None:
    """Raise unless the page shows outputs, and no error among them."""
    text = page.read_text(encoding="utf-8")
    if not re.search(rf'class="[^"]*\b{output}\b', text):
        raise NotReady(f"{page.name} has no outputs.")
    if "Traceback (most recent call last)" in text:
        raise NotReady(f"{page.name} shows an error.")
