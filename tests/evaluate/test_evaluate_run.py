"""From sets to results: rankings equal those of `search`, controls score what they must, killed runs continue, JSON is
as documented."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from small_sets import make_small_set, write_small_set

from lmkindex.build import build_index
from lmkindex.config import AnswerOptions, BuildOptions, SearchOptions
from lmkindex.datasets import Corpus, EvaluationSet, find_sets
from lmkindex.encoder import FakeEncoder
from lmkindex.encoder.cache import VectorCache
from lmkindex.errors import UsageError
from lmkindex.evaluate import (
    Encoders,
    EvaluateOptions,
    ReaderOptions,
    Workbench,
    add_to_log,
    log_entry,
    run_evaluation,
    run_experiment,
    select_systems,
)
from lmkindex.evaluate.evaluate_set import evaluate_set
from lmkindex.evaluate.rankings import best_of
from lmkindex.evaluate.reader_run import gather_passages, passages
from lmkindex.evaluate.records import Ranking
from lmkindex.evaluate.results import results_json
from lmkindex.evaluate.scoring import take_tokens
from lmkindex.evaluate.systems import NUM_HITS, all_systems
from lmkindex.evaluate.workbench import combine_orders
from lmkindex.generate import FakeGenerator
from lmkindex.index import IndexReader
from lmkindex.records import Float32Array
from lmkindex.search import Hit, Searcher
from lmkindex.search.ranking import Order, places_between, rank_hits
from lmkindex.search.searcher import TOKEN_CHARS
from lmkindex.search.spans import Extent, sentences_of, take_extents
from lmkindex.token_records import Row
from lmkindex_cli.main import main

NO_READER = ReaderOptions()
BY_NAME = {system.name: system for system in all_systems()}


def make_bench(folder: Path, one: EvaluationSet, encoder: Any = None) -> Workbench:
    encoder = encoder or FakeEncoder()
    return Workbench(one, encoder, encoder, VectorCache(folder / "cache"))


class CountingEncoder(FakeEncoder):
    """Counts the tokens that it encodes, and interrupts the run after a given number."""

    def __init__(self, stop_after_tokens: int = 1 << 60) -> None:
        super().__init__()
        self.num_tokens, self.stop_after_tokens = 0, stop_after_tokens

    def encode_rows(self, rows: Sequence[Row]) -> list[Float32Array]:
        if self.num_tokens >= self.stop_after_tokens:
            raise KeyboardInterrupt
        self.num_tokens += sum(len(row.ids_T) for row in rows)
        return super().encode_rows(rows)


def make_generator() -> FakeGenerator:
    return FakeGenerator(lambda prompt: "It was made of oak.")


# ---- rankings


@pytest.mark.parametrize("name", ["landmark-1", "landmark-3", "landmark-auto", "landmark-surround-1"])
def test_a_landmark_system_ranks_as_search_does(tmp_path: Path, name: str) -> None:
    one = make_small_set("prose")
    options = {
        "landmark-1": SearchOptions(front=1, hybrid=False, num_hits=NUM_HITS, budget_tokens=10**6),
        "landmark-3": SearchOptions(front=3, hybrid=False, num_hits=NUM_HITS, budget_tokens=10**6),
        "landmark-auto": SearchOptions(hybrid=False, num_hits=NUM_HITS, budget_tokens=10**6),
        "landmark-surround-1": SearchOptions(surround=1, hybrid=False, num_hits=NUM_HITS, budget_tokens=10**6),
    }[name]
    for document in one.documents:
        (tmp_path / "corpus").mkdir(exist_ok=True)
        (tmp_path / "corpus" / f"{document.doc_id}.txt").write_text(document.text, "utf-8")
    encoder = FakeEncoder()
    build_index(str(tmp_path / "index"), [tmp_path / "corpus"], BuildOptions(), encoder=encoder)
    results = Searcher(IndexReader(tmp_path / "index"), encoder).search([q.text for q in one.questions], [options] * len(one.questions))
    bench = make_bench(tmp_path, one)
    rankings = bench.rank(BY_NAME[name], "corpus")
    text = "".join(bench.corpus.texts)
    starts = {f"d{index}.txt": int(start) for index, start in enumerate(bench.corpus.document_starts[:-1])}
    for result, ranking in zip(results, rankings, strict=True):
        found = [(starts[span.path] + span.start, starts[span.path] + span.end, starts[span.path] + span.boundary) for span in result.spans]
        ranked = list(zip(ranking.starts_R.tolist(), ranking.ends_R.tolist(), ranking.boundaries_R.tolist(), strict=True))
        assert found[0][2] == ranked[0][2]
        assert {boundary for _, _, boundary in found} <= {boundary for _, _, boundary in ranked}
        assert chars_of(found) >= chars_of(ranked)  # `search` has merged overlapping spans and joined adjacent ones
        assert not "".join(text[place] for place in chars_of(found) - chars_of(ranked)).strip()
    narrow = replace(options, budget_tokens=150)
    results = Searcher(IndexReader(tmp_path / "index"), encoder).search([q.text for q in one.questions], [narrow] * len(one.questions))
    shared = []
    for result, ranking in zip(results, rankings, strict=True):
        found = [(starts[span.path] + span.start, starts[span.path] + span.end, 0) for span in result.spans]
        taken = take_tokens(bench.corpus, ranking, 150)
        chars = chars_of(list(zip(taken.starts_T.tolist(), taken.ends_T.tolist(), taken.ends_T.tolist(), strict=True)))
        shared.append(len(chars_of(found) & chars) / len(chars))
    assert np.mean(shared) > 0.75  # `search` cuts whole sentences, the evaluation cuts tokens


# What a question of the samples finds: (system, options of the same search).
SAMPLED = {
    "landmark-auto+bm25-context": SearchOptions(num_hits=NUM_HITS, budget_tokens=128),
    "landmark-3+bm25-context": SearchOptions(front=3, num_hits=NUM_HITS, budget_tokens=128),
    "landmark-auto": SearchOptions(hybrid=False, num_hits=NUM_HITS, budget_tokens=128),
    "landmark-surround-1": SearchOptions(surround=1, hybrid=False, num_hits=NUM_HITS, budget_tokens=128),
}


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Searcher, Workbench]:
    """The samples as an index and as a bench, which gets its BM25 from the index: its own counts words otherwise."""
    folder, encoder = tmp_path_factory.mktemp("sampled"), FakeEncoder()
    [one] = find_sets(tiny.CORPUS_PATH.parent, [])
    build_index(str(folder / "index"), [tiny.CORPUS_PATH], BuildOptions(), encoder=encoder)
    searcher, bench = Searcher(IndexReader(folder / "index"), encoder), make_bench(folder, one, encoder)
    path_of = {entry.doc_id: entry.path for entry in searcher.reader.manifest().values()}
    firsts = dict(zip((document.doc_id for document in one.documents), bench.corpus.document_sentences.tolist(), strict=False))
    words_QS = np.full((len(bench.questions), len(bench.corpus.sentence_starts_S)), -np.inf, dtype=np.float32)
    for scores_S, question in zip(words_QS, bench.questions, strict=True):
        for row in searcher.reader.lexical(question.text, NUM_HITS, None).to_pylist():
            scores_S[firsts[path_of[row["doc_id"]]] + row["pos"]] = row["_score"]
    bench.made["word-scores", "context"] = words_QS
    return searcher, bench


@pytest.mark.parametrize("name", SAMPLED)
def test_search_and_the_bench_find_the_same_spans_for_the_sample_questions(sampled: tuple[Searcher, Workbench], name: str) -> None:
    searcher, bench = sampled
    corpus, options = bench.corpus, SAMPLED[name]
    results = searcher.search([question.text for question in bench.questions], [options] * len(bench.questions))
    num_same = 0
    for result, ranking in zip(results, bench.rank(BY_NAME[name], "corpus"), strict=True):
        extents = extents_of(corpus, ranking)
        sentences = sorted({sentence for extent in extents for sentence in sentences_of(extent)})
        texts = [corpus.text_of(int(corpus.sentence_starts_S[place]), int(corpus.sentence_ends_S[place])) for _, place in sentences]
        lengths = np.diff(searcher.encoder.tokenize(texts)[1]).tolist()
        costs = {key: max(length, len(text) // TOKEN_CHARS) for key, length, text in zip(sentences, lengths, texts, strict=True)}
        taken = take_extents(extents, costs, options.budget_tokens, joins=options.lifts)
        expected = [tuple(map(int, (corpus.sentence_starts_S[one.first], corpus.sentence_ends_S[one.last]))) for one in taken]
        texts_of_spans = [span.text for span in result.spans]
        assert texts_of_spans[0] == corpus.text_of(*expected[0])
        num_same += texts_of_spans == [corpus.text_of(*places) for places in expected]
    assert len(results) == 30 and num_same >= 28  # two cosines that differ by 1e-7 may change places


def extents_of(corpus: Corpus, ranking: Ranking) -> list[Extent]:
    """A ranking's spans, by places of sentences in the corpus."""
    firsts = np.searchsorted(corpus.sentence_starts_S, ranking.starts_R)
    lasts, places = (np.searchsorted(corpus.sentence_ends_S, ends_R) for ends_R in (ranking.ends_R, ranking.boundaries_R))
    documents = np.searchsorted(corpus.document_sentences, firsts, side="right")
    found = zip(documents.tolist(), firsts.tolist(), lasts.tolist(), places.tolist(), strict=True)
    return [Extent(doc_id=str(document), first=first, last=last, pos=pos, score=0.0, why=()) for document, first, last, pos in found]


