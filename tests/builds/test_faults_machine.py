"""Machines that are odd, and machines that refuse."""

from __future__ import annotations

import os
import subprocess

import pytest
from faults import (
    alone,
    append,
    build_with_limit,
    files,
    hurry,
    namespace,
    run,
    wait_until_none_is_left,
)

ADVICE = "make html BUILD=~/book"


def test_two_builds_at_once_in_an_odd_place_without_network(book, tmp_path):
    """One at a time; no loopback even, no HOME, the C locale, a path with all in it."""
    hurry(book)
    odd = tmp_path / "é ü 本 'quoted' %d"
    book.root = book.root.rename(odd)
    page = (odd / "docs" / "one.md").read_text()
    book.page(
        "one", page.split("---\n", 2)[2] + '\n```{code-cell}\nprint("é 本")\n```\n'
    )
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "BOOK_MARK": str(odd)}
    kept = ("PATH", "NO_COLOR", "OMP_NUM_THREADS")
    environment = {key: os.environ[key] for key in kept if key in os.environ} | plain
    builds = [
        subprocess.Popen(
            [*without_network(), *book.command],
            cwd=odd,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        for _ in range(2)
    ]
    outputs = [build.communicate(timeout=300)[0] for build in builds]
    assert [build.returncode for build in builds] == [0, 0], outputs
    waited = [
        "Another build is at work in _build: waiting." in each for each in outputs
    ]
    assert sorted(waited) == [False, True], outputs
    assert "".join(outputs).count("executed one: 3 cells") == 1
    assert "é 本" in book.html("one")
    wait_until_none_is_left(book)


def without_network() -> list[str]:
    """Where a namespace is not to be had, the proxies lead nowhere."""
    nowhere = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    proxies = ["env", *(f"{name}=http://127.0.0.1:9" for name in nowhere)]
    return alone("--net") or proxies


def test_full_disk_is_said_and_the_next_build_works_when_there_is_room(book):
    hurry(book)
    (book.root / "_build").mkdir()
    command = " ".join([*book.command, "2>&1"])
    script = f"""
        mount -t tmpfs -o size=4m tmpfs _build || exit 77
        {command} || exit 1
        cp -r _build/html before
        sed -i 's/slope(1.0)/slope(2.0)/' docs/one.md
        cat /dev/zero > _build/filler 2> /dev/null
        echo ---; {command}; echo "status $?"; echo ---
        diff -r _build/html before || exit 1
        truncate -s -60k _build/filler
        {command}; echo "status $?"; echo ---
        diff -r _build/html before || exit 1
        rm _build/filler
        {command} || exit 1
        cp -r _build/html after
    """
    status = run(book, *namespace("--mount"), "sh", "-c", script)
    if status == 77:
        pytest.skip("no tmpfs may be mounted here")
    assert status == 0, book.output
    for output in book.output.split("---\n")[1:3]:
        assert "Traceback" not in output, output
        assert "No space left" in output or "disk is full" in output, output
        assert (
            "\nThe disk is full: make room, and run the same command.\n\n"
            "The book was not built; the last good one stays in _build/html/index.html."
            "\nstatus 2\n"
        ) in output, output
    assert "4.0" in (book.root / "after" / "one.html").read_text()


def test_limit_on_files_is_said(book):
    """The way a disk refuses that can be had on every machine."""
    hurry(book)
    assert build_with_limit(book, "-f 20") == 2
    assert "Traceback" not in book.output
    assert "(ulimit -f)" in book.output
    assert book.output.endswith("\n\nThe book was not built.\n")


def test_read_only_sources_are_enough_with_a_build_folder_elsewhere(book, tmp_path):
    hurry(book)
    before = files(book.root)
    lock = 'mount --bind "$0" "$0" && mount -r -o remount,bind "$0" && cd "$0" && "$@"'
    inside = [*namespace("--mount"), "sh", "-c", lock, str(book.root), *book.command]

    assert run(book, *inside) == 2
    assert "Read-only file system" in book.output
    assert ADVICE in book.output
    assert "Traceback" not in book.output
    assert book.output.count("\n") <= 5
    elsewhere = tmp_path / "elsewhere"
    assert run(book, *inside, "--build", str(elsewhere)) == 0, book.output
    assert (elsewhere / "html" / "one.html").exists()
    assert files(book.root) == before


def test_memory_that_ends_in_a_fork_of_sphinx_is_said(book):
    append(book, "def end(*given): raise MemoryError")
    append(book, "def setup(app): app.connect('doctree-read', end)")
    for name in "abcdef":
        book.page(name, f"# {name}\n")
    assert book.build() == 2
    assert "Traceback" not in book.output
    assert book.output.endswith(
        "\nMemoryError\n"
        "No memory is left: close something, and run the same command.\n\n"
        "The book was not built.\n"
    )
