"""Test the book with every Python, and with both ends of every range of versions.

Usage: python tools/versions.py [NAME ...], names of COMBINATIONS; all if none is given.
Each is tested in a copy of the checkout, with the commands a reader has. What the
machine lacks for one is said. The ends of the ranges in pyproject.toml want uv, which
can also bring a Python that is missing (`uv python install 3.12`).
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "_build" / "versions"
#: The Python, and the end of the ranges; the pins where no end is named.
COMBINATIONS = {
    "3.11": ("3.11", ""),
    "3.12": ("3.12", ""),
    "3.13": ("3.13", ""),
    "lowest": ("3.11", "lowest-direct"),
    "newest": ("3.13", "highest"),
}
NOT_COPIED = (".git", ".venv*", "_build", "answers", ".hypothesis", "*_cache")
#: Lint and the browser say nothing about versions that the rest does not.
SUITE = ".venv/bin/python -m pytest -q -n 2 --dist worksteal -m"


def main(*names: str) -> int:
    results = {name: attempt(name) for name in names or COMBINATIONS}
    print("\n".join(f"{name:8}{result}" for name, result in results.items()))
    return any(result.startswith("FAILED") for result in results.values())


def attempt(name: str) -> str:
    """Test one combination, and say in a line how it went; the log has the rest."""
    version, end = COMBINATIONS[name]
    python = interpreter(version)
    if not python:
        return f"skipped: no Python {version} here"
    if end and not shutil.which("uv"):
        return "skipped: no uv here"
    copy, log = PLACE / name, PLACE / f"{name}.log"
    print(f"{name}: see {log.relative_to(ROOT)}", flush=True)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    if end:
        (copy / "requirements.txt").write_text(pins(python, end), encoding="utf-8")
    build = f"make html 'PYTHON={python}'"
    asked = "'not browser and not pins'" if end else "'not browser'"
    with log.open("w", encoding="utf-8") as output:
        code = subprocess.call(
            ["sh", "-c", f"{build} && {SUITE} {asked}"],
            cwd=copy,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    shutil.rmtree(copy)  # An environment is gigabytes.
    said = log.read_text(encoding="utf-8").strip().splitlines() or [""]
    return f"{'FAILED' if code else 'passed'}: {said[-1]}"


def interpreter(version: str) -> str:
    """A Python of this version that starts; nothing if there is none."""
    ask = ["-c", "import sys; print(sys.executable)"]
    if found := shutil.which(f"python{version}"):
        done = subprocess.run(
            [found, *ask], capture_output=True, text=True, check=False
        )
        if not done.returncode:
            return done.stdout.strip()
    if shutil.which("uv"):
        uv = ["uv", "python", "find", version]
        return subprocess.run(
            uv, capture_output=True, text=True, check=False
        ).stdout.strip()
    return ""


def pins(python: str, end: str) -> str:
    """Exact versions at this end of the ranges, as requirements.txt has them."""
    uv = ["uv", "pip", "compile", "-q", "--python", python, "--resolution", end]
    uv += ["--no-header", "--no-annotate", "--group", "book", "--group", "test"]
    done = subprocess.run(
        [*uv, "pyproject.toml"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return arranged(done.stdout.splitlines())


def arranged(lines: list[str]) -> str:
    """torch first, and without the libraries for graphics cards, which it brings."""
    kept = [x for x in lines if not x.startswith(("nvidia-", "cuda-", "triton"))]
    kept.sort(key=lambda line: not line.startswith("torch=="))
    return "\n".join(kept) + "\n"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
