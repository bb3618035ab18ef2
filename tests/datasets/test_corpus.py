"""One global character axis: its parts tile, its tokens are disjoint and in order, and every way of cutting it follows
its rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from lmkindex.config import EncodeOptions
from lmkindex.datasets import Corpus, EvaluationSet, Question, SourceDocument, make_corpus
from lmkindex.datasets import corpus as corpus_module
from lmkindex.encoder import Encoder, FakeEncoder, TransformerEncoder, load_encoder, read_folder
from lmkindex.encoder.fake import word_id
from lmkindex.evaluate.evidence import has_tokens, locate_evidence, sentences_touched
from lmkindex.evaluate.pieces import recursive_chunks, sentence_pieces, sentence_runs, token_chunks, tokens_touched, word_chunks
from lmkindex.evaluate.records import Pieces
from lmkindex.records import Int64Array
from lmkindex.sentences import split_sentences

NAMES = ("fake", "bytes", "bert", "llama")
AWKWARD = [
    *("", " ", "\n", "\n\n", "\t", "\x0c", "\x85", "\u3000", "\x00", "\u200b", "\u200d", "\ufeff", "\u00ad"),
    *("e\u0301", "a\u0308\u0323", "\u0301", "İ", "ﬁ", "ß", "한국어", "中文字符。", "これは文です。", "שלום", "สวัสดี", "٣"),
    *("👨\u200d👩\u200d👧", "🇩🇪", "😀", "𝔘", "\U0010ffff", "[LMK]", "[SEP]", "##a", '"', "1. ", "- ", "# "),
]
PLAIN = ["The keeper left.", "A valve", "bees", "1742.", "Why?", "“No!”", "e.g.", "harbour-master", "x"]
FRAGMENTS = st.sampled_from(AWKWARD) | st.sampled_from(PLAIN) | st.sampled_from([" ", " ", "\n\n"]) | st.text(max_size=4)
TEXTS = st.lists(FRAGMENTS, max_size=16).map("".join)
DOCUMENTS = st.lists(TEXTS, min_size=1, max_size=4)
PLAIN_TEXTS = st.lists(st.sampled_from([*PLAIN, " ", " ", "\n", "\n\n"]), max_size=30).map("".join)
PLAIN_DOCUMENTS = st.lists(PLAIN_TEXTS, min_size=1, max_size=4)


EncoderOf = Callable[[str], Encoder]


@pytest.fixture(scope="session")
def encoder_of(bert_folder: Callable[[str], Path], llama_folder: Path) -> EncoderOf:
    """A function from one of `NAMES` to its encoder."""
    folders = {"bert": bert_folder("sentence_mean"), "llama": llama_folder}
    made: dict[str, Encoder] = {"fake": FakeEncoder(), "bytes": tiny.ByteEncoder()}
    made |= {name: load_encoder(read_folder(path), EncodeOptions(dtype="float32", threads=1)) for name, path in folders.items()}
    return made.__getitem__


def squeezed(text: str) -> str:
    """`text` without white space."""
    return "".join(text.split())


# ---- the corpus


def check_corpus(corpus: Corpus, texts: Sequence[str]) -> None:
    """Check what holds for every corpus, whatever its texts and tokenizer."""
    assert corpus.texts == tuple(texts)
    assert corpus.document_starts.tolist() == np.cumsum([0, *map(len, texts)]).tolist()
    num_sentences, num_tokens = len(corpus.sentence_starts_S), corpus.num_tokens
    assert len(corpus.sentence_ends_S) == len(corpus.ends_paragraph_S) == len(corpus.sentence_tokens) - 1 == num_sentences
    assert len(corpus.token_starts_T) == len(corpus.token_ends_T) == num_tokens
    assert (corpus.document_sentences[0], corpus.document_sentences[-1]) == (0, num_sentences)
    assert (corpus.sentence_tokens[0], corpus.sentence_tokens[-1]) == (0, num_tokens)
    assert len(corpus.document_sentences) == len(texts) + 1 and (np.diff(corpus.document_sentences) >= 0).all()
    assert (np.diff(corpus.sentence_tokens) >= 1).all()  # every sentence has a token
    assert (corpus.token_starts_T <= corpus.token_ends_T).all()
    assert (corpus.token_ends_T[:-1] <= corpus.token_starts_T[1:]).all()
    for document, (text, offset) in enumerate(zip(texts, corpus.document_starts.tolist(), strict=False)):
        sentences = split_sentences(text)
        own = slice(corpus.document_sentences[document], corpus.document_sentences[document + 1])
        assert (corpus.sentence_starts_S[own] - offset).tolist() == sentences.starts_S.tolist()
        assert (corpus.sentence_ends_S[own] - offset).tolist() == sentences.ends_S.tolist()
        assert corpus.ends_paragraph_S[own].tolist() == sentences.ends_paragraph_S.tolist()
    for sentence, (start, end) in enumerate(zip(corpus.sentence_starts_S.tolist(), corpus.sentence_ends_S.tolist(), strict=True)):
        first, last = corpus.sentence_tokens[sentence], corpus.sentence_tokens[sentence + 1] - 1
        assert start <= corpus.token_starts_T[first] and corpus.token_ends_T[last] <= end
        assert (corpus.token_ends_T[first : last + 1] > corpus.token_starts_T[first : last + 1]).any()  # some token has a character


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(texts=DOCUMENTS)
def test_any_documents_make_a_corpus(encoder_of: EncoderOf, name: str, texts: list[str]) -> None:
    encoder = encoder_of(name)
    corpus = make_corpus(texts, encoder)
    check_corpus(corpus, texts)
    sentence_texts = [text[s:e] for text in texts for s, e in places(split_sentences(text).starts_S, split_sentences(text).ends_S)]
    ids_T, offsets = encoder.tokenize(sentence_texts)
    assert corpus.token_ids_T.tolist() == ids_T.tolist() and corpus.sentence_tokens.tolist() == offsets.tolist()
    # Every non-space character is in exactly one sentence, in order.
    sentences = [corpus.text_of(start, end) for start, end in places(corpus.sentence_starts_S, corpus.sentence_ends_S)]
    assert sentences == sentence_texts
    assert squeezed("".join(sentences)) == squeezed("".join(texts))


def places(starts: Int64Array, ends: Int64Array) -> list[tuple[int, int]]:
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(texts=st.lists(TEXTS, max_size=5))
def test_places_of_tokens_agree_with_the_tokens(encoder_of: EncoderOf, name: str, texts: list[str]) -> None:
    """As many places as `tokenize` gives tokens per text; disjoint, in order, inside the text, and independent of the
    other texts."""
    encoder = encoder_of(name)
    _, offsets = encoder.tokenize(texts)
    places_T2 = encoder.locate_tokens(texts)
    assert places_T2.shape == (offsets[-1], 2)
    for text, (first, end) in zip(texts, pairwise(offsets.tolist()), strict=True):
        own_T2 = places_T2[first:end]
        np.testing.assert_array_equal(own_T2, encoder.locate_tokens([text]))
        assert (own_T2[:, 0] <= own_T2[:, 1]).all() and (own_T2[:-1, 1] <= own_T2[1:, 0]).all()
        assert own_T2[0, 0] >= 0 and own_T2[-1, 1] <= len(text)


@pytest.mark.parametrize(
    "text", ["İ", "Das Haus İstanbul.", "İİİ ok", "ﬁne", "e\u0301te\u0301", "한국어", "👨\u200d👩\u200d👧 ok", "a\x00b c", "x\u200by"]
)
@pytest.mark.parametrize("name", NAMES)
def test_awkward_characters_shift_no_place(encoder_of: EncoderOf, name: str, text: str) -> None:
    """Text after a character that the tokenizer expands, joins or drops is still located correctly."""
    suffix = " lamp."
    places_T2 = encoder_of(name).locate_tokens([text + suffix])
    assert places_T2[-1].tolist() == [len(text + suffix) - 1, len(text + suffix)]
    if name != "bytes":
        words = [(text + suffix)[start:end] for start, end in places_T2.tolist()]
        assert "".join(words).endswith("lamp.")


@settings(max_examples=40)
@given(texts=st.lists(TEXTS, max_size=4))
def test_ids_of_the_fake_stand_at_their_places(texts: list[str]) -> None:
    encoder = FakeEncoder()
    ids_T, offsets = encoder.tokenize(texts)
    owners_T = np.repeat(np.arange(len(texts)), np.diff(offsets))
    for token, owner, (start, end) in zip(ids_T.tolist(), owners_T.tolist(), encoder.locate_tokens(texts).tolist(), strict=True):
        assert token in (3, word_id(texts[owner][start:end].lower()))


@pytest.mark.parametrize("name", NAMES)
def test_tokens_of_plain_english_hold_all_of_it(encoder_of: EncoderOf, name: str) -> None:
    texts = [tiny.prose(1, 40), (tiny.CORPUS_PATH / "saltmere" / "council-minutes.txt").read_text("utf-8"), tiny.prose(2, 3)]
    texts[1] = texts[1].encode("ascii", "ignore").decode()
    encoder = encoder_of(name)
    corpus = make_corpus(texts, encoder)
    check_corpus(corpus, texts)
    tokens = [corpus.text_of(start, end) for start, end in places(corpus.token_starts_T, corpus.token_ends_T)]
    assert "".join(tokens) == squeezed("".join(texts))
    assert not any(squeezed(token) != token or not token for token in tokens)
    if isinstance(encoder, TransformerEncoder):
        names = [encoder.tokenizer.id_to_token(token).removeprefix("##") for token in corpus.token_ids_T.tolist()]
        pairs = [(name, token.lower()) for name, token in zip(names, tokens, strict=True) if name != "[UNK]"]
        assert len(pairs) > 0.9 * len(tokens) and all(one == other for one, other in pairs)


def test_tokenizing_in_parts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [tiny.prose(3, 20), "", tiny.prose(4, 5)]
    whole = make_corpus(texts, FakeEncoder())
    monkeypatch.setattr(corpus_module, "TOKENIZE_SENTENCES", 3)
    parts = make_corpus(texts, FakeEncoder())
    for field in ("token_ids_T", "token_starts_T", "token_ends_T", "sentence_tokens"):
        np.testing.assert_array_equal(getattr(parts, field), getattr(whole, field))


def test_documents_without_a_sentence_keep_their_place() -> None:
    texts = ["", " \n\n ", "Bees swarm. Tom left.", "", "\x00", "\t"]
    corpus = make_corpus(texts, FakeEncoder())
    check_corpus(corpus, texts)
    assert corpus.document_starts.tolist() == [0, 0, 4, 25, 25, 26, 27]
    assert corpus.document_sentences.tolist() == [0, 0, 0, 2, 2, 3, 3]
    assert [corpus.text_of(start, end) for start, end in [(4, 15), (16, 25), (25, 26), (26, 27), (0, 4)]] == [
        "Bees swarm.", "Tom left.", "\x00", "\t", " \n\n ",
    ]  # fmt: skip
    empty = make_corpus([], FakeEncoder())
    check_corpus(empty, [])
    assert (empty.num_tokens, len(sentence_pieces(empty))) == (0, 0)


@given(texts=DOCUMENTS, data=st.data())
def test_text_of_is_the_slice_of_its_document(texts: list[str], data: st.DataObject) -> None:
    corpus = make_corpus(texts, FakeEncoder())
    document = data.draw(st.sampled_from(range(len(texts))))
    bounds = st.integers(0, len(texts[document]))
    start, end = sorted((data.draw(bounds), data.draw(bounds)))
    if start < end:
        offset = int(corpus.document_starts[document])
        assert corpus.text_of(offset + start, offset + end) == texts[document][start:end]


def question(doc_id: str, *spans: tuple[int, int], any_span: bool = False) -> Question:
    return Question(question_id="q", doc_id=doc_id, text="who", answers=(), spans=spans, any_span=any_span)


def test_evidence_is_shifted_to_its_document() -> None:
    texts = {"a": "Tom left.", "empty": "", "b": "Bees swarm. Tom left."}
    documents = tuple(SourceDocument(doc_id=doc_id, title="", text=text) for doc_id, text in texts.items())
    questions = (question("b", (0, 4), (12, 15), any_span=True), question("a", (4, 8)), question("b"))
    corpus = make_corpus(list(texts.values()), FakeEncoder())
    first, second, none = locate_evidence(corpus, EvaluationSet(name="set", documents=documents, questions=questions))
    assert (first.document, first.starts.tolist(), first.ends.tolist(), first.any_span) == (2, [9, 21], [13, 24], True)
    assert [corpus.text_of(start, end) for start, end in places(first.starts, first.ends)] == ["Bees", "Tom"]
    assert (second.document, second.starts.tolist(), second.ends.tolist(), second.any_span) == (0, [4], [8], False)
    assert (none.document, len(none.starts), len(none.ends)) == (2, 0, 0)


def test_which_questions_have_tokens() -> None:
    """White space, characters that the tokenizer drops, and text of another document are not evidence."""
    texts = ["Tom left. \n ", "Bees  swarm."]
    corpus = make_corpus(texts, FakeEncoder())
    for document_start, span, expected in [
        (0, (0, 1), True), (0, (8, 9), True), (0, (3, 4), False), (0, (9, 12), False), (0, (2, 5), True),
        (12, (4, 6), False), (12, (5, 7), True), (12, (11, 12), True), (12, (0, 1), True),
    ]:  # fmt: skip
        assert has_tokens(corpus, document_start, question("d", span)) is expected, (document_start, span)
        blank = (9, 12) if document_start == 0 else (4, 6)
        assert has_tokens(corpus, document_start, question("d", *sorted([blank, span]))) is expected
    assert not has_tokens(corpus, 0, question("d"))


def test_sentences_of_a_range() -> None:
    """`[0, 9)` and `[10, 21)`; a range in the white space between them can belong to either neighbour."""
    corpus = make_corpus(["Tom left. Bees swarm.", "Why?"], FakeEncoder())
    assert places(corpus.sentence_starts_S, corpus.sentence_ends_S) == [(0, 9), (10, 21), (21, 25)]
    ranges = np.asarray([(0, 9), (8, 9), (8, 11), (0, 10), (9, 11), (20, 21), (21, 22), (20, 22)])
    firsts, lasts = sentences_touched(corpus, ranges[:, 0], ranges[:, 1])
    assert list(zip(firsts.tolist(), lasts.tolist(), strict=True)) == [(0, 0), (0, 0), (0, 1), (0, 0), (1, 1), (1, 1), (2, 2), (1, 2)]


@given(texts=DOCUMENTS, data=st.data())
def test_tokens_of_a_range_are_those_with_a_character_in_it(texts: list[str], data: st.DataObject) -> None:
    corpus = make_corpus(texts, tiny.ByteEncoder())
    bounds = st.integers(0, int(corpus.document_starts[-1]))
    start, end = sorted((data.draw(bounds), data.draw(bounds)))
    firsts, lasts = tokens_touched(corpus, np.asarray([start]), np.asarray([end]))
    found = set(range(int(firsts[0]), int(lasts[0])))
    spans = places(corpus.token_starts_T, corpus.token_ends_T)
    assert {token for token, (s, e) in enumerate(spans) if max(s, start) < min(e, end)} <= found
    assert all(start <= spans[token][1] and spans[token][0] <= end for token in found)


# ---- pieces


def check_pieces(corpus: Corpus, pieces: Pieces) -> list[list[tuple[int, int]]]:
    """Check what holds for every way of cutting; returns the pieces of each document, with offsets in the document."""
    assert len(pieces) == len(pieces.starts_P) == len(pieces.ends_P)
    assert len(pieces.document_pieces) == len(corpus.texts) + 1
    assert (pieces.document_pieces[0], pieces.document_pieces[-1]) == (0, len(pieces))
    assert (np.diff(pieces.document_pieces) >= 0).all()
    assert (pieces.starts_P < pieces.ends_P).all()  # none is empty
    assert (np.diff(pieces.starts_P) >= 0).all() and (np.diff(pieces.ends_P) >= 0).all()
    result = []
    for document, (first, end) in enumerate(pairwise(pieces.document_pieces.tolist())):
        start, stop = corpus.document_starts[document], corpus.document_starts[document + 1]
        assert (pieces.starts_P[first:end] >= start).all() and (pieces.ends_P[first:end] <= stop).all()
        result.append(places(pieces.starts_P[first:end] - start, pieces.ends_P[first:end] - start))
    return result


CUTS: dict[str, Callable[[Corpus], Pieces]] = {
    "sentences": sentence_pieces,
    "runs": lambda corpus: sentence_runs(corpus, 2, 1),
    "tokens": lambda corpus: token_chunks(corpus, 4),
    "tokens-overlap": lambda corpus: token_chunks(corpus, 5, 2),
    "words": lambda corpus: word_chunks(corpus, 3),
    "recursive": lambda corpus: recursive_chunks(corpus, 9),
}


@pytest.mark.parametrize("encoder", [FakeEncoder(), tiny.ByteEncoder()], ids=["fake", "bytes"])
@pytest.mark.parametrize("cut", CUTS)
@settings(max_examples=40)
@given(texts=DOCUMENTS)
def test_pieces_of_any_text(cut: str, encoder: Encoder, texts: list[str]) -> None:
    """No piece is empty or crosses documents; together they hold every token, or every non-space character if cut by
    characters."""
    corpus = make_corpus(texts, encoder)
    by_document = check_pieces(corpus, CUTS[cut](corpus))
    for document, (text, pieces) in enumerate(zip(texts, by_document, strict=True)):
        covered = {char for start, end in pieces for char in range(start, end)}
        if not cut.startswith("tokens"):
            assert covered >= {char for char, letter in enumerate(text) if not letter.isspace()}
            continue
        first, end = corpus.sentence_tokens[corpus.document_sentences[document : document + 2]]
        spans = places(corpus.token_starts_T[first:end], corpus.token_ends_T[first:end])
        assert covered >= {char - int(corpus.document_starts[document]) for start, stop in spans for char in range(start, stop)}


@pytest.mark.parametrize("cut", CUTS)
def test_no_documents_have_no_pieces(cut: str) -> None:
    corpus = make_corpus([], FakeEncoder())
    assert check_pieces(corpus, CUTS[cut](corpus)) == []


def test_a_chunk_of_leftover_bytes_is_no_piece() -> None:
    """An emoji of four bytes at the end of four-token chunks: its last bytes have no character of their own."""
    corpus = make_corpus(["ab😀", "abc😀 d"], tiny.ByteEncoder())
    assert check_pieces(corpus, token_chunks(corpus, 4))[0] == [(0, 3)]
    assert check_pieces(corpus, token_chunks(corpus, 3))[1] == [(0, 3), (3, 4), (4, 6)]


@given(texts=PLAIN_DOCUMENTS, size=st.integers(1, 12), data=st.data())
def test_token_chunks(texts: list[str], size: int, data: st.DataObject) -> None:
    """Every token is in a chunk; chunks have exactly their size and overlap except at a document's end; every chunk has
    something new."""
    overlap = data.draw(st.integers(0, size - 1))
    corpus = make_corpus(texts, FakeEncoder())
    pieces = token_chunks(corpus, size, overlap)
    check_pieces(corpus, pieces)
    firsts_P, lasts_P = tokens_touched(corpus, pieces.starts_P, pieces.ends_P)
    token_bounds = corpus.sentence_tokens[corpus.document_sentences].tolist()
    for document, (first_piece, end_piece) in enumerate(pairwise(pieces.document_pieces.tolist())):
        chunks = places(firsts_P[first_piece:end_piece], lasts_P[first_piece:end_piece])
        first, end = token_bounds[document], token_bounds[document + 1]
        if first == end:
            assert chunks == []
            continue
        assert (chunks[0][0], chunks[-1][1]) == (first, end)
        assert all(stop - start == size for start, stop in chunks[:-1])
        assert 0 < chunks[-1][1] - chunks[-1][0] <= size
        assert all(one_end - other_start == overlap for (_, one_end), (other_start, _) in pairwise(chunks))
        assert all(one_end < other_end for (_, one_end), (_, other_end) in pairwise(chunks))  # each brings something new


def test_token_chunks_by_hand() -> None:
    corpus = make_corpus(["a b c d e f g", "", "h i", "j k l m"], FakeEncoder())
    assert check_pieces(corpus, token_chunks(corpus, 3)) == [[(0, 5), (6, 11), (12, 13)], [], [(0, 3)], [(0, 5), (6, 7)]]
    assert check_pieces(corpus, token_chunks(corpus, 3, 1)) == [[(0, 5), (4, 9), (8, 13)], [], [(0, 3)], [(0, 5), (4, 7)]]
    assert check_pieces(corpus, token_chunks(corpus, 4, 2)) == [[(0, 7), (4, 11), (8, 13)], [], [(0, 3)], [(0, 7)]]
    assert check_pieces(corpus, token_chunks(corpus, 7)) == [[(0, 13)], [], [(0, 3)], [(0, 7)]]


@given(texts=DOCUMENTS, size=st.integers(1, 8))
def test_word_chunks(texts: list[str], size: int) -> None:
    corpus = make_corpus(texts, FakeEncoder())
    for text, pieces in zip(texts, check_pieces(corpus, word_chunks(corpus, size)), strict=True):
        words = text.split()
        assert [text[start:end].split() for start, end in pieces] == [words[first : first + size] for first in range(0, len(words), size)]
        assert all(text[start:end] == text[start:end].strip() for start, end in pieces)


@given(texts=DOCUMENTS, before=st.integers(0, 4), after=st.integers(0, 4))
def test_sentence_runs(texts: list[str], before: int, after: int) -> None:
    corpus = make_corpus(texts, FakeEncoder())
    pieces = sentence_runs(corpus, before, after)
    by_document = check_pieces(corpus, pieces)
    for text, runs in zip(texts, by_document, strict=True):
        sentences = split_sentences(text)
        starts, ends = sentences.starts_S.tolist(), sentences.ends_S.tolist()
        assert runs == [(starts[max(i - before, 0)], ends[min(i + after, len(ends) - 1)]) for i in range(len(starts))]


def test_sentence_runs_stop_at_the_document() -> None:
    corpus = make_corpus(["We met. He left. It rained.", "", "Go on.", "She came. He sat."], FakeEncoder())
    assert check_pieces(corpus, sentence_pieces(corpus)) == [[(0, 7), (8, 16), (17, 27)], [], [(0, 6)], [(0, 9), (10, 17)]]
    assert check_pieces(corpus, sentence_runs(corpus, 0, 0)) == check_pieces(corpus, sentence_pieces(corpus))
    assert check_pieces(corpus, sentence_runs(corpus, 1, 0)) == [[(0, 7), (0, 16), (8, 27)], [], [(0, 6)], [(0, 9), (0, 17)]]
    assert check_pieces(corpus, sentence_runs(corpus, 0, 2)) == [[(0, 27), (8, 27), (17, 27)], [], [(0, 6)], [(0, 17), (10, 17)]]
    assert check_pieces(corpus, sentence_runs(corpus, 9, 9)) == [[(0, 27)] * 3, [], [(0, 6)], [(0, 17)] * 2]


@given(texts=DOCUMENTS, max_chars=st.integers(1, 30))
def test_recursive_chunks_of_any_text(texts: list[str], max_chars: int) -> None:
    """Disjoint, trimmed, never longer than `max_chars`, and everything but white space is in one."""
    corpus = make_corpus(texts, FakeEncoder())
    for text, pieces in zip(texts, check_pieces(corpus, recursive_chunks(corpus, max_chars)), strict=True):
        assert all(end - start <= max_chars for start, end in pieces)
        assert all(one_end <= other_start for (_, one_end), (other_start, _) in pairwise(pieces))
        chunks = [text[start:end] for start, end in pieces]
        assert all(chunk == chunk.strip() for chunk in chunks)
        assert squeezed("".join(chunks)) == squeezed(text)
        assert len(text) > max_chars or len(chunks) <= 1


PARAGRAPHS = st.lists(st.lists(st.sampled_from(["a", "bb", "ccc", "dddd"]), min_size=1, max_size=6).map(" ".join), min_size=1, max_size=8)


@given(paragraphs=PARAGRAPHS, room=st.integers(2, 20))
def test_recursive_chunks_keep_paragraphs_that_fit(paragraphs: list[str], room: int) -> None:
    max_chars = max(map(len, paragraphs)) + room
    text = "\n\n".join(paragraphs)
    (pieces,) = check_pieces(corpus := make_corpus([text], FakeEncoder()), recursive_chunks(corpus, max_chars))
    chunks = [text[start:end].split("\n\n") for start, end in pieces]
    assert [paragraph for chunk in chunks for paragraph in chunk] == paragraphs  # cut between paragraphs only
    for chunk, following in pairwise(chunks):  # and merged while they fit; two separators may count
        assert len("\n\n".join([*chunk, following[0]])) + 2 > max_chars


@pytest.mark.parametrize(
    ("text", "max_chars", "expected"),
    [
        ("One two.\n\nThree four.\n\nFive.", 24, ["One two.\n\nThree four.", "Five."]),
        ("Alpha beta gamma.\n\nDelta epsilon.\n\nZeta.", 36, ["Alpha beta gamma.\n\nDelta epsilon.", "Zeta."]),
        ("Alpha beta.", 11, ["Alpha beta."]),
        # A paragraph that is too long is cut separately: its parts do not merge with its neighbours.
        ("A b.\n\ncccc dddd eeee ffff\n\nG h.", 10, ["A b.", "cccc dddd", "eeee ffff", "G h."]),
        # Lines before words, words before characters.
        ("l1 aa\nl2 bb\nl3 cc\n\nNext.", 12, ["l1 aa\nl2 bb", "l3 cc", "Next."]),
        ("aaaaaaaaaaaa bb", 5, ["aaaaa", "aaaaa", "aa", "bb"]),
        ("\n\n  Lead.\n\nTrail.  \n\n", 8, ["Lead.", "Trail."]),
        # The separator after a piece is white space, and is trimmed: it must not count against what fits.
        ("aaa bbb cc\n\nabc", 10, ["aaa bbb cc", "abc"]),
        ("aa bb cc dd ee", 8, ["aa bb cc", "dd ee"]),
        ("One two.\n\nThree four.\n\nFive.", 22, ["One two.\n\nThree four.", "Five."]),
    ],
)
def test_recursive_chunks_by_hand(text: str, max_chars: int, expected: list[str]) -> None:
    """The same as LangChain's `RecursiveCharacterTextSplitter(chunk_size=max_chars, chunk_overlap=0).split_text` (1.x)
    on these texts."""
    (pieces,) = check_pieces(corpus := make_corpus([text], FakeEncoder()), recursive_chunks(corpus, max_chars))
    assert [text[start:end] for start, end in pieces] == expected
