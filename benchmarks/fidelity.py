"""What readers lose and invent: `python benchmarks/fidelity.py --work DIR` (`just fidelity --work DIR`).

Prints texts whose sentences are marked with real producers, reads the files with lmkindex and with its peers, and
scores each reader against the truth: characters lost and invented, words in order, exact sentences. Files that are
printed are kept, so a second run only reads. Exits with 0 whatever the figures are.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fidelity_tools.held_out.held_kinds import held_sheet_of
from fidelity_tools.held_out.held_producers import held_producers
from fidelity_tools.our_reader import read_with_ours, split
from fidelity_tools.peers import PEERS, install, read_with_peer
from fidelity_tools.printing import print_missing, print_samples, printed_files
from fidelity_tools.report import OURS, Row, markdown_report
from fidelity_tools.scoring import score


def main() -> None:
    """Print, read, score."""
    arguments = argparse.ArgumentParser(description="Measure what readers lose and invent.")
    arguments.add_argument("--work", type=Path, help="folder of printed files, environments of peers and texts that they read")
    arguments.add_argument("--producer", action="append", default=[], help="only this producer (may be repeated)")
    arguments.add_argument("--kind", action="append", default=[], help="only this kind (may be repeated)")
    arguments.add_argument("--no-peers", action="store_true", help="only our own reader")
    arguments.add_argument("--no-print", action="store_true", help="only files that are printed already")
    arguments.add_argument("--print-only", action="store_true", help="print the files and stop")
    arguments.add_argument("--held-out", action="store_true", help="the corpus that the readers were not developed on (DIR/held-out)")
    arguments.add_argument("--samples", type=Path, help="print the small files of tests/data/fidelity into this folder and stop")
    arguments.add_argument("--json", type=Path, help="write the figures of every reader and file here, too")
    arguments.add_argument("--show", type=Path, help="show the differences of one printed file")
    arguments.add_argument("--most", type=int, default=60, help="differences to show")
    options = arguments.parse_args()
    if options.show:
        show(options.show, options.most)
        return
    if options.samples:
        print_samples(options.samples)
        return
    if not options.work:
        arguments.error("needs --work DIR")
    work_path = options.work.resolve()
    corpus_path = work_path / "held-out" if options.held_out else work_path
    if not options.no_print:
        corpus: dict[str, Any] = {"producers": held_producers(corpus_path), "sheet_of": held_sheet_of} if options.held_out else {}
        print_missing(corpus_path, only_producers=options.producer, only_kinds=options.kind, **corpus)
    if options.print_only:
        return
    truths = dict(printed_files(corpus_path, only_producers=options.producer, only_kinds=options.kind))
    rows = list(own_rows(truths))
    if not options.no_peers:
        rows += peer_rows(truths, work_path)
    print(markdown_report(rows))
    if options.json:
        options.json.write_text(json.dumps([row.to_json() for row in rows], ensure_ascii=False, indent=1), encoding="utf-8")


def own_rows(truths: Mapping[Path, dict[str, Any]]) -> Iterator[Row]:
    """Our reader's scores."""
    for path, truth in truths.items():
        try:
            text, sentences = read_with_ours(path)
        except Exception as error:  # a reader that fails loses the whole file
            print(f"lmkindex failed on {path}: {error}", file=sys.stderr)
            text, sentences = "", []
        yield Row(reader=OURS, truth=truth, score=score(truth, text, sentences)[0])


def peer_rows(truths: Mapping[Path, dict[str, Any]], work_path: Path) -> Iterator[Row]:
    """The peers' scores; the sentences of their texts are those of our splitter."""
    for peer in PEERS:
        paths = [path for path in truths if path.suffix in peer.suffixes]
        if paths:
            install(peer, work_path)
        for path, text in read_with_peer(peer, paths, work_path):
            yield Row(reader=peer.name, truth=truths[path], score=score(truths[path], text, split(text))[0])


def show(path: Path, most: int) -> None:
    """Print the figures and the differences of one file."""
    truth = json.loads(path.with_name(path.name + ".json").read_text(encoding="utf-8"))
    counts, differences = score(truth, *read_with_ours(path))
    print(json.dumps(counts.to_json()))
    for difference in differences[:most]:
        print(f"{difference.what}: {difference.around or difference.piece}")
    if len(differences) > most:
        print(f"... and {len(differences) - most} more")


if __name__ == "__main__":
    main()
