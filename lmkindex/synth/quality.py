"""Statistics of a set of questions, the same for synthetic and human sets, so that a report can compare them honestly.

The evidence of a question is the sentences that its spans touch, because some sets mark two words and others a section.
Takes questions and the encoder's view of their documents; knows nothing about how the questions were made, except in
`describe_run`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ..datasets import EvaluationSet, Question, SourceDocument, sample_questions
from ..datasets.records import RECALL_RANKS
from ..encoder import Encoder, encode_questions
from ..encoder.cache import VectorCache
from ..records import JsonObject
from .filters import REASONS, overlap, words_of
from .records import SynthResult
from .round_trip import SentencePlaces, embed_documents, rank_in_document

COMPARED_QUESTIONS = 300  # per human set: enough for shares with two digits, and few documents to encode
MAX_SENTENCES = 5
QUESTION_WORDS = {"whom": "who", "whose": "who"} | {word: word for word in ("what", "who", "when", "where", "why", "how", "which")}
VERBS = "is are was were am do does did has have had can could may might must shall should will would"
YES_NO = frozenset(VERBS.split())


def measure_set(evaluation_set: EvaluationSet, encoder: Encoder, cache: VectorCache, max_questions: int, seed: int) -> JsonObject:
    """The figures for at most `max_questions` (0: all) of a set's questions with evidence."""
    questions = sample_questions(evaluation_set, max_questions, seed, with_evidence=True).questions
    asked_about = {question.doc_id for question in questions}
    documents = [document for document in evaluation_set.documents if document.doc_id in asked_about]
    return measure_questions(evaluation_set.name, questions, documents, embed_documents(documents, encoder, cache), encoder)


def measure_questions(
    name: str, questions: Sequence[Question], documents: Sequence[SourceDocument], places: SentencePlaces, encoder: Encoder
) -> JsonObject:
    """The figures for these questions: words, question words, overlap with the evidence, rank of the evidence,
    sentences of evidence."""
    questions = [question for question in questions if len(places.touched(question.doc_id, question.spans))]
    texts = {document.doc_id: document.text for document in documents}
    vectors_QD = encode_questions(encoder, [question.text for question in questions]) if questions else ()
    touched = [places.touched(question.doc_id, question.spans) for question in questions]
    ranks = [
        rank_in_document(places, vector_D, question.doc_id, question.spans)
        for question, vector_D in zip(questions, vectors_QD, strict=True)
    ]
    evidence = []
    for question, sentences in zip(questions, touched, strict=True):
        place = places.sentences_of(question.doc_id)
        starts, ends = places.starts_S[place], places.ends_S[place]
        evidence.append(" ".join(texts[question.doc_id][int(starts[index]) : int(ends[index])] for index in sentences))
    return {
        "name": name,
        "questions": len(questions),
        "words": summary([len(words_of(question.text)) for question in questions]),
        "question_words": shares(question_word(question.text) for question in questions),
        "overlap": summary([overlap(question.text, text) for question, text in zip(questions, evidence, strict=True)]),
        "rank": describe_ranks(ranks),
        "sentences": shares(str(len(one)) if len(one) <= MAX_SENTENCES else f"over {MAX_SENTENCES}" for one in touched),
    }


def describe_run(result: SynthResult) -> JsonObject:
    """What happened to the attempts of a synthetic set: acceptance, reasons, acceptance by length, ranks before the
    round-trip filter."""
    attempts = result.attempts
    tried = Counter(attempt.pick.num_sentences for attempt in attempts)
    taken = Counter(attempt.pick.num_sentences for attempt in attempts if attempt.is_accepted)
    return {
        "name": result.name,
        "model": result.model,
        "documents": result.num_documents,
        "attempts": len(attempts),
        "accepted": sum(taken.values()),
        "acceptance_rate": round_figure(sum(taken.values()) / len(attempts)) if attempts else 0.0,
        "rejected": {name: result.rejected[name] for name in REASONS if name in result.rejected},
        "acceptance_by_sentences": {str(length): round_figure(taken[length] / tried[length]) for length in sorted(tried)},
        "rank_before_filter": describe_ranks([attempt.rank for attempt in attempts if attempt.rank]),
    }


