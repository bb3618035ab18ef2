"""An index that commit b14df75 built can be checked and searched as it is, and built on, which makes it one of today's
format: `old_index.json`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from llm_server import LlmServer
from normal import differences
from old_index import EXPECTED_PATH, INDEX_PATH, corpus_in_place, use
from place import Place

FINGERPRINT = "ce7351bfd04d5b972d5e02156aa773bf"  # of the default encoder; a new one makes every index stale
EXPECTED: list[Any] = json.loads(EXPECTED_PATH.read_text("utf-8"))


def test_the_format_on_disk_is_the_old_one() -> None:
    head = json.loads((INDEX_PATH / "head.json").read_text("utf-8"))
    assert list(head) == ["format", "tables", "encoder", "options", "roots", "counts"]
    assert (head["format"], head["encoder"]["fingerprint"]) == (1, FINGERPRINT)
    assert sorted(path.name for path in INDEX_PATH.iterdir()) == ["documents.lance", "head.json", "landmarks.lance"]


@pytest.mark.slow
@pytest.mark.real
def test_an_old_index_is_used_as_before(tmp_path: Path) -> None:
    shutil.copytree(INDEX_PATH, tmp_path / ".lmkindex")
    with corpus_in_place() as corpus, LlmServer() as server:
        found = json.loads(json.dumps(use(Place(tmp_path, server), corpus)))
    lines = [
        f"{' '.join(before.get('arguments', ['head.json']))}\n  {line}"
        for before, after in zip(EXPECTED, found, strict=True)
        for line in differences(before, after)
    ]
    assert not lines, "\n".join(["", *lines])
    heads = [record["json"][0] for record in found if record.get("file") == "head.json"]
    builds = [record["json"][0] for record in found if record.get("arguments", [""])[0] == "build"]
    assert [(head["format"], head["encoder"]["fingerprint"]) for head in heads] == [(1, FINGERPRINT), (2, FINGERPRINT), (2, FINGERPRINT)]
    # The first build reads again what the older reader has read, and reuses its windows; the second has nothing to do.
    assert [(build["reread"], build["waiting"], build["windows_encoded"], build["unchanged"]) for build in builds[:2]] == [
        (4, 0, 0, 4),
        (0, 0, 0, 4),
    ]
    assert builds[0]["windows_reused"] == 15
    assert (builds[3]["changed"], builds[3]["added"], builds[3]["windows_reused"] > 5) == (1, 1, True)
