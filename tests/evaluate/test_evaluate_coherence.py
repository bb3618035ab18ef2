"""`coherence`: the rules on sentences with an obvious class, ranks worked out by hand, and made-up sets with known
outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st

from lmkindex.config import EncodeOptions
from lmkindex.datasets import EvaluationSet, Question, SourceDocument
from lmkindex.encoder import FakeEncoder, load_encoder, read_folder
from lmkindex.encoder.cache import VectorCache
from lmkindex.errors import UsageError
from lmkindex.evaluate import Workbench
from lmkindex.evaluate.experiments.coherence.class_figures import MIN_A_CLASS, Classified, group_figures
from lmkindex.evaluate.experiments.coherence.experiment import classify, piece_rank, run_coherence
from lmkindex.evaluate.experiments.coherence.rules import (
    CLASSES,
    CONNECTIVE,
    DEFINITE,
    ELLIPTIC,
    MIXED,
    NEEDS,
    PRONOUN,
    SELF_CONTAINED,
    find_names,
    judge,
)
from lmkindex.evaluate.experiments.common import Experiment, ExperimentInput
from lmkindex.plots import draw_figure
from lmkindex.records import Float32Array
from lmkindex.token_records import Row

NUM_PAIRS = 24
ONSETS = "bdfgklmnprstvz"


def made_name(number: int) -> str:
    """A unique word for each number, which no stemmer changes."""
    return "".join(f"{ONSETS[number // 14**place % 14]}{'aou'[place % 3]}" for place in range(3)) + "k"


def make_set(name: str = "pairs", *, num_pairs: int = NUM_PAIRS, ends: str = "\n\n") -> EvaluationSet:
    """Paragraphs in which a name is introduced, then a pronoun says more; and paragraphs with a sentence that says all
    by itself. Questions on the first ask for words that only the sentence before the evidence has; those on the second
    for words of the evidence."""
    text, questions = "", list[Question]()
    for number in range(num_pairs):
        keeper, builder = made_name(2 * number).capitalize(), made_name(2 * number + 1).capitalize()
        lead = f"Long ago {keeper} lived beside the sea. "
        for first, evidence, asked in (
            (lead, f"He painted number {number} blue every single winter.", f"What about {keeper}?"),
            ("Some other things are said elsewhere. ", f"Captain {builder} repaired item {number} with timber.", f"Who is {builder}?"),
        ):
            start = len(text) + len(first)
            text += f"{first}{evidence}{ends}"
            questions.append(
                Question(question_id=str(len(questions)), doc_id="d", text=asked, answers=(), spans=((start, start + len(evidence)),))
            )
    document = SourceDocument(doc_id="d", title="", text=text)
    return EvaluationSet(name=name, documents=(document,), questions=tuple(questions))


class SmearingEncoder(FakeEncoder):
    """A sentence's vector includes the words of the sentence before it in its row."""

    def encode_rows(self, rows: Sequence[Row]) -> list[Float32Array]:
        return [
            np.stack([self.table[row.ids_T[max(1, start - 8) : end]].mean(axis=0) for start, end in zip(row.starts, row.ends, strict=True)])
            for row in rows
        ]


def run(folder: Path, encoder: Any, *sets: EvaluationSet) -> Experiment:
    return run_coherence(
        ExperimentInput(sets=sets, landmark_encoder=encoder, baseline_encoder=encoder, cache=VectorCache(folder / "cache"))
    )


def differences(experiment: Experiment, scope: str, measure: str) -> dict[str, list[float]]:
    """Means of the three differences by class."""
    rows = [row for row in experiment.tables[2].rows if row[:2] == [scope, measure]]
    return {str(row[2]): [float(str(cell).split()[0]) for cell in row[3:]] for row in rows}


# ---- the rules


