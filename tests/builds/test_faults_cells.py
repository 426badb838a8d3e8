"""Cells that fail, end, hang, or take more than there is."""

from __future__ import annotations

from faults import PATIENCE, build_with_limit, hurry, pages

FAULTS = {
    "raises": "print(1)\n\ndef fail():\n    return 1 / 0\n\nfail()",
    "exits": "import os\nos._exit(3)",
    "crashes": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
    "loops": "import time\nwhile True:\n    time.sleep(600)",
    "deaf": "import time\nwhile True:\n    try:\n        time.sleep(60)\n"
    "    except KeyboardInterrupt:\n        pass",
    "defiant": "import time\ntry:\n    time.sleep(60)\nexcept BaseException:\n    pass",
    "deadlocks": "import threading\n\nlock = threading.Lock()\n\n"
    "def take():\n    with lock, lock:\n        pass\n\n"
    "thread = threading.Thread(target=take)\nthread.start()\nthread.join()",
    "prints": "print('x' * 1_000_000)",
    "shows": "'x' * 1_000_000",
    "prints_on": "while True:\n    print('x' * 100)",
    "takes": "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\n"
    "data = bytearray(5 << 30)",
}
SAID = {
    "raises": "docs/raises.md:12: ZeroDivisionError: division by zero",
    "exits": "docs/exits.md:7: the Python process ended with status 3 while",
    "crashes": "docs/crashes.md:7: the Python process was killed by SIGSEGV while",
    "loops": f"docs/loops.md:9: the cell ran longer than {PATIENCE} s",
    "deaf": f"docs/deaf.md:7: the cell ran longer than {PATIENCE} s",
    "defiant": f"docs/defiant.md:7: the cell ran longer than {PATIENCE} s",
    "deadlocks": f"docs/deadlocks.md:17: the cell ran longer than {PATIENCE} s",
    "prints": "docs/prints.md:7: the cell printed more than 20,000 characters",
    "shows": "docs/shows.md:7: the cell printed more than 20,000 characters",
    "prints_on": "docs/prints_on.md:7: the cell printed more than 20,000 characters",
    "takes": "docs/takes.md:9: MemoryError",
}


def test_each_failed_cell_is_named_once_and_good_chapters_are_kept(book):
    hurry(book)
    pages(book, good="print(1)", **FAULTS)
    four_gigabytes = f"-v {4 << 20}"
    assert build_with_limit(book, four_gigabytes) == 2
    assert "A chapter stops the build:\n" in book.output, book.output
    log, message = book.output.split("A chapter stops the build:\n")
    assert "Traceback" not in log
    for name, said in SAID.items():
        assert message.count(f"\n{said}") + message.startswith(said) == 1, message
        assert f"failed {name}: 1 cells" in log
    # Each goes on with the traceback of the cell, or the cell where there is none.
    assert "----> 6 fail()\n" in message
    assert "    ----> 3     time.sleep(600)\n" in message
    assert "    os._exit(3)\n" in message
    assert message.endswith("\nThe book was not built.\n")
    assert book.executed == {"good"}

    pages(book, good="print(1)", **dict.fromkeys(FAULTS, "print(2)"))
    assert build_with_limit(book, four_gigabytes) == 0, book.output
    assert book.executed == set(FAULTS)
