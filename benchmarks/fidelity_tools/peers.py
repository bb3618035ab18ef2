"""The peers: other readers, each in an environment of its own, run over the same files.

Texts that were read once are kept under the work folder. A peer that fails on a file, or takes too long, has lost it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

TIME_LIMIT_S = 600
SCRIPT = Path(__file__).with_name("peer_script.py")
PDF, ALL = frozenset({".pdf"}), frozenset({".pdf", ".docx", ".html"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """`requirement` is what pip installs, "" for a program of the system; `can_depend` says whether its licence would
    allow it as a dependency."""

    name: str
    requirement: str
    licence: str
    can_depend: bool
    suffixes: frozenset[str]
    writes_markdown: bool = False


PEERS = [
    Peer(name="pdftotext", requirement="", licence="GPL-2.0-or-later", can_depend=False, suffixes=PDF),
    Peer(name="pdfminer.six", requirement="pdfminer.six==20260107", licence="MIT", can_depend=True, suffixes=PDF),
    Peer(name="pypdf", requirement="pypdf==7.1.1", licence="BSD-3-Clause", can_depend=True, suffixes=PDF),
    Peer(name="pdftext", requirement="pdftext==0.7.1", licence="Apache-2.0", can_depend=True, suffixes=PDF),
    Peer(name="kreuzberg", requirement="kreuzberg==4.10.4", licence="MIT", can_depend=True, suffixes=ALL, writes_markdown=True),
    Peer(name="markitdown", requirement="markitdown[pdf,docx]==0.1.9", licence="MIT", can_depend=True, suffixes=ALL, writes_markdown=True),
]


def install(peer: Peer, work_path: Path) -> None:
    """Make the peer's environment if it is not there."""
    place = work_path / "peers" / peer.name
    if not peer.requirement or (place / "installed").exists():
        return
    venv.create(place, with_pip=True, clear=True)
    subprocess.run((place / "bin/pip", "install", "-q", "--disable-pip-version-check", peer.requirement), check=True)
    (place / "installed").write_text(peer.requirement)


def read_with_peer(peer: Peer, paths: Sequence[Path], work_path: Path) -> Iterator[tuple[Path, str]]:
    """The text of each file, "" if the peer fails on it."""
    process: subprocess.Popen[str] | None = None
    for path in paths:
        kept = work_path / "read" / peer.name / path.parent.name / (path.name + ".txt")
        if not kept.exists() or kept.stat().st_mtime < path.stat().st_mtime:
            if peer.name == "pdftotext":
                text = subprocess.run(("pdftotext", "-enc", "UTF-8", path, "-"), capture_output=True, check=False).stdout.decode()
            else:
                process = process or _start(peer, work_path)
                answer = _ask(process, path)
                if answer is None:
                    process.kill()
                    process = None
                text = _text_of(peer, path, answer)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(text, encoding="utf-8", errors="replace")
        text = kept.read_text(encoding="utf-8")
        yield path, without_markdown(text) if peer.writes_markdown else text
    if process:
        process.kill()


def _start(peer: Peer, work_path: Path) -> subprocess.Popen[str]:
    command = (str(work_path / "peers" / peer.name / "bin/python"), "-u", str(SCRIPT), peer.name)
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8")


def _ask(process: subprocess.Popen[str], path: Path) -> dict[str, str] | None:
    """The peer's answer for one file; None if it died or took too long."""
    assert process.stdin and process.stdout
    process.stdin.write(f"{path}\n")
    process.stdin.flush()
    timer = threading.Timer(TIME_LIMIT_S, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            if line.startswith("\x1e"):  # other lines are a peer's own output
                answer: dict[str, str] = json.loads(line[1:])
                return answer
        return None
    finally:
        timer.cancel()


def _text_of(peer: Peer, path: Path, answer: dict[str, str] | None) -> str:
    if answer is None or "error" in answer:
        print(f"{peer.name} failed on {path}: {'no answer' if answer is None else answer['error'][:200]}", file=sys.stderr)
        return ""
    return answer["text"]


def without_markdown(text: str) -> str:
    """The text without the marks that a peer adds for Markdown: they are neither lost nor invented text."""
    text = re.sub(r"(?m)^#{1,6} |^\s*\|?(?:\s*:?-{3,}:?\s*\|)+\s*(?::?-{3,}:?)?\s*$|^> |^```\w*$|^ *-{3,} *$", "", text)
    text = re.sub(r"!?\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]\([^)\n]*\)", r"\1", text)
    text = re.sub(r"\*{1,3}(?=\S)([^*\n]+?)(?<=\S)\*{1,3}", r"\1", text)
    text = re.sub(r"`([^`\n]+)`", r"\1", text)
    text = re.sub(r"<((?:https?://|mailto:)?[^<>\s]+[.@][^<>\s]+)>", r"\1", text)
    text = re.sub(r"(?m)^(\s*)[-*+] ", r"\1• ", text)
    return re.sub(r"\\([\\`*_{}\[\]()#+.!|$~<>-])", r"\1", text)
