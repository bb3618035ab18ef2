"""Write `examples/questions.jsonl`: each question's evidence as spans of the canonical text, which the evidence was
quoted from by hand.

Run from the checkout after a change to the corpus or to a reader: `python examples/sources/make_questions.py`.
`answers` lists the parts of the answer, all of which are needed. `kind`: single (one sentence), run (consecutive ones),
scattered (places far apart), context (the evidence is only clear with what stands before it).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from lmkindex.config import FileOptions
from lmkindex.files import walk_files
from lmkindex.read import read_document

EXAMPLES = Path(__file__).parents[1]


def find_evidence(text: str, evidence: str) -> tuple[int, int]:
    """The one place where the evidence stands, whatever its white space. Raises `ValueError` when it is missing or
    ambiguous."""
    matches = list(re.finditer(r"\s+".join(map(re.escape, evidence.split())), text))
    if len(matches) != 1:
        raise ValueError(f"evidence found {len(matches)} times: {evidence!r}")
    return matches[0].span()


def main() -> None:
    """Join the two hand-written lists and add spans."""
    entries = walk_files([EXAMPLES / "corpus"], FileOptions()).entries
    texts = {entry.path: read_document(entry, FileOptions()).text for entry in entries}
    lines = []
    for name in ("saltmere", "kestrel"):
        for line in (EXAMPLES / "sources" / name / "questions.jsonl").read_text(encoding="utf-8").splitlines():
            question = json.loads(line)
            text = texts[question["path"]]
            spans = sorted(find_evidence(text, evidence) for evidence in question["evidence"])
            question |= {"spans": spans, "evidence": [text[start:end] for start, end in spans]}
            lines.append(json.dumps(question, ensure_ascii=False))
    (EXAMPLES / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
