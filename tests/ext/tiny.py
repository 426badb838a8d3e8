"""Build a tiny book that lies in one folder, sources and all."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from programs import python


def build(book: Path, builder: str = "html", *options: str) -> str:
    """Build a book in a process of its own; what it warned of."""
    command = [*python(), "-m", "sphinx", "-q", "-b", builder, *options]
    finished = subprocess.run(
        [*command, "-d", str(book / "doctrees"), str(book), str(book / builder)],
        capture_output=True,
        text=True,
        env=os.environ | {"NO_COLOR": "1"},
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stderr
