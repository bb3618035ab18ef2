"""Counts the modules that a new text file passes through on its way into an index, and the steps back on the way.

`python trace_path.py [--json] [--max-modules N] [--max-back N] [FOLDER]` builds an index of one small .txt file in this
process, with the default encoder on the CPU, and traces every thread. The exit code is 1 if a limit is exceeded. The
script names none of our modules except the first. The same build runs once beforehand, untraced, so that imports and
slow first calls do not affect the trace.

*Something of the file* is a text, bytes or path with the marker, which is in the file's name and in each of its
sentences; an array, tensor, record batch or table that is not empty (there is only one file); an open file that was
returned to a caller that passed the path; a record (dataclass of ours) that was returned by a call that was given
something of the file; and anything that holds one of these: containers, partials and objects of ours, to a depth of 4
and 50 items each. The closures of callbacks are not searched.

*On the path* is a call of a function of ours that is given something of the file, or gets it from a call, and passes it
on: it returns or yields it, adds it to an argument, or has not returned when the path ends. A record without text or
arrays counts as passed on only if a call on the path takes it. A call that only looks at the file (a forecast, a
counter, a progress bar) is a dead end: it is not on the path, and neither are the calls it makes. The bottom call of a
thread has no caller to pass anything to, and counts. The path starts with the first call into `cli/build.py` and ends
when LanceDB's `add` is called with a column `vector`.

*Modules* are those of the functions on the path, in the order of their first call on it. So the module that controls
the build is placed where one of its functions is first given the file, not where it starts the plan that finds the
file.

*A step back* is a call into a module that comes earlier in this order. It is counted for the nearest caller of ours, on
the stack of the same thread, whose module is on the path. What the called function sees does not matter: asking whether
to stop is a step back, too; `has_file` tells the two apart. Resuming a generator is a call by the consumer. A lambda or
closure belongs to the module that contains it, a comprehension to its function. Setting an attribute of an object is a
step back if the object's class is from an earlier module. Steps are distinct pairs (calling function, called function
or attribute). Dataclasses' dunder methods and one-line properties are data, not calls.

b14df75: 18 modules, 15 steps back (13 of them with something of the file). With dead ends it would be 23 and 16, with
accessors as well 24 and 21. The issue about this commit says 16 and 21, counted by a different rule that it does not
state.
"""

from __future__ import annotations

import argparse
import inspect
import io
import itertools
import json
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import lancedb.table
import numpy as np
import pyarrow as pa
import torch

import lmkindex
import lmkindex_cli
from lmkindex_cli.main import main as run_cli

START_MODULE = "lmkindex_cli.build"
PACKAGES = (lmkindex, lmkindex_cli)
ROOTS = tuple(f"{Path(package.__path__[0])}/" for package in PACKAGES)
MARKER = "zebuquark"
NUM_PARAGRAPHS, NUM_SENTENCES = 12, 8
MAX_DEPTH, MAX_ITEMS = 4, 50
COMPREHENSIONS = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")
SWITCH_S = 30.0  # a thread runs until it waits, so the order of calls does not depend on the clock

