"""Mark a reader's answers to the exercises of a chapter.

Usage: python tools/exercise.py CHAPTER. The first time, the stubs are copied to
`answers/CHAPTER.py`, for the reader to fill in; after that the file is marked.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STUBS = ROOT / "code" / "neuralnet" / "exercises"


def main(chapter: str) -> int:
    known = sorted(path.stem for path in STUBS.glob("[a-z]*.py"))
    if chapter not in known:
        asked = f"There are no exercises for {chapter!r}. " if chapter else ""
        print(f"{asked}Chapters: {', '.join(known)}.", file=sys.stderr)
        print(f"For example: make exercise CHAPTER={known[0]}", file=sys.stderr)
        return 2
    answers = ROOT / "answers" / f"{chapter}.py"
    if not answers.exists():
        answers.parent.mkdir(exist_ok=True)
        shutil.copyfile(STUBS / f"{chapter}.py", answers)
        print(f"Wrote answers/{chapter}.py: fill it in, then run this again.")
    marker = f"tests/exercises/test_{chapter}.py"
    options = ["-q", "--no-header", "--answers=answers", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", marker, *options]
    code = subprocess.call(command, cwd=ROOT)
    # 1 says that some answers are not right yet, which has been told above.
    return 0 if code == 1 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
