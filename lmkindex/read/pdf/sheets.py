"""The pages of a PDF file as lines of print, before anything is said about what belongs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ...errors import ReadError
from .drawn_marks import with_list_marks
from .drop_caps import with_drop_caps
from .line_styles import SLANTED
from .page_fields import read_fields
from .page_lines import FIELD, Line, print_lines
from .page_pieces import read_page_pieces
from .page_view import view_of
from .placing import with_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A page: the lines of its main direction, those of other directions (`slanted`), and comments on it. `width` and
    `height` are in points, after turning the page so that its lines are upright. `num_objects` counts what is drawn on
    it."""

    width: float
    height: float
    lines: list[Line]
    slanted: list[Line]
    comments: list[Line]
    num_objects: int

    @property
    def is_textless(self) -> bool:
        """Whether nothing on the page can be read."""
        return not (self.lines or self.slanted or self.comments)


def read_sheet(pdf: Any, index: int, form: Any) -> Sheet:
    """Page `index` of a PDF of pypdfium2, counted from 0, with its fields if `form` is open. Raises `ReadError`."""
    with _open_page(pdf, index, form) as (page, textpage):
        view = view_of(page)
        lines = with_list_marks(with_drop_caps(print_lines(*read_page_pieces(textpage, view))))
        fields = read_fields(page, form, view)
        if fields:
            lines = with_fields(lines, [field for field in fields if field.kind == FIELD])
        num_objects = 0 if lines else _count_objects(page)
    main = _main_turns(lines)
    width, height = (view.height, view.width) if main % 2 else (view.width, view.height)
    slanted = [] if all(line.turns == main for line in lines) else [line for line in lines if line.turns != main]
    return Sheet(
        width=width,
        height=height,
        lines=[line for line in lines if line.turns == main] if slanted else lines,
        slanted=slanted,
        comments=[field for field in fields if field.kind != FIELD],
        num_objects=num_objects,
    )


def _count_objects(page: Any) -> int:
    from pypdfium2 import raw

    return int(raw.FPDFPage_CountObjects(page))


@contextmanager
def _open_page(pdf: Any, index: int, form: Any) -> Iterator[tuple[Any, Any]]:
    """A page of pdfium and its text. pypdfium2's own objects for them would take a twentieth of the time to read a
    page."""
    from pypdfium2 import raw

    page = raw.FPDF_LoadPage(pdf, index)
    textpage = raw.FPDFText_LoadPage(page) if page else None
    try:
        if not textpage:
            raise ReadError(f"damaged PDF: page {index + 1} cannot be read")
        if form is not None:
            raw.FORM_OnAfterLoadPage(page, form)
        yield page, textpage
    finally:
        if page and form is not None:
            raw.FORM_OnBeforeClosePage(page, form)
        if textpage:
            raw.FPDFText_ClosePage(textpage)
        if page:
            raw.FPDF_ClosePage(page)


def _main_turns(lines: list[Line]) -> int:
    """The direction of most characters."""
    if all(line.turns == 0 for line in lines):
        return 0
    counts: Counter[int] = Counter()
    for line in lines:
        counts[line.turns] += len(line.text)
    return max((turns for turns in counts if turns != SLANTED), key=lambda turns: counts[turns], default=0)
