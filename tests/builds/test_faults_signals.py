"""Builds that are interrupted, asked to end, or killed."""

from __future__ import annotations

from faults import (
    append,
    ctrl_c,
    files,
    hurry,
    kill,
    marked,
    pages,
    start,
    stop,
    terminate,
)

WAIT = "import time\ntime.sleep(600)"
#: Six pages or more are read and written in forks; this stops in one of them.
PAUSE = """
def pause(app, *given):
    import multiprocessing, time
    if multiprocessing.parent_process():
        # One write also with PYTHONUNBUFFERED: `print` may be killed before "\\n".
        os.write(1, b"pausing\\n")
        time.sleep(600)

def setup(app):
    if event := os.environ.get("PAUSE_IN"):
        app.connect(event, pause)
"""


#: Ctrl-C that only Sphinx hears, just before it starts its second fork.
STOP = """
forks = []

def stop():
    import signal
    forks.append(1)
    if len(forks) == 2:
        os.kill(os.getpid(), signal.SIGINT)

if "PAUSE_IN" in os.environ:
    os.register_at_fork(before=stop)
"""


def test_build_stopped_while_cells_run_keeps_what_was_executed(book):
    hurry(book)
    append(book, "nb_execution_timeout = 600")
    long = "print(1)" + "  # the longest is the first" * 9
    pages(book, first=long, second=WAIT, third=WAIT)
    assert stop(book, start(book), "executed first", terminate) == 130
    assert book.output.endswith("\n\nInterrupted.\n\nThe book was not built.\n")
    assert "Traceback" not in book.output
    assert "failed" not in book.output
    assert stop(book, start(book), "executing second", ctrl_c) == 130
    assert book.output.endswith("\n\nInterrupted.\n\nThe book was not built.\n")
    assert "Traceback" not in book.output
    # Killed, it can say nothing; but what it started ends with it.
    assert stop(book, start(book), "executing second", kill) == -9
    pages(book, first=long, second="print(2)", third="print(3)")
    assert book.build(env=marked(book)) == 0, book.output
    assert book.executed == {"second", "third"}


def test_build_stopped_while_it_reads_or_writes_leaves_the_site(book):
    hurry(book)
    append(book, PAUSE)
    names = [f"page{number}" for number in range(7)]
    pages(book, drawn=":alt: a line\nfrom IPython.display import SVG\nSVG('<svg/>')")
    for name in names:
        book.page(name, f"# {name}\n")
    index = (book.root / "docs" / "index.md").read_text()
    book.write("docs/index.md", index.replace("drawn", "\n".join(["drawn", *names])))
    assert book.build() == 0, book.output
    good = files(book.site)
    kept = "The book was not built; the last good one stays in _build/html/index.html."

    append(book, "html_short_title = 'Changed'\nproject = 'Changed'")
    reading = start(book, PAUSE_IN="doctree-read")
    assert stop(book, reading, "pausing", terminate) == 130
    assert book.output.endswith(f"\n\nInterrupted.\n\n{kept}\n")
    assert "Traceback" not in book.output
    writing = start(book, PAUSE_IN="html-page-context")
    assert stop(book, writing, "pausing", ctrl_c) == 130
    assert book.output.endswith(f"\n\nInterrupted.\n\n{kept}\n")
    assert "Traceback" not in book.output
    writing = start(book, PAUSE_IN="html-page-context")
    assert stop(book, writing, "pausing", kill) == -9
    assert files(book.site) == good

    # Half written, as a killed build may leave them.
    (book.root / "_build" / "work" / "page3.html").write_text("<p>half")
    (picture,) = (book.root / "_build" / "jupyter_execute").glob("*.svg")
    picture.write_text("<svg")
    (book.root / "_build" / "doctrees" / "page3.doctree").write_bytes(b"half")
    assert book.build() == 0, book.output
    assert book.executed == set()
    now = files(book.site)
    assert now.keys() == good.keys()
    assert b"Changed" in now["page3.html"]
    assert now[f"_images/{picture.name}"] == good[f"_images/{picture.name}"]


def test_build_stopped_between_two_forks_leaves_none(book):
    hurry(book)
    append(book, PAUSE + STOP)
    for number in range(7):
        book.page(f"page{number}", f"# {number}\n")
    reading = start(book, PAUSE_IN="doctree-read")
    assert stop(book, reading, "", lambda pid: None) == 130
    assert book.output.endswith("\n\nInterrupted.\n\nThe book was not built.\n")
    assert "Traceback" not in book.output
