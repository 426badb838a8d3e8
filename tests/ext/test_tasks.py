"""Work in several processes: what one of them says is heard."""

from __future__ import annotations

import time

import pytest
from sphinx.errors import SphinxParallelError
from tasks import Tasks


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