def chars_of(ranges: Sequence[tuple[int, int, int]]) -> set[int]:
    return {place for start, end, _ in ranges for place in range(start, end)}


def test_arrays_are_ranked_as_the_hits_of_an_index() -> None:
    generator = np.random.default_rng(0)
    bounds = np.asarray([0, 12, 13, 30])
    system = replace(BY_NAME["landmark-auto"], words="context")
    for index in range(100):
        options = SearchOptions(hybrid=index % 2 == 0, front=index % 3, region=int(generator.integers(1, 7)), num_hits=NUM_HITS)
        cosines_S = np.round(generator.random(30, dtype=np.float32), 1 + index % 4)  # with ties
        dense = best_of(cosines_S, 0, int(generator.integers(1, 6)))
        words_S = np.where(generator.random(30) < 0.5, 10 * generator.random(30), -np.inf).astype(np.float32)
        lexical = best_of(words_S, 0, int(generator.integers(1, 6))) if options.hybrid else None
        similarity_of = {str(d): dict(enumerate(cosines_S[bounds[d] : bounds[d + 1]].tolist())) for d in range(3)}
        words = place_hits(lexical, bounds) if lexical is not None else []
        expected = rank_hits(place_hits(dense, bounds), words, similarity_of, options)
        found = combine_orders(replace(system, span=options), places_between(bounds, 30), cosines_S, dense, lexical)
        assert found.ids_R.tolist() == [int(bounds[int(hit.doc_id)]) + hit.pos for hit in expected]
        assert found.scores_R.tolist() == [hit.score for hit in expected]
        assert found.lifts_R.tolist() == [hit.lift for hit in expected]


