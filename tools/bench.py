"""Time the builds a maintainer waits for, and print them as ratios.

Usage: python tools/bench.py. Builds a copy of the book in a temporary folder: cold,
then with nothing changed, one sentence changed, one cell changed, one quoted function
changed, each compared with Sphinx alone (the same pages, nothing executed).
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("docs", "code", "tools", "conf.py", "requirements.txt")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        copy = Path(folder) / "book"
        copy.mkdir()
        for part in PARTS:
            source = ROOT / part
            copier = shutil.copytree if source.is_dir() else shutil.copy
            copier(source, copy / part)
        rows = [("cold, every cell executed", *build(copy))]
        rows.append(("nothing changed", *build(copy)))
        chapter = copy / "docs" / "activations.md"
        append(chapter, "\nOne more sentence.\n")
        rows.append(("one sentence", *build(copy)))
        append(chapter, "\n```{code-cell}\nprint(1)\n```\n")
        rows.append(("one cell", *build(copy)))
        module = copy / "code" / "neuralnet" / "activations.py"
        text = module.read_text()
        module.write_text(text.replace("def relu(", "def relu(  # changed\n    ", 1))
        rows.append(("one quoted function", *build(copy)))
        shutil.rmtree(copy / "_build" / "doctrees")
        rows.append(("all pages, none executed", *build(copy)))
    floor = rows[-1][1]
    print(f"{'build':<28} {'seconds':>7} {'ratio':>6}  executed")
    for name, seconds, executed in rows:
        print(f"{name:<28} {seconds:7.1f} {seconds / floor:6.2f}  {executed}")
    print("ratio: to the build of all pages with none executed")


def build(copy: Path) -> tuple[float, str]:
    """Seconds that one build takes, and the pages it executed."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "tools/build.py", "html"],
        cwd=copy,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        raise SystemExit("bench: a build failed")
    names = re.findall(r"executed (\w+): \d+ cells", done.stdout)
    print(f"  built in {seconds:.1f} s", file=sys.stderr, flush=True)
    return seconds, ", ".join(names) or "none"


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


if __name__ == "__main__":
    main()
