"""Change the code of the book a little, thousands of times; a test must notice.

Usage: python tools/mutate.py [--sample N] [MODULE ...]. mutmut makes the mutants. It
would run them in a rewritten copy of a module, whose doctests and sources are others
than the book's; here each runs in a fork of a process that has imported PyTorch and
collected the tests of the module. Mutants that survive stand in tests/mutants.toml,
each with the reason.
"""

import argparse
import ast
import difflib
import gc
import importlib
import inspect
import json
import multiprocessing
import operator
import os
import random
import resource
import signal
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import hypothesis
import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import mutation_operators, operator_string
from mutmut.mutation.pragma_handling import IgnoredCode

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "code" / "neuralnet"
REASONS = ROOT / "tests" / "mutants.toml"
WANTED = 0.95
# Functions that only draw: where a line stands is for the eye.
DRAWING = {"draw_box", "draw_broadcast", "draw_grid", "draw_graph", "draw_tree"}
DRAWING |= {"draw_map", "draw_images", "note", "draw_path", "draw_lines", "draw_hero"}
FORK = multiprocessing.get_context("fork")


# The mutants of a module


@dataclass(frozen=True)
class Mutant:
    """A source with one change, and the function that it changes, if it is in one.

    `early` is a change that matters when the module is imported: it is in no
    function, or in the default of an argument.
    """

    source: str
    function: str | None
    early: bool
    change: str


class Visitor(MutationVisitor):  # type: ignore[misc]
    """Leave out what does nothing, is only said, or is only seen."""

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef):
            return node.name.value in DRAWING
        if isinstance(node, cst.Arg):
            return is_strict(node)
        return isinstance(node, cst.Annotation | cst.Decorator | cst.Raise)


def mutants(path: Path, sample: int | None) -> list[Mutant]:
    """All mutants of a module but those of strings (names, titles, messages)."""
    source = path.read_text(encoding="utf-8")
    operators = [pair for pair in mutation_operators if pair[1] is not operator_string]
    visitor = Visitor(operators, IgnoredCode(set(), set(), set()))
    wrapper = MetadataWrapper(cst.parse_module(source))
    made = []
    with visitor.resolve(wrapper):
        for statement in wrapper.module.body:
            visitor.mutations = []
            statement.visit(visitor)
            made += [(statement, each) for each in visitor.mutations if not said(each)]
    if sample and sample < len(made):
        made = random.Random(0).sample(made, sample)
    found = []
    for statement, each in made:
        changed = statement.deep_replace(each.original_node, each.mutated_node)
        old, new = map(wrapper.module.code_for_node, (statement, changed))
        before, after = (dict(functions(ast.parse(each))) for each in (old, new))
        name = next((name for name in before if after[name] != before[name]), None)
        early = name is None or before[name][0] != after[name][0]
        change = f"{name or 'module'}: {difference(old, new)}"
        found.append(Mutant(source.replace(old, new, 1), name, early, change))
    return found


def said(mutation: Mutation) -> bool:
    """Whether only what is said changes: strings, or that two things are as long.

    A call loses strings and nothing else, a name a string, or a `zip` its `strict`.
    """
    old, new = mutation.original_node, mutation.mutated_node
    lost: list[cst.CSTNode] = []
    if isinstance(old, cst.Assign):
        lost = [old.value]
    elif isinstance(old, cst.Call) and isinstance(new, cst.Call):
        kept = {id(argument) for argument in new.args}
        lost = [each.value for each in old.args if id(each) not in kept]
        if without_strict(old).deep_equals(without_strict(new)):
            return True
    return bool(lost) and all(isinstance(each, cst.BaseString) for each in lost)


def without_strict(call: cst.Call) -> cst.Call:
    """The call without the argument `strict`, and without its last comma."""
    kept = [
        each.with_changes(comma=cst.MaybeSentinel.DEFAULT)
        for each in call.args
        if not is_strict(each)
    ]
    return call.with_changes(args=kept)


