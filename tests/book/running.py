"""Run code as a reader would who pasted it into an empty file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run_alone(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code with `python -I` in a folder, which afterwards must still be empty.

    The file itself is outside of the folder; nothing of the book can be imported.
    """
    folder.mkdir()
    file = folder.with_suffix(".py")
    file.write_text(code, encoding="utf-8")
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    done = subprocess.run(
        [sys.executable, "-I", "-X", "utf8", str(file)],
        cwd=folder,
        env=kept | {"MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    left = [path.name for path in folder.iterdir()]
    assert not left, f"the code left files behind: {left}"
    return done
