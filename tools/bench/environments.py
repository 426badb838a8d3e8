"""Environments for other tools: pinned, made on first use, kept with the build."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from measure import tell

HERE = Path(__file__).parent
STAMP = ".ready"


class NotReady(Exception):  # noqa: N818 (it is read by people)
    """A peer could not be measured; the rest can."""


def ready(pins: str, kept: Path) -> Path:
    """The interpreter of an environment that has just these pins."""
    wanted = (HERE / pins).read_text()
    # Absolute: it is run in other folders.
    place = (kept / f"env-{Path(pins).stem}").absolute()
    python = place / "bin" / "python"
    stamp = place / STAMP
    if not (stamp.is_file() and stamp.read_text() == wanted and python.exists()):
        tell(f"making {place} (once; a gigabyte or two, most of it PyTorch)")
        make(place, HERE / pins)
        stamp.write_text(wanted)
    return python


def make(place: Path, pins: Path) -> None:
    """A new environment; torch first, from its own index where one is named."""
    shutil.rmtree(place, ignore_errors=True)
    step([sys.executable, "-m", "venv", str(place)])
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "-q", "--no-deps"]
    pip += ["--disable-pip-version-check", "--retries", "2"]
    index = os.environ.get("TORCH_INDEX_URL")
    torch = next(line for line in pins.read_text().split() if line[:7] == "torch==")
    step([*pip, *(["--index-url", index] if index else []), torch])
    step([*pip, "-r", str(pins)])


def step(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        last = said[-1] if said else f"exit status {done.returncode}"
        raise NotReady(f"its environment was not made (no network?): {last}")
