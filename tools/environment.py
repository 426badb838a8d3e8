"""Make the virtual environment, or see that it is as it should be.

Usage: python tools/environment.py DIRECTORY. Needs nothing but Python. The
environment is made anew when Python, the pins or the place of the checkout
change, and it counts as made only when the last step has succeeded.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
STAMP = ".ready"


def main(directory: str) -> None:
    if sys.version_info < OLDEST:
        wanted, given = (".".join(map(str, v[:2])) for v in (OLDEST, sys.version_info))
        stop(
            f"This is Python {given}; the book needs {wanted} or newer.\n"
            "Name another one: make html PYTHON=/path/to/python3"
        )
    place = Path(directory).absolute()
    wanted = fingerprint(place)
    stamp = place / STAMP
    if stamp.is_file() and stamp.read_text() == wanted and works(place):
        return
    make(place)
    stamp.write_text(wanted)
    print("The environment is ready.", flush=True)


def fingerprint(place: Path) -> str:
    """What the environment depends on: Python, its place, the pins."""
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    return f"{sys.version}\n{place}\n{digest.hexdigest()}\n"


def works(place: Path) -> bool:
    return interpreter(place).exists()


def interpreter(place: Path) -> Path:
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make(place: Path) -> None:
    print("Setting up (once): a virtual environment with pinned packages.", flush=True)
    if place.exists():
        if not (place / "pyvenv.cfg").exists() and any(place.iterdir()):
            stop(f"{place} exists and is no virtual environment: move it away.")
        shutil.rmtree(place)
    run("making the environment", sys.executable, "-m", "venv", str(place))
    pip = [str(interpreter(place)), "-m", "pip", "install", "--retries", "2"]
    pip += ["--timeout", "30", "--disable-pip-version-check", "--progress-bar", "off"]
    # torch first: whatever asks for torch later then finds the pinned one there.
    torch = next(line for line in pins() if line.startswith("torch=="))
    index = os.environ.get("TORCH_INDEX_URL")
    where = ["--index-url", index] if index else []
    print(f"  {torch}", flush=True)
    run("installing torch", *pip, "-q", *where, torch)
    print(f"  {len(pins()) - 1} more packages", flush=True)
    run("installing", *pip, "-q", "--no-deps", "-r", str(ROOT / "requirements.txt"))
    # Otherwise the first cell that draws does it, and says so on the page.
    fonts = "import matplotlib.font_manager"
    run("listing the fonts", str(interpreter(place)), "-c", fonts)


def pins() -> list[str]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def run(what: str, *command: str) -> None:
    """Run a step quietly; if it fails, say what failed and what to do."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        stop(f"Set-up failed while {what}: {error}")
    if done.returncode:
        output = (done.stdout + done.stderr).strip().splitlines()
        print("\n".join(f"    {line}" for line in output[-15:]), file=sys.stderr)
        stop(explain(what, "\n".join(output)))


def explain(what: str, output: str) -> str:
    network = ("Connection", "connection", "resolve", "timed out", "Network is", "SSL")
    if any(word in output for word in network):
        reason = "the package index did not answer. Is there a network?"
    elif "ensurepip" in output:
        reason = "this Python has no venv module (on Debian: apt install python3-venv)"
    elif "No matching distribution" in output:
        reason = "a pinned package has no build for this Python or machine."
    elif "No space left" in output:
        reason = "the disk is full."
    else:
        reason = "pip's last lines are above."
    return f"Set-up failed while {what}: {reason}\nMend that and run the same command."


def stop(message: str) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
