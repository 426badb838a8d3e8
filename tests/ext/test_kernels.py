"""Programs run in forks of a process that has the slow imports behind it."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import preloaded
import pytest
from kernels import command, server

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere kernels are not forked"
)
PRELOADED = "colorsys"
#: `-S` keeps out what would measure the process: `make coverage` sees it without.
ISOLATED = ("-I", "-S")
WITH_AND_WITHOUT = pytest.mark.parametrize("options", [ISOLATED, ()])


@pytest.fixture(scope="module")
def address():
    with server([PRELOADED, "numpy"]) as address:
        assert address
        yield address


@pytest.fixture
def start(address, tmp_path):
    """Start a program of this code: `start(code, *arguments)`."""

    started = []

    def start_code(
        code: str,
        *arguments: str,
        by: str = address,
        options: tuple[str, ...] = ISOLATED,
        **given: object,
    ) -> subprocess.Popen:
        file = tmp_path / "program.py"
        file.write_text(code)
        process = subprocess.Popen(
            [*command(by, options), str(file), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **{"cwd": tmp_path, **given},
        )
        started.append(process)
        return process

    yield start_code
    for process in started:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen, said: str = "") -> tuple[int, str, str]:
    out, err = process.communicate(said, timeout=60)
    return process.returncode, out, err


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter as it is read
        return False


def wait_until(is_so) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_program_has_what_it_was_given(start, tmp_path):
    code = """
import os, sys
print(sys.argv[1:], os.getcwd(), os.environ["GIVEN"], sys.stdin.read(), __name__)
print("complaint", file=sys.stderr)
sys.exit(3)
"""
    process = start(code, "a b", "ä", env={"GIVEN": "x=1"})
    wanted = f"['a b', 'ä'] {tmp_path} x=1 said __main__\n"
    assert ended(process, "said") == (3, wanted, "complaint\n")


def test_its_environment_is_its_own_and_nothing_of_ours(start):
    code = "import os; print(sorted(set(os.environ) - {'JPY_PARENT_PID', 'LC_CTYPE'}))"
    assert ended(start(code, env={"A": "1"}))[1] == "['A']\n"


def test_modules_are_there_and_nothing_leaks_from_one_program_to_the_next(start):
    code = f"""
import sys
print("{PRELOADED}" in sys.modules)
import {PRELOADED}
print(hasattr({PRELOADED}, "mark"))
{PRELOADED}.mark = 1
"""
    assert ended(start(code))[:2] == (0, "True\nFalse\n")
    assert ended(start(code))[:2] == (0, "True\nFalse\n")


def test_programs_draw_their_own_random_numbers(start):
    code = "import numpy, random; print(numpy.random.rand(), random.random())"
    first, second = ended(start(code))[1].split(), ended(start(code))[1].split()
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_programs_run_side_by_side(start):
    code = "import sys; sys.stdin.read(); print('done')"
    processes = [start(code) for _ in range(3)]
    assert [ended(each)[1] for each in reversed(processes)] == ["done\n"] * 3


def test_traceback_ends_with_the_program_s_own_line(start, tmp_path):
    status, _, complaint = ended(start("x = 1\nx / 0\n"))
    assert status == 1
    assert f'File "{tmp_path}/program.py", line 2' in complaint
    assert complaint.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_it_ends_as_the_program_ends(start, number):
    code = f"import os; print('here', flush=True); os.kill(os.getpid(), {number})"
    assert ended(start(code))[:2] == (-number, "here\n")


@WITH_AND_WITHOUT
@pytest.mark.parametrize("hears", [True, False])
def test_server_that_goes_is_said_whether_or_not_it_heard_the_signal(
    start, tmp_path, hears, options
):
    """What it has not read when it goes makes the other end fail, not end."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(tmp_path / "server"))
    listener.listen()
    process = start("", by=str(tmp_path / "server"), options=options)
    connection = listener.accept()[0]
    for given in socket.recv_fds(connection, 1 << 20, 3)[1]:
        os.close(given)
    wait_until(lambda: wakes(process.pid))
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: select.select([connection], [], [], 0)[0])
    if hears:
        connection.recv(16)
    connection.close()
    said = "The process that ran this has gone.\n"
    assert ended(process) == (1, "", said)
    listener.close()


