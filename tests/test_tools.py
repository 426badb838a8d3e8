"""The tools behind the Makefile: set-up that explains itself, builds that keep."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def load(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


environment, build = load("environment"), load("build")


def test_old_python_is_refused_with_the_mend(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1, "final", 0))
    with pytest.raises(SystemExit) as stopped:
        environment.main(str(tmp_path / "venv"))
    assert stopped.value.code == 1
    said = capsys.readouterr().err
    assert "This is Python 3.9; the book needs 3.11 or newer." in said
    assert "make html PYTHON=" in said


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


def test_set_up_without_a_network_says_so_and_leaves_no_stamp(tmp_path):
    place = tmp_path / "venv"
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "environment.py"), str(place)],
        env={
            **os.environ,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
            "PIP_NO_INDEX": "",
            "PIP_FIND_LINKS": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "the package index did not answer. Is there a network?" in done.stderr
    assert not (place / environment.STAMP).exists()


def test_ready_environment_is_left_alone(tmp_path, monkeypatch):
    place = tmp_path / "venv"
    (place / "bin").mkdir(parents=True)
    environment.interpreter(place).touch()
    (place / environment.STAMP).write_text(environment.fingerprint(place))
    monkeypatch.setattr(environment, "make", lambda place: pytest.fail("made again"))
    environment.main(str(place))


@pytest.mark.parametrize("changed", ["pins", "place"])
def test_environment_is_made_again_when_something_changed(
    tmp_path, monkeypatch, changed
):
    place = tmp_path / "venv"
    (place / "bin").mkdir(parents=True)
    environment.interpreter(place).touch()
    stamp = environment.fingerprint(
        tmp_path / "elsewhere" if changed == "place" else place
    )
    if changed == "pins":
        stamp = stamp.replace(stamp.splitlines()[-1], "other pins")
    (place / environment.STAMP).write_text(stamp)
    made = []
    monkeypatch.setattr(environment, "make", made.append)
    environment.main(str(place))
    assert made == [place]


def test_folder_that_is_no_environment_is_not_deleted(tmp_path):
    place = tmp_path / "venv"
    place.mkdir()
    (place / "thesis.txt").write_text("three years")
    with pytest.raises(SystemExit):
        environment.make(place)
    assert (place / "thesis.txt").exists()


def test_site_is_replaced_as_a_whole(tmp_path):
    work, site = tmp_path / "work", tmp_path / "html"
    work.mkdir()
    site.mkdir()
    (site / "old.html").write_text("old")
    (work / "index.html").write_text("new")
    build.publish(work, site)
    assert [path.name for path in site.iterdir()] == ["index.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["html", "work"]


def test_failed_build_keeps_the_last_good_site(tmp_path, monkeypatch, capsys):
    site = tmp_path / "html"
    site.mkdir()
    (site / "index.html").write_text("good")
    (tmp_path / "doctrees").mkdir()
    monkeypatch.setattr(build, "sphinx", lambda *given: 1)
    assert build.html(tmp_path) == 1
    assert (site / "index.html").read_text() == "good"
    assert "the last good one stays" in capsys.readouterr().err
    # A second run must meet the same warnings again.
    assert not (tmp_path / "doctrees").exists()