@pytest.mark.parametrize(
    ("sentence", "need", "reasons"),
    [
        ("He was born in Vienna in 1797.", NEEDS, {PRONOUN}),
        ("Their first album sold well in Germany.", NEEDS, {PRONOUN}),
        ("In 1990, she moved to Paris.", NEEDS, {PRONOUN}),
        ("In Paris, he met Chopin.", NEEDS, {PRONOUN}),
        ("It is the largest city in Texas.", NEEDS, {PRONOUN}),
        ("This was a mistake of the ministry.", NEEDS, {PRONOUN}),
        ("I think it cost too much.", NEEDS, {PRONOUN}),
        ("However, Darwin published the book in 1859.", NEEDS, {CONNECTIVE}),
        ("For example, Berlin has three airports.", NEEDS, {CONNECTIVE}),
        ("Finally, Napoleon lost at Waterloo.", NEEDS, {CONNECTIVE}),
        ("PROF. BLACK: But Mary will write the report.", NEEDS, {CONNECTIVE}),
        ("The company was founded in 1975 by Bill Gates.", NEEDS, {DEFINITE}),
        ("The early crop grows along the Yangtze River.", NEEDS, {DEFINITE}),
        ("These cells divide every ten hours.", NEEDS, {DEFINITE}),
        ("By this new model, nuclear forces are residual.", NEEDS, {DEFINITE}),
        ("Critics said that the film was too long.", NEEDS, {DEFINITE}),
        ("Of the two, London adopted the latter in 1850.", NEEDS, {DEFINITE}),
        ("Absolutely not.", NEEDS, {ELLIPTIC}),
        ("A city of great beauty and much noise.", NEEDS, {ELLIPTIC}),
        ("However, the company said it was sold.", NEEDS, {CONNECTIVE, DEFINITE}),
        ("Charles Darwin published his book in 1859.", SELF_CONTAINED, set()),
        ("In his first book, Darwin described barnacles.", SELF_CONTAINED, set()),
        ("The 1906 earthquake destroyed most of San Francisco.", SELF_CONTAINED, set()),
        ("When Marie Curie died, she left two daughters.", SELF_CONTAINED, set()),
        ("The University of Leeds has 38,000 students.", SELF_CONTAINED, set()),
        ("3. Kenya exports tea and they say it is good.", SELF_CONTAINED, set()),
        ("It is possible that Mars had oceans.", MIXED, set()),
        ("The king who ruled Norway lost his crown.", MIXED, set()),
        ("A cashier's check is a cheque guaranteed by a bank.", MIXED, set()),
        ("We will meet again in two weeks.", MIXED, set()),
        ("The sun warms all of us.", MIXED, set()),
        ("There are infinitely many primes.", MIXED, set()),
        ("Trees lose their leaves in autumn.", MIXED, set()),
    ],
)
def test_the_rules_on_plain_cases(sentence: str, need: str, reasons: set[str]) -> None:
    names = find_names(["When Kenya exports tea, Darwin and Trees Limited of Charles and the Marie Curie fund pay.", "All trees grow."])
    found = judge(sentence, names)
    assert (found.need, set(found.reasons)) == (need, reasons)


@given(st.text())
def test_any_text_gets_one_class(text: str) -> None:
    found = judge(text)
    assert found.need in CLASSES
    assert (found.need == NEEDS) == bool(found.reasons)


def test_names_are_learned_from_the_set() -> None:
    plain = ["We saw Mercury and the moon.", "Mercury is hot.", "Cells divide.", "Some cells die.", "In May it rains."]
    names = find_names([*plain, "A Study Of All Cells In Ponds"])
    assert "mercury" in names
    assert names.isdisjoint({"cells", "study", "ponds", "may", "we", "in", "some"})


# ---- ranks and figures


@pytest.mark.parametrize(
    ("scores", "place", "expected"),
    [
        ([0.1, 0.9, 0.5], 1, 1),
        ([0.1, 0.9, 0.5], 0, 3),
        ([0.5, 0.5, 0.5], 0, 1),
        ([0.5, 0.5, 0.5], 2, 3),
        ([1, -np.inf, -np.inf], 2, np.inf),
    ],
)
def test_ranks_by_hand(scores: list[float], place: int, expected: float) -> None:
    assert piece_rank(np.asarray(scores, dtype=np.float32), place) == expected