def wakes(pid: int) -> bool:
    """Whether a process has a handler for SIGTERM by now."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


@WITH_AND_WITHOUT
def test_signals_are_passed_on(start, options):
    code = """
import signal, time
signal.signal(signal.SIGTERM, lambda number, frame: print("not yet", flush=True))
try:
    print("ready", flush=True)
    while True:  # a signal just before a sleep is heard after it
        time.sleep(0.1)
except KeyboardInterrupt:
    print("now")
"""
    process = start(code, options=options)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "not yet\n"
    process.send_signal(signal.SIGINT)
    assert ended(process)[:2] == (0, "now\n")


SLEEP = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"


def test_program_ends_with_what_stands_for_it(start):
    process = start(SLEEP)
    pid = int(process.stdout.readline())
    assert pid != process.pid
    assert is_alive(pid)
    process.kill()
    wait_until(lambda: not is_alive(pid))


def test_nothing_outlives_the_server(start):
    with server([PRELOADED]) as address:
        process = start(SLEEP, by=address)
        pid = int(process.stdout.readline())
        assert is_alive(pid)
    assert ended(process)[0] != 0
    wait_until(lambda: not is_alive(pid))
    assert not Path(address).parent.exists()


def test_server_ends_with_the_process_that_started_it(start):
    code = f"""
import sys
sys.path.insert(0, {os.fspath(Path(preloaded.__file__).parent)!r})
import kernels
with kernels.server(["{PRELOADED}"]) as address:
    print(address, flush=True)
    sys.stdin.read()
"""
    process = start(code, by="")
    address = process.stdout.readline().strip()
    pid = int(ended(start("import os; print(os.getppid())", by=address))[1])
    assert pid != os.getpid(), "no server ran it"
    assert is_alive(pid)
    process.kill()
    wait_until(lambda: not is_alive(pid))
    shutil.rmtree(Path(address).parent)


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [("", 0, ""), ("sys.exit(300)", 44, ""), ("sys.exit('no')", 1, "no\n")],
)
@pytest.mark.parametrize("by", [None, "none"])
def test_end_is_python_s_own(end, code, said, by, start):
    """With and without a server: threads end, then what is registered, then it."""
    program = f"""
import atexit, sys, threading, time
def late():
    time.sleep(0.1)
    print("thread", flush=True)
atexit.register(print, "registered")
threading.Thread(target=late).start()
print("program")
{end}
"""
    process = start(program, **({"by": by} if by else {}))
    assert ended(process) == (code, "program\nthread\nregistered\n", said)


@pytest.mark.parametrize("by", [None, "none"])
def test_output_that_nobody_reads_is_a_failure_as_python_has_it(by, start):
    program = "import sys; sys.stdin.readline(); sys.stdout = open(1, 'w'); print(1)"
    process = start(program, **({"by": by} if by else {}))
    process.stdout.close()
    process.stdout = None
    assert ended(process, "now\n")[0] == 120


@WITH_AND_WITHOUT
def test_without_a_server_it_is_an_ordinary_python(start, tmp_path, options):
    code, none = "import sys; print(sys.argv[1:])", str(tmp_path / "none")
    process = start(code, "a", by=none, options=options)
    assert ended(process) == (0, "['a']\n", "")


def test_module_that_starts_a_thread_is_not_preloaded(tmp_path, capfd):
    (tmp_path / "threading_module.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    with server(["threading_module"], environment) as address:
        assert address == ""
    assert "started a thread" in capfd.readouterr().err


def test_no_modules_no_server():
    with server([]) as address:
        assert address == ""
