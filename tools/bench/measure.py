"""What a command costs: time on the clock, time of the processors, memory.

The time on the clock is what a maintainer waits, and counts everything else that the
machine does meanwhile. The processors' time counts the command alone, with all the
processes it started and waited for, so it is the fairer one on a busy machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil

#: Seconds between two looks at the memory: each costs some milliseconds.
LOOK = 0.5


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock and of the processors, and bytes, of one command."""

    wall: float
    cpu: float
    #: At once, in all its processes; a page that several share counts once.
    memory: int = 0
    #: In its largest process.
    largest: int = 0
    output: str = ""

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu)


class Failed(Exception):  # noqa: N818 (it is what happened to the command)
    """A command ended with an error; its last lines say which."""


def cores() -> int:
    return os.cpu_count() or 1


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] = os.environ,
    *,
    look_at_memory: bool = False,
) -> Cost:
    """Run a command to its end."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        started = monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        watch = Watch(process.pid) if look_at_memory else None
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:  # Ctrl-C: the command got it too
            process.wait()
            raise
        wall = monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        output = said.read()
    if process.returncode:
        raise Failed("\n".join(output.strip().splitlines()[-15:]))
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(
        wall,
        used.ru_utime + used.ru_stime,
        watch.stop() if watch else 0,
        used.ru_maxrss * unit,
        output,
    )


class Watch:
    """Looks again and again at the memory of a process and all it has started."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.look, args=[pid], daemon=True)
        self.thread.start()

    def look(self, pid: int) -> None:
        while not self.ended.wait(LOOK):
            self.peak = max(self.peak, memory(pid))

    def stop(self) -> int:
        self.ended.set()
        self.thread.join()
        return self.peak


def memory(pid: int) -> int:
    """Bytes that a process and all it has started hold, shared ones counted once."""
    held = 0
    try:
        root = psutil.Process(pid)  # type: ignore[no-untyped-call]
        family = [root, *root.children(recursive=True)]  # type: ignore[no-untyped-call]
    except psutil.Error:
        return 0
    for process in family:
        try:
            full = process.memory_full_info()
        except psutil.Error:  # it has ended since
            continue
        held += getattr(full, "pss", full.uss)
    return held


def least(costs: Sequence[Cost]) -> Cost:
    """The run that was disturbed least."""
    return min(costs, key=lambda cost: cost.wall)


def best_of(rounds: int, *measured: Callable[[], Cost]) -> list[Cost]:
    """The least cost of each, taken in turns so that all meet the same machine."""
    found = [[each() for each in measured] for _ in range(rounds)]
    return [least(costs) for costs in zip(*found, strict=True)]


def tell(text: str) -> None:
    """Progress, apart from the results."""
    print(f"  {text}", file=sys.stderr, flush=True)
