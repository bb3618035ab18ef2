"""What all stories of one Word document share: its archive, styles and lists, its notes and comments, and how far each
has been counted or told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from .archive import WordArchive
from .numbering import ListCounter, Numbering
from .word_markup import ID, TYPE, W
from .word_styles import WordStyles
from .word_survey import COMMENT, ENDNOTE, FOOTNOTE, StorySurvey, survey_story


class WordSource:
    """An opened document. Invariant: a note, comment or drawing is given out once, however often the text refers to
    it."""

    def __init__(self, archive: WordArchive, *, with_comments: bool) -> None:
        self.archive = archive
        self.main = archive.main_part()
        self.root = archive.require(self.main, f"{W}document")
        self.styles = WordStyles(archive.related(self.main, "styles", f"{W}styles"))
        self._numbering = Numbering(archive.related(self.main, "numbering", f"{W}numbering"), self.styles)
        self._counters: dict[str, ListCounter] = defaultdict(lambda: ListCounter(self._numbering))
        self._is_told = {FOOTNOTE: True, ENDNOTE: True, COMMENT: with_comments}
        self._surveys: dict[Any, StorySurvey] = {}
        self._parts: dict[str, Mapping[str, Any]] = {}
        self._told: set[tuple[str, str]] = set()
        self._noted_kinds = {COMMENT}  # of which a missing one is not noted
        self._drawn: set[str] = set()
        self._num_missing = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out and why."""
        missing = {0: (), 1: ("1 note that the text refers to is missing",)}
        return self.archive.notes + missing.get(self._num_missing, (f"{self._num_missing} notes that the text refers to are missing",))

    def counter_of(self, story: str) -> ListCounter:
        """The numbers of a story: each counts for itself."""
        return self._counters[story]

    def take_drawing(self, relation_id: str, source: str) -> str:
        """The part of a chart or diagram; "" if there is none, or if it was taken before."""
        part = self.part_of(relation_id, source)
        is_new = part not in self._drawn
        self._drawn.add(part)
        return part if is_new else ""

    def survey_of(self, element: Any) -> StorySurvey:
        """The survey of the part that `element` is in."""
        root = element.getroottree().getroot()
        if root not in self._surveys:
            self._surveys[root] = survey_story(root, self.styles)
        return self._surveys[root]

    def take_note(self, kind: str, note_id: str) -> Any | None:
        """The element of a note or comment; None if it was taken before, is not wanted, or is missing."""
        if not self._is_told[kind] or (kind, note_id) in self._told:
            return None
        self._told.add((kind, note_id))
        if kind not in self._parts:
            self._parts[kind] = self._read_notes(kind)
        element = self._parts[kind].get(note_id)
        self._num_missing += element is None and kind not in self._noted_kinds
        return element

    def _read_notes(self, kind: str) -> Mapping[str, Any]:
        before = self.archive.notes
        root = self.archive.related(self.main, f"{kind}s", f"{W}{kind}s")
        if self.archive.notes != before:  # that the whole part is lost says enough
            self._noted_kinds.add(kind)
        elements = [] if root is None else root.findall(W + kind)
        # The others are the lines that separate notes from the text.
        return {element.get(ID, ""): element for element in elements if element.get(TYPE, "normal") == "normal"}

    def part_of(self, relation_id: str, source: str) -> str:
        """The part that an id in the part `source` stands for; "" if there is none."""
        relation = self.archive.relations(source).get(relation_id)
        return relation.target if relation else ""