Name = tuple[str, str]  # module, function


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBack:
    """A call or an assignment into a module that comes earlier on the path. `has_file`: something of the file is passed
    or returned."""

    source: str
    target: str
    kind: str  # "call" or "assignment"
    has_file: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The path of one file. `functions` has, for each module, the first of its functions that was called on the
    path."""

    modules: tuple[str, ...]
    functions: tuple[str, ...]
    steps_back: tuple[StepBack, ...]


@dataclass(slots=True, kw_only=True, eq=False)
class Call:
    """One call of a function of ours, or one resumption of a generator. `callers` are the functions of ours below it,
    nearest first."""

    name: Name
    callers: tuple[Name, ...]
    parent: Call | None
    takes_file: bool = False
    takes_records: set[int] = field(default_factory=set)  # by id
    gives_file: bool = False
    gives_records: set[int] = field(default_factory=set)
    is_open: bool = False  # when the path ends
    is_on_path: bool = False

    @property
    def has_file(self) -> bool:
        return bool(self.takes_file or self.takes_records or self.gives_file or self.gives_records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """An attribute of an object of ours was set by a function of ours."""

    callers: tuple[Name, ...]
    target: Name  # the module of the class, and Class.attribute
    has_file: bool


def trace_build(folder: Path) -> Trace:
    """The path of a new file, traced in a separate process; `folder` is an empty directory to work in."""
    command = [sys.executable, str(Path(__file__).resolve()), "--json", str(folder)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return Trace(
        modules=tuple(found["modules"]),
        functions=tuple(found["functions"]),
        steps_back=tuple(StepBack(**step) for step in found["steps_back"]),
    )


class Recorder:
    """Records our calls and assignments from the start of the path to its end."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.assignments: list[Assignment] = []
        self.running: dict[FrameType, Call] = {}
        self.records: dict[int, Any] = {}  # derived records by id; kept, so that no id is used twice
        self.is_ended = False

    def trace(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        """The tracer for `sys.settrace`: looks at every call, follows only ours."""
        if self.is_ended or event != "call" or not is_step(frame.f_code, frame.f_globals):
            return None
        name = name_of(frame)
        if not self.calls and name[0] != START_MODULE:
            return None
        call = Call(name=name, callers=callers_of(frame.f_back), parent=self.parent_of(frame))
        call.takes_file = not self.calls  # the first is the start
        frame.f_trace_lines = False
        self.calls.append(call)
        self.running[frame] = call
        arguments = arguments_of(frame)
        held = [self.look(value) for value in arguments]
        call.takes_file |= any(parts for parts, _ in held)
        call.takes_records.update(*(records for _, records in held))
        before = [(value, parts) for value, (parts, _) in zip(arguments, held, strict=True)]

        def follow(frame: FrameType, event: str, result: Any) -> Callable[..., Any]:
            if event == "return" and self.running.pop(frame, None) is not None and not self.is_ended:
                self.take_result(call, result, before)
            return follow

        return follow

    def take_result(self, call: Call, result: Any, before: Iterable[tuple[Any, set[int]]]) -> None:
        """Record what a call gives: its result, and whatever of the file it added to its arguments."""
        call.gives_file = bool(self.look(result)[0]) or any(self.look(value)[0] - parts for value, parts in before)
        if call.takes_file or call.takes_records:
            call.gives_file |= isinstance(result, io.IOBase)
            records = [value for value in items_of(result) if is_dataclass(value) and is_ours(type(value))]
            self.records |= {id(value): value for value in records}
            call.gives_records = {id(value) for value in records}

    def parent_of(self, frame: FrameType) -> Call | None:
        below = frame.f_back
        while below is not None and below not in self.running:
            below = below.f_back
        return self.running[below] if below is not None else None

    def look(self, value: Any) -> tuple[set[int], set[int]]:
        """What a value is or holds: things of the file, and derived records, by their ids."""
        parts = list(parts_of(value, MAX_DEPTH))
        return {id(part) for part in parts if is_of_file(part)}, {id(part) for part in parts if id(part) in self.records}

    def end(self) -> None:
        """The file has reached the table."""
        self.is_ended = True
        for call in self.running.values():
            call.is_open = True

    def assign(self, target: Any, attribute: str, value: Any, frame: FrameType) -> None:
        """Record the assignment `target.attribute = value` of a frame."""
        if self.calls and not self.is_ended and frame.f_code.co_filename.startswith(ROOTS):
            kind = type(target)
            name = kind.__module__, f"{kind.__qualname__}.{attribute}"
            has_file = any(map(any, (self.look(target), self.look(value))))
            self.assignments.append(Assignment(callers=callers_of(frame), target=name, has_file=has_file))


def is_step(code: CodeType, module: Mapping[str, Any]) -> bool:
    """Whether code is a function of ours that does something: no module or class body, comprehension or accessor."""
    is_function = code.co_flags & inspect.CO_NEWLOCALS and code.co_name not in COMPREHENSIONS[:-1]  # a generator may run elsewhere
    if not code.co_filename.startswith(ROOTS) or not is_function:
        return False
    owner_name, _, name = code.co_qualname.rpartition(".")
    owner = module.get(owner_name)
    if not isinstance(owner, type):
        return True
    is_dunder = name.startswith("__") and is_dataclass(owner)
    head = (None, code.co_firstlineno, code.co_firstlineno + 1)  # the decorator and the line of `def`
    lines = {line for _, _, line in code.co_lines() if line not in head}
    return not is_dunder and not (isinstance(vars(owner).get(name), property) and len(lines) <= 1)


def name_of(frame: FrameType) -> Name:
    """Module and function of a frame; for a comprehension, those of its function."""
    name = frame.f_code.co_qualname
    while name.endswith(COMPREHENSIONS):
        name = name.rpartition(".<locals>.")[0]
    return frame.f_globals["__name__"], name


def callers_of(frame: FrameType | None) -> tuple[Name, ...]:
    """Our functions on the stack from `frame` down."""
    names = []
    while frame is not None:
        if frame.f_code.co_filename.startswith(ROOTS) and frame.f_code.co_name != "<module>":
            names.append(name_of(frame))
        frame = frame.f_back
    return tuple(names)


def arguments_of(frame: FrameType) -> list[Any]:
    """The arguments of a call that has just started, or of a generator that is resumed."""
    code = frame.f_code
    num_rest = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    num_names = code.co_argcount + code.co_kwonlyargcount + num_rest
    values = frame.f_locals
    return [values[name] for name in code.co_varnames[:num_names] if name in values]


def is_ours(kind: type) -> bool:
    return is_ours_name(kind.__module__)


def is_ours_name(module: str) -> bool:
    return module.partition(".")[0] in {package.__name__ for package in PACKAGES}


def is_of_file(value: Any) -> bool:
    """Whether a value is itself something of the file; what it holds is not checked."""
    if isinstance(value, str | Path):
        return MARKER in str(value).lower()
    if isinstance(value, bytes | bytearray):
        return MARKER.encode() in value.lower()
    if isinstance(value, np.ndarray):
        return bool(value.size)
    if isinstance(value, torch.Tensor):
        return bool(value.numel())
    return isinstance(value, pa.RecordBatch | pa.Table | pa.Array | pa.ChunkedArray) and len(value) > 0


def parts_of(value: Any, depth: int) -> Iterator[Any]:
    """A value and what it holds, down to `depth`."""
    if value is None or isinstance(value, int | float):
        return
    yield value
    if depth:
        for part in itertools.islice(held_by(value), MAX_ITEMS):
            yield from parts_of(part, depth - 1)


def held_by(value: Any) -> Iterable[Any]:
    """What a container, a partial or an object of ours holds; evaluates no property and advances no iterator."""
    if isinstance(value, Mapping):
        return itertools.chain.from_iterable(list(value.items()))
    if isinstance(value, list | tuple | set | frozenset | deque):
        return list(itertools.islice(value, MAX_ITEMS))
    if isinstance(value, partial):
        return [value.func, *value.args, *value.keywords.values()]
    return attributes_of(value) if is_ours(type(value)) else ()


def attributes_of(value: Any) -> list[Any]:
    """The values of an object's slots and of its `__dict__`."""
    slots = itertools.chain.from_iterable(
        [kind.__dict__["__slots__"]] if isinstance(kind.__dict__.get("__slots__"), str) else kind.__dict__.get("__slots__", ())
        for kind in type(value).__mro__
    )
    missing = object()
    found = [object.__getattribute__(value, name) if is_set(value, name) else missing for name in slots]
    return [part for part in found if part is not missing] + list(getattr(value, "__dict__", {}).values())


def is_set(value: Any, slot: str) -> bool:
    try:
        object.__getattribute__(value, slot)
    except AttributeError:
        return False
    return True


def items_of(value: Any) -> list[Any]:
    """A value, or its items if it is a list or tuple, also nested."""
    return [item for part in value[:MAX_ITEMS] for item in items_of(part)] if isinstance(value, list | tuple) else [value]


def find_path(recorder: Recorder) -> Trace:
    """Mark the calls on the path, order the modules, find the steps back."""
    used: set[int] = set()
    while True:
        for call in recorder.calls:  # callers come before what they call
            call.is_on_path = is_on_path(call, used)
        found = set().union(*(call.takes_records for call in recorder.calls if call.is_on_path))
        if found == used:
            break
        used = found
    firsts: dict[str, str] = {}
    for call in recorder.calls:
        if call.is_on_path:
            firsts.setdefault(*call.name)
    places = {module: place for place, module in enumerate(firsts)}
    steps: dict[tuple[str, str], StepBack] = {}
    goals = [(call.callers, call.name, "call", call.has_file) for call in recorder.calls]
    goals += [(step.callers, step.target, "assignment", step.has_file) for step in recorder.assignments]
    for callers, target, kind, has_file in goals:
        source = next((name for name in callers if name[0] in places), None)
        if source is not None and places.get(target[0], len(places)) < places[source[0]]:
            pair = ".".join(source), ".".join(target)
            had_file = pair in steps and steps[pair].has_file
            steps[pair] = StepBack(source=pair[0], target=pair[1], kind=kind, has_file=has_file or had_file)
    return Trace(modules=tuple(firsts), functions=tuple(firsts.values()), steps_back=tuple(steps.values()))


def is_on_path(call: Call, used: set[int]) -> bool:
    """Whether a call passes something of the file on to a caller that does so too. `used` are records that calls on the
    path take."""
    if not call.has_file:
        return False
    above = call.parent
    while above is not None and not above.has_file:
        above = above.parent
    passes_on = call.gives_file or call.is_open or call.parent is None or bool(call.gives_records & used)
    return passes_on and (above is None or above.is_on_path)


@contextmanager
def watching_add(recorder: Recorder) -> Iterator[None]:
    """End the path when rows with vectors are added to a table."""
    original = lancedb.table.LanceTable.add

    def add(table: Any, data: Any, *arguments: Any, **options: Any) -> Any:
        schema = getattr(data, "schema", None)
        names = schema.names if schema is not None else data[0] if isinstance(data, list) and data else ()
        if recorder.calls and not recorder.is_ended and "vector" in names:
            recorder.end()
        return original(table, data, *arguments, **options)

    lancedb.table.LanceTable.add = add
    try:
        yield
    finally:
        lancedb.table.LanceTable.add = original


@contextmanager
def watching_assignments(recorder: Recorder) -> Iterator[None]:
    """Record what is set on objects of our classes; frozen classes have their own `__setattr__` and are left alone."""
    values = itertools.chain.from_iterable(list(vars(module).values()) for name, module in list(sys.modules.items()) if is_ours_name(name))
    kinds = {value for value in values if isinstance(value, type) and is_ours(value)}
    plain: Any = object.__setattr__
    patched = [kind for kind in kinds if kind.__setattr__ is plain]

    def set_attribute(target: Any, attribute: str, value: Any) -> None:
        recorder.assign(target, attribute, value, sys._getframe(1))
        object.__setattr__(target, attribute, value)

    for kind in patched:
        kind.__setattr__ = set_attribute  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        for kind in patched:
            del kind.__setattr__


@contextmanager
def tracing(recorder: Recorder) -> Iterator[None]:
    """Trace this thread and those that start inside the block."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    threading.settrace(recorder.trace)
    sys.settrace(recorder.trace)
    try:
        yield
    finally:
        sys.settrace(None)
        threading.settrace(None)
        sys.setswitchinterval(interval)


def run_build(folder: Path, name: str) -> None:
    """Build a new index of the corpus. Exits if that fails."""
    arguments = ["build", str(folder / "corpus"), "--index", str(folder / name), "--device", "cpu", "--threads", "1", "--json"]
    with redirect_stdout(io.StringIO()):
        code = run_cli(arguments)
    if code:
        sys.exit(f"The build ended with exit code {code}.")


def record(folder: Path) -> Trace:
    """Write the corpus; build once for the imports and once for the trace."""
    (folder / "corpus").mkdir(parents=True)
    paragraphs = [
        " ".join(f"Sentence {number} of part {part} tells how the {MARKER} went over hill {number}." for number in range(NUM_SENTENCES))
        for part in range(NUM_PARAGRAPHS)
    ]
    (folder / "corpus" / f"{MARKER}.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
    run_build(folder, "first")
    recorder = Recorder()
    with ExitStack() as stack:
        for context in (watching_add(recorder), watching_assignments(recorder), tracing(recorder)):
            stack.enter_context(context)
        run_build(folder, "second")
    if not recorder.is_ended:
        sys.exit("No vectors were added to a table: the end of the path was not found.")
    return find_path(recorder)


def show(trace: Trace) -> None:
    """Print the path for people."""
    print(f"{len(trace.modules)} modules define a function that is called on the path:")
    for number, (module, function) in enumerate(zip(trace.modules, trace.functions, strict=True), 1):
        print(f"{number:4} {module:32} {function}")
    num_with_file = sum(step.has_file for step in trace.steps_back)
    print(f"{len(trace.steps_back)} steps back, {num_with_file} of them with something of the file:")
    for step in trace.steps_back:
        notes = [note for note, is_true in (("assignment", step.kind == "assignment"), ("without file", not step.has_file)) if is_true]
        print(f"     {step.source} -> {step.target}", f"({', '.join(notes)})" if notes else "")


def main() -> int:
    """Trace, print, and compare with the limits."""
    parser = argparse.ArgumentParser(description="Counts the modules on the path of a new file, and the steps back.")
    parser.add_argument("folder", nargs="?", type=Path, help="an empty directory to work in; none: a temporary one")
    parser.add_argument("--json", action="store_true", help="print the path as JSON")
    parser.add_argument("--max-modules", type=int, metavar="N", help="exit with 1 when there are more")
    parser.add_argument("--max-back", type=int, metavar="N", help="exit with 1 when there are more steps back")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        trace = record(options.folder or Path(temporary))
    if options.json:
        print(json.dumps(asdict(trace)))
    else:
        show(trace)
    limits = ((len(trace.modules), options.max_modules), (len(trace.steps_back), options.max_back))
    return int(any(limit is not None and count > limit for count, limit in limits))


if __name__ == "__main__":
    sys.exit(main())
