"""Questions to spans: exact places, the budget, the filters, and results that do not depend on other questions in the
batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import tiny
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmkindex.build import build_index
from lmkindex.config import BuildOptions, EncodeOptions, SearchOptions
from lmkindex.encoder import FakeEncoder, load_encoder, read_folder
from lmkindex.errors import IndexUnusableError, UsageError
from lmkindex.index import IndexReader
from lmkindex.search import Hit, Searcher, SearchResult, Span, open_searcher
from lmkindex.search.ranking import WORDS_WEIGHT, rank_hits

TEXTS = {
    "mill/history.txt": "The tide mill was built in 1742. Its wheel was made of oak. The miller lived above the stones.\n\n"
    "A storm broke the sluice in 1859. The engineer Pellworm repaired the sluice with granite. It has held since then.",
    "mill/bees.md": "# Bees\n\nThe hive wakes in March. Smoke calms the bees. Honey is taken in August.",
    "light.txt": "The keeper lights the lamp at dusk. The lamp burns until dawn. Fog hides the lamp from ships.\n\n"
    "The café sells coffee to keepers.",
}
QUESTIONS = ["Who repaired the sluice with granite?", "When is the honey taken?", "Until when does the lamp burn?", "xyzzy"]


def make_searcher(folder_path: Path, texts: dict[str, str], encoder: Any = None) -> Searcher:
    """A searcher over documents that are written into a new corpus."""
    for name, text in texts.items():
        path = folder_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    encoder = encoder or FakeEncoder()
    build_index(str(folder_path / "index"), [folder_path / "corpus"], BuildOptions(), encoder=encoder)
    return Searcher(IndexReader(folder_path / "index"), encoder)


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    return make_searcher(tmp_path_factory.mktemp("small"), TEXTS)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    """The text and Markdown files of the sample corpus."""
    names = [str(path.relative_to(tiny.CORPUS_PATH)) for suffix in ("txt", "md") for path in tiny.CORPUS_PATH.rglob(f"*.{suffix}")]
    texts = {name: (tiny.CORPUS_PATH / name).read_bytes().decode("utf-8") for name in sorted(names)}
    assert len(texts) >= 4
    yield make_searcher(tmp_path_factory.mktemp("samples"), texts)


def ask(searcher: Searcher, question: str, **options: Any) -> SearchResult:
    [result] = searcher.search([question], [SearchOptions(**options)])
    return result


def is_whole(span: Span) -> bool:
    return span.start < span.boundary <= span.end and span.pos_first <= span.pos_last and bool(span.text)


# ---- what is found


def test_the_best_span_holds_the_answer(searcher: Searcher) -> None:
    result = ask(searcher, QUESTIONS[0], front=1, hybrid=False)
    best = result.spans[0]
    assert best.text == "The engineer Pellworm repaired the sluice with granite."
    assert (best.path, best.page, best.pos_first, best.pos_last) == ("mill/history.txt", None, 4, 4)
    assert best.boundary == best.end
    assert result.similarity == pytest.approx(best.score, abs=1e-3)
    assert [span.score for span in result.spans] == sorted((span.score for span in result.spans), reverse=True)


def test_scores_equal_the_formula_on_the_stored_vectors(searcher: Searcher) -> None:
    from lmkindex.encoder import encode_questions

    question = QUESTIONS[1]
    [vector_D] = encode_questions(searcher.encoder, [question])
    stored = {(path, pos): np.frombuffer(vector, np.float16).astype(np.float32) for _, path, pos, *_, vector in landmarks(searcher)}
    for span in ask(searcher, question, front=2, hybrid=False).spans:
        if span.pos_last - span.pos_first == 1 and span.boundary == span.end:
            last, before = (float(stored[span.path, pos] @ vector_D) for pos in (span.pos_last, span.pos_first))
            weight = math.exp(-0.08)
            assert span.score == pytest.approx((last + weight * before) / (1 + weight), abs=1e-5)
            break
    else:
        pytest.fail("no span of two sentences")


def landmarks(searcher: Searcher) -> list[tiny.LandmarkRow]:
    return tiny.all_landmarks(searcher.reader.index_path)


def test_a_span_is_a_slice_of_the_file(samples: Searcher) -> None:
    """In bytes as they are on the disk, which is what a citation points at."""
    num_spans = 0
    for question in ("Who keeps the light?", "How deep is the reservoir?", "When do bees swarm?", "What was the storm's damage?"):
        for options in ({}, {"front": 3}, {"surround": 2}, {"hybrid": False}):
            for span in ask(samples, question, budget_tokens=2000, **options).spans:
                source = (tiny.CORPUS_PATH / span.path).read_bytes().decode("utf-8")
                assert source[span.start : span.end] == span.text and is_whole(span)
                num_spans += 1
    assert num_spans > 100


def test_surround_and_front(searcher: Searcher) -> None:
    [span] = ask(searcher, QUESTIONS[0], surround=1, num_hits=1).spans
    assert (span.pos_first, span.pos_last) == (3, 5)
    assert searcher_text(searcher, span.path)[span.start : span.boundary].endswith("with granite.")
    [span] = ask(searcher, QUESTIONS[0], front=3, num_hits=1).spans
    assert (span.pos_first, span.pos_last, span.boundary) == (2, 4, span.end)


def searcher_text(searcher: Searcher, path: str) -> str:
    return TEXTS[path]


def test_a_batch_equals_single_questions(searcher: Searcher, samples: Searcher) -> None:
    for one in (searcher, samples):
        options = [
            SearchOptions(),
            SearchOptions(hybrid=False),
            SearchOptions(surround=1),
            SearchOptions(path_glob="*.md", budget_tokens=20),
        ]
        together = one.search(QUESTIONS, options)
        assert together == [one.search([question], [option])[0] for question, option in zip(QUESTIONS, options, strict=True)]
        assert [result.question for result in together] == QUESTIONS
    assert searcher.search([], []) == []


def test_the_explanation_covers_the_span(searcher: Searcher) -> None:
    spans = [span for question in QUESTIONS for span in ask(searcher, question, front=3, budget_tokens=60).spans]
    assert any("merged with" in line for span in spans for line in span.why)
    for span in spans:
        for pos in range(span.pos_first, span.pos_last + 1):
            assert any(line.startswith(f"sentence {pos}: similarity") for line in span.why)
        assert any(line.startswith("ends at sentence") for line in span.why)
        assert any(line.startswith("starts at sentence") for line in span.why)


# ---- filters


@pytest.mark.parametrize(
    ("glob", "paths"),
    [
        ("mill/", {"mill/history.txt", "mill/bees.md"}),
        ("*.md", {"mill/bees.md"}),
        ("/light.txt", {"light.txt"}),
        ("**/history.*", {"mill/history.txt"}),
        ("*", set(TEXTS)),
        ("[", set()),
        ("nothing/**", set()),
    ],
)
@pytest.mark.parametrize("hybrid", [False, True])
def test_only_documents_of_the_path(searcher: Searcher, glob: str, paths: set[str], hybrid: bool) -> None:
    result = ask(searcher, QUESTIONS[0], path_glob=glob, hybrid=hybrid, budget_tokens=10_000)
    assert {span.path for span in result.spans} == paths
    assert bool(result.similarity) == bool(paths)


def test_a_result_carries_the_encoders_threshold(searcher: Searcher) -> None:
    encoder = FakeEncoder()
    encoder.folder = replace(encoder.folder, min_similarity=0.3)
    results = Searcher(searcher.reader, encoder).search(["lamp", "lamp"], [SearchOptions(), SearchOptions(path_glob="none/")])
    assert [result.min_similarity for result in results] == [0.3, 0.3]
    assert set(results[0].to_json()) == {"question", "spans"}


def test_names_are_read_once_for_all_questions(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    document_names = Mock(wraps=searcher.reader.document_names)
    monkeypatch.setattr(searcher.reader, "document_names", document_names)
    fresh = Searcher(searcher.reader, searcher.encoder)
    options = [SearchOptions(path_glob=glob) for glob in ("*.md", "mill/", "*.txt", "*.md")]
    together = fresh.search(QUESTIONS, options)
    assert document_names.call_count == 1
    assert together == [Searcher(searcher.reader, searcher.encoder).search([q], [o])[0] for q, o in zip(QUESTIONS, options, strict=True)]


def test_a_path_of_documents_that_failed(tmp_path: Path) -> None:
    searcher = make_searcher(tmp_path, {"a.txt": "The lamp burns.", "broken.pdf": "no pdf"})
    for hybrid in (False, True):
        result = ask(searcher, "lamp", path_glob="broken.pdf", hybrid=hybrid)
        assert (result.spans, result.similarity) == ((), 0.0)


def test_hybrid_finds_a_rare_word_that_the_vectors_miss(samples: Searcher) -> None:
    """The fake encoder averages words, so one rare word in a long question hardly moves it; BM25 weighs it most."""
    word = rare_word(samples)
    question = f"is it for the and of the {word} in it as at on to the or by that"
    dense = ask(samples, question, num_hits=20, hybrid=False, budget_tokens=300)
    hybrid = ask(samples, question, num_hits=20, hybrid=True, budget_tokens=300)
    assert not any(word in span.text.lower() for span in dense.spans)
    assert any(word in span.text.lower() for span in hybrid.spans)


def rare_word(searcher: Searcher) -> str:
    """The longest word that is in one sentence only."""
    num_sentences: dict[str, int] = {}
    for row in landmarks(searcher):
        for word in {word.strip(".,;:()\"'`*").lower() for word in row[5].split()}:
            num_sentences[word] = num_sentences.get(word, 0) + 1
    return max(
        (word for word, count in num_sentences.items() if count == 1 and word.isalpha() and word.isascii()),
        key=lambda word: (len(word), word),
    )


def test_question_marks_quotes_and_operators_are_only_text(searcher: Searcher) -> None:
    for question in ('"', "a AND (b", "lamp~2^5 -dusk +", "lexical:lamp", "' OR 1=1 --", "*", "\u200b", "?", "日本", "x" * 20_000):
        for hybrid in (False, True):
            assert all(is_whole(span) for span in ask(searcher, question, hybrid=hybrid).spans)


# ---- the budget


def test_the_budget_is_kept_and_filled(samples: Searcher) -> None:
    for budget_tokens in (30, 100, 400, 1500):
        for options in ({}, {"front": 3}, {"surround": 2}, {"hybrid": False}):
            spans = ask(samples, "Who repaired the pump house?", budget_tokens=budget_tokens, **options).spans
            used = sum(span.num_tokens for span in spans)
            assert spans and (used <= budget_tokens or len(spans) == 1)
            assert used > budget_tokens / 2 or budget_tokens < 100  # a long sentence may not fit into what is left of a small budget
            assert [len(samples.encoder.tokenize([span.text])[0]) for span in spans] == [span.num_tokens for span in spans]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    budget_tokens=st.integers(1, 60),
    front=st.integers(0, 4),
    surround=st.integers(0, 4),
    question=st.sampled_from(QUESTIONS),
    num_hits=st.integers(1, 12),
)
def test_only_a_single_boundary_sentence_is_over_the_budget(
    searcher: Searcher, budget_tokens: int, front: int, surround: int, question: str, num_hits: int
) -> None:
    result = ask(searcher, question, budget_tokens=budget_tokens, front=0 if surround else front, surround=surround, num_hits=num_hits)
    used = sum(span.num_tokens for span in result.spans)
    if used > budget_tokens:
        [span] = result.spans
        assert span.pos_first == span.pos_last and span.boundary == span.end
    for span in result.spans:
        assert is_whole(span)
        assert TEXTS[span.path][span.start : span.end] == span.text


def test_a_span_that_is_cut_for_the_budget_keeps_its_boundary_and_says_so(searcher: Searcher) -> None:
    whole = ask(searcher, QUESTIONS[0], front=3, num_hits=1).spans[0]
    cut = ask(searcher, QUESTIONS[0], front=3, num_hits=1, budget_tokens=whole.num_tokens - 1).spans[0]
    assert (cut.pos_first, cut.pos_last, cut.boundary) == (whole.pos_first + 1, whole.pos_last, whole.boundary)
    assert "budget" in cut.why[-1]


# ---- what is wrong


def test_an_empty_question_is_a_usage_error(searcher: Searcher) -> None:
    for question in ("", " \n\t"):
        with pytest.raises(UsageError, match="question is empty"):
            ask(searcher, question)


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    searcher = make_searcher(tmp_path, {})
    for hybrid in (False, True):
        assert ask(searcher, "lamp", hybrid=hybrid) == SearchResult(question="lamp", spans=(), similarity=0.0)


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(IndexUnusableError, match="no index at"):
        open_searcher(str(tmp_path), EncodeOptions())


def test_another_encoder_cannot_search(searcher: Searcher) -> None:
    with pytest.raises(IndexUnusableError, match=r"encoder fake .*; fake .* cannot search it"):
        Searcher(searcher.reader, FakeEncoder(dim=16))


def test_an_encoder_folder_is_found_again(tmp_path: Path, bert_folder: Callable[[str], Path]) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text(TEXTS["light.txt"], "utf-8")
    folder_path = bert_folder("lmk")
    options = BuildOptions(encoder=str(folder_path), encode=EncodeOptions(dtype="float32"))
    build_index(str(tmp_path / "index"), [tmp_path / "corpus"], options)
    searcher = open_searcher(str(tmp_path / "index"), EncodeOptions(dtype="float32"))
    assert searcher.encoder.folder == read_folder(folder_path)
    direct = Searcher(IndexReader(tmp_path / "index"), load_encoder(read_folder(folder_path), EncodeOptions(dtype="float32")))
    assert ask(searcher, "lamp") == ask(direct, "lamp")
    assert ask(searcher, "lamp").spans


# ---- fusion


FIXED = SearchOptions(front=1)  # no sentence is lifted


def test_fusion_by_hand() -> None:
    a, b, c = (Hit(doc_id=name, pos=0, score=score) for name, score in (("a", 0.8), ("b", 0.7), ("c", 0.5)))
    lexical = [Hit(doc_id="d", pos=3, score=12.0), replace(b, score=9.0)]
    fused = rank_hits([a, b, c], lexical, {"d": {2: 0.9, 3: 0.6}, "b": {0: 0.7}}, FIXED)
    weight = WORDS_WEIGHT
    expected = {"a": 0.8, "b": 0.7 + weight * 9 / 12, "c": 0.5, "d": 0.6 + weight}
    assert {hit.doc_id: hit.score for hit in fused} == pytest.approx({name: score / (1 + weight) for name, score in expected.items()})
    assert [hit.score for hit in fused] == sorted((hit.score for hit in fused), reverse=True)
    assert next(hit.pos for hit in fused if hit.doc_id == "d") == 3
    assert [hit.score for hit in rank_hits([a], [], {}, FIXED)] == [pytest.approx(0.8 / (1 + weight))]
    assert rank_hits([], [], {}, FIXED) == []
    assert len(rank_hits([a, b, c], [], {}, replace(FIXED, num_hits=2))) == 2


def test_sentences_near_a_hit_are_candidates_and_lifted_by_it() -> None:
    similarity_of = {"a": {3: 0.1, 4: 0.3, 5: 0.8, 6: 0.4, 12: 0.7}, "b": {5: 0.5, 11: 0.2}}
    dense = [Hit(doc_id="a", pos=5, score=0.8), Hit(doc_id="b", pos=5, score=0.5)]
    ranked = rank_hits(dense, [], similarity_of, SearchOptions(hybrid=False, region=2))
    expected = {("a", 5): 0.8, ("a", 6): 0.6, ("a", 4): 0.55, ("b", 5): 0.5, ("a", 3): 0.45}  # a 12 and b 11 are far from both
    assert {(hit.doc_id, hit.pos): hit.score for hit in ranked} == pytest.approx(expected)
    assert [(hit.doc_id, hit.pos) for hit in ranked] == list(expected)
    assert {hit.pos: hit.lift for hit in ranked if hit.doc_id == "a"} == pytest.approx({5: 0.0, 6: 0.2, 4: 0.25, 3: 0.35})


@given(
    cosines=st.dictionaries(st.tuples(st.sampled_from("ab"), st.integers(0, 15)), st.sampled_from([0.1, 0.25, 0.3, 0.7]), min_size=1),
    words=st.dictionaries(st.tuples(st.sampled_from("ab"), st.integers(0, 15)), st.sampled_from([1.5, 2.0, 9.0])),
    num_dense=st.integers(0, 6),
    region=st.integers(1, 4),
    num_hits=st.integers(1, 20),
)
def test_the_order_is_that_of_the_definition(
    cosines: dict[tuple[str, int], float], words: dict[tuple[str, int], float], num_dense: int, region: int, num_hits: int
) -> None:
    """Candidates, fusion, lifting, ties and the cut, written out sentence by sentence."""
    words = {key: score for key, score in words.items() if key in cosines}
    dense = sorted(cosines, key=lambda key: (-cosines[key], key))[:num_dense]
    hits = {*dense, *words}
    candidates = [key for key in cosines if any(key[0] == hit[0] and abs(key[1] - hit[1]) <= region for hit in hits)]
    best = max(words.values(), default=1.0)
    fused = {key: (cosines[key] + WORDS_WEIGHT * words.get(key, 0.0) / best) / (1 + WORDS_WEIGHT) for key in candidates}
    lifted = {
        key: (fused[key] + max(fused[other] for other in fused if other[0] == key[0] and abs(other[1] - key[1]) <= region)) / 2
        for key in fused
    }
    similarity_of: dict[str, dict[int, float]] = {"a": {}, "b": {}}
    for (doc_id, pos), cosine in cosines.items():
        similarity_of[doc_id][pos] = cosine
    ranked = rank_hits(
        [Hit(doc_id=key[0], pos=key[1], score=cosines[key]) for key in dense],
        [Hit(doc_id=key[0], pos=key[1], score=score) for key, score in words.items()],
        similarity_of,
        SearchOptions(region=region, num_hits=num_hits),
    )
    assert len(ranked) == min(num_hits, len(candidates))
    assert [hit.score for hit in ranked] == pytest.approx(sorted(lifted.values(), reverse=True)[:num_hits], abs=1e-6)
    for hit in ranked:
        assert hit.score == pytest.approx(lifted[hit.doc_id, hit.pos], abs=1e-6)
        assert hit.lift == pytest.approx(lifted[hit.doc_id, hit.pos] - fused[hit.doc_id, hit.pos], abs=1e-6)
    assert ranked == sorted(ranked, key=lambda hit: (-hit.score, hit.doc_id, hit.pos))


def test_auto_brings_the_sentences_around_the_best_one_as_one_span(searcher: Searcher) -> None:
    result = ask(searcher, QUESTIONS[0], budget_tokens=60)
    best = result.spans[0]
    assert "Pellworm" in best.text and best.pos_first <= 4 <= best.pos_last and best.boundary <= best.end
    taken = [(span.path, pos) for span in result.spans for pos in range(span.pos_first, span.pos_last + 1)]
    assert len(set(taken)) == len(taken)
    for one in result.spans:
        assert not any(other.path == one.path and other.pos_first == one.pos_last + 1 for other in result.spans)


@pytest.mark.real
def test_the_default_encoder_finds_what_a_paraphrase_asks(tmp_path: Path) -> None:
    corpus = tiny.copy_corpus(tmp_path / "corpus", ["kestrel/beekeeping-year.md", "saltmere/waterworks-manual.md"])
    (corpus / "mill.txt").write_text(TEXTS["mill/history.txt"], "utf-8")
    build_index(str(tmp_path / "index"), [corpus], BuildOptions())
    searcher = open_searcher(str(tmp_path / "index"), EncodeOptions())
    result = ask(searcher, "Which person mended the water gate using stone?")
    assert result.spans[0].path == "mill.txt" and "Pellworm" in result.spans[0].text
    assert result.similarity > 0.35
    assert ask(searcher, "Which person mended the water gate using stone?", hybrid=True).spans[0].path == "mill.txt"
