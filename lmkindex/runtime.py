"""The process in which heavy libraries run: their environment, their output, and packages that are installed but
broken.

Knows no model. Takes nothing and gives context managers and small fixes, to be called *before* transformers or vLLM is
imported.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

VISION_PACKAGES = ("torchvision", "torchaudio", "torchcodec")

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}
QUIET = {
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
}


def cpu_has_bf16() -> bool:
    """Whether this CPU computes in bf16; if not, bf16 is several times slower than fp32."""
    import torch

    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


def hide_broken_vision() -> None:
    """Make image and sound packages that cannot be imported look absent to transformers and vLLM.

    pip may pair a CPU torch with a torchvision that was built for another torch. Importing it then raises RuntimeError
    or OSError, where only ImportError is expected, and breaks every `import` of vLLM. We need none of these packages. A
    working one stays.
    """
    for name in VISION_PACKAGES:
        if name in sys.modules or importlib.util.find_spec(name) is None:
            continue
        try:
            __import__(name)
        except Exception:  # whatever a broken native library raises
            for loaded in [module for module in sys.modules if module == name or module.startswith(f"{name}.")]:
                del sys.modules[loaded]
            sys.modules[name] = None  # type: ignore[assignment]  # import and find_spec both treat None as "not installed"


@contextmanager
def absent(name: str) -> Iterator[None]:
    """Make a package look uninstalled to modules imported inside the `with`; if it was imported before, it stays."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


def prepare_environment(*, verbose: bool) -> None:
    """Set what vLLM and transformers read on import: no network, one process, logs on stderr, and no logs unless
    `verbose`."""
    os.environ.update(OFFLINE)
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # starts in seconds and leaves no orphan processes
    os.environ["VLLM_LOGGING_STREAM"] = "ext://sys.stderr"
    if not verbose:
        os.environ.update(QUIET)


def cache_folder() -> Path:
    """`$LMKINDEX_CACHE`, or the user's cache folder of this platform. It may not exist yet."""
    from platformdirs import user_cache_dir

    return Path(os.environ.get("LMKINDEX_CACHE") or user_cache_dir("lmkindex", appauthor=False))


class CapturedOutput:
    """What was written to file descriptors 1 and 2 inside `captured_output`, for the message if something failed."""

    def __init__(self) -> None:
        self.text = ""

    def tail(self, num_lines: int = 12) -> str:
        lines = [line for line in self.text.splitlines() if line.strip()]
        return "\n".join(lines[-num_lines:])


@contextmanager
def captured_output(*, verbose: bool) -> Iterator[CapturedOutput]:
    """Redirect native and Python output away from stdout: to a temporary file, or to stderr if `verbose`."""
    captured = CapturedOutput()
    flush_streams()
    with tempfile.TemporaryFile() as scratch:
        saved_stdout, saved_stderr = os.dup(1), os.dup(2)
        try:
            os.dup2(2 if verbose else scratch.fileno(), 1)
            if not verbose:
                os.dup2(scratch.fileno(), 2)
            yield captured
        finally:
            flush_streams()
            os.dup2(saved_stdout, 1)
            os.dup2(saved_stderr, 2)
            os.close(saved_stdout)
            os.close(saved_stderr)
            scratch.seek(0)
            captured.text = scratch.read().decode("utf-8", errors="replace")


def flush_streams() -> None:
    """Flush Python's buffers, so that each text reaches the file descriptor that was open when it was written."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):  # closed, or replaced by something that is not a stream
            stream.flush()
