"""Work in several processes: what one of them says is heard."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tasks
from sphinx.errors import SphinxParallelError
from tasks import Tasks, deal

#: Ctrl-C in the middle of each fork.
INTERRUPTED = """
import os, signal
from tasks import Tasks

os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.SIGINT))
work = Tasks(1)
try:
    work.add_task(print, "forked")
except KeyboardInterrupt:
    print("heard")
"""


def fail(number: int) -> None:
    raise ValueError(number)


def test_error_of_a_process_is_raised_when_work_is_still_handed_out():
    tasks = Tasks(1)
    tasks.add_task(fail, 7)
    tasks.add_task(str, 8)
    time.sleep(0.5)  # by now the first has failed
    tasks.add_task(str, 9)
    assert tasks.error
    with pytest.raises(SphinxParallelError, match="ValueError: 7"):
        tasks.join()


def test_error_of_the_last_process_is_raised_and_good_results_are_kept():
    results = []
    tasks = Tasks(2)
    for number in range(4):
        tasks.add_task(str, number, lambda given, result: results.append(result))
    tasks.join()
    assert sorted(results) == ["0", "1", "2", "3"]
    tasks.add_task(fail, 7)
    with pytest.raises(SphinxParallelError, match="ValueError: 7"):
        tasks.join()


def test_ctrl_c_within_a_fork_is_heard():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        env=os.environ | {"PYTHONPATH": str(Path(tasks.__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "heard" in done.stdout


@pytest.mark.parametrize("shares", [1, 2, 3, 8])
def test_pages_are_dealt_evenly_each_once(shares):
    pages = ["a", "b", "c", "d", "e", "f", "g"]
    dealt = deal(pages, shares)
    assert sorted(page for share in dealt for page in share) == pages
    assert {len(share) for share in dealt} <= {7 // shares, -(-7 // shares)} - {0}
    assert deal([], shares) == []
