"""The child process of `sandbox.py`: reads requests from stdin and answers on stdout, one file after another, until
stdin ends.

It sets its own limits before it sees a byte of a document: memory, no core dumps, and an alarm later than the parent's
timeout. It dies with its parent: by a kernel signal on Linux, by the end of stdin while it waits, by the alarm if it
hangs.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

READY = b"ready"
ALARM_S = 10.0  # after the parent's timeout: needed only if the parent is gone
MAX_MESSAGE_BYTES = 1 << 31
PR_SET_PDEATHSIG = 1


def write_message(stream: IO[bytes], message: bytes) -> None:
    """Write the length in 8 bytes, then the message. Raises `OSError` if nobody reads."""
    stream.write(len(message).to_bytes(8, "little"))
    stream.write(message)
    stream.flush()


def read_message(stream: IO[bytes]) -> bytes | None:
    """The next message; None if the other side is gone or breaks the format."""
    head = stream.read(8)
    length = int.from_bytes(head, "little")
    if len(head) < 8 or length > MAX_MESSAGE_BYTES:
        return None
    message = stream.read(length)
    return message if len(message) == length else None


def run_child() -> None:
    """Serve until stdin ends. Arguments: bytes of memory, the parent's process id."""
    max_bytes, parent_id = (int(word) for word in sys.argv[1:3])
    die_with(parent_id)
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent decides when to stop: stopping a service signals all its processes
        signal.signal(number, signal.SIG_IGN)
    limit_memory(max_bytes)
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):  # parsers that print must not break into the replies
        os.dup2(null, descriptor)
    from . import formats

    assert formats.parse_bytes is not None  # imported while the parent still reads error output
    write_message(replies, READY)
    os.dup2(null, 2)
    with suppress(BrokenPipeError):
        serve(requests, replies)


def serve(requests: IO[bytes], replies: IO[bytes]) -> None:
    """Answer each request (a JSON head, then the file) with a JSON head and the text."""
    while (head := read_message(requests)) is not None and (data := read_message(requests)) is not None:
        request = json.loads(head)
        set_alarm(request["timeout_s"] + ALARM_S)
        reply, text = answer(data, request["suffix"], request["max_pages"], request["comments"])
        write_message(replies, json.dumps(reply).encode())
        write_message(replies, text)
        set_alarm(0)


def answer(data: bytes, suffix: str, max_pages: int, comments: bool) -> tuple[dict[str, object], bytes]:
    """Head and text of the reply to one file."""
    from ..errors import ReadError
    from .formats import parse_bytes

    try:
        parsed = parse_bytes(data, suffix, max_pages=max_pages, comments=comments)
    except ReadError as error:
        return {"error": str(error), "peak_bytes": peak_bytes()}, b""
    reply: dict[str, object] = {
        "error": None,
        "title": parsed.title,
        "pages": [(page.number, page.start, page.end) for page in parsed.pages],
        "headings": [(heading.start, heading.end, heading.level, heading.text) for heading in parsed.headings],
        "num_furniture": parsed.num_furniture,
        "notes": parsed.notes,
        "peak_bytes": peak_bytes(),
    }
    return reply, parsed.text.encode("utf-8", "surrogatepass")


def die_with(parent_id: int) -> None:
    """Ask Linux to kill this process when the thread that started it ends."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_id:  # it was too late to ask
            sys.exit(1)


def limit_memory(max_bytes: int) -> None:
    """Limit the memory that this process can address, on systems that support it."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))


def set_alarm(seconds: float) -> None:
    """Kill this process after `seconds`, whatever it is doing; 0 cancels the alarm."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)


def peak_bytes() -> int:
    """The peak memory of this process so far; 0 if the system does not tell."""
    with suppress(OSError, ValueError, StopIteration), Path("/proc/self/status").open(encoding="ascii") as status:
        # Not ru_maxrss: Linux includes what the parent had when it started this process, which is a lot with a model in
        # memory.
        return 1024 * int(next(line for line in status if line.startswith("VmHWM")).split()[1])
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
