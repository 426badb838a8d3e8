"""Set-up: it explains itself, and `make html` makes up for whatever happened to it."""

from __future__ import annotations

import ast
import functools
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from faults import ctrl_c, namespace, terminate

ROOT = Path(__file__).parents[1]
TOOL = Path("tools", "environment.py")
PINS = "# Pins\ntorch==1.0\nmatplotlib==1.0\n"
FOREVER = 120


def load(root: Path = ROOT):
    spec = importlib.util.spec_from_file_location("environment", root / TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


environment = load()


# A tiny checkout whose packages come from an index on this machine


class Index(ThreadingHTTPServer):
    """Serves a folder of wheels as pip wants it, and can keep pip waiting."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.held, self.asked, self.go_on = "", threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", 0), functools.partial(Handler, directory=folder))

    def handle_error(self, *_: object) -> None:
        """A pip that was killed does not listen to the answer."""

    @contextmanager
    def holding(self, package: str) -> Iterator[None]:
        """Inside, whoever asks for this package waits for the answer."""
        self.asked.clear()
        self.go_on.clear()
        self.held = package
        yield
        self.held = ""
        self.go_on.set()

    def add(self, package: str, version: str, **files: str) -> None:
        """A wheel of a few lines, as small as pip takes it."""
        record = f"{package}-{version}.dist-info"
        (self.folder / package).mkdir(parents=True, exist_ok=True)
        wheel = self.folder / package / f"{package}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as packed:
            for name, text in {"__init__": "", **files}.items():
                packed.writestr(f"{package}/{name}.py", text)
            packed.writestr(
                f"{record}/METADATA",
                f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
            )
            packed.writestr(
                f"{record}/WHEEL",
                "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
                "Tag: py3-none-any\n",
            )
            packed.writestr(f"{record}/RECORD", "")


class Handler(SimpleHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        if self.server.held and self.path.startswith(f"/{self.server.held}/"):
            self.server.asked.set()
            self.server.go_on.wait(FOREVER)
        super().do_GET()

    def log_message(self, *_: object) -> None: ...


class Checkout:
    """What set-up needs of the book, and a build that says which torch it found."""

    def __init__(self, root: Path, index: str) -> None:
        self.root = root
        (root / "tools").mkdir(parents=True)
        shutil.copy(ROOT / TOOL, root / TOOL)
        shutil.copy(ROOT / "Makefile", root)
        build = "import torch\nprint('built with torch', torch.__version__)\n"
        (root / "tools" / "build.py").write_text(build)
        self.pin(PINS)
        self.environment = {
            key: value
            for key, value in os.environ.items()
            # pip's, and those by which make tells its like that it is below another
            if not key.startswith(("PIP", "MAKE", "MFLAGS"))
        } | {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": index, "NO_PROXY": "*"}
        self.environment |= {"TMPDIR": str(root), "PIP_NO_CACHE_DIR": "1"}

    def pin(self, pins: str) -> None:
        (self.root / "requirements.txt").write_text(pins)

    def start(self, *command: str, **given: str) -> subprocess.Popen:
        return subprocess.Popen(
            command or ("make", "html", f"PYTHON={sys.executable}"),
            cwd=self.root,
            env=self.environment | given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def make(self, *command: str, **given: str) -> tuple[int, str]:
        process = self.start(*command, **given)
        output = process.communicate(timeout=FOREVER)[0]
        return process.returncode, output

    @property
    def left(self) -> set[str]:
        """What set-up has left in the folder."""
        return {path.name for path in self.root.glob(".*")}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    index = Index(tmp_path / "index")
    for version in ("1.0", "2.0"):
        index.add("torch", version, __init__=f"__version__ = {version!r}")
    index.add("matplotlib", "1.0", font_manager="")
    threading.Thread(target=index.serve_forever, daemon=True).start()
    yield index
    index.shutdown()
    index.server_close()


@pytest.fixture
def checkout(tmp_path: Path, index: Index) -> Checkout:
    return Checkout(tmp_path / "a book", f"http://127.0.0.1:{index.server_port}")


def wait_for(path: Path) -> None:
    end = time.monotonic() + FOREVER
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert path.exists()


def assert_interrupted(process: subprocess.Popen, checkout: Checkout) -> None:
    output = process.communicate(timeout=FOREVER)[0]
    assert process.returncode
    assert "The set-up was interrupted: the same command begins it again." in output
    assert "Traceback" not in output
    assert checkout.left == {".venv.lock"}


# Set-up for real


def test_interrupted_set_up_is_made_up_for_and_pins_are_followed(checkout, index):
    """One story, since each set-up takes seconds: a test of each would take minutes."""
    # `kill`, as soon as it has begun.
    process = checkout.start()
    assert any("Setting up" in line for line in process.stdout)
    terminate(process.pid)
    assert_interrupted(process, checkout)

    # kill -9, while the environment is made: that step goes on by itself.
    process = checkout.start(sys.executable, str(TOOL), ".venv")
    wait_for(checkout.root / ".venv" / "bin")
    process.kill()
    process.wait()
    process.stdout.close()
    assert ".venv" in checkout.left

    # Ctrl-C, while packages are fetched.
    with index.holding("matplotlib"):
        process = checkout.start()
        assert index.asked.wait(FOREVER)
        ctrl_c(process.pid)
        assert_interrupted(process, checkout)

    # Two at once: the second waits for the first, and finds its work done.
    with index.holding("torch"):
        first = checkout.start()
        assert index.asked.wait(FOREVER)
        second = checkout.start()
        assert "Another set-up is at work here" in second.stdout.readline()
    outputs = [process.communicate(timeout=FOREVER)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert all("built with torch 1.0" in output for output in outputs)
    assert "Setting up" in outputs[0]
    assert "Setting up" not in outputs[1]
    assert checkout.left == {".venv.lock", ".venv"}

    # New pins, in a shell where the environment is the active one.
    checkout.pin(PINS.replace("torch==1.0", "torch==2.0"))
    active = f"{checkout.root / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    code, output = checkout.make("make", "html", "PYTHON=python3", PATH=active)
    assert code == 0, output
    assert "Setting up (requirements.txt changed)" in output
    assert output.endswith("built with torch 2.0\n")
    assert checkout.left == {".venv.lock", ".venv"}


def test_step_that_starts_as_ctrl_c_comes_is_ended(monkeypatch):
    """It would go on to write where the next set-up finds what nobody has made."""
    steps = []

    class Interrupted(subprocess.Popen):
        def __init__(self, *given, **more):
            super().__init__(*given, **more)
            steps.append(self)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(environment.subprocess, "Popen", Interrupted)
    sleep = f"import time; time.sleep({FOREVER})"
    with pytest.raises(KeyboardInterrupt):
        environment.run("sleeping", sys.executable, "-c", sleep)
    (step,) = steps
    ended = step.returncode
    step.kill()
    step.stdout.close()
    assert ended == -signal.SIGKILL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_set_up_without_a_network_says_so_and_leaves_nothing(checkout, index):
    index.shutdown()
    index.server_close()
    code, output = checkout.make()
    assert code
    assert "the package index did not answer. Is there a network?" in output
    assert checkout.left == {".venv.lock"}


def test_full_disk_is_named_and_nothing_is_left_on_it(checkout):
    """In a file system of its own, so small that not even pip has room in it."""
    (checkout.root / "disk").mkdir()
    script = 'mount -t tmpfs -o size=4m none disk && "$0" "$@"; ls -A disk'
    command = ["make", "html", f"PYTHON={sys.executable}", "VENV=disk/venv"]
    _, output = checkout.make(*namespace("--mount"), "sh", "-c", script, *command)
    assert "Set-up failed while installing pip: the disk is full." in output
    assert output.endswith("venv.lock\n")


def test_torch_alone_comes_from_the_index_that_is_named(place, monkeypatch):
    tool = load(place.parent)
    named, steps = "https://wheels.example/cpu", []
    monkeypatch.setenv("TORCH_INDEX_URL", named)
    monkeypatch.setenv("TMPDIR", "set back afterwards")
    monkeypatch.setattr(tool, "run", lambda *step: steps.append(step))
    assert fault(place) == ""  # which build it has is not looked at (README)
    tool.make(place)
    assert [step[0] for step in steps if named in step] == ["installing torch"]
    assert fault(place) == "its Python is gone or broken"  # no step was taken


# What is noticed, without making anything


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """What passes for the environment of a tiny checkout."""
    checkout = Checkout(tmp_path / "a book", "")
    place = checkout.root / ".venv"
    records = place / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    for record in ("torch-1.0+cpu.dist-info", "Matplotlib-1.0.dist-info"):
        (records / record).mkdir(parents=True)
    (place / "bin").mkdir()
    (place / "bin" / "python").symlink_to(sys.executable)
    tool = load(checkout.root)
    (place / tool.STAMP).write_bytes(tool.fingerprint(place))
    return place


def fault(place: Path) -> str:
    return load(place.parent).fault(place)


def move(place: Path) -> Path:
    return place.parent.rename(place.parent.with_name("moved")) / ".venv"


def copy(place: Path) -> Path:
    new = place.parent.with_name("copied")
    return shutil.copytree(place.parent, new, symlinks=True) / ".venv"


@pytest.mark.parametrize("change", [move, copy])
def test_other_place_of_the_checkout_is_noticed(place, change):
    assert fault(change(place)) == "the place of the checkout changed"


def test_other_pins_are_noticed(place):
    (place.parent / "requirements.txt").write_text(PINS.replace("1.0", "2.0"))
    assert fault(place) == "requirements.txt changed"


def test_other_python_is_noticed(place, monkeypatch):
    monkeypatch.setattr(sys, "version", "3.99")
    assert fault(place) == "Python changed"


@pytest.mark.parametrize("stamp", [b"", b"3.11"])
def test_set_up_that_did_not_end_is_noticed(place, stamp):
    (place / environment.STAMP).write_bytes(stamp)
    assert fault(place)


def test_python_that_was_removed_is_noticed(place):
    (place / "bin" / "python").unlink()
    (place / "bin" / "python").symlink_to(place / "gone")
    assert fault(place) == "its Python is gone or broken"


def test_python_that_does_not_start_is_noticed(place):
    python = place / "bin" / "python"
    python.unlink()
    python.write_text("#!/bin/sh\necho cannot open shared object >&2\nexit 127\n")
    python.chmod(0o755)
    assert fault(place) == "its Python is gone or broken"


@pytest.mark.parametrize("now", ["gone", "Matplotlib-1.1.dist-info"])
def test_package_removed_or_changed_by_hand_is_noticed(place, now):
    (record,) = place.rglob("Matplotlib*")
    record.rename(record.with_name(now))
    assert fault(place) == "matplotlib==1.0 is not in it any more"


@pytest.mark.parametrize("way", ["a book", "link"])
def test_ready_environment_is_left_alone_even_with_packages_of_yours(place, way):
    """Whichever way leads to the checkout."""
    root = place.parent
    (root.parent / "link").symlink_to(root)
    (record,) = place.rglob("Matplotlib*")
    record.with_name("ipdb-1.0.dist-info").mkdir()
    before = sorted(root.rglob("*"))
    done = subprocess.run(
        [sys.executable, str(root / TOOL), str(root.parent / way / ".venv")],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert sorted(root.rglob("*")) == before


# What is deleted and what is not


def test_removal_that_is_cut_short_leaves_no_half_behind(place, monkeypatch):
    """A half would be a folder that set-up does not know, and needs a hand."""
    tool = load(place.parent)
    with monkeypatch.context() as now:
        now.setattr(tool.shutil, "rmtree", lambda *_, **__: None)
        tool.remove(place)
    assert not place.exists()
    tool.remove(place)
    assert [path.name for path in place.parent.glob(".*")] == []


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, OSError])
def test_old_environment_comes_back_when_the_new_one_fails(place, monkeypatch, error):
    tool = load(place.parent)

    def half_make(place: Path) -> None:
        tool.remove(place)
        (place / "lib").mkdir(parents=True)
        raise error

    monkeypatch.setattr(tool, "make", half_make)
    (place.parent / "requirements.txt").write_text(PINS.replace("1.0", "2.0"))
    with pytest.raises(error):
        tool.replace(place)
    (place.parent / "requirements.txt").write_text(PINS)
    assert tool.fault(place) == ""
    assert [path.name for path in place.parent.glob(".*")] == [".venv"]


@pytest.mark.parametrize("file", ["pyvenv.cfg", "thesis.txt"])
def test_folder_that_set_up_did_not_make_is_not_deleted(
    tmp_path, monkeypatch, file, capsys
):
    """Not even an environment: it may be the reader's own."""
    monkeypatch.setattr(environment, "make", environment.remove)
    place = tmp_path / "venv"
    place.mkdir()
    (place / file).write_text("three years")
    with pytest.raises(SystemExit):
        environment.replace(place)
    assert (place / file).exists()
    assert "was not made by this set-up: move it away" in capsys.readouterr().err


# Pythons


def test_old_python_is_refused_with_the_mend(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1, "final", 0))
    with pytest.raises(SystemExit) as stopped:
        load()
    said = stopped.value.code
    assert "This is Python 3.9; the book needs 3.11 or newer." in said
    assert "make html PYTHON=" in said


def test_old_python_gets_as_far_as_that():
    """What comes before the refusal runs, and what comes after it is understood."""
    text = (ROOT / TOOL).read_text()
    tree = ast.parse(text, feature_version=(3, 7))
    refusal = next(i for i, x in enumerate(tree.body) if isinstance(x, ast.If))
    assert not any(isinstance(x, ast.FunctionDef) for x in tree.body[:refusal])


def test_missing_python_is_said_in_one_line(tmp_path):
    done = subprocess.run(
        ["make", "html", "PYTHON=no-such-python", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "No 'no-such-python' here: install Python 3.11 or newer" in done.stderr