def is_strict(argument: cst.Arg) -> bool:
    """Whether this is the `strict` of a `zip`, which is a `raise` in one word."""
    return argument.keyword is not None and argument.keyword.value == "strict"


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """The functions and methods of a module, each with its arguments and body."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield (
                prefix + node.name,
                [ast.dump(each) for each in (node.args, *node.body)],
            )
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{prefix}{node.name}.")


def difference(old: str, new: str) -> str:
    """The lines that differ, before and after, as one line."""
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=0))[3:]
    return " -> ".join(
        " ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+"
    )


# A mutant in place of the code


def held(path: Path) -> dict[str, list[FunctionType]]:
    """The functions of a module, as they have been imported."""
    found: dict[str, list[FunctionType]] = {}
    for each in gc.get_objects():
        if type(each) is FunctionType and each.__code__.co_filename == str(path):
            found.setdefault(each.__code__.co_qualname, []).append(each)
    return found


def put_in(path: Path, mutant: Mutant, imported: list[FunctionType]) -> None:
    """Have the mutant imported from here on, and in place of what has been imported."""
    code = compile(mutant.source, str(path), "exec")
    get_code = SourceFileLoader.get_code

    def other(self: SourceFileLoader, name: str) -> CodeType | None:
        return code if self.path == str(path) else get_code(self, name)

    SourceFileLoader.get_code = other  # type: ignore[method-assign, assignment]
    if mutant.function and imported:
        again = ModuleType(imported[0].__module__)
        exec(code, again.__dict__)
        new = inspect.unwrap(operator.attrgetter(mutant.function)(again))
        for function in imported:
            for part in ("__code__", "__defaults__", "__kwdefaults__"):
                setattr(function, part, getattr(new, part))


def in_fork(work: Callable[[], Any], seconds: float) -> Any:
    """What `work` returns in a silent process of its own; None if that dies."""
    ours, theirs = FORK.Pipe(duplex=False)

    def child() -> None:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        # Processor time, since a machine may be busy; the clock, since one may wait.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.alarm(int(60 + 20 * seconds))
        resource.setrlimit(resource.RLIMIT_AS, (32 << 30, 32 << 30))
        theirs.send(work())

    process = FORK.Process(target=child)
    process.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError:
        return None
    finally:
        process.join()


# The tests of a module


def tests(path: Path) -> list[str]:
    """Its doctests and the test files of its name, or the marker of its exercises."""
    if path.parent.name == "solutions":
        return [f"tests/exercises/test_{path.name}"]
    words = path.stem.split("_")
    names = {"_".join(words[: end + 1]): 0 for end in range(len(words))}
    shared = {"checks": "agreement", "conventions": "conventions"}
    names |= {shared[word]: 0 for word in words[1:] if word in shared}
    files = [ROOT / "tests" / f"test_{name}.py" for name in names]
    return [str(file) for file in (path, *files) if file.exists()]


class Run:
    """A run of the tests, with the same few examples each time, quick tests first."""

    def __init__(self, path: Path, seconds: dict[str, float]) -> None:
        self.path, self.seconds = path, seconds

    def passes(self) -> bool:
        options = ["-x", "-q", "--tb=line", "-p", "no:cacheprovider", "-p", "no:xdist"]
        # Otherwise pytest reads the module itself, and would miss the mutant.
        options += ["--assert=plain"]
        return pytest.main([*options, *tests(self.path)], plugins=[self]) == 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        hypothesis.settings.register_profile(
            "mutants",
            deadline=None,
            derandomize=True,
            max_examples=20,
            # Not the search for the smallest example that fails.
            phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        )
        hypothesis.settings.load_profile("mutants")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.seconds.get(item.nodeid, 0.0))


class Session(Run):
    """The tests, collected once; each mutant then runs those that enter its function.

    `killed` says which mutants fail a test. None stands for those that pass and
    should have been there when the tests were collected: early ones, and those of
    functions that have been entered by then.
    """

    def __init__(self, path: Path, found: list[Mutant]) -> None:
        super().__init__(path, {})
        self.mutants = found
        self.entered: set[str] = set()
        self.killed: list[bool | None] = []

    def trace(self, frame: FrameType, event: str, argument: object) -> None:
        if frame.f_code.co_filename == str(self.path):
            self.entered.add(frame.f_code.co_qualname.partition(".<locals>")[0])

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        super().pytest_collection()
        sys.settrace(self.trace)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        sys.settrace(None)
        early, self.held = self.entered, held(self.path)
        walked = (
            None if session.testsfailed else in_fork(partial(self.walk, session), 600)
        )
        if walked is None:
            raise session.Failed("the tests fail without any mutant")
        self.seconds = {name: seconds for name, _, seconds in walked}
        gc.freeze()
        for mutant in self.mutants:
            enter = {name for name, entered, _ in walked if mutant.function in entered}
            limit = 5 + 5 * sum(self.seconds[name] for name in enter)
            items = [item for item in session.items if item.nodeid in enter]
            self.pytest_collection_modifyitems(items)
            survives = in_fork(partial(self.survives, mutant, items), limit)
            unsure = mutant.early or mutant.function in early
            self.killed.append(not survives if not (survives and unsure) else None)
        return True

    def walk(self, session: pytest.Session) -> list[tuple[str, set[str], float]] | None:
        """For each test what it enters, and how long it takes.

        Each function is replaced by itself, which must not matter.
        """
        source = self.path.read_text(encoding="utf-8")
        for name, imported in self.held.items():
            if "<" not in name:
                put_in(self.path, Mutant(source, name, False, ""), imported)
        found = []
        for item, following in pairs(session.items):
            self.entered, began = set(), time.process_time()
            sys.settrace(self.trace)
            run(item, following)
            sys.settrace(None)
            found.append((item.nodeid, self.entered, time.process_time() - began))
        return None if session.testsfailed else found

    def survives(self, mutant: Mutant, items: list[pytest.Item]) -> bool:
        if mutant.function:
            put_in(self.path, mutant, self.held.get(mutant.function, []))
        for item, following in pairs(items):
            run(item, following)
            if item.session.testsfailed:
                return False
        return True


def pairs(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, Any]]:
    return zip(items, [*items[1:], None], strict=True)


def run(item: pytest.Item, following: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


# All mutants of all modules


@dataclass(frozen=True)
class Result:
    module: str
    mutants: int
    survivors: list[str]
    seconds: float


def examine(path: Path, sample: int | None) -> Result:
    began = sum(os.times()[:4])
    found = mutants(path, sample)
    module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)

    def together() -> tuple[list[bool | None], dict[str, float]]:
        session = Session(path, found)
        session.passes()
        return session.killed, session.seconds

    def survives(mutant: Mutant) -> bool:
        put_in(path, mutant, [])
        return Run(path, seconds).passes()

    killed, seconds = in_fork(together, 36000)
    if len(killed) < len(found):
        raise SystemExit(f"{module}: the tests fail without any mutant")
    left = []
    for mutant, dead in zip(found, killed, strict=True):
        limit = 20 + 5 * sum(seconds.values())
        if dead is None:
            dead = not in_fork(partial(survives, mutant), limit)
        left += [] if dead else [mutant.change]
    return Result(module, len(found), left, sum(os.times()[:4]) - began)


def main() -> int:
    parser = argparse.ArgumentParser(description="Test the tests.")
    parser.add_argument("modules", nargs="*", help="such as losses (default: all)")
    parser.add_argument("--sample", type=int, help="so many mutants a module, not all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    os.chdir(ROOT)
    os.environ |= {"OMP_NUM_THREADS": "1", "CI": "true"}
    # With all of PyTorch that the first optimizer imports.
    importlib.import_module("torch._dynamo")
    paths = [PACKAGE / f"{name.replace('.', '/')}.py" for name in asked.modules]
    paths = paths or [*PACKAGE.glob("[a-z]*.py"), *PACKAGE.glob("solutions/[a-z]*.py")]
    reasons = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    known = {(m, x) for m, each in reasons.items() for xs in each.values() for x in xs}
    results, unknown = [], 0
    with ProcessPoolExecutor(asked.jobs, FORK) as pool:
        for result in pool.map(examine, paths, [asked.sample] * len(paths)):
            new = [x for x in result.survivors if (result.module, x) not in known]
            print(row(result.module, [result]), flush=True)
            for change in new:
                print(
                    f"  no reason given: {json.dumps(change, ensure_ascii=False)}",
                    flush=True,
                )
            results.append(result)
            unknown += len(new)
    print(row("all", results))
    return int(unknown > 0 or share(results) < WANTED)


def share(results: list[Result]) -> float:
    """How much of the mutants is killed."""
    left = sum(len(result.survivors) for result in results)
    return 1 - left / max(1, sum(result.mutants for result in results))


def row(name: str, results: list[Result]) -> str:
    made = sum(result.mutants for result in results)
    left = sum(len(result.survivors) for result in results)
    seconds = sum(result.seconds for result in results)
    killed = f"{made - left:6} killed{left:5} survive"
    return f"{name:28}{killed}{share(results):8.1%}{seconds:7.0f} s"


if __name__ == "__main__":
    sys.exit(main())
