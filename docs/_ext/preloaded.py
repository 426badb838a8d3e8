"""Python processes that begin with their slow imports done.

A server imports some modules once; each program is then run in a fork of it, a
process of its own in which only the imports have happened already:

    python preloaded.py serve ADDRESS MODULE...
    python preloaded.py run ADDRESS -m ipykernel_launcher -f FILE
    python preloaded.py run ADDRESS FILE.py

`run` stands for the program: it has its input and output, is told its signals, and
ends as it ends. Where there is no server it becomes an ordinary Python. The server
ends with the process that started it, and ends the programs that still run.

This file imports little, because `run` is itself a Python that must start.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys

#: Signals that `run` passes on.
PASSED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
#: What a request may be long: arguments and environment.
LONGEST = 1 << 20
#: A program asked for (arguments, folder, environment) and its input and output.
Request = tuple[dict, list[int]]


# The program that stands for another


def run(address: str, arguments: list[str]) -> int:
    """Have a program run by the server, and give back its exit status."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    request = {"arguments": arguments, "cwd": os.getcwd(), "env": dict(os.environ)}
    try:
        server.connect(address)
        socket.send_fds(server, [json.dumps(request).encode()], [0, 1, 2])
    except OSError:
        os.execv(sys.executable, [sys.executable, *arguments])
    told, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    for passed in PASSED:
        signal.signal(passed, lambda number, frame: None)
    # Not in a handler: a signal that comes just before `recv` would wait for its end.
    while told in (ready := select.select([server, told], [], [])[0]):
        for number in told.recv(16):
            with contextlib.suppress(OSError):  # the server has gone
                server.send(bytes([number]))
        if server in ready:
            break
    answer = b""
    with contextlib.suppress(ConnectionError):  # it went before it read all we sent
        answer = server.recv(16)
    if not answer:
        print("The process that ran this has gone.", file=sys.stderr)
        return 1
    status = os.waitstatus_to_exitcode(int(answer))
    if status < 0:
        with contextlib.suppress(OSError):  # SIGKILL has no handler
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


# The server


def serve(address: str, modules: list[str]) -> None:
    """Import the modules, then fork for each request until standard input ends."""
    import gc
    import importlib

    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # whom kernels watch
    for name in modules:
        importlib.import_module(name)
    if threads() > 1:
        raise SystemExit("preloaded: an import started a thread, so forks would hang")
    gc.collect()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen()
    print("ready", flush=True)
    become(*answer_requests(listener))


def threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1


def answer_requests(listener: socket.socket) -> Request:
    """Fork for each request; returns in each fork, with its request."""
    import selectors

    running: dict[int, socket.socket] = {}
    ended, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    watched = selectors.DefaultSelector()
    for source in (0, ended, listener):
        watched.register(source, selectors.EVENT_READ)
    while True:
        for key, _ in watched.select():
            if key.fileobj == 0:  # our parent writes nothing: it has gone
                os.killpg(0, signal.SIGKILL)  # us, our forks and what they started
            if key.fileobj is ended:
                ended.recv(1024)
                for pid, status in finished():
                    with running.pop(pid) as client, contextlib.suppress(OSError):
                        if client in watched.get_map():
                            watched.unregister(client)
                        client.send(str(status).encode())
            elif key.fileobj is listener:
                client = listener.accept()[0]
                message, files, _, _ = socket.recv_fds(client, LONGEST, 3)
                pid = os.fork()
                if not pid:
                    for each in (client, listener, ended, wake, *running.values()):
                        each.close()
                    watched.close()
                    return json.loads(message), files
                for file in files:
                    os.close(file)
                running[pid] = client
                watched.register(client, selectors.EVENT_READ, pid)
            elif key.data in running:
                told = running[key.data].recv(1)
                os.kill(key.data, told[0] if told else signal.SIGKILL)
                if not told:  # `run` was killed
                    watched.unregister(key.fileobj)


def finished() -> list[tuple[int, int]]:
    """The forks that have ended, and how."""
    found = []
    with contextlib.suppress(ChildProcessError):
        while (each := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(each)
    return found


def become(request: dict, files: list[int]) -> None:
    """Be the program that was asked for."""
    import runpy

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for wanted, given in enumerate(files):
        os.dup2(given, wanted)
        os.close(given)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"], JPY_PARENT_PID=str(os.getppid()))
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
    arguments: list[str] = request["arguments"]
    code: object = None
    try:
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
    leave(code)


def leave(code: object) -> None:
    """End as Python does, but for taking down what the server had imported.

    That takes longer than many a program: each module's pages are copied first.
    """
    import atexit
    import threading

    if not (code is None or isinstance(code, int)):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except ValueError:  # the program closed it
            continue
        except OSError:  # nobody reads it
            code = 120
    os._exit((code or 0) & 0xFF)


def main(what: str, address: str, *rest: str) -> int:
    if what == "run":
        return run(address, list(rest))
    serve(address, list(rest))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
