"""Kernels for the chapters: forks of a process that has the slow imports behind it.

Starting a kernel and importing PyTorch, its compiler (which the first optimizer
asks for) and matplotlib takes several seconds. `preloaded` does it once. Elsewhere
than on Linux forks of such a process are not safe, and each chapter starts a kernel
of its own, with the same outputs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import preloaded
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

PRELOADED = str(Path(preloaded.__file__))


@contextmanager
def server(
    modules: Sequence[str],
    environment: Mapping[str, str] = os.environ,
    options: Sequence[str] = ("-P",),
    *,
    wait: bool = True,
    meanwhile: Callable[[], object] = object,
) -> Iterator[str]:
    """The address of a server that imports the modules; "" where there is none.

    Until it is ready (which this waits for, after what there is to do meanwhile),
    programs start as they always do.
    """
    if not modules or sys.platform != "linux":
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="book-") as folder:
        address = f"{folder}/server"
        process = subprocess.Popen(
            [sys.executable, *options, PRELOADED, "serve", address, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            # Ctrl-C is for us; the server follows.
            start_new_session=True,
        )
        assert process.stdin
        assert process.stdout
        try:
            meanwhile()
            is_there = not wait or process.stdout.readline() == b"ready\n"
            yield address if is_there else ""
        finally:
            # At once, it may still import; with all it has started, and they.
            os.killpg(process.pid, signal.SIGKILL)
            process.stdin.close()
            process.wait()
            process.stdout.close()


def command(address: str, options: Sequence[str] = ("-I", "-S")) -> list[str]:
    """How a program is run by the server; the options are those of what waits."""
    return [sys.executable, *options, PRELOADED, "run", address]


def manager(address: str, folder: str) -> type[AsyncKernelManager]:
    """What starts a chapter's kernel, from the server if there is one.

    They are spoken to through files in the folder. A port wants a network, if only
    within the machine, and another program may take it before the kernel does.
    """

    class Manager(AsyncKernelManager):
        def __init__(self, **given: object) -> None:
            if os.name == "posix":
                file = f"{folder}/{uuid4().hex[:8]}.json"
                given |= {"transport": "ipc", "connection_file": file}
            super().__init__(**given)

    if address:
        argv = [*command(address), "-m", "ipykernel_launcher"]
        argv += ["-f", "{connection_file}"]
        spec = KernelSpec(argv=argv, display_name="Python 3", language="python")
        Manager.kernel_spec = spec  # type: ignore[assignment, method-assign]
    return Manager