@given(st.lists(st.integers(-2, 2), min_size=1, max_size=30))
def test_ranks_are_a_permutation(scores: list[int]) -> None:
    array = np.asarray(scores, dtype=np.float32)
    assert sorted(piece_rank(array, place) for place in range(len(scores))) == list(range(1, len(scores) + 1))


def classified(name: str, landmark: Sequence[float], isolated: Sequence[float]) -> Classified:
    """A set whose questions all need context, with the same ranks in both scopes; words find nothing."""
    size = len(landmark)
    ranks = {"landmark-1": landmark, "isolated": isolated, "late-sentence": landmark}
    nothing = np.full(size, np.inf)
    return Classified(
        name=name,
        num_asked=size,
        questions=np.arange(size),
        sentences=np.arange(size),
        needs=(NEEDS,) * size,
        reasons=((PRONOUN,),) * size,
        opens=(False,) * size,
        ranks={
            (system, scope): np.asarray(ranks.get(system, nothing), dtype=np.float64)
            for system in ("landmark-1", "isolated", "late-sentence", "bm25-sentence", "bm25-context")
            for scope in ("document", "corpus")
        },
    )


def test_a_macro_mean_gives_every_set_the_same_weight() -> None:
    sets = [classified("one", [1] * 20, [2] * 20), classified("two", [4] * 60, [2] * 60), classified("small", [9] * 5, [1] * 5)]
    found = group_figures(NEEDS, sets, [one.in_class(NEEDS) for one in sets], 0)
    assert found is not None and found.sets == ("one", "two") and found.num_questions == 80
    assert found.mean(("landmark-1", "corpus", "MRR")).mean == pytest.approx((1 + 1 / 4) / 2)
    difference = found.difference("landmark-1", "isolated", "corpus", "MRR")
    assert difference.mean == pytest.approx((1 - 1 / 2 + 1 / 4 - 1 / 2) / 2)
    assert difference.low == pytest.approx(difference.mean) == pytest.approx(difference.high)  # no question differs from another
    assert found.mean(("bm25-context", "document", "MRR")).mean == 0
    assert found.mean(("landmark-1", "corpus", "recall@5")).mean == 1
    assert found.mean(("landmark-1", "corpus", "recall@1")).mean == 0.5


# ---- the whole experiment


def test_evidence_in_several_sentences_is_left_out(tmp_path: Path) -> None:
    one = make_set()
    (start, end), (other_start, other_end) = one.questions[0].spans[0], one.questions[1].spans[0]
    questions = (
        replace(one.questions[0], spans=((start + 3, start + 6), (end - 5, end))),  # two places of one sentence
        replace(one.questions[1], spans=((start, other_end),)),
        replace(one.questions[2], spans=((start, end), (other_start, other_end))),
        replace(one.questions[3], spans=((other_start, other_start + 2),)),
    )
    encoder = FakeEncoder()
    bench = Workbench(replace(one, questions=questions), encoder, encoder, VectorCache(tmp_path))
    found = classify(bench, one)
    assert found.questions.tolist() == [0, 3]
    assert found.needs == (NEEDS, SELF_CONTAINED)
    starts = bench.corpus.sentence_starts_S[found.sentences]
    assert starts.tolist() == [start, other_start]
    assert found.opens == (False, False)


def test_context_pays_where_it_must(tmp_path: Path) -> None:
    """The words that are asked for stand before the evidence or in it: a smearing encoder and BM25 with context find
    the first, those without context cannot."""
    experiment = run(tmp_path, SmearingEncoder(dim=512, context_tokens=20), make_set())
    counts = experiment.tables[0].rows
    assert counts[0] == ["pairs", 2 * NUM_PAIRS, 0, NUM_PAIRS, NUM_PAIRS, 0] == ["pairs", *counts[-1][1:]]
    found = differences(experiment, "whole corpus", "MRR")
    landmark, late, words = found[NEEDS]
    assert landmark > 0.2 and words > 0.2 and late == 0
    contrast = found["needs context minus self-contained"]
    assert contrast[0] > 0.2 and contrast[2] > 0.2
    assert "context helps more, or hurts less, where the sentence needs it" in experiment.verdict
    assert "so the classes are about context" in experiment.verdict
    assert "0% of those that need context" in experiment.verdict
    means = {row[0]: row for row in experiment.tables[1].rows if row[1] == "whole corpus"}
    assert str(means[NEEDS][7]).startswith(".000")  # bm25-sentence: no word of the question is in the evidence
    assert str(means[SELF_CONTAINED][7]).startswith("1.000")


