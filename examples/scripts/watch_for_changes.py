"""Keep an index equal to a folder: `python examples/scripts/watch_for_changes.py FOLDER [--index DIR] [--every
SECONDS]`.

Looks every minute, which costs little: unchanged files are not read. For a schedule, `lmkindex build` from cron does
the same.
"""

from __future__ import annotations

import argparse
import time

import lmkindex


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--index", default="my-index", help="where the index is, or will be (default: %(default)s)")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two looks (default: %(default)s)")
    parser.add_argument("--times", type=int, default=0, help="stop after so many looks; 0 goes on until Ctrl-C")
    options = parser.parse_args()

    look = 0
    while not options.times or look < options.times:
        if look:
            time.sleep(options.every)
        look += 1
        try:
            report = lmkindex.build_index(options.folder, index=options.index)
        except lmkindex.LockedError as error:  # another build is running: it does our work
            print(error)
            continue
        if report.added or report.changed or report.renamed or report.deleted:
            print(f"+{report.added} ~{report.changed} -{report.deleted}, documents: {report.documents}", flush=True)
        for failure in report.failed:
            print(f"cannot be read: {failure.path}: {failure.reason}", flush=True)


if __name__ == "__main__":
    main()