def place_hits(order: Order, bounds: np.ndarray) -> list[Hit]:
    """Hits by document and position."""
    documents = (np.searchsorted(bounds, order.ids_R, side="right") - 1).tolist()
    found = zip(documents, order.ids_R.tolist(), order.scores_R.tolist(), strict=True)
    return [Hit(doc_id=str(document), pos=place - int(bounds[document]), score=score) for document, place, score in found]


def test_best_hits_are_those_of_a_full_sort() -> None:
    generator = np.random.default_rng(0)
    for num_pieces in (0, 1, 5, 50):
        scores = np.round(generator.random(num_pieces), 1).astype(np.float32)  # with ties
        scores[::7] = -np.inf
        expected = sorted((index for index in range(num_pieces) if np.isfinite(scores[index])), key=lambda index: (-scores[index], index))[
            :9
        ]
        assert best_of(scores, 100, 9).ids_R.tolist() == [100 + index for index in expected]


def test_document_scope_stays_in_the_document(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, make_small_set("prose"))
    for system in select_systems(["chunk-64", "landmark-auto+bm25", "bm25-context", "random", "isolated-window-3"]):
        for ranking, evidence in zip(bench.rank(system, "document"), bench.evidences, strict=True):
            first, end = bench.corpus.document_starts[[evidence.document, evidence.document + 1]]
            assert (ranking.starts_R >= first).all() and (ranking.ends_R <= end).all()