def test_an_encoder_without_context_shows_no_difference(tmp_path: Path) -> None:
    experiment = run(tmp_path, FakeEncoder(), make_set())
    for scope in ("whole corpus", "own document"):
        for measure in ("MRR", "recall@1", "recall@5"):
            assert {row[0] for row in differences(experiment, scope, measure).values()} == {0.0}
    assert experiment.settings["landmark_and_late_vectors_are_the_same"] is True
    assert "no clear difference" in experiment.verdict and "the interval includes zero" in experiment.verdict
    assert "not a second opinion" in experiment.verdict


def test_a_landmark_encoder_differs_from_late_chunking(tmp_path: Path, bert_folder: Callable[[str], Path]) -> None:
    encoder = load_encoder(read_folder(bert_folder("lmk")), EncodeOptions(dtype="float32", device="cpu"))
    experiment = run(tmp_path, encoder, make_set(), make_set("second", ends=" "))
    assert experiment.settings["landmark_and_late_vectors_are_the_same"] is False
    assert experiment.settings["largest_difference_of_a_coordinate"] > 0.01
    assert "Landmark minus late chunking: needs context" in experiment.verdict
    assert "By set, needs context ranges from" in experiment.verdict
    assert [row[0] for row in experiment.tables[4].rows] == ["pairs", "pairs", "second", "second"]
    value = experiment.to_json(1.0)
    for figure in value["figures"]:
        draw_figure(figure, tmp_path / f"{figure['name']}.png")
    assert run(tmp_path, encoder, make_set(), make_set("second", ends=" ")).to_json(1.0)["tables"] == value["tables"]


def test_a_sentence_that_opens_its_paragraph_is_told_apart(tmp_path: Path) -> None:
    """Make every evidence sentence a paragraph of its own."""
    one = make_set()
    text = one.documents[0].text
    opened = text.replace("sea. ", "sea.\n\n").replace("elsewhere. ", "elsewhere.\n\n")
    spans = [span for question in one.questions for span in question.spans]
    moved = [(opened.index(text[start:end]), end - start) for start, end in spans]
    questions = [replace(question, spans=((start, start + size),)) for question, (start, size) in zip(one.questions, moved, strict=True)]
    document = replace(one.documents[0], text=opened)
    experiment = run(tmp_path, FakeEncoder(), replace(one, documents=(document,), questions=tuple(questions)))
    assert "100% of the self-contained sentences and 100% of those that need context" in experiment.verdict
    assert "Too few sentences are inside paragraphs" in experiment.verdict


@pytest.mark.parametrize("num_pairs", [0, MIN_A_CLASS - 1])
def test_too_few_questions_are_refused(tmp_path: Path, num_pairs: int) -> None:
    """For the class that is missing."""
    one = make_set()
    kept = tuple(question for index, question in enumerate(one.questions) if index % 2 or index < 2 * num_pairs)
    with pytest.raises(UsageError, match=f"class 'needs context'; the most here is {num_pairs}"):
        run(tmp_path, FakeEncoder(), replace(one, questions=kept))


def test_prose_without_english_rules_still_runs_or_refuses(tmp_path: Path) -> None:
    """A set in which nothing can be classified is refused without a crash."""
    document = SourceDocument(doc_id="d", title="", text=tiny.prose(0, 30).replace("The ", "Den "))
    question = Question(question_id="q", doc_id="d", text="harbour", answers=(), spans=((0, 5),))
    with pytest.raises(UsageError, match="English"):
        run(tmp_path, FakeEncoder(), EvaluationSet(name="one", documents=(document,), questions=(question,)))
