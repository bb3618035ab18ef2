"""Ask, and print only what the documents say: `python examples/scripts/ask_with_citations.py FOLDER "QUESTION" [--llm
URL --model NAME]`.

A language model writes the answer. Code then looks up each claim in the documents; a citation that it did not find
there is left out here. Without `--llm` the small default model answers, which needs the extra `cpu`.
"""

from __future__ import annotations

import argparse

import lmkindex


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("question")
    parser.add_argument("--index", default="my-index", help="where the index is, or will be (default: %(default)s)")
    parser.add_argument("--llm", help="an OpenAI-compatible server, as http://localhost:8000/v1, or the folder of a model")
    parser.add_argument("--model", help="which of the server's models")
    options = parser.parse_args()

    lmkindex.build_index(options.folder, index=options.index)
    with lmkindex.open_index(options.index) as index:
        answer = index.ask(options.question, llm=options.llm, model=options.model)
        verified = [citation for citation in answer.citations if citation.verified]
        for citation in verified:
            passage = index.read(citation.place)  # the same characters, from the index
            print(f"{citation.place}\n  {' '.join(passage.text.split())}")

    if answer.abstained or not verified:
        raise SystemExit("Nothing in the documents answers this.")
    num_left_out = len(answer.citations) - len(verified)
    print(f"{len(verified)} verified, {num_left_out} left out. Asked: {answer.model}.")


if __name__ == "__main__":
    main()
