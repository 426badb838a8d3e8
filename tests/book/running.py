"""Run code as a reader would who pasted it into an empty file."""

from __future__ import annotations

import subprocess
from pathlib import Path

from programs import isolated, python


def run_alone(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code apart from all else in a folder, which afterwards must still be empty.

    The file itself is outside of the folder; nothing of the book can be imported.
    """
    folder.mkdir()
    file = folder.with_suffix(".py")
    file.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [*python("-I", "-X", "utf8"), str(file)],
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