def question_word(question: str) -> str:
    """The first of `what`, `who`, `how` and so on that occurs; `yes/no` if the question begins with a verb; else
    `other`."""
    words = words_of(question)
    if words and words[0] in YES_NO:
        return "yes/no"
    return next((QUESTION_WORDS[word] for word in (word.removesuffix("'s") for word in words) if word in QUESTION_WORDS), "other")


def describe_ranks(ranks: Sequence[int]) -> JsonObject:
    """Median rank, and the share of ranks within `RECALL_RANKS`."""
    within = {f"within_{rank}": round_figure(sum(one <= rank for one in ranks) / len(ranks)) if ranks else 0.0 for rank in RECALL_RANKS}
    return {"median": float(np.median(ranks)) if ranks else 0.0, **within}


def summary(values: Sequence[float]) -> JsonObject:
    """Mean, median, and the 10th and 90th percentiles."""
    if not values:
        return {"mean": 0.0, "median": 0.0, "p10": 0.0, "p90": 0.0}
    p10, median, p90 = np.percentile(values, [10, 50, 90]).tolist()
    return {
        "mean": round_figure(float(np.mean(values))),
        "median": round_figure(median),
        "p10": round_figure(p10),
        "p90": round_figure(p90),
    }


def shares(names: Iterable[str]) -> dict[str, float]:
    """How often each name occurs, as a share, most frequent first."""
    counts = Counter(names)
    return {name: round_figure(count / counts.total()) for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))}


def round_figure(value: float) -> float:
    return round(value, 3)


def render_quality(quality: JsonObject) -> str:
    """The report in Markdown: the run, then all sets side by side."""
    run, sets = quality["run"], quality["sets"]
    lines = [
        f"# Questions of {run['name']}",
        "",
        f"{run['accepted']:,} of {run['attempts']:,} attempts were accepted ({run['acceptance_rate']:.1%}), "
        f"written by {run['model'] or 'no model'} about {run['documents']:,} documents.",
        "",
        *table(
            ["rejected because", "attempts", "meaning"], [[name, f"{run['rejected'][name]:,}", REASONS[name]] for name in run["rejected"]]
        ),
        *table(["sentences of the span", "accepted"], [[length, f"{rate:.1%}"] for length, rate in run["acceptance_by_sentences"].items()]),
        "Before the round-trip filter, the span's median rank was "
        f"{run['rank_before_filter']['median']:g}, and it was first for {run['rank_before_filter']['within_1']:.1%}.",
        "",
        "## Comparison with other sets",
        "",
        "A rank is that of the best evidence sentence among all sentences of its document, with the encoder that did the filtering. For",
        "the synthetic set, ranks are after the filter, so they do not measure its quality.",
        "",
        *table(["", *(one["name"] for one in sets)], quality_rows(sets)),
    ]
    return "\n".join(lines)


def quality_rows(sets: Sequence[JsonObject]) -> list[list[str]]:
    """One row per figure, one column per set."""
    rows = [["questions", *(f"{one['questions']:,}" for one in sets)]]
    rows += [[f"words, {name}", *(f"{one['words'][name]:g}" for one in sets)] for name in ("mean", "median", "p10", "p90")]
    for part, title in (("question_words", ""), ("sentences", "evidence of sentences: ")):
        names = sorted(
            {name for one in sets for name in one[part]}, key=lambda name: (-max(one[part].get(name, 0.0) for one in sets), name)
        )
        if part == "sentences":
            names.sort()
        rows += [[f"{title}{name}", *(percent(one[part], name) for one in sets)] for name in names]
    rows += [[f"overlap with the evidence, {name}", *(f"{one['overlap'][name]:.2f}" for one in sets)] for name in ("mean", "median")]
    rows += [["rank, median", *(f"{one['rank']['median']:g}" for one in sets)]]
    return rows + [[f"rank within {rank}", *(percent(one["rank"], f"within_{rank}") for one in sets)] for rank in RECALL_RANKS]


def percent(values: Mapping[str, float], name: str) -> str:
    return f"{values.get(name, 0.0):.0%}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table, with a blank line at the end."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (header, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], f"|{'---|' * len(header)}", *lines[1:], ""]