def test_systems_have_names_of_their_own_and_unknown_ones_are_an_error() -> None:
    assert len(BY_NAME) == len(all_systems())
    assert {system.name for system in select_systems(["chunk-64*"])} == {
        "chunk-64",
        "chunk-64+bm25",
        "chunk-64-overlap",
        "chunk-64-overlap+bm25",
    }
    with pytest.raises(UsageError, match="landmark-auto"):
        select_systems(["chunk-65"])


# ---- controls


def test_oracle_scores_one_and_random_scores_chance(tmp_path: Path) -> None:
    one = make_small_set("prose", 12, num_sentences=200)
    bench = make_bench(tmp_path, one)
    result = evaluate_set(bench, EvaluateOptions(systems=(BY_NAME["oracle"], BY_NAME["random"]), max_questions=0))
    runs = {(run.name, run.scope): run.scores for run in result.runs}
    for scope in ("document", "corpus"):
        oracle = runs["oracle", scope]
        for values in (oracle.recall_QB, oracle.precision_QB, oracle.iou_QB, oracle.reciprocal_rank_Q, oracle.hit_boundary_Q):
            assert (values == 1.0).all()
    recall_QB = runs["random", "document"].recall_QB
    document_tokens = np.diff(bench.corpus.sentence_tokens[bench.corpus.document_sentences])
    for column, budget in enumerate(EvaluateOptions().budgets_tokens):
        chance_Q = np.minimum(1.0, budget / document_tokens[[evidence.document for evidence in bench.evidences]])
        error = 4 * np.sqrt((chance_Q * (1 - chance_Q)).sum()) / len(chance_Q) + 1e-9
        assert abs(recall_QB[:, column].mean() - chance_Q.mean()) < error + 0.01


def test_the_whole_evidence_is_found_when_the_budget_holds_the_document(tmp_path: Path) -> None:
    """At this depth every system has ranked every piece: nothing may be lost on the way."""
    bench = make_bench(tmp_path, make_small_set("prose", 2, num_sentences=40))
    for system in all_systems():
        if system.words and not system.vectors:
            continue  # BM25 finds only pieces that share a word
        result = evaluate_set(
            bench, EvaluateOptions(systems=(system,), scopes=("document",), budgets_tokens=(512, 100_000), max_questions=0)
        )
        assert (result.runs[0].scores.recall_QB[:, 1] == 1.0).all(), system.name


# ---- results


def evaluate_small(
    folder: Path, encoder: Any, *, names: Sequence[str] = ("landmark-auto", "chunk-64", "random"), reader: ReaderOptions = NO_READER
) -> Any:
    sets = [make_small_set("one"), make_small_set("two", 2, seed=50)]
    return run_evaluation(
        sets, Encoders(landmark=encoder, baseline=encoder), VectorCache(folder / "cache"), folder / "out",
        EvaluateOptions(systems=tuple(select_systems(names))),
        reader=reader, open_reader=make_generator, answer_options=AnswerOptions(min_similarity=-1.0),
    )  # fmt: skip


