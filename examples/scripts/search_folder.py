"""Index a folder and search it: `python examples/scripts/search_folder.py FOLDER "QUESTION" [--index DIR]`.

The first run encodes every document; later ones only what changed. Prints the spans that answer best, with their
places.
"""

from __future__ import annotations

import argparse

import lmkindex


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("question")
    parser.add_argument("--index", default="my-index", help="where the index is, or will be (default: %(default)s)")
    parser.add_argument("--budget", type=int, default=256, help="how many tokens of text to show (default: %(default)s)")
    options = parser.parse_args()

    report = lmkindex.build_index(options.folder, index=options.index)
    print(f"{report.documents} documents, {report.sentences} sentences; {report.unchanged} were unchanged.")
    for failure in report.failed:
        print(f"not indexed: {failure.path}: {failure.reason}")

    with lmkindex.open_index(options.index) as index:
        result = index.search(options.question, budget_tokens=options.budget)
    for span in result.spans:
        print(f"\n{span.place}\n{span.text}")


if __name__ == "__main__":
    main()
