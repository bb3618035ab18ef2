"""Groups of JSON fields that several commands print: spans, failures, encoders, scores. `json_fields.py` says which
command prints which."""

from __future__ import annotations

from dataclasses import dataclass

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonObjectFields:
    """What one kind of object holds. `fields` are (names that share a meaning, the meaning); `alike` are (name of a
    list, fields of each object in it, where these are explained); `note` is printed before the table."""

    fields: Fields
    alike: tuple[tuple[str, Fields, str], ...] = ()
    note: str = ""

    @property
    def names(self) -> list[str]:
        """Every field, nested ones too."""
        explained = [name for names, _ in self.fields for name in names.split()]
        return explained + [f"{name}.{inner}" for name, fields, _ in self.alike for names, _ in fields for inner in names.split()]


def below(prefix: str, fields: Fields) -> Fields:
    """`fields`, with their names prefixed by `prefix`."""
    return tuple((" ".join(f"{prefix}.{name}" for name in names.split()), meaning) for names, meaning in fields)


SPAN = (
    ("path doc_id page", "the document and, if it has pages, the page on which the span starts"),
    ("start end", "character offsets in the document"),
    (
        "boundary",
        "the character where the boundary sentence (the sentence that was hit) ends; it equals `end` unless the span continues after it "
        "(`--surround`, or spans that were merged)",
    ),
    (
        "score",
        "`(cosine + 0.25 * BM25 / best BM25) / 1.25`, lifted by better sentences near it; with `--no-hybrid` the cosine, with `--front K` "
        "or `--surround K` the mean of the span's cosines up to the boundary, weighted by `exp(-alpha * distance)` (`--alpha`). Scores of "
        "different questions are comparable only under `--no-hybrid`",
    ),
    ("text", "the passage itself"),
    ("heading", "list of the headings over its boundary sentence, outermost first"),
    ("root place", "the directory that `path` is relative to; the place as it is printed, which `read` accepts"),
)
FAILURE = (
    ("path root reason", "which file below which directory cannot be read, and why; files that failed before are included"),
    ("first last tries", 'when it first and last failed (UTC; "" is unknown), and how often it was tried'),
)
ENCODER = (
    ("name path fingerprint", "its name, its folder, and the hash of it that an index stores"),
    ("pooling lmk_token lmk_id query_prefix", "how a sentence becomes a vector"),
    ("window_tokens context_tokens dim", "sizes of a window, and of a vector"),
    ("min_similarity", "the cosine below which `ask` abstains; -1 means never"),
    ("base base_license training.*", "what it was made from, and how"),
)
SCORES = (
    ("name", "the system"),
    ("recall precision iou", "over the characters of the evidence, at this budget"),
    ("mrr hit_boundary recall_at_1 recall_at_5 recall_at_10", "of the ranking, whatever the budget"),
    ("ci95.recall ci95.precision ci95.iou ci95.mrr ci95.hit_boundary", "95% intervals: low, high"),
    ("ci95.recall_difference", "mean, low and high of the reference's recall minus this system's; absent for the reference"),
    ("ms_per_query index_seconds index_bytes vectors_per_1000_tokens bytes_per_1000_tokens", "what it costs"),
)
AT_BUDGET = (
    ("dataset scope budget_tokens", "the set (`macro` for the mean over several), corpus or document, the budget"),
    ("num_questions", "number of questions with evidence that were asked"),
    *below("systems[]", SCORES),
)
READ_ANSWERS = (
    ("dataset num_questions", "for each set, and for `macro`"),
    ("systems[].name systems[].f1 systems[].exact_match", "scores of the answers from this system's passages"),
    ("systems[].tokens_read systems[].seconds", "what the answers cost"),
    ("systems[].abstained systems[].failed", "the share without an answer; answers that failed"),
    ("systems[].ci95.f1 systems[].ci95.exact_match", "95% intervals: low, high"),
    ("systems[].ci95.f1_difference", "mean, low and high of the reference's F1 minus this system's; absent for the reference"),
)
