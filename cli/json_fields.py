"""The JSON that `--json` and `--batch` print: every field of every command, and what it means. `reference.py` writes it
into docs/reference/cli.md.

`a[].b` is the field `b` of each object in the list `a`; a name in capitals stands for any key, `.*` for an object with
any fields. A test runs the commands and compares: every printed field is listed here, and every listed field is
printed.
"""

from __future__ import annotations

from .json_groups import AT_BUDGET, ENCODER, FAILURE, READ_ANSWERS, SPAN, JsonObjectFields, below

OBJECTS = {
    "build": JsonObjectFields(
        fields=(
            ("scanned", "files found: `added + changed + renamed + unchanged + len(failed)`, plus files not reached when `incomplete`"),
            ("added changed renamed deleted unchanged", "number of documents, by what this run did with them"),
            *below("failed[]", FAILURE),
            ("documents sentences tokens", "what the index holds after the build; tokens are the documents' own"),
            ("windows_encoded windows_reused", "windows of this run; a window is reused when the same tokens are stored for the document"),
            ("seconds", "duration of the run"),
            ("tokens_per_second", "encoder input tokens of this run (context included) per second"),
            ("tokens_encoded bytes_read", "encoder input tokens of this run; bytes of the files that it read"),
            (
                "forecast.files forecast.bytes forecast.tokens forecast.seconds",
                "an estimate from sizes, made beforehand; `--dry-run` counts exactly. `seconds` is null until a build has measured a rate",
            ),
            ("empty", "documents without text; they are included in `documents`"),
            ("skipped[].path skipped[].reason skipped[].root", "links that lead out of the corpus, not followed; they are not failures"),
            ("passed_over.*", "how many files are of a kind that is not read, by suffix in lower case (`.doc`; empty: without a suffix)"),
            (
                "reread waiting",
                "of the unchanged documents, those that were read again because an older reader had read them; those still to be",
            ),
            ("furniture", "lines of this run's files that were left out as running heads and page numbers"),
            ("notes[].path notes[].note", "what was lost or skipped in this run's files"),
            ("languages.CODE", "documents of the index by language: a code of ISO 639-1, or `unknown`"),
            ("language_note", "present when documents are in a language that the encoder was not trained for"),
            ("incomplete", "present and true when `--time-budget` ended the run; the same command continues"),
            ("warnings", "list of sentences, present when maintenance failed (which loses nothing)"),
            (
                "plan.add plan.change plan.rename plan.delete plan.reread plan.fail plan.skip",
                "present with `--dry-run`: lists of printed paths (`OLD -> NEW` for `rename`); the other fields are then a forecast",
            ),
        ),
    ),
    "search": JsonObjectFields(
        note="Spans are listed best first.",
        fields=(
            ("question", "as it was asked"),
            *below("spans[]", SPAN),
            ("spans[].why", "present with `--explain`: lines that say why the span starts and ends where it does"),
        ),
    ),
    "ask": JsonObjectFields(
        note="Markers number the spans that the model was shown in document order, by `path` and `start`. Marker 0 is a sentence of "
        "the answer that no span supports: the marker is not in the text, and its place, if any, is the nearest miss. A marker that names "
        "no span has an empty `path`. Neither is verified. Verified means that the source says it, not that it answers the question.",
        fields=(
            ("question", "as it was asked"),
            ("answer", "the text with its markers, `[1]`"),
            ("abstained", "whether no answer was found"),
            ("citations[].marker", "the number in the answer"),
            ("citations[].quote", "the source's own text there"),
            ("citations[].verified", "whether code found there what the answer says"),
            ("citations[].path citations[].page citations[].start citations[].end", "the place"),
            ("citations[].root citations[].place", "the directory that `path` is relative to; the place as it is printed"),
            ("model", "the language model's name; empty when no model was used"),
            ("error", "present when the model failed on this question, in a batch in which it answered others"),
        ),
        alike=(("spans[]", SPAN, "as for `search`, best first"),),
    ),
    "--batch": JsonObjectFields(
        note='Lines of the input are `{"question": ..., "id"?: ..., "path"?: GLOB}`; other keys are ignored. `path` replaces `--path`. '
        "A valid line gives the object of the command; an invalid line gives `error` and `line`.",
        fields=(
            ("id", "present when the line had an `id`: any JSON value, passed through as the first key"),
            ("error line", "what is wrong, and the line number, counting from 1; blank lines count, but are not answered"),
        ),
    ),
    "read": JsonObjectFields(
        fields=(
            ("path doc_id page", "the document and, if it has pages, the page on which the passage starts"),
            ("start end text", "the passage"),
            ("before after", "the text around it, as much as `--context` says"),
            ("heading", "list of the headings that it starts under, outermost first"),
            ("root place", "the directory that `path` is relative to; the place as it is printed"),
        ),
    ),
    "status": JsonObjectFields(
        fields=(
            ("index published size_bytes", "where the index is, when it was published, its size on disk"),
            ("documents sentences tokens", "what it holds"),
            ("encoder.name encoder.fingerprint encoder.dim encoder.path", "what it was built with; a null path is the default encoder"),
            ("options.window_tokens options.context_tokens", "sizes of its windows"),
            (
                "options.language options.comments",
                "the language of its documents, or `auto`; whether comments of Word documents are read; from format 2 on",
            ),
            ("roots", "the directories it was built from"),
            ("tokens_per_second", "the rate that a build last measured; null if none has"),
            *below("failed[]", FAILURE),
            ("failed[].status", "`failed`, or `stale` when the last readable text is still searchable"),
            ("empty", "paths of documents that hold no text, as they are printed"),
            ("furniture", "lines that were left out of the documents as running heads and page numbers"),
            ("notes[].path notes[].note", "what was lost or skipped in a document"),
            ("languages.CODE", "documents by language: a code of ISO 639-1, or `unknown`"),
            ("waiting", "documents that an older reader has read: the next build reads them again"),
            ("format tables.NAME", "of the index on disk: its format, and the published version of each table"),
            ("damage", "with `--check`: list of sentences, empty when the index is intact"),
            ("sample.windows sample.documents", "with `--check`, when nothing is damaged: how many were encoded again"),
            ("sample.vectors sample.offsets sample.smallest_cosine", "what was compared, and the cosine of the least similar vectors"),
            ("sample.differences", "list of sentences"),
        ),
    ),
    "config": JsonObjectFields(
        note="`COMMAND` is `common` for the common settings.",
        fields=(
            ("files[].path files[].exists", "settings files, highest precedence first"),
            ("settings.COMMAND.KEY.value", "the value in force"),
            ("settings.COMMAND.KEY.source", "`flag`, `environment`, `file`, `index` or `default`"),
            ("settings.COMMAND.KEY.where", "the variable, the file or the index; else null"),
        ),
    ),
    "encoders inspect": JsonObjectFields(fields=ENCODER),
    "encoders list": JsonObjectFields(
        fields=(("encoders[].is_default encoders[].is_used", "whether it is the default, and whether the index was built with it"),),
        alike=(("encoders[]", ENCODER, "besides these two, what `encoders inspect` prints"),),
    ),
    "evaluate": JsonObjectFields(
        fields=(
            *AT_BUDGET,
            ("created version", "when, and by which version of lmkindex"),
            ("reference", "the system that the others are compared with"),
            ("num_resamples seed max_questions budgets", "what the figures were computed with"),
            ("encoder.name encoder.fingerprint encoder.pooling", "the encoder of the landmark systems"),
            ("baseline_encoder.name baseline_encoder.fingerprint baseline_encoder.pooling", "the encoder of the other systems"),
            ("datasets[].name datasets[].num_documents datasets[].num_tokens", "the sets"),
            ("datasets[].num_questions datasets[].num_in_file", "number of questions that were asked, and in the file"),
            ("reader.budget_tokens reader.model reader.max_answer_tokens", "with `--reader`, else `reader` is null"),
            *below("reader.results[]", READ_ANSWERS),
        ),
        alike=(("results[]", AT_BUDGET, "`dataset` to `systems` again, for every set, scope and budget"),),
    ),
    "evaluate --experiment": JsonObjectFields(
        note="One object per experiment, each on its own line.",
        fields=(
            ("experiment title question", "which experiment it is, and what it asks"),
            ("sets encoder settings.*", "what it was run on, and how"),
            ("tables[].title tables[].columns tables[].rows", "its numbers; a null is a dash"),
            ("figures[].name figures[].kind figures[].title figures[].x_label figures[].y_label", "what `plot` draws; lines or bars"),
            ("figures[].x_log figures[].y_log figures[].x_categories", "the axes; for bars, a name for each group, else null"),
            ("figures[].series[].name figures[].series[].x figures[].series[].y", "one line, or one kind of bar"),
            ("figures[].series[].low figures[].series[].high", "its 95% intervals, or null"),
            ("verdict", "the conclusion, computed from the numbers"),
            ("seconds created", "how long it took, and when"),
        ),
    ),
    "plot": JsonObjectFields(
        fields=(("figures report", "paths of the PNG files, and of the report"),),
    ),
    "train": JsonObjectFields(
        fields=(("encoder run figures", "paths of the finished encoder, of the run's folder, and of its curves"),),
    ),
    "train --adapt": JsonObjectFields(
        fields=(
            ("before after system", "names of both encoders, and of the system that was measured"),
            ("recall[].budget_tokens recall[].before recall[].after recall[].difference", "recall on the held-out questions, as text"),
            ("recall[].verdict", "`higher`, `lower` or `no clear difference`"),
            ("encoder questions held_out", "path of the new encoder; number of training questions, and of held-out questions"),
        ),
    ),
    "synth": JsonObjectFields(
        fields=(
            ("name model", "names of the set and of the language model"),
            ("documents attempts questions", "documents read, spans asked about, questions accepted"),
            ("rejected.REASON", "how many questions were rejected for this reason"),
            ("complete", "whether there are as many questions as requested"),
            ("failed[].path failed[].reason failed[].root", "files that cannot be read"),
        ),
    ),
}


def json_tables() -> str:
    """A Markdown table for each kind of object."""
    parts = []
    for title, one in OBJECTS.items():
        rows = [(names, meaning) for names, meaning in one.fields] + [(name, meaning) for name, _, meaning in one.alike]
        lines = [f"| {', '.join(f'`{name}`' for name in names.split())} | {meaning} |" for names, meaning in rows]
        heading = f"**{title}**" + (f": {one.note}" if one.note else "")
        parts.append("\n".join([heading, "", "| key | meaning |", "|---|---|", *lines]))
    return "\n\n".join(parts) + "\n\n"