def without_times(results: Any) -> Any:
    if isinstance(results, dict):
        return {
            key: without_times(value)
            for key, value in results.items()
            if key not in ("ms_per_query", "index_seconds", "created", "seconds")
        }
    return [without_times(value) for value in results] if isinstance(results, list) else results


def test_results_follow_the_contract(tmp_path: Path) -> None:
    results = evaluate_small(tmp_path, FakeEncoder())
    assert (results["dataset"], results["budget_tokens"], results["scope"]) == ("macro", 512, "corpus")
    assert json.loads((tmp_path / "out" / "results.json").read_text("utf-8")) == results
    contract = {"name", "recall", "precision", "iou", "mrr", "hit_boundary", "ci95", "ms_per_query", "index_seconds", "index_bytes"}
    parts = {(part["dataset"], part["scope"], part["budget_tokens"]): part for part in results["results"]}
    assert len(parts) == 3 * 2 * 5
    for part in parts.values():
        systems = {system["name"]: system for system in part["systems"]}
        assert set(systems) == {"landmark-auto", "chunk-64", "random"}
        for name, system in systems.items():
            assert contract <= set(system)
            for metric in ("recall", "precision", "iou", "mrr", "hit_boundary"):
                low, high = system["ci95"][metric]
                assert 0 <= low <= system[metric] <= high <= 1
            if name != "landmark-auto":
                mean, low, high = system["ci95"]["recall_difference"]
                assert mean == pytest.approx(systems["landmark-auto"]["recall"] - system["recall"], abs=2e-4)
                assert low <= mean <= high
    at = {name: {system["name"]: system["recall"] for system in parts[name, "corpus", 512]["systems"]} for name in ("one", "two", "macro")}
    for system, recall in at["macro"].items():
        assert recall == pytest.approx((at["one"][system] + at["two"][system]) / 2, abs=2e-4)
    costs = {system["name"]: system for system in results["systems"]}
    assert costs["chunk-64"]["vectors_per_1000_tokens"] < costs["landmark-auto"]["vectors_per_1000_tokens"]
    assert costs["landmark-auto"]["index_bytes"] > 0 == costs["random"]["index_bytes"]
    with np.load(tmp_path / "out" / "questions" / "one.npz") as saved:
        assert saved["corpus/landmark-auto"].shape == (len(saved["question_ids"]), 5)


def test_a_set_alone_is_the_head(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, make_small_set("prose"))
    options = EvaluateOptions(systems=tuple(select_systems(["landmark-auto"])), scopes=("document",), main_budget_tokens=256)
    folder = FakeEncoder().folder
    results = results_json([evaluate_set(bench, options)], options, "landmark-auto", {"landmark": folder, "baseline": folder})
    assert (results["dataset"], results["scope"], results["budget_tokens"]) == ("prose", "document", 256)


