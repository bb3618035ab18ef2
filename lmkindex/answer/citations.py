"""A model's text and the spans it was shown -> the text with markers, and citations that code has checked.

Knows no prompt, no generator and no index. Spans come in the order in which the prompt numbered them: marker n is
`shown[n - 1]`. What the model claims is never trusted. A sentence of the answer is a claim. It is verified if one to
three neighbouring sentences of the cited span support it (`support.py`); a quotation is verified if the span contains
it word for word. The citation points at that place.

Marker 0 and markers beyond the last span are citations without a source and never verified. Marker 0 means a sentence
that no span supports (its place, if any, is the nearest miss). The others are numbers that the model made up (no place:
`path` is empty).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..search import Span
from ..sentences import split_sentences
from .places import CitableSpan, best_evidence
from .quotations import find_quotation, quotations_of
from .records import Citation
from .support import MIN_SUPPORT, Content, read_content

MARKER = re.compile(r"[\[【]\s*(?:passages?\s*)?(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*[\]】]", re.IGNORECASE)
LIST_NUMBER = re.compile(r"^[ \t]*(?:\d{1,2}[.)]|[-*•])[ \t]", re.MULTILINE)  # not a number of the claim
END_OF_SENTENCE = re.compile(r"[\s.!?。！？…]*$")
NO_SOURCE = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A stretch `text[start:end]` of the answer and its markers, in order and without repeats."""

    start: int
    end: int
    markers: tuple[int, ...]


def cite(text: str, shown: Sequence[Span], question: str) -> tuple[str, tuple[Citation, ...]]:
    """Check all claims of `text`; add a marker to each supported claim that has none. Returns the new text and the
    citations."""
    asked = read_content(question).words
    sources = [CitableSpan(span) for span in shown]
    citations: list[Citation] = []
    for claim in reversed(claims_of(text)):  # from the end, so that insertions do not shift the remaining claims
        words = MARKER.sub(" ", text[claim.start : claim.end])
        if claim.markers:
            found = [citation for marker in claim.markers for citation in check(words, marker, sources, asked)]
        else:
            found = attribute(words, sources, asked)
            text = with_markers(text, claim, [citation.marker for citation in found if citation.verified])
        citations[:0] = found
    return text, tuple(dict.fromkeys(citations))


def claims_of(text: str) -> list[Claim]:
    """The claims of an answer: its sentences, split further at markers inside a sentence.

    A marker belongs to the text before it, even after the full stop; if the text begins with a marker, markers belong
    to the text after them.
    """
    groups = marker_groups(text)
    if groups and not text[: groups[0][0]].strip():
        bounds = [start for start, _, _ in groups] + [len(text)]
        return [Claim(start=end, end=bounds[i + 1], markers=markers) for i, (_, end, markers) in enumerate(groups)]
    masked = text
    for pattern in (MARKER, LIST_NUMBER):
        masked = pattern.sub(lambda match: " " * len(match.group()), masked)
    sentences = split_sentences(masked)
    starts, ends = sentences.starts_S.tolist(), sentences.ends_S.tolist()
    claims: list[Claim] = []
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        limit = starts[i + 1] if i + 1 < len(starts) else len(text)
        claims += split_at_markers(text, start, end, [group for group in groups if start <= group[0] < limit])
    return [claim for claim in claims if claim.end > claim.start]


def marker_groups(text: str) -> list[tuple[int, int, tuple[int, ...]]]:
    """(start, end, numbers) of each run of markers: `[1]`, `[1, 2]` and `[1][2]` are one group each."""
    groups: list[tuple[int, int, tuple[int, ...]]] = []
    for match in MARKER.finditer(text):
        numbers = tuple(int(number) for number in re.findall(r"\d+", match.group(1)))
        if groups and not text[groups[-1][1] : match.start()].strip(" ,;"):
            start, _, before = groups.pop()
            groups.append((start, match.end(), tuple(dict.fromkeys(before + numbers))))
        else:
            groups.append((match.start(), match.end(), tuple(dict.fromkeys(numbers))))
    return groups


