"""Run code as a reader would who pasted it into an empty file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from programs import isolated, python


def run_alone(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code apart from all else in a folder, which afterwards must still be empty.

    The file itself is outside of the folder; nothing of the book can be imported.
    Where a change must land, it is a Python that has imported nothing beforehand.
    """
    alone = ("-I", "-X", "utf8")
    command = [sys.executable, *alone] if os.environ.get("CI") else python(*alone)
    folder.mkdir()
    file = folder.with_suffix(".py")
    file.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [*command, str(file)],
        cwd=folder,
        env=isolated(),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    left = [path.name for path in folder.iterdir()]
    assert not left, f"the code left files behind: {left}"
    return done