def test_a_killed_evaluation_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lmkindex.encoder.cache.SLAB_TOKENS", 500)
    whole = CountingEncoder()
    expected = evaluate_small(tmp_path / "whole", whole)
    killed = CountingEncoder(stop_after_tokens=whole.num_tokens // 2)
    with pytest.raises(KeyboardInterrupt):
        evaluate_small(tmp_path / "killed", killed)
    assert not (tmp_path / "killed" / "out" / "results.json").exists()
    again = CountingEncoder()
    results = evaluate_small(tmp_path / "killed", again)
    assert without_times(results) == without_times(expected)
    assert again.num_tokens < 0.7 * whole.num_tokens  # questions are encoded each time, pieces are not
    third = CountingEncoder()
    evaluate_small(tmp_path / "killed", third)
    assert third.num_tokens < 0.2 * whole.num_tokens


def test_a_set_without_evidence_is_an_error(tmp_path: Path) -> None:
    one = make_small_set("one")
    nothing = EvaluationSet(name="nothing", documents=one.documents, questions=())
    with pytest.raises(UsageError, match="nothing"):
        run_evaluation(
            [nothing], Encoders(landmark=FakeEncoder(), baseline=FakeEncoder()), VectorCache(tmp_path / "cache"), tmp_path / "out",
            EvaluateOptions(), reader=ReaderOptions(), open_reader=make_generator, answer_options=AnswerOptions(),
        )  # fmt: skip


# ---- the reader


def test_passages_hold_the_budget_and_join_neighbours(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, make_small_set("prose"))
    for system in select_systems(["landmark-1", "chunk-64-overlap", "isolated-window-3"]):
        for index, ranking in enumerate(bench.rank(system, "corpus")):
            result = passages(bench, index, ranking, 200)
            assert sum(span.num_tokens for span in result.spans) == 200
            for span in result.spans:
                assert bench.corpus.texts[int(span.doc_id)][span.start : span.end] == span.text
            places = sorted((int(span.doc_id), span.pos_first, span.start, span.end) for span in result.spans)
            for left, right in pairwise(places):
                assert left[0] != right[0] or left[3] < right[2]
    assert [span.num_tokens for span in passages(bench, 0, bench.rank(BY_NAME["oracle"], "corpus")[0], 4).spans] == [4]


def test_the_reader_is_part_of_the_results(tmp_path: Path) -> None:
    results = evaluate_small(
        tmp_path,
        FakeEncoder(),
        names=["landmark-auto", "landmark-1", "chunk-128"],
        reader=ReaderOptions(num_questions=4, budget_tokens=100),
    )
    reader = results["reader"]
    assert (reader["budget_tokens"], [part["dataset"] for part in reader["results"]]) == (100, ["macro", "one", "two"])
    macro = {system["name"]: system for system in reader["results"][0]["systems"]}
    assert set(macro) == {"landmark-auto", "landmark-1", "chunk-128"}
    for system in macro.values():
        assert 0 <= system["ci95"]["f1"][0] <= system["f1"] <= system["ci95"]["f1"][1] <= 1
        assert system["tokens_read"] > 50
    assert json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["reader"] == reader


def test_the_reader_asks_the_same_questions_of_every_system(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, make_small_set("prose"))
    gathered = gather_passages(bench, select_systems(["landmark-1", "chunk-128"]), ReaderOptions(num_questions=5))
    asked = [[result.question for result in results] for results in gathered.results.values()]
    assert asked[0] == asked[1] and len(asked[0]) == 5 == len(gathered.answers)


# ---- the log, and the command


def test_the_log_gets_a_dated_entry_before_older_ones(tmp_path: Path) -> None:
    results = evaluate_small(tmp_path, FakeEncoder())
    log = tmp_path / "log.md"
    log.write_text("# Log\n\nNewest first.\n\n### 2001-01-01 An older entry\n\nIts text.\n", "utf-8")
    add_to_log(log, log_entry(results))
    text = log.read_text("utf-8")
    assert text.startswith("# Log\n\nNewest first.\n\n### " + results["created"][:10])
    assert text.endswith("|\n\n### 2001-01-01 An older entry\n\nIts text.\n")
    assert "| landmark-auto" in text
    experiment = run_experiment(
        "budget", [], Encoders(landmark=FakeEncoder(), baseline=FakeEncoder()), VectorCache(tmp_path / "cache"), tmp_path / "out",
        EvaluateOptions(), lambda text: None,
    )  # fmt: skip
    add_to_log(log, log_entry(experiment))
    newer, rest = log.read_text("utf-8").split("### " + results["created"][:10] + " `lmkindex evaluate`")
    assert "Experiment `budget`" in newer and "Verdict: At 128 tokens" in newer
    assert rest in text
    drawn = tmp_path / "out" / "figures"
    assert {path.name for path in drawn.iterdir()} == {f"{figure['name']}.png" for figure in experiment["figures"]}
    figure = experiment["figures"][0]
    assert [series["name"] for series in figure["series"]] and "random" not in {series["name"] for series in figure["series"]}


def test_an_experiment_without_matplotlib_measures_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    encoders = Encoders(landmark=FakeEncoder(), baseline=FakeEncoder())
    steps: list[str] = []
    cache = VectorCache(tmp_path / "cache")
    with pytest.raises(UsageError, match="Figures need matplotlib"):
        run_experiment("seams", [make_small_set("one")], encoders, cache, tmp_path / "out", EvaluateOptions(), steps.append)
    assert not steps and not any((tmp_path / "cache").iterdir()) and not (tmp_path / "out").exists()


def test_a_log_may_be_new_or_without_entries(tmp_path: Path) -> None:
    log = tmp_path / "log.md"
    for head in (None, "", "Some words.\n"):
        log.unlink(missing_ok=True)
        if head is not None:
            log.write_text(head, "utf-8")
        add_to_log(log, "### First\n")
        add_to_log(log, "### Second\n\nText.\n")
        assert log.read_text("utf-8") == (f"{head}\n" if head else "") + "### Second\n\nText.\n\n### First\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_small_set(folder, make_small_set("one"))
    write_small_set(folder, make_small_set("two", 2, seed=50))
    tiny.make_bert(folder / "encoder", "sentence_mean")
    return folder


def run_cli(data: Path, folder: Path, *more: str) -> int:
    places = ["--encoder", str(data / "encoder"), "--output", str(folder / "out"), "--cache", str(folder / "cache")]
    code: int = main(["evaluate", str(data), *places, *more])
    return code


def test_the_command_prints_the_contract(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run_cli(data, tmp_path, "--json", "-q", "--set", "one", "--systems", "landmark-*", "--systems", "chunk-64", "--budget", "300") == 0
    )
    out, err = capsys.readouterr()
    results = json.loads(out)
    assert (results["dataset"], results["budget_tokens"], err) == ("one", 300, "")
    assert len(results["systems"]) == len(select_systems(["landmark-*", "chunk-64"]))
    assert run_cli(data, tmp_path, "--experiment", "budget", "--log", str(tmp_path / "log.md")) == 0
    assert "At 300 tokens" in capsys.readouterr().out
    assert "Experiment `budget`" in (tmp_path / "log.md").read_text("utf-8")


def test_the_command_shows_tables(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(data, tmp_path, "--systems", "landmark-auto", "--systems", "isolated", "--scope", "document") == 0
    out, err = capsys.readouterr()
    assert "landmark-auto" in out and "isolated" in out and "macro" in out
    assert "one: 3 documents" in err and "two: 2 documents" in err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--systems", "nonsense"], "No system is called nonsense"),
        (["--set", "three"], "three"),
        (["--scope", "page"], "--scope page"),
        (["--experiment", "luck"], "There is no experiment named luck"),
        (["--experiment", "budget"], "run `lmkindex evaluate`"),
    ],
)
def test_usage_errors_say_what_to_do(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert run_cli(data, tmp_path, *arguments) == 2
    assert expected in capsys.readouterr().err


@pytest.mark.real
@pytest.mark.slow
def test_the_default_encoder_beats_chance_on_the_sample_corpus(tmp_path: Path) -> None:
    """The real model on `examples/`: every sensible system is far above random order; no other difference is
    claimed."""
    from lmkindex.config import EncodeOptions
    from lmkindex.encoder import find_encoder, load_encoder

    (examples,) = find_sets(tiny.CORPUS_PATH.parent, [])
    encoder = load_encoder(find_encoder(None), EncodeOptions())
    bench = make_bench(tmp_path, examples, encoder)
    result = evaluate_set(
        bench, EvaluateOptions(systems=tuple(select_systems(["random", "landmark-auto", "bm25-context"])), scopes=("corpus",))
    )
    recall = {run.name: float(run.scores.recall_QB[:, 2].mean()) for run in result.runs}
    assert recall["random"] < 0.1
    assert recall["landmark-auto"] > 0.5 and recall["bm25-context"] > 0.4
