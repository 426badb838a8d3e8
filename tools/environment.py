"""Make the virtual environment, or see that it is as it should be.

Usage: python tools/environment.py DIRECTORY. Needs nothing but Python.

Its stamp is the first file in it, which says that it is ours to delete, and is
filled when the last step has succeeded. A virtual environment works only in the place
where it was made. So a new one is not made beside the old one: the old one waits
beside it, and comes back if the new one fails.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OLDEST = (3, 11)
# First of all, and in words old Pythons know: they stumble over what follows.
if sys.version_info < OLDEST:
    needed, given = (".".join(map(str, v[:2])) for v in (OLDEST, sys.version_info))
    raise SystemExit(
        f"This is Python {given}; the book needs {needed} or newer.\n"
        "Name another one: make html PYTHON=/path/to/python3"
    )

ROOT = Path(__file__).resolve().parent.parent
STAMP = ".ready"


def main(directory: str) -> None:
    place = Path(directory).resolve()
    # `kill` ends a set-up in the same way as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if fault(place):
            with alone(place):
                replace(place)
    except KeyboardInterrupt:
        stop("\nThe set-up was interrupted: the same command begins it again.", 130)
    except OSError as error:
        stop(f"Set-up failed: {error}\nMend that and run the same command.")


def fault(place: Path) -> str:
    """Why the environment has to be made; nothing if it is as it should be."""
    made, now = stamped(place), fingerprint(place)
    if not made:
        return "once"
    if made != now:
        names = ("Python", "the place of the checkout", "requirements.txt")
        lines = zip(names, made.splitlines(), now.splitlines(), strict=False)
        changed = [name for name, was, is_ in lines if was != is_]
        return f"{' and '.join(changed) or 'the stamp'} changed"
    if not runs(place):
        return "its Python is gone or broken"
    lost = missing(place)
    return f"{lost[0]} is not in it any more" if lost else ""


def stamped(place: Path) -> bytes:
    """What the environment was made for; nothing if it was not made to its end."""
    stamp = place / STAMP
    return stamp.read_bytes() if stamp.is_file() else b""


def fingerprint(place: Path) -> bytes:
    """What the environment depends on: Python, its place, the pins."""
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    return os.fsencode(f"{sys.version}\n{place}\n{digest.hexdigest()}\n")


def runs(place: Path) -> bool:
    command = [str(interpreter(place)), "-I", "-S", "-c", ""]
    try:
        return not subprocess.run(command, capture_output=True, check=False).returncode
    except OSError:
        return False


def missing(place: Path) -> list[str]:
    """The pins whose record is gone, or is of another version.

    Their names differ from the pins in case and punctuation, and a version may have
    a local part (2.13.0+cpu). Listing names is quick; the files are not looked at.
    """

    def plain(text: str) -> str:
        return re.sub(r"[-_.]+", "-", text).lower()

    packages = sysconfig.get_path("purelib", "venv", {"base": str(place)})
    records = Path(packages).glob("*.dist-info")
    there = {plain(record.stem.split("+")[0]) for record in records}
    return [pin for pin in pins() if plain(pin.replace("==", "-")) not in there]


def pins() -> list[str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def interpreter(place: Path) -> Path:
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Wait until no other set-up works on this place.

    The lock goes with the last process that holds it, whatever ends it. The steps
    hold it too: a step that outlives a killed set-up still writes there.
    """
    try:
        import fcntl
    except ImportError:  # Windows: be the only one yourself.
        yield
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up is at work here: waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def replace(place: Path) -> None:
    """Make the environment; if that fails, leave the one that was there before."""
    reason = fault(place)
    if not reason:  # The set-up we have waited for made it.
        return
    if place.exists() and any(place.iterdir()) and not (place / STAMP).exists():
        stop(
            f"{place} exists and was not made by this set-up: move it away,\n"
            "or name another place: make html VENV=/path/to/environment"
        )
    what = "a virtual environment with pinned packages"
    print(f"Setting up ({reason}): {what}.", flush=True)
    old = place.with_name(f"{place.name}.old")
    if stamped(place):
        remove(old)
        place.rename(old)
    try:
        make(place)
    except BaseException:
        remove(place)
        if old.exists():
            old.rename(place)
        raise
    remove(old)
    print("The environment is ready.", flush=True)


def remove(place: Path) -> None:
    """Out of the way at one stroke, so that no half is left when this is cut short."""
    gone = place.with_name(f"{place.name}.gone")
    shutil.rmtree(gone, ignore_errors=True)
    if place.exists():
        place.rename(gone)
        shutil.rmtree(gone)


def make(place: Path) -> None:
    remove(place)
    place.mkdir(parents=True)
    (place / STAMP).touch()
    # What a step that is killed leaves behind goes with the environment.
    scratch = place / "tmp"
    scratch.mkdir()
    os.environ["TMPDIR"] = str(scratch)
    # Not the Python of an activated environment: that may be the one just moved.
    python = getattr(sys, "_base_executable", sys.executable)
    run("making it", python, "-m", "venv", "--without-pip", str(place))
    # A step of its own, so that its last words are heard when it fails.
    new = str(interpreter(place))
    run("installing pip", new, "-I", "-m", "ensurepip", "--default-pip")
    pip = [new, "-m", "pip", "install", "--retries", "2"]
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
    run("listing the fonts", new, "-c", fonts)
    shutil.rmtree(scratch)
    (place / STAMP).write_bytes(fingerprint(place))


def run(what: str, *command: str) -> None:
    """Run a step quietly; if it fails, say what failed and what to do.

    It has a process group of its own, which ends with us, with all it has started.
    """
    step = None
    try:
        with waiting_signals():
            step = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                close_fds=False,
            )
        output = step.communicate()[0]
    except BaseException:
        if step:
            with suppress(ProcessLookupError, AttributeError):  # Windows has no groups.
                os.killpg(step.pid, signal.SIGKILL)
            step.kill()
            step.wait()  # What it still wrote would come after the clearing up.
        raise
    if step.returncode:
        lines = output.strip().splitlines()[-15:]
        print("\n".join(f"    {line}" for line in lines), file=sys.stderr)
        stop(explain(what, output))


@contextmanager
def waiting_signals() -> Iterator[None]:
    """Inside, Ctrl-C and `kill` wait: a step that is not known yet would live on."""
    came: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(each, lambda *now: came.append(now[0])) for each in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
    for each in came:
        signal.raise_signal(each)  # It may be one that we were told to ignore.


def explain(what: str, output: str) -> str:
    network = ("Connection", "connection", "timed out", "Network is", "SSL")
    if "No space left" in output:
        reason = "the disk is full."
    elif any(word in output for word in network):
        reason = "the package index did not answer. Is there a network?"
    elif "No module named" in output and what in ("making it", "installing pip"):
        reason = "this Python has no venv module (on Debian: apt install python3-venv)"
    elif "No matching distribution" in output:
        reason = "a pinned package has no build for this Python or machine."
    else:
        reason = "the last lines of that step are above."
    return f"Set-up failed while {what}: {reason}\nMend that and run the same command."


def stop(message: str, code: int = 1) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