def split_at_markers(text: str, start: int, end: int, groups: list[tuple[int, int, tuple[int, ...]]]) -> Iterator[Claim]:
    """One claim for each group of markers in or after the sentence; words after the last group belong to the last
    claim."""
    for i, (group_start, group_end, markers) in enumerate(groups):
        is_last_with_rest = i + 1 == len(groups) and read_content(text[group_end:end]).words
        yield Claim(start=start, end=end if is_last_with_rest else group_start, markers=markers)
        start = group_end
    if not groups:
        yield Claim(start=start, end=end, markers=())


def check(words: str, marker: int, sources: Sequence[CitableSpan], asked: frozenset[str]) -> list[Citation]:
    """Citations for a claim that the model marked with `marker`: one for each quotation, or one for the claim."""
    if not 1 <= marker <= len(sources):
        return [without_place(marker)]
    source = sources[marker - 1]
    quoted = quotations_of(words)
    if not quoted:
        evidence = best_evidence(read_content(words), source, asked)
        return [citation_at(source.span, marker, evidence.start, evidence.end, evidence.score >= MIN_SUPPORT)]
    around = words
    for quotation in quoted:
        around = around.replace(quotation, " ")
    is_framed_truly = not (read_content(around).required - source.words)
    citations = []
    for quotation in quoted:
        place = find_quotation(quotation, source.span.text)
        start, end = place if place is not None else nearest_place(quotation, source, asked)
        citations.append(citation_at(source.span, marker, start, end, place is not None and is_framed_truly))
    return citations


def attribute(words: str, sources: Sequence[CitableSpan], asked: frozenset[str]) -> list[Citation]:
    """Citations for a claim without a marker: from the best span that passes, else one without a source. No citations
    if the text claims nothing."""
    claim = read_content(words)
    if not claim.words or not sources:
        return []
    candidates = [check(words, marker, sources, asked) for marker in range(1, len(sources) + 1)]
    passing = [citations for citations in candidates if all(citation.verified for citation in citations)]
    best = max(passing or candidates, key=lambda citations: closeness_of(claim, citations, asked))
    if passing:
        return best
    nearest = best[0]
    if not claim.words & read_content(nearest.quote).words:
        return [without_place(NO_SOURCE)]
    span = sources[nearest.marker - 1].span
    return [citation_at(span, NO_SOURCE, *place_of(nearest, span), False)]


def closeness_of(claim: Content, citations: Sequence[Citation], asked: frozenset[str]) -> tuple[float, float]:
    """How well the cited places fit the claim, then the question."""
    quoted = read_content(" ".join(citation.quote for citation in citations)).words
    return len(claim.words & quoted) / max(1, len(claim.words)), len(asked & quoted) / max(1, len(asked))


def nearest_place(quotation: str, source: CitableSpan, asked: frozenset[str]) -> tuple[int, int]:
    evidence = best_evidence(read_content(quotation), source, asked)
    return evidence.start, evidence.end


def place_of(citation: Citation, span: Span) -> tuple[int, int]:
    return citation.start - span.start, citation.end - span.start


def citation_at(span: Span, marker: int, start: int, end: int, verified: bool) -> Citation:
    """A citation of `span.text[start:end]`, in characters of the document."""
    return Citation(
        marker=marker,
        path=span.path,
        page=span.page_at(span.start + start),
        start=span.start + start,
        end=span.start + end,
        quote=span.text[start:end],
        verified=verified,
        root=span.root,
        printed_path=span.printed_path,
    )


def without_place(marker: int) -> Citation:
    return Citation(marker=marker, path="", page=None, start=0, end=0, quote="", verified=False)


def with_markers(text: str, claim: Claim, markers: Sequence[int]) -> str:
    """`text` with ` [n]` for each marker before the full stop of the claim."""
    if not markers:
        return text
    match = END_OF_SENTENCE.search(text, claim.start, claim.end)
    at = match.start() if match is not None else claim.end
    return text[:at] + " " + "".join(f"[{marker}]" for marker in dict.fromkeys(markers)) + text[at:]
